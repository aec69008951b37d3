"""`facelens keypoints`: points of many faces in a table, and Kaggle's file."""

import csv

import numpy as np
import pytest
from PIL import Image

from facelens import find_faces, load_model, read_photo
from facelens.commands.main import main
from facelens.tasks.keypoints.marks import COLUMNS, read_kaggle


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def grey(seed):
    noise = np.random.default_rng(seed).integers(0, 256, (12, 12), np.uint8)
    return np.asarray(Image.fromarray(noise).resize((96, 96)))


def network():
    return load_model(task="keypoints")


def marked(pictures):
    """The points where the data set of the network would mark them, as its tables do."""
    model = network()
    return np.stack([model.as_marked(found.points) for found in model.predict(pictures)])


@pytest.fixture
def crops(tmp_path):
    """Five crops, a letter and a picture of another size."""
    folder = tmp_path / "crops"
    folder.mkdir()
    for number in range(5):
        Image.fromarray(grey(number)).save(folder / f"{number}.png")
    (folder / "letter.jpg").write_text("not a photo")
    Image.new("L", (50, 60)).save(folder / "small.png")
    return folder


def test_a_row_a_face_in_pixels_of_the_photo(astronaut, tmp_path, capsys):
    folder, out = tmp_path / "photos", tmp_path / "points.csv"
    folder.mkdir()
    face = Image.open(astronaut).convert("RGB").crop((100, 0, 340, 240))
    two = Image.new("RGB", (640, 320), "grey")
    two.paste(face, (40, 40))
    two.paste(face.resize((180, 180)), (380, 80))
    two.save(folder / "two.png")
    Image.new("RGB", (300, 300), "blue").save(folder / "sky.png")
    assert main(["keypoints", str(folder), "--out", str(out), "--detector", "haar"]) == 0
    assert "2 faces of 2 photos are in" in capsys.readouterr().out
    header, *rows = table(out)
    assert header == ["photo", *COLUMNS]
    assert [row[0] for row in rows] == ["two.png"] * 2
    faces = find_faces(read_photo(folder / "two.png"), detector="haar")
    expected = np.stack([found.points for found in network().predict(faces)])
    np.testing.assert_allclose(
        np.array([row[1:] for row in rows], float).reshape(2, 15, 2), expected, rtol=1e-4
    )
    # The larger first, and each where it is.
    assert 40 < expected[0, :, 0].min() < expected[0, :, 0].max() < 280
    assert 380 < expected[1, :, 0].min() < expected[1, :, 0].max() < 560
    assert table(tmp_path / "points.csv.errors.csv")[1][0] == "sky.png"


def test_cropped_faces_are_answered_in_their_own_pixels(crops, tmp_path):
    out = tmp_path / "points.csv"
    assert main(["keypoints", str(crops), "--cropped", "--out", str(out), "--workers", "1"]) == 0
    rows = table(out)[1:]
    assert [row[0] for row in rows] == [f"{n}.png" for n in range(5)]
    expected = marked(np.stack([grey(n) for n in range(5)]))
    np.testing.assert_allclose(
        np.array([row[1:] for row in rows], float).reshape(5, 15, 2), expected, rtol=1e-4
    )
    errors = dict(table(tmp_path / "points.csv.errors.csv")[1:])
    assert set(errors) == {"letter.jpg", "small.png"}
    assert "50 x 60 pixels; a crop has 96 x 96" in errors["small.png"]


def test_parquet_in_and_out(crops, tmp_path):
    pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]'")
    import pyarrow as pa
    from pyarrow import parquet

    images = [{"bytes": (crops / f"{n}.png").read_bytes(), "path": f"{n}"} for n in range(5)]
    parquet.write_table(pa.table({"image": images}), tmp_path / "faces.parquet")
    out = tmp_path / "points.parquet"
    source = str(tmp_path / "faces.parquet")
    assert main(["keypoints", source, "--cropped", "--out", str(out), "--workers", "1"]) == 0
    got = parquet.read_table(out)
    assert got.column_names == ["photo", *COLUMNS]
    assert got.num_rows == 5
    expected = marked(grey(0)[None])[0, 0, 0]
    assert got["left_eye_center_x"][0].as_py() == pytest.approx(expected, rel=1e-4)


