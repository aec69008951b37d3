"""Figures of a detector: COCO's average precision, by class and size, and what a threshold means.

Answers are matched to true boxes by pycocotools (Lin et al., 2014), class by class: by falling
score, each to the free true box that it overlaps most, if their IoU reaches the threshold. Average
precision (AP) is the mean of the precision at 101 recalls. Of a size means: true boxes of other
sizes are ignored, not missed, and so are answers of other sizes that match none.
"""

import contextlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from facelens.errors import MissingExtraError
from facelens.metrics import interval, wilson

DRAWS = 1000
IOUS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
THRESHOLDS = np.linspace(0, 1, 101)
# Answers of a class on one photo that are looked at. COCO's 100 would cap the recall on crowds.
MOST = 500
_AT_ONCE = 200  # resamples
# Square root of a box's area in pixels, from and below; COCO's limits are inclusive.
_BELOW, _END = 1e-6, 1e10
SIZES = {
    "under_16": (0, 16**2 - _BELOW),
    "16_to_32": (16**2, 32**2),
    "over_32": (32**2 + _BELOW, _END),
    "over_16": (16**2, _END),
}
_ALL = (0, _END)
# A class is common that has at least this share of all true boxes.
COMMON = 0.1


class Truth(Protocol):
    """A photo's true boxes, as `facelens.data.boxes.BoxedPhoto`: float (n, 4), x1, y1, x2, y2."""

    @property
    def boxes(self) -> np.ndarray: ...
    @property
    def labels(self) -> Sequence[str]: ...


class Answer(Truth, Protocol):
    """A photo's predicted boxes with their scores, float (n,), from 0 to 1."""

    @property
    def scores(self) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Answers:
    """Predicted boxes of a photo; an `Answer`."""

    boxes: np.ndarray
    labels: Sequence[str]
    scores: np.ndarray


@dataclass(frozen=True, eq=False)
class Matches:
    """The answers of one class on all photos, by falling score.

    `scores` float (n,). `photo` int (n,). `hit`, `ignored` bool (10, n), at the IoUs of `IOUS`.
    `counts` int (photos,): true boxes that count.
    """

    scores: np.ndarray
    photo: np.ndarray
    hit: np.ndarray
    ignored: np.ndarray
    counts: np.ndarray

    def average_precision(self) -> np.ndarray:
        """AP at each of `IOUS`, (10,); NaN without a true box."""
        return self.resampled(np.ones((1, len(self.counts)), np.int64))[0]

    def resampled(self, weights: np.ndarray) -> np.ndarray:
        """AP at each of `IOUS` if photos count otherwise, (draws, 10).

        Precision is highest where an answer is right, so only there it is computed: all draws at
        once, from how many answers of each photo are wrong above each right one.

        Args:
            weights: how often each photo counts, int (draws, photos).
        """
        total = weights @ self.counts
        found = np.full((len(weights), len(IOUS)), np.nan)
        right, wrong = self.hit & ~self.ignored, ~(self.hit | self.ignored)
        for i in range(len(IOUS)):
            hits, misses = np.flatnonzero(right[i]), np.flatnonzero(wrong[i])
            above = np.zeros((len(hits) + 1, len(self.counts)), np.float32)
            np.add.at(above, (np.searchsorted(hits, misses), self.photo[misses]), 1)
            above = np.cumsum(above[:-1], 0).T
            for start in range(0, len(weights), _AT_ONCE):
                rows = slice(start, start + _AT_ONCE)
                these = weights[rows].astype(np.float32)
                of_hits = np.cumsum(these[:, self.photo[hits]], 1)
                precision = of_hits / np.maximum(of_hits + these @ above, 1)
                best = np.maximum.accumulate(precision[:, ::-1], 1)[:, ::-1]
                ends = np.concatenate([best, np.zeros((len(best), 1), np.float32)], 1)
                for draw, (reached, end) in enumerate(zip(of_hits, ends, strict=True), start):
                    if total[draw]:
                        recall = reached.astype(np.float64) / total[draw]
                        at = np.searchsorted(recall, RECALLS)
                        found[draw, i] = end[at].mean(dtype=np.float64)
        return found


