"""The model of masks: a photo in, a box for each face out, with the probabilities of three classes.

The photo is scaled here to the graph's side and padded to a multiple of 32; normalisation, the
network and non-maximum suppression are inside the graph.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facelens.bundles.bundle import Bundle
from facelens.bundles.network import Network, open_graph
from facelens.errors import BundleError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Box, Face
from facelens.photo import Photo, read_photo
from facelens.tasks.base import Model, Style
from facelens.tasks.config import Config, array, numbers
from facelens.tasks.example import PHOTO
from facelens.tasks.mask.curves import BoxCurves
from facelens.tasks.mask.figures import Answers
from facelens.tasks.mask.names import LABELS, NAMES

STRIDE = 32  # pixels of a photo that the coarsest map has one field for
MOST = 300  # boxes of a photo, the best ones
MIN_SIDE, MAX_SIDE = 128, 1280
GREY = 114  # of the padding
FAINT = 0.01  # the score of a class below which it is no answer
SMALL = 16  # pixels of a face below which an answer is a guess
_NO_LANDMARKS = np.zeros((0, 2), np.float32)


@dataclass(frozen=True, eq=False)
class MaskedFace:
    """A face that was found in a photo, and whether it wears a mask.

    `box`: in pixels of the photo. `confidence`: that there is a face, and how well the box fits,
    0 to 1. `probabilities`: float32, of `names`; they sum to 1. `logits`: what they come from.
    """

    box: Box
    confidence: float
    probabilities: np.ndarray
    logits: np.ndarray
    names: tuple[str, ...] = NAMES

    def __getitem__(self, name: str) -> float:
        return float(self.probabilities[self.names.index(name)])

    @property
    def name(self) -> str:
        """The most probable class."""
        return self.names[int(self.probabilities.argmax())]

    @property
    def side(self) -> float:
        """The square root of the box's area, in pixels."""
        return float(np.sqrt(max(self.box.w, 0) * max(self.box.h, 0)))

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2 of the box."""
        x, y, w, h = self.box
        return x, y, x + w, y + h

    @property
    def landmarks(self) -> np.ndarray:
        """None, float32 (0, 2): such a face is boxed, not aligned."""
        return _NO_LANDMARKS

    @property
    def hints(self) -> tuple[str, ...]:
        """Why the answer is less reliable."""
        if self.side >= SMALL:
            return ()
        return (f"This face has only {self.side:.0f} pixels a side; the answer is a guess.",)


@dataclass(frozen=True, eq=False, kw_only=True)
class MaskConfig(Config):
    """The fields of such a bundle's `config.json`.

    `input_size`: the longest sides of a photo as the graph gets it. `min_score`: the confidence
    from which a box is a face. `temperature`: float32 (1,), of the class logits.
    """

    min_score: float
    temperature: np.ndarray

    template = "photo"
    crop = ()  # the photo as it is

    def check(self, path: Path) -> None:
        """Refuse other classes, a side that the maps do not divide, and numbers out of range."""
        if self.names != NAMES:
            raise BundleError(f"{path} is for other classes than {', '.join(NAMES)}.")
        height, width = self.input_size
        if height != width or height % STRIDE or not MIN_SIDE <= height <= MAX_SIDE:
            raise BundleError(
                f"{path} has an input that is not a square of {MIN_SIDE} to {MAX_SIDE} pixels a "
                f"side, in steps of {STRIDE}."
            )
        if not 0 <= self.min_score <= 1:
            raise BundleError(f"{path} has a score that is not from 0 to 1.")
        if self.temperature.shape != (1,) or not 1e-3 <= self.temperature[0] <= 1e3:
            raise BundleError(f"{path} has a temperature that is not a positive number.")

    def _own(self) -> dict[str, Any]:
        return {"min_score": self.min_score, "temperature": numbers(self.temperature)}

    @classmethod
    def _read_own(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "min_score": float(values["min_score"]),
            "temperature": array(values["temperature"]),
        }


def letterbox(pixels: np.ndarray, side: int, *, square: bool = False) -> tuple[np.ndarray, float]:
    """Scale a photo uint8 (h, w, 3) to the longest side `side`, grey to the right and below.

    Both sides become multiples of 32, or `side` if `square`. Also returns the scale: photo pixels
    times it are those of the result.
    """
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(pixels, size, interpolation=smooth)
    high, wide = (side, side) if square else (_padded(size[1]), _padded(size[0]))
    canvas = np.full((high, wide, 3), GREY, np.uint8)
    canvas[: size[1], : size[0]] = scaled
    return canvas, scale


def _padded(pixels: int) -> int:
    return max(-(-pixels // STRIDE) * STRIDE, MIN_SIDE)


class MaskModel(Model):
    """A network that finds the faces of a photo and says of each whether it wears a mask.

    Example:
        >>> model = facelens.load_model(task="mask")
        >>> (faces,) = model.predict([facelens.read_photo("street.jpg")])
        >>> [(face.name, face.box) for face in faces]
    """

    task = "mask"
    config: MaskConfig
    crop_size = (CROP_HEIGHT, CROP_WIDTH)

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        path = bundle.folder / "config.json"
        self.config = MaskConfig.read(bundle.read("config.json"), path, self.task)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, in order."""
        return self.config.names

    def predict(  # type: ignore[override]
        self,
        inputs: Sequence[Photo | Face | np.ndarray],
        *,
        maps: bool = False,
        min_score: float | None = None,
    ) -> list[tuple[MaskedFace, ...]]:
        """Find the faces of each photo, the largest first.

        Args:
            inputs: photos, or their pixels uint8 (h, w, 3).
            maps: nothing, since boxes have none.
            min_score: the confidence from which a box is one; by default the bundle's own.
        """
        del maps
        least = self.config.min_score if min_score is None else min_score
        return [self._find(_pixels(each), least) for each in inputs]

    def answers(self, photo: Photo | np.ndarray, *, min_score: float = 0.0) -> Answers:
        """Everything found in a photo, each box once a class, as `mask.figures` measures it.

        The score of a class is its probability times the box's confidence; below `FAINT` it is left
        out.
        """
        (faces,) = self.predict([photo], min_score=min_score)
        scores = np.array([face.confidence * face.probabilities for face in faces])
        return every_class(np.array([face.corners for face in faces]), scores, self.names)

    def drawn(self, photo: Photo | np.ndarray) -> Answers:
        """What is found in a photo as a page draws it: each box once, as its most probable class.

        Its score is the confidence, with which a threshold is compared.
        """
        (faces,) = self.predict([photo], min_score=0.0)
        return Answers(
            np.array([face.corners for face in faces]).reshape(-1, 4),
            [face.name for face in faces],
            np.array([face.confidence for face in faces]),
        )

    @cached_property
    def curves(self) -> BoxCurves | None:
        """What each threshold means on the photos held out; None if none were."""
        if "curves.json" not in self.bundle.files:
            return None
        curves = BoxCurves.read(self.bundle.read("curves.json"))
        if curves.names != self.names:
            raise BundleError(f"The curves of {self.bundle.folder} are for other classes.")
        return curves

    def raw(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What the graph gives for a picture uint8 (h, w, 3), as `letterbox` makes it.

        Returns:
            Boxes float32 (k, 4), x1, y1, x2, y2 in its pixels, the best first, their scores (k,)
            and class logits (k, 3).
        """
        shapes = {"boxes": (MOST, 4), "scores": (MOST,), "logits": (MOST, len(self.names))}
        boxes, scores, logits = (each[0] for each in self._graph.run(shapes, picture[None]))
        kept = scores > 0  # what fills up to `MOST`
        return boxes[kept], scores[kept], logits[kept]

    def _find(self, pixels: np.ndarray, least: float) -> tuple[MaskedFace, ...]:
        picture, scale = letterbox(pixels, self.config.input_size[0])
        boxes, scores, logits = self.raw(picture)
        kept = scores >= least
        high, wide = pixels.shape[:2]
        corners = np.clip(boxes[kept] / scale, 0, [wide, high, wide, high])
        sides = corners[:, 2:] - corners[:, :2]
        there = (sides > 0).all(1)
        found = [
            self.face(Box(*map(float, (*corner[:2], *side))), float(min(score, 1)), each)
            for corner, side, score, each in zip(
                corners[there], sides[there], scores[kept][there], logits[kept][there], strict=True
            )
        ]
        return tuple(sorted(found, key=lambda face: -face.side))

    def face(self, box: Box, confidence: float, logits: np.ndarray) -> MaskedFace:
        """A face of which the graph says this; `box` in pixels of the photo."""
        return MaskedFace(box, confidence, self._probabilities(logits), logits, self.names)

    def _probabilities(self, logits: np.ndarray) -> np.ndarray:
        scaled = np.clip(logits / self.config.temperature, -80, 80)
        powers = np.exp(scaled - scaled.max(-1, keepdims=True))
        return (powers / powers.sum(-1, keepdims=True)).astype(np.float32)

    def blend(self, before: MaskedFace, after: MaskedFace, share: float) -> MaskedFace:
        """Interpolate the logits of two answers about one face; the box is that of `after`."""
        logits = before.logits + share * (after.logits - before.logits)
        return self.face(after.box, after.confidence, logits)

    def label(self, name: str) -> str:
        """The label of the class `name` for readers: "No mask"."""
        return LABELS.get(name, super().label(name))

    def reference(self, face: Face) -> np.ndarray:
        """The class logits of the surest box in the bundled photo, which is seen whole."""
        del face
        (found,) = self.predict([read_photo(PHOTO)], min_score=0.0)
        # A network that finds nothing there answers zeros, on every machine.
        nothing = np.zeros(len(self.names), np.float32)
        return max(found, key=lambda each: each.confidence).logits if found else nothing

    def check_style(self, style: Style) -> None:
        """Refuse a threshold that is neither "half" nor a number from 0 to 1."""
        _ = style.sure

    @cached_property
    def _graph(self) -> Network:
        side = self.config.input_size[0]
        graph = open_graph(self.bundle, (side, side, 3))
        shapes = {"boxes": [MOST, 4], "scores": [MOST], "logits": [MOST, len(self.names)]}
        ((_, kind, takes), *others) = graph.takes
        if (
            others
            or kind != "tensor(uint8)"
            or len(takes) != 3
            or takes[2] != 3
            or any(graph.gives.get(name) != shape for name, shape in shapes.items())
        ):
            raise BundleError(f"The graph of {self.bundle.folder} does not fit its config.json.")
        return graph


def every_class(boxes: np.ndarray, scores: np.ndarray, names: Sequence[str]) -> Answers:
    """Boxes (n, 4) with a score for each class, (n, classes), as answers of one class each."""
    scores = scores.reshape(-1, len(names))
    rows, columns = np.nonzero(scores >= FAINT)
    return Answers(
        boxes.reshape(-1, 4)[rows], [names[i] for i in columns.tolist()], scores[rows, columns]
    )


def _pixels(photo: Photo | Face | np.ndarray) -> np.ndarray:
    pixels = photo if isinstance(photo, np.ndarray) else getattr(photo, "pixels", None)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ValueError("a photo is uint8 (h, w, 3)")
    return pixels
