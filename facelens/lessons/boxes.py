"""What lesson 12 computes about detectors: grids, suppression, precision and recall."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facelens.data.boxes import BoxedPhoto, boxed_photos
from facelens.errors import BundleError, DownloadError
from facelens.faces import align, detect, find_faces
from facelens.faces.boxes import bounded
from facelens.faces.own import GREY, OWN_SIDE, STRIDE, Own
from facelens.photo import Photo
from facelens.tasks import load_model
from facelens.tasks.mask.figures import IOUS, Answers, Matches, match, recall
from facelens.tasks.mask.names import LABELS, NAMES
from facelens.tasks.mask.training.augment import Labelled
from facelens.tasks.mask.training.batches import collate
from facelens.tasks.mask.training.detect import as_answers
from facelens.tasks.mask.training.run import MaskRun, data_of, open_run
from facelens.training.finder.measure import overlaps
from facelens.training.finder.train import STRIDES

FACE = "face"
FAINT = 0.02  # of a score, below which a box is no answer
SAME = 0.5  # IoU from which a box is that face
Finder = Callable[[np.ndarray], Answers]


def read(folder: Path, split: str, limit: int | None = None) -> list[BoxedPhoto]:
    """The first photos of a split of the mask set."""
    return boxed_photos(folder, split, NAMES)[:limit]


def counts(photos: Sequence[BoxedPhoto]) -> list[dict[str, Any]]:
    """A row a class: how many boxes there are, and how small."""
    rows = []
    for name in NAMES:
        boxes = [
            box for photo in photos
            for box, label in zip(photo.boxes, photo.labels, strict=True) if label == name
        ]  # fmt: skip
        sides = [float(np.sqrt((box[2:] - box[:2]).prod())) for box in boxes]
        rows.append(
            {"class": LABELS[name], "boxes": len(boxes),
             "median side, px": round(float(np.median(sides)), 1) if sides else "",
             "under 16 px": sum(side < 16 for side in sides)}
        )  # fmt: skip
    return rows


def iou(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes x1, y1, x2, y2."""
    return float(overlaps(np.array(one, float), np.array([other], float))[0])


@dataclass(frozen=True, eq=False)
class Dense:
    """What a one-stage detector says at every point, before suppression.

    `picture`: uint8 (h, w, 3), as the network saw it. `boxes`: (points, 4), in its pixels.
    `scores`: (points,). `maps`: the scores of each stride's grid, (h / stride, w / stride).
    """

    picture: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    maps: dict[int, np.ndarray]


