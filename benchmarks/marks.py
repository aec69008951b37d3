"""Measure how far beside what they mark the marks of the keypoints data lie.

    python benchmarks/marks.py DATA

DATA holds keypoints/. YuNet, an independent network, looks at training faces, each as it is and
mirrored, which takes its own lean to one side away; of the eyes' middles, the nose and the corners
of the mouth the marks are taken from its answers. What YuNet itself is off in y shows when the
faces are turned both ways and its answers turned back: a lean downwards becomes one to the side.
That is rough, for turned faces are answered worse. Writes benchmarks/results/marks.csv, which the y
of `PARQUET_OFFSET` in `facelens.tasks.keypoints.marks` follows; for its x it is a check.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from measure import write

from facelens.faces import align, detect
from facelens.faces.yunet import Yunet
from facelens.tasks.keypoints.marks import MIDDLE, PARQUET_OFFSET, TEMPLATE_FIVE, Faces
from facelens.tasks.keypoints.training.run import read_faces

SIDE, LARGER, TURN = 384, 3.0, 25.0


def seen(detector: Yunet, picture: np.ndarray, turn: float, *, mirrored: bool) -> np.ndarray:
    """The five points (5, 2) that YuNet sees in a picture shown so, in the picture as it is."""
    shown = np.ascontiguousarray(picture[:, ::-1]) if mirrored else picture
    about = (SIDE - 1) / 2
    warp = cv2.getRotationMatrix2D((about, about), turn, LARGER)
    warp = np.asarray(warp, np.float32)
    warp[:, 2] = about - warp[:, :2] @ (MIDDLE, MIDDLE)
    grey = cv2.warpAffine(
        shown, warp, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    rows = detector._rows(np.repeat(grey[..., None], 3, 2))  # noqa: SLF001  its points alone
    if not rows:
        return np.full((5, 2), np.nan)
    points = align.apply(align.invert(warp), rows[0][1])
    if mirrored:
        points = points[[1, 0, 2, 4, 3]]
        points[:, 0] = 2 * MIDDLE - points[:, 0]
    return points


def measure(detector: Yunet, faces: Faces) -> list[dict[str, str]]:
    ways = [(turn, mirrored) for turn in (0.0, TURN, -TURN) for mirrored in (False, True)]
    found = {
        way: np.stack([seen(detector, p, way[0], mirrored=way[1]) for p in faces.pictures])
        for way in ways
    }
    marks = faces.points[:, TEMPLATE_FIVE] + PARQUET_OFFSET  # as the file has them
    stacked = np.stack([*found.values(), marks])
    sound = np.isfinite(stacked).all((0, 2, 3))
    sound &= (np.abs(stacked - stacked[0]) < 15).all((0, 2, 3))  # else another face, or none
    there = {way: points[sound] for way, points in found.items()}
    upright = (there[0.0, False] + there[0.0, True]) / 2
    offset = (marks[sound] - upright).mean(1)
    # Turned by +a and -a, what lies d too low comes back 2 d sin(a) to one side; mirrored, to the
    # other.
    lean = [
        (there[TURN, mirrored] - there[-TURN, mirrored]).mean(1)[:, 0] * (1 if mirrored else -1)
        for mirrored in (False, True)
    ]
    own = np.mean(lean, 0) / (2 * np.sin(np.radians(TURN)))
    count = int(sound.sum())

    def row(what: str, values: np.ndarray) -> dict[str, str]:
        error = values.std() / np.sqrt(count)
        return {
            "what": what,
            "pixels_of_96": f"{values.mean():.3f}",
            "standard_error": f"{error:.3f}",
            "faces": str(count),
            "of": str(len(faces)),
        }

    return [
        row("marks right of YuNet's points", offset[:, 0]),
        row("marks below YuNet's points", offset[:, 1]),
        row("YuNet's own points below, roughly", own),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=1000, help="so many faces, of all over")
    args = parser.parse_args()
    detector = detect.open_detector()
    if not isinstance(detector, Yunet):
        raise SystemExit("This needs YuNet: facelens download detector.")
    faces = read_faces(args.data / "keypoints", "train")
    some = np.random.default_rng(0).permutation(len(faces))[: args.limit]
    write("marks", measure(detector, faces.take(np.sort(some))))


if __name__ == "__main__":
    main()
