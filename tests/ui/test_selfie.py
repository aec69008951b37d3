"""The page without a browser: messages in, messages out."""

import io
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import ipywidgets.embed
import numpy as np
import pytest
from helpers.apart import SLOW, instead
from helpers.crowd import crowd, head_of
from helpers.few import FewAnswers
from helpers.tiny import tiny_bundle
from PIL import Image

from facelens import load_model
from facelens.bundles.bundle import write_manifest
from facelens.errors import BundleError
from facelens.faces import align
from facelens.photo import helper
from facelens.tasks import TASKS
from facelens.tasks.attributes.names import NAMES
from facelens.ui import Selfie
from facelens.ui._view import CALM, sentence_of


@pytest.fixture(scope="module")
def model():
    return load_model()


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


def test_small_faces_are_answered_from_the_larger_copy(page, sent, astronaut):
    photo = crowd(head_of(astronaut), 4, 120, 3200, 1200).pixels
    shrunk = np.asarray(Image.fromarray(photo).resize((1600, 600)))
    say(page.intake, "photo", encoded(shrunk), name="group.jpg", turn="1", shrunk=True)
    assert [c for to, c, _ in sent if to is page.intake][-1] == {"kind": "more", "turn": "1"}
    assert last(sent, page.intake, "status")[0]["state"] == "busy"
    assert not any((to, c["kind"]) == (page.picture, "photo") for to, c, _ in sent)
    say(page.intake, "photo", encoded(photo), name="group.jpg", turn="2")
    status, _ = last(sent, page.intake, "status")
    assert (status["turn"], status["state"]) == ("2", "done")
    assert len(last(sent, page.picture, "photo")[0]["boxes"]) == 4
    widths = [face.box.w for face in page._faces]
    assert widths == pytest.approx([120] * 4, rel=0.1)


def test_a_large_face_is_answered_from_the_first_copy(page, sent, astronaut):
    data = astronaut.read_bytes()
    grown = encoded(np.asarray(Image.open(astronaut).convert("RGB").resize((1600, 1600))))
    say(page.intake, "photo", grown, name="me.jpg", turn="1", shrunk=True)
    assert last(sent, page.intake, "status")[0]["state"] == "done"
    say(page.intake, "photo", data, name="me.jpg", turn="2")
    assert last(sent, page.intake, "status")[0]["state"] == "done", "there is no larger one"
    assert "more" not in [c["kind"] for _, c, _ in sent]


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
    shown, [crop, colours] = last(sent, page.heatmap, "face")
    assert Image.open(io.BytesIO(crop)).size == (178, 218)
    assert len(colours) == 3 * 256
    assert shown["attributes"][NAMES.index("Smiling")]["probability"] > 0.5
    facts = " ".join(last(sent, page.footer, "facts")[0]["lines"])
    for word in (page.model.title, "cascades", "ms", "non-commercial", "Facelens"):
        assert word.lower() in facts.lower()


def test_the_line_under_the_photo_says_how_it_goes_and_never_that_there_is_none(page, sent):
    for _ in range(2):
        before = len(sent)
        say(page.intake, "example")
        states = [
            content["state"] for _, content, _ in sent[before:] if content["kind"] == "status"
        ]
        assert states == ["busy", "busy", "done"]


def test_eight_rows_are_judgements_and_folded_apart(page, sent):
    page.warm_up()
    rows = last(sent, page.board, "network")[0]["rows"]
    assert len(rows) == 40
    assert sum(row["judgement"] for row in rows) == 8
    say(page.intake, "example")
    offered = last(sent, page.heatmap, "face")[0]["attributes"]
    assert sum(not attribute["judgement"] for attribute in offered) == 32


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


def test_a_decode_that_runs_over_is_a_sentence_and_the_page_goes_on(
    page, sent, monkeypatch, astronaut
):
    file = io.BytesIO()
    Image.open(astronaut).save(file, "TIFF")
    helper.end()
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", instead(SLOW))
        patch.setitem(Selfie.take.__globals__, "PATIENCE", 1.5)
        say(page.intake, "photo", file.getvalue(), name="slow.tif")
    status = last(sent, page.intake, "status")[0]
    assert status["text"].startswith("slow.tif takes longer than 1.5 seconds to read")
    assert status["state"] == "error"
    say(page.intake, "photo", file.getvalue(), name="slow.tif")
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


