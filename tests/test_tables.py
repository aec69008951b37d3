"""Tables: csv and parquet say the same, whole or not at all, in one part or in many."""

import csv

import pytest

from facelens.errors import DataError, OutputError
from facelens.tables import (
    ERROR_COLUMNS,
    escaped,
    join,
    read_records,
    row_writer,
    unescaped,
    write_records,
    write_table,
)

COLUMNS = ("photo", "face", "confidence", "Smiling")
ROWS = [
    ("ä, 1.jpg", 1, 0.987654321, 1e-7),
    ('say "cheese"\n.jpg', 2, 1.0, 123456789.0),
]
FRAMES = ("frame", "seconds", "face", "confidence")


@pytest.fixture(params=[".csv", ".parquet"])
def ending(request):
    if request.param == ".parquet":
        pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    return request.param


def same(path, rows, columns):
    records = read_records(path, columns)
    assert len(records) == len(rows)
    for record, row in zip(records, rows, strict=True):
        for name, value in zip(columns, row, strict=True):
            found = type(value)(record[name])
            assert found == (value if isinstance(value, str) else pytest.approx(value, rel=1e-5))


def test_what_is_written_is_read_back(tmp_path, ending):
    out = tmp_path / f"faces{ending}"
    write_table(out, ROWS, COLUMNS)
    same(out, ROWS, COLUMNS)
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_csv_has_six_digits_but_seconds_have_all(tmp_path):
    write_table(tmp_path / "a.csv", ROWS, COLUMNS)
    assert (tmp_path / "a.csv").read_bytes().decode() == (
        "photo,face,confidence,Smiling\n"
        '"ä, 1.jpg",1,0.987654,1e-07\n'
        '"say ""cheese""\n.jpg",2,1,1.23457e+08\n'
    )
    write_table(tmp_path / "b.csv", [(250000, 10000.123, 1, 0.5)], FRAMES)
    assert (tmp_path / "b.csv").read_text().splitlines()[1] == "250000,10000.123,1,0.5"


