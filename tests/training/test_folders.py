"""Several folders are one set of faces; nobody is in two splits unnoticed."""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from helpers.toy import write_split

from facelens.commands.main import main
from facelens.errors import DataError, FacelensError
from facelens.training.data import split_files
from facelens.training.folders import check_apart, open_joined
from facelens.training.place import check_place
from facelens.training.run import open_run

pytestmark = pytest.mark.train

torch.set_num_threads(1)


def rewrite(file, change):
    """Write the rows of a parquet file anew, each as `change` gives it."""
    rows = [change(row) for row in pq.read_table(file).to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows), file)


@pytest.fixture
def folders(tmp_path):
    """Two folders, whose people are others; the second has its columns in another order."""
    for name, seed in (("a", 0), ("b", 2)):
        (tmp_path / name).mkdir()
        for split, count in (("train", 24), ("valid", 8)):
            write_split(tmp_path / name, split, count, seed)
    for split, more in (("train", 10), ("valid", 500)):
        file = tmp_path / "b" / f"{split}-00000-of-00001.parquet"
        rewrite(file, lambda row, more=more: {k: row[k] for k in ("image", "Striped", "Bright")}
                | {"celeb_id": row["celeb_id"] + more})  # fmt: skip
    rewrite(
        tmp_path / "a" / "valid-00000-of-00001.parquet",
        lambda row: row | {"celeb_id": row["celeb_id"] + 400},
    )
    return [tmp_path / "a", tmp_path / "b"]


def test_folders_are_joined_split_by_split(folders, tmp_path):
    cache = tmp_path / "cache"
    both = open_joined(folders, "train", cache=cache)
    a, b = (open_joined([folder], "train", cache=cache) for folder in folders)
    assert len(both) == 48
    assert both.names == a.names == ("Bright", "Striped")
    np.testing.assert_array_equal(both.labels[24:], b.labels[:, ::-1])
    np.testing.assert_array_equal(both.images[30], b.images[6])
    # Two pictures of each of twelve people a folder, numbers 10 and 11 in both.
    assert len(set(both.people)) == 22
    assert both.people[20] == both.people[24]
    assert len(open_joined(folders, "train", cache=cache, limit=30)) == 30
    assert len(split_files(folders, "valid")) == 2


def test_a_folder_may_lack_a_split_and_other_questions_are_refused(folders, tmp_path):
    (folders[1] / "valid-00000-of-00001.parquet").unlink()
    assert len(open_joined(folders, "valid", cache=tmp_path / "cache")) == 8
    assert len(split_files(folders, "valid")) == 1
    with pytest.raises(DataError, match=r"No test-\*"):
        open_joined(folders, "test", cache=tmp_path / "cache")
    rewrite(
        folders[1] / "train-00000-of-00001.parquet", lambda row: row | {"Hat": bool(row["Bright"])}
    )
    with pytest.raises(DataError, match="only one of them has Hat"):
        open_joined(folders, "train", cache=tmp_path / "cache")


def test_a_person_in_two_splits_is_said(folders, caplog):
    check_apart(folders)
    assert not caplog.records
    rewrite(
        folders[1] / "valid-00000-of-00001.parquet",
        lambda row: row | {"celeb_id": 3 if row["celeb_id"] == 500 else row["celeb_id"]},
    )
    check_apart(folders)
    assert "1 of 8 validation people" in caplog.text
    assert "(3 is one)" in caplog.text


def test_the_command_takes_several(folders, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "facelens"):
        assert main([
            "train", *map(str, folders), "--out", str(tmp_path / "run"), "--arch", "resnet18",
            "--from-scratch", "--size", "64x64", "--batch-size", "16", "--epochs", "0", "1",
            "--device", "cpu", "--cache", str(tmp_path / "cache"), "--local", "1",
            "--local-cut", "both", "--unmixed", "1",
        ]) == 0  # fmt: skip
    run = open_run(tmp_path / "run")
    assert (run.about["data"]["train"], run.about["data"]["valid"]) == (48, 16)
    assert (run.recipe.local, run.recipe.local_cut, run.recipe.unmixed) == (1.0, "both", 1)
    assert "Epoch 1 of 1" in caplog.text


def test_keypoints_take_one_folder(folders, tmp_path, capsys):
    command = ["train", *map(str, folders), "--task", "keypoints", "--out", str(tmp_path / "run")]
    assert main(command) == 2
    assert "takes one DATA for keypoints, not 2" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_avif_in_parquet_is_read(folders, tmp_path):
    import io

    from PIL import Image

    def in_avif(row):
        stream = io.BytesIO()
        Image.open(io.BytesIO(row["image"]["bytes"])).save(stream, "AVIF", quality=90)
        return row | {"image": {"bytes": stream.getvalue(), "path": "x.avif"}}

    plain = open_joined(folders[:1], "valid", cache=tmp_path / "cache")
    images = np.array(plain.images)
    rewrite(folders[0] / "valid-00000-of-00001.parquet", in_avif)
    read = open_joined(folders[:1], "valid", cache=tmp_path / "cache")
    assert np.abs(np.array(read.images).astype(int) - images).mean() < 8


def test_a_place_is_tried_and_left_as_it_was(tmp_path):
    check_place(tmp_path / "runs" / "first", None)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "there").mkdir()
    check_place(tmp_path / "there", "cpu")
    assert (tmp_path / "there").is_dir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(FacelensError):
        check_place(tmp_path / "file" / "run", None)
