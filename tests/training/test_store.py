"""A data set is decoded for training as it is read for everything else."""

import numpy as np
import pytest

pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")
pa = pytest.importorskip("pyarrow")

from helpers.labelled import crops, labelled

from facelens.errors import DataError
from facelens.training.data import open_store

pytestmark = pytest.mark.train


@pytest.fixture
def split(tmp_path):
    """A function that writes and opens six training faces."""

    def build(**columns):
        labelled(tmp_path / "train-00000-of-00001.parquet", 6, **columns)
        return open_store(tmp_path, "train", cache=tmp_path / "cache")

    return build


def test_faces_of_nobody_known_are_people_of_their_own(split):
    people = split(people=pa.array([7, None, 7, None, 8, None])).people
    assert people[0] == people[2]
    assert len(set(people)) == 5


def test_photos_beside_the_file_are_decoded(split, tmp_path):
    for i, data in enumerate(crops(6)):
        (tmp_path / f"{i}.jpg").write_bytes(data)
    store = split(image=pa.array([f"{i}.jpg" for i in range(6)]))
    assert store.paths == tuple(f"{i}.jpg" for i in range(6))
    assert np.ptp(store.images[0]) > 100


def test_a_photo_that_is_missing_is_a_sentence(split):
    with pytest.raises(DataError, match=r"gone\.jpg: The row holds no bytes, and gone\.jpg"):
        split(image=pa.array(["gone.jpg"] * 6))
