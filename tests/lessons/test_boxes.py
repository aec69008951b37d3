"""What lesson 12 computes and draws: grids, suppression, precision and recall."""

import numpy as np
import pytest
from helpers import masks

pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("pycocotools", reason="needs the extra `train`: pip install -e '.[train]'")

from matplotlib import pyplot as plt

from facelens.data.boxes import BoxedPhoto
from facelens.lessons import boxes, boxes_figures
from facelens.photo import read_photo
from facelens.tasks.mask.figures import Answers

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[BoxedPhoto]:
    folder = tmp_path_factory.mktemp("masks")
    for split, count in (("train", 12), ("test", 4)):
        masks.write(folder, split, count, seed=count)
    return boxes.read(folder, "train") + boxes.read(folder, "test")


def perfect(photo: BoxedPhoto) -> Answers:
    return Answers(photo.boxes.astype(float), [boxes.FACE] * len(photo.boxes),
                   np.linspace(0.9, 0.8, len(photo.boxes)))  # fmt: skip


def test_iou_is_what_the_exercise_says():
    assert boxes.iou([0, 0, 3, 3], [1, 0, 4, 3]) == pytest.approx(0.5)
    assert boxes.iou([0, 0, 4, 4], [1, 1, 3, 3]) == pytest.approx(0.25)
    assert boxes.iou([0, 0, 1, 1], [2, 2, 3, 3]) == 0
    assert len(boxes_figures.overlap_figure().axes) == 5


def test_suppression_keeps_the_best_of_each_heap_step_by_step():
    heap = np.array(
        [[0, 0, 10, 10], [1, 0, 11, 10], [0, 1, 10, 11], [40, 0, 50, 10], [90, 0, 99, 9]]
    )
    scores = np.array([0.6, 0.9, 0.5, 0.8, 0.1])
    steps = boxes.suppression(heap.astype(float), scores, overlap=0.4)
    assert [step.best for step in steps] == [1, 3], "the last is too faint"
    assert sorted(steps[0].removed.tolist()) == [0, 2]
    assert steps[0].left.tolist() == [3]
    every = boxes.suppression(heap.astype(float), scores, overlap=1.0, least=0)
    assert len(every) == 5


def test_suppression_leaves_what_opencv_leaves():
    import cv2

    random = np.random.default_rng(0)
    corner, size = random.uniform(0, 80, (60, 2)), random.uniform(8, 40, (60, 2))
    scores = random.uniform(0.3, 1, 60)
    ours = boxes.suppression(np.hstack([corner, corner + size]), scores)
    theirs = cv2.dnn.NMSBoxes(np.hstack([corner, size]).tolist(), scores.tolist(), 0.3, 0.4)
    assert [step.best for step in ours] == np.ravel(theirs).tolist()


def test_every_grid_covers_the_photo_and_the_face_lights_up(astronaut):
    seen = boxes.dense(read_photo(astronaut).pixels)
    high, wide = seen.picture.shape[:2]
    for stride, scores in seen.maps.items():
        assert scores.shape == (high // stride, wide // stride)
    assert sum(each.size for each in seen.maps.values()) == len(seen.scores) == len(seen.boxes)
    steps = boxes.suppression(seen.boxes, seen.scores)
    kept = seen.boxes[[step.best for step in steps]] * 512 / max(high, wide)
    on_face = (kept[:, :2] < (203, 101)) & (kept[:, 2:] > (246, 103))
    assert on_face.all(1).sum() == 1, "one box holds both eyes"
    assert len(boxes_figures.grid_figure(seen).axes) == 1 + 3
    assert len(boxes_figures.suppression_figure(seen, steps[:1]).axes) == 2


def test_precision_and_recall_are_those_of_the_exercise(photos):
    true = np.array([[i * 20.0, 0, i * 20 + 10, 10] for i in range(4)])
    four = BoxedPhoto("a", photos[0].data, true, ("with_mask",) * 4)
    corners = np.array([[0.0, 0], [0, 50], [20, 0], [40, 0], [9, 70]])
    found = np.hstack([corners, corners + 10])
    said = Answers(found, [boxes.FACE] * 5, np.linspace(0.9, 0.5, 5))
    matches = boxes.matched([four], [said])
    rows = boxes.ranked(matches)
    assert [row["right"] for row in rows] == ["yes", "no", "yes", "yes", "no"]
    assert [row["precision"] for row in rows] == [1, 0.5, 0.667, 0.75, 0.6]
    assert rows[-1]["recall"] == 0.75
    assert matches.average_precision()[0] == pytest.approx(0.625, abs=0.01)


def test_tables_and_figures_of_a_perfect_detector_and_of_one_that_sees_nothing(photos):
    nothing = Answers(np.zeros((0, 4)), [], np.zeros(0))
    found = {"perfect": [perfect(photo) for photo in photos], "blind": [nothing] * len(photos)}
    rows = boxes.precisions(photos, found)
    assert [row["AP50-95"] for row in rows] == [1, 0]
    by_class = boxes.found_by_class(photos, found)
    assert [set(row.values()) - {row["detector"]} for row in by_class] == [{1.0}, {0.0}]
    assert sum(row["boxes"] for row in boxes.counts(photos)) == sum(len(p.boxes) for p in photos)
    boxes_figures.some(photos)
    boxes_figures.curves(photos, found)
    boxes_figures.limits_figure(photos, found)
    boxes_figures.answered(photos[0], {name: each[0] for name, each in found.items()})


def test_a_run_is_trained_once_and_stands_beside_the_other_detectors(photos, tmp_path):
    run = boxes.trained((photos[:8], photos[8:10]), tmp_path, epochs=1)
    again = boxes.trained((photos[:8], photos[8:10]), tmp_path, epochs=1)
    assert again.history == run.history
    found = boxes.finders(run, str(tmp_path / "no_bundle"))
    assert list(found) == ["cascades", "our finder", "yours"]
    answers = boxes.answers(found, photos[:2])
    assert all(len(each) == 2 for each in answers.values())
    assert {label for each in answers["yours"] for label in each.labels} <= {boxes.FACE}
