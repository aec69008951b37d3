"""`facelens prepare`: make a training set of your own photos."""

import argparse
from pathlib import Path
from typing import Any

from facelens.arguments import add_detector, command, count, progress, seed
from facelens.errors import DataError


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "prepare",
        _prepare,
        "make a training set of your own photos and a table of yes and no, or of films",
        description="Detect and align the face in each photo that a table names, or in frames of "
        "films, and write train-, valid- and test-*.parquet as facelens train takes them.",
    )
    parser.add_argument(
        "photos", metavar="FOLDER", type=Path, help="directory of the photos, or of the films"
    )
    parser.add_argument(
        "table", metavar="TABLE", type=Path, nargs="?",
        help="a .csv with a column photo, optionally one person, and columns of yes and no",
    )  # fmt: skip
    parser.add_argument(
        "--films", metavar="COLUMN",
        help="instead of TABLE: FOLDER holds a directory of films for each class, COLUMN is what "
        "the column of the class is called, as expression; a film's name up to its first "
        "underscore is the person's",
    )  # fmt: skip
    parser.add_argument(
        "--every", type=count, default=10, metavar="N",
        help="of a film take one frame of N (default: 10)",
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
    from facelens.video.collect import collect

    if bool(args.films) == bool(args.table):
        raise DataError("Give either TABLE, for photos, or --films COLUMN, for films.")
    if args.films:
        collected = collect(
            args.photos,
            args.out,
            column=args.films,
            every=args.every,
            detector=args.detector,
            seed=args.seed,
            progress=progress("films"),
        )
        print(collected)
        return 0
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
