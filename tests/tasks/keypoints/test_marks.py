"""Fifteen points: reading them, measuring answers, and the file for Kaggle."""

import csv
import time

import numpy as np
import pytest
from helpers.marked import parquet_of

from facelens import load_model
from facelens.bulk.kaggle import write_submission
from facelens.errors import DataError, OutputError
from facelens.tasks.keypoints import marks
from facelens.tasks.keypoints.marks import COLUMNS, MIRRORED, NAMES, SPECIALISTS, Faces


def drawn(count=4, seed=0):
    """Grey noise with points anywhere, one of them missing, two faces a person."""
    random = np.random.default_rng(seed)
    pictures = random.integers(0, 256, (count, 96, 96), dtype=np.uint8)
    points = random.uniform(5, 90, (count, 15, 2)).astype(np.float32)
    points[1, 10] = np.nan
    return Faces(pictures, points, np.array([f"P{i // 2}" for i in range(count)]))


def as_row(faces, i):
    """One face as Kaggle writes it: x and y count from the corner of the first pixel."""
    values = (faces.points[i] + 0.5).ravel()
    cells = {c: "" if np.isnan(v) else repr(float(v)) for c, v in zip(COLUMNS, values, strict=True)}
    return cells | {"Image": " ".join(map(str, faces.pictures[i].ravel().tolist()))}


def write(path, rows, columns=None):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns or list(rows[0]), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_columns_are_kaggles():
    assert len(NAMES) == 15
    assert COLUMNS[:3] == ("left_eye_center_x", "left_eye_center_y", "right_eye_center_x")
    assert COLUMNS[-1] == "mouth_center_bottom_lip_y"


def test_every_point_has_one_specialist():
    assert [len(names) for names in SPECIALISTS.values()] == [2, 1, 3, 1, 4, 4]
    assert sorted(name for names in SPECIALISTS.values() for name in names) == sorted(NAMES)


def test_left_and_right_swap_in_a_mirror():
    assert (MIRRORED[MIRRORED] == np.arange(15)).all()
    assert NAMES[MIRRORED[NAMES.index("mouth_left_corner")]] == "mouth_right_corner"
    assert NAMES[MIRRORED[NAMES.index("nose_tip")]] == "nose_tip"
    assert (np.arange(15) == MIRRORED).sum() == 3


def test_a_mirrored_face_carries_its_points_with_it():
    faces = drawn(2)
    faces.points[0, NAMES.index("left_eye_outer_corner")] = (20, 7)
    faces.pictures[0, 7, 20] = 255
    mirrored = marks.mirror(faces)
    x, y = mirrored.points[0, NAMES.index("right_eye_outer_corner")].astype(int)
    assert mirrored.pictures[0, y, x] == 255
    again = marks.mirror(mirrored)
    np.testing.assert_array_equal(again.pictures, faces.pictures)
    np.testing.assert_allclose(again.points, faces.points, atol=1e-5)


def test_kaggles_file_is_read_and_counts_from_the_first_pixels_middle(tmp_path):
    faces = drawn()
    rows = [as_row(faces, i) for i in range(4)]
    read = marks.read_kaggle(write(tmp_path / "training.csv", rows))
    np.testing.assert_array_equal(read.pictures, faces.pictures)
    np.testing.assert_allclose(read.points, faces.points, atol=1e-5)
    assert len(set(read.people)) == len(read) == 4


def test_columns_may_come_in_another_order_and_with_others(tmp_path):
    faces = drawn()
    rows = [as_row(faces, i) | {"note": "hello"} for i in range(4)]
    path = write(tmp_path / "training.csv", rows, ["Image", "note", *COLUMNS[::-1]])
    np.testing.assert_allclose(marks.read_kaggle(path).points, faces.points, atol=1e-5)


