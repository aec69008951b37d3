"""What detectors find on aligned faces, which boxes are wrong, what straightening is worth."""

import csv
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from facelens.data.synthetic import Placed, match, place_on_canvas
from facelens.errors import DataError, DetectorError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Box, Face, align, detect, find_faces
from facelens.lessons.plots import AMBER, GREY, INK, SERIES, TEAL, bars
from facelens.metrics import resample_people, wilson
from facelens.photo import Photo
from facelens.tasks.attributes.model import AttributeModel

if TYPE_CHECKING:
    from facelens.training.data import Store

log = logging.getLogger(__name__)

CASCADES = ("default", "alt", "alt2")
# Share of aligned CelebA kept by minNeighbors, at scaleFactor 1.2 and minSize 60, as published.
PUBLISHED = {10: 86.7, 20: 73.0}
PUBLISHED_SCALE, PUBLISHED_SIZE = 1.2, 60
KINDS = ("whole face", "part of the face", "elsewhere")
_COLOURS = (TEAL, AMBER, GREY)
_EPSILON = 0.2  # how alike windows are that OpenCV groups (GROUP_EPS in cascadedetect.cpp)
_WIDTHS = 10  # pixels of one bar of a histogram

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
        edges = np.arange(0, CROP_WIDTH + _WIDTHS, _WIDTHS)
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
    apart = round(row["kept_percent"] - share, 2) if share else ""
    return {**row, "published_percent": share, "difference": apart}


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
        found = [finder.find(np.ascontiguousarray(picture)) for picture in pictures]
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
    ways |= {f"facelens {name}": finder.find for name, finder in finders().items()}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for picture in map(np.ascontiguousarray, pictures):
        for name, way in ways.items():
            started = time.perf_counter()
            way(picture)
            taken[name].append(1000 * (time.perf_counter() - started))
    return {name: float(np.median(spent)) for name, spent in taken.items()}


def moved(
    crop: np.ndarray, *, turn: float = 0.0, shift: float = 0.0, zoom: float = 1.0
) -> np.ndarray:
    """Disturb an aligned crop about the middle of its face, its edge pixels repeated.

    `turn`: degrees, anticlockwise. `shift`: pixels to the right. `zoom`: above 1 is nearer.
    """
    warp = cv2.getRotationMatrix2D(align.TEMPLATE_BOX.centre, turn, zoom)
    warp[0, 2] += shift
    return align.align_face(np.ascontiguousarray(crop), np.asarray(warp, np.float32))


def example(pictures: Sequence[np.ndarray], *, seed: int = 0) -> tuple[Placed, Face]:
    """The first picture that is framed with a turn of at least 15 degrees and found again."""
    for i, picture in enumerate(pictures):
        framed = place_on_canvas(np.ascontiguousarray(picture), seed, i)
        turn = np.degrees(np.arctan2(framed.warp[1, 0], framed.warp[0, 0]))
        face, _ = match(framed, find_faces(Photo(framed.canvas)))
        if face is not None and abs(turn) >= 15 and framed.width > 120:
            return framed, face
    raise DataError("No loosely framed face was found: take more pictures.")


def upright(photo: Photo, box: Box) -> np.ndarray:
    """Cut a face out by its box alone, at the template's size: moved and scaled, not turned."""
    scale = align.TEMPLATE_BOX.w / box.w
    x, y = np.subtract(align.TEMPLATE_BOX.centre, np.multiply(box.centre, scale))
    return align.align_face(photo.pixels, np.array([[scale, 0, x], [0, scale, y]], np.float32))


def tight(photo: Photo, box: Box) -> np.ndarray:
    """Cut out no more than a face's box, at the template's size: what many programs do."""
    scale = CROP_WIDTH / box.w
    x, y = np.subtract((CROP_WIDTH / 2, CROP_HEIGHT / 2), np.multiply(box.centre, scale))
    return align.align_face(photo.pixels, np.array([[scale, 0, x], [0, scale, y]], np.float32))


def answers(model: AttributeModel, crops: Sequence[np.ndarray], faces: "Store") -> np.ndarray:
    """The network's yes or no to every question of `faces`, bool (n, attributes)."""
    said = np.stack([prediction.probabilities for prediction in model.predict(crops)])
    return said[:, [model.names.index(name) for name in faces.names]] >= 0.5