def dense(pixels: np.ndarray, side: int = OWN_SIDE) -> Dense:
    """Everything that our own finder says about a photo, whose longest side becomes `side`."""
    finder = detect.open_detector("own")
    assert isinstance(finder, Own)
    small = bounded(pixels, side)[0]
    height, width = (-(-length // STRIDE) * STRIDE for length in small.shape[:2])
    picture = np.full((height, width, 3), GREY, np.uint8)
    picture[: small.shape[0], : small.shape[1]] = small
    boxes, scores, _ = finder.every_point(picture)
    maps, start = {}, 0
    for stride in STRIDES:
        shape = height // stride, width // stride
        end = start + shape[0] * shape[1]
        maps[stride] = scores[start:end].reshape(shape)
        start = end
    return Dense(picture, boxes, scores, maps)


@dataclass(frozen=True, eq=False)
class Step:
    """A step of non-maximum suppression: the box that stays, and those that go because of it.

    All are numbers of rows; `left`: of those that still wait.
    """

    best: int
    removed: np.ndarray
    left: np.ndarray


def suppression(
    boxes: np.ndarray, scores: np.ndarray, *, least: float = 0.3, overlap: float = 0.4
) -> list[Step]:
    """Non-maximum suppression, a step for each box that stays.

    Of the boxes that wait the best stays, and those that overlap it by more than `overlap` go.
    """
    waiting = np.flatnonzero(scores >= least)
    waiting = waiting[np.argsort(-scores[waiting], kind="stable")]
    steps = []
    while len(waiting):
        best, others = int(waiting[0]), waiting[1:]
        near = overlaps(boxes[best], boxes[others]) > overlap
        waiting = others[~near]
        steps.append(Step(best, others[near], waiting))
    return steps


def by_own(pixels: np.ndarray) -> Answers:
    """The faces of a photo by our own finder, at twice its side, since most of them are small."""
    finder = detect.open_detector("own")
    assert isinstance(finder, Own)
    small, factor = bounded(pixels, 2 * OWN_SIDE)
    boxes, scores, _ = finder.answers(np.ascontiguousarray(small), FAINT)
    return Answers(boxes.astype(float) * factor, [FACE] * len(boxes), scores.astype(float))


def by_haar(pixels: np.ndarray) -> Answers:
    """The faces of a photo by the cascades."""
    faces = find_faces(Photo(pixels), detector="haar")
    corners = [[x, y, x + w, y + h] for x, y, w, h in (align.face_box(f.warp) for f in faces)]
    scores = np.array([face.confidence for face in faces], float)
    return Answers(np.array(corners, float).reshape(-1, 4), [FACE] * len(faces), scores)


def trained(
    photos: tuple[Sequence[BoxedPhoto], Sequence[BoxedPhoto]],
    runs: Path,
    *,
    epochs: int | None = None,
) -> MaskRun:
    """The run of the small level, trained on the first photos unless it is already."""
    run = open_run(
        runs / "boxes", "small", epochs=epochs, data=data_of(photos), start="random"
    )  # fmt: skip
    run.train(photos, from_scratch=True)
    return run


def by_run(run: MaskRun) -> Finder:
    """What a trained run finds."""
    import torch

    from facelens.tasks.mask.model import letterbox

    network, side = run.network(), run.recipe.how.side

    def find(pixels: np.ndarray) -> Answers:
        picture, scale = letterbox(pixels, side)
        batch, _ = collate([Labelled(picture, np.zeros((0, 5), np.float32))])
        with torch.inference_mode():
            found = as_answers(network(batch)[0], scale)
        return Answers(found.boxes, [FACE] * len(found.boxes), found.scores)

    return find


def finders(run: MaskRun, bundle: str | None = None) -> dict[str, Finder]:
    """Every detector that is here: the mask network too, if one is embedded or `bundle` names it.

    The mask network's classes count as one: a face.
    """
    found: dict[str, Finder] = {"cascades": by_haar, "our finder": by_own, "yours": by_run(run)}
    with suppress(BundleError, DownloadError):
        model = load_model(bundle, task="mask")

        def by_mask(pixels: np.ndarray) -> Answers:
            (faces,) = model.predict([pixels], min_score=FAINT)
            corners = np.array([face.corners for face in faces], float).reshape(-1, 4)
            scores = np.array([face.confidence for face in faces], float)
            return Answers(corners, [FACE] * len(faces), scores)

        found["mask network"] = by_mask
    return found


def answers(found: Mapping[str, Finder], photos: Sequence[BoxedPhoto]) -> dict[str, list[Answers]]:
    """What each detector finds in each photo."""
    pixels = [photo.pixels for photo in photos]
    return {name: [find(each) for each in pixels] for name, find in found.items()}


def as_faces(photos: Sequence[BoxedPhoto]) -> list[BoxedPhoto]:
    """The same photos, each box only a face."""
    return [
        BoxedPhoto(photo.name, photo.data, photo.boxes, (FACE,) * len(photo.labels))
        for photo in photos
    ]


def matched(photos: Sequence[BoxedPhoto], found: Sequence[Answers]) -> Matches:
    """Each answer right or wrong, by falling score, as COCO matches them."""
    return match(as_faces(photos), found, [FACE])["all"][FACE]


def ranked(matches: Matches, count: int = 12) -> list[dict[str, Any]]:
    """The surest answers, a row each: right or wrong, and precision and recall down to it."""
    hits, total = matches.hit[0], matches.counts.sum()
    return [
        {"score": round(float(matches.scores[i]), 3), "right": "yes" if hits[i] else "no",
         "right so far": int(hits[: i + 1].sum()),
         "precision": round(float(hits[: i + 1].mean()), 3),
         "recall": round(float(hits[: i + 1].sum() / max(total, 1)), 3)}
        for i in range(min(count, len(hits)))
    ]  # fmt: skip


def curve(matches: Matches, at: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision down to each answer, at the IoU `figures.IOUS[at]`."""
    hits = matches.hit[at].cumsum()
    return hits / max(matches.counts.sum(), 1), hits / np.arange(1, len(hits) + 1)


def precisions(
    photos: Sequence[BoxedPhoto], found: Mapping[str, Sequence[Answers]]
) -> list[dict[str, Any]]:
    """A row a detector: AP50 and AP50-95, in all and for faces of 16 pixels and over."""
    rows = []
    for name, each in found.items():
        by_size = match(as_faces(photos), each, [FACE])
        row: dict[str, Any] = {"detector": name}
        for size, title in (("all", ""), ("over_16", ", 16 px and over")):
            points = by_size[size][FACE].average_precision()
            row[f"AP50{title}"] = round(float(points[0]), 3)
            row[f"AP50-95{title}"] = round(float(points.mean()), 3)
        rows.append(row)
    return rows


def found_by_class(
    photos: Sequence[BoxedPhoto], found: Mapping[str, Sequence[Answers]], least: float = 0.4
) -> list[dict[str, Any]]:
    """A row a detector: the share of each class's faces of 16 pixels and over that it finds.

    What a detector of faces misses no classifier behind it can put right.
    """
    rows = []
    for name, each in found.items():
        row: dict[str, Any] = {"detector": name}
        for label in NAMES:
            of_class = [_only(photo, label) for photo in photos]
            share = recall(of_class, each, [FACE], least)
            row[f"{LABELS[label]} ({share['boxes']})"] = round(share["recall"], 3)
        rows.append(row)
    return rows


def _only(photo: BoxedPhoto, label: str) -> BoxedPhoto:
    large = np.sqrt((photo.boxes[:, 2:] - photo.boxes[:, :2]).prod(1)) >= 16
    kept = np.array([each == label for each in photo.labels], bool) & large
    return BoxedPhoto(photo.name, photo.data, photo.boxes[kept], (FACE,) * int(kept.sum()))


def limits() -> list[float]:
    """The ten IoUs that AP50-95 is the mean over."""
    return [round(float(value), 2) for value in IOUS]
