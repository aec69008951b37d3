"""A table of photos and of yes and no, in CelebA's own form and in everybody else's."""

import pytest

from facelens.data.table import Line, read_table
from facelens.errors import DataError

LINES = [
    Line("a.jpg", "", (True, False)),
    Line("b.jpg", "", (False, None)),
    Line("c.jpg", "", (False, True)),
]


def write(folder, text):
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "3\nhat smile\na.jpg  1 -1\nb.jpg -1  NaN\nc.jpg -1  1\n",  # list_attr_celeba.txt
        "3\nhat smile \na.jpg  1 -1 \nb.jpg -1  nan \nc.jpg -1  1 \n",
        "image_id,hat,smile\na.jpg,1,-1\nb.jpg,-1,\nc.jpg,-1,1\n",  # Kaggle
        "file_name,hat,smile\na.jpg,1,-1\nb.jpg,-1,\nc.jpg,-1,1\n",  # the Hub's image folders
        "Photo,hat,smile\na.jpg,1.0,0.0\nb.jpg,0.0,NaN\nc.jpg,0.0,1.0\n",  # pandas
        ",photo,hat,smile\n0,a.jpg,1.0,0.0\n1,b.jpg,0.0,\n2,c.jpg,0.0,1.0\n",
        ",hat,smile\na.jpg,1,0\nb.jpg,0,\nc.jpg,0,1\n",
        "Unnamed: 0,photo,hat,smile\n0,a.jpg,1,0\n1,b.jpg,0,<NA>\n2,c.jpg,0,1\n",
        "photo;hat;smile\na.jpg;1,0;0,0\nb.jpg;0,0;\nc.jpg;0,0;1,0\n",  # a decimal comma
        "sep=;\nphoto;hat;smile\na.jpg;yes;no\nb.jpg;no;n/a\nc.jpg;no;yes\n",
        '"photo","hat","smile"\n"a.jpg","TRUE","FALSE"\n"b.jpg","F",""\n"c.jpg","f","T"\n',
        "photo,hat,smile,\na.jpg,y,n,\nb.jpg,n,?,\nc.jpg,n,y,\n",  # a trailing empty column
        "photo,hat,smile,,\na.jpg,y,n\nb.jpg,n,None,,\nc.jpg,n,y,,,\n",
        "hat,photo,smile\n1,a.jpg,0\n0,b.jpg,-\n0,c.jpg,1\n",
    ],
)
def test_three_photos_in_many_hands(text, tmp_path):
    names, lines = read_table(write(tmp_path, text))
    assert names == ("hat", "smile")
    assert lines == LINES


def test_lines_know_where_they_stand(tmp_path):
    _, lines = read_table(write(tmp_path, "photo,hat\n\na.jpg,1\n,\nb.jpg,0\n"))
    assert [line.number for line in lines] == [3, 5]


def test_a_person_is_one_however_accents_are_written(tmp_path):
    text = "photo,person,hat\na.jpg,Jos\u00e9,1\nb.jpg,Jose\u0301,0\n"
    _, (one, other) = read_table(write(tmp_path, text))
    assert one.person == other.person == "José"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("photo,hat\na.jpg,1\nb.jpg,0\nc.jpg,-1\n", "hat holds 0 and -1, which may both be a no"),
        ("photo,hat\na.jpg,2\n", "line 2: hat is '2', neither yes nor no"),
        ("photo,hat\na.jpg,inf\n", "line 2: hat is 'inf', neither"),
        ("photo,hat\na.jpg,1,0\n", "line 2: 3 fields, not 2"),
        ("photo,hat,,smile\na.jpg,1,,0\n", "all different, photo among them"),
        ("hat,smile\n1,0\n", "photo among them"),
        ("photo\na.jpg\n", "columns of yes and no"),
        ("sep=;\n", "photo among them"),
        ("202599\n", "photo among them"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(text, sentence, tmp_path):
    with pytest.raises(DataError, match=sentence):
        read_table(write(tmp_path, text))


@pytest.mark.data
def test_the_case_tables(data_dir):
    names, lines = read_table(data_dir / "cases" / "09-minus-one.csv")
    assert names == ("Eyeglasses", "Smiling")
    assert len(lines) == 16
    assert lines[0].answers == (False, True)
    with pytest.raises(DataError, match="line 2: a quote"):
        read_table(data_dir / "cases" / "09-open-quote.csv")