def test_the_points_of_the_face_come_when_they_are_asked_for(page, sent, two_faces):
    say(page.intake, "photo", two_faces, name="two.jpg")
    assert not [1 for to, content, _ in sent if content["kind"] == "points"]
    say(page.heatmap, "points")
    content, buffers = last(sent, page.heatmap, "points")
    assert buffers == []
    where = dict(zip(content["names"], content["where"], strict=True))
    assert len(where) == 15
    assert all(0 < x < 178 and 0 < y < 218 for x, y in where.values())
    # The person's left is right in the picture.
    assert where["middle of the left eye"][0] > where["tip of the nose"][0]
    assert where["middle of the right eye"][0] < where["tip of the nose"][0]
    assert where["middle of the upper lip"][1] < where["middle of the lower lip"][1]
    # Near the five that straightening goes by.
    eye = align.TEMPLATE[1]
    assert np.hypot(*(np.array(where["middle of the left eye"]) - eye)) < 6
    assert 0 < content["off"] < 0.1
    # Of another face they are others; of none there are none.
    say(page.picture, "pick", index=1)
    assert "points" not in page.heatmap._shown
    say(page.heatmap, "points")
    assert last(sent, page.heatmap, "points")[0]["where"] != content["where"]
    page.forget()
    count = len(sent)
    say(page.heatmap, "points")
    assert len(sent) == count


def test_where_no_network_for_points_can_be_had_that_is_a_sentence(
    page, sent, astronaut, monkeypatch
):
    say(page.intake, "photo", astronaut.read_bytes(), name="a.jpg")
    monkeypatch.setitem(TASKS, "keypoints", replace(TASKS["keypoints"], default="no-such-network"))
    say(page.heatmap, "points")
    said = last(sent, page.heatmap, "error")[0]
    assert "no model 'no-such-network'" in said["text"]
    assert said["wish"] == "points", "the kind of map stays as it is"


def test_another_face_can_be_picked(page, sent, two_faces):
    say(page.intake, "photo", two_faces, name="two.jpg")
    assert "2 faces" in last(sent, page.intake, "status")[0]["text"]
    assert len(last(sent, page.picture, "photo")[0]["boxes"]) == 2
    first = last(sent, page.board, "face")[0]["logits"]
    say(page.picture, "pick", index=1)
    assert last(sent, page.board, "face")[0]["logits"] != first
    assert last(sent, page.heatmap, "face")[0]["number"] == 2


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
    assert last(sent, page.heatmap, "chosen")[0]["name"] == "Eyeglasses"
    assert last(sent, page.board, "chosen")[0]["name"] == "Eyeglasses"


def test_feature_maps_come_when_asked_for_and_those_first_that_change_most(page, sent, model):
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
    changes = page._layers[0].maps.std((1, 2))
    assert list(changes[channels]) == sorted(changes, reverse=True)[: len(channels)]


def test_all_layers_are_told_with_their_sizes(page, sent, model):
    say(page.intake, "example")
    content, _ = last(sent, page.inside, "layers")
    views = model.config.layers
    assert [shape for _, _, shape in content["layers"]] == [view.shape for view in views]
    assert content["size"] == list(model.config.input_size)
    assert content["answers"] == len(model.names)


def test_a_view_drawn_later_gets_what_it_missed(page, sent):
    say(page.intake, "example")
    before = len(sent)
    say(page.picture, "ready")
    kinds = [content["kind"] for _, content, _ in sent[before:]]
    assert kinds == ["photo", "picked"]


def test_the_answer_goes_first_and_what_shows_nothing_is_not_cleared(page, sent):
    before = len(sent)
    say(page.intake, "example")
    fresh = [(view, content["kind"]) for view, content, _ in sent[before:]]
    places = {each: place for place, each in enumerate(fresh)}
    assert places[page.board, "face"] < places[page.picture, "photo"]
    assert places[page.picture, "photo"] < places[page.picture, "picked"]
    assert (page.picture, "clear") not in fresh
    before = len(sent)
    say(page.intake, "example")
    assert [content["kind"] for view, content, _ in sent[before:] if view is page.picture] == [
        "clear", "photo", "picked",
    ]  # fmt: skip


