"""What attacks on faces share: the portraits, the detectors, and what an answer is worth."""

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from facelens import load_model
from facelens.faces import Face, align, detect, find_faces
from facelens.photo import Photo, read_photo
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.attributes.thresholds import operating_point, verdicts

# A crop whose eyes lie further from where they belong shows something else: template pixels.
FAR = 10.0


def portraits() -> list[np.ndarray]:
    """The portraits of FACELENS_DATA, uint8 RGB."""
    folder = Path(os.environ.get("FACELENS_DATA", ""), "portraits")
    files = sorted(folder.glob("*.jpg"))
    if not os.environ.get("FACELENS_DATA") or not files:
        raise SystemExit(
            "This attack needs portraits/*.jpg in the folder that FACELENS_DATA names."
        )
    return [read_photo(file).pixels for file in files]


def detectors() -> dict[str, str]:
    """The detectors that are there, by their names."""
    spec = os.environ.get("FACELENS_DETECTOR", "auto")
    name, path = detect.resolve(spec)
    return {"yunet": f"yunet:{path}", "haar": "haar"} if name == "yunet" else {"haar": "haar"}


def turn(pixels: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Turn a photo on a canvas that holds all of it, repeating its edge; return the 2x3 too."""
    height, width = pixels.shape[:2]
    move = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    cos, sin = abs(move[0, 0]), abs(move[0, 1])
    size = round(width * cos + height * sin), round(width * sin + height * cos)
    move[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    turned = cv2.warpAffine(
        pixels, move, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return turned, np.asarray(move, np.float32)


@cache
def _model() -> AttributeModel:
    return load_model(task="attributes")


def answer(face: Face) -> list[str]:
    """The forty verdicts at one half, as a visitor reads them."""
    model = _model()
    points = operating_point(model.config, "half")
    return [
        str(v) for v in verdicts(*model.predict([face]), points, model.curves, hints=face.hints)
    ]


def eye_error(face: Face, truth: np.ndarray) -> float:
    """Mean distance of the eyes from where the warp `truth` puts them, in template pixels."""
    eyes = align.TEMPLATE[:2]
    moved = align.apply(align.compose(face.warp, align.invert(truth)), eyes)
    return float(np.hypot(*(moved - eyes).T).mean())


@dataclass
class Upright:
    """The face of each portrait as it is, and the verdicts about it, by one detector."""

    photos: list[np.ndarray]
    spec: str
    faces: dict[int, tuple[Face, list[str]]] = field(default_factory=dict)

    def __getitem__(self, n: int) -> tuple[Face, list[str]]:
        if n not in self.faces:
            face = find_faces(Photo(self.photos[n]), detector=self.spec)[0]
            self.faces[n] = face, answer(face)
        return self.faces[n]
