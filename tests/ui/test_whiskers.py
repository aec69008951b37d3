"""Whiskers on the page without a browser: messages in, messages out."""

import json

import numpy as np
import pytest

from facelens import load_model
from facelens.ui import Selfie


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def page(model, sent, astronaut):  # noqa: ARG001  it records what the page says from the first
    page = Selfie(model, detector="haar")
    page.take(astronaut.read_bytes(), "photo.jpg")
    return page


def ask(page, key):
    page.board._handle_custom_msg({"kind": "whiskers", "key": key}, [])


def of_kind(sent, kind):
    return [content for _, content, _ in sent if content["kind"] == kind]


def test_whiskers_come_when_asked_for_and_hold_the_answer(page, sent):
    face = next(c for v, c, _ in sent if v is page.board and c["kind"] == "face")
    assert not of_kind(sent, "whiskers"), "the answer does not wait for them"
    ask(page, face["key"])
    (found,) = of_kind(sent, "whiskers")
    assert found["key"] == face["key"]
    low, p, high = (np.array(v) for v in (found["low"], face["probabilities"], found["high"]))
    assert (low <= p).all()
    assert (p <= high).all()
    assert (high - low).max() > 0.05


def test_of_a_face_that_has_gone_there_are_none(page, sent, astronaut):
    old = page._key(0)
    page.take(astronaut.read_bytes(), "again.jpg")
    ask(page, old)
    assert not of_kind(sent, "whiskers")
    ask(page, page._key(0))
    assert len(of_kind(sent, "whiskers")) == 1
    page.forget()
    ask(page, "2-0-0")
    assert len(of_kind(sent, "whiskers")) == 1


def test_a_page_that_is_drawn_again_asks_again(page, sent):
    ask(page, page._key(0))
    page.board._handle_custom_msg({"kind": "ready", "view": "second"}, [])
    kinds = [content["kind"] for view, content, _ in sent if view is page.board]
    assert kinds[-3:].count("whiskers") == 0
    assert "face" in kinds[-3:]


def test_a_report_has_them_once_they_were_measured(page, sent):
    def taken():
        wish = {"thresholds": dict.fromkeys(page.model.names, 0.5), "marks": {}}
        wish |= {"kind": "report", "form": "json", "judgements": False}
        page.board._handle_custom_msg(wish, [])
        content, [data] = next((c, b) for _, c, b in reversed(sent) if c["kind"] == "file")
        assert content["name"].endswith(".json")
        return {row["name"]: row for row in json.loads(data)["attributes"]}

    assert "low" not in taken()["Smiling"]
    page.keep()
    ask(page, page._key(0))
    (found,) = of_kind(sent, "whiskers")
    smiling = page.model.names.index("Smiling")
    assert taken()["Smiling"]["high"] == pytest.approx(found["high"][smiling], abs=1e-6)
    page.keep()
    assert not of_kind(sent, "pair"), "measured or not, the face is the one that was kept"
    page.forget()
    assert not page._spread