def test_a_network_that_fails_leaves_the_photo_on_the_page(page, sent, monkeypatch):
    def fail(*_, **__):
        raise BundleError("It broke.")

    monkeypatch.setattr(page.model, "predict", fail)
    say(page.intake, "example")
    assert last(sent, page.picture, "photo")[0]["boxes"]
    assert last(sent, page.intake, "status")[0]["text"] == "It broke."


def test_clear_forgets_the_photo(page, sent):
    say(page.intake, "example")
    say(page.intake, "clear")
    before = len(sent)
    for view in (
        page.picture, page.heatmap, page.inside, page.board, page.compare, page.steps, page.about,
    ):  # fmt: skip
        say(view, "ready")
    kinds = {content["kind"] for _, content, _ in sent[before:]}
    assert kinds <= {"network", "clear", "text"}
    assert page._faces == []
    assert page._answers == []
    assert page._kept is None


def test_a_saved_notebook_holds_no_photo(page, astronaut):
    empty = len(json.dumps(ipywidgets.embed.dependency_state(page)))
    data = astronaut.read_bytes()
    say(page.intake, "photo", data, name="me.jpg")
    say(page.inside, "ask", name=page.model.config.layers[0].name)
    say(page.steps, "ask", channel=None)
    say(page.compare, "keep")
    say(page.board, "report", form="json", thresholds={}, marks={}, judgements=False)
    state = json.dumps(ipywidgets.embed.dependency_state(page))
    assert "me.jpg" not in state
    assert len(state) < empty + 200, "something of the photo has become part of the saved state"


def test_the_map_on_the_page_is_exact(page, sent, model):
    say(page.intake, "example")
    shown, [data] = last(sent, page.heatmap, "map")
    maps = np.frombuffer(data, np.float32).reshape(shown["count"], shown["height"], shown["width"])
    attributes = last(sent, page.heatmap, "face")[0]["attributes"]
    constants = np.array([attribute["constant"] for attribute in attributes])
    logits = np.array([attribute["logit"] for attribute in attributes])
    assert np.abs(maps.mean((1, 2)) + constants - logits).max() < 1e-3
    assert shown["passes"] == 1
    assert shown["count"] == len(model.names)


@pytest.mark.parametrize(("way", "times"), [("finer", 2), ("finest", 4)])
def test_a_finer_map_comes_when_asked_for(page, sent, way, times):
    say(page.intake, "example")
    coarse, _ = last(sent, page.heatmap, "map")
    say(page.heatmap, "ask", way=way)
    fine, [data] = last(sent, page.heatmap, way)
    assert (fine["height"], fine["width"]) == (times * coarse["height"], times * coarse["width"])
    assert len(data) == 4 * fine["count"] * fine["height"] * fine["width"]


def test_a_way_that_there_is_not_is_not_looked_in(page, sent):
    say(page.intake, "example")
    before = len(sent)
    say(page.heatmap, "ask", way="crystal ball")
    assert len(sent) == before


def test_the_kept_face_is_set_beside_the_next(page, sent, two_faces):
    say(page.intake, "photo", two_faces, name="two.jpg")
    say(page.compare, "keep")
    assert last(sent, page.compare, "kept")
    say(page.picture, "pick", index=1)
    pair, pictures = last(sent, page.compare, "pair")
    assert len(pictures) == 2
    moved = [abs(row["after"] - row["before"]) for row in pair["rows"]]
    assert moved == sorted(moved, reverse=True)
    assert moved[0] > 0
    assert len(moved) == len(NAMES)
    # Back at the kept face there is nothing to compare it with.
    before = len(sent)
    say(page.picture, "pick", index=0)
    assert [c["kind"] for to, c, _ in sent[before:] if to is page.compare] == ["kept"]
    say(page.compare, "drop")
    assert last(sent, page.compare, "offer")
    assert page._kept is None


def test_the_kept_face_outlives_a_photo_and_not_a_clear(page, sent, two_faces):
    say(page.intake, "example")
    say(page.compare, "keep")
    say(page.intake, "photo", two_faces, name="two.jpg")
    assert last(sent, page.compare, "pair")
    say(page.intake, "clear")
    say(page.intake, "example")
    assert [c["kind"] for to, c, _ in sent if to is page.compare][-1] == "offer"


