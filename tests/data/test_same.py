"""One photo is one photo, whatever a table calls it, and never in two splits."""

import os
import unicodedata

import numpy as np
import pytest
from PIL import Image

from facelens.data import custom, parquet
from facelens.data.same import distinct, find_file, twins
from facelens.data.table import Line, read_table


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for i, name in enumerate(("a.jpg", "b.jpg", "more/c d.jpg", "café.jpg")):
        (folder / name).write_bytes(b"photo %d" % i)
    (folder / "copy.jpg").write_bytes(b"photo 0")
    os.link(folder / "a.jpg", folder / "hard.jpg")
    (folder / "soft.jpg").symlink_to("a.jpg")
    return folder


@pytest.mark.parametrize(
    "other", ["./a.jpg", "more/../a.jpg", ".//a.jpg", "hard.jpg", "soft.jpg", ".\\a.jpg", "a%2Ejpg"]
)
def test_two_spellings_are_one_photo(other, photos):
    rows = [Line("a.jpg", "", (True, None), 2), Line(other, "Ann", (True, False), 3)]
    assert distinct(photos, ("hat", "smile"), rows) == ([Line("a.jpg", "Ann", (True, False))], [])


def test_a_photo_that_is_missing_is_one_photo_too(photos):
    rows = [Line("gone.jpg", "", (True,), 2), Line("./gone.jpg", "", (True,), 3)]
    assert len(distinct(photos, ("hat",), rows)[0]) == 1


def test_different_photos_stay_apart(photos):
    rows = [Line(name, "", (True,)) for name in ("a.jpg", "A.JPG", "b.jpg", "copy.jpg")]
    folds = (photos / "A.JPG").is_file()  # a disk that knows no capitals
    assert len(distinct(photos, ("hat",), rows)[0]) == (3 if folds else 4)


def test_rows_that_contradict_each_other_leave_the_photo_out(photos):
    rows = [
        Line("a.jpg", "", (True,), 2), Line("./a.jpg", "", (False,), 3),
        Line("b.jpg", "Ann", (True,), 4), Line("soft.jpg", "", (None,), 5),
        Line("more/../b.jpg", "Bob", (True,), 6),
    ]  # fmt: skip
    kept, out = distinct(photos, ("hat",), rows)
    assert kept == []
    assert out == [
        ("a.jpg", "Lines 2, 3 and 5 of the table are about this photo and differ in hat."),
        ("b.jpg", "Lines 4 and 6 of the table are about this photo and differ in person."),
    ]


def test_names_from_other_systems_are_found(photos):
    assert find_file(photos, "more\\c d.jpg") == photos / "more/c d.jpg"
    assert find_file(photos, "more/c%20d.jpg") == photos / "more/c d.jpg"
    for form in ("NFC", "NFD"):
        assert find_file(photos, unicodedata.normalize(form, "café.jpg")).is_file()
    assert find_file(photos, "gone%20.jpg") == photos / "gone%20.jpg"
    assert find_file(photos, "x" * 5000) == photos / ("x" * 5000)
    assert find_file(photos, "a\0b") == photos / "a\0b"


def test_copies_of_a_file_are_in_one_split(photos):
    rows = [Line(name, "", (True,)) for name in ("a.jpg", "b.jpg", "copy.jpg", "gone.jpg")]
    assert twins(photos, rows) == [(0, 2)]
    assert twins(photos, [Line("a.jpg", "Ann", (True,)), Line("copy.jpg", "", (True,))]) == [(0, 1)]
    assert twins(photos, [Line("a.jpg", "Ann", (True,)), Line("copy.jpg", "Bob", (True,))]) == []
    many = [Line(f"{i}.jpg", f"person {i // 2}", (i % 2 == 0,)) for i in range(40)]
    for seed in range(20):
        split, person = custom._split(many, seed, [(0, 20), (21, 39)])
        assert split[0] == split[1] == split[20] == split[21] == split[39] == split[38]
        assert len(set(person)) == 18


def test_prepare_uses_a_photo_once(tmp_path, astronaut):
    photos = tmp_path / "photos"
    photos.mkdir()
    rows = ["photo,hat"]
    with Image.open(astronaut) as portrait:
        for i in range(4):
            portrait.resize((300 + i, 300 + i)).save(photos / f"{i}.jpg")
            rows += [f"{i}.jpg,{i % 2}", f"./{i}.jpg,{i % 2}"]
    table = tmp_path / "t.csv"
    table.write_text("\n".join([*rows, "../photos/3.jpg,0"]))
    made = custom.prepare(photos, table, tmp_path / "out", detector="haar")
    assert "5 rows name a photo that an earlier row names too" in str(made)
    assert [photo for photo, _ in made.left_out] == ["3.jpg"]
    assert sorted(row.path for row in parquet.images(made.out)) == ["0.jpg", "1.jpg", "2.jpg"]


@pytest.mark.data
def test_the_case_of_two_spellings(data_dir, portraits):
    names, rows = read_table(data_dir / "cases" / "10-two-spellings.csv")
    kept, out = distinct(portraits, names, rows)
    assert len(kept) == 15
    assert out == [
        (
            "house_B000740.jpg",
            "Lines 2 and 18 of the table are about this photo and differ in glasses.",
        )
    ]
    split, _ = custom._split(kept, 0, twins(portraits, kept))
    assert set(np.unique(split)) == {0, 1, 2}
