"""What the lesson on cropping counts, and that a box alone leaves a face crooked."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("matplotlib", reason="needs the extra `train`: pip install -e '.[train]'")

from pathlib import Path

from matplotlib import pyplot as plt

from facelens.data.synthetic import place_on_canvas
from facelens.errors import DataError, DetectorError
from facelens.faces import align, find_faces
from facelens.lessons import alignment, detection, detection_figures
from facelens.photo import Photo, read_photo
from facelens.training.data import Store

pytestmark = pytest.mark.train
RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"

FACE = (60, 100, 60, 60)
MOUTH = (60, 145, 40, 40)
CORNER = (0, 0, 40, 40)


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def crop(astronaut):
    return find_faces(read_photo(astronaut), detector="haar")[0].crop


def store(images, labels):
    n = len(images)
    names = tuple(f"a{i}" for i in range(labels.shape[1]))
    return Store(np.stack(images), labels, np.arange(n), tuple(map(str, range(n))), names)


class Brightness:
    """A network that says yes where the upper half is brighter than the lower."""

    names = ("a0",)

    def predict(self, pictures):
        return [
            SimpleNamespace(probabilities=np.float32([p[:109].mean() > p[109:].mean()]))
            for p in pictures
        ]


def repeated(*boxes):
    """The windows of one picture: each box found so many times over."""
    return np.array([box for box, times in boxes for _ in range(times)], int).reshape(-1, 4)


@pytest.mark.parametrize("neighbours", [1, 3, 10])
@pytest.mark.parametrize("size", [30, 60])
def test_one_pass_answers_as_opencv_would_for_every_setting(astronaut, size, neighbours):
    pixels = read_photo(astronaut).pixels
    pixels = cv2.resize(pixels, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    seen = detection.look([pixels], "alt2", scale_factor=1.1, smallest=30)
    direct = detection.cascade("alt2").detectMultiScale(
        cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY),
        scaleFactor=1.1, minNeighbors=neighbours, minSize=(size, size),
    )  # fmt: skip
    ours = seen.boxes(size, neighbours)[0]
    assert len(direct) >= 1
    np.testing.assert_allclose(sorted(ours.tolist()), sorted(direct.tolist()), atol=1)


def test_a_box_is_a_face_a_part_of_one_or_elsewhere():
    assert detection.kind(np.array([FACE, MOUTH, CORNER])).tolist() == [0, 1, 2]


def test_kept_counts_pictures_and_wrong_boxes():
    found = (
        repeated((FACE, 12)),
        repeated((FACE, 12), (MOUTH, 4)),
        repeated((MOUTH, 4), (CORNER, 4)),
        repeated(),
    )
    seen = detection.Windows("default", "grey", 1.2, 30, found)
    loose, strict, large = seen.kept(30, 3), seen.kept(30, 10), seen.kept(60, 3)
    assert (loose.kept, loose.one, loose.boxes, loose.parts, loose.elsewhere) == (3, 1, 5, 2, 1)
    assert (strict.kept, strict.one, strict.parts) == (2, 2, 0)
    assert (large.kept, large.parts, large.elsewhere) == (2, 0, 0)
    assert loose.row()["kept_percent"] == 75
    assert loose.row()["false_percent"] == 60
    assert loose.row()["low"] < 75 < loose.row()["high"]


def test_windows_that_were_not_looked_for_are_not_counted_as_missing():
    seen = detection.Windows("default", "grey", 1.2, 60, (repeated((FACE, 12)),))
    with pytest.raises(DataError, match="60 pixels"):
        seen.kept(30, 3)


def test_an_unknown_cascade_is_a_sentence():
    with pytest.raises(DetectorError, match="no frontal face cascade called 'left'"):
        detection.cascade("left")


def test_sizes_count_every_box_once():
    found = (repeated((FACE, 12), (MOUTH, 12)), repeated((CORNER, 12)))
    rows = detection.Windows("default", "grey", 1.2, 30, found).sizes(3)
    counted = {(row["kind"], row["width"]): row["boxes"] for row in rows if row["boxes"]}
    assert counted == {
        ("whole face", 60): 1, ("part of the face", 40): 1, ("elsewhere", 40): 1,
    }  # fmt: skip


def test_only_the_published_settings_are_compared_with_what_was_published():
    seen = detection.Windows("alt2", "grey", 1.2, 60, (repeated((FACE, 12)), repeated()))
    ten = detection.with_published(seen.kept(60, 10).row())
    assert (ten["published_percent"], ten["difference"]) == (86.7, -36.7)
    assert detection.with_published(seen.kept(90, 10).row())["published_percent"] == ""
    assert detection.with_published(seen.kept(60, 3).row())["difference"] == ""


def test_variants_come_nearest_first(crop):
    rows = detection.variants([crop, crop[::-1].copy()])
    assert {row["cascade"] for row in rows} == set(detection.CASCADES)
    gaps = [max(abs(r["difference"]) for r in rows[i : i + 2]) for i in (0, 2, 4)]
    assert gaps == sorted(gaps)


def test_without_yunets_file_its_row_lacks_and_the_command_is_named(crop, caplog):
    with caplog.at_level("INFO", "facelens"):
        rows = detection.compare([crop])
    assert [row["detector"] for row in rows] == ["haar"]
    assert "facelens download detector" in caplog.text
    assert rows[0]["kept_percent"] == 100
    assert rows[0]["false_percent"] == 0


def test_with_yunet_both_are_compared_and_timed(crop, yunet, monkeypatch):
    monkeypatch.setenv("FACELENS_DETECTOR", f"yunet:{yunet}")
    assert [row["detector"] for row in detection.compare([crop])] == ["haar", "yunet"]
    taken = detection.times([crop])
    assert list(taken) == [
        "cascade default", "cascade alt", "cascade alt2", "facelens haar", "facelens yunet",
    ]  # fmt: skip
    assert min(taken.values()) > 0


def test_a_crop_is_disturbed_about_its_face(crop):
    np.testing.assert_array_equal(alignment.moved(crop), crop)
    middle = np.array(align.TEMPLATE_BOX.centre).round().astype(int)
    dot = np.zeros_like(crop)
    cv2.circle(dot, (int(middle[0]) + 30, int(middle[1])), 4, (255, 255, 255), -1)

    def where(pixels):
        y, x = np.nonzero(pixels[..., 0] > 127)
        return x.mean() - middle[0], y.mean() - middle[1]

    np.testing.assert_allclose(where(alignment.moved(dot, turn=90)), (0, -30), atol=1.5)
    np.testing.assert_allclose(where(alignment.moved(dot, shift=10)), (40, 0), atol=1)
    np.testing.assert_allclose(where(alignment.moved(dot, zoom=0.5)), (15, 0), atol=1.5)


def test_straightening_brings_a_leaning_face_nearer_than_its_box_does(crop):
    framed, face = alignment.example([crop] * 20)
    straight = np.abs(face.crop.astype(int) - crop)[60:180, 40:140].mean()
    box = alignment.upright(Photo(framed.canvas), face.box)
    assert straight < np.abs(box.astype(int) - crop)[60:180, 40:140].mean() / 2


def test_a_box_alone_moves_and_scales_and_does_not_turn(crop):
    framed = place_on_canvas(crop, 0, 0)
    face = find_faces(Photo(framed.canvas), detector="haar")[0]
    grey = np.zeros_like(framed.canvas)
    x, y = (round(v) for v in face.box.centre)
    cv2.line(grey, (x, y - 20), (x, y + 20), (255, 255, 255), 5)
    columns = np.nonzero(alignment.upright(Photo(grey), face.box)[..., 0] > 127)[1]
    assert abs(columns.mean() - align.TEMPLATE_BOX.centre[0]) < 2
    assert np.ptp(columns) < 5 * align.TEMPLATE_BOX.w / face.box.w + 3


def test_the_box_and_nothing_else_fills_the_picture(crop):
    framed = place_on_canvas(crop, 0, 0)
    face = find_faces(Photo(framed.canvas), detector="haar")[0]
    x, y, w, h = (round(v) for v in face.box)
    marked = np.zeros_like(framed.canvas)
    marked[y : y + h, x : x + w] = 255
    cut = alignment.tight(Photo(marked), face.box)
    assert (cut > 127).mean() > 0.95


def test_disturbed_crops_are_compared_with_labels_and_with_the_answers_before():
    upper = np.zeros((218, 178, 3), np.uint8)
    upper[:90] = 255
    faces = store([upper, upper[::-1].copy()], np.array([[True], [False]]))
    still, upside_down = alignment.disturb(Brightness(), faces, {"turn": [0, 180]})
    assert (still["accuracy"], still["changed"]) == (1, 0)
    assert (upside_down["accuracy"], upside_down["changed"]) == (0, 1)


def test_every_way_of_cutting_out_answers_about_the_same_faces(crop):
    blank = np.full_like(crop, 128)
    faces = store([crop, blank, crop], np.zeros((3, 1), bool))
    rows = alignment.served(Brightness(), faces, detector="haar")
    assert [row["faces"] for row in rows] == [2, 2, 2, 2]
    with pytest.raises(DataError, match="No face"):
        alignment.served(Brightness(), faces.take(slice(1, 2)), detector="haar")


def test_the_lesson_says_rightly_which_variants_reproduce_what_was_published():
    rows = [row for row in detection.read_rows(RESULTS / "haar.csv") if row["published_percent"]]
    apart = {}
    for row in rows:
        gap = abs(float(row["kept_percent"]) - float(row["published_percent"]))
        variant = (row["cascade"], row["look"])
        apart[variant] = max(gap, apart.get(variant, 0))
    assert len(rows) == 2 * len(apart) == 18
    assert {variant for variant, gap in apart.items() if gap <= 3} == {
        ("default", how) for how in detection.LOOKS
    }


def test_figures_are_drawn_from_the_committed_results():
    rows = detection.read_rows(RESULTS / "haar.csv")
    figure = detection_figures.kept_figure(rows)
    assert {axis.get_title() for axis in figure.axes} == {
        "minSize 30", "minSize 45", "minSize 60", "minSize 90",
    }  # fmt: skip
    assert (
        len(detection_figures.size_figure(detection.read_rows(RESULTS / "haar_sizes.csv")).axes)
        == 3
    )
    labels = [
        t.get_text() for t in detection_figures.published_figure(rows).axes[0].get_yticklabels()
    ]
    assert "default, grey" in labels
    assert len(labels) == 9


def test_the_lesson_draws_what_it_counts(crop):
    seen = detection.look([crop], smallest=60)
    assert detection_figures.boxes_figure(seen, [crop], 3).axes
    found = (repeated((FACE, 12), (MOUTH, 12)), repeated((CORNER, 12)))
    wrong = detection_figures.wrong_figure(
        detection.Windows("alt", "grey", 1.2, 30, found), [crop, crop], 3
    )
    assert wrong.get_suptitle() == "2 wrong boxes in 2 pictures"
    assert [a.get_title("center") for a in wrong.axes if a.images] == ["40 px", "40 px"]
    assert not any(a.images for a in detection_figures.wrong_figure(seen, [crop], 10).axes)
    assert detection_figures.price_figure([seen.kept(60, 3).row()]).axes
    assert (
        len(detection.sweep([crop], scale_factors=(1.2,), min_sizes=(60,), min_neighbors=(3,))) == 1
    )
    assert len(detection_figures.road_figure(*alignment.example([crop] * 20)).axes) == 4
    faces = store([crop], np.zeros((1, 1), bool))
    rows = alignment.disturb(Brightness(), faces, {"turn": [0, 20], "zoom": [1]})
    assert len(detection_figures.disturb_figure(rows).axes) == 4
    assert detection_figures.served_figure(
        alignment.served(Brightness(), faces, detector="haar")
    ).axes
    assert detection_figures.compare_figure(detection.compare([crop])).axes
