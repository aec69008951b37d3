"""`facelens label`: a table with a row for every face of many photos."""

import argparse
from typing import TYPE_CHECKING, Any

from facelens.arguments import add_detector, add_model, add_workers, command, count, progress
from facelens.commands.options import add_judgements, add_task, tell_judgements
from facelens.errors import many

if TYPE_CHECKING:
    from facelens.bulk.work import Labelled


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "label",
        _label,
        "write a table with a row for every face of many photos",
        description="Write a table with a row for every face of many photos. An interrupted run "
        "resumes if the same command is given again.",
    )
    parser.add_argument(
        "source", metavar="FOLDER_OR_PARQUET", help="directory of photos, or a parquet file of them"
    )
    parser.add_argument("--out", metavar="FILE", required=True, help=".csv or .parquet file")
    add_task(parser)
    add_judgements(parser)
    parser.add_argument(
        "--aligned",
        action="store_true",
        help="the photos are aligned crops already: CelebA's 178 x 218, or the task's own",
    )
    parser.add_argument("--force", action="store_true", help="overwrite a finished FILE")
    parser.add_argument(
        "--seconds", type=count, metavar="N", default=30,
        help="how long decoding one photo may take (default: 30)",
    )  # fmt: skip
    where = parser.add_mutually_exclusive_group()
    add_workers(where)
    where.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler, tcp://host:8786")
    add_model(parser)
    add_detector(parser)


def _label(args: argparse.Namespace) -> int:
    from facelens.bulk.label import label
    from facelens.bundles.session import cores

    result = label(
        args.source,
        args.out,
        model=args.model,
        detector=args.detector,
        aligned=args.aligned,
        workers=args.workers or cores(),
        scheduler=args.scheduler,
        force=args.force,
        progress=progress("photos"),
        task=args.task,
        seconds=float(args.seconds),
        judgements=args.judgements,
    )
    print(summary(result))
    tell_judgements(result.table)
    return 0


def summary(result: "Labelled") -> str:
    """A sentence about the tables and their numbers of rows."""
    skipped = many(result.skipped, "other entry", "other entries")
    others = f", and {skipped}" if result.skipped else ""
    return (
        f"{many(result.faces, 'face')} of {many(result.photos, 'photo')} "
        f"{'is' if result.faces == 1 else 'are'} in {result.out}; "
        f"{many(result.errors, 'photo')} without one, damaged or unreadable{others} "
        f"{'is' if result.errors == 1 and not others else 'are'} in "
        f"{result.errors_out}, each with the reason."
    )
