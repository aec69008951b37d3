"""Parquet in the Hub's layout is read row by row, whatever its files and row groups."""

import os
import subprocess
import sys

import numpy as np
import pytest

from facelens.data import parquet
from facelens.errors import DataError

pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
pq = pytest.importorskip("pyarrow.parquet")


def table(first, rows):
    numbers = range(first, first + rows)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    images = [{"bytes": b"photo %d" % n, "path": f"{n}.jpg"} for n in numbers]
    return pa.table(
        {
            "image": pa.array(images, kind),
            "person": pa.array(numbers, pa.int64()),
            "Smiling": pa.array([n % 2 == 0 for n in numbers]),
            "Bald": pa.array([n % 3 == 0 for n in numbers]),
        }
    )


@pytest.fixture
def folder(tmp_path):
    """Three files of 10, 7 and 5 rows with row groups of 4."""
    first = 0
    for index, rows in enumerate((10, 7, 5)):
        file = tmp_path / f"train-0000{index}-of-00003.parquet"
        pq.write_table(table(first, rows), file, row_group_size=4)
        first += rows
    return tmp_path


def test_all_rows_in_order(folder):
    rows = list(parquet.images(folder))
    assert [row.path for row in rows] == [f"{n}.jpg" for n in range(22)]
    assert rows[13].data == b"photo 13"
    assert rows[13].values == {"person": 13, "Smiling": False, "Bald": False}


def test_only_the_columns_asked_for(folder):
    assert next(parquet.images(folder, columns=["Bald"])).values == {"Bald": True}
    assert next(parquet.images(folder, columns=[])).values == {}


@pytest.mark.parametrize("batch_rows", [1, 3, 256])
@pytest.mark.parametrize(
    ("start", "stop"), [(0, 22), (3, 5), (5, 6), (9, 12), (4, 8), (16, 22), (21, 99), (7, 7)]
)
def test_any_range_of_rows(folder, start, stop, batch_rows):
    rows = parquet.images(folder, batch_rows=batch_rows, start=start, stop=stop)
    assert [row.values["person"] for row in rows] == list(range(22))[start:stop]


def test_count_and_yes_no_columns(folder):
    assert parquet.count(folder) == 22
    assert parquet.bool_columns(folder) == ["Smiling", "Bald"]


def test_pieces_hold_every_row_once_and_cross_no_file(folder):
    cut = list(parquet.pieces(folder, 3))
    assert [(start, stop) for _, start, stop in cut] == [
        *[(0, 3), (3, 6), (6, 9), (9, 10)], *[(0, 3), (3, 6), (6, 7)], *[(0, 3), (3, 5)]
    ]  # fmt: skip
    rows = [
        row.values["person"]
        for file, start, stop in cut
        for row in parquet.images(file, start=start, stop=stop)
    ]
    assert rows == list(range(22))


def test_a_huge_row_group_is_cut_into_few_pieces(tmp_path):
    """Each piece unpacks its group from the beginning: many would unpack it again and again."""
    pq.write_table(table(0, 1000), tmp_path / "one.parquet", row_group_size=1000)
    assert len(list(parquet.pieces(tmp_path, 3))) == 17


def test_unfinished_work_and_hidden_files_are_no_data(folder):
    for aside in ("out.parquet.parts", ".cache"):
        (folder / aside).mkdir()
        pq.write_table(table(0, 3), folder / aside / "part.parquet")
    assert parquet.count(folder) == 22


def test_rows_without_a_photo_or_a_name(tmp_path):
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    images = [None, {"bytes": None, "path": "gone.jpg"}, {"bytes": b"x", "path": None}]
    pq.write_table(pa.table({"image": pa.array(images, kind)}), tmp_path / "odd.parquet")
    rows = list(parquet.images(tmp_path))
    assert [(row.path, row.data) for row in rows] == [
        ("odd-0", b""),
        ("gone.jpg", b""),
        ("odd-2", b"x"),
    ]


