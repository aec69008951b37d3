"""Panels of other tasks, without a browser: messages in, messages out."""

import csv
import io
import json
import sys
from importlib import import_module

import numpy as np
import pytest
from helpers.moods import BIAS, CAUTION, LEFT, NAMES, SIDE, TEMPERATURE, TOP, moods_task
from PIL import Image

from facelens import load_model
from facelens.tasks import TASKS
from facelens.tasks.attributes.names import describe
from facelens.ui import Selfie
from facelens.ui.panel import OF_THE_PAGE, Panel

pytest.importorskip("onnx", reason="onnx is not installed: `make test` installs it")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder with the task and its bundle."""
    folder = tmp_path_factory.mktemp("moods")
    moods_task(folder)
    return folder


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def moods(folder, monkeypatch):
    """The task in `TASKS`, and on the page."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setitem(TASKS, "moods", "moods_task")
    monkeypatch.setenv("FACELENS_TASKS", "attributes,keypoints,moods")
    yield
    sys.modules.pop("moods_task", None)


@pytest.fixture
def page(moods, model, sent):  # noqa: ARG001  it records what the page says from the first
    page = Selfie(model, detector="haar")
    say(page.intake, "example")
    return page


def say(view, kind, *buffers, **content):
    """Deliver a message as the browser would."""
    view._handle_custom_msg({"kind": kind, **content}, [memoryview(data) for data in buffers])


def of(sent, view, start=0):
    """What a view was told: (content, buffers)."""
    return [(content, buffers) for to, content, buffers in sent[start:] if to is view]


def last(sent, view, kind):
    return [each for each in of(sent, view) if each[0]["kind"] == kind][-1]


def opened(page):
    return set(page.panels._models)


def ask(page, sent):
    """Ask as the page does when the panel comes into sight; its words."""
    (panel,) = page.panels.views
    say(panel, "ask", key=last(sent, panel, "offer")[0]["key"])
    return last(sent, panel, "words")[0]


def test_a_network_is_opened_when_its_panel_is_in_sight_and_not_before(page, sent):
    (panel,) = page.panels.views
    assert [content["kind"] for content, _ in of(sent, panel)] == ["offer"]
    assert last(sent, panel, "offer")[0] == {
        "kind": "offer", "key": page._key(0), "task": "moods", "title": "Moods", "caution": CAUTION,
    }  # fmt: skip
    assert opened(page) == set()
    ask(page, sent)
    assert opened(page) == {"moods"}


def test_a_task_that_is_off_has_no_panel_and_opens_nothing(moods, model, sent, monkeypatch):  # noqa: ARG001
    monkeypatch.setenv("FACELENS_TASKS", "attributes")
    page = Selfie(model, detector="haar")
    say(page.intake, "example")
    say(page.heatmap, "points")
    assert page.panels.views == []
    assert opened(page) == set()
    assert {"other", "points"} & {content["kind"] for content, _ in of(sent, page.heatmap)} == set()


def test_the_panel_has_a_sentence_seven_bars_and_what_they_add_up_to(page, sent, model):
    words = ask(page, sent)
    assert [row["label"] for row in words["rows"]] == [f"Looks {name}" for name in NAMES]
    assert [row["name"] for row in words["rows"]] == list(NAMES)
    assert sum(row["value"] for row in words["rows"]) == pytest.approx(1, abs=1e-5)
    best = max(words["rows"], key=lambda row: row["value"])
    assert words["sentence"] == f"This face looks {best['name']}."
    scores = words["scores"]
    scaled = np.array(scores["logits"]) / TEMPERATURE
    assert scores["temperature"] == TEMPERATURE
    assert scores["softmax"] == pytest.approx(np.exp(scaled) / np.exp(scaled).sum(), abs=1e-5)
    assert scores["sigmoid"] == pytest.approx(1 / (1 + np.exp(-scaled)), abs=1e-5)
    board, answer = scores["board"], page._answers[0]
    assert (board["count"], board["sum"]) == (40, pytest.approx(answer.probabilities.sum()))
    most = next(name for name in model.names if model.label(name) == board["most"]["label"])
    assert not describe(most).is_judgement, "judgements stay folded away"
    assert board["most"]["probability"] == pytest.approx(answer[most])
    every = np.exp(answer.logits / model.config.temperature)
    share = every[model.names.index(most)] / every.sum()
    assert board["most"]["share"] == pytest.approx(share, rel=1e-3)