def test_the_test_file_has_faces_without_points(tmp_path):
    faces = drawn()
    rows = [{"ImageId": i + 1, "Image": as_row(faces, i)["Image"]} for i in range(4)]
    read = marks.read_kaggle(write(tmp_path / "test.csv", rows))
    np.testing.assert_array_equal(read.pictures, faces.pictures)
    assert np.isnan(read.points).all()
    assert read.points.shape == (4, 15, 2)
    swapped = write(tmp_path / "swapped.csv", rows[::-1])
    with pytest.raises(DataError, match=r"swapped.csv, row 1: ImageId is '4', not 1\."):
        marks.read_kaggle(swapped)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"Image": "1 2 3"}, r"row 2: Image has 3 grey values, not 9216\."),
        ({"Image": ""}, r"row 2: Image has 0 grey values, not 9216\."),
        ({"Image": "7"}, r"row 2: Image has 1 grey values, not 9216\."),
        ({"Image": "1 256 3"}, "row 2: Image holds '256', not a whole number from 0 to 255"),
        ({"Image": "1 -1 3"}, "row 2: Image holds '-1', not a whole number"),
        ({"Image": "1 dark 3"}, "row 2: Image holds 'dark', not a whole number"),
        ({"nose_tip_y": "low"}, "row 2: nose_tip_y is 'low', not a number"),
        ({"nose_tip_y": "inf"}, "row 2: nose_tip_y is 'inf', not a number"),
    ],
)
def test_a_broken_row_is_named(tmp_path, change, sentence):
    rows = [as_row(drawn(), i) for i in range(3)]
    rows[1] |= change
    with pytest.raises(DataError, match=sentence):
        marks.read_kaggle(write(tmp_path / "training.csv", rows))


def test_a_broken_table_is_a_sentence(tmp_path):
    rows = [as_row(drawn(), i) for i in range(2)]
    whole = write(tmp_path / "whole.csv", rows).read_text()
    broken = {
        "has no column nose_tip_x": whole.replace("nose_tip_x", "nose"),
        "has no column Image": whole.replace("Image", "Photo"),
        "has the column 'nose_tip_y' twice": whole.replace("nose_tip_x", "nose_tip_y"),
        "row 2: fewer cells than the 31 columns": whole.rpartition(",")[0],
        "row 2: more cells than the 31 columns": whole.rstrip() + ",1",
        "holds no faces": whole.partition("\n")[0],
        "line 2: a quote .* is opened and never closed": whole.replace(
            "\n", '\n"' + "1" * 200_000, 1
        ),
    }
    for sentence, text in broken.items():
        (tmp_path / "broken.csv").write_text(text)
        with pytest.raises(DataError, match=sentence):
            marks.read_kaggle(tmp_path / "broken.csv")
    (tmp_path / "broken.csv").write_bytes(b"Image\n\xff\xfe\n")
    with pytest.raises(DataError, match="not text in UTF-8"):
        marks.read_kaggle(tmp_path / "broken.csv")
    with pytest.raises(DataError, match="cannot be read"):
        marks.read_kaggle(tmp_path)
    with pytest.raises(DataError, match="no-such"):
        marks.read_kaggle(tmp_path / "no-such.csv")


def test_reading_is_several_times_as_fast_as_looking_at_each_value(tmp_path):
    rows = [as_row(drawn(40), i) for i in range(40)]
    path = write(tmp_path / "training.csv", rows)

    def seconds(read):
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            read()
            best = min(best, time.process_time() - started)
        return best

    def naive():
        with path.open(newline="") as file:
            return [np.array(row["Image"].split(), float) for row in csv.DictReader(file)]

    assert seconds(lambda: marks.read_kaggle(path)) < seconds(naive) / 1.5


def test_our_parquet_is_read_and_its_marks_are_put_right(tmp_path):
    from pyarrow import parquet

    faces = drawn()
    path = parquet_of(faces, tmp_path / "train.parquet")
    read = marks.read_parquet(path)
    np.testing.assert_array_equal(read.pictures, faces.pictures)
    np.testing.assert_allclose(read.points, faces.points, atol=1e-5)
    in_file = [parquet.read_table(path)[f"nose_tip_{axis}"][0].as_py() for axis in "xy"]
    nose = read.points[0, NAMES.index("nose_tip")]
    np.testing.assert_allclose(in_file - nose, (1.15, 1.6), atol=1e-5)
    assert read.people.tolist() == ["P0", "P0", "P1", "P1"]


