"""`facelens boxes`: convert photos with labelled boxes between parquet, Pascal VOC and YOLO."""

import argparse
from pathlib import Path
from typing import Any

from facelens.arguments import command

LAYOUTS = ("parquet", "voc", "yolo")


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "boxes",
        _boxes,
        "convert photos with labelled boxes: parquet, Pascal VOC, YOLO",
        description="Read photos with labelled boxes in any of three layouts, check each box, and "
        "write them in another: train-, valid- and test-*.parquet, a Pascal VOC folder, or YOLO's "
        "text files. Photos are copied as they are, and splits are kept.",
    )
    parser.add_argument(
        "source", metavar="DATA", type=Path,
        help="a directory of .parquet files, of images/ and annotations/, or of images/ and "
        "labels/, or one .parquet file",
    )  # fmt: skip
    parser.add_argument("--to", choices=LAYOUTS, required=True, help="the layout to write")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="directory to write")
    parser.add_argument(
        "--classes", metavar="NAME", nargs="+", help="refuse a box of any other class"
    )
    parser.add_argument("--force", action="store_true", help="replace DIR if it exists")


def _boxes(args: argparse.Namespace) -> int:
    from facelens.data.boxes import convert
    from facelens.errors import many

    photos = convert(args.source, args.out, args.to, classes=args.classes, force=args.force)
    boxes = sum(len(photo.labels) for photo in photos)
    print(f"{many(len(photos), 'photo')} with {many(boxes, 'box', 'boxes')} are in {args.out}.")
    return 0
