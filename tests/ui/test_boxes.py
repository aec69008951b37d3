"""The panel of a task that sees photos, without a browser: messages in, messages out."""

import io
import json

import numpy as np
import pytest
from helpers.boxes import COUNTS, MIN_SCORE, SCORES, boxes_bundle
from PIL import Image

from facelens import load_model
from facelens.faces.quality import COVERED, covered_by
from facelens.tasks import TASKS
from facelens.tasks.mask.names import CAUTION
from facelens.tasks.mask.names import COVERED as MASKED
from facelens.ui import Selfie
from facelens.ui.boxes import LEAST

pytest.importorskip("onnx", reason="onnx is not installed: `make test` installs it")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return boxes_bundle(tmp_path_factory.mktemp("masks") / "bundle")


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def page(bundle, model, sent, monkeypatch):  # noqa: ARG001  it records what the page says from the first
    from dataclasses import replace

    monkeypatch.setitem(TASKS, "mask", replace(TASKS["mask"], default=str(bundle)))
    monkeypatch.setenv("FACELENS_TASKS", "attributes,keypoints,mask")
    page = Selfie(model, detector="haar")
    say(page.intake, "example")
    return page


def say(view, kind, *buffers, **content):
    view._handle_custom_msg({"kind": kind, **content}, [memoryview(data) for data in buffers])


def of(sent, view, start=0):
    return [(content, buffers) for to, content, buffers in sent[start:] if to is view]


def last(sent, view, kind):
    return [each for each in of(sent, view) if each[0]["kind"] == kind][-1]


def ask(page, sent):
    (panel,) = page.panels.views
    say(panel, "ask", key=last(sent, panel, "offer")[0]["key"])
    return last(sent, panel, "boxes")[0]


def upload(page, pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92)
    say(page.intake, "photo", file.getvalue(), turn="1", name="photo.jpg")


@pytest.fixture(scope="module")
def two(astronaut):
    """A photo of 832 x 832 with two faces, the larger where the first box lies."""
    photo = Image.new("RGB", (832, 832), (120, 130, 140))
    face = Image.open(astronaut).convert("RGB").crop((70, 0, 370, 300))
    photo.paste(face.resize((400, 400)), (150, 30))
    photo.paste(face.resize((260, 260)), (520, 540))
    return np.asarray(photo)


def test_the_network_is_opened_in_sight_and_says_every_box_from_the_lowest_threshold_on(page, sent):
    (panel,) = page.panels.views
    assert last(sent, panel, "offer")[0] == {
        "kind": "offer", "key": page._key(0), "task": "mask", "title": "Masks", "caution": CAUTION,
    }  # fmt: skip
    assert not page.panels._models
    found = ask(page, sent)
    assert set(page.panels._models) == {"mask"}
    assert (found["threshold"], found["least"]) == (MIN_SCORE, LEAST)
    assert sorted(each["score"] for each in found["boxes"]) == pytest.approx(sorted(SCORES))
    by_score = {round(each["score"], 2): each for each in found["boxes"]}
    assert [by_score[score]["kind"] for score in (0.95, 0.8, 0.2, 0.6)] == [0, 1, 2, 0]
    assert by_score[0.95]["verdict"] == "yes"
    assert by_score[0.6]["verdict"] == "doubtful", "two classes are about as likely"
    assert by_score[0.8]["sentence"] == "This face wears no mask."
    assert sum(by_score[0.8]["values"]) == pytest.approx(1, abs=1e-5)
    assert [kind["letter"] for kind in found["kinds"]] == ["M", "N", "W"]
    assert len({kind["letter"] for kind in found["kinds"]}) == 3
    assert all(0 <= side <= 1 for each in found["boxes"] for side in each["box"])
    json.dumps(found)


