"""`facelens verify`: how well a recogniser tells pairs of one person from pairs of two."""

import argparse
import json
from pathlib import Path
from typing import Any

from facelens.arguments import add_detector, command, progress
from facelens.tasks.identity.enrol import add_recogniser, opened

_JSON = """\
--json prints one object: model, detector, pairs, people, photos, photos_without_face, threshold
(the median of those chosen), and
  accuracy                        the threshold of each pair is chosen on pairs of other people
  auc                             of a pair of one person and one of two, how often the former is
                                  more alike
  true_accept_at_1_percent_false  pairs of one person accepted where 1 % of those of two are
each with its 95 % interval over people, as accuracy_interval. A pair with a photo in which no face
was found counts as wrong.
"""


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "verify",
        _verify,
        "measure how well a network tells photos of one person from photos of two",
        epilog=_JSON,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "photos", metavar="PHOTOS", type=Path, help="parquet with image, and person if known"
    )
    parser.add_argument(
        "pairs", metavar="PAIRS", type=Path,
        help="csv with first, second (names of photos) and same (1 or 0)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_recogniser(parser)
    add_detector(parser)


def _verify(args: argparse.Namespace) -> int:
    from facelens.data import parquet
    from facelens.faces import detector_in_use
    from facelens.metrics import without_nan
    from facelens.tasks.identity import figures, pairs

    rows = list(parquet.images(args.photos, [], optional=["person"]))
    asked = pairs.read_pairs(args.pairs, [row.path for row in rows])
    used = sorted({*asked.first.tolist(), *asked.second.tolist()})
    recogniser = opened(args.recogniser)
    photos = pairs.embed_photos(
        [rows[i] for i in used], recogniser, detector=args.detector, progress=progress("photos")
    )
    asked = pairs.read_pairs(args.pairs, photos.names)
    first, second = pairs.owners(photos, asked)
    found = {
        "model": recogniser.title,
        "detector": detector_in_use(args.detector),
        "pairs": len(asked),
        "people": len({*first.tolist(), *second.tolist()}),
        "photos": len(photos.names),
        "photos_without_face": int((~photos.has_face).sum()),
        **figures.measure(pairs.similarities(photos, asked), asked.same, first, second),
    }
    print(json.dumps(without_nan(found)) if args.json else _text(found))
    return 0


def _text(found: dict[str, Any]) -> str:
    """The figures for a terminal."""

    def share(name: str) -> str:
        low, high = found[f"{name}_interval"]
        return f"{100 * found[name]:.1f} % ({100 * low:.1f} to {100 * high:.1f})"

    lines = [
        f"{found['model']} behind {found['detector']} on {found['pairs']:,} pairs of "
        f"{found['people']:,} people; in brackets 95 % intervals over people",
        "",
        f"  {'accuracy, threshold chosen on other people':<46}{share('accuracy')}",
        f"  {'AUC':<46}{share('auc')}",
        f"  {'accepted at 1 % false accepts':<46}{share('true_accept_at_1_percent_false')}",
    ]
    if found["photos_without_face"]:
        lines += ["", f"In {found['photos_without_face']} of {found['photos']} photos no face was "
                  "found; their pairs count as wrong."]  # fmt: skip
    return "\n".join(lines)
