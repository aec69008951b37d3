"""A photo that fails changes nothing, and one without a face has a way on."""

import io

import numpy as np
import pytest
from PIL import Image

from facelens import load_model
from facelens.errors import PhotoError
from facelens.faces.drawn import BY_HAND
from facelens.photo.decoding import HEIC
from facelens.ui import Live, Selfie, missed
from facelens.ui.intake import EXAMPLES


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def page(model, sent):  # noqa: ARG001  it records what the page says from the first
    return Selfie(model, detector="haar")


def say(view, kind, *buffers, **content):
    view._handle_custom_msg({"kind": kind, **content}, [memoryview(data) for data in buffers])


def last(sent, view, kind):
    return [
        (content, buffers) for to, content, buffers in sent if (to, content["kind"]) == (view, kind)
    ][-1]


def status(sent, page):
    content, _ = last(sent, page.intake, "status")
    return content["state"], content["text"]


def encoded(pixels, form="PNG"):
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, form)
    return file.getvalue()


@pytest.fixture
def pixels(astronaut):
    return np.asarray(Image.open(astronaut).convert("RGB"))


@pytest.fixture
def half(pixels):
    """A photo of which the cascades see no face: what is above the nose is grey."""
    covered = pixels.copy()
    covered[:110] = 128
    return covered


BAD = {
    "words.jpg": b"just words",
    "empty.jpg": b"",
    "cut.png": encoded(np.zeros((9, 9, 3), np.uint8))[:40],
}


@pytest.mark.parametrize("name", BAD)
def test_a_photo_that_fails_changes_nothing(page, sent, name):
    say(page.intake, "example")
    say(page.inside, "ask", name=page.model.config.layers[0].name)
    held = [page._photo.pixels, page._faces[0].crop, page._layers[0].maps]
    before = len(sent)
    say(page.intake, "photo", BAD[name], name=name, turn="2")
    assert status(sent, page)[0] == "error"
    assert all(array.any() for array in held), "it was wiped"
    assert {to for to, _, _ in sent[before:]} == {page.intake}
    # What is on the page goes on working.
    say(page.board, "choose", name="Eyeglasses")
    assert last(sent, page.heatmap, "chosen")[0]["name"] == "Eyeglasses"
    say(page.board, "report", form="json", thresholds={}, marks={}, judgements=False)
    assert last(sent, page.board, "file")
    say(page.compare, "keep")
    assert page._kept


def test_a_photo_that_was_read_wipes_the_one_before(page):
    say(page.intake, "example")
    held = [page._photo.pixels, page._faces[0].crop]
    say(page.intake, "example", number=2)
    assert not any(array.any() for array in held)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_every_example_shows_one_face(page, sent, number):
    say(page.intake, "example", number=number)
    assert status(sent, page) == ("done", "Found one face.")
    assert page._photo.name == EXAMPLES[number - 1].name
    assert page._faces[0].hints == ()


def test_heic_comes_with_what_a_visitor_can_do(page, sent, monkeypatch):
    def refuse(*_args, **_options):
        raise PhotoError(f"IMG_1.HEIC {HEIC}")

    monkeypatch.setitem(Selfie.take.__globals__, "read_photo", refuse)
    say(page.intake, "photo", b"ftypheic", name="IMG_1.HEIC")
    state, text = status(sent, page)
    assert state == "error"
    assert text.startswith("IMG_1.HEIC is a HEIC photo")
    assert "Most Compatible" in text
    assert "pip" not in text


@pytest.mark.parametrize(
    ("case", "word"),
    [("dark", "dark"), ("turned", "turned on its side"), ("small", "small"), ("none", "If there")],
)
def test_the_sentence_says_which_reason_is_probable(page, sent, pixels, case, word):
    dark = (pixels * 0.04).astype(np.uint8)
    canvas = np.random.default_rng(0).normal(128, 12, (400, 600, 3)).clip(0, 255).astype(np.uint8)
    small = canvas.copy()
    small[100:164, 200:264] = np.asarray(
        Image.fromarray(pixels).resize((64, 64), Image.Resampling.BOX)
    )
    photo = {"dark": dark, "turned": np.rot90(dark, 2), "small": small, "none": canvas}[case]
    say(page.intake, "photo", encoded(photo), name="a.png")
    state, text = status(sent, page)
    assert state == "none"
    assert text.startswith(missed.NONE)
    assert word in text