@pytest.mark.parametrize("form", ["png", "csv", "json"])
def test_a_report_holds_the_thresholds_and_marks_of_the_page(page, sent, form):
    say(page.intake, "example")
    wish = {
        "thresholds": dict.fromkeys(NAMES, 0.5) | {"Smiling": None},
        "marks": {"Bangs": True},
    }
    say(page.board, "report", form=form, judgements=False, **wish)
    file, [data] = last(sent, page.board, "file")
    assert file["name"].endswith(f".{form}")
    assert "file" not in page.board._shown, "the report would be saved again by the next view"
    if form == "json":
        rows = {row["name"]: row for row in json.loads(data)["attributes"]}
        assert rows["Smiling"]["threshold"] is None
        assert rows["Bangs"]["you_say"] is True
        assert rows["Bangs"]["threshold"] == 0.5
        assert "Male" not in rows
    elif form == "png":
        assert Image.open(io.BytesIO(data)).width > 800


@pytest.mark.parametrize("bad", [{"form": "exe"}, {"form": "json", "thresholds": {"Smiling": "x"}}])
def test_a_report_that_cannot_be_hands_over_nothing(page, sent, bad):
    say(page.intake, "example")
    say(page.board, "report", **{"thresholds": {}, "marks": {}, "judgements": False, **bad})
    assert "file" not in {content["kind"] for _, content, _ in sent}


def test_the_steps_are_the_networks_own_numbers(page, sent, model):
    say(page.intake, "example")
    say(page.steps, "ask", channel=None)
    shown, buffers = last(sent, page.steps, "steps")
    _, _, first, second, third, padded, weights, *thumbs = buffers
    convolved, kept = (
        np.frombuffer(data, np.float32).reshape(shown["shape"]) for data in (first, second)
    )
    pooled = np.frombuffer(third, np.float32).reshape(shown["pooled"])
    own = model.layers(page._faces[0].crop)
    assert (convolved == own[0].maps[shown["channel"]]).all()
    assert (kept == own[1].maps[shown["channel"]]).all()
    assert (kept == np.clip(convolved, 0, 6)).all()
    assert (pooled == kept.reshape(40, 2, 32, 2).max((1, 3))).all()
    side, stride, (height, width) = (shown["filter"][key] for key in ("side", "stride", "size"))
    picture = np.frombuffer(padded, np.uint16).reshape(height + side - 1, width + side - 1, 3)
    kernel = np.frombuffer(weights, np.float32).reshape(side, side, 3)
    for row, column in ((0, 0), (40, 30), (79, 63)):
        y, x = row * stride, column * stride
        sums = (picture[y : y + side, x : x + side] / 65535 * kernel).sum()
        assert abs(sums + shown["filter"]["bias"] - convolved[row, column]) < 1e-3
    assert len(thumbs) == len(shown["channels"]) == len(own[0].maps)
    assert 0.1 < (convolved < 0).mean() < 0.9, "the first filter shows nothing of what ReLU does"
    say(page.steps, "ask", channel=shown["channels"][5])
    assert last(sent, page.steps, "steps")[0]["channel"] == shown["channels"][5]


def test_without_training_weights_the_filters_are_left_out(page, sent, monkeypatch):
    def missing(_):
        raise BundleError("not fetched")

    monkeypatch.setattr(sys.modules[Selfie.__module__], "stem", missing)
    say(page.intake, "example")
    say(page.steps, "ask", channel=3)
    shown, buffers = last(sent, page.steps, "steps")
    assert shown["filter"] is None
    assert len(buffers) == 5


def test_another_network_reads_the_same_face(page, sent):
    say(page.intake, "example")
    before = last(sent, page.board, "face")[0]
    say(page.network, "choose", name="resnet50")
    after = last(sent, page.board, "face")[0]
    assert after["logits"] != before["logits"]
    assert after["key"] != before["key"], "marks of one network's answers would stay on another's"
    assert last(sent, page.board, "network")[0]["address"] == "resnet50"
    assert "resnet50" in " ".join(last(sent, page.footer, "facts")[0]["lines"])
    say(page.steps, "ask", channel=None)
    assert last(sent, page.steps, "steps")[0]["pools"] is True


def test_a_network_that_is_not_offered_is_refused_and_the_one_before_stays(page, sent, monkeypatch):
    monkeypatch.delenv("FACELENS_OWN_MACHINE", raising=False)
    say(page.intake, "example")
    say(page.network, "choose", name="somebody/elses")
    assert "not offered" in last(sent, page.network, "error")[0]["text"]
    assert page.model.title.startswith("mobilenet_v2")
    say(page.intake, "example")
    assert last(sent, page.intake, "status")[0]["state"] == "done"