def test_its_maps_are_exact_and_stand_beside_those_of_the_board(page, sent):
    ask(page, sent)
    other = last(sent, page.heatmap, "other")[0]
    assert (other["task"], other["title"], other["activation"]) == ("moods", "Moods", "softmax")
    content, [data] = last(sent, page.heatmap, "map")
    assert (content["task"], content["count"]) == ("moods", 7)
    maps = np.frombuffer(data, np.float32).reshape(7, content["height"], content["width"])
    logits = [each["logit"] for each in other["attributes"]]
    assert maps.mean((1, 2)) + BIAS == pytest.approx(logits, abs=1e-4), "they add up to the scores"
    area = (LEFT / 178, TOP / 218, SIDE / 178, SIDE / 218)
    assert other["area"] == pytest.approx(area, abs=1e-3), "it sees a part of the face"
    assert last(sent, page.heatmap, "face")[0]["area"] == (0, 0, 1, 1)
    own, _ = page.heatmap._shown["map"]
    assert (own["task"], own["count"]) == ("", 40)
    # A view that is drawn again gets both.
    start = len(sent)
    say(page.heatmap, "ready")
    again = [content for content, _ in of(sent, page.heatmap, start) if content["kind"] == "map"]
    assert [each["task"] for each in again] == ["", "moods"]


def test_its_maps_are_made_finer_and_checked_by_covering(page, sent):
    ask(page, sent)
    say(page.heatmap, "ask", way="finer", task="moods")
    finer = last(sent, page.heatmap, "finer")[0]
    assert (finer["task"], finer["count"], finer["passes"]) == ("moods", 7, 4)
    for _ in range(100):
        say(page.heatmap, "ask", way="occlusion", task="moods")
        if of(sent, page.heatmap)[-1][0]["kind"] == "occlusion":
            break
    covered = last(sent, page.heatmap, "occlusion")[0]
    assert (covered["task"], covered["count"], covered["passes"]) == ("moods", 7, 81)
    assert page._covering.progress[0] == 0, "the board's own map is covered by itself"
    start = len(sent)
    say(page.heatmap, "ask", way="occlusion", task="keypoints")
    assert of(sent, page.heatmap, start) == [], "keypoints have no maps"


def test_a_wish_about_a_face_that_is_gone_is_passed_over(page, sent):
    (panel,) = page.panels.views
    key = last(sent, panel, "offer")[0]["key"]
    say(page.intake, "example")
    start = len(sent)
    say(panel, "ask", key=key)
    assert of(sent, panel, start) == []
    ask(page, sent)
    say(page.intake, "clear")
    assert of(sent, panel)[-1][0] == {"kind": "clear"}
    start = len(sent)
    say(page.heatmap, "ask", way="finer", task="moods")
    assert of(sent, page.heatmap, start) == []


def test_a_network_that_fails_fails_alone(page, sent, monkeypatch):
    monkeypatch.setattr(page.panels, "_models", {})
    monkeypatch.setattr("facelens.ui.panel.load_model", lambda **_: load_model("no-such-network"))
    (panel,) = page.panels.views
    say(panel, "ask", key=page._key(0))
    assert "no-such-network" in last(sent, panel, "error")[0]["text"]
    assert page._answers, "the board keeps its answer"


def test_every_panel_of_a_task_is_there():
    panels = {view for task in TASKS.values() for view in task.views} - OF_THE_PAGE
    for view in panels | {"classes"}:
        assert issubclass(import_module(f"facelens.ui.{view}").PANEL, Panel)


def report(page, sent, form):
    wish = {"thresholds": {}, "marks": {}, "judgements": False}
    say(page.board, "report", form=form, **wish)
    return last(sent, page.board, "file")[1][0]


def test_a_report_has_what_the_panels_in_sight_have_said(page, sent):
    assert "tasks" not in json.loads(report(page, sent, "json"))
    short = Image.open(io.BytesIO(report(page, sent, "png"))).height
    ask(page, sent)
    (said,) = json.loads(report(page, sent, "json"))["tasks"]
    assert (said["task"], said["model"], said["caution"]) == ("moods", "moods 1", CAUTION)
    assert said["sentence"].startswith("This face looks ")
    assert sum(word["value"] for word in said["words"]) == pytest.approx(1, abs=1e-4)
    rows = list(csv.DictReader(io.StringIO(report(page, sent, "csv").decode("utf-8-sig"))))
    own = [row for row in rows if row["group"] == "Moods"]
    assert [row["label"] for row in own] == [f"Looks {name}" for name in NAMES]
    assert {row["meaning"] for row in own} == {CAUTION}
    assert Image.open(io.BytesIO(report(page, sent, "png"))).height > short + 100
    say(page.intake, "example")
    assert "tasks" not in json.loads(report(page, sent, "json")), "of another face nobody has asked"