def test_what_a_threshold_means_has_the_counts_beside_it(page, sent):
    curves = ask(page, sent)["curves"]
    assert curves["boxes"] == list(COUNTS)
    assert curves["precision"][0][50] == pytest.approx(0.7)
    assert curves["precision"][2][50] is None, "no box of it is drawn there"
    assert curves["recall"][1][0] == pytest.approx(0.7)


def test_a_face_with_a_mask_gets_the_hint_and_all_of_its_answers_are_doubtful(page, sent):
    assert page._faces[0].hints == ()
    start = len(sent)
    ask(page, sent)
    assert page._faces[0].hints == (MASKED,)
    assert last(sent, page.picture, "hints")[0]["hints"] == [[MASKED]]
    ((face, _),) = [each for each in of(sent, page.board, start) if each[0]["kind"] == "face"]
    assert (face["key"], face["hints"]) == (page._key(0), [MASKED])
    wish = {"thresholds": {}, "marks": {}, "judgements": False}
    say(page.board, "report", form="json", **wish)
    report = json.loads(last(sent, page.board, "file")[1][0])
    assert report["face"]["hints"] == [MASKED]
    assert report["tasks"][0]["sentence"] == "This face wears a mask."
    # The page that is drawn again has it, too; the next photo has not.
    start = len(sent)
    say(page.picture, "ready")
    assert [c["kind"] for c, _ in of(sent, page.picture, start)] == ["photo", "picked", "hints"]
    upload(page, np.full((300, 300, 3), 90, np.uint8))
    start = len(sent)
    page.picture._greeted.clear()
    say(page.picture, "ready")
    assert "hints" not in [c["kind"] for c, _ in of(sent, page.picture, start)]


def test_what_is_known_to_cover_a_face_takes_the_place_of_the_guess():
    assert covered_by(("The face is dark.", COVERED), "A mask.") == ("The face is dark.", "A mask.")
    assert covered_by(("A mask.",), "A mask.") == ("A mask.",)


def test_another_face_of_the_photo_asks_nothing_anew(page, sent, two):
    upload(page, two)
    assert len(page._faces) == 2
    ask(page, sent)
    (panel,) = page.panels.views
    assert [MASKED in face.hints for face in page._faces] == [True, False], "by its box"
    start = len(sent)
    say(page.picture, "pick", index=1)
    assert of(sent, panel, start) == [], "the boxes are the photo's"
    assert page.panels.further() == [], "nothing is said of this face"
    say(page.picture, "pick", index=0)
    (further,) = page.panels.further()
    assert further.sentence == "This face wears a mask."
    assert last(sent, page.board, "face")[0]["hints"] == [MASKED]


def test_a_face_that_is_kept_to_compare_stays_itself_with_its_hint(page, sent):
    say(page.compare, "keep")
    ask(page, sent)
    say(page.picture, "pick", index=0)
    assert last(sent, page.compare, "kept")
    crop = page._kept.face.crop
    upload(page, np.full((300, 300, 3), 90, np.uint8))
    assert crop.any(), "what is kept is not zeroed"
    say(page.compare, "drop")
    assert not crop.any()


def test_a_photo_without_a_face_for_the_detector_is_asked_about_all_the_same(page, sent):
    upload(page, np.full((300, 400, 3), 90, np.uint8))
    assert page._faces == []
    assert len(ask(page, sent)["boxes"]) == len(SCORES)
    assert page.panels.further() == []
    (panel,) = page.panels.views
    say(page.intake, "clear")
    assert of(sent, panel)[-1][0] == {"kind": "clear"}
    assert (panel._photo, panel._found) == (None, ())


def test_a_cleared_photo_is_overwritten_in_its_network_by_black_of_its_size(
    page, sent, monkeypatch
):
    ask(page, sent)
    shape, seen = page._photo.pixels.shape, []
    model = page.panels._models["mask"]
    monkeypatch.setattr(model, "predict", seen.extend)
    say(page.intake, "clear")
    assert seen[0].shape == shape
    assert not seen[0].any()