def test_a_link_from_binder_starts_a_server_of_its_own(model, sent, monkeypatch):
    monkeypatch.setenv("BINDER_LAUNCH_HOST", "https://binder.example/")
    monkeypatch.setenv("BINDER_REQUEST", "v2/gh/someone/facelens/main")
    monkeypatch.setenv("BINDER_REPO_URL", "https://code.example/someone/facelens")
    page = Selfie(model, detector="haar")
    page.warm_up()
    shown = last(sent, page.board, "network")[0]
    assert shown["launch"] == "https://binder.example/v2/gh/someone/facelens/main"
    assert last(sent, page.footer, "facts")[0]["launch"] == shown["launch"]
    assert last(sent, page.about, "text")[0]["repository"].startswith("https://code.example/")


def test_every_row_says_how_reliable_it_is(page, sent):
    page.warm_up()
    rows = {row["name"]: row for row in last(sent, page.board, "network")[0]["rows"]}
    assert rows["Eyeglasses"]["dots"] == 3
    assert rows["Oval_Face"]["dots"] == 1
    assert {row["dots"] for row in rows.values()} == {1, 2, 3}


@pytest.fixture
def broken(tmp_path):
    """A bundle whose graph answers and whose curves are of other attributes."""
    folder = tmp_path / "broken"
    shutil.copytree(load_model().bundle.folder, folder)
    curves = json.loads((folder / "curves.json").read_text())
    first, *others = curves["names"]
    curves["names"] = ["Something_Else", *others]
    curves["attributes"]["Something_Else"] = curves["attributes"].pop(first)
    (folder / "curves.json").write_text(json.dumps(curves))
    write_manifest(folder)
    return folder


def test_a_network_that_fails_to_come_in_leaves_the_one_before_whole(
    sent, model, broken, monkeypatch
):
    monkeypatch.setenv("FACELENS_MODELS", str(broken))
    page = Selfie(model, detector="haar")
    say(page.intake, "example")
    before = last(sent, page.board, "face")[0]["logits"]
    say(page.network, "choose", name="broken")
    words = last(sent, page.network, "error")[0]["text"]
    assert "other attributes" in words
    assert str(broken.parent) not in words, "where it lies on the server is nobody's business"
    assert page.model is model
    say(page.intake, "example")
    assert last(sent, page.intake, "status")[0]["state"] == "done"
    assert last(sent, page.board, "face")[0]["logits"] == before


def test_a_first_network_that_fails_shows_no_empty_board(sent, broken):
    page = Selfie(str(broken), detector="haar")
    for _ in range(2):
        say(page.intake, "example")
        status = last(sent, page.intake, "status")[0]
        assert status["state"] == "error"
        assert "other attributes" in status["text"]
        assert "face" not in page.board._shown


def test_a_folder_on_the_server_is_called_by_its_name_alone(sent, tmp_path, monkeypatch):
    folder = tmp_path / "private place" / "ours"
    shutil.copytree(load_model().bundle.folder, folder)
    monkeypatch.setenv("FACELENS_MODELS", f"{folder}/")
    page = Selfie(detector="haar")
    say(page.intake, "example")
    say(page.network, "choose", name="ours")
    assert page.model.bundle.folder == folder
    say(page.board, "report", form="json", thresholds={}, marks={}, judgements=False)
    told = json.dumps([content for _, content, _ in sent])
    data = b"".join(last(sent, page.board, "file")[1])
    assert "private place" not in told
    assert b"private place" not in data
    assert "(ours)" in " ".join(last(sent, page.footer, "facts")[0]["lines"])
    say(page.network, "choose", name="mobilenet_v2")
    assert page.model.bundle.source == "embedded"


def test_folders_of_one_name_are_told_apart(sent, tmp_path, monkeypatch):
    folders = [tmp_path / place / "mobilenet_v2" for place in ("one", "two")]
    for folder in folders:
        shutil.copytree(load_model().bundle.folder, folder)
    monkeypatch.setenv("FACELENS_MODELS", ",".join(map(str, folders)))
    page = Selfie(detector="haar")
    say(page.intake, "example")
    keys = [key for key, _ in last(sent, page.network, "networks")[0]["networks"]]
    assert len(set(keys)) == len(keys) == 4
    say(page.network, "choose", name="mobilenet_v2-3")
    assert page.model.bundle.folder == folders[1]
    say(page.network, "choose", name="mobilenet_v2")
    assert page.model.bundle.source == "embedded"


