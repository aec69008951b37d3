"""Choosing a network and reading about the page, without a browser: messages in, messages out."""

import numpy as np
import pytest

from facelens import load_model
from facelens.errors import BundleError
from facelens.serve.offered import offered
from facelens.tasks.attributes.names import JUDGEMENTS_NOTE, NAMES, describe
from facelens.ui import about as about_module
from facelens.ui._view import View
from facelens.ui.about import About, text
from facelens.ui.intake import PRIVACY
from facelens.ui.network import Network


@pytest.fixture(autouse=True)
def _nobody_has_listed_anything(monkeypatch):
    for name in ("FACELENS_MODELS", "FACELENS_OWN_MACHINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sent(monkeypatch):
    """Every message that would have reached the browser."""
    messages = []
    monkeypatch.setattr(View, "send", lambda _self, content, _buffers=(): messages.append(content))
    return messages


@pytest.fixture
def network(sent):  # noqa: ARG001  it records what the view says from the first
    def on_choose(name):
        if name not in ("mobilenet_v2", "resnet50"):
            raise BundleError("That network is not offered on this page.")
        view.introduce(load_model(name), name)

    view = Network(on_choose)
    view.introduce(load_model(), "mobilenet_v2")
    return view


def say(view, kind, **content):
    """Deliver a message as the browser would."""
    view._handle_custom_msg({"kind": kind, **content}, [])


@pytest.mark.usefixtures("network")
def test_the_list_shows_titles_and_which_one_is_in_use(sent):
    shown = sent[-1]
    assert ["mobilenet_v2", load_model().title] in shown["networks"]
    assert shown["used"] == "mobilenet_v2"
    assert not shown["free"]


def test_each_offered_network_is_opened_once(sent, monkeypatch):  # noqa: ARG001
    opened = []

    def counted(name, **how):
        opened.append(name)
        return load_model(name, **how)

    monkeypatch.setattr("facelens.serve.offered.load_model", counted)
    Network(lambda _name: None)
    assert sorted(opened) == sorted(set(offered()))


def test_a_choice_is_passed_on_and_settled(network, sent):
    say(network, "choose", name="resnet50")
    assert [content["kind"] for content in sent[-2:]] == ["networks", "settled"]
    assert sent[-2]["used"] == "resnet50"


def test_a_refused_choice_leaves_the_network_before(network, sent):
    say(network, "choose", name="/etc/passwd")
    assert sent[-1] == {"kind": "error", "text": "That network is not offered on this page."}
    say(network, "card")
    assert load_model().title in sent[-1]["html"]


def test_a_repository_is_told_apart_from_what_has_its_title(network, sent):
    network.introduce(load_model(), "someone/faces@v1")
    titles = [title for _, title in sent[-1]["networks"]]
    assert len(set(titles)) == len(titles)
    assert "someone/faces@v1" in titles[-1]


def test_the_free_choice_is_for_ones_own_machine(sent, monkeypatch):
    monkeypatch.setenv("FACELENS_OWN_MACHINE", "1")
    Network(lambda _: None)
    assert sent[-1]["free"]


def test_the_card_comes_when_asked_for_and_is_not_kept(network, sent):
    assert not [content for content in sent if content["kind"] == "card"]
    say(network, "card")
    assert "Error by group" in sent[-1]["html"]
    before = len(sent)
    say(network, "ready")
    assert [content["kind"] for content in sent[before:]] == ["networks"]


def test_without_a_network_there_is_no_card(sent):
    view = Network(lambda _: None)
    assert sent[-1]["used"] is None
    say(view, "card")
    assert [content["kind"] for content in sent] == ["networks"]


def test_the_page_says_what_it_is():
    before, after = text()
    told = before + after
    assert "{" not in told
    for words in (PRIVACY, JUDGEMENTS_NOTE, "softmax", "binary cross-entropy", "GPU", "AI Act",
                  "<code>notebooks/</code>"):  # fmt: skip
        assert words.lower() in told.lower()
    assert "Sigmoid" in before


def test_the_examples_in_the_text_are_right():
    told = "".join(text()).replace("\N{NO-BREAK SPACE}", " ")
    for logit, percent in [("0 becomes", 0), ("2 becomes", 2), ("\N{MINUS SIGN}2 becomes", -2)]:
        assert f"{logit} {100 / (1 + np.exp(-percent)):.0f} %" in told
    for share in (0.9, 0.5, 0.1):
        assert f"{-np.log(share):.2f}" in told


@pytest.mark.parametrize(
    ("stated", "url"),
    [
        (None, ""),
        (["Documentation, https://example.org/docs"], ""),
        (["Homepage, https://example.org", "Repository, https://example.org/r"],
         "https://example.org/r"),
        (["Homepage, https://example.org"], "https://example.org"),
    ],
)  # fmt: skip
def test_the_project_is_linked_where_its_address_is_known(monkeypatch, stated, url):
    class Metadata:
        def get_all(self, _):
            return stated

    monkeypatch.setattr(about_module, "metadata", lambda _: Metadata())
    assert about_module.repository() == url
    assert (f'href="{url}"' in text()[1]) == bool(url)


def test_a_checkout_that_is_not_installed_has_no_address(monkeypatch):
    def missing(name):
        raise about_module.PackageNotFoundError(name)

    monkeypatch.setattr(about_module, "metadata", missing)
    assert about_module.repository() == ""


def test_the_figure_is_of_the_surest_answers_that_are_no_judgements(sent):
    about = About()
    about.show_face(NAMES, np.arange(40, dtype=np.float32))
    rows = sent[-1]["rows"]
    ordinary = [i for i, name in enumerate(NAMES) if not describe(name).is_judgement]
    assert [logit for _, logit in rows] == [float(i) for i in ordinary[:-4:-1]]
    about.show_face(("Smiling", "Eyeglasses", "Male"), np.array([1, 2, 3]))
    assert [label for label, _ in sent[-1]["rows"]] == ["Eyeglasses", "Smiling"]
    before = len(sent)
    about.show_face(("Attractive", "Smiling"), np.array([1, 2]))
    assert len(sent) == before, "one statement is nothing to compare"


def test_the_figure_forgets_the_face_and_the_text_stays(sent):
    about = About()
    about.show_face(("Smiling",), np.array([1.0]))
    about.clear()
    assert sent[-1] == {"kind": "clear"}
    before = len(sent)
    say(about, "ready")
    assert [content["kind"] for content in sent[before:]] == ["text"]
