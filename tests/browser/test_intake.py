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
    large = tmp_path / "IMG_1235.TIF"
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
    assert page.locator(".board .row:visible").count() >= 8
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


def shown(frames, kind, part):
    """The last message of a `kind` with such a `part` that the kernel has sent to a view."""
    for frame in reversed(frames):
        data = frame.encode() if isinstance(frame, str) else frame
        start = re.search(rb'\{"kind": ?"%s"' % kind.encode(), data)
        if start:
            text = data[start.start() :].decode(errors="replace")
            content = json.JSONDecoder().raw_decode(text)[0]
            if part in content:
                return content
    return pytest.fail(f"the kernel has sent no {kind} with {part}")


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
    photo = shown(desk.heard, "photo", "boxes")
    assert (photo["width"], photo["height"]) == (said["width"], said["height"])
    left = list(said["faces"])
    for number, (x, y, w, h) in enumerate(photo["boxes"], 1):
        if number > 1:
            desk.heard.clear()
            desk.page.get_by_role("button", name=f"Face {number}", exact=True).click()
            desk.page.get_by_text(f"you see face {number}.").wait_for()
        answer = shown(desk.heard, "face", "probabilities")
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


def portrait(astronaut, size=(300, 300)):
    return picture(np.asarray(Image.open(astronaut).convert("RGB").resize(size)), "JPEG")


def file_of(data, name="photo.jpg", kind="image/jpeg"):
    return {"name": name, "mimeType": kind, "buffer": data}


def test_a_photo_that_fails_leaves_the_answer_before_it_where_it_was(desk, astronaut):
    page = desk.page
    desk.clear()
    desk.press("Try the example")
    assert desk.status("done") == "Found one face."
    photo = page.locator(".picture img")
    before = photo.get_attribute("src")
    sentence = page.locator(".board .sentence").inner_text()
    for name, data in (
        ("words.jpg", b"just words"),
        ("cut.jpg", astronaut.read_bytes()[:2000]),
        ("IMG_1234.HEIC", bytes(10 * 1024 * 1024)),
    ):
        desk.choose(file_of(data, name))
        assert name in desk.status("error")
        assert photo.get_attribute("src") == before
        assert page.locator(".board .sentence").inner_text() == sentence
        assert page.locator(".heatmap canvas").first.is_visible()
        assert page.locator(".board .row:visible").count() > 1
    # What is there can still be used, and the next photo takes its place.
    desk.choose(file_of(portrait(astronaut)))
    desk.status("done")
    assert photo.get_attribute("src") != before


def test_a_photo_that_is_cancelled_on_its_way_gives_way_to_the_one_before(alone):
    desk = alone()
    desk.choose(grey(40, 40))
    [first] = desk.wait_for(1)
    desk.answer("done", first, "Found one face.")
    desk.choose(grey(50, 50))
    _, second = desk.wait_for(2)
    desk.press("Cancel")
    *_, again = desk.wait_for(3)
    assert again["kind"] == "photo"
    assert content_of(again) == content_of(first)
    assert desk.hushed(), "the answer to the second is passed over"
    desk.answer("done", second, "Found nine faces.")
    desk.answer("done", again, "Found one face.")
    assert desk.status("done") == "Found one face."
    assert not desk.hushed()


def test_an_error_leaves_the_photo_that_undo_and_cancel_go_back_to(alone):
    desk = alone()
    desk.choose(grey(40, 40))
    [first] = desk.wait_for(1)
    desk.answer("done", first, "Found one face.")
    desk.choose(grey(50, 50))
    _, second = desk.wait_for(2)
    desk.answer("error", second, "grey.png is damaged.")
    desk.press("Clear")
    desk.press("Undo")
    again = desk.wait_for(4)[-1]
    assert content_of(again) == content_of(first)


def test_what_is_cleared_can_be_had_back_for_ten_seconds(alone):
    desk = alone()
    desk.page.clock.install()
    desk.choose(grey(40, 40))
    [photo] = desk.wait_for(1)
    desk.answer("done", photo, "Found one face.")
    undo = desk.page.get_by_role("button", name="Undo")
    assert not undo.is_visible()
    desk.press("Clear")
    clear = desk.wait_for(2)[-1]
    assert clear["kind"] == "clear", "the kernel forgets at once"
    desk.answer("empty", clear)
    assert "10 seconds" in desk.page.locator(".intake .undo").inner_text()
    desk.page.clock.fast_forward(9_000)
    undo.click()
    again = desk.wait_for(3)[-1]
    assert (again["kind"], again["name"], again["bytes"]) == (
        "photo",
        photo["name"],
        photo["bytes"],
    )
    assert not undo.is_visible()
    desk.answer("done", again, "Found one face.")
    desk.press("Clear")
    desk.wait_for(4)
    desk.page.clock.fast_forward(11_000)
    assert not undo.is_visible()
    animate(desk.page)
    assert len(desk.sent) == 4