def match(
    truth: Sequence[Truth], answers: Sequence[Answer], classes: Sequence[str]
) -> dict[str, dict[str, Matches]]:
    """Match answers to the true boxes of the same photos: by size ("all" too), then by class.

    A true box with `difficult` is ignored.

    Raises:
        MissingExtraError: pycocotools is missing.
    """
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError:
        raise MissingExtraError(
            "Measuring boxes needs pycocotools: pip install 'facelens[train]'."
        ) from None

    ranges = {"all": _ALL, **SIZES}
    photos = list(range(len(truth)))
    with contextlib.redirect_stdout(io.StringIO()):  # it reports its progress
        sides = []
        for boxed in (truth, answers):
            side = COCO()
            side.dataset = {
                "images": [{"id": i} for i in photos],
                "categories": [{"id": i} for i in range(len(classes))],
                "annotations": list(_annotations(boxed, classes)),
            }
            side.createIndex()
            sides.append(side)
        coco = COCOeval(*sides, iouType="bbox")
        coco.params.iouThrs = IOUS
        coco.params.maxDets = [MOST]
        coco.params.areaRng = [list(limits) for limits in ranges.values()]
        coco.params.areaRngLbl = list(ranges)
        if photos:
            coco.evaluate()
    found = iter(coco.evalImgs)  # classes, then sizes, then photos
    matched: dict[str, dict[str, Matches]] = {size: {} for size in ranges}
    for name in classes:
        for size in ranges:
            matched[size][name] = _joined([next(found) for _ in photos])
    return matched


def _annotations(boxed: Sequence[Truth], classes: Sequence[str]) -> Iterable[dict[str, Any]]:
    number = 0
    for photo, each in enumerate(boxed):
        scores = getattr(each, "scores", None)
        difficult = getattr(each, "difficult", ()) or [False] * len(each.labels)
        for i, (box, label) in enumerate(zip(each.boxes, each.labels, strict=True)):
            number += 1  # from 1: pycocotools takes 0 for "unmatched"
            x1, y1, x2, y2 = (float(value) for value in box)
            yield {
                "id": number,
                "image_id": photo,
                "category_id": classes.index(label),
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": (x2 - x1) * (y2 - y1),
                "iscrowd": int(difficult[i]),
                **({} if scores is None else {"score": float(scores[i])}),
            }


def _joined(photos: list[dict[str, Any] | None]) -> Matches:
    """What pycocotools found on each photo, None where there is nothing, sorted by score."""
    scores, places, hits, ignored = [np.zeros(0)], [np.zeros(0, np.int64)], [], []
    counts = np.zeros(len(photos), np.int64)
    empty = np.zeros((len(IOUS), 0), bool)
    for i, each in enumerate(photos):
        if each is None:
            continue
        counts[i] = np.count_nonzero(np.asarray(each["gtIgnore"]) == 0)
        scores.append(np.asarray(each["dtScores"], float))
        places.append(np.full(len(each["dtScores"]), i))
        hits.append(np.asarray(each["dtMatches"]).reshape(len(IOUS), -1) > 0)
        ignored.append(np.asarray(each["dtIgnore"]).reshape(len(IOUS), -1) > 0)
    score = np.concatenate(scores)
    order = np.argsort(-score, kind="stable")
    hit, passed = (np.concatenate([empty, *each], 1)[:, order] for each in (hits, ignored))
    return Matches(score[order], np.concatenate(places)[order], hit, passed, counts)