def test_what_is_wrong_is_said(folder, tmp_path):
    def sentence(path, **options):
        with pytest.raises(DataError) as caught:
            list(parquet.images(path, **options))
        return str(caught.value)

    assert "does not exist" in sentence(folder / "nowhere")
    assert "no column Hat" in sentence(folder, columns=["Hat"])
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no .parquet file" in sentence(empty)
    (empty / "text.parquet").write_text("not parquet")
    assert "not a parquet file" in sentence(empty)
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"picture": ["a"]}), other)
    assert "no column image" in sentence(other)


def test_a_damaged_file_is_said(tmp_path):
    file = tmp_path / "a.parquet"
    pq.write_table(table(0, 200), file, compression="zstd")
    data = bytearray(file.read_bytes())
    data[40:400] = bytes(360)
    file.write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        list(parquet.images(file))


def test_memory_stays_small_in_one_huge_row_group(tmp_path):
    """250 MB of photos in one row group of many pages, walked through in less than half of that."""
    file = tmp_path / "huge.parquet"
    noise = np.random.default_rng(0).integers(0, 256, 1_250_000, np.uint8).tobytes()
    rows = table(0, 250)
    photos = [{"bytes": noise[n * 1000 : n * 1000 + 1_000_000], "path": "a"} for n in range(250)]
    rows = rows.set_column(0, "image", pa.array(photos, rows.schema.field("image").type))
    pq.write_table(rows, file, row_group_size=250, compression="none", write_batch_size=10)
    script = (
        "import sys, pyarrow\n"
        "from facelens.data import parquet\n"
        "rows = sum(len(row.data) == 1_000_000 for row in parquet.images(sys.argv[1]))\n"
        "print(rows, pyarrow.default_memory_pool().max_memory() // 1_000_000)\n"
    )
    run = [sys.executable, "-c", script, str(file)]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    rows, megabytes = map(int, said.split())
    assert rows == 250
    assert megabytes < 125


@pytest.mark.data
def test_celeba_rows(data_dir):
    row = next(parquet.images(data_dir / "celeba" / "test-00000-of-00001.parquet"))
    assert row.path.endswith(".jpg")
    assert row.data[:4] == b"RIFF"
    assert len(parquet.bool_columns(data_dir / "celeba")) == 40
    assert parquet.count(data_dir / "celeba") == 21_723


PATHS, BOTH = ["0.jpg", "1.jpg", "2.jpg"], ["bytes", "path"]


def one_column(kind, folder):
    """A column `image` of three photos, as `kind` has it."""
    photos, struct = pa.array([b"photo 0", b"photo 1", b"photo 2"]), pa.StructArray.from_arrays
    for path, photo in zip(PATHS, photos, strict=True):
        (folder / path).write_bytes(photo.as_py())
    return {
        "binary": lambda: struct([photos, pa.array(map(str.encode, PATHS))], BOTH),
        "large_string": lambda: struct([photos, pa.array(PATHS, pa.large_string())], BOTH),
        "string_view": lambda: struct([photos, pa.array(PATHS, pa.string_view())], BOTH),
        "dictionary": lambda: struct([photos, pa.array(PATHS).dictionary_encode()], BOTH),
        "null": lambda: struct([photos, pa.nulls(3)], BOTH),
        "plain": lambda: photos,
        "large plain": lambda: photos.cast(pa.large_binary()),
        "bytes alone": lambda: struct([photos], ["bytes"]),
        "paths alone": lambda: pa.array(PATHS),
        "path in a struct": lambda: struct([pa.array(PATHS)], ["path"]),
        "null bytes": lambda: struct([pa.nulls(3), pa.array(PATHS)], BOTH),
        "no bytes": lambda: struct([pa.array([None, b"", None]), pa.array(PATHS)], BOTH),
    }[kind]()