def kaggle(tmp_path, count=3):
    """Kaggle's test.csv and the table of what is asked, out of order."""
    test, lookup = tmp_path / "test.csv", tmp_path / "IdLookupTable.csv"
    with test.open("w", newline="") as file:
        rows = [(n + 1, " ".join(map(str, grey(n).ravel()))) for n in range(count)]
        csv.writer(file).writerows([("ImageId", "Image"), *rows])
    asked = [(1, 3, "nose_tip_y", ""), (2, 1, "left_eye_center_x", ""), (3, 1, "nose_tip_x", "")]
    with lookup.open("w", newline="") as file:
        csv.writer(file).writerows([("RowId", "ImageId", "FeatureName", "Location"), *asked])
    return test, lookup


def test_kaggles_file_is_what_kaggle_asks_for(tmp_path, capsys):
    test, lookup = kaggle(tmp_path)
    out = tmp_path / "submission.csv"
    assert main(["keypoints", str(test), "--lookup", str(lookup), "--out", str(out)]) == 0
    assert "3 answers are in" in capsys.readouterr().out
    points = marked(read_kaggle(test).pictures)
    nose, eye = COLUMNS.index("nose_tip_x") // 2, COLUMNS.index("left_eye_center_x") // 2
    expected = [points[2, nose, 1], points[0, eye, 0], points[0, nose, 0]]
    rows = table(out)
    assert rows[0] == ["RowId", "Location"]
    assert [row[0] for row in rows[1:]] == ["1", "2", "3"]
    np.testing.assert_allclose([float(row[1]) for row in rows[1:]], expected, atol=1e-3)


def test_kaggles_csv_without_a_lookup_is_a_table_too(tmp_path):
    test, _ = kaggle(tmp_path)
    out = tmp_path / "points.csv"
    assert main(["keypoints", str(test), "--out", str(out)]) == 0
    rows = table(out)
    assert rows[0] == ["photo", *COLUMNS]
    assert [row[0] for row in rows[1:]] == ["row 1", "row 2", "row 3"]
    points = marked(read_kaggle(test).pictures)
    np.testing.assert_allclose(
        np.array([row[1:] for row in rows[1:]], float), points.reshape(3, 30), rtol=1e-4
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["{there}"], "exists; name another file, or give --force"),
        (["{folder}"], "is a folder; name a file"),
        (["{tmp}/none/points.csv"], "There is no folder"),
        (["{tmp}/points.txt"], "points.txt does not end in .csv or .parquet; name it so"),
        (["{tmp}/points.csv", "--lookup", "{tmp}/none.csv"], "cannot be read"),
        (["{tmp}/points.parquet", "--lookup", "{tmp}/IdLookupTable.csv"], "Kaggle takes a .csv"),
        (["{tmp}/points.csv", "--model", "nowhere"], "There is no model 'nowhere'"),
        (["{tmp}/points.csv", "--model", "mobilenet_v2"], "not for keypoints"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(change, words, tmp_path, capsys):
    test, _ = kaggle(tmp_path)
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "folder.csv").mkdir()
    names = {"there": tmp_path / "there.csv", "folder": tmp_path / "folder.csv", "tmp": tmp_path}
    rest = [part.format(**names) for part in change]
    assert main(["keypoints", str(test), "--out", *rest]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.startswith("facelens: ")
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_nothing_that_is_read_is_written_over(tmp_path, capsys):
    test, lookup = kaggle(tmp_path)
    before = test.read_bytes(), lookup.read_bytes()
    for out, more in ((test, []), (lookup, ["--lookup", str(lookup)]), (test, ["--lookup", "x"])):
        assert main(["keypoints", str(test), "--out", str(out), "--force", *more]) == 2
        assert "is read for this" in capsys.readouterr().err
    assert (test.read_bytes(), lookup.read_bytes()) == before
    out = str(tmp_path / "out.csv")
    assert main(["keypoints", str(test), "--out", out, "--detector", "haar"]) == 2
    assert "no --detector" in capsys.readouterr().err
    assert main(["keypoints", str(test), "--out", out, "--lookup", ""]) == 2
    (tmp_path / "out.csv.errors.csv").mkdir()
    assert main(["keypoints", str(test), "--out", out]) == 2
    assert not (tmp_path / "out.csv").exists()


def test_a_lookup_is_of_kaggles_file_only(crops, tmp_path, capsys):
    _, lookup = kaggle(tmp_path)
    out = str(tmp_path / "out.csv")
    assert main(["keypoints", str(crops), "--lookup", str(lookup), "--out", out]) == 2
    assert "is not Kaggle's test.csv" in capsys.readouterr().err
    assert main(["keypoints", str(crops.parent / "nothing"), "--out", out]) == 2
    assert "does not exist" in capsys.readouterr().err
