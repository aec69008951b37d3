"""The camera's page, in Chromium: alone with a kernel of paper, then with a kernel and a film."""

import functools
import io
import re
import sys

import cv2
import numpy as np
import pytest
from paper import NOTE_STREAMS, NOWHERE, PAPER_KERNEL, animate, content_of, with_camera
from PIL import Image
from serving import ROOT, free_port, served
from visit import SMALL_TARGETS, until

from facelens import load_model
from facelens.ui import Live
from facelens.ui.camera import Camera

pytestmark = pytest.mark.browser
WIDTH, HEIGHT, SIDE = 480, 360, 260
FRAMES = 300
MARK = 20  # the side of a square of one colour that moves with the face
# Where the face lies in the picture that is pasted, from its corner.
FACE = (148, 142)
PLACE = [1.2, 0, 100, 0, 1.2, 40]
# The middle of the square, in shares of a picture as one sees it in a mirror.
MARK_ON = """(picture) => {
    const paper = Object.assign(document.createElement("canvas"), {
        width: picture.videoWidth ?? picture.width,
        height: picture.videoHeight ?? picture.height,
    });
    const pen = paper.getContext("2d");
    pen.drawImage(picture, 0, 0);
    const { data } = pen.getImageData(0, 0, paper.width, paper.height);
    let [count, x, y] = [0, 0, 0];
    for (let i = 0; i < data.length; i += 4) {
        if (data[i] < 180 || data[i + 1] > 90 || data[i + 2] < 180) continue;
        count += 1;
        x += (i / 4) % paper.width;
        y += Math.floor(i / 4 / paper.width);
    }
    return [1 - x / count / paper.width, y / count / paper.height];
}"""
# Of frames.js, in milliseconds.
PATIENCE, RETRY = 4000, 1000
# How long the page waits for an answer goes by `pass(ms)` alone: a busy machine may take that long
# between two lines of a test.
WAITS = """waits => {
    const { setTimeout: start, clearTimeout: stop } = window;
    const held = new Map();
    let last = 0;
    window.setTimeout = (what, after, ...more) => {
        if (!waits.includes(after)) return start(what, after, ...more);
        last -= 1;
        held.set(last, { what, left: after });
        return last;
    };
    window.clearTimeout = (id) => held.delete(id) || stop(id);
    window.pass = (ms) => {
        for (const [id, each] of [...held]) {
            each.left -= ms;
            if (each.left <= 0 && held.delete(id)) each.what();
        }
    };
}"""
LEAKING = 600  # frames


@pytest.fixture(scope="module")
def film(astronaut, tmp_path_factory):
    """A face that wanders over a grey wall, with a square of magenta above its left shoulder."""
    picture = np.asarray(Image.open(astronaut).convert("RGB"))[:300, 70:370]
    face = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).copy()
    face[:MARK, :MARK] = (255, 0, 255)
    path = tmp_path_factory.mktemp("film") / "face.mjpeg"
    with path.open("wb") as file:
        for turn in np.linspace(0, 2 * np.pi, FRAMES, endpoint=False):
            room = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
            x = round((WIDTH - SIDE) / 2 + 80 * np.sin(turn))
            y = round((HEIGHT - SIDE) / 2 + 30 * np.cos(2 * turn))
            room[y : y + SIDE, x : x + SIDE] = face
            file.write(cv2.imencode(".jpg", room[..., ::-1])[1].tobytes())
    return path


@pytest.fixture(scope="module")
def seeing(browser, film):
    opened = with_camera(browser, film)
    yield opened
    opened.close()


