"""Average precision of boxes against what can be computed by hand, and against a second way."""

import sys
from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("pycocotools", reason="pip install 'facelens[train]'")

from facelens.errors import MissingExtraError
from facelens.tasks.mask import figures
from facelens.tasks.mask.figures import Answers

CLASSES = ("with", "without", "wrong")


@dataclass
class True_:  # noqa: N801 - a true photo
    boxes: np.ndarray
    labels: tuple
    difficult: tuple = ()


def truth(*boxes, label="with", difficult=()):
    return True_(np.array(boxes, float).reshape(-1, 4), (label,) * len(boxes), difficult)


def answers(*scored, label="with"):
    boxes = np.array([box for box, _ in scored], float).reshape(-1, 4)
    return Answers(boxes, (label,) * len(scored), np.array([score for _, score in scored]))


def square(x, side=20.0, y=0.0):
    return (x, y, x + side, y + side)


def found(true, said, **options):
    return figures.measure(true, said, CLASSES, draws=options.pop("draws", 5), **options)


def test_a_false_one_between_two_right_ones():
    # right .9, wrong .8, right .7: precision 1 up to a recall of one half, then 2/3.
    true = [truth(square(0), square(100))]
    said = [answers((square(0), 0.9), (square(200), 0.8), (square(100), 0.7))]
    of = found(true, said)["classes"]["with"]
    assert of["ap50"] == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert of["count"] == 2


def test_nothing_said_nothing_there_and_everything_right():
    true = [truth(square(0)), truth()]
    assert found(true, [answers(), answers()])["map50"] == 0
    right = found(true, [answers((square(0), 0.5)), answers()])
    assert (right["map50"], right["map50_95"]) == (pytest.approx(1), pytest.approx(1))
    assert np.isnan(right["classes"]["wrong"]["ap50"])  # and not zero: there was none
    assert right["classes"]["wrong"]["count"] == 0
    none = found([truth()], [answers((square(0), 0.5))])
    assert np.isnan(none["map50"])
    assert np.isnan(found([], [])["map50"])


def test_a_second_box_on_one_face_and_a_wrong_class_are_false():
    twice = [answers((square(0), 0.9), (square(1), 0.8))]
    right, wrong = figures.match([truth(square(0))], twice, CLASSES)["all"]["with"].hit[0]
    assert (right, wrong) == (True, False)
    said = [answers((square(0), 0.9), label="without")]
    assert found([truth(square(0))], said)["map50"] == 0


def test_a_looser_box_counts_up_to_its_iou():
    # IoU of 20x20 and 20x14: .7, so five of ten thresholds.
    said = [answers(((0, 0, 20, 14.2), 0.9))]
    of = found([truth(square(0))], said)["classes"]["with"]
    assert (of["ap50"], of["ap50_95"]) == (pytest.approx(1), pytest.approx(0.5))


def test_other_sizes_are_ignored_and_not_missed():
    true = [truth(square(0, 10), square(100, 20), square(200, 50))]
    said = [answers((square(100, 20), 0.9), (square(300, 10), 0.8), (square(200, 50), 0.7))]
    sizes = found(true, said)["by_size"]
    assert sizes["16_to_32"]["map50"] == pytest.approx(1)  # the false one is small
    assert sizes["under_16"]["map50"] == 0
    assert sizes["over_32"]["map50"] == pytest.approx(1)
    assert sizes["over_16"]["map50"] == pytest.approx(1)
    counts = {size: each["classes"]["with"]["count"] for size, each in sizes.items()}
    assert counts == {"under_16": 1, "16_to_32": 1, "over_32": 1, "over_16": 2}


def test_difficult_boxes_are_neither_missed_nor_false():
    true = [truth(square(0), square(100), difficult=(False, True))]
    said = [answers((square(100), 0.9), (square(0), 0.8))]
    of = found(true, said)["classes"]["with"]
    assert (of["ap50"], of["count"]) == (pytest.approx(1), 1)


def drawn(photos=40, seed=0):
    """True boxes of three classes and answers that are moved, invented, left out."""
    rng = np.random.default_rng(seed)
    true, said = [], []
    for _ in range(photos):
        n = int(rng.integers(0, 8))
        corner, side = rng.uniform(0, 300, (n, 2)), rng.uniform(6, 60, (n, 1))
        boxes = np.concatenate([corner, corner + side], 1)
        labels = tuple(rng.choice(CLASSES, n, p=[0.7, 0.25, 0.05]))
        true.append(True_(boxes, labels))
        kept = rng.random(n) < 0.8
        moved = boxes[kept] + rng.normal(0, 0.08, (kept.sum(), 4)) * side[kept]
        invented = rng.uniform(0, 300, (3, 2))
        invented = np.concatenate([invented, invented + rng.uniform(6, 60, (3, 1))], 1)
        names = [*np.array(labels)[kept], *rng.choice(CLASSES, 3)]
        scores = np.concatenate([rng.beta(4, 2, kept.sum()), rng.beta(2, 4, 3)])
        said.append(Answers(np.concatenate([moved, invented]), names, scores))
    return true, said