def test_a_parquet_of_other_faces_is_a_sentence(tmp_path):
    faces = drawn()
    large = Faces(np.zeros((4, 97, 96), np.uint8), faces.points, faces.people)
    with pytest.raises(DataError, match=r"0\.png is 96x97, not a face of 96x96"):
        marks.read_parquet(parquet_of(large, tmp_path / "large.parquet"))
    with pytest.raises(DataError, match="holds no faces"):
        marks.read_parquet(parquet_of(faces.take(slice(0)), tmp_path / "none.parquet"))
    with pytest.raises(DataError, match="has no column mouth_center_bottom_lip_y"):
        marks.read_parquet(parquet_of(faces, tmp_path / "few.parquet", COLUMNS[:-1]))


def test_errors_are_those_made_by_hand():
    truth = drawn(2).points
    predicted = np.nan_to_num(truth, nan=1000)
    assert marks.rmse(predicted, truth) == 0
    predicted[0, 3] += (3, 4)
    known = 2 * 15 * 2 - 2
    assert marks.rmse(predicted, truth) == pytest.approx((25 / known) ** 0.5)
    assert marks.scaled_mse(predicted, truth) == pytest.approx(25 / known / 48**2)
    by_point = marks.point_errors(predicted, truth)
    assert by_point[3] == pytest.approx((25 / 4) ** 0.5)
    assert by_point.sum() == by_point[3]
    by_face = marks.face_errors(predicted, truth)
    np.testing.assert_allclose(by_face, [(25 / 30) ** 0.5, 0], rtol=1e-5)
    eyes = np.linalg.norm(truth[0, 0] - truth[0, 1])
    np.testing.assert_allclose(marks.eye_errors(predicted, truth), [5 / 15 / eyes, 0], rtol=1e-5)


def test_what_is_unknown_has_no_error_and_what_is_not_predicted_has_no_excuse():
    truth = drawn(2).points
    predicted = np.zeros_like(truth)
    truth[:, 4] = np.nan
    assert np.isnan(marks.point_errors(predicted, truth)).tolist() == [i == 4 for i in range(15)]
    assert np.isfinite(marks.rmse(predicted, truth))
    predicted[0, 5, 0] = np.nan
    assert np.isnan(marks.rmse(predicted, truth))
    truth[1] = np.nan
    assert np.isnan(marks.face_errors(predicted, truth)[1])
    assert np.isnan(marks.eye_errors(predicted, truth)[1])
    assert np.isnan(marks.rmse(predicted[:0], truth[:0]))


def test_the_mean_face_is_that_of_known_points():
    faces = drawn(4)
    faces.points[:, 2] = np.nan
    mean = marks.mean_face(faces)
    np.testing.assert_allclose(mean[0], faces.points[:, 0].mean(0), rtol=1e-6)
    np.testing.assert_allclose(mean[10], faces.points[[0, 2, 3], 10].mean(0), rtol=1e-6)
    assert np.isnan(mean[2]).all()


LOOKUP = [
    {"RowId": "1", "ImageId": "2", "FeatureName": "nose_tip_x", "Location": ""},
    {"RowId": "2", "ImageId": "1", "FeatureName": "left_eye_center_y", "Location": ""},
    {"RowId": "3", "ImageId": "1", "FeatureName": "nose_tip_y", "Location": ""},
]


