"""The task without its network: configuration, where a picture lies in a crop, words."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facelens.errors import BundleError, ThresholdError
from facelens.tables import read_records
from facelens.tasks import TASKS
from facelens.tasks.base import Style, Verdict
from facelens.tasks.classifier import Prediction
from facelens.tasks.config import View
from facelens.tasks.expression.describe import describe_face, sentence
from facelens.tasks.expression.model import (
    FRAME,
    MIDDLE_AND_STEP,
    ExpressionConfig,
    ExpressionModel,
    cut,
    embed,
    frame_of,
)
from facelens.tasks.expression.names import NAMES

RESULTS = Path(__file__).parents[3] / "benchmarks" / "results"


def config(**changes):
    values = {
        "task": "expression", "name": "expression", "version": "1", "architecture": "ours",
        "names": NAMES, "input_size": (48, 48), "licence": "none", "frame": FRAME,
        "temperature": np.full(7, 1.5, np.float32), "bias": np.zeros(7, np.float32),
        "layers": (View("last", "last", "Last", "What is left.", (64, 8, 8)),),
        "map_layer": "last", "flip_average": True, "activation": "softmax",
    }  # fmt: skip
    return ExpressionConfig(**(values | changes))


def read_again(tmp_path, **changes):
    path = tmp_path / "config.json"
    config(**changes).save(path)
    return TASKS["expression"].config(path.read_bytes(), path)


def model():
    made = ExpressionModel.__new__(ExpressionModel)
    made.config = config()
    return made


def face(*hints):
    return SimpleNamespace(hints=hints)


def prediction(**logits):
    scores = np.array([logits.get(name, 0.0) for name in NAMES], np.float32)
    return Prediction(scores, model()._probabilities(scores), NAMES)


def test_the_config_comes_back_with_its_window(tmp_path):
    read = read_again(tmp_path)
    assert np.allclose(read.frame, FRAME, rtol=1e-6)
    assert (read.names, read.channels, read.activation) == (NAMES, 1, "softmax")


@pytest.mark.parametrize(
    "changes",
    [
        {"names": NAMES[::-1]},
        {"activation": "sigmoid"},
        {"input_size": (96, 96)},
        {"temperature": np.arange(1, 8, dtype=np.float32)},
        {"frame": frame_of(88, 180, 2.2)},
        {"frame": np.array([[0.5, 0.1, 0], [-0.1, 0.5, 0]], np.float32)},
        {"frame": np.zeros((2, 3), np.float32)},
        {"frame": None},
    ],
)
def test_a_config_of_something_else_is_refused(tmp_path, changes):
    with pytest.raises(BundleError):
        read_again(tmp_path, **changes)


def test_a_picture_put_into_a_crop_is_cut_out_of_it_again():
    noise = np.random.default_rng(0).integers(60, 200, (2, 24, 24), dtype=np.uint8)
    pictures = noise.repeat(2, 1).repeat(2, 2)
    crops = embed(pictures, FRAME)
    assert crops.shape == (2, 218, 178, 3)
    again = cut(crops, FRAME)
    assert np.abs(again.astype(int) - pictures).max() <= 1
    assert (crops[:, :60] == 127).all()
    with pytest.raises(ValueError, match="48"):
        embed(pictures[:, :40], FRAME)


def test_the_frame_is_the_measured_one():
    rows = read_records(RESULTS / "expressions_frame.csv")
    assert tuple(float(row["median"]) for row in rows) == MIDDLE_AND_STEP


def test_the_picture_lies_in_the_crop_where_the_frame_says():
    crop = np.zeros((218, 178, 3), np.uint8)
    crop[100, 80] = 255
    y, x = np.unravel_index(cut(crop, FRAME).argmax(), (48, 48))
    at = FRAME @ [80, 100, 1]
    assert abs(x - at[0]) <= 0.5
    assert abs(y - at[1]) <= 0.5


def test_the_seven_words_say_how_a_face_looks_and_one_has_the_verdict():
    task, answer = TASKS["expression"], prediction(happy=6)
    words = task.words(model(), face(), answer, Style())
    assert [word.label for word in words][:4] == [
        "Looks angry", "Looks disgusted", "Looks afraid", "Looks happy",
    ]  # fmt: skip
    assert sum(word.value for word in words) == pytest.approx(1)
    assert [word.verdict for word in words if word.verdict] == [Verdict.YES]
    (only,) = task.words(model(), face(), answer, Style(names=("happy",)))
    assert only.value == answer["happy"]


def test_it_is_doubtful_below_the_threshold_and_on_a_poor_face():
    answer = prediction(happy=6)
    assert sentence(face(), answer, Style()).startswith("This face looks happy.")
    for where, style in ((face("blurred"), Style()), (face(), Style("0.99"))):
        (word,) = TASKS["expression"].words(
            model(), where, answer, Style(style.threshold, ("happy",))
        )
        assert word.verdict is Verdict.DOUBTFUL
        assert "perhaps looks happy, or" in sentence(where, answer, style)
    with pytest.raises(ThresholdError):
        _ = Style("f1").sure
    assert Style("0.7").sure == 0.7


def test_what_is_said_is_never_what_a_person_feels():
    as_json, text = describe_face(model(), face(), prediction(sad=3), Style())
    assert as_json["expression"] == "sad"
    assert len(as_json["expressions"]) == 7
    assert "not what the person feels" in text
    assert " is sad" not in text


def test_beside_a_moving_face_the_most_probable_stands_alone_unless_others_are_named():
    task, answer = TASKS["expression"], prediction(sad=6)
    (word,) = task.words(model(), face(), answer, Style(brief=True))
    assert (word.label, word.verdict) == ("Looks sad", Verdict.YES)
    (word,) = task.words(model(), face(), answer, Style(names=("happy",), brief=True))
    assert word.label == "Looks happy"


def test_the_page_s_sentence_says_how_a_face_looks_and_its_caution_what_that_is_not():
    task, answer = TASKS["expression"], prediction(happy=6)
    assert task.sentence(model(), face(), answer, Style()) == "This face looks happy."
    assert "not what a person feels" in task.caution
    assert "AI Act forbids emotion recognition at work and in schools" in task.caution
