"""A bundle's example.json: its answers on the bundled photo, so that any machine can check itself.

The face of the photo is aligned by a matrix that the file states, not by a detector, so that only
the decoder of the photo and the arithmetic differ between machines, browsers and precisions.

    python -m facelens.tasks.example BUNDLE [BUNDLE …]

writes it for bundles that are there, and leaves their graphs as they are.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from facelens.bundles.bundle import GARBLED, Bundle, write_manifest
from facelens.errors import BundleError
from facelens.faces import Face, align
from facelens.files import sha256, sha256_of, write_json
from facelens.photo import read_photo

NAME = "example.json"
PHOTO = Path(__file__).parents[1] / "ui" / "astronaut.jpg"
# The photo's face to CelebA's template, as YuNet finds it.
WARP = ((0.9761, 0.0614, -137.3614), (-0.0614, 0.9761, 27.098))
# int8 rounds otherwise on processors without dot products of bytes.
_TOLERANCE = {"int8": 0.5}
_EXACT = 0.05  # decoders of JPEG differ by a level or two


class Answering(Protocol):
    """What is asked of a `facelens.tasks.base.Model` here."""

    bundle: Bundle
    config: Any

    def reference(self, face: Face) -> np.ndarray:
        """Answer about a face, float (n,)."""


@dataclass(frozen=True)
class Deviation:
    """How far the answers on this machine are from those in the bundle, at most."""

    difference: float
    tolerance: float

    @property
    def is_fine(self) -> bool:
        return self.difference <= self.tolerance


def example_face(warp: object = WARP) -> Face:
    """The photo's face under `warp`, 2 x 3."""
    matrix = np.asarray(warp, np.float32)
    if matrix.shape != (2, 3) or not np.isfinite(matrix).all() or align.scale_of(matrix) < 0.1:
        raise ValueError(warp)
    crop = align.align_face(read_photo(PHOTO).pixels, matrix)
    landmarks = align.apply(align.invert(matrix), align.TEMPLATE)
    return Face(align.face_box(matrix), 1.0, landmarks, matrix, crop, "example")


def write_example(model: Answering) -> None:
    """Write example.json into the bundle of `model`, and name it in the manifest."""
    face = example_face()
    answers = model.reference(face)
    precision = str(model.config.metrics.get("precision", "float32"))
    values = {
        "photo": {"name": PHOTO.name, "sha256": sha256(PHOTO)},
        "warp": [list(row) for row in WARP],
        "crop": {"size": list(face.crop.shape[:2]), "sha256": sha256_of(face.crop.tobytes())},
        "names": list(model.config.names),
        "answers": np.round(answers.astype(float), 5).tolist(),
        "tolerance": _TOLERANCE.get(precision, _EXACT),
    }
    write_json(model.bundle.folder / NAME, values)
    write_manifest(model.bundle.folder)


def deviation(model: Answering) -> Deviation | None:
    """Compare the answers here with those in the bundle; None if it has no example.json.

    Raises:
        BundleError: example.json is damaged, or about other questions.
    """
    if NAME not in model.bundle.files:
        return None
    try:
        values = json.loads(model.bundle.read(NAME))
        known = np.asarray(values["answers"], float)
        tolerance, face = float(values["tolerance"]), example_face(values["warp"])
        count = len(values["names"])
        # A taught word comes after the names of its base, whose example it is.
        if tuple(values["names"]) != model.config.names[:count] or not np.isfinite(known).all():
            raise ValueError(NAME)
        found = model.reference(face)[:count]
        if found.shape != known.shape:
            raise ValueError(NAME)
    except GARBLED as error:
        raise BundleError(f"{model.bundle.folder / NAME} is not of this network.") from error
    return Deviation(float(np.abs(found - known).max(initial=0.0)), tolerance)


def main(folders: list[str]) -> None:
    """Write example.json for the bundles in `folders`."""
    from facelens.tasks import load_model

    for folder in folders:
        write_example(load_model(str(Path(folder).resolve())))


if __name__ == "__main__":
    main(sys.argv[1:])
