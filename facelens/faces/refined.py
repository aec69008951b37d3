"""A network that detects boxes and landmarks, behind it the landmark network that refines them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import cv2
import numpy as np

from facelens.bundles.session import threads
from facelens.faces import align, landmarks, search
from facelens.faces.boxes import bounded, distinct
from facelens.faces.face import MIN_SCORE, SURE_SCORE, Detection


@dataclass(frozen=True, eq=False)
class Settings:
    """How a detector looks and what it believes.

    `side`: longest side of the first look, in pixels; `narrowest`: width in pixels of the narrowest
    face that it reliably detects there. `score`: the least of a face; `finer_score`: the same at
    finer levels; `eager_score`: the same if more of what it gives may be no face. `doubtful`: the
    least of a face that cannot be refined, at the first look and at finer levels. `confirmed`: the
    score below which the landmark network has to confirm a face, the least score there, the same
    if more may be no face, and how still it has to stay (`LandmarkRefiner.confirm`). `upright`: the
    score from which a face that cannot be refined is turned until it can. `weights`: of the five
    landmarks in the first fit; `passes` of the landmark network follow it.
    """

    side: int
    narrowest: float
    score: float
    finer_score: float
    eager_score: float
    doubtful: tuple[float, float]
    confirmed: tuple[float, float, float, float]
    upright: float
    weights: np.ndarray
    passes: int


class RefinedDetector(ABC):
    """Boxes and landmarks of a network, refined one by one; faces on their side are turned."""

    name: str

    def __init__(self) -> None:
        cv2.setNumThreads(threads())
        self._refiner = landmarks.load()

    @property
    @abstractmethod
    def settings(self) -> Settings:
        """How it looks."""

    @abstractmethod
    def _rows(self, small: np.ndarray, floor: float) -> list[tuple[float, np.ndarray]]:
        """Return each face's score, at least `floor`, and landmarks, float32 (5, 2); best first."""

    def detect(
        self, pixels: np.ndarray, *, finer: bool = False, eager: bool = False
    ) -> list[Detection]:
        how = self.settings
        full = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        first = search.Tile(*bounded(pixels, how.side))

        def look(tile: search.Tile) -> list[Detection]:
            floor = how.score if tile is first else how.finer_score
            rows = self._rows(tile.pixels, how.eager_score if eager else floor)
            found = [self._refined(pixels, full, tile.to_photo(row), score) for score, row in rows]
            least = np.inf if eager else how.doubtful[0 if tile is first else 1]
            return [
                face for face in found
                if face.score >= least or self._is_face(face, full, eager=eager)
            ]  # fmt: skip

        found = look(first)
        if finer:
            found = search.finer(pixels, how.side, how.narrowest, found, look)
        # Refined, two boxes may turn out to be one face.
        found = distinct(found)
        sure = [face for face in found if face.fit >= SURE_SCORE]
        if found and len(sure) == len(found):
            return found
        # A face on its side is missed now and then, or its landmarks are.
        lying = self._sideways(pixels, full, first)
        return distinct([*sure, *lying, *found])

    def _is_face(self, found: Detection, full: np.ndarray, *, eager: bool = False) -> bool:
        """Whether the landmark network sees a face there, however often it looks."""
        below, floor, eager_floor, still = self.settings.confirmed
        if found.fit < MIN_SCORE or found.score >= below:
            return found.fit >= MIN_SCORE
        return (
            self._refiner.confirm(full, found.warp, eager_floor if eager else floor, still)[1] > 0
        )

    def _refined(
        self, pixels: np.ndarray, full: np.ndarray, points: np.ndarray, score: float
    ) -> Detection:
        """Refine five landmarks in `full`, the grey photo; turn the face upright if need be."""
        how = self.settings
        warp = align.similarity(points, align.TEMPLATE, how.weights)
        refined, fit = self._refiner(full, warp, how.passes)
        if fit < SURE_SCORE and score >= how.upright:
            upright = self._upright(pixels, full, warp, score)
            if upright:
                return upright
        if fit < MIN_SCORE:
            return Detection(warp, points, score, fit)
        moved = align.apply(align.compose(align.invert(refined), warp), points)
        return Detection(refined, moved, score, fit)

    def _upright(
        self, pixels: np.ndarray, full: np.ndarray, rough: np.ndarray, score: float
    ) -> Detection | None:
        """Turn a face upright and detect it once more there; None if no turn shows a face."""
        turned = self._refiner.turned(full, rough)
        if turned is None:
            return None
        how = self.settings
        rows = self._rows(align.align_face(pixels, turned), how.score)
        if not rows:
            return None
        points = min((row for _, row in rows), key=lambda row: np.abs(row - align.TEMPLATE).sum())
        warp = align.similarity(points, align.TEMPLATE, how.weights)
        refined, fit = self._refiner(full, align.compose(warp, turned), how.passes)
        moved = align.apply(align.compose(align.invert(refined), warp), points)
        return Detection(refined, moved, score, fit) if fit >= SURE_SCORE else None

    def _sideways(
        self, pixels: np.ndarray, full: np.ndarray, first: search.Tile
    ) -> list[Detection]:
        """Detect faces that lie on their side."""
        rows = self._rows(np.ascontiguousarray(np.rot90(first.pixels)), self.settings.score)
        last = first.pixels.shape[1] - 1
        found = [
            self._refined(
                pixels, full, first.to_photo(np.stack([last - row[:, 1], row[:, 0]], 1)), score
            )
            for score, row in rows
        ]
        return [face for face in found if face.fit >= SURE_SCORE and self._is_face(face, full)]
