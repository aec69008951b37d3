"""The page without a browser: messages in, messages out."""

import io
import json

import ipywidgets.embed
import numpy as np
import pytest
from PIL import Image

from facelens import load_model
from facelens.attributes import NAMES
from facelens.ui import Selfie
from facelens.ui._view import CALM, View


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def sent(monkeypatch):
    """Every message that would have reached the browser: (view, content, buffers)."""
    messages = []
    monkeypatch.setattr(
        View, "send", lambda self, content, buffers=(): messages.append((self, content, buffers))
    )
    return messages


@pytest.fixture
def page(model, sent):  # noqa: ARG001  it records what the page says from the first
    return Selfie(model, detector="haar")


def say(view, kind, *buffers, **content):
    """Deliver a message as the browser would."""
    view._handle_custom_msg({"kind": kind, **content}, [memoryview(data) for data in buffers])


def last(sent, view, kind):
    """The last message of `kind` to `view`."""
    return [
        (content, buffers) for to, content, buffers in sent if (to, content["kind"]) == (view, kind)
    ][-1]


def encoded(pixels, form="JPEG"):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


@pytest.fixture
def two_faces(astronaut):
    """One photo with a face on the left and a smaller one on the right."""
    face = Image.open(astronaut).convert("RGB").crop((100, 0, 340, 240))
    canvas = Image.new("RGB", (640, 320), "grey")
    canvas.paste(face, (40, 40))
    canvas.paste(face.resize((180, 180)), (380, 80))
    return encoded(np.asarray(canvas))


def test_the_example_is_answered_on_every_view(page, sent):
    say(page.intake, "example")
    assert last(sent, page.intake, "status")[0]["text"] == "Found one face."
    photo, [jpeg] = last(sent, page.picture, "photo")
    ((x, y, w, h),) = photo["boxes"]
    assert 0 < x < x + w < 1
    assert 0 < y < y + h < 1
    assert Image.open(io.BytesIO(jpeg)).size == (photo["width"], photo["height"])
    face, _ = last(sent, page.board, "face")
    assert len(face["probabilities"]) == len(NAMES)
    assert face["probabilities"][NAMES.index("Smiling")] > 0.5
    _, [png] = last(sent, page.looks, "map")
    assert Image.open(io.BytesIO(png)).size == (178, 218)
    facts = " ".join(last(sent, page.footer, "facts")[0]["lines"])
    for word in (page.model.title, "cascades", "ms", "non-commercial", "Facelens"):
        assert word.lower() in facts.lower()


def test_eight_rows_are_judgements_and_folded_apart(page, sent):
    page.warm_up()
    rows = last(sent, page.board, "network")[0]["rows"]
    assert len(rows) == 40
    assert sum(row["judgement"] for row in rows) == 8
    say(page.intake, "example")
    offered = [name for name, _ in last(sent, page.looks, "crop")[0]["names"]]
    assert len(offered) == 32


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty.jpg"),
        (b"just words", "words.jpg"),
        (b"\xff\xd8\xff\xe0" + b"x" * 99, "cut.jpg"),
    ],
)
def test_a_file_that_is_no_photo_gets_a_sentence(page, sent, data, name):
    say(page.intake, "photo", data, name=name)
    status = last(sent, page.intake, "status")[0]
    assert status["state"] == "error"
    assert status["text"].endswith(".")
    assert status["text"] != CALM
    assert "Traceback" not in status["text"]


def test_a_photo_without_a_face_is_shown_and_said(page, sent):
    say(page.intake, "example")
    slope = np.linspace(0, 255, 640, dtype=np.uint8)
    say(page.intake, "photo", encoded(np.tile(slope[None, :, None], (480, 1, 3))), name="sky.jpg")
    status = last(sent, page.intake, "status")[0]
    assert status["state"] == "none"
    assert "No face" in status["text"]
    assert last(sent, page.picture, "photo")[0]["boxes"] == []
    assert "face" not in page.board._shown, "answers about the photo before stay on the page"