def disturb(
    model: AttributeModel, faces: "Store", changes: Mapping[str, Sequence[float]]
) -> list[dict[str, Any]]:
    """What turning, shifting or zooming every crop does to the answers, a row each.

    `accuracy` is the mean over faces and attributes, `changed` the share of answers that differ
    from those on the crops as they are.

    Args:
        changes: amounts for `turn`, `shift` or `zoom` of `moved`.
    """
    before = answers(model, list(faces.images), faces)
    rows = []
    for change, amounts in changes.items():
        for amount in amounts:
            crops = [moved(crop, **{change: amount}) for crop in faces.images]
            after = answers(model, crops, faces)
            rows.append(
                {
                    "change": change,
                    "amount": amount,
                    **_mean((after == faces.labels).mean(1), faces.people),
                    "changed": float((after != before).mean()),
                }
            )
    return rows


def served(
    model: AttributeModel, faces: "Store", *, seed: int = 0, detector: str | None = None
) -> list[dict[str, Any]]:
    """Mean accuracy on loosely framed faces by how each is cut out, a row each.

    Only faces that the detector finds count, so that all ways answer about the same faces.
    """
    rows, straight, plain, close = [], [], [], []
    for i, crop in enumerate(faces.images):
        framed = place_on_canvas(np.ascontiguousarray(crop), seed, i)
        face, _ = match(framed, find_faces(Photo(framed.canvas), detector=detector))
        if face is not None:
            rows.append(i)
            straight.append(face.crop)
            plain.append(upright(Photo(framed.canvas), face.box))
            close.append(tight(Photo(framed.canvas), face.box))
    if not rows:
        raise DataError("No face was found in the loosely framed pictures.")
    seen = faces.take(np.array(rows))
    ways = {
        "the data set's own crop": list(seen.images),
        "box, points, straightened": straight,
        "box, framed alike, not turned": plain,
        "the box and nothing else": close,
    }
    return [
        {
            "way": way,
            "faces": len(rows),
            **_mean((answers(model, crops, seen) == seen.labels).mean(1), seen.people),
        }
        for way, crops in ways.items()
    ]


def _mean(values: np.ndarray, people: np.ndarray) -> dict[str, float]:
    """A mean over faces with its 95 % interval by bootstrap over people."""
    weights = resample_people(people, draws=500)
    low, high = np.percentile(weights @ values / weights.sum(1), [2.5, 97.5])
    return {"accuracy": float(values.mean()), "low": float(low), "high": float(high)}


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a results file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def kept_figure(
    rows: Sequence[Mapping[str, Any]], *, name: str = "default", how: str = "grey"
) -> Figure:
    """Share of pictures kept against minNeighbors: a panel a minSize, a line a scaleFactor."""
    rows = [row for row in rows if row["cascade"] == name and row["look"] == how]
    sizes = sorted({int(row["min_size"]) for row in rows})
    factors = sorted({float(row["scale_factor"]) for row in rows})
    figure, axes = plt.subplots(
        1, len(sizes), figsize=(1 + 2.6 * len(sizes), 3), sharey=True, squeeze=False
    )
    for axis, size in zip(axes[0], sizes, strict=True):
        for colour, factor in zip(SERIES, factors, strict=False):
            line = sorted(
                (int(row["min_neighbors"]), float(row["kept_percent"]))
                for row in rows
                if int(row["min_size"]) == size and float(row["scale_factor"]) == factor
            )
            axis.plot(*zip(*line, strict=True), "o-", color=colour, label=f"scaleFactor {factor}")
        if size == PUBLISHED_SIZE:
            axis.plot(*zip(*PUBLISHED.items(), strict=True), "D", color=INK, mfc="none",
                      label=f"published, {PUBLISHED_SCALE}")  # fmt: skip
        axis.set(title=f"minSize {size}", xlabel="minNeighbors")
    axes[0, 0].set_ylabel("pictures kept, %")
    handles = {label: h for a in axes[0] for h, label in zip(*a.get_legend_handles_labels())}  # noqa: B905
    axes[0, 0].legend(handles.values(), handles.keys(), fontsize=8)
    return figure


def published_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """What every variant keeps at the published settings, beside the published shares."""
    rows = [row for row in rows if row["published_percent"]]
    names = list(dict.fromkeys(f"{row['cascade']}, {row['look']}" for row in rows))
    figure, axis = plt.subplots(figsize=(8, 1 + 0.32 * len(names)))
    for (count, share), colour in zip(PUBLISHED.items(), (TEAL, AMBER), strict=True):
        axis.axvspan(share - 3, share + 3, color=colour, alpha=0.12, lw=0)
        axis.axvline(share, color=colour, ls="--", lw=1)
        mine = [row for row in rows if int(row["min_neighbors"]) == count]
        places = [names.index(f"{row['cascade']}, {row['look']}") for row in mine]
        kept, low, high, one = (
            np.array([float(row[key]) for row in mine])
            for key in ("kept_percent", "low", "high", "one_percent")
        )
        axis.errorbar(kept, places, xerr=np.abs([kept - low, high - kept]), fmt="o", color=colour,
                      ecolor=GREY, label=f"minNeighbors {count}: a box")  # fmt: skip
        axis.plot(one, places, "|", color=colour, ms=12, label="exactly one box")
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlabel("pictures kept, %")
    axis.legend(fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))
    return figure