def test_parquet_has_a_type_for_each_column(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet", reason="pip install 'facelens[bulk]'")
    write_table(tmp_path / "a.parquet", ROWS, COLUMNS)
    write_table(tmp_path / "b.parquet", [], FRAMES)
    kinds = [
        str(kind)
        for name in ("a", "b")
        for kind in pq.read_schema(tmp_path / f"{name}.parquet").types
    ]
    assert kinds == [
        "string", "int32", "float", "float", "int32", "double", "int32", "float",
    ]  # fmt: skip


def test_rows_go_to_the_disk_on_the_way(tmp_path, monkeypatch):
    pq = pytest.importorskip("pyarrow.parquet", reason="pip install 'facelens[bulk]'")
    monkeypatch.setattr("facelens.tables._ROWS", 5)
    with row_writer(tmp_path / "a.parquet", FRAMES) as add:
        for number in range(12):
            add((number, number / 25, 1, 0.5))
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 3
    assert len(read_records(tmp_path / "a.parquet")) == 12


def test_a_writer_that_fails_leaves_the_old_table(tmp_path, ending):
    out = tmp_path / f"faces{ending}"
    write_table(out, ROWS[:1], COLUMNS)

    def rows():
        yield ROWS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_table(out, rows(), COLUMNS)
    same(out, ROWS[:1], COLUMNS)
    with pytest.raises(ValueError, match="longer"):
        write_table(out, [("x.jpg",)], COLUMNS)
    same(out, ROWS[:1], COLUMNS)
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


FORMULAS = ["=1+1.jpg", "+1", "-1.jpg", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1", "'=1"]
PLAIN = ["photo.jpg", "'quoted'", "''", "1-1", "a=1", "", " ", "'1"]


def test_no_cell_of_csv_is_a_formula_and_each_is_read_back(tmp_path, ending):
    out = tmp_path / f"faces{ending}"
    names = [*FORMULAS, *PLAIN, *(f"'{name}" for name in FORMULAS)]
    rows = [(name, 1, 0.5, -0.25) for name in names]
    write_table(out, rows, ("photo", "face", "=c", "-d"))
    assert [row["photo"] for row in read_records(out)] == names
    assert list(read_records(out)[0]) == ["photo", "face", "=c", "-d"]
    if ending == ".csv":
        with out.open(encoding="utf-8", newline="") as file:
            header, *cells = csv.reader(file)
        assert header == ["photo", "face", "'=c", "'-d"]
        assert [row[0] for row in cells] == [
            *(f"'{name}" for name in FORMULAS), *PLAIN, *(f"''{name}" for name in FORMULAS)
        ]  # fmt: skip
        assert {row[3] for row in cells} == {"-0.25"}


def test_escaping_is_undone_whatever_the_text():
    for name in [*FORMULAS, *PLAIN]:
        for text in (name, f"'{name}", f"''{name}"):
            assert unescaped(escaped(text)) == text
    assert escaped(-1) == -1
    assert escaped(None) is None
    assert unescaped("'tis") == "'tis"


def test_a_carriage_return_in_a_name_is_no_row(tmp_path):
    rows = [("a\rb", 1, 0.5, 0.5), ("a\r\nb", 1, 0.5, 0.5)]
    write_table(tmp_path / "part.csv", rows, COLUMNS, header=False)
    assert join([tmp_path / "part.csv"], tmp_path / "all.csv", COLUMNS) == 2
    assert [row["photo"] for row in read_records(tmp_path / "all.csv")] == ["a\rb", "a\r\nb"]


def test_a_negative_number_in_a_record_stays_a_number(tmp_path):
    out = tmp_path / "history.csv"
    for value in ("-0.5", "+1e-05", "-3"):
        write_records(out, [{"loss": value, "name": "-x"}])
        assert out.read_text() == f"loss,name\n{value},'-x\n"
        assert read_records(out) == [{"loss": value, "name": "-x"}]
    with pytest.raises(ValueError, match="no columns for"):
        write_records(out, [{"a": 1, "b": 2}], ["a"])


def test_parts_are_joined_in_order(tmp_path, ending, monkeypatch):
    monkeypatch.setattr("facelens.tables._PARTS_AT_ONCE", 2)
    parts = [tmp_path / f"part-{number}{ending}" for number in range(5)]
    for number, part in enumerate(parts):
        rows = [] if number == 1 else [(f"{number}.jpg", face, 0.5, 0.25) for face in (1, 2)]
        write_table(part, rows, COLUMNS, header=False)
    out = tmp_path / f"faces{ending}"
    assert join(parts, out, COLUMNS) == 8
    wanted = [(f"{number}.jpg", face, 0.5, 0.25) for number in (0, 2, 3, 4) for face in (1, 2)]
    same(out, wanted, COLUMNS)
    if ending == ".csv":
        whole = tmp_path / "whole.csv"
        write_table(whole, wanted, COLUMNS)
        assert whole.read_bytes() == out.read_bytes()


def test_a_line_break_in_a_name_is_no_row(tmp_path):
    write_table(tmp_path / "part.csv", [ROWS[1]], COLUMNS, header=False)
    assert join([tmp_path / "part.csv"], tmp_path / "all.csv", COLUMNS) == 1


def test_records_keep_their_values_as_they_are(tmp_path):
    out = tmp_path / "history.csv"
    write_records(out, [{"epoch": "0", "loss": "0.5"}, {"epoch": 1, "loss": 0.123456789012}])
    assert out.read_text() == "epoch,loss\n0,0.5\n1,0.123456789012\n"
    assert read_records(out)[1] == {"epoch": "1", "loss": "0.123456789012"}
    write_records(out, [], ERROR_COLUMNS)
    assert out.read_text() == "photo,reason\n"


def test_what_cannot_be_read_or_written_is_a_sentence(tmp_path, ending):
    path = tmp_path / f"x{ending}"
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_records(path)
    path.write_bytes(b"\xff\xfe\0 no table")
    with pytest.raises(DataError, match="is not a table"):
        read_records(path)
    write_table(path, ROWS, COLUMNS)
    with pytest.raises(DataError, match="has other columns than photo, reason"):
        read_records(path, ERROR_COLUMNS)
    with pytest.raises(OutputError, match="cannot be written"):
        write_table(tmp_path / "no" / path.name, ROWS, COLUMNS)
