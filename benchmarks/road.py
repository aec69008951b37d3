"""Where the time of an answer goes: every stage of the road from photo bytes to the page.

    python benchmarks/road.py [--yunet FILE] [PHOTO]

A photo (the bundled example, if none is given) is brought to 640 x 480 and saved as JPEG. Its
stages are timed one by one, on one core and on all, with each detector; beside their sum stands
the whole road in one go. Writes benchmarks/results/road.csv.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from measure import EXAMPLE, in_turns, write

WIDTH, HEIGHT = 640, 480
TURNS = 60


def sample(path: Path) -> bytes:
    """A photo as a 640 x 480 JPEG: cut to 4:3 from the top, where faces are."""
    pixels = cv2.imread(str(path))
    height = min(pixels.shape[0], pixels.shape[1] * HEIGHT // WIDTH)
    cut = cv2.resize(pixels[:height, : height * WIDTH // HEIGHT], (WIDTH, HEIGHT))
    return bytes(cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


def stages(data: bytes, detector: str) -> tuple[dict[str, Callable[[], Any]], Callable[[], Any]]:
    """What happens to a photo, in order, each stage on what the one before it gave."""
    from facelens import find_faces, load_model, read_photo
    from facelens.faces import detect, face_of
    from facelens.tasks.attributes.thresholds import operating_point, sentence, verdicts
    from facelens.ui._view import jpeg

    model = load_model()
    photo = read_photo(data)
    finder = detect.open_detector(detector)
    found = finder.detect(photo.pixels)
    faces = find_faces(photo, detector=detector)
    (look,) = model.predict(faces, maps=True)
    points = operating_point(model.config, "half")
    hints = faces[0].hints

    def rows() -> str:
        said = verdicts(look, points, model.curves, hints=hints)
        return sentence(look, said, points, model.curves, hints=hints)

    def road() -> None:
        seen = read_photo(data)
        jpeg(seen.pixels)
        for face, answer in zip(
            there := find_faces(seen, detector=detector),
            model.predict(there, maps=True),
            strict=True,
        ):
            said = verdicts(answer, points, model.curves, hints=face.hints)
            sentence(answer, said, points, model.curves, hints=face.hints)
            jpeg(face.crop)

    ways = {
        "decode": lambda: read_photo(data),
        "detect, find the points": lambda: finder.detect(photo.pixels, finer=True),
        "straighten, judge the light": lambda: [face_of(photo, f, finder.name) for f in found],
        "network: 40 answers and maps": lambda: model.predict(faces, maps=True),
        "verdicts and sentence": rows,
        "pictures for the page": lambda: (jpeg(photo.pixels), jpeg(faces[0].crop)),
    }
    return ways, road


def measure(data: bytes, detector: str) -> list[dict[str, Any]]:
    ways, road = stages(data, detector)
    taken = in_turns({**ways, "the whole road": road}, turns=TURNS)
    whole = taken.pop("the whole road")
    total = sum(taken.values())
    rows = [(stage, seconds, seconds / total) for stage, seconds in taken.items()]
    rows += [("sum of the stages", total, 1.0), ("the whole road at once", whole, whole / total)]
    return [
        {
            "cores": len(os.sched_getaffinity(0)),
            "detector": detector.partition(":")[0],
            "stage": stage,
            "microseconds": round(1e6 * seconds),
            "share": f"{share:.3f}",
        }
        for stage, seconds, share in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photo", nargs="?", type=Path, default=EXAMPLE)
    parser.add_argument("--yunet", type=Path, help="its file; default: as for find_faces")
    parser.add_argument("--child", metavar="DETECTOR", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        import json

        print(json.dumps(measure(sample(args.photo), args.child)))
        return
    from facelens.faces.detect import resolve

    yunet = args.yunet or resolve(os.environ.get("FACELENS_DETECTOR") or "auto")[1]
    detectors = ["haar", "own", *([f"yunet:{yunet}"] if yunet else [])]
    available = sorted(os.sched_getaffinity(0))
    rows = []
    for cores in sorted({1, len(available)}):
        for detector in detectors:
            rows += on(available[:cores], args.photo, detector)
    write("road", rows)


def on(cores: list[int], photo: Path, detector: str) -> list[dict[str, Any]]:
    """The stages in a process of its own that has these cores and no others."""
    import json

    said = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, __file__, str(photo), "--child", detector],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    return json.loads(said.stdout)


if __name__ == "__main__":
    main()
