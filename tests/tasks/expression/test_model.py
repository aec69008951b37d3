"""The task without its network: configuration, where a picture lies in a crop, words."""

from types import SimpleNamespace

import numpy as np
import pytest

from facelens.errors import BundleError, ThresholdError
from facelens.tasks import TASKS
from facelens.tasks.base import Style, Verdict
from facelens.tasks.classifier import Prediction
from facelens.tasks.config import View
from facelens.tasks.expression.describe import describe_face, sentence
from facelens.tasks.expression.model import (
    ExpressionConfig,
    ExpressionModel,
    embed,
    frame_of,
    threshold,
)
from facelens.tasks.expression.names import NAMES

WINDOW = (70, 41, 2)


def config(**changes):
    values = {
        "task": "expression", "name": "expression", "version": "1", "architecture": "ours",
        "names": NAMES, "input_size": (48, 48), "licence": "none", "frame": frame_of(*WINDOW),
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
    assert read.window == WINDOW
    assert (read.names, read.channels, read.activation) == (NAMES, 1, "softmax")


@pytest.mark.parametrize(
    "changes",
    [
        {"names": NAMES[::-1]},
        {"activation": "sigmoid"},
        {"input_size": (96, 96)},
        {"temperature": np.arange(1, 8, dtype=np.float32)},
        {"frame": frame_of(150, 41, 2)},
        {"frame": np.array([[0.5, 0.1, 0], [-0.1, 0.5, 0]], np.float32)},
        {"frame": np.zeros((2, 3), np.float32)},
        {"frame": None},
    ],
)
def test_a_config_of_something_else_is_refused(tmp_path, changes):
    with pytest.raises(BundleError):
        read_again(tmp_path, **changes)


def test_a_picture_fills_its_window_of_the_crop_and_nothing_else():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 48, 48), dtype=np.uint8)
    crops = embed(pictures, WINDOW)
    assert crops.shape == (2, 218, 178, 3)
    inside = crops[:, 70 : 70 + 96, 41 : 41 + 96, 0]
    assert (inside.reshape(2, 48, 2, 48, 2).mean((2, 4)) == pictures).all()
    crops[:, 70 : 70 + 96, 41 : 41 + 96] = 127
    assert (crops == 127).all()
    with pytest.raises(ValueError, match="48"):
        embed(pictures[:, :40], WINDOW)


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
        threshold(Style("f1"))
    assert threshold(Style("0.7")) == 0.7


def test_what_is_said_is_never_what_a_person_feels():
    as_json, text = describe_face(model(), face(), prediction(sad=3), Style())
    assert as_json["expression"] == "sad"
    assert len(as_json["expressions"]) == 7
    assert "not what the person feels" in text
    assert " is sad" not in text