def test_undo_and_cancel_bring_a_rotated_photo_and_a_drawn_box_back(alone):
    desk = alone()
    desk.choose(grey(40, 40))
    [photo] = desk.wait_for(1)
    desk.answer("none", photo, "No face was found in this photo.")
    desk.press("Rotate by 90°")
    rotation = desk.wait_for(2)[-1]
    desk.answer("none", rotation, "No face was found in the rotated photo.")
    desk.press("Search finer")
    finer = desk.wait_for(3)[-1]
    desk.answer("none", finer, "A finer search shows no face either.")
    box = [0.25, 0.25, 0.5, 0.5]
    desk.page.evaluate(
        """box => document.body.dispatchEvent(new CustomEvent(
            "facelens-missed", { bubbles: true, detail: { box } }))""",
        box,
    )
    drawn = desk.wait_for(4)[-1]
    assert (drawn["how"], drawn["box"]) == ("box", box)
    desk.answer("done", drawn, "Found one face.")

    def again(count):
        """The photo, then what had shown more of it, one wish at a time."""
        back = desk.wait_for(count)[-1]
        assert (back["kind"], back["bytes"]) == ("photo", photo["bytes"])
        desk.answer("none", back, "No face was found in this photo.")
        turned = desk.wait_for(count + 1)[-1]
        assert (turned["kind"], turned["how"]) == ("search", "rotate")
        desk.answer("none", turned, "No face was found in the rotated photo.")
        boxed = desk.wait_for(count + 2)[-1]
        assert (boxed["how"], boxed["box"]) == ("box", box)
        desk.answer("done", boxed, "Found one face.")
        animate(desk.page)
        assert len(desk.sent) == count + 2
        assert desk.status("done") == "Found one face."

    desk.press("Clear")
    desk.answer("empty", desk.wait_for(5)[-1])
    desk.press("Undo")
    again(6)
    desk.choose(grey(50, 50))
    desk.wait_for(9)
    desk.press("Cancel")
    again(10)
    # Another photo has nothing of it.
    desk.choose(grey(50, 50))
    desk.answer("done", desk.wait_for(13)[-1], "Found one face.")
    animate(desk.page)
    assert len(desk.sent) == 13


def test_several_photos_take_the_place_of_what_could_be_had_back(alone):
    desk = alone()
    desk.choose(grey(40, 40))
    [photo] = desk.wait_for(1)
    desk.answer("done", photo, "Found one face.")
    desk.press("Clear")
    desk.answer("empty", desk.wait_for(2)[-1])
    assert desk.page.get_by_role("button", name="Undo").is_visible()
    desk.choose([grey(40, 40), grey(50, 50)])
    desk.page.locator(".strip button").first.wait_for()
    assert not desk.page.get_by_role("button", name="Undo").is_visible()


def test_undo_is_gone_with_the_next_photo_and_where_nothing_was_there(alone):
    desk = alone()
    desk.choose(grey(40, 40))
    desk.press("Cancel")
    assert not desk.page.get_by_role("button", name="Undo").is_visible()
    desk.choose(grey(40, 40))
    photo = desk.wait_for(3)[-1]
    desk.answer("done", photo, "Found one face.")
    desk.press("Clear")
    assert desk.page.get_by_role("button", name="Undo").is_visible()
    desk.choose(grey(50, 50))
    assert not desk.page.get_by_role("button", name="Undo").is_visible()


def test_several_photos_are_a_strip_of_which_the_touched_one_is_sent(alone):
    desk = alone(viewport={"width": 390, "height": 844})
    files = [{**grey(40 + i, 60), "name": f"{i}.png"} for i in range(12)]
    files.append(file_of(b"no picture", "IMG_9.HEIC", "image/heic"))
    desk.choose(files)
    page = desk.page
    buttons = page.locator(".strip button")
    assert buttons.count() == 13
    page.get_by_role("button", name="Photo 13: IMG_9.HEIC").get_by_text("HEIC").wait_for()
    assert desk.sent == [], "nothing is sent before one is touched"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    drawn = """() => [...document.querySelectorAll(".strip canvas")].every(
        (canvas) => canvas.getContext("2d").getImageData(72, 72, 1, 1).data[3])"""
    until(page, drawn)
    page.get_by_role("button", name="Photo 3: 2.png").click()
    [photo] = desk.wait_for(1)
    assert photo["name"] == "2.png"
    assert Image.open(io.BytesIO(content_of(photo))).size == (60, 42)
    assert page.locator('.strip [aria-pressed="true"]').count() == 1
    desk.answer("done", photo, "Found one face.")
    assert buttons.count() == 13
    desk.press("Clear")
    assert buttons.count() == 0
    assert not page.locator(".strip").is_visible()
    desk.press("Undo")
    assert buttons.count() == 13


