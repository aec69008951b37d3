"""Text tables are read as spreadsheets, pandas and makers of data sets write them."""

import pytest

from facelens.data.rows import MAX_LINE, read_rows
from facelens.errors import DataError

ROWS = [["photo", "hat"], ["a.jpg", "1"], ["b b.jpg", "0"]]


@pytest.mark.parametrize(
    "text",
    [
        "photo,hat\na.jpg,1\nb b.jpg,0\n",
        "photo;hat\na.jpg;1\nb b.jpg;0",
        "photo\that\na.jpg\t1\nb b.jpg\t0\n",
        "photo|hat\na.jpg|1\nb b.jpg|0\n",
        '"photo","hat"\n"a.jpg","1"\n"b b.jpg","0"\n',
        '"photo"; "hat"\n"a.jpg" ;1\n"b b.jpg"; "0"\n',
        "sep=;\nphoto;hat\na.jpg;1\nb b.jpg;0\n",
        '"sep=;"\nphoto;hat\na.jpg;1\nb b.jpg;0\n',
        "sep=\t\nphoto\that\na.jpg\t1\nb b.jpg\t0\n",
        "\n\nphoto,hat\n\na.jpg,1\n,\nb b.jpg,0\n\n",
        "2\nphoto,hat\na.jpg,1\nb b.jpg,0\n",
        "photo , hat\r\na.jpg , 1\r\nb b.jpg , 0\r\n",
        "photo,hat\ra.jpg,1\rb b.jpg,0\r",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_one_table_in_many_hands(text, encoding, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    assert [row for _, row in read_rows(path, ["photo"])] == ROWS


def test_spaces_separate_what_nothing_else_does(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("3\nBald Young\n1.jpg  1 -1\n\n2.jpg -1  1 \n")
    assert list(read_rows(path)) == [
        (2, ["Bald", "Young"]), (3, ["1.jpg", "1", "-1"]), (5, ["2.jpg", "-1", "1"])
    ]  # fmt: skip


def test_a_comma_in_a_quoted_name_separates_nothing(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('"photo";"hat, cap, or ""none"""\n"a,b.jpg";1\n')
    assert [row for _, row in read_rows(path, ["photo"])] == [
        ["photo", 'hat, cap, or "none"'], ["a,b.jpg", "1"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'photo,hat\n"a.jpg,1\nb.jpg,0\n', "line 2: a quote .* is opened and never closed"),
        (b'photo,hat\na.jpg,1\n"b.jpg,0\n"c.jpg",0\n', "line 3: a quote .* never closed"),
        (b'photo,hat\n"a.jpg,1\n' + b"b.jpg,0\n" * 100_000, "line 2: a quote"),
        (b'"photo,hat\na.jpg,1\n', "line 1: a quote"),
        (b"photo,hat\na.jpg,\xff\n", "not text in UTF-8"),
        (b"photo,hat\n\0\0\0,1\n", "line 2 holds a zero byte"),
        (b"photo,hat\n" + b"1" * (MAX_LINE + 1), "line 2 has more than 1,000,000 characters"),
        (b'photo,hat\n"' + b"1" * 200_000 + b'",1\n', "line 2 is not separated text"),
    ],
)
def test_what_is_no_table_is_a_sentence_with_its_line(data, sentence, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=sentence):
        list(read_rows(path, ["photo"]))


def test_what_cannot_be_read_is_a_sentence(tmp_path):
    for path in (tmp_path, tmp_path / "gone.csv"):
        with pytest.raises(DataError, match=r"cannot be read: .*; save the table as \.csv"):
            list(read_rows(path))
