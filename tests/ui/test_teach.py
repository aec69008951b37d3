"""Teach it a word, without a browser: what the kernel keeps, learns, says and forgets."""

import io

import numpy as np
import pytest
from PIL import Image

from facelens import find_faces, load_model, read_photo
from facelens.tasks.attributes.head import read_head
from facelens.ui import Selfie


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def page(model, sent):  # noqa: ARG001  it records what the page says from the first
    return Selfie(model, detector="haar")


@pytest.fixture(scope="module")
def face(astronaut):
    return find_faces(read_photo(astronaut), detector="haar")[0].crop


def encoded(crop):
    file = io.BytesIO()
    Image.fromarray(crop).resize((356, 436)).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture(scope="module")
def photos(face):
    """Six photos in dim light, six in bright light."""
    rng = np.random.default_rng(0)
    lows = [0.25] * 6 + [0.85] * 6
    return [encoded((face * (low + 0.1 * rng.random())).astype(np.uint8)) for low in lows]


def say(view, kind, *buffers, **content):
    view._handle_custom_msg({"kind": kind, **content}, [memoryview(data) for data in buffers])


def said(sent, page, kind):
    return [(c, b) for to, c, b in sent if (to, c["kind"]) == (page.teach, kind)]


def give(page, photos, *, wrong=()):
    for i, data in enumerate(photos):
        say(page.teach, "photo", data, id=str(i), yes=(i < 6) != (i in wrong))


def test_a_word_is_learned_and_the_board_has_it(page, sent, photos, astronaut):
    say(page.intake, "photo", astronaut.read_bytes(), turn="a", name="one.jpg")
    give(page, photos)
    assert [c["id"] for c, _ in said(sent, page, "taken")] == [str(i) for i in range(12)]
    say(page.teach, "learn", word=" dim  light ")
    (learned, _), = said(sent, page, "learned")  # fmt: skip
    assert learned["word"] == "dim light"
    assert "AUC" in learned["sentence"]
    assert page.model.names[-1] == "dim light"
    rows = [c["rows"] for to, c, _ in sent if (to, c["kind"]) == (page.board, "network")][-1]
    assert (rows[-1]["name"], rows[-1]["data"]) == ("dim light", "taught")
    assert rows[0]["data"] == "CelebA"
    chosen = [c["name"] for to, c, _ in sent if (to, c["kind"]) == (page.heatmap, "chosen")][-1]
    assert chosen == "dim light"
    (value, _) = said(sent, page, "face")[-1]
    assert 0 <= value["value"] <= 1
    say(page.board, "report", form="json", thresholds={}, marks={}, judgements=False)
    report = [b for to, c, b in sent if (to, c["kind"]) == (page.board, "file")][-1][0]
    assert b"dim light" in report


def test_the_head_that_is_downloaded_opens(page, sent, photos, tmp_path):
    give(page, photos)
    say(page.teach, "learn", word="dim/light")
    say(page.teach, "head")
    (content, [data]), = said(sent, page, "file")  # fmt: skip
    assert content["name"] == "dim-light.safetensors"
    (tmp_path / "h.safetensors").write_bytes(data)
    assert read_head(tmp_path / "h.safetensors").word == "dim/light"
    assert load_model(str(tmp_path / "h.safetensors")).names[-1] == "dim/light"


def test_learning_again_replaces_the_word_and_forgetting_gives_the_base_back(page, sent, photos):
    give(page, photos)
    for word in ("dim", "dim", "dark"):
        say(page.teach, "learn", word=word)
    assert page.model.names[-1] == "dark"
    titles = [c["networks"] for to, c, _ in sent if (to, c["kind"]) == (page.network, "networks")]
    assert [title for _, title in titles[-1] if "+" in title] == [page.model.title]
    say(page.teach, "forget")
    assert len(page.model.names) == 40
    titles = [c["networks"] for to, c, _ in sent if (to, c["kind"]) == (page.network, "networks")]
    assert not any("+" in title for _, title in titles[-1])
    assert not page.teach._samples
    assert set(page.teach._shown) <= {"text", "offer", "face"}


def test_only_features_are_kept_and_clear_forgets_them(page, photos, astronaut):
    say(page.intake, "photo", astronaut.read_bytes(), turn="a", name="one.jpg")
    give(page, photos)
    kept = [sample.seen for sample in page.teach._samples.values()]
    assert {each.shape for each in kept} == {(1280,)}
    assert all("taken" not in kind for kind in page.teach._shown)
    say(page.intake, "clear", turn="b")
    assert not page.teach._samples
    assert not any(each.any() for each in kept)


def test_a_photo_that_does_not_do_is_refused_and_the_rest_goes_on(page, sent, photos, model):
    grey = np.full((218, 178, 3), 90, np.uint8)
    say(page.teach, "photo", encoded(grey), id="grey", yes=True)
    say(page.teach, "photo", b"nothing", id="bad", yes=True)
    say(page.teach, "current", id="none", yes=True)
    give(page, [photos[0], photos[0]])
    refused = {c["id"]: c["text"] for c, _ in said(sent, page, "refused")}
    assert refused["grey"] == "No face was found in this photo."
    assert refused["none"] == "There is no face on the page."
    assert "given already" in refused["1"]
    assert set(refused) == {"grey", "bad", "none", "1"}
    say(page.teach, "learn", word="few")
    assert "at least 5 of each" in said(sent, page, "error")[-1][0]["text"]
    say(page.teach, "learn", word=model.names[0])
    assert "answers" in said(sent, page, "error")[-1][0]["text"]


def test_a_face_in_the_wrong_place_is_pointed_out(page, sent, photos):
    give(page, photos, wrong=(2,))
    say(page.teach, "learn", word="dim light")
    learned, _ = said(sent, page, "learned")[-1]
    if learned["able"]:
        assert learned["contrary"][0][0] == "2"
    say(page.teach, "remove", id="2")
    assert "2" not in page.teach._samples


def test_there_is_a_bound(page, sent, photos, monkeypatch):
    from facelens.ui import teach

    monkeypatch.setattr(teach, "MOST", 3)
    give(page, photos[:4])
    assert "3 faces" in said(sent, page, "refused")[-1][0]["text"]