def test_the_second_photo_works_after_a_failure(page, sent):
    say(page.intake, "photo", b"just words", name="words.jpg")
    say(page.intake, "example")
    assert last(sent, page.intake, "status")[0]["state"] == "done"


def test_the_unforeseen_is_one_calm_sentence(page, sent, monkeypatch, caplog):
    def fail(*_args, **_kwargs):
        raise RuntimeError("secret of /home/someone")

    monkeypatch.setattr(type(page.picture), "draw", fail)
    say(page.intake, "example")
    status = last(sent, page.intake, "status")[0]
    assert status == {"kind": "status", "text": CALM, "state": "error"}
    assert "secret" in caplog.text


def test_a_missing_bundle_is_said_as_soon_as_the_page_is_there(sent, tmp_path):
    page = Selfie(str(tmp_path / "nowhere"))
    say(page.intake, "ready")
    status = last(sent, page.intake, "status")[0]
    assert status["state"] == "error"
    assert "nowhere" in status["text"]


def test_another_face_can_be_picked(page, sent, two_faces):
    say(page.intake, "photo", two_faces, name="two.jpg")
    assert "2 faces" in last(sent, page.intake, "status")[0]["text"]
    assert len(last(sent, page.picture, "photo")[0]["boxes"]) == 2
    first = last(sent, page.board, "face")[0]["logits"]
    say(page.picture, "pick", index=1)
    assert last(sent, page.board, "face")[0]["logits"] != first
    assert last(sent, page.looks, "crop")[0]["number"] == 2


def test_a_face_that_is_not_there_cannot_be_picked(page, sent):
    say(page.intake, "example")
    before = len(sent)
    for index in (1, -1):
        say(page.picture, "pick", index=index)
    say(page.board, "choose", name="No_Such_Attribute")
    say(page.inside, "ask", name="no such layer")
    assert len(sent) == before


def test_choosing_a_row_moves_the_map(page, sent):
    say(page.intake, "example")
    say(page.board, "choose", name="Eyeglasses")
    shown, _ = last(sent, page.looks, "map")
    assert shown["label"] == "Eyeglasses"
    assert last(sent, page.board, "chosen")[0]["name"] == "Eyeglasses"


def test_feature_maps_come_when_asked_for_and_strongest_first(page, sent, model):
    say(page.intake, "example")
    assert not [
        content for to, content, _ in sent if (to, content["kind"]) == (page.inside, "layer")
    ]
    view = model.config.layers[0]
    say(page.inside, "ask", name=view.name)
    content, buffers = last(sent, page.inside, "layer")
    assert len(buffers) == len(content["maps"]) == min(32, view.shape[0])
    assert Image.open(io.BytesIO(buffers[0])).size == (view.shape[2], view.shape[1])
    channels = [each["channel"] for each in content["maps"]]
    maps = np.abs(page._layers[view.name].maps).mean((1, 2))
    assert list(maps[channels]) == sorted(maps, reverse=True)[: len(channels)]


def test_a_view_drawn_later_gets_what_it_missed(page, sent):
    say(page.intake, "example")
    before = len(sent)
    say(page.picture, "ready")
    kinds = [content["kind"] for _, content, _ in sent[before:]]
    assert kinds == ["photo", "picked"]


def test_clear_forgets_the_photo(page, sent):
    say(page.intake, "example")
    say(page.intake, "clear")
    before = len(sent)
    for view in (page.picture, page.looks, page.inside, page.board):
        say(view, "ready")
    kinds = {content["kind"] for _, content, _ in sent[before:]}
    assert kinds <= {"network", "clear"}
    assert page._faces == []
    assert page._predictions == []


def test_a_saved_notebook_holds_no_photo(page, astronaut):
    empty = len(json.dumps(ipywidgets.embed.dependency_state(page)))
    data = astronaut.read_bytes()
    say(page.intake, "photo", data, name="me.jpg")
    say(page.inside, "ask", name=page.model.config.layers[0].name)
    state = json.dumps(ipywidgets.embed.dependency_state(page))
    assert "me.jpg" not in state
    assert len(state) < empty + 200, "something of the photo has become part of the saved state"
