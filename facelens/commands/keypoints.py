"""`facelens keypoints`: fifteen keypoints of many faces, in Kaggle's columns."""

import argparse
from typing import Any

from facelens.arguments import add_detector, add_workers, command, progress
from facelens.commands.label import summary
from facelens.errors import many


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "keypoints",
        _keypoints,
        "write a table with fifteen keypoints of every face of many photos",
        description="Write a table with a row for every face: the photo, then x and y of fifteen "
        "keypoints under Kaggle's names, in pixels of the photo. Left is the person's left. An "
        "interrupted run resumes if the same command is given again.",
    )
    parser.add_argument(
        "source",
        metavar="FOLDER_OR_PARQUET",
        help="directory of photos, a parquet file of them, or Kaggle's test.csv",
    )
    parser.add_argument("--out", metavar="FILE", required=True, help=".csv or .parquet file")
    parser.add_argument(
        "--cropped", action="store_true",
        help="the photos are crops of 96 x 96; the keypoints are in pixels of these",
    )  # fmt: skip
    parser.add_argument(
        "--lookup", metavar="IdLookupTable.csv",
        help="write FILE as Kaggle's submission, from its test.csv and this table",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="overwrite a finished FILE")
    add_workers(parser)
    parser.add_argument(
        "--model", metavar="M",
        help="bundle: a directory, or owner/repo[@revision] on the Hugging Face Hub",
    )  # fmt: skip
    add_detector(parser)


def _keypoints(args: argparse.Namespace) -> int:
    from facelens.bulk.kaggle import hand_in, locate
    from facelens.bundles.session import cores

    if args.lookup is not None:
        rows = hand_in(args.source, args.out, args.lookup, model=args.model, force=args.force)
        print(f"{many(rows, 'answer is', 'answers are')} in {args.out}.")
        return 0
    result = locate(
        args.source,
        args.out,
        model=args.model,
        detector=args.detector,
        cropped=args.cropped,
        workers=args.workers or cores(),
        force=args.force,
        progress=progress("photos"),
    )
    print(summary(result))
    return 0