def test_a_photo_that_a_damaged_network_could_not_read_is_read_by_the_next(
    sent, broken, monkeypatch
):
    monkeypatch.setenv("FACELENS_MODEL", str(broken))
    page = Selfie(detector="haar")
    say(page.intake, "example")
    assert last(sent, page.intake, "status")[0]["state"] == "error"
    assert last(sent, page.picture, "photo")
    say(page.picture, "pick", index=0)
    say(page.network, "choose", name="resnet50")
    assert last(sent, page.board, "face")
    assert last(sent, page.intake, "status")[0]["text"] == "Found one face."


def test_where_files_lie_is_left_out_of_an_error(monkeypatch):
    monkeypatch.setenv("FACELENS_MODELS", "/srv/our clients/acme bundle,more secrets/b")
    for said, shown in (
        (
            "/srv/our clients/acme bundle/model.onnx is damaged.",
            "acme bundle/model.onnx is damaged.",
        ),
        ("There is no model 'more secrets/b'.", "There is no model 'b'."),
        ("/var/cache/x/config.json cannot be read.", "config.json cannot be read."),
        (
            "Write owner/repo, or https://a.example/b/c.",
            "Write owner/repo, or https://a.example/b/c.",
        ),
    ):
        assert sentence_of(BundleError(said)) == shown


def test_a_judgement_that_was_looked_at_is_folded_away_with_the_next_face(page, sent):
    say(page.intake, "example")
    say(page.board, "choose", name="Male")
    assert last(sent, page.heatmap, "chosen")[0]["name"] == "Male"
    say(page.intake, "example")
    assert last(sent, page.heatmap, "chosen")[0]["name"] == "Bangs"


@pytest.mark.parametrize(
    "names", [["Mask"], ["Attractive"], ["Attractive", "Hat", "Scarf"], ["Male", "Young", "Mask"]]
)
def test_another_list_of_attributes_works_on_every_view(sent, names):
    page = Selfie(FewAnswers(names), detector="haar")
    say(page.intake, "example")
    assert last(sent, page.intake, "status")[0]["state"] == "done"
    for view in page.model.config.layers:
        say(page.inside, "ask", name=view.name)
    for way in ("finer", "finest", "occlusion"):
        say(page.heatmap, "ask", way=way)
    say(page.steps, "ask", channel=0)
    say(page.compare, "keep")
    say(page.board, "report", form="png", thresholds={}, marks={}, judgements=False)
    assert "error" not in {content["kind"] for _, content, _ in sent}
    chosen = [content["name"] for _, content, _ in sent if content["kind"] == "chosen"]
    assert not {"Attractive", "Male", "Young"} & set(chosen), "a judgement was shown unasked"
    about = [
        content["rows"] for to, content, _ in sent if (to, content["kind"]) == (page.about, "face")
    ]
    assert all(len(rows) >= 2 for rows in about)


def test_the_footer_says_how_closely_this_machine_agrees(sent):
    page = Selfie(detector="haar")
    page.intake._handle_custom_msg({"kind": "ready", "view": "1"}, [])
    lines = last(sent, page.footer, "facts")[0]["lines"]
    (line,) = [line for line in lines if line.startswith("this machine agrees")]
    assert 0 < float(line.rpartition(" ")[2]) < 0.5


def test_a_machine_that_does_not_agree_answers_nothing(sent, tmp_path, astronaut):
    bundle = tiny_bundle(tmp_path)
    example = json.loads((bundle / "example.json").read_text())
    example["answers"] = [value + 1 for value in example["answers"]]
    (bundle / "example.json").write_text(json.dumps(example))
    write_manifest(bundle)
    page = Selfie(str(bundle), detector="haar")
    say(page.intake, "photo", astronaut.read_bytes(), name="a.jpg", turn="1")
    status = last(sent, page.intake, "status")[0]
    assert status["state"] == "error"
    assert "answers nothing here" in status["text"]
    assert not any((to, c["kind"]) == (page.board, "face") for to, c, _ in sent)