@pytest.mark.parametrize(
    "kind",
    ["binary", "large_string", "string_view", "dictionary", "null", "plain", "large plain",
     "bytes alone", "paths alone", "path in a struct", "null bytes", "no bytes"],
)  # fmt: skip
def test_an_image_column_of_another_type(kind, tmp_path):
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"image": one_column(kind, tmp_path), "Hat": [1, 0, 1]}), file)
    rows = list(parquet.images(file))
    assert [row.data for row in rows] == [b"photo 0", b"photo 1", b"photo 2"]
    assert [row.values for row in rows] == [{"Hat": 1}, {"Hat": 0}, {"Hat": 1}]
    unnamed = kind in {"null", "plain", "large plain", "bytes alone"}
    assert [row.path for row in rows] == (["a-0", "a-1", "a-2"] if unnamed else PATHS)
    assert not any(row.missing for row in rows)


def test_two_columns_of_one_name_are_a_sentence(folder):
    photos = table(0, 3)
    file = folder / "two.parquet"
    pq.write_table(photos.append_column("image", photos["image"]), file)
    with pytest.raises(DataError, match="has two columns image; remove or rename one"):
        list(parquet.images(file))
    pq.write_table(photos.append_column("Bald", photos["Smiling"]), file)
    with pytest.raises(DataError, match="has two columns Bald"):
        list(parquet.images(file, ["Bald"]))
    assert len(list(parquet.images(file, ["Smiling"]))) == 3


@pytest.mark.parametrize(
    "kind", [pa.int64(), pa.list_(pa.uint8()), pa.struct([("path", pa.int8())])]
)
def test_an_image_column_that_holds_no_photos_is_a_sentence(kind, tmp_path):
    pq.write_table(pa.table({"image": pa.nulls(2, kind)}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="has no column image with bytes and path"):
        list(parquet.images(tmp_path))


def test_a_strangers_paths_lead_nowhere_else(tmp_path):
    """A row may name any file of this machine; only those beside the parquet file are read."""
    folder = tmp_path / "set"
    (folder / "more").mkdir(parents=True)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (folder / "more" / "in.jpg").write_bytes(b"inside")
    (folder / "link.jpg").symlink_to("../secret.jpg")
    (folder / "empty.jpg").touch()
    os.mkfifo(folder / "pipe.jpg")
    reasons = {
        "../secret.jpg": "lies outside of",
        str(tmp_path / "secret.jpg"): "lies outside of",
        "link.jpg": "lies outside of",
        "/dev/zero": "lies outside of",
        "more/../../secret.jpg": "lies outside of",
        "gone.jpg": "does not exist in",
        "more": "is not a file",
        "pipe.jpg": "is not a file",
        "empty.jpg": "is empty",
        "a\0b.jpg": "cannot be read",
        "x" * 5000: "cannot be read",
        "": "neither the bytes of a photo nor its path",
        "more/in.jpg": "",
        str(folder / "more" / "in.jpg"): "",
    }
    pq.write_table(pa.table({"image": list(reasons)}), folder / "a.parquet")
    for row, reason in zip(parquet.images(folder), reasons.values(), strict=True):
        assert row.data == (b"" if reason else b"inside")
        assert reason in row.missing
        assert bool(row.missing) == bool(reason)


def test_text_that_is_none_is_a_damaged_file(tmp_path):
    broken = pa.StringArray.from_buffers(
        1, pa.py_buffer(np.array([0, 2], np.int32)), pa.py_buffer(b"\xff\xfe")
    )
    photos = pa.array([b"photo"])
    pq.write_table(pa.table({"image": photos, "person": broken}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="damaged"):
        list(parquet.images(tmp_path))


@pytest.mark.data
def test_the_case_of_paths_alone(data_dir):
    rows = list(parquet.images(data_dir / "cases" / "14-path-only.parquet"))
    assert len(rows) == 16
    assert all(row.data == (data_dir / "cases" / row.path).read_bytes() for row in rows)