def measure(
    truth: Sequence[Truth],
    answers: Sequence[Answer],
    classes: Sequence[str],
    *,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """All figures of a detector, with 95 % intervals by bootstrap over photos.

    `map50` and `map50_95` are means over the classes that occur; a class has its `count` of true
    boxes. `common`: the same over the classes with a tenth of all boxes.
    """
    matched = match(truth, answers, classes)
    weights = _resamples(len(truth), draws)
    counts = {name: int(found.counts.sum()) for name, found in matched["all"].items()}
    common = [name for name in classes if counts[name] >= COMMON * max(sum(counts.values()), 1)]
    figures = {
        size: _figures(found, weights, [name for name in common if counts[name]])
        for size, found in matched.items()
    }
    return {
        "photos": len(truth),
        "boxes": sum(counts.values()),
        **figures.pop("all"),
        "by_size": figures,
    }


def _figures(matched: dict[str, Matches], weights: np.ndarray, common: list[str]) -> dict[str, Any]:
    """The figures of one size."""
    point = {name: found.average_precision() for name, found in matched.items()}
    drawn = {name: found.resampled(weights) for name, found in matched.items()}

    def mean(names: Iterable[str], columns: slice, key: str) -> dict[str, float]:
        there = [name for name in names if matched[name].counts.any()]
        if not there:
            return {key: np.nan, f"{key}_low": np.nan, f"{key}_high": np.nan}
        value = float(np.mean([point[name][columns].mean() for name in there]))
        several = np.stack([drawn[name][:, columns].mean(1) for name in there])
        absent = np.isnan(several)  # in a resample without a box of this class
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(absent, 0, several).sum(0) / (~absent).sum(0)
        low, high = interval(means)
        return {key: value, f"{key}_low": low, f"{key}_high": high}

    half, every = slice(0, 1), slice(None)
    return {
        **mean(matched, half, "map50"),
        **mean(matched, every, "map50_95"),
        "common": {"names": common, **mean(common, half, "ap50"), **mean(common, every, "ap50_95")},
        "classes": {
            name: {
                **mean([name], half, "ap50"),
                **mean([name], every, "ap50_95"),
                "count": int(found.counts.sum()),
            }
            for name, found in matched.items()
        },
    }


def _resamples(photos: int, draws: int, seed: int = 0) -> np.ndarray:
    """How often each photo is in each resample, int (draws, photos)."""
    rng = np.random.default_rng(seed)
    if not photos:
        return np.zeros((0, 0), np.int64)
    return rng.multinomial(photos, np.full(photos, 1 / photos), size=draws)


def curves(
    truth: Sequence[Truth],
    answers: Sequence[Answer],
    classes: Sequence[str],
    *,
    draws: int = DRAWS,
) -> dict[str, dict[str, list[float]]]:
    """Precision and recall of each class at 101 thresholds of the score, at an IoU of one half.

    Each with `_low` and `_high`, the 95 % interval by bootstrap over photos. NaN where nothing is
    answered, or a class has no true box.
    """
    matched = match(truth, answers, classes)["all"]
    weights = _resamples(len(truth), draws)
    found = {}
    for name, of_class in matched.items():
        passes = of_class.scores[:, None] >= THRESHOLDS - 1e-9  # (answers, 101)
        hit, ignored = of_class.hit[0], of_class.ignored[0]
        right, wrong = (
            _per_photo(passes[kind], of_class.photo[kind], len(truth))
            for kind in (hit & ~ignored, ~(hit | ignored))
        )
        curve = {"threshold": THRESHOLDS.round(2).tolist()}
        once = np.ones((1, len(truth)), np.int64)
        with np.errstate(invalid="ignore", divide="ignore"):
            for key, whole in (("precision", right + wrong), ("recall", of_class.counts[:, None])):
                curve[key] = ((once @ right) / (once @ whole))[0].tolist()
                several = (weights @ right) / (weights @ whole)
                ends = [interval(column) for column in several.T] or [(np.nan, np.nan)] * 101
                curve[f"{key}_low"], curve[f"{key}_high"] = map(list, zip(*ends, strict=True))
        found[name] = curve
    return found


def _per_photo(passes: np.ndarray, photo: np.ndarray, photos: int) -> np.ndarray:
    """Count answers by photo and threshold, int (photos, 101)."""
    counts = np.zeros((photos, len(THRESHOLDS)), np.int64)
    np.add.at(counts, photo, passes)
    return counts


def recall(
    truth: Sequence[Truth],
    answers: Sequence[Answer],
    classes: Sequence[str],
    threshold: float,
    *,
    any_class: bool = False,
) -> dict[str, Any]:
    """The share of true boxes that are found at a threshold, at an IoU of one half.

    Args:
        any_class: a box of another class finds it too.
    """
    if any_class:
        truth, answers, classes = _one_class(truth), _one_class(answers), ["any"]
    matched = match(truth, answers, classes)["all"].values()
    found = sum(int((m.hit[0] & ~m.ignored[0] & (m.scores >= threshold)).sum()) for m in matched)
    count = sum(int(m.counts.sum()) for m in matched)
    low, high = wilson(np.array(found), np.array(count))
    share = found / count if count else np.nan
    return {
        "boxes": count, "found": found, "recall": share, "low": float(low), "high": float(high),
    }  # fmt: skip


def _one_class(boxed: Sequence[Any]) -> list[Any]:
    return [
        Answers(each.boxes, ["any"] * len(each.labels), getattr(each, "scores", None))  # type: ignore[arg-type]
        for each in boxed
    ]