def test_a_strip_can_be_cleared_before_one_is_sent(alone):
    desk = alone()
    desk.page.evaluate(
        """() => {
            const files = new DataTransfer();
            for (const name of ["a.png", "b.png"])
                files.items.add(new File(["no photo"], name, { type: "image/png" }));
            document.querySelector(".well").dispatchEvent(new DragEvent(
                "drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }"""
    )
    assert desk.page.locator(".strip button").count() == 2
    desk.press("Clear")
    assert desk.page.locator(".strip button").count() == 0


def test_the_examples_are_four_pictures_that_say_nothing_of_anybody(alone):
    desk = alone()
    row = desk.page.get_by_role("group", name="Examples").get_by_role("button")
    assert row.count() == 4
    names = [row.nth(i).get_by_role("img").get_attribute("alt") for i in range(4)]
    assert names == [f"Example {i}" for i in (1, 2, 3, 4)]
    until(
        desk.page,
        "[...document.querySelectorAll('.examples img')].every((image) => image.naturalWidth > 90)",
    )
    desk.press("Example 3")
    [third] = desk.wait_for(1)
    assert (third["kind"], third["number"]) == ("example", 3)
    desk.answer("done", third, "Found one face.")
    desk.press("Example")
    assert desk.wait_for(2)[-1]["number"] == 4, "the button goes on"


@pytest.mark.parametrize(("touch", "first"), [(True, "Use the camera"), (False, "Choose a photo")])
def test_the_camera_leads_where_there_is_a_hand(alone, touch, first):
    desk = alone(has_touch=touch, is_mobile=touch, viewport={"width": 390, "height": 844})
    buttons = desk.page.locator(".intake .well > .buttons button:visible")
    assert buttons.first.inner_text() == first
    assert desk.page.locator(".intake button.main:visible").all_inner_texts() == [first]
    if touch:
        heights = [button.bounding_box()["height"] for button in buttons.all()]
        assert min(heights) >= 44


def test_a_photo_that_waits_for_the_kernel_is_shown_and_what_will_come_is_said(early, astronaut):
    page = early.page
    shown = page.locator(".intake .preview img")
    assert not shown.is_visible()
    early.choose(astronaut)
    page.get_by_text("as soon as the computer behind this page is awake").wait_for()
    until(page, "document.querySelector('.preview img').naturalWidth > 100")
    assert shown.is_visible()
    assert "still on your device" in page.locator(".preview").inner_text()
    assert page.get_by_text("What happens to a photo here").is_visible()
    assert not page.locator(".showcase").is_visible(), "it would be taken for the photo's answer"
    page.evaluate("wake()")
    assert early.status("done") == "Found one face."
    assert not shown.is_visible()
    assert page.locator(".picture img").is_visible()


