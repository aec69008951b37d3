"""`facelens predict`: what it prints of a photo, and what it says of one without a face."""

import io
import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from helpers.terminal import is_one_sentence
from helpers.weak import weak_bundle
from PIL import Image

from facelens.commands import predict
from facelens.tasks import DEFAULT, TASKS
from facelens.tasks.attributes.names import CELEBA, NAMES, describe
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
        assert list(row) == ["name", "probability", "threshold", "verdict", "judgement"]
        assert row["judgement"] == describe(row["name"]).is_judgement
        assert 0 <= row["probability"] <= 1
        assert row["threshold"] == 0.5
        if row["verdict"] != "doubtful":
            assert (row["verdict"] == "yes") == (row["probability"] >= 0.5)


def test_whiskers_are_in_the_json_and_change_no_verdict(run, astronaut):
    code, out, err = run("predict", astronaut, "--json", "--whiskers", "--detector", "haar")
    assert (code, err) == (0, "")
    _, plain, _ = run("predict", astronaut, "--json", "--detector", "haar")
    rows = json.loads(out)["faces"][0]["attributes"]
    for row in rows:
        assert list(row) == [
            "name", "probability", "low", "high", "threshold", "verdict", "judgement",
        ]  # fmt: skip
        assert 0 <= row["low"] <= row["probability"] <= row["high"] <= 1
    assert max(row["high"] - row["low"] for row in rows) > 0.05
    before = json.loads(plain)["faces"][0]["attributes"]
    kept = [{k: v for k, v in row.items() if k not in ("low", "high")} for row in rows]
    assert kept == before


def test_whiskers_read_well(run, astronaut):
    code, out, _ = run("predict", astronaut, "--whiskers", "--detector", "haar")
    assert code == 0
    (bangs,) = (line for line in out.splitlines() if line.strip().startswith("Bangs  "))
    assert re.fullmatch(r" +Bangs +0\.\d\d  0\.\d\d to 0\.\d\d +(yes|doubtful)", bangs)


def test_whiskers_are_of_probabilities(run, astronaut):
    code, out, err = run("predict", astronaut, "--whiskers", "--task", "keypoints")
    assert (code, out) == (2, "")
    assert is_one_sentence(err)
    assert "--whiskers is for probabilities" in err


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


@pytest.mark.parametrize(
    "threshold", ["half", "f1", "balanced", "precision90", "sure90", "0.5", "0", "1"]
)
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


@pytest.fixture
def three(tmp_path, astronaut):
    """A photo with a face, one without and one that is none."""
    Image.new("RGB", (300, 300), "white").save(tmp_path / "blank.png")
    (tmp_path / "text.jpg").write_text("no photo")
    return [astronaut, tmp_path / "blank.png", tmp_path / "text.jpg"]


def test_several_photos_are_answered_one_after_the_other(run, three, astronaut):
    code, out, err = run("predict", *three, astronaut, "--detector", "haar")
    assert code == 2
    assert out.count("512 x 512 pixels, 1 face found by haar") == 2
    assert "blank.png" in err.splitlines()[0]
    assert "text.jpg" in err.splitlines()[1]
    assert all(is_one_sentence(f"{line}\n") for line in err.splitlines())


def test_several_photos_as_json_are_an_object_a_line(run, three):
    code, out, err = run("predict", *three, "--json", "--detector", "haar")
    assert code == 2
    assert err.count("\n") == 2
    first, second, third = map(json.loads, out.splitlines())
    assert [each["photo"] for each in (first, second, third)] == list(map(str, three))
    assert len(first["faces"]) == 1
    assert second["faces"] == []
    assert list(third) == ["photo", "error"]
    assert "text.jpg is not a photo" in third["error"]


@pytest.mark.parametrize(
    ("photos", "worst"),
    [((0,), 0), ((0, 0), 0), ((0, 1), 3), ((1, 0), 3), ((2, 1), 2), ((1, 2), 2)],
)
def test_the_exit_code_is_that_of_the_worst_photo(run, three, photos, worst):
    code, _, _ = run("predict", *(three[number] for number in photos), "--detector", "haar")
    assert code == worst


class Input:
    """A standard input with these bytes."""

    def __init__(self, data, *, terminal=False):
        self.buffer, self.isatty = io.BytesIO(data), lambda: terminal


def test_a_photo_comes_from_standard_input(run, astronaut, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Input(astronaut.read_bytes()))
    code, out, err = run("predict", "-", "--detector", "haar")
    assert (code, err) == (0, "")
    assert out.startswith("standard input: 512 x 512 pixels, 1 face found by haar")
    monkeypatch.setattr(sys, "stdin", Input(astronaut.read_bytes()))
    code, out, _ = run("predict", astronaut, "-", "--json", "--detector", "haar")
    named, piped = map(json.loads, out.splitlines())
    assert piped == named | {"photo": "-"}


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        (Input(b""), "standard input is empty"),
        (Input(b"no photo"), "standard input is not a photo"),
        (Input(b"\xff" * 200_000_000), "standard input is larger than"),
        (Input(b"", terminal=True), "facelens predict - < PHOTO"),
        (None, "Standard input is closed"),
    ],
)
def test_what_is_wrong_with_standard_input_is_said(run, monkeypatch, stdin, words):
    monkeypatch.setattr(sys, "stdin", stdin)
    code, out, err = run("predict", "-")
    assert (code, out) == (2, "")
    assert is_one_sentence(err)
    assert words in err


def test_standard_input_is_read_once(run, astronaut):
    code, out, err = run("predict", "-", astronaut, "-")
    assert (code, out) == (2, "")
    assert is_one_sentence(err)
    assert "give - once" in err


def test_a_damaged_photo_without_a_face_says_so(run, three, monkeypatch):
    import facelens.photo

    read = facelens.photo.read_photo
    damaged = "A part of this photo is damaged."
    monkeypatch.setattr(
        facelens.photo, "read_photo", lambda *a, **o: replace(read(*a, **o), hints=(damaged,))
    )
    code, _, err = run("predict", three[1])
    assert code == 3
    assert err.endswith(f" {damaged}\n")


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


def test_what_is_often_wrong_on_small_faces_is_doubtful_on_one(run, astronaut, tmp_path):
    small = tmp_path / "small.png"
    Image.open(astronaut).resize((256, 256), Image.Resampling.LANCZOS).save(small)
    verdicts, bundle = [], weak_bundle(tmp_path)
    for photo in (astronaut, small):
        _, out, _ = run("predict", photo, "--json", "--detector", "haar", "--model", bundle)
        (face,) = json.loads(out)["faces"]
        assert face["hints"] == []
        rows = {row["name"]: row for row in face["attributes"]}
        assert rows["Blurry"]["probability"] < 0.1
        verdicts.append(rows["Blurry"]["verdict"])
    assert verdicts == ["no", "doubtful"]
