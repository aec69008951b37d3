"""Pictures of FER2013 as Kaggle's csv and as parquet have them."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from facelens.errors import DataError
from facelens.tasks.expression import faces
from facelens.tasks.expression.model import FRAME, embed
from facelens.tasks.expression.names import NAMES


def csv(folder, *rows, header="emotion,pixels,Usage"):
    path = folder / "fer2013.csv"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def values(level=7, count=2304):
    return " ".join([str(level)] * count)


def parquet(folder, *rows, name="train-00000-of-00001.parquet"):
    """Write (expression, pixels) rows."""
    written = []
    for expression, pixels in rows:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        written.append(
            {"image": {"bytes": stream.getvalue(), "path": ""}, "expression": expression}
        )
    pq.write_table(pa.Table.from_pylist(written), folder / name)
    return folder / name


def test_a_csv_is_read_by_split_and_knows_its_repeats(tmp_path):
    path = csv(
        tmp_path,
        (3, values(9), "PrivateTest"), (0, values(8), "Training"), (3, values(9), "Training"),
        (6, values(9), "PublicTest"),
    )  # fmt: skip
    every = faces.read(path)
    assert (len(every), every.labels.tolist()) == (4, [3, 0, 3, 6])
    assert every.repeat.tolist() == [True, False, False, True]
    test = faces.read(tmp_path, "test")
    assert (test.labels.tolist(), test.repeat.tolist()) == ([3], [True])
    assert (test.pictures == 9).all()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ((3, values(count=2303), "Training"), "line 3: 2,303 pixels, not 2,304"),
        ((7, values(), "Training"), "line 3: the expression is '7'"),
        (("", values(), "Training"), "line 3: the expression is ''"),
        ((3, values() + " 1", "Training"), "line 3: 2,305 pixels"),
        ((3, values(256), "Training"), "line 3: a pixel is not from 0 to 255"),
        ((3, values(count=2303) + " x", "Training"), "line 3: the pixels are not whole numbers"),
        ((3, values(), "Holdout"), "line 3: Usage is 'Holdout'"),
        ((3, values()), "line 3: 2 fields, not 3"),
    ],
)
def test_a_row_that_is_wrong_is_named_by_its_number(tmp_path, row, sentence):
    path = csv(tmp_path, (3, values(), "Training"), row)
    with pytest.raises(DataError, match=sentence):
        faces.read(path)


def test_another_table_and_an_empty_one_are_sentences(tmp_path):
    with pytest.raises(DataError, match="emotion, pixels and Usage"):
        faces.read(csv(tmp_path, (1, 2), header="a,b"))
    with pytest.raises(DataError, match="no picture of train"):
        faces.read(csv(tmp_path, (3, values(), "PublicTest")), "train")


def test_a_parquet_has_pictures_or_aligned_crops(tmp_path):
    picture = np.random.default_rng(0).integers(60, 200, (48, 48), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(picture).resize((12, 12)).resize((48, 48)))
    crop = embed(picture[None], FRAME)[0]
    parquet(tmp_path, ("happy", picture), ("sad", crop), ("sad", picture))
    read = faces.read(tmp_path, "train")
    assert read.labels.tolist() == [NAMES.index("happy"), *[NAMES.index("sad")] * 2]
    assert np.abs(read.pictures.astype(int) - picture).max() <= 1
    assert read.repeat.tolist()[::2] == [False, True]


def test_a_parquet_of_something_else_is_a_sentence(tmp_path):
    grey = np.zeros((48, 48), np.uint8)
    with pytest.raises(DataError, match="row 2: the expression is 'bored'"):
        faces.read(parquet(tmp_path, ("happy", grey), ("bored", grey)))
    with pytest.raises(DataError, match="row 1: a picture of 40x48"):
        faces.read(parquet(tmp_path, ("happy", grey[:, :40])))
    with pytest.raises(DataError, match="no valid-"):
        faces.read(tmp_path, "valid")


@pytest.mark.data
def test_the_sample_in_kaggles_format_and_the_test_faces(data_dir):
    data = data_dir / "expressions"
    assert len(faces.read(data / "fer2013_sample.csv", "train")) == 40
    test = faces.read(data, "test")
    assert (len(test), int(test.repeat.sum())) == (1795, 164)
    assert np.bincount(test.labels).tolist() == [266, 25, 278, 433, 285, 199, 309]