def test_a_finished_answer_stands_there_until_there_is_a_photo(early, astronaut):
    page = early.page
    example = page.locator(".showcase")
    assert "example" in example.inner_text()
    assert example.locator("li").count() == 3
    until(
        page, "[...document.querySelectorAll('.showcase img')].every((i) => i.naturalWidth === 178)"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("wake()")
    page.locator("#rendered_cells .showcase").wait_for()
    assert page.locator(".showcase").count() == 1
    early.choose(astronaut)
    early.status("done")
    assert not example.is_visible()
    early.press("Clear")
    example.wait_for()


def test_a_heic_photo_that_nobody_can_read_comes_with_what_a_visitor_can_do(alone, tmp_path):
    desk = alone()
    large = tmp_path / "IMG_1235.HEIC"
    large.write_bytes(bytes(10 * 1024 * 1024))
    desk.choose(large)
    line = desk.status("error")
    for word in ("IMG_1235.HEIC", "camera", "screenshot", "Most Compatible"):
        assert word in line
    assert "pip" not in line


@pytest.fixture(scope="module")
def half(astronaut):
    """A photo of which the cascades see no face: what is above the nose is grey."""
    pixels = np.array(Image.open(astronaut).convert("RGB"))
    pixels[:110] = 128
    return file_of(picture(pixels), "half.png", "image/png")


def corners(page, box):
    """Two opposite corners of a box in shares of the photo, in pixels of the page."""
    frame = page.locator(".picture .frame")
    frame.scroll_into_view_if_needed()
    at = frame.bounding_box()
    x, y, w, h = box
    return [
        (at["x"] + at["width"] * across, at["y"] + at["height"] * down)
        for across, down in ((x, y), (x + w, y + h))
    ]


FACE = (0.355, 0.115, 0.17, 0.23)


def test_a_photo_without_a_face_can_be_rotated_searched_and_boxed(desk, half, astronaut):
    page = desk.page
    desk.clear()
    offers = page.get_by_role("group", name="What you can try").get_by_role("button")
    assert offers.count() == 0
    desk.choose(half)
    assert desk.status("none").startswith("No face was found in this photo. ")
    assert offers.all_inner_texts() == ["Rotate by 90°", "Search finer", "Draw the box"]
    for shape in (1.0, 1.0):
        src = page.locator(".picture img").get_attribute("src")
        desk.press("Rotate by 90°")
        until(page, "src => document.querySelector('.picture img').src !== src", arg=src)
        desk.status("none")
        at = page.locator(".picture .frame").bounding_box()
        assert at["width"] / at["height"] == pytest.approx(shape, abs=0.02)
    desk.press("Search finer")
    until(page, "document.querySelector('.intake .status').textContent.includes('finer search')")
    assert offers.count() == 3, "there is still a way on"
    desk.press("Rotate by 90°")
    desk.press("Rotate by 90°")
    desk.status("none")

    desk.press("Draw the box")
    assert page.locator(".picture .drawing").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".picture .drawing").is_visible()
    desk.press("Draw the box")
    start, end = corners(page, FACE)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()
    assert desk.status("done") == "Found one face."
    assert page.locator(".picture .box").count() == 1
    assert "drawn by hand" in page.locator(".picture .hints").inner_text()
    assert page.locator(".board .row:visible").count() > 1
    assert offers.count() == 0

    # A face that was missed beside others is drawn the same way, with the keyboard too.
    page.get_by_role("button", name="A face is missing?").click()
    for key in [*5 * ["ArrowLeft"], "Enter", *8 * ["ArrowRight"], *12 * ["ArrowDown"], "Enter"]:
        page.keyboard.press(key)
    until(page, "document.querySelectorAll('.picture .box').length === 2")
    assert desk.status("done").startswith("Found 2 faces")
    desk.choose(astronaut)
    desk.status("busy")
    assert desk.status("done") == "Found one face."


def test_two_touches_draw_the_box_on_a_phone(seeing, dashboard, half):
    phone = Desk(
        seeing.new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    )
    page = phone.page
    page.goto(dashboard)
    phone.choose(half)
    phone.status("none")
    buttons = page.get_by_role("group", name="What you can try").get_by_role("button")
    assert min(button.bounding_box()["height"] for button in buttons.all()) >= 44
    small = page.locator(".picture .frame").bounding_box()
    buttons.get_by_text("Draw the box").tap()
    page.get_by_text("Touch two opposite corners").wait_for()
    assert page.locator(".picture .frame").bounding_box()["width"] > small["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    start, end = corners(page, FACE)
    page.touchscreen.tap(*start)
    page.get_by_text("Now the opposite corner").wait_for()
    page.touchscreen.tap(*end)
    assert phone.status("done") == "Found one face."
    assert "drawn by hand" in page.locator(".picture .hints").inner_text()
    page.goto("about:blank")
    page.close()
    assert phone.problems == []


def test_a_dark_photo_is_said_to_be_dark_and_a_finer_search_answers_it(desk, astronaut):
    desk.clear()
    dark = (np.array(Image.open(astronaut).convert("RGB")) * 0.04).astype(np.uint8)
    desk.choose(file_of(picture(dark), "dark.png", "image/png"))
    assert "dark" in desk.status("none")
    desk.press("Search finer")
    assert desk.status("done") == "Found one face."
    assert desk.page.locator(".board .row:visible").count() > 1


def test_a_larger_copy_that_fails_leaves_the_answer_to_the_smaller(alone):
    desk = alone()
    desk.choose(grey(100, 2000))
    [small] = desk.wait_for(1)
    desk.page.evaluate("hear", {"kind": "more", "turn": small["turn"]})
    _, large = desk.wait_for(2)
    desk.answer("error", large, "grey.png takes too long.")
    again = desk.wait_for(3)[-1]
    assert content_of(again) == content_of(small)
    assert "shrunk" not in again, "the kernel would ask for the larger one for ever"
    desk.answer("error", again, "grey.png is damaged.")
    assert desk.status("error") == "grey.png is damaged."
    animate(desk.page)
    assert len(desk.sent) == 3
