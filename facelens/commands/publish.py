"""`facelens push`, `facelens pull`: bundles on the Hugging Face Hub."""

import argparse
from pathlib import Path
from typing import Any

from facelens.arguments import command


def add(commands: Any) -> None:
    """Add both commands."""
    push = command(
        commands,
        "push",
        _push,
        "publish a bundle on the Hugging Face Hub",
        description="Publish a bundle on the Hugging Face Hub. The token is HF_TOKEN, or that of "
        "`hf auth login`. A published bundle that is better on the same validation faces is not "
        "replaced; older versions stay available, each under its commit.",
    )
    push.add_argument(
        "bundle", metavar="BUNDLE", help="its directory, or the name of an embedded one"
    )
    push.add_argument("repo", metavar="owner/repo", help="created if it does not exist")
    push.add_argument(
        "--private", action="store_true",
        help="visible only to you and the people you give access",
    )  # fmt: skip
    push.add_argument(
        "--force", action="store_true",
        help="replace a bundle that is better, or cannot be compared",
    )  # fmt: skip
    pull = command(
        commands,
        "pull",
        _pull,
        "download a whole bundle from the Hugging Face Hub",
        description="Download a whole bundle, training weights included, from the Hugging Face "
        "Hub into a directory that is new, empty or an older bundle.",
    )
    pull.add_argument("repo", metavar="owner/repo[@revision]", help="a commit, tag or branch")
    pull.add_argument("folder", metavar="DIR", type=Path, help="directory for its files")


def _push(args: argparse.Namespace) -> int:
    from facelens import publish

    done = publish.push(args.bundle, args.repo, private=args.private, force=args.force)
    print(done.comparison)
    print(done)
    return 0


def _pull(args: argparse.Namespace) -> int:
    from facelens import publish

    bundle = publish.pull(args.repo, args.folder)
    print(f"{bundle.source} is in {bundle.folder}.")
    return 0
