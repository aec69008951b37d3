"""`facelens predict`: what each face of a photo shows."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from facelens.arguments import add_detector, add_model, command
from facelens.commands.options import add_task
from facelens.errors import NoFaceError

if TYPE_CHECKING:
    from facelens.faces import Face
    from facelens.photo import Photo
    from facelens.tasks.base import Style, Task, Word

PREDICT_JSON = """\
--json prints one object:
  photo, width, height   the path as given; pixels of the upright photo
  model, detector        what answered, and what detected the faces: "yunet" or "haar"
  faces                  largest first, [] if there is none; each with
    box                  {x, y, w, h} in pixels
    points               five [x, y]: eyes, nose tip, mouth corners, the viewer's left first
    confidence           of the detector, from 0 to 1
    hints                sentences that say why the answer is less reliable
    attributes           with --task attributes all of the model's, in its order; each with
      name, probability, threshold (null if out of reach), verdict: "yes", "no", "doubtful"
"""


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "predict",
        _predict,
        "say what each face of a photo shows",
        epilog=PREDICT_JSON,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("photo", metavar="PHOTO", help="JPEG, PNG, WebP, BMP, GIF or HEIC")
    add_task(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--threshold",
        metavar="half|f1|balanced|precision90|0.5",
        default="half",
        help="operating point, or the probability from which an answer is yes (default: half)",
    )
    parser.add_argument(
        "--judgements", action="store_true", help="show the eight opinions about people too"
    )
    add_model(parser)
    add_detector(parser)


def _predict(args: argparse.Namespace) -> int:
    from facelens.faces import detector_in_use, find_faces
    from facelens.photo import printable, read_photo
    from facelens.tasks import TASKS, load_model
    from facelens.tasks.base import Style

    photo = read_photo(args.photo)
    task, model = TASKS[args.task], load_model(args.model, task=args.task)
    detector = detector_in_use(args.detector)
    faces = find_faces(photo, detector=args.detector)
    style = Style(args.threshold, judgements=args.judgements)
    model.check_style(style)  # said of a photo without a face too
    answers = [
        _described(task, model, face, answer, style)
        for face, answer in zip(faces, model.predict(faces), strict=True)
    ]
    if args.json:
        answer = {
            "photo": args.photo,
            "width": photo.width,
            "height": photo.height,
            "model": model.title,
            "detector": detector,
            "faces": [
                _place_as_json(face) | asdict
                for face, (asdict, _) in zip(faces, answers, strict=True)
            ],
        }
        print(json.dumps(answer, indent=1))
    if not faces:
        sys.stdout.flush()
        raise NoFaceError(
            f"No face was found in {printable(args.photo)}; try one that is larger, upright "
            "and lit from the front."
        )
    if not args.json:
        print(_headline(args.photo, photo, model.title, detector, len(faces)))
        for number, (face, (_, text)) in enumerate(zip(faces, answers, strict=True), 1):
            print(f"\n{_place_as_text(number, len(faces), face)}\n{text}")
    return 0


def _headline(path: str, photo: "Photo", title: str, detector: str, count: int) -> str:
    from facelens.photo import printable

    return (
        f"{printable(path)}: {photo.width} x {photo.height} pixels, "
        f"{count} {'face' if count == 1 else 'faces'} found by {detector}, read by {title}"
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
    return f"    {word.label:<26}{word.value:>5.2f}  {word}".rstrip()
