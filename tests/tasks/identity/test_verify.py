"""`facelens verify`: what it prints, and what is a sentence."""

import json

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.likeness import album, likeness_bundle
from helpers.terminal import is_one_sentence

from facelens.tasks.identity import pairs
from facelens.tasks.identity.pairs import Pairs, Photos, owners, similarities


@pytest.fixture
def photos(astronaut, tmp_path):
    """Three people, four photos each, and one photo without a face."""
    folder = album(tmp_path / "people", astronaut)
    rows = [
        {
            "image": {"bytes": path.read_bytes(), "path": f"{path.parent.name}{path.name}"},
            "person": path.parent.name,
        }
        for path in sorted(folder.rglob("*.jpg"))
    ]
    grey = cv2.imencode(".png", np.full((64, 64, 3), 90, np.uint8))[1].tobytes()
    rows.append({"image": {"bytes": grey, "path": "grey.png"}, "person": "Cleo"})
    path = tmp_path / "photos.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


PAIRS = [
    (f"{a}{i}.jpg", f"{b}{j}.jpg", int(a == b))
    for a in ("Anna", "Ben", "Cleo") for b in ("Anna", "Ben", "Cleo")
    for i in range(4) for j in range(4) if (a, i) < (b, j)
]  # fmt: skip


@pytest.fixture
def verify(photos, tmp_path, run):
    bundle = likeness_bundle(tmp_path)

    def call(rows, *more, head="first,second,same"):
        table = tmp_path / "pairs.csv"
        lines = rows if isinstance(rows[0], str) else [",".join(map(str, row)) for row in rows]
        table.write_text("\n".join([head, *lines]) + "\n")
        return run("verify", photos, table, "--recogniser", bundle, "--detector", "haar", *more)

    return call


def test_it_prints_figures_with_intervals(verify):
    code, out, err = verify(PAIRS, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["model"] == "likeness 1"
    assert (found["pairs"], found["people"], found["photos"]) == (len(PAIRS), 3, 12)
    assert found["photos_without_face"] == 0
    for name in ("accuracy", "auc", "true_accept_at_1_percent_false"):
        low, high = found[f"{name}_interval"]
        assert low <= found[name] <= high
    assert found["auc"] > 0.8
    code, out, _ = verify(PAIRS)
    assert code == 0
    assert "accuracy, threshold chosen on other people" in out


def test_a_photo_without_a_face_counts_as_wrong_and_is_said(verify):
    code, out, _ = verify([*PAIRS, ("grey.png", "Cleo0.jpg", 1), ("grey.png", "Ben0.jpg", 0)])
    assert code == 0
    assert "In 1 of 13 photos no face was found; their pairs count as wrong." in out


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["Anna0.jpg,nobody.jpg,0"], "pairs.csv, line 2: there is no photo 'nobody.jpg'"),
        (["Anna0.jpg,Ben0.jpg,0", "Anna0.jpg,Ben1.jpg,perhaps"], "line 3: same is 'perhaps'"),
        (["Anna0.jpg,Ben0.jpg"], "line 2: same is"),
        (["Anna0.jpg"], "line 2: there is no photo"),
        (["Anna0.jpg,Ben0.jpg,0"], "needs pairs of one person (1) and of two people (0)"),
        (["Anna0.jpg,Anna1.jpg,1"], "needs pairs of one person (1) and of two people (0)"),
        (["\x1b[31m,Ben0.jpg,0"], "there is no photo '\\\\x1b[31m'"),
        ([""], "needs pairs"),
    ],
)
def test_a_line_that_cannot_be_is_a_sentence(verify, rows, words):
    code, out, err = verify(rows)
    assert (code, out) == (2, "")
    assert is_one_sentence(err), err
    assert words in err


def test_other_columns_are_a_sentence(verify):
    code, _, err = verify(["a,b,1"], head="one,two,same")
    assert code == 2
    assert "has other columns than first, second, same" in err


def test_a_table_that_is_not_there_is_a_sentence(photos, tmp_path, run):
    code, _, err = run("verify", photos, tmp_path / "nowhere.csv", "--recogniser", "sface")
    assert code == 2
    assert is_one_sentence(err)
    assert "nowhere.csv cannot be read" in err


def of(people, has_face=None):
    width = len(people)
    there = np.ones(width, bool) if has_face is None else np.array(has_face)
    names = tuple(map(str, range(width)))
    return Photos(names, np.eye(width, dtype=np.float32), np.array(people), there)


def test_without_names_people_follow_from_pairs_of_one():
    asked = Pairs(
        np.array([0, 1, 3, 0]), np.array([1, 2, 4, 3]), np.array([True, True, True, False])
    )
    first, second = owners(of([-1] * 6), asked)
    assert (first[:3] == second[:3]).all()
    assert first[0] == first[1] != first[2]
    assert first[3] == first[0]
    assert second[3] == first[2]
    named, others = owners(of([7, 7, 7, 9, 9, -1]), asked)
    assert named.tolist() == [0, 0, 1, 0]
    assert others.tolist() == [0, 0, 1, 1]


def test_a_missing_face_is_the_worst_answer():
    asked = Pairs(np.array([0, 0, 1]), np.array([1, 2, 1]), np.array([True, False, True]))
    found = similarities(of([0, 0, 1], [True, False, False]), asked)
    assert found.tolist() == [-1, 1, -1]


def test_names_twice_are_a_sentence():
    from facelens.data.parquet import Row
    from facelens.errors import DataError

    rows = [Row("a.jpg", b"", {}), Row("a.jpg", b"", {})]
    with pytest.raises(DataError, match=r"Two photos are called a\.jpg"):
        pairs.embed_photos(rows, None)