def test_a_photo_without_a_face_can_be_rotated_again_and_again(page, sent, half):
    say(page.intake, "photo", encoded(half[:, :480]), name="a.png", turn="1")
    assert status(sent, page)[0] == "none"
    shapes = []
    for _ in range(4):
        before = page._photo.pixels
        say(page.intake, "search", how="rotate", turn="2")
        assert not before.any(), "the photo as it lay before stays in memory"
        shapes.append((page._photo.width, page._photo.height))
        drawn, _ = last(sent, page.picture, "photo")
        assert (drawn["width"], drawn["height"]) == shapes[-1]
        assert last(sent, page.intake, "status")[0]["turn"] == "2"
    assert shapes == [(512, 480), (480, 512)] * 2
    assert np.array_equal(page._photo.pixels, half[:, :480])


def test_a_finer_search_leads_to_an_answer_or_says_that_it_does_not(page, sent, pixels, half):
    say(page.intake, "photo", encoded((pixels * 0.04).astype(np.uint8)), name="a.png")
    assert status(sent, page)[0] == "none"
    say(page.intake, "search", how="finer")
    assert status(sent, page) == ("done", "Found one face.")
    assert last(sent, page.board, "face")[0]["hints"] == ["The face is dark."]
    say(page.intake, "photo", encoded(half), name="b.png")
    say(page.intake, "search", how="finer")
    state, text = status(sent, page)
    assert state == "none"
    assert "finer search" in text


def test_a_drawn_box_leads_to_an_answer_with_a_hint(page, sent, half):
    say(page.intake, "photo", encoded(half), name="a.png")
    say(page.intake, "search", how="box", box=[0.35, 0.11, 0.17, 0.23])
    assert status(sent, page) == ("done", "Found one face.")
    assert last(sent, page.board, "face")[0]["hints"][0] == BY_HAND
    ((x, y, w, h),) = last(sent, page.picture, "photo")[0]["boxes"]
    assert (x + w / 2, y + h / 2) == pytest.approx((0.435, 0.225), abs=0.01)
    say(page.heatmap, "ask", way="finer")
    assert last(sent, page.heatmap, "finer")


def test_a_missed_face_is_drawn_beside_the_others(page, sent, pixels):
    canvas = np.full((400, 800, 3), 128, np.uint8)
    canvas[:, :400] = np.asarray(Image.fromarray(pixels).resize((400, 400)))
    say(page.intake, "photo", encoded(canvas), name="a.png")
    assert status(sent, page) == ("done", "Found one face.")
    first = page._faces[0]
    say(page.intake, "search", how="box", box=[0.6, 0.3, 0.2, 0.5])
    assert len(page._faces) == len(page._answers) == 2
    assert first in page._faces
    assert page._faces[page._picked].detector == "hand"
    assert first.crop.any()
    # The same box once more, and none at all, change nothing.
    for box in ([0.6, 0.3, 0.2, 0.5], [0.1, 0.1, 0.0, 0.0], None):
        say(page.intake, "search", how="box", box=box)
        assert len(page._faces) == 2
        assert status(sent, page)[0] == "done"


def test_without_a_photo_nothing_is_searched(page, sent):
    before = len(sent)
    say(page.intake, "search", how="rotate")
    assert len(sent) == before


def test_the_live_page_offers_no_box(model, sent, astronaut):
    page = Live(model, detector="haar")
    say(page.intake, "photo", astronaut.read_bytes(), name="snapshot", turn="1", near=None)
    assert last(sent, page.picture, "photo")[0]["more"] is False