def price_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """What a minSize saves in wrong boxes, and what it costs in pictures."""
    figure, axis = plt.subplots(figsize=(6, 3))
    sizes = [int(row["min_size"]) for row in rows]
    wrong = [float(row["false_percent"]) for row in rows]
    lost = [100 - float(row["kept_percent"]) for row in rows]
    axis.plot(sizes, wrong, "o-", color=AMBER, label="boxes that are wrong")
    axis.plot(sizes, lost, "s-", color=TEAL, label="pictures without a box")
    axis.set(xlabel="minSize, pixels", ylabel="%", xticks=sizes)
    axis.set_ylim(bottom=0)
    axis.legend()
    return figure


def compare_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Pictures kept and wrong boxes of Facelens' detectors."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 0.9 + 0.4 * len(rows)), sharey=True)
    names = [row["detector"] for row in rows]
    for axis, key, label in zip(
        axes, ("kept_percent", "false_percent"), ("pictures kept, %", "boxes that are wrong, %"),
        strict=True,
    ):  # fmt: skip
        bars(names, [float(row[key]) for row in rows], label=label, axis=axis)
        for i, row in enumerate(rows):
            axis.text(float(row[key]), i, f" {float(row[key]):.1f}", va="center")
        axis.margins(x=0.15)
    return figure


def size_figure(rows: Sequence[Mapping[str, Any]], *, name: str = "default") -> Figure:
    """How wide the boxes are, by whether they hold the face; a panel a minNeighbors."""
    rows = [row for row in rows if row["cascade"] == name]
    counts = sorted({int(row["min_neighbors"]) for row in rows})
    figure, axes = plt.subplots(
        1, len(counts), figsize=(1 + 2.8 * len(counts), 3), squeeze=False, sharey=True
    )
    for axis, count in zip(axes[0], counts, strict=True):
        _stacked(axis, [row for row in rows if int(row["min_neighbors"]) == count])
        axis.set(title=f"minNeighbors {count}", xlabel="width of the box, pixels")
        axis.set_yscale("symlog", linthresh=1)
    axes[0, 0].set_ylabel("boxes")
    axes[0, 0].legend(fontsize=8)
    return figure


def _stacked(axis: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    for i, name in enumerate(KINDS):
        mine = [row for row in rows if row["kind"] == name]
        left = np.array([int(row["width"]) for row in mine]) + (i + 0.5) * _WIDTHS / 3.3
        axis.bar(left, [int(row["boxes"]) for row in mine], _WIDTHS / 3.3, color=_COLOURS[i],
                 label=name)  # fmt: skip


def boxes_figure(windows: Windows, pictures: Sequence[np.ndarray], min_neighbors: int) -> Figure:
    """Where the wrong boxes lie on the mean of all pictures, and how far from the eyes."""
    boxes = np.concatenate(windows.boxes(windows.smallest, min_neighbors))
    kinds = kind(boxes)
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(8, 4), gridspec_kw={"width_ratios": [1, 1.7]}
    )
    left.imshow(np.mean(pictures, axis=0).astype(np.uint8))
    left.axis("off")
    for (x, y, w, h), colour in zip(boxes, np.array(_COLOURS)[kinds], strict=True):
        if colour != TEAL:
            left.add_patch(Rectangle((x, y), w, h, fill=False, color=colour, alpha=0.5, lw=0.8))
    left.set_title("wrong boxes on the mean face")
    eyes = align.TEMPLATE[:2].mean(0)
    away = np.hypot(*(boxes[:, :2] + boxes[:, 2:] / 2 - eyes).T)
    for i, name in enumerate(KINDS):
        right.scatter(boxes[kinds == i, 2], away[kinds == i], s=10, alpha=0.6, color=_COLOURS[i],
                      label=name)  # fmt: skip
    right.set(xlabel="width of the box, pixels", ylabel="from its middle to mid-eyes, pixels")
    right.legend(fontsize=8)
    return figure