class Tab:
    """The camera in a tab, and what a visitor does with it."""

    def __init__(self, page):
        self.page, self.problems = page, []
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.add_init_script(NOTE_STREAMS)

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def status(self, words):
        self.page.locator(".camera .status", has_text=words).wait_for()

    def streams(self):
        return self.page.evaluate("live()")

    def let_pass(self, **more):
        """Wait for this many more `pictures`, frames `sent` and `answered`, and `paints`."""
        self.page.evaluate(
            """more => {
                const { counts } = document.querySelector(".camera").facelens;
                window.goal = Object.entries(more).map(([what, n]) => [what, counts[what] + n]);
            }""",
            more,
        )
        until(
            self.page,
            """() => {
                const { counts } = document.querySelector(".camera").facelens;
                return goal.every(([what, n]) => counts[what] >= n);
            }""",
            timeout=300_000,  # a busy machine answers few frames a second
        )

    def let_cameras_be_listed(self):
        """Let the page ask which cameras there are, as it does after one was plugged in."""
        self.page.evaluate(
            """async () => {
                for (let i = 0; i < 3; i += 1) await navigator.mediaDevices.enumerateDevices();
            }"""
        )
        animate(self.page)

    def hide(self, hidden):
        self.page.evaluate(
            """hidden => {
                Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            hidden,
        )


class Alone(Tab):
    """A camera whose kernel says what the test says."""

    def __init__(self, page, before=""):
        super().__init__(page)
        page.route("**", lambda route: route.fulfill(body="<body>", content_type="text/html"))
        page.add_init_script(before)
        page.clock.install()
        page.goto(NOWHERE)
        page.evaluate(WAITS, [PATIENCE, RETRY])
        page.evaluate(PAPER_KERNEL, [Camera._esm, Camera._css])
        page.evaluate("([message, lut]) => hear(message, [lut])", [network(), [0.0] * 192])

    def later(self, milliseconds):
        """Put the page's clock forward."""
        self.page.clock.fast_forward(milliseconds)
        self.page.evaluate("pass", milliseconds)

    @property
    def frames(self):
        return [each for each in self.page.evaluate("sent") if each["kind"] == "frame"]

    def wait_for(self, count):
        until(self.page, f"sent.filter((m) => m.kind === 'frame').length >= {count}")
        assert len(self.frames) == count
        return self.frames[-1]

    def answer(self, frame, *numbers, hints=(), place=PLACE):
        """Say that the faces `numbers` are on it, side by side, with evidence in the middle."""
        count = len(network()["attributes"])
        faces = [
            {"number": n, "place": [*place[:2], place[2] + 150 * i, *place[3:]], "hints": hints}
            for i, n in enumerate(numbers)
        ]
        about = frame["map"] and {"name": frame["map"], "height": 3, "width": 3}
        message = {
            "kind": "seen", "turn": frame["turn"], "width": WIDTH, "height": HEIGHT,
            "milliseconds": 20, "map": about, "faces": faces,
        }  # fmt: skip
        values = [0.9] * (count * len(numbers))
        buffers = [values, values]
        if about:
            buffers.append([0, 0, 0, 0, 5, 0, 0, 0, -5] * len(numbers))
        self.page.evaluate("([message, buffers]) => hear(message, buffers)", [message, buffers])

    def faces(self):
        return self.page.evaluate("document.querySelector('.camera').facelens.faces()")

    def kinds(self):
        return [each["kind"] for each in self.page.evaluate("sent")]

    def start(self):
        self.press("Start the camera")
        return self.wait_for(1)


@functools.cache
def network():
    """What a kernel tells the camera of the embedded network."""
    told = []
    page = Live(load_model(), detector="haar")
    page.intake.show = lambda kind, content, _=(): told.append({"kind": kind, **content})
    page.intake.introduce(load_model())
    return told[0]


@pytest.fixture
def alone(seeing):
    tabs = []

    def open_page(before="", **options):
        tabs.append(Alone(seeing.new_page(**options), before))
        return tabs[-1]

    yield open_page
    for tab in tabs:
        tab.page.close()
        assert tab.problems == [], "the page's own script failed"


def test_a_frame_goes_off_only_when_the_one_before_is_answered(alone):
    tab = alone()
    assert tab.frames == [], "nothing is sent before the camera is started"
    first = tab.start()
    picture = Image.open(io.BytesIO(content_of(first)))
    assert (picture.format, picture.size) == ("JPEG", (WIDTH, HEIGHT))
    assert first["anew"]
    tab.let_pass(pictures=8)
    tab.wait_for(1)
    tab.answer(first, 1)
    second = tab.wait_for(2)
    assert not second["anew"]
    assert second["seconds"] > first["seconds"]
    tab.answer(first, 1)  # an answer that comes twice counts once
    tab.let_pass(pictures=5)
    tab.wait_for(2)
    tab.status("One face in sight.")


def test_a_mirror_is_boxed_where_one_sees_the_face(alone):
    tab = alone(viewport={"width": 390, "height": 844})
    tab.answer(tab.start(), 1)
    tab.let_pass(paints=2)
    [face] = tab.faces()
    video = tab.page.locator(".camera video").bounding_box()
    assert video["width"] / video["height"] == pytest.approx(WIDTH / HEIGHT, rel=0.01)
    scale = tab.page.evaluate("document.querySelector('.camera canvas').width") / WIDTH
    x, y, w, h = network()["box"]
    assert face["x"] == pytest.approx(scale * (WIDTH - 100 - 1.2 * (x + w)), abs=1)
    assert face["y"] == pytest.approx(scale * (40 + 1.2 * y), abs=1)
    assert face["w"] == pytest.approx(scale * 1.2 * w, abs=1)
    assert face["h"] == pytest.approx(scale * 1.2 * h, abs=1)
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_box_moves_on_smoothly_and_a_face_that_is_gone_fades(alone):
    tab = alone()
    frame = tab.start()
    tab.answer(frame, 1, 2)
    frame = tab.wait_for(2)
    tab.status("2 faces in sight.")
    assert tab.page.get_by_role("button", name="Face 1").get_attribute("aria-pressed") == "true"
    tab.press("Face 2")
    assert tab.page.get_by_role("button", name="Face 2").get_attribute("aria-pressed") == "true"
    tab.answer(frame, 1)
    tab.wait_for(3)
    tab.status("One face in sight.")
    until(tab.page, "document.querySelector('.camera').facelens.faces().length === 1")
    assert not tab.page.get_by_role("button", name="Face 2").is_visible()


REFUSALS = {
    "NotAllowedError": "The browser was not allowed to use the camera.",
    "NotFoundError": "No camera was found here. Plug one in and try again.",
    "NotReadableError": "The camera gives no picture.",
    "SomethingElse": "The camera could not be opened. Try again.",
}


def test_a_camera_that_does_not_open_is_a_sentence_and_the_next_try_works(alone):
    tab = alone()
    tab.page.evaluate(
        """() => {
            const ask = navigator.mediaDevices.getUserMedia;
            window.refuse = null;
            navigator.mediaDevices.getUserMedia = (wish) => {
                if (refuse) return Promise.reject(new DOMException("no", refuse));
                return ask(wish);
            };
        }"""
    )
    for name, words in REFUSALS.items():
        tab.page.evaluate("name => { refuse = name; }", name)
        tab.press("Start the camera")
        tab.status(words)
        assert tab.streams() == 0
    tab.page.evaluate("() => { refuse = null; }")
    tab.start()
    assert tab.streams() == 1


def test_where_the_browser_has_no_camera_for_the_page_it_says_why(alone):
    tab = alone("Object.defineProperty(navigator, 'mediaDevices', { value: undefined });")
    tab.page.evaluate("hear({ kind: 'text', privacy: 'Private.' })")
    tab.status("https")
    assert not tab.page.get_by_role("button", name="Start the camera").is_visible()


TWO_CAMERAS = """{
    window.plugged = ["mine", "built in"];
    navigator.mediaDevices.enumerateDevices = async () => (
        plugged.map((deviceId) => ({ deviceId, kind: "videoinput" })));
    MediaStreamTrack.prototype.getSettings = () => ({ deviceId: "mine" });
    const media = navigator.mediaDevices;
    window.plug = (devices) => {
        plugged = devices;
        media.dispatchEvent(new Event("devicechange"));
    };
    window.cut = () => {
        const [track] = streams.at(-1).getTracks();
        track.stop();
        track.dispatchEvent(new Event("ended"));
    };
    // The film is the only camera there is.
    const ask = media.getUserMedia.bind(media);
    media.getUserMedia = (wish) => ask({ ...wish, video: { ...wish.video, deviceId: undefined } });
}"""


def test_a_camera_that_is_unplugged_is_a_sentence_and_comes_back_by_itself(alone):
    tab = alone(TWO_CAMERAS)
    tab.answer(tab.start(), 1)
    tab.answer(tab.wait_for(2), 1)
    tab.page.evaluate("cut()")
    tab.status("The camera has stopped.")
    assert tab.page.evaluate("document.activeElement.textContent") == "Start the camera"
    tab.page.evaluate("plug(['built in'])")
    tab.status("The camera was unplugged.")
    count = len(tab.frames)
    tab.page.evaluate("plug(['built in', 'another'])")
    tab.let_cameras_be_listed()
    assert tab.streams() == 0, "another camera was switched on unasked"
    tab.page.evaluate("plug(['built in', 'mine'])")
    until(tab.page, "live() === 1")
    until(tab.page, "document.querySelector('.camera video').videoWidth > 0")
    assert tab.page.evaluate("wishes.at(-1).deviceId === undefined")
    tab.answer(tab.frames[-1], 1)
    until(tab.page, f"sent.filter((m) => m.kind === 'frame').length > {count}")
    assert tab.frames[count]["anew"]


def test_a_camera_whose_leave_was_withdrawn_stays_off(alone):
    tab = alone(TWO_CAMERAS)
    tab.start()
    tab.page.evaluate("cut()")
    tab.status("The camera has stopped.")
    tab.page.evaluate("plug(['mine', 'built in', 'headphones'])")
    tab.let_cameras_be_listed()
    assert tab.streams() == 0


def test_a_stopped_camera_stays_off_when_another_is_plugged_in(alone):
    tab = alone()
    tab.start()
    tab.press("Stop")
    assert tab.streams() == 0
    tab.page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    tab.let_cameras_be_listed()
    assert tab.streams() == 0
    assert tab.page.evaluate("document.activeElement.textContent") == "Start the camera"


def test_another_camera_takes_over_and_the_rear_one_is_no_mirror(alone):
    tab = alone(
        """{
            MediaStreamTrack.prototype.getSettings = () => (
                { facingMode: window.wishes.at(-1).facingMode });
            navigator.mediaDevices.enumerateDevices = async () => (
                ["a", "b"].map((deviceId) => ({ deviceId, kind: "videoinput" })));
        }"""
    )
    tab.answer(tab.start(), 1)
    other = tab.wait_for(2)
    tab.press("Other camera")
    until(tab.page, "wishes.length === 2")
    tab.answer(other, 1)  # passed over, and the next one goes off
    until(tab.page, "sent.at(-1).anew && wishes.length === 2")
    assert tab.page.evaluate("wishes.map((wish) => wish.facingMode)") == ["user", "environment"]
    assert tab.streams() == 1, "the first one is let go"
    assert "mirrored" not in (tab.page.locator(".camera video").get_attribute("class") or "")
    tab.answer(tab.frames[-1], 2)
    tab.let_pass(paints=2)
    [face] = tab.faces()
    scale = tab.page.evaluate("document.querySelector('.camera canvas').width") / WIDTH
    assert face["x"] == pytest.approx(scale * (100 + 1.2 * network()["box"][0]), abs=1)


def test_a_hidden_page_sends_nothing_and_goes_on_when_it_is_seen(alone):
    tab = alone()
    tab.answer(tab.start(), 1)
    frame = tab.wait_for(2)
    tab.hide(True)
    tab.status("Out of sight")
    assert tab.kinds()[-1] == "rest"
    tab.answer(frame, 1)
    tab.let_pass(paints=10)
    tab.wait_for(2)
    assert tab.faces() == []
    assert tab.page.evaluate("streams.at(-1).getTracks()[0].enabled") is False
    tab.hide(False)
    assert tab.wait_for(3)["anew"], "somebody else may sit there by now"
    assert tab.page.evaluate("streams.at(-1).getTracks()[0].enabled") is True


def test_an_answer_that_does_not_come_is_a_sentence_and_another_frame_goes_off(alone):
    tab = alone()
    first = tab.start()
    tab.answer(first, 1)
    lost = tab.wait_for(2)
    tab.later(PATIENCE)
    tab.status("No answer yet")
    assert tab.faces() == [], "nobody knows where the face is by now"
    late = tab.wait_for(3)
    tab.answer(lost, 1)
    tab.let_pass(paints=2)
    assert tab.faces() == []
    tab.answer(late, 1)
    tab.status("One face in sight.")


def test_a_frame_that_fails_is_a_sentence_and_the_next_goes_off(alone):
    tab = alone()
    frame = tab.start()
    tab.page.evaluate(
        "turn => hear({ kind: 'failed', turn, text: 'The network is out of order.' })",
        frame["turn"],
    )
    tab.status("The network is out of order.")
    tab.later(0.5 * RETRY)
    tab.let_pass(pictures=3)
    tab.wait_for(1)
    tab.status("The network is out of order.")
    tab.later(0.5 * RETRY)
    tab.answer(tab.wait_for(2), 1)
    tab.status("One face in sight.")


def test_when_the_kernel_has_gone_the_camera_is_switched_off(alone):
    tab = alone()
    tab.start()
    tab.page.evaluate("kernel.statusChanged.emit('busy')")
    assert tab.streams() == 1
    tab.page.evaluate("kernel.statusChanged.emit('dead')")
    tab.status("has gone, so the camera was switched off")
    assert tab.streams() == 0
    assert not tab.page.get_by_role("button", name="Start the camera").is_visible()


def pixels(frame):
    return np.asarray(Image.open(io.BytesIO(content_of(frame)))).astype(int)


def test_a_paused_picture_is_asked_about_once_more_and_then_rests(alone):
    tab = alone()
    tab.answer(tab.start(), 1)
    open_frame = tab.wait_for(2)
    tab.press("Pause")
    tab.let_pass(paints=5)
    tab.wait_for(2)  # the frame that is on its way is waited for
    tab.answer(open_frame, 1)
    still = tab.wait_for(3)
    tab.answer(still, 1)
    tab.status("Paused")
    tab.let_pass(paints=10)
    tab.wait_for(3)
    assert len(tab.faces()) == 1
    tab.page.get_by_label("Where it looks for").select_option("Smiling")
    assert tab.wait_for(4)["map"] == "Smiling"
    moved = np.abs(pixels(still) - pixels(tab.frames[-1])).max()
    assert moved < 8, "it is the picture that stands still"
    tab.answer(tab.frames[-1], 1)
    tab.page.evaluate("([message, lut]) => hear(message, [lut])", [network(), [0.0] * 192])
    tab.answer(tab.wait_for(5), 1)  # another network answers for the same picture
    assert np.abs(pixels(still) - pixels(tab.frames[-1])).max() < 8
    tab.press("Go on")
    assert not tab.wait_for(6)["anew"]


def test_pausing_again_and_again_makes_no_queue(alone):
    tab = alone()
    tab.answer(tab.start(), 1)
    frame = tab.wait_for(2)
    for _ in range(4):
        tab.press("Pause")
        tab.press("Go on")
    tab.wait_for(2)
    tab.answer(frame, 1)
    tab.wait_for(3)


def test_a_paused_page_whose_kernel_is_silent_sends_nothing_more(alone):
    tab = alone()
    tab.answer(tab.start(), 1)
    tab.answer(tab.wait_for(2), 1)
    frame = tab.wait_for(3)
    tab.press("Pause")
    tab.answer(frame, 1)
    tab.wait_for(4)
    tab.later(PATIENCE)
    tab.status("No answer yet")
    tab.later(PATIENCE)
    tab.let_pass(paints=5)
    tab.wait_for(4)


def test_a_browser_that_does_not_tell_of_frames_rests_too(alone):
    tab = alone("delete HTMLVideoElement.prototype.requestVideoFrameCallback;")
    tab.answer(tab.start(), 1)
    frame = tab.wait_for(2)
    tab.press("Pause")
    tab.answer(frame, 1)
    tab.answer(tab.wait_for(3), 1)
    tab.let_pass(pictures=10)
    tab.wait_for(3)


def test_a_camera_without_a_picture_says_so_until_it_has_one(alone):
    tab = alone()
    tab.answer(tab.start(), 1)
    frame = tab.wait_for(2)
    mute = "name => streams.at(-1).getTracks()[0].dispatchEvent(new Event(name))"
    tab.page.evaluate(mute, "mute")
    tab.status("gives no picture at the moment")
    assert tab.faces() == []
    tab.page.evaluate(mute, "unmute")
    tab.answer(frame, 1)
    tab.status("One face in sight.")


def test_nothing_can_be_pressed_before_there_is_a_picture(alone):
    tab = alone("HTMLVideoElement.prototype.play = () => new Promise((go) => { window.go = go; });")
    tab.press("Start the camera")
    until(tab.page, "live() === 1")
    for name in ("Take a snapshot", "Pause"):
        assert tab.page.get_by_role("button", name=name).is_disabled()
    tab.page.evaluate("go()")
    until(tab.page, "!document.querySelector('.camera .buttons .main:not([hidden])').disabled")


def test_while_the_browser_asks_one_can_change_ones_mind(alone):
    tab = alone("window.slowly = new Promise((go) => { window.go = go; });")
    tab.press("Start the camera")
    tab.status("may ask")
    tab.press("Cancel")
    assert tab.page.evaluate("document.activeElement.textContent") == "Start the camera"
    tab.page.evaluate("go()")
    until(tab.page, "streams.length === 1 && live() === 0")


def test_a_phone_that_is_turned_is_boxed_in_its_new_shape(alone):
    tab = alone()
    tab.answer(tab.start(), 1)
    tab.wait_for(2)
    tab.let_pass(pictures=1)
    tab.page.evaluate(
        """() => {
            const video = document.querySelector(".camera video");
            Object.defineProperty(video, "videoWidth", { value: 360 });
            Object.defineProperty(video, "videoHeight", { value: 480 });
        }"""
    )
    tab.answer(tab.frames[-1], 1)
    turned = tab.wait_for(3)
    assert Image.open(io.BytesIO(content_of(turned))).size == (360, 480)


def test_a_snapshot_is_the_whole_picture_and_lets_the_camera_go(alone):
    tab = alone()
    tab.answer(tab.start(), 1)
    frame = tab.wait_for(2)
    until(tab.page, "document.querySelector('.camera').facelens.faces()[0]?.words")
    tab.press("Take a snapshot")
    until(tab.page, "sent.at(-1).kind === 'photo'")
    photo = tab.page.evaluate("sent.at(-1)")
    assert Image.open(io.BytesIO(content_of(photo))).size == (WIDTH, HEIGHT)
    assert photo["name"] == "snapshot"
    x, y, w, h = network()["box"]
    middle = [(100 + 1.2 * (x + w / 2)) / WIDTH, (40 + 1.2 * (y + h / 2)) / HEIGHT]
    assert photo["near"] == pytest.approx(middle, abs=0.01), "the picked face, not mirrored"
    assert tab.streams() == 0
    assert not tab.page.locator(".camera video").is_visible()
    assert tab.page.get_by_text("the snapshot is not mirrored").is_visible()
    message = {"kind": "status", "text": "Found one face.", "state": "done"}
    tab.page.evaluate("hear", {**message, "turn": "another"})
    assert not tab.page.get_by_text("Found one face.").is_visible()
    tab.page.evaluate("hear", {**message, "turn": photo["turn"]})
    tab.status("Found one face.")
    tab.answer(frame, 1)
    animate(tab.page)
    tab.wait_for(2)
    tab.press("Back to the camera")
    assert tab.wait_for(3)["anew"]
    assert tab.kinds()[-2:] == ["back", "frame"]


def test_nothing_of_the_picture_stays_in_the_page_when_the_camera_is_stopped(alone):
    tab = alone(
        """{
            window.canvases = [];
            const make = document.createElement.bind(document);
            document.createElement = (name) => {
                const made = make(name);
                if (name === "canvas") canvases.push(new WeakRef(made));
                return made;
            };
        }"""
    )
    tab.answer(tab.start(), 1)
    tab.answer(tab.wait_for(2), 1)
    tab.press("Stop")
    animate(tab.page)
    sizes = "canvases.map((each) => each.deref()).filter(Boolean).map((each) => each.width)"
    assert set(tab.page.evaluate(sizes)) == {0}
    assert tab.kinds()[-1] == "rest"


def test_a_focus_on_a_face_is_not_thrown_away_when_another_comes(alone):
    tab = alone()
    tab.answer(tab.start(), 1, 2)
    frame = tab.wait_for(2)
    tab.page.get_by_role("button", name="Face 2").focus()
    tab.answer(frame, 1, 2, 3)
    tab.page.get_by_role("button", name="Face 3").wait_for()
    assert tab.page.evaluate("document.activeElement.textContent") == "Face 2"
    tab.answer(tab.wait_for(3), 1, 3)
    until(tab.page, "document.activeElement.textContent === 'Face 3'")


def test_a_judgement_that_was_looked_for_is_folded_away_with_the_camera(alone):
    tab = alone()
    tab.answer(tab.start(), 1)
    tab.wait_for(2)
    where = tab.page.get_by_label("Where it looks for")
    where.select_option("Smiling")
    tab.page.evaluate(
        "document.body.dispatchEvent(new CustomEvent('facelens-chosen',"
        " { bubbles: true, detail: 'Young' }))"
    )
    assert where.input_value() == "Young"
    tab.press("Stop")
    tab.press("Start the camera")
    until(tab.page, "live() === 1")
    assert where.input_value() == ""
    assert "young" not in where.inner_text()


def test_a_late_answer_is_drawn_on_the_picture_that_was_answered(alone):
    """Its box would lie beside the face of a newer one."""
    tab = alone()
    mark = f"""(what) => ({MARK_ON})(document.querySelector(what))"""
    for number in (1, 2):
        frame = tab.start() if number == 1 else tab.wait_for(number)
        picture = Image.open(io.BytesIO(content_of(frame)))
        before = tab.page.evaluate(mark, ".camera video")
        until(tab.page, f"Math.abs(({mark})('.camera video')[0] - {before[0]}) > 0.1")
        tab.later(400)
        tab.answer(frame, 1)
        tab.page.locator(".camera .still").wait_for()
        tab.let_pass(paints=2)
        shown = tab.page.locator(".camera .stage").screenshot()
        shown = Image.open(io.BytesIO(shown)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        off = np.abs(shares(shown) - shares(picture))
        assert off.max() < 0.01, "the face has moved on under its box"
        [face] = tab.faces()
        x = WIDTH - 100 - 1.2 * (network()["box"][0] + network()["box"][2])
        scale = tab.page.evaluate("document.querySelector('.camera canvas').width") / WIDTH
        assert face["x"] == pytest.approx(scale * x, abs=1), "a box comes at once with its picture"


def shares(picture):
    """The middle of the square of magenta, in shares of a picture."""
    pixels = np.asarray(picture.convert("RGB")).astype(int)
    y, x = np.nonzero((pixels[..., 0] > 180) & (pixels[..., 1] < 90) & (pixels[..., 2] > 180))
    return np.array([x.mean() / picture.width, y.mean() / picture.height])


def test_once_answers_come_soon_again_the_picture_moves(alone):
    tab = alone()
    frame = tab.start()
    tab.later(400)
    tab.answer(frame, 1)
    still = tab.page.locator(".camera .still")
    still.wait_for()
    tab.wait_for(2)
    tab.page.evaluate(
        """count => {
            const answer = ({ turn }) => hear({
                kind: "seen", turn, width: 480, height: 360, milliseconds: 5, map: null,
                faces: [{ number: 1, place: [1.2, 0, 100, 0, 1.2, 40], hints: [] }],
            }, [Array(count).fill(0.9), Array(count).fill(2)]);
            const push = sent.push.bind(sent);
            // The machine may be busy: to the page, no time passes until it has its answer.
            let now = performance.now();
            performance.now = () => now;
            sent.push = (message) => {
                push(message);
                if (message.kind !== "frame") return;
                answer(message);
                now += 60;
            };
            answer(sent.findLast((each) => each.kind === "frame"));
        }""",
        len(network()["attributes"]),
    )
    still.wait_for(state="hidden")


def test_an_answer_that_is_awaited_for_long_stops_the_picture_too(alone):
    tab = alone()
    tab.answer(tab.start(), 1)
    tab.wait_for(2)
    tab.later(400)
    tab.page.locator(".camera .still").wait_for()
    tab.later(PATIENCE)
    tab.status("No answer yet")
    # Without boxes nothing is wrong.
    tab.page.locator(".camera .still").wait_for(state="hidden")


def test_what_is_written_hides_no_face_on_a_phone_with_two(alone):
    tab = alone(viewport={"width": 390, "height": 844}, has_touch=True)
    tab.answer(tab.start(), 1, 2)
    tab.answer(tab.wait_for(2), 1, 2)
    written = tab.page.locator(".camera .written")
    written.wait_for()
    assert written.locator("li").count() == 2
    assert "Mouth slightly open" in written.locator("li").first.inner_text()
    assert all(face["plate"] is None for face in tab.faces()), "it is written under the picture"
    tab.page.locator(".camera .choice > summary").click()
    tab.page.locator(".camera .judgements > summary").click()
    assert tab.page.evaluate(SMALL_TARGETS) == []


def test_a_plate_stands_clear_of_every_face_or_its_words_under_the_picture(alone):
    tab = alone(viewport={"width": 1280, "height": 800})
    plates = "document.querySelector('.camera').facelens.faces().map((face) => face.plate)"
    tab.answer(tab.start(), 1, place=[*PLACE[:2], -10, *PLACE[3:]])
    until(tab.page, f"{plates}[0]")
    [face] = tab.faces()
    assert clear(face["plate"], face)
    assert not tab.page.locator(".camera .written").is_visible()
    tab.answer(tab.wait_for(2), 1, 2, 3)  # side by side: there is no room for three
    tab.page.locator(".camera .written").wait_for()
    assert tab.page.locator(".camera .written li").count() == 3
    assert tab.page.evaluate(plates) == [None] * 3


def clear(one, other):
    """Whether two boxes have no pixel in common."""
    across = min(one["x"] + one["w"], other["x"] + other["w"]) - max(one["x"], other["x"])
    down = min(one["y"] + one["h"], other["y"] + other["h"]) - max(one["y"], other["y"])
    return min(across, down) <= 0


def test_a_map_is_laid_over_each_face_on_wish(alone):
    tab = alone()
    tab.answer(tab.start(), 1)
    tab.page.get_by_label("Where it looks for").select_option("Smiling")
    tab.answer(tab.wait_for(2), 1)
    tab.answer(tab.wait_for(3), 1)
    tab.let_pass(paints=3)
    inside = """() => {
        const canvas = document.querySelector(".camera canvas");
        const [face] = document.querySelector(".camera").facelens.faces();
        const at = (x, y) => canvas.getContext("2d").getImageData(x, y, 1, 1).data[3];
        return [at(face.x + face.w / 2, face.y + face.h / 2),
            at(face.x + 0.1 * face.w, face.y + 0.93 * face.h)];
    }"""
    middle, corner = tab.page.evaluate(inside)
    assert middle > 60
    assert corner < middle / 2, "nothing speaks for it there"


def test_judgements_about_people_are_folded_and_named(alone):
    tab = alone()
    tab.answer(tab.start(), 1)
    title = tab.page.locator(".camera .choice > summary")
    assert title.inner_text() == (
        "Written beside a face: Smiling, Mouth slightly open, Eyeglasses, No beard"
    )
    assert "“" not in tab.page.get_by_label("Where it looks for").inner_text()
    title.click()
    fold = tab.page.locator(".camera .judgements")
    assert fold.locator("summary").inner_text() == "Judgements about people (8)"
    young = tab.page.get_by_label("Labelled “young”")
    assert not young.is_visible()
    fold.locator("summary").click()
    assert "opinions that strangers clicked" in fold.inner_text()
    young.check()
    tab.page.get_by_label("Smiling").last.uncheck()
    assert title.inner_text() == (
        "Written beside a face: Mouth slightly open, Eyeglasses, No beard, "
        "one judgement about people"
    )


def test_the_camera_is_let_go_however_one_leaves_it(alone):
    tab = alone()
    for leave in ("dispatchEvent(new PageTransitionEvent('pagehide'))", "end()"):
        tab.press("Start the camera")
        until(tab.page, "live() === 1")
        tab.page.evaluate(leave)
        assert tab.streams() == 0, leave


def test_a_camera_that_comes_too_late_is_let_go(alone):
    tab = alone("window.slowly = new Promise((go) => { window.go = go; });")
    tab.press("Start the camera")
    tab.status("may ask")
    tab.page.evaluate("kernel.statusChanged.emit('dead')")
    tab.page.evaluate("go()")
    until(tab.page, "streams.length === 1")
    until(tab.page, "live() === 0")
    assert tab.frames == []


# With a kernel


@pytest.fixture(scope="module")
def address():
    """Where `facelens live` serves the page."""
    port = free_port()
    command = [sys.executable, "-m", "facelens", "live", "--no-browser", "--port", str(port)]
    with served([*command, "--detector", "haar"], port, ROOT) as there:
        yield there


class Room(Tab):
    """A tab on the page itself, which notes what goes to the kernel and what comes back."""

    def __init__(self, page, address):
        super().__init__(page)
        self.out, self.back = [], []
        page.on("websocket", self.note)
        page.goto(address)
        page.get_by_role("button", name="Start the camera").wait_for()

    def note(self, socket):
        socket.on("framesent", lambda data: self.hear(self.out, data))
        socket.on("framereceived", lambda data: self.hear(self.back, data))

    @staticmethod
    def hear(heap, data):
        text = data if isinstance(data, str) else data.decode(errors="replace")
        for kind in ("frame", "seen", "photo"):
            if f'"kind":"{kind}"' in text.replace('": ', '":'):
                heap.append(kind)

    def start(self):
        self.press("Start the camera")
        self.status("One face in sight.")

    def where(self):
        """The marker's and the boxes' places, in shares of the picture as one sees it."""
        return self.page.evaluate(
            f"""() => {{
                const still = document.querySelector(".camera .still:not([hidden])");
                const picture = still ?? document.querySelector(".camera video");
                const canvas = document.querySelector(".camera canvas");
                const faces = document.querySelector(".camera").facelens.faces();
                return {{
                    mark: ({MARK_ON})(picture),
                    boxes: faces.map((face) => [face.number, (face.x + face.w / 2) / canvas.width,
                        (face.y + face.h / 2) / canvas.height, face.w / canvas.width]),
                }};
            }}"""
        )


@pytest.fixture(scope="module")
def room(seeing, address):
    room = Room(seeing.new_page(viewport={"width": 1280, "height": 800}), address)
    room.start()
    yield room
    room.page.goto("about:blank")
    room.page.close()
    assert room.problems == [], "the page's own script failed"


def test_the_box_follows_the_face_under_one_number(room):
    seen = []
    for _ in range(60):  # two thirds of the film
        room.let_pass(pictures=3)
        seen.append(room.where())
    boxed = [(each["mark"], each["boxes"][0]) for each in seen if each["boxes"]]
    assert len(boxed) > 55, "the box was lost on the way"
    assert len({box[0] for _, box in boxed}) == 1, "the person got another number"
    marks = np.array([mark for mark, _ in boxed])
    boxes = np.array([box[1:3] for _, box in boxed])
    width = np.median([box[3] for _, box in boxed])
    assert np.ptp(marks[:, 0]) > width / 2, "the face did not move"
    off = boxes - marks
    off -= np.median(off, axis=0)
    assert np.median(np.abs(off[:, 0])) < 0.15 * width, "the box does not keep up"
    assert np.corrcoef(marks[:, 0], boxes[:, 0])[0, 1] > 0.9
    assert np.corrcoef(marks[:, 1], boxes[:, 1])[0, 1] > 0.7
    # The marker is above the shoulder on the left, which a mirror shows on the right.
    across = np.median(marks[:, 0] - boxes[:, 0]) * WIDTH
    assert across == pytest.approx(FACE[0] - MARK / 2, abs=25)


def test_there_is_never_a_queue(room):
    before = room.out.count("frame")
    room.let_pass(answered=15)
    assert room.out.count("frame") - before >= 10
    assert 0 <= room.out.count("frame") - room.back.count("seen") <= 1
    figures = room.page.locator(".camera .figures").inner_text()
    assert re.fullmatch(
        r"[\d.]+ pictures a second; \d+ ms from a picture to its box, \d+ of them to find the face "
        r"and ask the network\.( The computer is slow, .*)?",
        figures,
    )


def test_a_threshold_on_the_board_decides_beside_the_face_too(room):
    words = "document.querySelector('.camera').facelens.faces()[0].words"
    said = {each["label"]: each["verdict"] for each in room.page.evaluate(words)}
    assert said["Smiling"] == "yes"
    assert said["Eyeglasses"] == "no"
    row = room.page.locator(".board .row", has=room.page.locator(".label", has_text="Eyeglasses"))
    row.locator("> .bar input").evaluate(
        "node => { node.value = 0; node.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    until(room.page, f"{words}.find((each) => each.label === 'Eyeglasses').verdict !== 'no'")
    assert row.get_attribute("data-verdict") in ("yes", "doubtful")
    room.page.get_by_role("button", name="Reset").click()
    until(room.page, f"{words}.find((each) => each.label === 'Eyeglasses').verdict === 'no'")


def test_the_board_tells_of_the_moving_face_and_leaves_out_what_is_about_a_photo(room):
    board = room.page.locator(".board")
    assert "smiling" in board.locator(".sentence").inner_text()
    assert board.locator(".sentence").get_attribute("aria-live") == "off"
    assert not board.get_by_text("Take it home:").is_visible()
    assert not board.locator(".judgements ol").is_visible()
    # A row that is clicked is looked for over the face, if anything is.
    where = room.page.get_by_label("Where it looks for")
    where.select_option("Smiling")
    board.get_by_role("button", name=re.compile("^Show all")).click()
    board.get_by_role("button", name=re.compile("^Bangs")).first.click()
    assert where.input_value() == "Bangs"
    where.select_option("Smiling")


def test_the_map_lies_over_the_mouth(room):
    room.page.get_by_label("Where it looks for").select_option("Smiling")
    room.let_pass(answered=5)
    room.let_pass(paints=3)
    upper, lower = room.page.evaluate(
        """() => {
            const canvas = document.querySelector(".camera canvas");
            const [face] = document.querySelector(".camera").facelens.faces();
            const context = canvas.getContext("2d");
            const cover = (from, to) => {
                const part = context.getImageData(
                    face.x + 6, face.y + from * face.h, face.w - 12, (to - from) * face.h).data;
                const alphas = part.filter((_, i) => i % 4 === 3);
                return alphas.reduce((a, b) => a + b) / alphas.length;
            };
            return [cover(0.1, 0.3), cover(0.6, 0.9)];
        }"""
    )
    assert lower > 40
    assert lower > 1.5 * upper
    room.page.get_by_label("Where it looks for").select_option("")


def test_a_snapshot_opens_the_whole_dashboard_and_back_goes_on(room):
    page = room.page
    room.press("Take a snapshot")
    room.status("Found one face.")
    page.locator(".heatmap canvas").first.wait_for()
    assert page.locator(".picture img").is_visible()
    assert page.get_by_text("Take it home:").is_visible()
    assert room.out.count("photo") == 1
    before = room.out.count("frame")
    animate(page, 15)
    assert room.out.count("frame") == before
    room.press("Back to the camera")
    room.status("One face in sight.")
    page.locator(".heatmap").wait_for(state="hidden")
    assert room.out.count("frame") > before
    until(page, "document.querySelector('.board .sentence').textContent.includes('smiling')")


def test_another_network_takes_over_while_it_moves(room):
    select = room.page.locator(".network select")
    before = select.input_value()
    names = select.evaluate("node => [...node.options].map((each) => each.value)")
    other = next(name for name in names if name not in {before, "another from the Hub"})
    select.select_option(other)
    until(
        room.page,
        "name => document.querySelector('.network select').value === name"
        " && !document.querySelector('.network select').disabled",
        arg=other,
    )
    until(room.page, "document.querySelector('.camera').facelens.faces().length === 1")
    select.select_option(before)
    until(room.page, "!document.querySelector('.network select').disabled")
    room.status("One face in sight.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(room, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    room.page.emulate_media(color_scheme=scheme)
    room.page.locator(".camera .choice").evaluate("node => { node.open = true; }")
    found = axe.Axe().run(room.page, options={"resultTypes": ["violations"]})
    serious = [
        (fault["id"], [node["html"][:80] for node in fault["nodes"][:3]])
        for fault in found.response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
    room.page.locator(".camera .choice").evaluate("node => { node.open = false; }")
    assert serious == []


def test_many_frames_leak_nothing(room, address):
    """Ten minutes are watched by benchmarks/live.py."""
    kernel = kernel_of(address)
    room.let_pass(answered=60)
    before = held(room.page), resident(kernel)
    room.let_pass(answered=LEAKING // 2)
    between = held(room.page)
    room.let_pass(answered=LEAKING // 2)
    after = held(room.page), resident(kernel)
    # These frames are 9 MB as JPEG and 300 MB as pixels.
    assert after[0][0] - before[0][0] < 2e6, "the page's heap has grown"
    # What other tests have left may be drawn once more; a leak grows in both halves.
    grown = between[1] - before[0][1], after[0][1] - between[1]
    assert min(grown) < 50, "the page has more and more nodes"
    assert after[1] - before[1] < 8e6, "the kernel has grown"


def held(page):
    """Bytes of the page's heap, and its nodes, after the rubbish is taken out."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    found = session.send("Performance.getMetrics")["metrics"]
    session.detach()
    numbers = {each["name"]: each["value"] for each in found}
    return numbers["JSHeapUsedSize"], numbers["Nodes"]


def kernel_of(address):
    import psutil

    port = int(address.rstrip("/").rpartition(":")[2])
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "facelens.serve.server" in words and f"--port={port}" in words:
            kernels = process.children(recursive=True)
            return max(kernels, key=lambda each: each.memory_info().rss)
    return pytest.fail("there is no kernel")


def resident(process):
    return process.memory_info().rss


def test_a_kernel_that_dies_switches_the_camera_off(room, address):
    kernel_of(address).kill()
    room.page.get_by_text("has gone to sleep").wait_for()
    until(room.page, "live() === 0")
