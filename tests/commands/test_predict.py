"""`facelens predict`: what it prints of a photo, and what it says of one without a face."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.terminal import is_one_sentence
from PIL import Image

from facelens.commands import predict
from facelens.tasks import DEFAULT, TASKS
from facelens.tasks.attributes.names import CELEBA, NAMES
from facelens.tasks.base import Style, Verdict, Word


def test_predict_reads_well(run, astronaut):
    code, out, err = run("predict", astronaut, "--detector", "haar")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "512 x 512 pixels, 1 face found by haar, read by" in lines[0]
    assert lines[3].startswith(("Fairly sure: ", "Doubtful: "))
    for attribute in CELEBA:
        shown = any(line.strip().startswith(f"{attribute.label}  ") for line in lines)
        assert shown != attribute.is_judgement, attribute.name
    assert "--judgements shows them" in lines[-1]


def test_judgements_are_shown_when_asked_for(run, astronaut):
    code, out, _ = run("predict", astronaut, "--judgements", "--detector", "haar")
    assert code == 0
    assert all(attribute.label in out for attribute in CELEBA)
    assert "opinions that strangers clicked" in out


def test_predict_as_json(run, astronaut):
    code, out, err = run("predict", astronaut, "--json", "--detector", "haar")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert list(answer) == ["photo", "width", "height", "model", "detector", "faces"]
    assert (answer["photo"], answer["width"], answer["height"]) == (str(astronaut), 512, 512)
    assert answer["detector"] == "haar"
    (face,) = answer["faces"]
    assert list(face) == ["box", "points", "confidence", "hints", "attributes"]
    assert list(face["box"]) == ["x", "y", "w", "h"]
    assert np.shape(face["points"]) == (5, 2)
    assert [row["name"] for row in face["attributes"]] == list(NAMES)
    for row in face["attributes"]:
        assert list(row) == ["name", "probability", "threshold", "verdict"]
        assert 0 <= row["probability"] <= 1
        assert row["threshold"] == 0.5
        if row["verdict"] != "doubtful":
            assert (row["verdict"] == "yes") == (row["probability"] >= 0.5)


def test_the_largest_face_comes_first(run, astronaut, tmp_path):
    photo = Image.open(astronaut)
    page = Image.new("RGB", (1100, 520), "gray")
    page.paste(photo.resize((300, 300)), (0, 0))
    page.paste(photo, (400, 0))
    page.save(tmp_path / "two.png")
    _, out, _ = run("predict", tmp_path / "two.png", "--json", "--detector", "haar")
    widths = [face["box"]["w"] for face in json.loads(out)["faces"]]
    assert len(widths) == 2
    assert widths[0] > widths[1] * 1.3
    _, out, _ = run("predict", tmp_path / "two.png", "--detector", "haar")
    assert out.index("Face 1 of 2") < out.index("Face 2 of 2")


@pytest.mark.parametrize("threshold", ["half", "f1", "balanced", "precision90", "0.5", "0", "1"])
def test_thresholds(run, astronaut, threshold):
    code, out, _ = run("predict", astronaut, "--json", "--threshold", threshold)
    assert code == 0
    for row in json.loads(out)["faces"][0]["attributes"]:
        assert row["threshold"] is None or 0 <= row["threshold"] <= 1
        if threshold[0].isdigit():
            assert row["threshold"] == float(threshold)


def test_yunet_is_named_where_it_is_used(run, astronaut, yunet):
    code, out, _ = run("predict", astronaut, "--json", "--detector", f"yunet:{yunet}")
    assert code == 0
    assert json.loads(out)["detector"] == "yunet"


def test_a_photo_without_a_face(run, tmp_path):
    Image.new("RGB", (300, 300), "white").save(tmp_path / "blank.png")
    code, out, err = run("predict", tmp_path / "blank.png")
    assert (code, out) == (3, "")
    assert is_one_sentence(err)
    assert "No face was found in" in err
    code, out, err = run("predict", tmp_path / "blank.png", "--json")
    assert code == 3
    assert json.loads(out)["faces"] == []
    assert is_one_sentence(err)


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (1, 4000), (4000, 1), (20, 20)])
def test_photos_too_small_for_any_face(run, tmp_path, size):
    Image.new("RGB", size, "white").save(tmp_path / "small.png")
    code, _, err = run("predict", tmp_path / "small.png")
    assert code == 3
    assert is_one_sentence(err)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--threshold", "maybe"], "There is no threshold"),
        (["--threshold", "1.5"], "There is no threshold"),
        (["--threshold", "nan"], "There is no threshold"),
        (["--model", "nowhere"], "There is no model"),
        (["--detector", "eyes"], "no face detector called"),
        (["--detector", "yunet:/nowhere.onnx"], "no YuNet file"),
    ],
)
def test_unknown_values_are_said(run, astronaut, option, words):
    code, out, err = run("predict", astronaut, *option)
    assert (code, out) == (2, "")
    assert is_one_sentence(err)
    assert words in err


def test_a_task_that_says_no_more_is_described_by_its_words():
    words = [Word("Nose tip", 0.25), Word("Smiling", 0.987654321, Verdict.YES)]
    task = replace(TASKS[DEFAULT], words=lambda *_: words, describe=None)
    asdict, text = predict._described(task, None, None, None, Style())
    assert asdict == {
        "words": [
            {"label": "Nose tip", "value": 0.25, "verdict": None},
            {"label": "Smiling", "value": 0.987654, "verdict": "yes"},
        ]
    }
    assert json.dumps(asdict)
    assert [line.split() for line in text.splitlines()] == [
        ["Nose", "tip", "0.25"],
        ["Smiling", "0.99", "yes"],
    ]


def test_a_threshold_that_there_is_not_is_said_of_a_photo_without_a_face_too(run, tmp_path):
    photo = tmp_path / "grey.png"
    Image.new("RGB", (200, 200), "grey").save(photo)
    assert run("predict", photo)[0] == 3
    code, _, err = run("predict", photo, "--threshold", "often")
    assert code == 2
    assert "There is no threshold 'often'" in err
