"""The way in, in Chromium: alone on an empty page with a kernel of paper, then on the dashboard."""

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.crowd import crowd, head_of
from paper import NOTE_STREAMS, NOWHERE, PAPER_KERNEL, animate, content_of, with_camera
from PIL import Image
from visit import until

from facelens import find_faces, load_model, read_photo
from facelens.ui.intake import Intake

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
pytestmark = pytest.mark.browser
WIDTH, HEIGHT = 640, 400


@pytest.fixture(scope="module")
def frame(astronaut):
    """What the camera sees: a face between a red strip on the left and a blue one on the right."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), "grey")
    picture.paste("red", (0, 0, 100, HEIGHT))
    picture.paste("blue", (WIDTH - 100, 0, WIDTH, HEIGHT))
    picture.paste(Image.open(astronaut).convert("RGB").resize((HEIGHT, HEIGHT)), (120, 0))
    return picture


@pytest.fixture(scope="module")
def seeing(browser, frame, tmp_path_factory):
    """A Chromium with a camera."""
    film = tmp_path_factory.mktemp("film") / "face.mjpeg"
    file = io.BytesIO()
    frame.save(file, "JPEG")
    film.write_bytes(10 * file.getvalue())
    opened = with_camera(browser, film)
    yield opened
    opened.close()


class Desk:
    """An intake in a tab, and what a visitor does with it."""

    def __init__(self, page):
        self.page = page
        self.problems, self.frames, self.heard = [], [], []
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.add_init_script(NOTE_STREAMS)

    def note(self, frame):
        self.frames.append(frame)

    def hear(self, frame):
        self.heard.append(frame)

    def press(self, name):
        self.page.get_by_role("button", name=re.compile(f"^({name})$")).click()

    def choose(self, files):
        with self.page.expect_file_chooser() as chooser:
            self.press("Choose a photo|Another photo")
        chooser.value.set_files(files)

    def status(self, state):
        line = self.page.locator(f'.intake .status[data-state="{state}"]')
        line.wait_for(state="attached")
        return line.inner_text()

    def open_camera(self):
        self.press("Use the camera|Camera")
        until(self.page, "document.activeElement.textContent === 'Take the photo'")

    def clear(self):
        """Go back to the page without a photo."""
        if self.page.get_by_role("button", name="Clear").is_visible():
            self.press("Clear")
        self.page.locator(".board .empty").wait_for()

    def live(self):
        return self.page.evaluate("live()")


class Alone(Desk):
    """An intake whose kernel says what the test says."""

    def __init__(self, page, before=""):
        super().__init__(page)
        page.route("**", lambda route: route.fulfill(body="<body>", content_type="text/html"))
        page.add_init_script(before)
        page.goto(NOWHERE)
        page.evaluate(PAPER_KERNEL, [Intake._esm, Intake._css])

    @property
    def sent(self):
        return self.page.evaluate("sent")

    def wait_for(self, count):
        until(self.page, f"sent.length === {count}")
        return self.sent

    def answer(self, state, wish, text=""):
        self.page.evaluate(
            "hear", {"kind": "status", "state": state, "text": text, "turn": wish["turn"]}
        )

    def hushed(self):
        return self.page.evaluate("document.body.classList.contains('facelens-hushed')")


@pytest.fixture
def alone(seeing):
    desks = []

    def open_page(before="", **options):
        desks.append(Alone(seeing.new_page(**options), before))
        return desks[-1]

    yield open_page
    for desk in desks:
        desk.page.close()
        assert desk.problems == [], "the page's own script failed"


@pytest.fixture(scope="module")
def desk(seeing, dashboard):
    """The dashboard, one tab for all that follows."""
    desk = Desk(seeing.new_page(viewport={"width": 1280, "height": 800}))
    desk.page.on("websocket", lambda socket: socket.on("framesent", desk.note))
    desk.page.on("websocket", lambda socket: socket.on("framereceived", desk.hear))
    desk.page.goto(dashboard)
    desk.page.get_by_role("button", name="Choose a photo").wait_for()
    yield desk
    desk.page.goto("about:blank")
    desk.page.close()
    assert desk.problems == [], "the page's own script failed"


def picture(array, form="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, form, **options)
    return file.getvalue()


def grey(height, width):
    """A file as the file chooser wants it."""
    data = picture(np.full((height, width, 3), 128, np.uint8))
    return {"name": "grey.png", "mimeType": "image/png", "buffer": data}


def test_the_preview_is_a_mirror_in_the_camera_s_shape_and_the_photo_is_not(alone, frame):
    desk = alone(viewport={"width": 390, "height": 844})
    desk.open_camera()
    video = desk.page.locator(".intake video")
    box = video.bounding_box()
    assert box["width"] / box["height"] == pytest.approx(WIDTH / HEIGHT, rel=0.01)
    assert video.evaluate("node => getComputedStyle(node).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not desk.page.get_by_role("button", name="Turn around").is_visible(), "there is one"
    assert desk.sent == []

    desk.page.keyboard.press("Enter")
    [photo] = desk.wait_for(1)
    assert photo["kind"] == "photo"
    taken = Image.open(io.BytesIO(content_of(photo)))
    assert taken.format == "JPEG"
    assert taken.size == frame.size
    for x in (50, WIDTH - 50):
        seen, drawn = np.array(taken.getpixel((x, 200)), int), np.array(frame.getpixel((x, 200)))
        assert np.abs(seen - drawn).max() < 60, "left and right are exchanged"
    assert desk.live() == 0
    assert not video.is_visible()


def test_the_camera_is_let_go_however_one_leaves_it(alone):
    desk = alone()
    page = desk.page

    def drop(kind):
        page.evaluate(
            """kind => {
                const files = new DataTransfer();
                files.items.add(new File(["no photo"], "note.jpg", { type: "image/jpeg" }));
                const carrier = kind === "drop" ? "dataTransfer" : "clipboardData";
                const Event = kind === "drop" ? DragEvent : ClipboardEvent;
                document.querySelector(".well").dispatchEvent(new Event(
                    kind, { [carrier]: files, bubbles: true, cancelable: true }));
            }""",
            kind,
        )

    ways = {
        "close": lambda: desk.press("Close the camera"),
        "escape": lambda: page.keyboard.press("Escape"),
        "drop": lambda: drop("drop"),
        "paste": lambda: drop("paste"),
        "hidden": lambda: page.evaluate(
            """() => {
                Object.defineProperty(document, "hidden", { value: true, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
                delete document.hidden;
            }"""
        ),
        "leaving": lambda: page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))"),
        "unplugged": lambda: page.evaluate(
            """() => {
                const [track] = streams.at(-1).getTracks();
                track.stop();
                track.dispatchEvent(new Event("ended"));
            }"""
        ),
        "removed": lambda: page.evaluate("end()"),
    }
    for way, leave in ways.items():
        desk.open_camera()
        assert desk.live() == 1
        leave()
        assert desk.live() == 0, way
        assert not page.locator(".intake video").is_visible(), way
        if way == "close":
            assert page.evaluate("document.activeElement.textContent") == "Use the camera"
        if way == "unplugged":
            assert "stopped" in desk.status("error")


def test_a_camera_that_comes_too_late_is_let_go(alone):
    desk = alone("window.slowly = new Promise((go) => { window.go = go; });")
    desk.press("Use the camera")
    assert "may ask" in desk.status("busy")
    desk.press("Cancel")
    assert desk.status("empty") == ""
    desk.page.evaluate("go()")
    until(desk.page, "streams.length === 1")
    until(desk.page, "live() === 0")
    assert not desk.page.locator(".intake video").is_visible()
    assert desk.sent == []


def test_a_phone_turns_its_camera_around_and_the_rear_one_is_no_mirror(alone):
    # Chromium's own second camera says nothing of the side it is on.
    desk = alone(
        """{
            const sides = { user: "user", environment: "environment" };
            MediaStreamTrack.prototype.getSettings = () => (
                { facingMode: sides[window.wishes.at(-1).facingMode] });
            navigator.mediaDevices.enumerateDevices = async () => (
                [{ kind: "videoinput" }, { kind: "videoinput" }, { kind: "audioinput" }]);
        }"""
    )
    desk.open_camera()
    video = desk.page.locator(".intake video")
    for side, transform in (("environment", "none"), ("user", "matrix(-1, 0, 0, 1, 0, 0)")):
        desk.press("Turn around")
        until(desk.page, "side => wishes.at(-1).facingMode === side && live() === 1", arg=side)
        desk.page.get_by_role("button", name="Take the photo", disabled=False).wait_for()
        assert video.evaluate("node => getComputedStyle(node).transform") == transform


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("NotAllowedError", "not allowed"),
        ("NotFoundError", "No camera was found"),
        ("NotReadableError", "another program"),
        ("OverconstrainedError", "no longer there"),
        ("AbortError", "could not be opened"),
    ],
)
def test_a_camera_that_cannot_be_had_is_a_line_and_a_photo_still_works(alone, name, word):
    desk = alone(
        f"""navigator.mediaDevices.getUserMedia =
            async () => {{ throw new DOMException("secret", "{name}"); }};"""
    )
    desk.press("Use the camera")
    line = desk.status("error")
    assert word in line
    assert line.endswith(".")
    assert "secret" not in line
    desk.choose(grey(40, 40))
    assert desk.wait_for(1)[0]["kind"] == "photo"


def test_where_the_browser_has_no_camera_to_give_there_is_no_dead_button(alone):
    desk = alone("Object.defineProperty(navigator, 'mediaDevices', { value: undefined });")
    assert desk.page.get_by_role("button", name="Choose a photo").is_visible()
    assert not desk.page.get_by_role("button", name="Use the camera").is_visible()


def test_what_is_cancelled_before_it_is_sent_is_never_sent(alone):
    desk = alone(
        """{
            const decode = window.createImageBitmap;
            window.decoded = 0;
            window.createImageBitmap = async (...all) => {
                await window.slowly;
                return decode(...all).finally(() => { decoded += 1; });
            };
        }"""
    )
    hold = "window.slowly = new Promise((go) => { window.go = go; }); 0"
    desk.page.evaluate(hold)
    desk.choose(grey(40, 40))
    assert desk.status("busy") == "Reading the photo…"
    assert desk.page.locator(".well").get_attribute("aria-busy") == "true"
    desk.press("Cancel")
    assert desk.status("empty") == ""
    assert desk.page.locator(".well").get_attribute("aria-busy") == "false"
    desk.page.evaluate("go()")
    until(desk.page, "decoded === 1")
    animate(desk.page)
    assert desk.sent == []

    # The next one works, and cancelling a third goes back to it.
    desk.choose(grey(40, 40))
    [photo] = desk.wait_for(1)
    desk.answer("done", photo, "Found one face.")
    desk.page.evaluate(hold)
    desk.choose(grey(40, 40))
    desk.status("busy")
    desk.press("Cancel")
    assert desk.status("done") == "Found one face."
    desk.page.evaluate("go()")
    until(desk.page, "decoded === 3")
    animate(desk.page)
    assert len(desk.sent) == 1


def test_what_the_kernel_says_of_an_older_photo_is_passed_over(alone):
    desk = alone()
    desk.choose(grey(40, 40))
    [first] = desk.wait_for(1)
    desk.answer("busy", first, "Looking for faces…")
    assert not desk.hushed()
    desk.press("Cancel")
    first, cancel = desk.wait_for(2)
    assert cancel["kind"] == "clear"
    assert desk.status("empty") == ""
    assert desk.hushed()
    for state in ("busy", "done"):
        desk.answer(state, first, "Found one face.")
        assert desk.status("empty") == ""
        assert desk.hushed()
    desk.answer("empty", cancel)
    assert not desk.hushed()

    # Two more without waiting: only the last one counts.
    desk.press("Try the example")
    desk.choose(grey(40, 40))
    *_, older, newer = desk.wait_for(4)
    desk.answer("done", older, "Found one face.")
    assert desk.status("busy") == "Sending the photo…"
    assert desk.hushed()
    desk.answer("busy", newer, "Looking for faces…")
    assert not desk.hushed()
    desk.answer("none", newer, "No face was found.")
    assert desk.status("none") == "No face was found."
    desk.press("Clear")
    assert not desk.hushed(), "nothing is on its way"


def test_a_photo_in_wide_colours_is_sent_in_those_of_srgb(alone):
    """The page agrees with the command line, which applies the profile itself."""
    from attacks.heavy import display_p3

    from facelens.photo import read_photo

    rng = np.random.default_rng(3)
    small = Image.fromarray(rng.integers(60, 200, (9, 12, 3), np.uint8))
    wide = np.asarray(small.resize((320, 240), Image.Resampling.BICUBIC))
    data = picture(wide, icc_profile=display_p3())
    desk = alone()
    desk.choose([{"name": "wide.png", "mimeType": "image/png", "buffer": data}])
    (photo,) = desk.wait_for(1)
    sent = np.asarray(Image.open(io.BytesIO(content_of(photo))).convert("RGB")).astype(int)
    assert np.abs(sent - read_photo(data).pixels).mean() < 3
    assert np.abs(sent - wide).mean() > 5


def test_a_file_that_the_browser_cannot_read_goes_as_it_is_if_small(alone, tmp_path):
    desk = alone()
    data = b"ftypheic" + bytes(100)
    desk.choose({"name": "IMG_1234.HEIC", "mimeType": "image/heic", "buffer": data})
    [photo] = desk.wait_for(1)
    assert photo["name"] == "IMG_1234.HEIC"
    assert content_of(photo) == data
    desk.answer("done", photo)
    large = tmp_path / "IMG_1235.HEIC"
    large.write_bytes(bytes(10 * 1024 * 1024))
    desk.choose(large)
    assert "too large" in desk.status("error")
    assert len(desk.sent) == 1


HELD_BACK = """
    const Real = WebSocket;
    const held = [];
    window.sockets = [];
    window.WebSocket = class extends Real {
        constructor(...all) {
            super(...all);
            sockets.push(this);
        }
        send(message) {
            if (window.awake) super.send(message);
            else held.push(() => super.send(message));
        }
    };
    window.wake = () => {
        window.awake = true;
        held.splice(0).forEach((send) => send());
    };
"""


@pytest.fixture
def early(seeing, dashboard):
    """The dashboard whose kernel hears nothing before `wake()`."""
    desk = Desk(seeing.new_page(viewport={"width": 390, "height": 844}))
    desk.requests = []
    desk.page.on("request", lambda request: desk.requests.append(request.url))
    desk.page.on("websocket", lambda socket: socket.on("framesent", desk.note))
    desk.page.add_init_script(HELD_BACK)
    desk.page.goto(dashboard)
    yield desk
    desk.page.goto("about:blank")
    desk.page.close()
    assert desk.problems == [], "the page's own script failed"


def photos_sent(desk):
    return sum(b'"kind":"photo"' in frame for frame in desk.frames)


def test_a_photo_chosen_before_the_kernel_is_there_is_answered_when_it_is(early, astronaut):
    page = early.page
    assert page.get_by_role("heading", name="Facelens").is_visible()
    assert "gone when you press Clear" in page.locator(".privacy").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    early.choose(astronaut)
    page.get_by_text("as soon as the computer behind this page is awake").wait_for()
    assert early.frames == []
    page.evaluate("wake()")
    assert early.status("done") == "Found one face."
    assert page.locator(".board .row:visible").count() == 32
    assert photos_sent(early) == 1
    assert page.locator(".intake .well").count() == 1
    assert not [url for url in early.requests if "voila.js" in url], "JupyterLab was loaded"


def test_a_chooser_opened_before_the_kernel_is_there_may_be_closed_after_it(early, astronaut):
    with early.page.expect_file_chooser() as chooser:
        early.press("Choose a photo")
    early.page.evaluate("wake()")
    early.page.locator(".board .empty").wait_for()
    assert early.page.evaluate("document.activeElement.textContent") == "Choose a photo"
    chooser.value.set_files(astronaut)
    assert early.status("done") == "Found one face."


def test_of_what_is_wished_before_the_kernel_is_there_the_last_counts(early, astronaut):
    early.choose(grey(40, 40))
    early.status("busy")
    early.press("Cancel")
    assert early.status("empty") == ""
    early.page.evaluate("wake()")
    early.page.locator(".board .empty").wait_for()
    early.choose(astronaut)
    assert early.status("done") == "Found one face."
    assert photos_sent(early) == 1, "a cancelled photo was sent"


def test_a_camera_opened_before_the_kernel_is_there_runs_on(early):
    early.open_camera()
    early.page.evaluate("wake()")
    early.page.locator(".board .empty").wait_for()
    until(early.page, "!document.querySelector('.intake video').paused")
    assert early.live() == 1
    early.press("Take the photo")
    assert early.status("done") == "Found one face."
    assert early.live() == 0


def test_a_broken_connection_is_mended(early):
    page = early.page
    page.evaluate("wake()")
    page.locator(".board .empty").wait_for()
    page.evaluate("sockets.at(-1).close()")
    until(page, "sockets.length > 1")
    early.press("Try the example")
    assert early.status("done") == "Found one face."
    assert not page.locator(".gone").is_visible()


def test_what_is_cancelled_while_the_connection_is_down_is_never_sent(early):
    page = early.page
    page.evaluate("wake()")
    page.locator(".board .empty").wait_for()
    page.evaluate("""() => {
        const press = (text) => [...document.querySelectorAll(".intake button")]
            .find((button) => button.textContent === text).click();
        sockets.at(-1).close();
        press("Try the example");
        press("Cancel");
    }""")
    until(page, "sockets.length > 1")
    early.press("Try the example")
    assert early.status("done") == "Found one face."
    assert sum(b'"kind":"example"' in frame for frame in early.frames) == 1


def test_a_kernel_that_has_died_is_said_to_whoever_waits_for_it(early):
    early.press("Try the example")
    early.page.get_by_text("as soon as the computer behind this page is awake").wait_for()
    until(early.page, "sockets.length > 0")
    early.page.route("**/api/kernels/*", lambda route: route.fulfill(status=404))
    early.page.evaluate("sockets.at(-1).close()")
    assert "does not answer. Please reload" in early.status("error")
    early.problems.clear()  # the browser notes the 404


def test_a_photo_from_the_camera_is_answered(desk):
    desk.open_camera()
    desk.press("Take the photo")
    assert desk.status("done").startswith("Found")
    assert desk.live() == 0
    assert desk.page.locator(".picture img").is_visible()


def test_a_cancelled_photo_never_flashes_up_and_the_next_one_works(desk):
    desk.clear()
    desk.page.evaluate(
        """() => {
            window.flashes = 0;
            window.watching = true;
            window.hushes = 0;
            const page = document.querySelector(".facelens-page");
            new MutationObserver(() => {
                if (page.classList.contains("facelens-hushed")) hushes += 1;
            }).observe(page, { attributeFilter: ["class"] });
            const shown = (image) => image.src
                && image.checkVisibility({ visibilityProperty: true });
            const watch = () => {
                const images = [...document.querySelectorAll(".picture img, .heatmap img")];
                if (images.some(shown) || document.querySelector(".board .filled")
                        .checkVisibility({ visibilityProperty: true })) flashes += 1;
                if (watching) requestAnimationFrame(watch);
            };
            window.watch = watch;
        }"""
    )
    desk.page.evaluate("watch()")
    desk.press("Try the example")
    desk.press("Cancel")
    assert desk.status("empty") == ""
    until(desk.page, "hushes > 0")
    desk.page.locator(".facelens-page:not(.facelens-hushed)").wait_for()
    assert desk.page.evaluate("watching = false, flashes") == 0
    assert desk.page.locator(".board .empty").is_visible()

    desk.press("Try the example")
    assert desk.status("done") == "Found one face."
    assert desk.page.locator(".picture img").is_visible()


def same_answers(photo, other):
    """How far the probabilities of two photos are apart, face by face; their faces agree."""
    model = load_model(task="attributes")
    one, two = (find_faces(each, detector="haar") for each in (photo, other))
    assert len(one) == len(two)
    for face in one:
        far = [np.hypot(*np.subtract(face.box.centre, each.box.centre)) for each in two]
        same = two[int(np.argmin(far))]
        assert min(far) < face.box.w / 4
        assert face.hints == same.hints
        first, second = model.predict([face, same])
        yield np.abs(first.probabilities - second.probabilities).max()


@pytest.mark.data
@pytest.mark.parametrize("name", ["02-group-6000.jpg", "04-row-of-20.jpg"])
def test_small_faces_come_with_all_their_pixels_once_the_kernel_asks(alone, data_dir, name):
    desk, file = alone(), data_dir / "cases" / name
    desk.choose(file)
    [small] = desk.wait_for(1)
    assert small["shrunk"]
    assert max(Image.open(io.BytesIO(content_of(small))).size) == 1600
    desk.page.evaluate("hear", {"kind": "more", "turn": "another"})
    desk.page.evaluate("hear", {"kind": "more", "turn": small["turn"]})
    _, whole = desk.wait_for(2)
    assert "shrunk" not in whole
    assert whole["turn"] != small["turn"]
    assert Image.open(io.BytesIO(content_of(whole))).size == Image.open(file).size
    assert max(same_answers(read_photo(file), read_photo(content_of(whole)))) < 0.05


def test_a_photo_that_is_cleared_is_not_sent_again(alone):
    desk = alone()
    desk.choose(grey(100, 2000))
    [small] = desk.wait_for(1)
    desk.press("Cancel")
    desk.page.evaluate("hear", {"kind": "more", "turn": small["turn"]})
    animate(desk.page)
    assert [message["kind"] for message in desk.sent] == ["photo", "clear"]
    desk.choose(grey(100, 1600))
    assert "shrunk" not in desk.wait_for(3)[-1], "it was sent as it is"


def test_a_group_is_found_on_the_page_as_elsewhere(desk, astronaut, tmp_path):
    path = tmp_path / "group.jpg"
    path.write_bytes(picture(crowd(head_of(astronaut), 15, 60, 3000, 2000).pixels, "JPEG"))
    desk.clear()
    desk.choose(path)
    desk.status("busy")
    assert desk.status("done").startswith("Found 15 faces")
    assert "pixels wide" not in desk.page.locator(".facelens-page").inner_text()


def shown(frames, kind):
    """The last message of a `kind` that the kernel has sent to a view."""
    for frame in reversed(frames):
        data = frame.encode() if isinstance(frame, str) else frame
        start = re.search(rb'\{"kind": ?"%s"' % kind.encode(), data)
        if start:
            text = data[start.start() :].decode(errors="replace")
            return json.JSONDecoder().raw_decode(text)[0]
    return None


@pytest.mark.data
def test_the_page_says_of_a_group_what_the_command_line_says(desk, data_dir, run):
    file = data_dir / "cases" / "02-group-6000.jpg"
    code, out, _ = run("predict", file, "--json", "--detector", "haar")
    assert code == 0
    said = json.loads(out)
    desk.heard.clear()
    desk.clear()
    desk.choose(file)
    desk.status("busy")
    assert desk.status("done").startswith(f"Found {len(said['faces'])} faces")
    photo = shown(desk.heard, "photo")
    assert (photo["width"], photo["height"]) == (said["width"], said["height"])
    left = list(said["faces"])
    for number, (x, y, w, h) in enumerate(photo["boxes"], 1):
        if number > 1:
            desk.heard.clear()
            desk.page.get_by_role("button", name=f"Face {number}", exact=True).click()
            desk.page.get_by_text(f"you see face {number}.").wait_for()
        answer = shown(desk.heard, "face")
        centre = (x + w / 2) * photo["width"], (y + h / 2) * photo["height"]
        face = min(left, key=lambda each: np.hypot(*np.subtract(middle(each["box"]), centre)))
        left.remove(face)
        assert np.hypot(*np.subtract(middle(face["box"]), centre)) < face["box"]["w"] / 8
        expected = [each["probability"] for each in face["attributes"]]
        assert np.abs(np.subtract(answer["probabilities"], expected)).max() < 0.03
        assert photo["hints"][number - 1] == answer["hints"] == face["hints"]
    assert left == []


def middle(box):
    return box["x"] + box["w"] / 2, box["y"] + box["h"] / 2


def test_a_phone_photo_of_forty_megabytes_passes_the_websocket(desk, astronaut, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (3200, 4300, 3), dtype=np.uint8)
    face = Image.open(astronaut).convert("RGB").resize((2800, 2800))
    noise[200:3000, 700:3500] = np.asarray(face)
    path = tmp_path / "large.png"
    path.write_bytes(picture(noise, compress_level=0))
    assert path.stat().st_size > 40e6
    desk.frames.clear()
    desk.choose(path)
    desk.status("busy")
    assert desk.status("done").startswith("Found")
    assert max(map(len, desk.frames)) < 10 * 1024 * 1024
    size = desk.page.locator(".picture img").evaluate(
        "async image => (await image.decode(), [image.naturalWidth, image.naturalHeight])"
    )
    assert max(size) <= 1600
    assert size[0] / size[1] == pytest.approx(4300 / 3200, rel=0.01)


def test_a_photo_can_be_pasted(desk, astronaut):
    desk.clear()
    desk.page.evaluate(
        """bytes => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(bytes)], "me.jpg", { type: "image/jpeg" }));
            document.body.dispatchEvent(new ClipboardEvent(
                "paste", { clipboardData: files, bubbles: true, cancelable: true }));
        }""",
        list(astronaut.read_bytes()),
    )
    assert desk.status("done") == "Found one face."
