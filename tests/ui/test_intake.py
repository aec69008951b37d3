"""The way in without a browser: the visitor's wishes in, status lines out."""

import re
from pathlib import Path

import jinja2
import pytest
from jupyter_core.paths import jupyter_path

from facelens.errors import FacelensError
from facelens.ui._view import CALM, HERE, View
from facelens.ui.intake import EXAMPLE, Intake


class Desk:
    """An intake whose wishes are written down, and what it said to the browser."""

    def __init__(self):
        self.photos, self.clears, self.readies = [], 0, 0
        self.intake = Intake(self.take, self.forget, self.warm_up)

    def take(self, data, name):
        self.intake.clear()  # the photo before goes first
        if data == b"bad":
            raise FacelensError("This is no photo.")
        if data == b"worse":
            raise KeyError("secret")
        self.photos.append((data, name))
        self.intake.say("Found one face.", "done")

    def forget(self):
        self.clears += 1
        self.intake.clear()

    def warm_up(self):
        self.readies += 1

    def hear(self, kind, *buffers, **content):
        self.intake._handle_custom_msg({"kind": kind, **content}, [memoryview(b) for b in buffers])


@pytest.fixture
def said(monkeypatch):
    """Each status that would have reached the browser."""
    lines = []

    def send(_view, content, _buffers=()):
        if content["kind"] == "status":
            lines.append({key: value for key, value in content.items() if key != "kind"})

    monkeypatch.setattr(View, "send", send)
    return lines


@pytest.fixture
def desk(said):  # noqa: ARG001  before the intake speaks
    return Desk()


def test_a_photo_is_passed_on_with_its_name(desk):
    desk.hear("photo", b"pixels", name="me.jpg")
    desk.hear("photo", b"more")
    assert desk.photos == [(b"pixels", "me.jpg"), (b"more", "photo")]


def test_the_example_is_a_photo_as_any(desk):
    desk.hear("example")
    assert desk.photos == [(EXAMPLE.read_bytes(), EXAMPLE.name)]


def test_a_photo_without_bytes_and_unknown_wishes_are_passed_over(desk, said):
    desk.hear("photo", name="me.jpg")
    desk.hear("dance")
    assert (desk.photos, desk.clears, said) == ([], 0, [])


def test_each_status_repeats_the_turn_that_it_answers(desk, said):
    desk.hear("photo", b"pixels", turn="a")
    desk.hear("clear", turn="b")
    desk.hear("photo", b"pixels", turn="c")
    assert [line["turn"] for line in said] == ["a", "a", "b", "c", "c"]
    desk.hear("ready")
    assert desk.readies == 1
    assert said[-1]["turn"] == "c", "a view that is drawn anew gets the last status as it was"


@pytest.mark.parametrize(("data", "text"), [(b"bad", "This is no photo."), (b"worse", CALM)])
def test_the_next_photo_works_after_a_failure(desk, said, data, text):
    desk.hear("photo", data, turn="a")
    assert said[-1] == {"text": text, "state": "error", "turn": "a"}
    desk.hear("clear", turn="b")
    assert said[-1]["state"] == "empty"
    desk.hear("photo", b"pixels", turn="c")
    assert said[-1] == {"text": "Found one face.", "state": "done", "turn": "c"}


TEMPLATE = HERE.parents[1] / "dashboards/share/jupyter/voila/templates/facelens"


@pytest.mark.parametrize("name", sorted(path.name for path in TEMPLATE.iterdir()))
def test_voila_finds_the_template_as_it_is_here(name):
    places = [Path(path) / name for path in jupyter_path("voila", "templates", "facelens")]
    installed = next(filter(Path.is_file, places), None)
    assert installed, "`pip install -e .` puts it there"
    assert installed.read_text() == (TEMPLATE / name).read_text(), "`pip install -e .` renews it"


@pytest.mark.parametrize("name", ["page.js", "page.css"])
def test_jinja_takes_in_what_is_written_and_no_element_ends(name):
    text = (TEMPLATE / name).read_text()
    taken = jinja2.Environment(autoescape=False).from_string(text).render()
    written = re.sub(r"\{% (raw|endraw) %\}", "", text)
    assert taken.strip() == written.strip() != text.strip()
    assert not re.search("</script|</style|<!--", text)


def test_a_photo_is_asked_for_again_only_if_it_was_shrunk(desk, monkeypatch):
    asked = []
    monkeypatch.setattr(View, "send", lambda _view, content, _buffers=(): asked.append(content))
    desk.hear("photo", b"pixels", name="me.jpg", turn="1")
    assert not desk.intake.more()
    desk.hear("photo", b"pixels", name="me.jpg", turn="2", shrunk=True)
    asked.clear()
    assert desk.intake.more()
    assert asked == [{"kind": "more", "turn": "2"}]
    desk.hear("photo", b"more pixels", name="me.jpg", turn="3")
    assert not desk.intake.more()
