"""What every view does: it tells one that is drawn later what it missed, once."""

import pytest

from facelens.ui._view import GREETED, View


@pytest.fixture
def view(monkeypatch):
    """A view that shows something, and how often that was sent since."""
    made = View()
    made.show("photo", {}, [b"picture"])
    made.sent = []
    monkeypatch.setattr(View, "send", lambda self, content, *_: self.sent.append(content))
    return made


def say(shown, kind, session="a", **content):
    """Deliver a message as ipywidgets does."""
    data = {"method": "custom", "content": {"kind": kind, **content}}
    shown._handle_msg({"header": {"session": session}, "content": {"data": data}, "buffers": []})
    return len(shown.sent)


def test_a_view_gets_what_it_missed_once_for_each_connection(view):
    assert say(view, "ready", view="1") == 1
    assert [say(view, "ready", view="1") for _ in range(100)] == [1] * 100
    assert say(view, "ready", view="2") == 2, "a second view in the same notebook"
    assert say(view, "ready", view="1", session="b") == 3, "the notebook was opened again"
    assert say(view, "ready") == 4
    assert say(view, "ready") == 4


def test_what_is_remembered_of_views_is_bounded(view):
    for number in range(1000):
        say(view, "ready", view="x" * 10_000 + str(number))
        say(view, "ready", view=str(number))
    assert len(view._greeted) == GREETED
    assert max(len(name) for _, name in view._greeted) <= GREETED
