"""`facelens crop`: each face of a photo as a JPEG of its own."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.arguments import add_detector, command
from facelens.errors import FacelensError, NoFaceError, OutputError, PhotoError, printable

if TYPE_CHECKING:
    from facelens.photo import Photo

MARGIN = 0.4
_LARGEST_MARGIN = 10.0
# Exit codes, the worst last.
_SEVERITY = (0, NoFaceError.exit_code, PhotoError.exit_code)


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "crop",
        _crop,
        "write each face of a photo, or of several, as a JPEG",
        description="Write each face of a photo, or of several, as a JPEG: PHOTO-1.jpg is the "
        "largest face of PHOTO. A photo that cannot be read, or that has no face, is named, and "
        "the others are cut; the exit code is that of the worst. Metadata, a place among it, does "
        "not go into the files.",
    )
    parser.add_argument("photos", metavar="PHOTO", nargs="+", type=Path)
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="folder for the files, made if none"
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument(
        "--aligned", action="store_true",
        help="as the networks see a face: upright, 178x218 pixels, the eyes at a fixed place",
    )  # fmt: skip
    shape.add_argument(
        "--margin", metavar="SHARE", type=_margin, default=MARGIN,
        help=f"around a face's box, as a share of its longer side (default: {MARGIN})",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="overwrite files that are there")
    add_detector(parser)


def _margin(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _LARGEST_MARGIN:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a share from 0 to {_LARGEST_MARGIN:.0f}, as 0.4"
        )
    return value


def _crop(args: argparse.Namespace) -> int:
    stems = _stems(args.photos)
    if args.out.exists() and not args.out.is_dir():
        raise OutputError(f"{printable(str(args.out))} is not a folder.")
    codes = [_of_one(path, stem, args) for path, stem in zip(args.photos, stems, strict=True)]
    return max(codes, key=_SEVERITY.index)


def _stems(photos: list[Path]) -> list[str]:
    """How the files of each photo begin.

    Raises:
        OutputError: two photos have one name, so that their files would have too.
    """
    stems = [path.stem for path in photos]
    for i, stem in enumerate(stems):
        if (first := stems.index(stem)) != i:
            raise OutputError(
                f"{printable(str(photos[first]))} and {printable(str(photos[i]))} would be written "
                f"to the same files, {printable(stem)}-1.jpg and on; cut one of them into another "
                "folder."
            )
    return stems


def _of_one(path: Path, stem: str, args: argparse.Namespace) -> int:
    """Cut the faces out of one photo, and return its exit code."""
    from facelens.faces import find_faces
    from facelens.faces.cut import as_jpeg, cut
    from facelens.files import write_bytes, writing
    from facelens.photo import read_photo

    try:
        photo = read_photo(path)
    except PhotoError as error:
        return _complain(error)
    faces = find_faces(photo, detector=args.detector)
    if not faces:
        return _complain(_no_face(path, photo))
    files = [args.out / f"{stem}-{number}.jpg" for number in range(1, len(faces) + 1)]
    there = next((file for file in files if file.exists()), None)
    if there and not args.force:
        raise OutputError(f"{printable(str(there))} exists; --force overwrites it.")
    margin = None if args.aligned else args.margin
    with writing(args.out):
        args.out.mkdir(parents=True, exist_ok=True)  # none is left where there is no face
    for file, face in zip(files, faces, strict=True):
        write_bytes(file, as_jpeg(cut(photo.pixels, face, margin)))
        print(f"{printable(str(file))}: {face.box.w:.0f} x {face.box.h:.0f} pixels of face")
    return 0


def _no_face(path: Path, photo: "Photo") -> NoFaceError:
    return NoFaceError(" ".join([f"No face was found in {printable(str(path))}.", *photo.hints]))


def _complain(error: FacelensError) -> int:
    sys.stdout.flush()
    print(f"facelens: {error}", file=sys.stderr)
    return error.exit_code