def second_way(true, said, name, at):
    """AP by the definition: greedy by score over all photos, 101 recalls."""
    free = [[box for box, n in zip(t.boxes, t.labels, strict=True) if n == name] for t in true]
    total = sum(map(len, free))
    every = [
        (score, i, box)
        for i, each in enumerate(said)
        for box, n, score in zip(each.boxes, each.labels, each.scores, strict=True)
        if n == name
    ]
    points, right = [], 0
    for place, (_, i, box) in enumerate(sorted(every, key=lambda one: -one[0]), 1):
        overlap = [iou(box, other) for other in free[i]]
        if overlap and max(overlap) >= at:
            free[i].pop(int(np.argmax(overlap)))
            right += 1
        points.append((right / total, right / place))
    return np.mean(
        [max((p for r, p in points if r >= recall), default=0) for recall in figures.RECALLS]
    )


def iou(one, other):
    across = max(0, min(one[2], other[2]) - max(one[0], other[0]))
    down = max(0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return across * down / (sum(areas) - across * down)


def test_a_second_way_of_computing_it_agrees():
    true, said = drawn()
    matched = figures.match(true, said, CLASSES)["all"]
    for name in CLASSES:
        ap = matched[name].average_precision()
        assert [ap[0], ap[5]] == pytest.approx(
            [second_way(true, said, name, 0.5), second_way(true, said, name, 0.75)]
        )


def test_the_means_are_those_that_pycocotools_gives():
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    true, said = drawn(seed=1)
    sides = []
    for each in (true, said):
        side = COCO()
        side.dataset = {
            "images": [{"id": i} for i in range(len(true))],
            "categories": [{"id": i} for i in range(3)],
            "annotations": list(figures._annotations(each, CLASSES)),
        }
        side.createIndex()
        sides.append(side)
    coco = COCOeval(*sides, iouType="bbox")
    coco.evaluate()
    coco.accumulate()
    coco.summarize()
    mine = found(true, said)
    assert [mine["map50_95"], mine["map50"]] == pytest.approx(coco.stats[:2].tolist())


def test_intervals_hold_the_figure_and_are_those_of_resampled_photos():
    true, said = drawn()
    mine = found(true, said, draws=200)
    assert 0 < mine["map50_low"] < mine["map50"] < mine["map50_high"] < 1
    assert mine["common"]["names"] == ["with", "without"]
    of = mine["classes"]
    common = (of["with"]["ap50"] + of["without"]["ap50"]) / 2
    assert mine["common"]["ap50"] == pytest.approx(common)
    assert found(true, said, draws=200)["map50_low"] == mine["map50_low"]
    # A photo of weight two counts as if it stood there twice.
    weights = np.random.default_rng(3).integers(0, 3, len(true))
    rows = np.repeat(np.arange(len(true)), weights)
    twice = figures.match([true[i] for i in rows], [said[i] for i in rows], CLASSES)["all"]
    once = figures.match(true, said, CLASSES)["all"]
    assert once["with"].resampled(weights[None])[0] == pytest.approx(
        twice["with"].average_precision(), abs=0.01
    )


def test_what_a_threshold_means():
    true = [truth(square(0), square(100))]
    said = [answers((square(0), 0.9), (square(200), 0.6), (square(100), 0.3))]
    curve = figures.curves(true, said, CLASSES, draws=5)["with"]
    at = {t: i for i, t in enumerate(curve["threshold"])}
    assert [curve["precision"][at[t]] for t in (0.0, 0.5, 0.9)] == pytest.approx([2 / 3, 0.5, 1])
    assert [curve["recall"][at[t]] for t in (0.3, 0.5, 0.9)] == pytest.approx([1, 0.5, 0.5])
    assert np.isnan(curve["precision"][at[0.95]])
    assert curve["recall"][at[0.95]] == 0
    assert len(curve["recall_low"]) == len(curve["precision_high"]) == 101


def test_the_recall_on_a_photo_with_more_faces_than_coco_looks_at():
    boxes = [square(30 * i, y=30 * j) for i in range(12) for j in range(10)]
    said = [answers(*((box, 0.9 if i % 4 else 0.2) for i, box in enumerate(boxes)))]
    of = figures.recall([truth(*boxes)], said, CLASSES, 0.5)
    assert (of["boxes"], of["found"], of["recall"]) == (120, 90, 0.75)
    assert of["low"] < 0.75 < of["high"]
    other = [Answers(said[0].boxes, ("without",) * 120, said[0].scores)]
    assert figures.recall([truth(*boxes)], other, CLASSES, 0)["found"] == 0
    assert figures.recall([truth(*boxes)], other, CLASSES, 0, any_class=True)["found"] == 120


def test_without_pycocotools_there_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools.coco", None)
    with pytest.raises(MissingExtraError, match="pycocotools"):
        figures.measure([], [], CLASSES)
