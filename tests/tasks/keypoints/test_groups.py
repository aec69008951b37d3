"""Errors of keypoints by group, and what faces without identity are."""

import json

import numpy as np
import pytest

from facelens.tasks.fairness import gaps
from facelens.tasks.keypoints.groups import UNIT, errors_by_group
from facelens.tasks.keypoints.marks import COLUMNS, SIDE, Faces, measure

pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
pq = pytest.importorskip("pyarrow.parquet")


def marked(n=80, *, people=None):
    rng = np.random.default_rng(0)
    points = rng.uniform(20, 76, (n, 15, 2)).astype(np.float32)
    points[:, 0], points[:, 1] = (66, 38), (30, 38)  # the eyes
    who = np.array([f"p{i // 2}" for i in range(n)]) if people is None else people
    return Faces(np.zeros((n, SIDE, SIDE), np.uint8), points, who)


def test_a_group_whose_points_are_farther_off_is_warned_of():
    faces = marked()
    hat = np.arange(80) % 2
    noise = np.random.default_rng(1).normal(0, 1, faces.points.shape)
    predicted = faces.points + noise * np.where(hat, 6, 2)[:, None, None]
    groups = errors_by_group(predicted, faces, {"hat": hat}, draws=200)
    (gap,) = gaps(groups, UNIT, "all points")
    assert (gap.worse, gap.better) == ("hat", "not hat")
    assert "of the eyes' distance on hat (40 faces)" in str(gap)
    even = errors_by_group(faces.points + 2 * noise, faces, {"hat": hat}, draws=200)
    assert gaps(even, UNIT) == []
    few = np.where(np.arange(80) < 9, 1, -1)
    assert errors_by_group(predicted, faces, {"hat": few})["hat"]["error"] == "too few"


def test_one_person_gives_no_interval():
    faces = marked(people=np.full(80, "p"))
    figures = measure(faces.points + 1, faces)
    assert np.isnan(figures["low_px"])
    assert figures["without_identity"] == 0


@pytest.mark.parametrize("people", [None, pa.nulls(6), pa.array(["Ann", "", "Ann", None, "", ""])])
def test_evaluate_says_whose_faces_they_are(people, run, tmp_path):
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.new("L", (SIDE, SIDE), 99).save(stream, "PNG")
    columns = {"image": pa.array([stream.getvalue()] * 6)}
    columns |= {name: pa.array([40.0 + i for i in range(6)]) for name in COLUMNS}
    if people is not None:
        columns["person"] = people
    pq.write_table(pa.table(columns | {"hat": [1, 0, -0, 1, 0, 1]}), tmp_path / "a.parquet")
    command = ("evaluate", tmp_path / "a.parquet", "--task", "keypoints", "--split-by", "hat")
    code, said, errors = run(*command)
    assert code == 0, errors
    known = people is not None and people.null_count < 6
    assert ("4 without identity" if known else "6 faces of unknown people") in said
    assert "Too few faces to compare groups: each needs 20." in said
    told = json.loads(run(*command, "--json")[1])
    assert told["without_identity"] == (4 if known else 6)
    code, _, said = run(*command[:-1], "cap")
    assert code == 2
    assert "has no column 'cap' to split by" in said