def test_the_submission_has_the_rows_that_kaggle_asks_for(tmp_path):
    predicted = np.zeros((2, 15, 2))
    predicted[1, 10, 0], predicted[0, 0, 1], predicted[0, 10, 1] = 48.25, -3, 99
    lookup = write(tmp_path / "IdLookupTable.csv", LOOKUP)
    out = tmp_path / "submission.csv"
    assert write_submission(predicted, lookup, out) == 3
    assert out.read_text() == "RowId,Location\n1,48.2500\n2,0.0000\n3,96.0000\n"
    with pytest.raises(OutputError, match="cannot be written"):
        write_submission(predicted, lookup, tmp_path / "no" / "such.csv")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ImageId": "3"}, "row 2: ImageId is '3', not 1 to 2"),
        ({"ImageId": "one"}, "row 2: ImageId is 'one', not 1 to 2"),
        ({"RowId": "0"}, "row 2: RowId is '0', not a number from 1"),
        ({"FeatureName": "chin_x"}, "row 2: there is no point 'chin_x'"),
        ({"FeatureName": "nose_tip_x"}, "row 2: nothing was predicted for nose_tip_x"),
    ],
)
def test_a_broken_lookup_table_is_a_sentence(tmp_path, change, sentence):
    rows = [dict(row) for row in LOOKUP]
    rows[1] |= change
    predicted = np.zeros((2, 15, 2))
    predicted[0, 10, 0] = np.nan
    with pytest.raises(DataError, match=sentence):
        write_submission(predicted, write(tmp_path / "lookup.csv", rows), tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    short = write(tmp_path / "short.csv", LOOKUP, ["RowId", "FeatureName"])
    with pytest.raises(DataError, match="has no column ImageId"):
        write_submission(predicted, short, tmp_path / "out.csv")


@pytest.mark.data
def test_the_real_faces_are_of_other_people_in_training_and_test(data_dir):
    folder = data_dir / "keypoints"
    train = marks.read_parquet(folder / "train-00000-of-00001.parquet")
    test = marks.read_parquet(folder / "test-00000-of-00001.parquet")
    assert (len(train), len(test)) == (3375, 432)
    assert not set(train.people) & set(test.people)
    assert np.isfinite(train.points).all()
    mean = np.broadcast_to(marks.mean_face(train), test.points.shape)
    assert marks.rmse(mean, test.points) == pytest.approx(6.9, abs=0.1)
    assert np.nanmean(marks.eye_errors(mean, test.points)) < 0.5


@pytest.mark.data
def test_marks_and_answers_put_right_leave_the_figures_as_they_were(data_dir):
    """The bundle's figures are of marks and answers as they were, both beside what they mark."""
    model = load_model(task="keypoints")
    test = marks.read_parquet(data_dir / "keypoints" / "test-00000-of-00001.parquet")
    answers = np.array([answer.points for answer in model.predict(list(test.pictures))])
    measured, stated = marks.measure(answers, test), model.config.metrics["test"]
    for figure in ("rmse_px", "low_px", "high_px"):
        assert measured[figure] == pytest.approx(stated[figure], abs=1e-3), figure
    assert measured["eye_error"] == pytest.approx(stated["eye_error"], abs=1e-5)
    by_point = [measured["by_point"][name] - stated["by_point"][name] for name in NAMES]
    assert np.abs(by_point).max() < 2e-3
    # The mirror of marks that were put right stands in the middle of the picture.
    eyes = marks.mean_face(test)[[NAMES.index(f"{side}_eye_center") for side in ("left", "right")]]
    assert eyes[:, 0].mean() == pytest.approx(marks.MIDDLE, abs=1)


@pytest.mark.parametrize("digits", [19, 5000])
def test_a_number_of_too_many_digits_is_a_sentence(digits, tmp_path):
    row = as_row(drawn(), 0) | {"Image": "1 " + "9" * digits}
    with pytest.raises(DataError, match="Image holds '9999"):
        marks.read_kaggle(write(tmp_path / "training.csv", [row]))
    row = as_row(drawn(), 0) | {"nose_tip_x": "1e300"}
    with pytest.raises(DataError, match="nose_tip_x is '1e300', not a number"):
        marks.read_kaggle(write(tmp_path / "training.csv", [row]))
