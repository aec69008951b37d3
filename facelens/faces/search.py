"""Search a large photo for small faces: level by level, each finer, in tiles of bounded size.

The first look is at the whole photo, shrunk to a detector's side, and shows every face of an
ordinary photo. Only if it shows none, or faces so small that others may be smaller still, the
search goes on at a finer level, down to `FINEST` pixels; where faces are large, it costs nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, log, sqrt

import numpy as np

from facelens.faces import align
from facelens.faces.boxes import bounded, distinct, nms
from facelens.faces.face import Detection

# Pixels of the finest level, for which the sides of 24 megapixels are more than halved. A face that
# is wide enough for an answer without a hint (`quality.SMALLEST_WIDTH`) is 18 pixels wide there.
FINEST = 5_000_000
# A level has at most this many times the side of the level before, so that what the one begins to
# miss is still small in the tiles of the next.
STEP = 3.0
TILE = 1024  # pixels; what a detector holds in memory grows with it, not with the photo
# A photo that is hardly larger than the first look shows nothing more at its full size.
WORTHWHILE = 1.2
# A face this many times as wide as the narrowest that a level shows reliably has no smaller ones
# around it that are worth the time.
LARGE = 1.75
# Tiles share this many times that width, brought to the finer scale: no face is cut by all of them.
SHARED = 1.5
# Of faces that are narrower than `LARGE` those below this share of it are within the largest box of
# the finer level, which is a quarter wider than a face.
AGAIN = SHARED / 1.25 / LARGE


@dataclass(frozen=True, eq=False)
class Tile:
    """A part of a photo, shrunk. `x`, `y`: its upper left corner in the shrunk photo.

    `pixels`: uint8, (h, w, 3) or (h, w). `factor`: photo pixels per pixel. `largest`: width in
    pixels of the largest box that coarser levels can miss; 0 at the first look.
    """

    pixels: np.ndarray
    factor: float
    x: int = 0
    y: int = 0
    largest: int = 0

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """Take (..., 2) points of the tile to photo pixels."""
        return np.asarray((points + (self.x, self.y) + 0.5) * self.factor - 0.5, np.float32)

    @property
    def from_photo(self) -> np.ndarray:
        """The 2x3 that takes photo pixels to the tile's."""
        shift = 0.5 / self.factor - 0.5
        return np.array(
            [[1 / self.factor, 0, shift - self.x], [0, 1 / self.factor, shift - self.y]],
            np.float32,
        )


def finer(
    pixels: np.ndarray,
    side: int,
    narrowest: float,
    found: list[Detection],
    look: Callable[[Tile], list[Detection]],
) -> list[Detection]:
    """Add to `found`, a detector's first look, what finer levels show.

    Args:
        pixels: the photo, uint8 (h, w, 3) or (h, w).
        side: longest side of the first look, in pixels.
        narrowest: width of the narrowest face that the detector reliably detects, in pixels.
        found: faces of the first look.
        look: detects the faces of a tile.
    """
    height, width = pixels.shape[:2]
    first = max(height, width) / side
    last = max(1.0, sqrt(height * width / FINEST))
    if first < WORTHWHILE * last:
        return found
    levels = ceil(log(first / last) / log(STEP))
    factor, step = first, (first / last) ** (1 / levels)
    for _ in range(levels):
        large = LARGE * narrowest * factor
        if found and min(align.face_box(f.warp).w for f in found) >= large:
            break
        factor /= step
        parts = tiles(pixels, factor, ceil(SHARED * narrowest * step))
        found = _merge(found, nms([face for tile in parts for face in look(tile)]), large)
    return found


def tiles(pixels: np.ndarray, factor: float, shared: int) -> Iterator[Tile]:
    """Shrink a photo by `factor` and cut it into tiles that share `shared` pixels."""
    small, factor = bounded(pixels, round(max(pixels.shape[:2]) / factor))
    rows, columns = (list(_parts(side, shared)) for side in small.shape[:2])
    for top, bottom in rows:
        for left, right in columns:
            part = np.ascontiguousarray(small[top:bottom, left:right])
            yield Tile(part, factor, left, top, shared)


def _parts(side: int, shared: int) -> Iterator[tuple[int, int]]:
    """Split a side into equal parts of at most `TILE` pixels that overlap by `shared`."""
    count = max(1, ceil((side - shared) / (TILE - shared)))
    length = ceil((side + (count - 1) * shared) / count)
    for n in range(count):
        start = round(n * (side - length) / max(count - 1, 1))
        yield start, start + length


def _merge(coarse: list[Detection], fine: list[Detection], large: float) -> list[Detection]:
    """Join two levels: faces of at least `large` pixels of the coarser one, others of the finer.

    What the finer level shows inside a large face is one of its eyes, or its mouth. What it would
    show and does not show again was no face; a wider one stays.
    """
    boxes = [align.face_box(face.warp) for face in coarse]
    wide = [box for box in boxes if box.w >= large]
    kept = [face for face, box in zip(coarse, boxes, strict=True) if box.w >= AGAIN * large]
    fine = [f for f in fine if not any(box.holds(align.face_box(f.warp).centre) for box in wide)]
    return distinct([*(f for f in kept if align.face_box(f.warp).w >= large), *fine, *kept])
