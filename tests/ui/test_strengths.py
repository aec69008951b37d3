"""What the list of networks says of each: accuracy, milliseconds, and which is the weaker."""

from types import SimpleNamespace

import pytest

from facelens import load_model
from facelens.ui.network import Network
from facelens.ui.strengths import Strength, compared, strength_of


def config(accuracy, *, faces=100, split="test", **more):
    low, value, high = accuracy
    overall = {"accuracy": {"value": value, "low": low, "high": high}}
    metrics = {split: {"faces": faces, "overall": overall}, **more}
    return SimpleNamespace(metrics=metrics, data={"name": "CelebA"})


def test_the_figures_are_those_of_the_bundle():
    shipped = load_model("mobilenet_v2").config
    found = strength_of(shipped)
    accuracy = shipped.metrics["test"]["overall"]["accuracy"]
    assert (found.accuracy, found.low, found.high) == tuple(accuracy.values())
    assert (found.split, found.faces, found.data) == ("test", 2832, "CelebA")
    assert found.milliseconds == shipped.metrics["speed"]["milliseconds"]
    assert found.machine == shipped.metrics["speed"]["machine"] != ""


def test_without_test_faces_the_validation_faces_count():
    found = strength_of(config((0.8, 0.9, 0.95), split="valid"))
    assert (found.split, found.accuracy, found.milliseconds) == ("validation", 0.9, None)


@pytest.mark.parametrize(
    "metrics",
    [
        {},
        {"test": None},
        {"test": {"faces": 3}},
        {"test": {"faces": 3, "overall": {"accuracy": 0.9}}},
        {"test": {"faces": 3, "overall": {"accuracy": {"value": "<b>", "low": 0, "high": 1}}}},
        {"test": {"faces": 3, "overall": {"accuracy": {"value": 9, "low": 0, "high": 1}}}},
        {"test": {"faces": float("nan"), "overall": {"accuracy": dict.fromkeys("vlh", 0.5)}}},
    ],
)
def test_metrics_that_say_nothing_are_no_figures(metrics):
    assert strength_of(SimpleNamespace(metrics=metrics, data={})) is None


def test_a_speed_that_is_no_number_is_left_out():
    found = strength_of(config((0.8, 0.9, 0.95), speed={"milliseconds": "fast", "machine": "a"}))
    assert (found.milliseconds, found.machine) == (None, "")


def strength(accuracy, faces=100):
    low, value, high = accuracy
    return Strength(value, low, high, "test", faces, "CelebA")


def test_the_weaker_is_named_where_intervals_part():
    told = compared(
        {
            "a": strength((0.90, 0.91, 0.92)),
            "b": strength((0.86, 0.87, 0.88)),
            "near": strength((0.89, 0.90, 0.91)),
        }
    )
    assert {name: each["standing"] for name, each in told.items()} == {
        "a": "best", "b": "weaker", "near": "",
    }  # fmt: skip


def test_nobody_is_best_of_a_draw_or_of_other_faces():
    draw = compared({"a": strength((0.90, 0.91, 0.92)), "b": strength((0.89, 0.90, 0.91))})
    assert {each["standing"] for each in draw.values()} == {""}
    apart = compared({"a": strength((0.90, 0.91, 0.92)), "b": strength((0.7, 0.71, 0.72), 50)})
    assert {each["standing"] for each in apart.values()} == {""}


def test_the_list_has_the_figures_of_all_offered_networks(sent, monkeypatch):
    monkeypatch.delenv("FACELENS_MODELS", raising=False)
    view = Network(lambda _: None)
    shown = sent[-1][1]
    assert shown["used"] is None
    assert set(shown["figures"]) == {"mobilenet_v2", "resnet50"}
    assert shown["figures"]["resnet50"]["standing"] == "weaker"
    assert shown["figures"]["mobilenet_v2"]["standing"] == "best"
    view.took("mobilenet_v2", 12.5)
    assert sent[-1][1] == {"kind": "speed", "name": "mobilenet_v2", "milliseconds": 12.5}
