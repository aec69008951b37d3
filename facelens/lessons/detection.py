"""What detectors find on aligned faces, which boxes are wrong, how long they take."""

import csv
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facelens.errors import DataError, DetectorError
from facelens.faces import CROP_WIDTH, align, detect
from facelens.metrics import wilson

log = logging.getLogger(__name__)

CASCADES = ("default", "alt", "alt2")
# Share of aligned CelebA kept by minNeighbors, at scaleFactor 1.2 and minSize 60, as published.
PUBLISHED = {10: 86.7, 20: 73.0}
PUBLISHED_SCALE, PUBLISHED_SIZE = 1.2, 60
KINDS = ("whole face", "part of the face", "elsewhere")
_EPSILON = 0.2  # how alike windows are that OpenCV groups (GROUP_EPS in cascadedetect.cpp)
BAR_WIDTH = 10  # pixels of one bar of a histogram

# What a cascade is shown of a uint8 (height, width, 3) RGB picture.
LOOKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "grey": lambda pixels: cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY),
    "equalised": lambda pixels: cv2.equalizeHist(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)),
    "red and blue swapped": lambda pixels: cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY),
}


@dataclass(frozen=True)
class Kept:
    """What one setting of a cascade finds on aligned pictures, one face in each.

    `kept`: pictures with a box at all, `one`: with exactly one. `parts` and `elsewhere` count
    the boxes that do not hold the whole face.
    """

    cascade: str
    look: str
    scale_factor: float
    min_size: int
    min_neighbors: int
    images: int
    kept: int
    one: int
    boxes: int
    parts: int
    elsewhere: int

    def row(self) -> dict[str, Any]:
        """The same in percent, with a 95 % interval."""
        low, high = wilson(np.array(self.kept), np.array(self.images))
        return {
            **asdict(self),
            "kept_percent": round(100 * self.kept / self.images, 2),
            "low": round(100 * float(low), 2),
            "high": round(100 * float(high), 2),
            "one_percent": round(100 * self.one / self.images, 2),
            "false_percent": round(100 * (self.parts + self.elsewhere) / max(self.boxes, 1), 2),
        }


@dataclass(frozen=True, eq=False)
class Windows:
    """Every window that a cascade accepted on each picture, before it groups them.

    OpenCV groups windows that lie on each other and drops groups of fewer than `minNeighbors`;
    `minSize` leaves small windows out. So one pass over the pictures answers for any value of
    both, exactly, but for a pixel of rounding in the size of a box.
    """

    cascade: str
    look: str
    scale_factor: float
    smallest: int
    found: tuple[np.ndarray, ...]

    def boxes(self, min_size: int, min_neighbors: int) -> list[np.ndarray]:
        """The boxes of each picture, int (n, 4): x, y, width, height."""
        if min_size < self.smallest:
            raise DataError(f"Windows under {self.smallest} pixels were not looked for.")
        return [_grouped(w[w[:, 2] >= min_size], min_neighbors) for w in self.found]

    def kept(self, min_size: int, min_neighbors: int) -> Kept:
        """Count what this setting keeps, and which boxes are wrong."""
        boxes = self.boxes(min_size, min_neighbors)
        counts = np.array([len(b) for b in boxes])
        kinds = np.bincount(kind(np.concatenate(boxes)), minlength=3)
        return Kept(
            self.cascade, self.look, self.scale_factor, min_size, min_neighbors, len(boxes),
            int((counts > 0).sum()), int((counts == 1).sum()), int(counts.sum()),
            int(kinds[1]), int(kinds[2]),
        )  # fmt: skip

    def sizes(self, min_neighbors: int) -> list[dict[str, Any]]:
        """How many boxes of each width are whole faces, parts of one, or elsewhere."""
        boxes = np.concatenate(self.boxes(self.smallest, min_neighbors))
        kinds = kind(boxes)
        edges = np.arange(0, CROP_WIDTH + BAR_WIDTH, BAR_WIDTH)
        return [
            {
                "cascade": self.cascade,
                "scale_factor": self.scale_factor,
                "min_neighbors": min_neighbors,
                "images": len(self.found),
                "kind": name,
                "width": int(edge),
                "boxes": int(count),
            }
            for i, name in enumerate(KINDS)
            for edge, count in zip(edges, np.histogram(boxes[kinds == i, 2], edges)[0])  # noqa: B905
        ]


def cascade(name: str) -> cv2.CascadeClassifier:
    """Open one of OpenCV's frontal face cascades: `default`, `alt` or `alt2`."""
    folder = Path(cv2.__file__).parent / "data"
    opened = cv2.CascadeClassifier(str(folder / f"haarcascade_frontalface_{name}.xml"))
    if opened.empty():
        raise DetectorError(f"OpenCV brings no frontal face cascade called {name!r}.")
    return opened


def look(
    pictures: Iterable[np.ndarray],
    name: str = "default",
    *,
    scale_factor: float = PUBLISHED_SCALE,
    smallest: int = PUBLISHED_SIZE,
    how: str = "grey",
) -> Windows:
    """Run a cascade over RGB pictures and keep every window that it accepts.

    Args:
        pictures: uint8 (height, width, 3) RGB.
        name: the cascade.
        scale_factor: by how much the window grows from one pass to the next.
        smallest: width of the smallest window, in pixels.
        how: what the cascade sees, one of `LOOKS`.
    """
    opened = cascade(name)
    found = tuple(
        np.array(
            opened.detectMultiScale(
                LOOKS[how](picture), scaleFactor=scale_factor, minNeighbors=0,
                minSize=(smallest, smallest),
            ), int,
        ).reshape(-1, 4)
        for picture in pictures
    )  # fmt: skip
    return Windows(name, how, scale_factor, smallest, found)


