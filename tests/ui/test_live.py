"""The camera's page without a browser: frames in, answers out."""

import gc
import io
import json
import sys
import weakref
from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers.boxes import without_graph
from helpers.few import FewAnswers
from PIL import Image

from facelens import load_model
from facelens.errors import BundleError
from facelens.faces import align, find_faces
from facelens.photo import Photo
from facelens.tasks import TASKS
from facelens.tasks.attributes.names import everyday
from facelens.tasks.mask.model import MaskModel
from facelens.tasks.mask.names import CAUTION, COVERED
from facelens.ui import Live, Selfie
from facelens.ui._view import CALM
from facelens.video.stream import FIND_EVERY, LivePredictor

WIDTH, HEIGHT = 320, 240


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def page(model, sent):  # noqa: ARG001  it records what the page says from the first
    page = Live(model, detector="haar")
    page.warm_up()
    return page


def jpeg(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92)
    return file.getvalue()


@pytest.fixture(scope="module")
def scene(astronaut):
    """What the camera sees where the visitor sits at `x`; nobody if that is None."""
    face = cv2.resize(np.asarray(Image.open(astronaut).convert("RGB"))[:300, 70:370], (200, 200))

    def frame(x):
        room = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
        if x is not None:
            room[30:230, x : x + 200] = face
        return room

    return frame


class Browser:
    """What the browser does: a frame, and its answer."""

    def __init__(self, page, sent):
        self.page, self.sent, self.frames = page, sent, 0

    def say(self, kind, *buffers, **content):
        self.page.intake._handle_custom_msg(
            {"kind": kind, **content}, [memoryview(data) for data in buffers]
        )

    def show(self, pixels, **wish):
        self.frames += 1
        wish = {"turn": str(self.frames), "seconds": self.frames / 10, "map": None, **wish}
        self.say("frame", jpeg(pixels), **wish)
        return self.last()

    def last(self):
        view, content, buffers = self.sent[-1]
        assert view is self.page.intake
        return content, [np.frombuffer(data, np.float32) for data in buffers]


@pytest.fixture
def browser(page, sent):
    return Browser(page, sent)


def box_of(place):
    """Where a face's template lies, as the page reckons it from a message."""
    warp = align.invert(np.array(place, np.float32).reshape(2, 3))
    return align.face_box(warp)


def test_a_frame_is_answered_by_who_is_where_and_what_is_read(browser, page, scene):
    content, [probabilities, logits] = browser.show(scene(60))
    assert (content["kind"], content["turn"], content["map"]) == ("seen", "1", None)
    assert (content["width"], content["height"]) == (WIDTH, HEIGHT)
    assert content["milliseconds"] > 0
    (face,) = content["faces"]
    pixels = np.asarray(Image.open(io.BytesIO(jpeg(scene(60)))))
    (found,) = find_faces(Photo(pixels), detector="haar")
    assert face["number"] == 1
    assert box_of(face["place"]) == pytest.approx(found.box, abs=2)
    (own,) = page.model.predict([found])
    assert logits == pytest.approx(own.logits, abs=0.5)
    assert probabilities == pytest.approx(
        1 / (1 + np.exp(-logits / page.model.config.temperature)), abs=1e-5
    )
    json.dumps(content)


def test_a_person_keeps_a_number_and_a_box_follows(browser, scene):
    for x in range(20, 110, 6):
        content, _ = browser.show(scene(x))
        (face,) = content["faces"]
        assert face["number"] == 1
        assert box_of(face["place"]).centre[0] == pytest.approx(x + 113, abs=12)
    content, _ = browser.show(scene(20), anew=True)
    assert content["faces"][0]["number"] == 2, "somebody else may sit there by now"


def test_a_map_comes_on_wish_for_the_one_attribute(browser, page, scene):
    content, [_, _, maps] = browser.show(scene(60), map="Smiling")
    about = content["map"]
    assert about["name"] == "Smiling"
    assert maps.size == about["height"] * about["width"]
    assert maps.max() > 0
    index = page.model.names.index("Smiling")
    _, [_, logits] = browser.show(scene(60))
    assert maps.mean() + page.model.config.bias[index] == pytest.approx(logits[index], abs=0.5)
    content, buffers = browser.show(scene(60), map="Wings")
    assert content["map"] is None
    assert len(buffers) == 2


def test_nobody_in_the_picture_is_an_answer_too(browser, scene):
    content, [probabilities, logits] = browser.show(scene(None), map="Smiling")
    assert content["faces"] == []
    assert probabilities.size == logits.size == 0