def wrong_figure(
    windows: Windows, pictures: Sequence[np.ndarray], min_neighbors: int, *, count: int = 16
) -> Figure:
    """Wrong boxes in their pictures, parts of a face first, from the smallest to the largest."""
    boxes = windows.boxes(windows.smallest, min_neighbors)
    wrong = [
        (what, tuple(box), i)
        for i, each in enumerate(boxes)
        for box, what in zip(each, kind(each), strict=True)
        if what
    ]
    parts = sorted(wrong, key=lambda w: (w[0], w[1][2]))
    shown = (
        [parts[i] for i in np.unique(np.linspace(0, len(parts) - 1, count).astype(int))]
        if parts
        else []
    )
    columns = 8
    rows = max(1, -(-len(shown) // columns))
    figure, axes = plt.subplots(
        rows, columns, figsize=(1.25 * columns, 0.3 + 1.6 * rows), squeeze=False
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, (what, (x, y, w, h), i) in zip(axes.flat, shown, strict=False):
        axis.imshow(pictures[i])
        axis.add_patch(Rectangle((x, y), w, h, fill=False, color=_COLOURS[what], lw=2))
        axis.set_title(f"{w} px", fontsize=8, loc="center")
    figure.suptitle(f"{len(parts)} wrong boxes in {len(pictures)} pictures", fontsize=10)
    return figure


def road_figure(framed: Placed, face: Face) -> Figure:
    """The road of one face: box, five points, and the crop without and with the turn."""
    figure, axes = plt.subplots(
        1, 4, figsize=(11, 2.8), gridspec_kw={"width_ratios": [1.35, 1.35, 0.82, 0.82]}
    )
    photo = Photo(framed.canvas)
    titles = ("1. a box", "2. five points", "box only", "3. straightened")
    shown = (photo.pixels, photo.pixels, upright(photo, face.box), face.crop)
    for axis, title, picture in zip(axes, titles, shown, strict=True):
        axis.imshow(picture)
        axis.set_title(title)
        axis.axis("off")
    axes[0].add_patch(Rectangle(face.box[:2], face.box.w, face.box.h, fill=False, color=TEAL, lw=2))
    corners = np.array([[0, 0], [CROP_WIDTH, 0], [CROP_WIDTH, CROP_HEIGHT], [0, CROP_HEIGHT]])
    frame_of = align.apply(align.invert(face.warp), corners)
    axes[1].fill(*frame_of.T, fill=False, edgecolor=AMBER, lw=1.5)
    axes[1].set(xlim=(0, photo.width), ylim=(photo.height, 0))
    axes[1].scatter(*face.landmarks.T, s=18, color=TEAL, edgecolor="white", lw=0.6)
    for axis in axes[2:]:
        axis.scatter(*align.TEMPLATE.T, s=40, facecolor="none", edgecolor="white", lw=1)
    return figure


def disturb_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Accuracy, and the share of changed answers, against how far the crops were disturbed."""
    units = {"turn": "turned by, degrees", "shift": "shifted by, pixels", "zoom": "zoomed, times"}
    changes = list(dict.fromkeys(row["change"] for row in rows))
    figure, axes = plt.subplots(
        2, len(changes), figsize=(1 + 2.8 * len(changes), 4.6), sharey="row", sharex="col",
        squeeze=False,
    )  # fmt: skip
    for (above, below), change in zip(axes.T, changes, strict=True):
        mine = sorted((r for r in rows if r["change"] == change), key=lambda r: r["amount"])
        amounts = [row["amount"] for row in mine]
        low, high = ([100 * row[end] for row in mine] for end in ("low", "high"))
        above.fill_between(amounts, low, high, color=TEAL, alpha=0.15, lw=0)
        above.plot(amounts, [100 * row["accuracy"] for row in mine], "o-", color=TEAL)
        below.plot(amounts, [100 * row["changed"] for row in mine], "o-", color=AMBER)
        below.set_xlabel(units[change])
    axes[0, 0].set_ylabel("mean accuracy, %")
    axes[1, 0].set_ylabel("answers changed, %")
    return figure


def served_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Mean accuracy by how loosely framed faces were cut out, with 95 % intervals."""
    figure, axis = plt.subplots(figsize=(7, 1 + 0.3 * len(rows)))
    values, low, high = (
        np.array([100 * row[key] for row in rows]) for key in ("accuracy", "low", "high")
    )
    places = np.arange(len(rows))
    axis.errorbar(values, places, xerr=(values - low, high - values), fmt="o", color=TEAL,
                  ecolor=GREY)  # fmt: skip
    axis.set_yticks(places, [row["way"] for row in rows])
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlabel(f"mean accuracy on {rows[0]['faces']} faces, %")
    return figure
