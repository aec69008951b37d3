"""`facelens predict`: what each face of a photo, or of several, shows."""

import argparse
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facelens.arguments import add_detector, add_model, command
from facelens.commands.options import add_task
from facelens.errors import FacelensError, NoFaceError, PhotoError, printable

if TYPE_CHECKING:
    from facelens.faces import Face
    from facelens.photo import Photo
    from facelens.tasks.base import Style, Task, Word

PREDICT_JSON = """\
--json prints one object for each photo, on a line of its own:
  photo, width, height   the path as given; pixels of the upright photo
  model, detector        what answered, and what detected the faces: "yunet", "own", "haar" or
                         "hog"; with --task mask the model itself
  faces                  largest first, [] if there is none; each with
    box                  {x, y, w, h} in pixels
    points               five [x, y]: eyes, nose tip, mouth corners, the viewer's left first; with
                         --task mask []
    confidence           of the detector, from 0 to 1
    hints                sentences that say why the answer is less reliable
    attributes           with --task attributes all of the model's, in its order; each with
      name, probability, threshold (null if out of reach), verdict: "yes", "no", "doubtful",
      judgement: whether it is an opinion about people, not a fact; with --whiskers also low and
      high, between which the probability moves
    person, people       with --task identity a name, "nobody enrolled" or "not sure"; and all who
                         are enrolled, each with name and similarity, the most similar first
A photo that cannot be read has photo and error, a sentence.

The exit code is that of the worst photo: 2 if one cannot be read, 3 if one has no face.
"""
STDIN = "-"


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "predict",
        _predict,
        "say what each face of a photo, or of several, shows",
        epilog=PREDICT_JSON,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "photos", metavar="PHOTO", nargs="+",
        help="JPEG, PNG, WebP, AVIF, TIFF, BMP, GIF or HEIC; - reads one from standard input",
    )  # fmt: skip
    add_task(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON object for each photo")
    parser.add_argument(
        "--threshold",
        metavar="half|f1|balanced|precision90|sure90|0.5",
        default="half",
        help="operating point, or the probability from which an answer is yes (default: half)",
    )
    parser.add_argument(
        "--judgements", action="store_true", help="show the eight opinions about people too"
    )
    parser.add_argument(
        "--whiskers", action="store_true",
        help="show how far each probability moves over 16 small shifts, scalings, lights and "
        "mirrors of the face; they change no verdict",
    )  # fmt: skip
    add_model(parser)
    add_detector(parser)


def _predict(args: argparse.Namespace) -> int:
    from facelens.tasks import TASKS, load_model
    from facelens.tasks.base import Style
    from facelens.tasks.classifier import Classifier
    from facelens.tasks.road import finder

    model = load_model(args.model, task=args.task)
    style = Style(args.threshold, judgements=args.judgements)
    model.check_style(style)  # said of a photo without a face too
    if args.whiskers and not isinstance(model, Classifier):
        raise FacelensError(f"--whiskers is for probabilities, and the task {args.task} has none.")
    task = TASKS[args.task]
    name = finder(task, model, args.detector)
    asked = Asked(task, model, args.detector, name, style, args.whiskers)
    codes = [_of_one(path, asked, as_json=args.json) for path in _once(args.photos)]
    return max(codes, key=SEVERITY.index)


# Exit codes, the worst last.
SEVERITY = (0, NoFaceError.exit_code, PhotoError.exit_code)


@dataclass(frozen=True)
class Asked:
    """What answers, and how it is put.

    `name`: that of the detector in use. `whiskers`: say how far each answer moves.
    """

    task: "Task"
    model: Any
    detector: str | None
    name: str
    style: "Style"
    whiskers: bool = False


def _once(paths: list[str]) -> list[str]:
    if paths.count(STDIN) > 1:
        raise FacelensError("Standard input holds one photo; give - once.")
    return paths


def _of_one(path: str, asked: Asked, *, as_json: bool) -> int:
    """Print the answer about one photo, and return its exit code."""
    from facelens.explain.whiskers import with_spread
    from facelens.tasks.road import answer, find

    try:
        photo = _read(path)
    except PhotoError as error:
        if as_json:
            print(json.dumps({"photo": path, "error": str(error)}))
        return _complain(error)
    faces = find(asked.task, asked.model, photo, detector=asked.detector)
    predictions = answer(asked.task, asked.model, faces)
    if asked.whiskers:
        predictions = [
            with_spread(asked.model, face, answer, photo.pixels)
            for face, answer in zip(faces, predictions, strict=True)
        ]
    answers = [
        _described(asked.task, asked.model, face, answer, asked.style)
        for face, answer in zip(faces, predictions, strict=True)
    ]
    if as_json:
        print(json.dumps(_as_json(path, photo, asked, faces, answers)))
    elif faces:
        print(_as_text(path, photo, asked, faces, answers))
    if not faces:
        why = "try one that is larger, upright and lit from the front."
        no_face = f"No face was found in {_shown(path)}; {why}"
        return _complain(NoFaceError(" ".join([no_face, *photo.hints])))
    sys.stdout.flush()  # who reads a pipe has each answer as soon as it is there
    return 0


def _complain(error: FacelensError) -> int:
    sys.stdout.flush()
    print(f"facelens: {error}", file=sys.stderr)
    return error.exit_code


def _read(path: str) -> "Photo":
    from facelens.photo import MAX_BYTES, read_photo

    if path != STDIN:
        return read_photo(path)
    if sys.stdin is None:
        raise PhotoError("Standard input is closed; name a photo instead of -.")
    if sys.stdin.isatty():
        raise PhotoError("No photo comes in: facelens predict - < PHOTO reads one.")
    return read_photo(sys.stdin.buffer.read(MAX_BYTES + 1), name=_shown(path))


def _shown(path: str) -> str:
    return "standard input" if path == STDIN else printable(path)


def _as_json(
    path: str,
    photo: "Photo",
    asked: Asked,
    faces: list["Face"],
    answers: list[tuple[dict[str, Any], str]],
) -> dict[str, Any]:
    return {
        "photo": path,
        "width": photo.width,
        "height": photo.height,
        "model": asked.model.title,
        "detector": asked.name,
        "faces": [
            _place_as_json(face) | asdict for face, (asdict, _) in zip(faces, answers, strict=True)
        ],
    }


def _as_text(
    path: str,
    photo: "Photo",
    asked: Asked,
    faces: list["Face"],
    answers: list[tuple[dict[str, Any], str]],
) -> str:
    parts = [_headline(path, photo, asked.model.title, asked.name, len(faces))]
    for number, (face, (_, text)) in enumerate(zip(faces, answers, strict=True), 1):
        parts.append(f"{_place_as_text(number, len(faces), face)}\n{text}")
    return "\n\n".join(parts)


def _headline(path: str, photo: "Photo", title: str, detector: str, count: int) -> str:
    return (
        f"{_shown(path)}: {photo.width} x {photo.height} pixels, "
        f"{count} {'face' if count == 1 else 'faces'} found "
        + (f"and read by {title}" if detector == title else f"by {detector}, read by {title}")
    )


def _place_as_json(face: "Face") -> dict[str, Any]:
    return {
        "box": {side: round(float(value), 1) for side, value in face.box._asdict().items()},
        "points": [[round(float(x), 1), round(float(y), 1)] for x, y in face.landmarks],
        "confidence": round(float(face.confidence), 4),
        "hints": list(face.hints),
    }


def _place_as_text(number: int, count: int, face: "Face") -> str:
    box = face.box
    return (
        f"Face {number} of {count}: {box.w:.0f} x {box.h:.0f} pixels at {box.x:.0f}, {box.y:.0f}, "
        f"confidence {face.confidence:.2f}"
    )


def _described(
    task: "Task", model: Any, face: "Face", answer: Any, style: "Style"
) -> tuple[dict[str, Any], str]:
    """The answer for JSON and as text; by default the task's words."""
    if task.describe:
        return task.describe(model, face, answer, style)
    words = task.words(model, face, answer, style)
    return {"words": [_word_as_json(word) for word in words]}, "\n".join(map(_word_as_text, words))


def _word_as_json(word: "Word") -> dict[str, Any]:
    return {
        "label": word.label,
        "value": round(float(word.value), 6),
        "verdict": word.verdict and str(word.verdict),
    }


def _word_as_text(word: "Word") -> str:
    from facelens.tasks.base import probability_text

    return f"    {word.label:<26}{probability_text(word.value):>5}  {word}".rstrip()