def test_a_broken_frame_is_a_sentence_and_the_next_one_is_answered(
    browser, page, scene, monkeypatch
):
    browser.say("frame", b"no picture", turn="a", seconds=1)
    content, _ = browser.last()
    assert (content["kind"], content["turn"]) == ("failed", "a")
    assert content["text"] == (
        "The camera's picture is not a photo that can be read; use JPEG, PNG, WebP, "
        "AVIF, HEIC, TIFF, BMP or GIF."
    )
    with monkeypatch.context() as patch:
        patch.setattr(type(page._predictor), "predict", lambda *_, **__: 1 / 0)
        assert browser.show(scene(60))[0] == {"kind": "failed", "turn": "1", "text": CALM}
    assert len(browser.show(scene(60))[0]["faces"]) == 1
    browser.say("frame", turn="b")  # without a picture
    browser.say("dance")
    assert browser.last()[0]["kind"] == "seen"


def test_nothing_of_a_frame_is_kept(browser, page, scene, monkeypatch, tmp_path):
    frames, opened = [], []
    read = LivePredictor.predict

    def see(watcher, photo, *more, **wish):
        frames.append(weakref.ref(photo.pixels))
        return read(watcher, photo, *more, **wish)

    monkeypatch.setattr(LivePredictor, "predict", see)
    monkeypatch.chdir(tmp_path)
    sys.addaudithook(lambda event, args: opened.append(args) if event == "open" else None)
    buffers = [memoryview(jpeg(scene(60)))]
    opened.clear()
    page.intake._handle_custom_msg(
        {"kind": "frame", "turn": "a", "seconds": 1, "map": "Smiling"}, buffers
    )
    assert buffers == [], "the kernel holds its last message, so that must not hold the picture"
    assert [mode for _, mode, _ in opened if mode and "r" not in mode] == [], "a file was written"
    browser.sent.clear()  # as the message that went out
    gc.collect()
    assert [frame() for frame in frames] == [None]
    assert set(page.intake._shown) <= {"text", "network", "status", "notice"}
    assert page._photo is None
    assert page._faces == []
    assert not {name for view in (page.picture, page.heatmap, page.inside) for name in view._shown}
    browser.say("rest")
    assert page._predictor._smoothed == {}
    state = {name: value for name, value in page.intake.get_state().items() if name[:1] != "_"}
    assert not any(isinstance(value, bytes | memoryview) for value in state.values())


def test_a_snapshot_is_a_photo_and_going_back_forgets_it(browser, page, sent, scene):
    browser.show(scene(60))
    browser.say("photo", jpeg(scene(60)), name="snapshot", turn="s")
    said = [c for view, c, _ in sent if view is page.intake and c["kind"] == "status"]
    assert said[-1] == {"kind": "status", "text": "Found one face.", "state": "done", "turn": "s"}
    shown = {
        id(view) for view, content, _ in sent if content["kind"] in ("photo", "face", "layers")
    }
    assert {id(page.picture), id(page.board), id(page.heatmap)} <= shown
    page.keep()
    browser.say("back", turn="t")
    assert page._photo is None
    assert page._kept is not None, "a face that was kept is there to be compared with the next"
    browser.say("photo", jpeg(scene(60)), name="snapshot", turn="u")
    browser.say("clear", turn="v")
    assert page._kept is None
    assert len(browser.show(scene(60))[0]["faces"]) == 1


