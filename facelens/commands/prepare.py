"""`facelens prepare`: a training set of one's own photos."""

import argparse
from pathlib import Path
from typing import Any

from facelens.arguments import add_detector, command, progress, seed


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "prepare",
        _prepare,
        "make a training set of your own photos and a table of yes and no",
        description="Detect and align the face in each photo that a table names, and write "
        "train-, valid- and test-*.parquet as facelens train takes them.",
    )
    parser.add_argument("photos", metavar="FOLDER", type=Path, help="directory of the photos")
    parser.add_argument(
        "table", metavar="TABLE", type=Path,
        help="a .csv with a column photo, optionally one person, and columns of yes and no",
    )  # fmt: skip
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="directory for the parquet files"
    )
    parser.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="random seed of the split (default: 0)"
    )
    add_detector(parser)


def _prepare(args: argparse.Namespace) -> int:
    from facelens.data.custom import prepare

    prepared = prepare(
        args.photos,
        args.table,
        args.out,
        detector=args.detector,
        seed=args.seed,
        progress=progress("photos"),
    )
    print(prepared)
    return 0
