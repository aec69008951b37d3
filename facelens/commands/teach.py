"""`facelens teach`: teach the network a word with photos that show it and photos that do not."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.arguments import add_detector, add_model, command, progress
from facelens.errors import DataError, FacelensError, NoFaceError, PhotoError, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

_ENDINGS = {"head": (".safetensors",)}


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "teach",
        _teach,
        "teach the network a word with 10 to 50 photos of yes and of no",
        description="Teach the network a word: a linear head on its last feature maps is fitted to "
        "the largest face of each photo, and leave-one-out says how well the network can carry the "
        "word. FILE opens wherever a model is named: facelens predict PHOTO --model FILE.",
    )
    parser.add_argument("yes", metavar="YES_FOLDER", type=Path, help="photos that show it")
    parser.add_argument("no", metavar="NO_FOLDER", type=Path, help="photos that do not")
    parser.add_argument("--word", required=True, help="what the photos show, as in smirk")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help=".safetensors file")
    parser.add_argument("--force", action="store_true", help="overwrite FILE")
    add_model(parser)
    add_detector(parser)


def _teach(args: argparse.Namespace) -> int:
    from facelens.files import check_out
    from facelens.tasks import DEFAULT, load_model
    from facelens.tasks.attributes.head import JUDGEMENT, ONE_PERSON, checked_word, teach

    check_out(args.out, _ENDINGS, force=args.force)
    model = load_model(args.model, task=DEFAULT)
    checked_word(args.word, model.names)
    seen, yes, names = _all_features(args, model)
    lesson = teach(model, args.word, seen, yes)
    lesson.head.save(args.out)
    print(lesson.head.sentence)
    contrary = lesson.contrary(yes)
    if contrary:
        print("Most against the fit, perhaps in the wrong folder:")
    for index in contrary:
        print(f"    {printable(names[index])}  {lesson.left_out[index]:.2f}")
    print(f"{JUDGEMENT} {ONE_PERSON}")
    print(f"The head is in {args.out}.")
    return 0


def _all_features(
    args: argparse.Namespace, model: Any
) -> "tuple[np.ndarray, np.ndarray, list[str]]":
    """Features float32 (n, d) of each photo's largest face, whether it is a yes, and its path."""
    import numpy as np

    rows: dict[bytes, tuple[np.ndarray, bool, str]] = {}
    for folder, is_yes in ((args.yes, True), (args.no, False)):
        before = len(rows)
        for name, row in _features(folder, model, args.detector):
            key = row.tobytes()
            if key not in rows:
                rows[key] = (row, is_yes, name)
            elif rows[key][1] != is_yes:
                raise DataError(
                    f"{printable(name)} shows the same face as {printable(rows[key][2])}, which is "
                    "in the other folder; remove one of them."
                )
            else:
                _tell(
                    f"{printable(name)} shows the same as {printable(rows[key][2])}; counted once."
                )
        if len(rows) == before:
            raise NoFaceError(f"No face was found in the photos of {printable(str(folder))}.")
    seen, yes, names = zip(*rows.values(), strict=True)
    return np.stack(seen), np.array(yes), list(names)


def _features(folder: Path, model: Any, detector: str | None) -> "Iterator[tuple[str, np.ndarray]]":
    """Yield the path of every photo with a face and the features of its largest face."""
    from facelens.bulk.listing import list_folder
    from facelens.faces import find_faces
    from facelens.photo import read_photo
    from facelens.tasks.attributes.head import MOST, features

    if not folder.is_dir():
        raise DataError(f"There is no folder {printable(str(folder))}.")
    photos = list_folder(folder, folder / "none").photos
    if len(photos) > 2 * MOST:
        raise DataError(
            f"{printable(str(folder))} holds {len(photos)} photos; give at most {MOST} in all. "
            "With more, train a network: facelens train."
        )
    show = progress("photos")
    for number, name in enumerate(photos, 1):
        path = folder / name
        try:
            faces = find_faces(read_photo(path), detector=detector)
        except PhotoError as error:
            _tell(str(error))
            continue
        finally:
            if show:
                show(number, len(photos))
        if not faces:
            _tell(f"No face was found in {printable(str(path))}.")
            continue
        yield str(path), features(model, faces[0].crop[None])[0]


def _tell(sentence: str | FacelensError) -> None:
    print(f"facelens: {sentence}", file=sys.stderr, flush=True)
