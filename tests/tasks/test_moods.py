"""A task with one answer of several goes the general road: commands, tables, films."""

import csv
import json
import shutil
import sys

import cv2
import numpy as np
import pytest
from helpers.moods import BIAS, NAMES, moods_task

from facelens import load_model
from facelens.tasks import TASKS
from facelens.video.annotate import Annotator

pytest.importorskip("onnx", reason="onnx is not installed: `make test` installs it")


@pytest.fixture
def moods(tmp_path, monkeypatch):
    """The task in `TASKS`; its bundle."""
    bundle = moods_task(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(TASKS, "moods", "moods_task")
    yield bundle
    sys.modules.pop("moods_task", None)


@pytest.mark.usefixtures("moods")
def test_the_helper_s_maps_add_up_and_its_answers_share_one_whole():
    crops = np.random.default_rng(0).integers(0, 256, (3, 218, 178, 3), np.uint8)
    for answer in load_model(task="moods").predict(crops, maps=True):
        assert answer.maps.mean((1, 2)) + BIAS == pytest.approx(answer.logits, abs=1e-4)
        assert answer.probabilities.sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.usefixtures("moods")
def test_predict_says_its_seven_words(astronaut, run):
    code, out, _ = run("predict", astronaut, "--task", "moods")
    assert code == 0
    rows = [line for line in out.splitlines() if "Looks" in line]
    assert [row.split()[1] for row in rows] == list(NAMES)
    assert sum(row.endswith("yes") for row in rows) == 1
    said = json.loads(run("predict", astronaut, "--task", "moods", "--json")[1])
    assert sum(word["value"] for word in said["faces"][0]["words"]) == pytest.approx(1, abs=1e-4)


@pytest.mark.usefixtures("moods")
def test_label_writes_seven_columns_that_add_up(astronaut, run, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(astronaut, photos)
    out = tmp_path / "faces.csv"
    assert run("label", photos, "--out", out, "--task", "moods", "--workers", 1)[0] == 0
    with out.open() as file:
        (row,) = csv.DictReader(file)
    assert list(row)[-7:] == list(NAMES)
    assert sum(float(row[name]) for name in NAMES) == pytest.approx(1, abs=1e-4)


@pytest.mark.usefixtures("moods")
def test_beside_a_face_of_a_film_stands_one_word_unless_more_are_named(
    astronaut, run, tmp_path, monkeypatch
):
    film = tmp_path / "film.avi"
    frame = cv2.resize(cv2.imread(str(astronaut)), (320, 320))
    writer = cv2.VideoWriter(
        str(film), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 5, (320, 320)
    )
    for _ in range(3):
        writer.write(frame)
    writer.release()
    drawn, draw = [], Annotator.draw

    def keep(self, *arguments):
        picture = draw(self, *arguments)
        drawn.extend(shown.rows for shown in self._shown.values())
        return picture

    monkeypatch.setattr(Annotator, "draw", keep)
    wish = ("video", film, "--task", "moods", "--detector", "haar", "--out")
    assert run(*wish, tmp_path / "copy.avi")[0] == 0
    ((label, *_),) = drawn[0]
    assert label.startswith("Looks ")
    drawn.clear()
    assert run(*wish, tmp_path / "two.avi", "--attributes", "happy,Looks sad")[0] == 0
    assert [row[0] for row in drawn[0]] == ["Looks happy", "Looks sad"]
    code, _, err = run(*wish, tmp_path / "none.avi", "--attributes", "joyful")
    assert code == 2
    assert "moods 1 has no answer 'joyful'" in err
