"""`facelens site`: the page without a server, as a folder of files."""

import argparse
from pathlib import Path
from typing import Any

from facelens.arguments import command


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands, "site", _build,
        "write the page as a folder for any static host; photos stay in the visitor's browser",
    )  # fmt: skip
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="the folder to write"
    )
    parser.add_argument(
        "--model", metavar="M", action="append", default=[],
        help="bundle: a directory, the name of an embedded one, or owner/repo[@revision] on the "
        "Hugging Face Hub; again for others that a visitor may choose (default: the embedded one)",
    )  # fmt: skip
    parser.add_argument(
        "--task", metavar="T", action="append", default=[],
        help="a task beside attributes; again for others (default: those of a hosted page that "
        "have a part in the browser)",
    )  # fmt: skip
    parser.add_argument(
        "--allow",
        metavar="OWNER/NAME",
        action="append",
        default=[],
        help="a bundle whose network stays on the Hub: the page may fetch it from there",
    )
    parser.add_argument("--force", action="store_true", help="overwrite another such page")


def _build(args: argparse.Namespace) -> int:
    from facelens.web.build import build

    site = build(args.out, models=args.model, tasks=args.task, allowed=args.allow, force=args.force)
    print(
        f"The page is in {site.folder}: {site.files} files, of which a first visit takes "
        f"{site.first / 1e6:.1f} MB. To look at it: python -m http.server -d {site.folder}"
    )
    if not site.has_detector:
        print(
            "It has no face detector, so that visitors draw a box around each face: run `facelens "
            "download detector` and build it again."
        )
    return 0
