"""Parquet in the Hub's layout is read row by row, whatever its files and row groups."""

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