def sweep(
    pictures: Sequence[np.ndarray],
    *,
    cascades: Sequence[str] = ("default",),
    scale_factors: Sequence[float] = (1.1, 1.2, 1.4),
    min_sizes: Sequence[int] = (30, 60, 90),
    min_neighbors: Sequence[int] = (1, 3, 5, 10, 20, 30),
    how: str = "grey",
) -> list[dict[str, Any]]:
    """The share of pictures that every combination of settings keeps, a row each."""
    rows = []
    for name in cascades:
        for factor in scale_factors:
            seen = look(pictures, name, scale_factor=factor, smallest=min(min_sizes), how=how)
            rows += [seen.kept(s, n).row() for s in min_sizes for n in min_neighbors]
            log.info("Cascade %s, scaleFactor %s, %s pixels: done.", name, factor, how)
    return rows


def is_published(row: Mapping[str, Any]) -> bool:
    """Whether a row has the settings of which a share was published."""
    return (
        row["scale_factor"] == PUBLISHED_SCALE
        and row["min_size"] == PUBLISHED_SIZE
        and row["min_neighbors"] in PUBLISHED
    )


def with_published(row: dict[str, Any]) -> dict[str, Any]:
    """Put the published share beside ours, and the difference in points, where there is one."""
    share = PUBLISHED[row["min_neighbors"]] if is_published(row) else ""
    difference = round(row["kept_percent"] - share, 2) if share else ""
    return {**row, "published_percent": share, "difference": difference}


def variants(
    pictures: Sequence[np.ndarray], looks: Sequence[str] = ("grey",)
) -> list[dict[str, Any]]:
    """Every cascade at the published settings, the nearest to the published shares first."""
    rows = []
    for name in CASCADES:
        for how in looks:
            seen = look(pictures, name, how=how)
            both = [with_published(seen.kept(PUBLISHED_SIZE, n).row()) for n in PUBLISHED]
            rows.append((max(abs(row["difference"]) for row in both), both))
    return [row for _, both in sorted(rows, key=lambda pair: pair[0]) for row in both]


def _grouped(windows: np.ndarray, min_neighbors: int) -> np.ndarray:
    boxes = cv2.groupRectangles(windows.tolist(), min_neighbors, _EPSILON)[0]
    return np.array(boxes, int).reshape(-1, 4)


def kind(boxes: np.ndarray) -> np.ndarray:
    """Judge boxes (n, 4) on aligned pictures: 0 the whole face, 1 a part of it, 2 elsewhere.

    In an aligned picture the five points lie where CelebA's template has them. A box with all
    five inside is the face; one without, whose middle lies on the face, is a part of it.
    """
    left_top, size = boxes[:, None, :2], boxes[:, None, 2:]
    inside = (left_top <= align.TEMPLATE) & (left_top + size >= align.TEMPLATE)
    x, y, w, h = align.TEMPLATE_BOX
    middle = boxes[:, :2] + boxes[:, 2:] / 2
    on_face = ((middle >= (x, y)) & (middle <= (x + w, y + h))).all(1)
    return np.where(inside.all((1, 2)), 0, np.where(on_face, 1, 2))


def finders() -> dict[str, detect.Detector]:
    """Facelens' own detectors: the cascades, and YuNet where its file is."""
    found = {"haar": detect.open_detector("haar")}
    for spec in (None, "yunet"):
        with suppress(DetectorError):
            finder = detect.open_detector(spec)
            found[finder.name] = finder
    if "yunet" not in found:
        log.info("YuNet's file is not here: `facelens download detector` fetches it.")
    return found


def compare(pictures: Sequence[np.ndarray]) -> list[dict[str, Any]]:
    """What Facelens' detectors find on aligned pictures: kept, and wrong boxes, a row each."""
    rows = []
    for name, finder in finders().items():
        found = [finder.detect(np.ascontiguousarray(picture)) for picture in pictures]
        boxes = [
            np.array([align.face_box(f.warp) for f in faces]).reshape(-1, 4) for faces in found
        ]
        counts, kinds = np.array([len(b) for b in boxes]), kind(np.concatenate(boxes))
        low, high = wilson(np.array((counts > 0).sum()), np.array(len(boxes)))
        rows.append(
            {"detector": name, "images": len(boxes),
             "kept_percent": round(100 * float((counts > 0).mean()), 2),
             "low": round(100 * float(low), 2), "high": round(100 * float(high), 2),
             "one_percent": round(100 * float((counts == 1).mean()), 2),
             "boxes": int(counts.sum()),
             "false_percent": round(100 * float((kinds > 0).sum()) / max(counts.sum(), 1), 2)}
        )  # fmt: skip
    return rows


def times(pictures: Sequence[np.ndarray]) -> dict[str, float]:
    """Median milliseconds a picture: each cascade alone, and Facelens' detectors with their points.

    The ways take turns picture by picture, so that whatever else the machine does slows all alike.
    """
    ways: dict[str, Callable[[np.ndarray], Any]] = {}
    for name in CASCADES:
        find = partial(
            cascade(name).detectMultiScale,
            scaleFactor=PUBLISHED_SCALE,
            minNeighbors=min(PUBLISHED),
            minSize=(PUBLISHED_SIZE, PUBLISHED_SIZE),
        )
        ways[f"cascade {name}"] = lambda picture, find=find: find(LOOKS["grey"](picture))  # type: ignore[misc]
    ways |= {f"facelens {name}": finder.detect for name, finder in finders().items()}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for picture in map(np.ascontiguousarray, pictures):
        for name, way in ways.items():
            started = time.perf_counter()
            way(picture)
            taken[name].append(1000 * (time.perf_counter() - started))
    return {name: float(np.median(spent)) for name, spent in taken.items()}


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a results file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
