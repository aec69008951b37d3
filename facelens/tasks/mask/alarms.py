"""False alarms: bare faces that are said to wear a mask; and drawn masks, which should be found.

Bare faces are CelebA's test crops, framed loosely: turned, scaled to a width of 24 to 160 pixels,
as faces of photos with masks have, and placed on a canvas of 640x480, on which the crop's edge is
replicated and blurred. So each canvas holds one face, its place is known, and what surrounds it has
the photo's own colours. Reflecting the crop would show a second mouth or chin.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from facelens.data import parquet
from facelens.data.synthetic import FABRICS, Placed, draw_mask, place_on_canvas
from facelens.errors import DataError
from facelens.faces import Box, align, find_faces
from facelens.metrics import wilson
from facelens.photo import Photo, read_photo

WIDTHS = (24.0, 160.0)
MASKED = ("with_mask", "mask_weared_incorrect")
GROUPS = ("all", "bearded", "eyeglasses")
_ATTRIBUTES = ("Goatee", "Mustache", "No_Beard", "Eyeglasses")
# A box is of the face that was placed if its centre is nearer than half the face's width.
_NEAR = 0.5


class Found(Protocol):
    """A face that the detector found: its box, its most probable class, how sure it is."""

    @property
    def box(self) -> Box: ...
    @property
    def name(self) -> str: ...
    @property
    def confidence(self) -> float: ...


class Detector(Protocol):
    """What finds faces: `MaskModel`."""

    def predict(self, inputs: Sequence[Any], /) -> Sequence[Sequence[Found]]: ...


@dataclass(frozen=True)
class Bare:
    """A face without a mask: uint8 (218, 178, 3), and which groups it is in."""

    crop: np.ndarray
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Called:
    """What is said of a placed face of a `width`: a class, "" if it is not found.

    `elsewhere`: boxes that are not on it.
    """

    width: float
    name: str
    elsewhere: int = 0


def bare_faces(file: Path, limit: int | None = None) -> Iterator[Bare]:
    """Read faces of CelebA with their groups.

    Bearded: Goatee, Mustache or not No_Beard. With eyeglasses: Eyeglasses.
    """
    for row in parquet.images(file, _ATTRIBUTES, stop=limit):
        goatee, mustache, no_beard, glasses = (row.values[name] for name in _ATTRIBUTES)
        groups = ["all"]
        groups += ["bearded"] if goatee or mustache or not no_beard else []
        groups += ["eyeglasses"] if glasses else []
        yield Bare(row.pixels(file), tuple(groups))


def celeba_files(data: Path) -> list[Path]:
    """CelebA's test faces in a directory that holds celeba/, and celeba_more/ if it is there.

    Raises:
        DataError: there are none.
    """
    found = [
        file
        for folder in ("celeba", "celeba_more")
        for file in sorted((data / folder).glob("test-*.parquet"))
    ]
    if not found:
        raise DataError(f"{data} holds no celeba/test-*.parquet: facelens download celeba.")
    return found


def place(crop: np.ndarray, seed: int, index: int) -> Placed:
    """Frame a crop loosely."""
    return place_on_canvas(crop, seed, index, widths=WIDTHS, smooth=True)


def called(model: Detector, pixels: np.ndarray, box: Box) -> Called:
    """What `model` says of the face in `box`: its most confident box there."""
    (faces,) = model.predict([pixels])
    near = [
        face
        for face in faces
        if np.hypot(*np.subtract(face.box.centre, box.centre)) < _NEAR * box.w
    ]
    best = max(near, key=lambda face: face.confidence, default=None)
    return Called(box.w, best.name if best else "", len(faces) - len(near))


def call_placed(model: Detector, placed: Placed) -> Called:
    """What `model` says of a face that was placed on a canvas."""
    height = placed.width * align.TEMPLATE_BOX.h / align.TEMPLATE_BOX.w
    x, y = placed.centre
    box = Box(x - placed.width / 2, y - height / 2, placed.width, height)
    return called(model, placed.canvas, box)


def false_alarms(
    model: Detector, faces: Iterable[Bare], *, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """How many bare faces are called masked, or masked wrongly, by group.

    `share` is of the faces that are found, with a 95 % interval by Wilson; `of_all` of all.
    """
    said: Mapping[str, list[Called]] = {name: [] for name in GROUPS}
    for i, bare in enumerate(faces):
        answer = call_placed(model, place(bare.crop, seed, i))
        for name in bare.groups:
            said[name].append(answer)
    return {name: summary(answers) for name, answers in said.items()}


def summary(said: Sequence[Called]) -> dict[str, Any]:
    """Counts, and the share of the found faces that are called masked."""
    found = [each for each in said if each.name]
    alarms = sum(each.name in MASKED for each in found)
    low, high = wilson(np.array(alarms), np.array(len(found)))
    return {
        "faces": len(said),
        "found": len(found),
        "masked": sum(each.name == MASKED[0] for each in found),
        "wrongly": sum(each.name == MASKED[1] for each in found),
        "share": alarms / len(found) if found else np.nan,
        "low": float(low),
        "high": float(high),
        "of_all": alarms / len(said) if said else np.nan,
        "elsewhere": sum(each.elsewhere for each in said),
    }


def drawn_on_faces(model: Detector, faces: Iterable[Bare], *, seed: int = 0) -> dict[str, Any]:
    """Faces of CelebA with a mask drawn on, framed loosely: how many are found, and called so."""
    whole = np.eye(2, 3, dtype=np.float32)
    said = []
    for i, bare in enumerate(faces):
        masked = draw_mask(bare.crop, whole, np.random.default_rng([seed, i]))
        said.append(call_placed(model, place(masked, seed, i)))
    return summary(said)


def drawn_on_portraits(
    model: Detector, photos: Sequence[Photo], *, detector: str | None = None, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Portraits as they are, and with a mask of each fabric drawn on; the largest face of each."""
    bare, masked = [], []
    for i, photo in enumerate(photos):
        face = find_faces(photo, detector=detector)[0]
        bare.append(called(model, photo.pixels, face.box))
        for fabric in FABRICS:
            random = np.random.default_rng([seed, i])
            drawn = draw_mask(photo.pixels, align.invert(face.warp), random, fabric)
            masked.append(called(model, drawn, face.box))
    return {"bare": summary(bare), "drawn": summary(masked)}


def portraits(data: Path) -> list[Photo]:
    """The photos of portraits/, in order."""
    return [read_photo(path) for path in sorted((data / "portraits").glob("*.jpg"))]
