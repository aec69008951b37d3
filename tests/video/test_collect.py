"""A training set of films: a folder a class, nobody in two splits."""

import csv

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from facelens.errors import DataError
from facelens.video.collect import collect


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Four people smile, two of them are neutral too; each film has six frames."""
    from facelens.ui import _view

    folder = tmp_path_factory.mktemp("films")
    photo = cv2.imread(str(_view.__file__).replace("_view.py", "astronaut.jpg"))
    face = cv2.resize(photo, (256, 256))
    names = {"happy": ("anna", "ben_1", "ben_2", "cleo", "dan"), "neutral": ("anna", "ben")}
    for name, people in names.items():
        (folder / name).mkdir()
        for shade, person in enumerate(people):
            path = folder / name / f"{person}.avi"
            code = cv2.VideoWriter_fourcc(*"MJPG")
            writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, 5, (256, 256))
            for _ in range(6):
                writer.write(np.clip(face * (1 - 0.1 * shade), 0, 255).astype(np.uint8))
            writer.release()
    return folder


def people(out, split):
    table = pq.read_table(out / f"{split}-00000-of-00001.parquet")
    return set(table.column("celeb_id").to_pylist()), table


def test_nobody_is_in_two_splits(films, tmp_path):
    result = collect(films, tmp_path / "set", every=3, detector="haar")
    assert result.people == 4
    assert sum(result.faces.values()) == 14, "two frames of each of seven films"
    parts = [people(tmp_path / "set", split)[0] for split in ("train", "valid", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 4
    assert "14 faces of 4 people" in str(result)


def test_dealt_by_chance_the_same_people_are_on_both_sides(films, tmp_path):
    collect(films, tmp_path / "set", every=1, by_person=False, detector="haar")
    assert people(tmp_path / "set", "train")[0] & people(tmp_path / "set", "test")[0]


def test_the_command_writes_what_the_task_reads(films, tmp_path, run):
    from facelens.tasks.expression.faces import read

    out = tmp_path / "set"
    line = ["prepare", films, "--films", "expression", "--every", 6, "--out", out]
    code, said, err = run(*line, "--detector", "haar")
    assert code == 0, err
    assert "7 faces" in said
    faces = [read(out, split) for split in ("train", "valid", "test")]
    assert sum(map(len, faces)) == 7
    assert not set(faces[0].people) & set(faces[2].people)


def test_what_cannot_be_read_is_listed(films, tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("happy", "neutral"):
        (folder / name).mkdir()
        for film in (films / name).iterdir():
            (folder / name / film.name).symlink_to(film)
    (folder / "happy" / "eve.mp4").write_bytes(b"no film at all")
    result = collect(folder, tmp_path / "set", every=6, detector="haar")
    with (tmp_path / "set" / "errors.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert row["photo"] == "happy/eve.mp4"
    assert "1 frames or films were left out" in str(result)


def test_too_few_people_or_classes_are_a_sentence(films, tmp_path, run):
    few = tmp_path / "few"
    (few / "happy").mkdir(parents=True)
    (few / "happy" / "anna.avi").symlink_to(films / "happy" / "anna.avi")
    with pytest.raises(DataError, match="two folders or more"):
        collect(few, tmp_path / "set")
    (few / "sad").mkdir()
    (few / "sad" / "anna.avi").symlink_to(films / "happy" / "anna.avi")
    with pytest.raises(DataError, match="1 person is too few"):
        collect(few, tmp_path / "set")
    code, _, err = run("prepare", films, "--out", tmp_path / "set")
    assert (code, "either TABLE" in err) == (2, True)
