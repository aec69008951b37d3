"""`facelens enrol`: a gallery of a few people, out of photos of each."""

import argparse
import sys
from pathlib import Path
from typing import Any

from facelens.arguments import add_detector, command, progress

_ENDINGS = {"gallery": (".npz",)}


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "enrol",
        _enrol,
        "enrol 2 to 20 people who have agreed to it, by photos of each",
        description="Enrol people by photos of each: FOLDER has a folder a person, called by the "
        "name, or is parquet with the columns image and person. Photos that are blurred, dark, "
        "turned away or covered are left out, and so are doubles. GALLERY holds names and "
        "embeddings, no photo, and opens wherever a model is named: facelens predict PHOTO "
        "--task identity --model GALLERY. Only with the consent of those enrolled.",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="a folder a person, or parquet")
    parser.add_argument("--out", metavar="GALLERY", type=Path, required=True, help=".npz file")
    parser.add_argument("--force", action="store_true", help="overwrite GALLERY")
    add_recogniser(parser)
    add_detector(parser)


def add_recogniser(parser: argparse.ArgumentParser) -> None:
    """Add --recogniser."""
    parser.add_argument(
        "--recogniser", metavar="own|sface[:PATH]|M",
        help="what embeds faces: Facelens' own network, SFace (facelens download recogniser), or "
        "a bundle (default: FACELENS_RECOGNISER, else own)",
    )  # fmt: skip


def opened(name: str | None) -> Any:
    """The recogniser that --recogniser names."""
    from facelens.tasks import load_model
    from facelens.tasks.identity import NAME
    from facelens.tasks.identity.recogniser import open_recogniser

    return open_recogniser(name, lambda bundle: load_model(bundle, task=NAME))


def _enrol(args: argparse.Namespace) -> int:
    from facelens.errors import many
    from facelens.files import check_out
    from facelens.tasks.identity.enrolment import FEW, enrol, photos_of
    from facelens.tasks.identity.names import CONSENT

    check_out(args.out, _ENDINGS, force=args.force)
    taken = photos_of(args.folder)
    gallery, enrolment = enrol(
        taken, opened(args.recogniser), detector=args.detector, progress=progress("photos")
    )
    gallery.save(args.out)
    for sentence in enrolment.told:
        print(f"facelens: {sentence}", file=sys.stderr)
    print(gallery.sentence)
    if enrolment.counts_text:
        print(f"{enrolment.counts_text}.")
    few = [name for name, count in zip(gallery.names, gallery.counts, strict=True) if count < FEW]
    if few:
        print(
            f"Of {', '.join(few)} there are fewer than {many(FEW, 'photo')}: more, in other light "
            "and on other days, make a name surer."
        )
    print(f"The gallery is in {args.out}. {CONSENT}")
    return 0