def test_a_snapshot_tells_of_the_face_that_was_picked(browser, page, sent, scene):
    pair = np.hstack([scene(60), cv2.resize(scene(60), (WIDTH * 4 // 5, HEIGHT))])
    browser.say("photo", jpeg(pair), name="snapshot")
    first, second = sorted(page._faces, key=lambda face: face.box.x)
    for face in (first, second):
        x, y = face.box.centre
        near = [x / pair.shape[1], y / pair.shape[0]]
        browser.say("photo", jpeg(pair), name="snapshot", near=near)
        assert page._faces[page._picked].box.centre == pytest.approx((x, y), abs=1)
    said = [c["text"] for v, c, _ in sent if v is page.intake and c["kind"] == "status"]
    assert said[-1] == f"Found 2 faces; you see face {page._picked + 1}." or page._picked == 0


def test_an_attribute_chosen_while_it_moves_is_that_of_the_snapshot(browser, page, sent, scene):
    browser.show(scene(60))
    page.board._handle_custom_msg({"kind": "choose", "name": "Bangs"}, [])
    page.board._handle_custom_msg({"kind": "choose", "name": "Wings"}, [])
    browser.say("photo", jpeg(scene(60)), name="snapshot")
    assert [c["name"] for v, c, _ in sent if v is page.heatmap and c["kind"] == "chosen"] == [
        "Bangs"
    ]
    browser.say("clear")
    browser.say("choose", name="Eyeglasses")  # for the map over the moving face
    browser.say("photo", jpeg(scene(60)), name="snapshot")
    chosen = [c["name"] for v, c, _ in sent if v is page.heatmap and c["kind"] == "chosen"]
    assert chosen[-1] == "Eyeglasses"


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (["Smiling"], ["Smiling"]),
        (["Mask"], ["Mask"]),
        (["Attractive"], []),
        (["Young", "Hat", "No_Beard"], ["No_Beard"]),
    ],
)
def test_a_network_of_one_attribute_works_too(sent, scene, names, first):
    page = Live(FewAnswers(names), detector="haar")
    page.warm_up()
    browser = Browser(page, sent)
    (network,) = [c for v, c, _ in sent if v is page.intake and c["kind"] == "network"]
    assert [each["name"] for each in network["attributes"]] == names
    assert network["everyday"] == first, "no judgement stands there unasked"
    content, [probabilities, _, maps] = browser.show(scene(60), map=names[0])
    assert probabilities.shape == (len(names),)
    assert maps.size == content["map"]["height"] * content["map"]["width"]
    browser.say("photo", jpeg(scene(60)), name="snapshot")
    assert "error" not in {content["kind"] for _, content, _ in sent}


def test_another_network_answers_from_the_next_frame_on(browser, page, sent, scene, monkeypatch):
    browser.show(scene(60))
    room = sys.modules[Selfie.__module__]
    monkeypatch.setattr(room, "choose", lambda *_: FewAnswers(["Smiling"]))
    page.network._on_choose("resnet50")
    network = [c for v, c, _ in sent if v is page.intake and c["kind"] == "network"][-1]
    assert [each["name"] for each in network["attributes"]] == ["Smiling"]
    assert browser.show(scene(60))[1][0].shape == (1,)

    def broken(*_):
        raise BundleError("It is damaged.")

    monkeypatch.setattr(room, "choose", broken)
    page.network._handle_custom_msg({"kind": "choose", "name": "mine"}, [])
    assert browser.show(scene(60))[1][0].shape == (1,)


def test_the_few_to_begin_with_are_no_judgements():
    assert everyday(load_model().names) == (
        "Smiling", "Mouth_Slightly_Open", "Eyeglasses", "No_Beard",
    )  # fmt: skip
    assert everyday(["Attractive", "a", "b", "c", "d", "e"]) == ("a", "b", "c", "d")
    assert everyday(["Young"]) == ()


def test_other_tasks_answer_the_frames_on_which_they_are_wished_for(browser, page, scene):
    content, _ = browser.show(scene(60))
    assert (content["faces"][0]["words"], content["faces"][0]["points"]) == ([], [])
    assert page.panels._models == {}, "what is off is not opened"
    content, _ = browser.show(scene(60), tasks=["keypoints", "no such task"])
    points = np.array(content["faces"][0]["points"])
    assert points.shape == (15, 2)
    eye = align.TEMPLATE[1]
    assert np.hypot(*(points - eye).T).min() < 6, "they lie on the crop as its template does"
    content, _ = browser.show(scene(60))
    assert content["faces"][0]["points"] == []


def test_the_page_offers_the_tasks_that_a_moving_picture_can_show(page, sent):
    (network,) = [
        content for view, content, _ in sent if content["kind"] == "network" and view is page.intake
    ]
    assert network["tasks"] == [{"task": "keypoints", "title": "Keypoints", "caution": ""}]


def test_a_task_whose_network_is_missing_is_said_once_and_the_rest_goes_on(
    browser, page, sent, scene, monkeypatch
):
    def missing(_task):
        raise BundleError("There is no such network.")

    monkeypatch.setattr(page.panels, "model_of", missing)
    for _ in range(3):
        content, [probabilities, _] = browser.show(scene(60), tasks=["keypoints"])
        assert content["kind"] == "seen"
        assert probabilities.size == 40
    told = [content["text"] for _, content, _ in sent if content["kind"] == "notice"]
    assert told == ["There is no such network."]


def test_each_task_s_answers_are_smoothed_and_forgotten_with_it(model, astronaut):
    from facelens.photo import read_photo

    class Clock(type(model)):
        """Answers 0, then 1, and so on."""

        said = -1

        def __init__(self):
            pass

        def predict(self, inputs, *, maps=False):  # noqa: ARG002
            self.said += 1
            return [float(self.said) for _ in inputs]

        def blend(self, before, after, share):
            return before + share * (after - before)

    photo, clock = read_photo(astronaut), Clock()
    predictor = LivePredictor(model, "haar")

    def other(seconds, **others):
        (seen,) = predictor.predict(photo, seconds, others=others)
        return seen.others.get("clock")

    assert other(0, clock=clock) == 0
    assert 0 < other(0.1, clock=clock) < 1
    assert other(0.2) is None
    assert other(0.3, clock=clock) == 2, "it begins anew"


# boxes of a task that sees the photo


@pytest.fixture
def masked(tmp_path, monkeypatch, model, sent):  # noqa: ARG001
    """A page with masks beside it: they are found where the scene has its face, and on the wall."""
    bundle = without_graph(tmp_path, monkeypatch)
    monkeypatch.setitem(TASKS, "mask", replace(TASKS["mask"], default=str(bundle)))
    monkeypatch.setenv("FACELENS_TASKS", "attributes,keypoints,mask")
    asked = []
    # In pixels of a picture of 416, of which the frame has 320: the scene's face, and the wall.
    places = np.array([[175, 90, 275, 210], [10, 10, 50, 60]], np.float32)
    logits = np.array([[4, 0, 0], [0, 4, 0]], np.float32)

    def raw(_, picture):
        asked.append(picture.shape)
        return places, np.full(2, 0.9, np.float32), logits

    monkeypatch.setattr(MaskModel, "raw", raw)
    page = Live(model, detector="haar")
    page.warm_up()
    return page, asked, logits


def test_boxes_of_another_task_are_those_of_the_faces_or_stand_alone(masked, sent, scene):
    page, asked, _ = masked
    browser = Browser(page, sent)
    assert page.beside.offer()[-1] == {
        "task": "mask", "title": "Masks", "caution": CAUTION, "warning": "Someone wears no mask.",
    }  # fmt: skip
    content, _ = browser.show(scene(60))
    assert (content["boxes"], content["states"]) == ([], [])
    assert not page.panels._models, "nobody has asked for it"
    content, _ = browser.show(scene(60), tasks=["mask"])
    face, alone = content["boxes"]
    assert (face["face"], face["letter"], face["verdict"]) == (1, "M", "yes")
    assert (alone["face"], alone["letter"], alone["label"]) == (None, "N", "No mask")
    assert alone["box"] == pytest.approx([7.7, 7.7, 30.8, 38.5], abs=0.1)
    (said,) = content["faces"]
    assert [word["label"] for word in said["words"]] == ["Mask"]
    assert said["hints"] == [COVERED]
    assert content["states"] == ["mask"], "somebody wears none"
    assert len(asked) == 1
    content, _ = browser.show(scene(60), tasks=[])
    assert (content["boxes"], content["faces"][0]["hints"]) == ([], [])


def test_the_photo_is_asked_about_every_few_frames_and_faces_keep_their_answers(
    masked, sent, scene
):
    page, asked, _ = masked
    browser = Browser(page, sent)
    for frame in range(2 * FIND_EVERY):
        content, _ = browser.show(scene(60 + frame), tasks=["mask"])
        assert [each["face"] for each in content["boxes"]] == [1, None]
    assert len(asked) == 2
    browser.say("rest")
    assert (page._predictor.found, page._predictor._finders) == ({}, {})


def test_a_box_keeps_its_number_and_its_answer_is_smoothed(masked, sent, scene):
    page, _, logits = masked
    browser = Browser(page, sent)
    values = []
    for _ in range(8 * FIND_EVERY):
        content, _ = browser.show(scene(60), tasks=["mask"])
        assert [each["number"] for each in content["boxes"]] == [1, 2]
        values.append(content["faces"][0]["words"][0]["value"])
        logits[0] = [0, 4, 0]
    names = [content["boxes"][0]["letter"], *content["states"]]
    assert names == ["N", "mask"]
    assert values[0] > 0.9 > values[FIND_EVERY], "not at once"
    assert values[-1] > 0.9
    assert content["faces"][0]["hints"] == []
