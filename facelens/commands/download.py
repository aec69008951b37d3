"""`facelens download`: the face detector, a recogniser, or the CelebA data set."""

import argparse
import sys
from pathlib import Path
from typing import Any

from facelens.arguments import command, count, progress
from facelens.errors import FacelensError, many


def add(commands: Any) -> None:
    """Add the command and its subcommands."""
    parser = command(
        commands, "download", _celeba,
        "download the YuNet face detector, the SFace recogniser, or the CelebA data set",
    )  # fmt: skip
    what = parser.add_subparsers(metavar="WHAT", required=True)
    command(
        what, "detector", _detector, "YuNet, 230 kB",
        description="Download the YuNet face detector; --detector auto uses it from then on.",
    )  # fmt: skip
    command(
        what, "recogniser", _recogniser, "SFace, 37 MB",
        description="Download SFace, a recogniser of OpenCV's model zoo under Apache-2.0; "
        "--recogniser sface uses it.",
    )  # fmt: skip
    celeba = command(
        what, "celeba", _celeba, "the faces that networks are trained on",
        description="Download CelebA, for non-commercial research only, as parquet files.",
    )  # fmt: skip
    celeba.add_argument("folder", metavar="DIR", type=Path, help="directory for the parquet files")
    part = celeba.add_mutually_exclusive_group()
    part.add_argument(
        "--slice",
        metavar="facelens|NAMES",
        help="only the 21,723 images behind Facelens' figures, or those that a text file names",
    )
    part.add_argument(
        "--shards",
        type=count,
        metavar="N",
        help="only the first N training files, with all of validation and test",
    )
    celeba.add_argument(
        "--from",
        dest="source",
        metavar="FOLDER",
        type=Path,
        help="download nothing: FOLDER holds img_align_celeba/, list_attr_celeba.txt and "
        "list_eval_partition.txt, or Kaggle's .csv of these, and optionally identity_CelebA.txt",
    )


def _detector(_: argparse.Namespace) -> int:
    from facelens.faces.download import detector

    print(f"YuNet is in {detector()}.")
    return 0


def _recogniser(_: argparse.Namespace) -> int:
    from facelens.tasks.identity.sface import LICENCE, download

    print(f"SFace is in {download()}. {LICENCE}")
    return 0


def _celeba(args: argparse.Namespace) -> int:
    from facelens.data import celeba, original

    names = Path(args.slice) if args.slice else None
    if args.slice == "facelens":
        names = celeba.OUR_SLICE
    if args.source and args.shards:
        raise FacelensError("--shards counts the Hub's files; leave it out with --from.")
    if args.source:
        result = original.convert(
            args.source, args.folder, names=names, progress=progress("photos")
        )
    else:
        print(celeba.need(args.folder, names=names, shards=args.shards), flush=True)
        result = celeba.celeba(args.folder, names=names, shards=args.shards)
    print(f"{many(result.rows, 'face is', 'faces are')} in {result.folder}.")
    if result.unknown:
        print(
            f"facelens: {many(len(result.unknown), 'name has', 'names have')} no image here, "
            f"the first is {result.unknown[0]}.",
            file=sys.stderr,
        )
    return 0
