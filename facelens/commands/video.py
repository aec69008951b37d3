"""`facelens video`: the faces of a film, as a table or drawn on a copy of it."""

import argparse
import sys
from typing import Any

from facelens.arguments import add_detector, add_model, command, progress
from facelens.commands.options import add_judgements, add_task, tell_judgements
from facelens.errors import NoFaceError


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "video",
        _video,
        "track the faces of a film: a table, or a copy with answers drawn on it",
        description="Track the faces of a film. The output is a table with a row for every face of "
        "every frame, or a copy of the film, without its sound, on which each face has a box, a "
        "number and a few answers. A number recognises nobody: a person who leaves and comes back "
        "gets a new one.",
    )
    parser.add_argument("film", metavar="FILM", help="MP4, MOV, WebM, MKV or AVI")
    parser.add_argument(
        "--out", metavar="FILE", required=True,
        help="a table: .csv or .parquet; a film without sound: .mp4, .webm or .avi",
    )  # fmt: skip
    add_task(parser)
    add_judgements(parser)
    parser.add_argument("--force", action="store_true", help="overwrite FILE")
    parser.add_argument(
        "--attributes", metavar="A,B,C",
        help="what is written beside each face in a film (default: a few everyday ones)",
    )  # fmt: skip
    parser.add_argument(
        "--threshold",
        metavar="half|f1|balanced|precision90|sure90|0.5",
        help="operating point, or the probability from which an answer is yes, in a film "
        "(default: half)",
    )
    add_model(parser)
    add_detector(parser)


def _video(args: argparse.Namespace) -> int:
    from facelens.video.annotated import track_film

    names = None
    if args.attributes is not None:
        names = tuple(filter(None, map(str.strip, args.attributes.split(","))))
    show = progress("frames", keep=False)
    try:
        result = track_film(
            args.film,
            args.out,
            model=args.model,
            detector=args.detector,
            attributes=names,
            threshold=args.threshold,
            force=args.force,
            progress=show,
            task=args.task,
            judgements=args.judgements,
        )
    finally:
        if show:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if not result.tracks:
        raise NoFaceError(str(result))
    print(result)
    tell_judgements(result.table)
    return 0
