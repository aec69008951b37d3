"""The dashboard in Chromium, used as a person would."""

import io
import re

import numpy as np
import psutil
import pytest
from PIL import Image

from facelens.attributes import NAMES
from facelens.model import Prediction, load_model
from facelens.thresholds import curves_for_page, meaning, sentence, verdicts
from facelens.ui._view import source
from facelens.ui.board import rows

pytestmark = pytest.mark.browser
PATIENCE = 60_000


class Visit:
    """A tab on the dashboard that notes what the page asks of whom."""

    def __init__(self, browser, address, **options):
        self.address = address
        self.page = browser.new_page(**{"viewport": {"width": 1280, "height": 800}, **options})
        self.page.set_default_timeout(PATIENCE)
        self.requests, self.said, self.problems = [], [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("websocket", lambda socket: socket.on("framesent", self.note))
        self.page.goto(address)
        self.page.get_by_role("button", name="Choose a photo").wait_for()

    def note(self, frame):
        self.said.append(frame)

    def upload(self, data, name="photo.jpg", kind="image/jpeg"):
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name=re.compile("Choose a photo|Another photo")).click()
        chooser.value.set_files({"name": name, "mimeType": kind, "buffer": data})

    def status(self, state):
        line = self.page.locator(f'.intake .status[data-state="{state}"]')
        line.wait_for()
        return line.inner_text()

    def row(self, label):
        """The row of the board with exactly this label."""
        label = self.page.locator(".label", has_text=re.compile(f"^{label}"))
        return self.page.locator(".board .row", has=label)

    def rows(self):
        return self.page.locator(".board .row:visible").count()


@pytest.fixture
def visit(browser, dashboard):
    visits = []

    def open_page(**options):
        visits.append(Visit(browser, dashboard, **options))
        return visits[-1]

    yield open_page
    for each in visits:
        each.page.goto("about:blank")  # unlike a closed tab this lets Voilà end its kernel
        each.page.close()
        assert each.problems == [], "the page's own script failed"


def encoded(image, form="JPEG", **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@pytest.fixture(scope="session")
def portrait(request, astronaut):
    """A portrait from the data, or the example where there are none."""
    try:
        folder = request.getfixturevalue("portraits")
    except pytest.skip.Exception:
        return astronaut.read_bytes()
    return (folder / "house_C001110.jpg").read_bytes()


def test_a_portrait_is_answered_and_a_slider_turns_its_verdict(visit, portrait):
    tab = visit()
    tab.upload(portrait)
    tab.status("done")
    assert tab.rows() == 32
    summary = tab.page.locator(".board summary")
    assert summary.inner_text() == "Judgements about people (8)"
    summary.click()
    assert tab.rows() == 40
    assert "opinions" in tab.page.locator(".board .judgements").inner_text()

    words = tab.page.locator(".board .sentence")
    assert words.inner_text().startswith(("Fairly sure:", "Doubtful:", "Sure of nothing"))

    # The surest yes: it becomes a no once its threshold lies above its probability.
    tab.page.get_by_label("Order of the rows").select_option("likely")
    row = tab.page.locator('.board .lists .row[data-verdict="yes"]').first
    label = row.locator(".label").evaluate("button => button.firstChild.data")
    assert row.locator(".chip").inner_text() == "yes"
    slider = tab.page.get_by_role("slider", name=f"Threshold for {label}", exact=True)
    before, sentence_before = len(tab.said), words.inner_text()
    slider.focus()
    slider.press("End")
    row = tab.page.locator(".board .row.active")
    assert row.locator(".chip").inner_text() != "yes"
    assert "Yes from 1.00." in row.locator(".meaning").inner_text()
    assert words.inner_text() != sentence_before
    slider.press("Home")
    assert len(tab.said) == before, "moving a slider sent something to the kernel"
    tab.page.get_by_role("button", name="Reset").click()
    assert tab.row(label).locator(".chip").inner_text() == "yes"


def test_the_page_asks_nobody_but_its_own_host(visit):
    tab = visit()
    tab.page.get_by_role("button", name="Try the example").click()
    tab.status("done")
    own = tab.address.rstrip("/")
    foreign = [
        url for url in tab.requests if not url.startswith((own, "blob:", "data:"))
    ]  # fmt: skip
    assert foreign == []


def test_what_is_no_photo_or_shows_no_face_gets_a_sentence_and_the_next_photo_works(
    visit, portrait
):
    tab = visit()
    tab.upload(b"This is a letter, not a photo.", "letter.jpg")
    assert "letter.jpg" in tab.status("error")
    assert tab.page.locator(".board .empty").is_visible()

    slope = np.tile(np.linspace(60, 200, 640, dtype=np.uint8)[None, :, None], (480, 1, 3))
    tab.upload(encoded(Image.fromarray(slope)), "sky.jpg")
    assert tab.status("none").startswith("No face was found")
    assert tab.rows() == 0

    tab.upload(portrait)
    tab.status("done")
    assert tab.rows() == 32

    tab.page.get_by_role("button", name="Clear").click()
    tab.page.locator(".board .empty").wait_for()
    assert not tab.page.locator(".picture img").is_visible()
    assert not tab.page.locator(".looks img").first.is_visible()


def test_a_photo_larger_than_the_websocket_takes_is_shrunk_on_its_way(visit, astronaut):
    noise = np.random.default_rng(0).integers(0, 256, (2400, 3200, 3), dtype=np.uint8)
    canvas = Image.fromarray(noise)
    canvas.paste(Image.open(astronaut).convert("RGB").resize((2000, 2000)), (500, 200))
    data = encoded(canvas, "PNG")
    assert len(data) > 10 * 1024 * 1024
    tab = visit()
    tab.upload(data, "large.png", "image/png")
    assert tab.status("done").startswith("Found")
    assert max(len(frame) for frame in tab.said) < 10 * 1024 * 1024


def test_a_photo_lying_on_its_side_is_shown_upright(visit, astronaut):
    exif = Image.Exif()
    exif[0x0112] = 6
    tall = Image.open(astronaut).convert("RGB").crop((60, 0, 400, 500))
    tab = visit()
    tab.upload(encoded(tall.transpose(Image.Transpose.ROTATE_90), exif=exif.tobytes()))
    tab.status("done")
    box = tab.page.locator(".picture .frame").bounding_box()
    assert box["height"] > box["width"]


def test_a_photo_can_be_dropped_and_another_face_picked(visit, astronaut):
    face = Image.open(astronaut).convert("RGB").crop((100, 0, 340, 240))
    canvas = Image.new("RGB", (640, 320), "grey")
    canvas.paste(face, (40, 40))
    canvas.paste(face.resize((180, 180)), (380, 80))
    tab = visit()
    tab.page.evaluate(
        """bytes => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(bytes)], "two.jpg", { type: "image/jpeg" }));
            document.body.dispatchEvent(
                new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }""",
        list(encoded(canvas)),
    )
    assert tab.status("done") == "Found 2 faces; the largest is chosen."
    second = tab.page.get_by_role("button", name="Face 2")
    second.focus()
    second.press("Enter")
    tab.page.locator(".looks figcaption", has_text="Face 2").wait_for()
    assert second.get_attribute("aria-pressed") == "true"


def test_the_map_and_the_feature_maps_follow_a_choice(visit):
    tab = visit()
    tab.page.get_by_role("button", name="Try the example").click()
    tab.status("done")
    picture = tab.page.locator(".looks img").nth(1)
    before = picture.get_attribute("src")
    tab.row("Eyeglasses").locator(".label").click()
    tab.page.locator('.looks img[alt*="Eyeglasses"]').wait_for()
    assert picture.get_attribute("src") != before
    assert "logit" in tab.page.locator(".looks .card > p").inner_text()

    tab.page.locator(".inside").scroll_into_view_if_needed()
    tile = tab.page.locator(".inside .grid button").first
    tile.wait_for()
    assert (
        tile.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 8
    )
    layers = tab.page.get_by_label("Layer to look at")
    caption = tab.page.locator(".inside .card > p").inner_text()
    layers.select_option(index=2)
    tab.page.wait_for_function(
        "before => document.querySelector('.inside .card > p').innerText !== before", arg=caption
    )
    tile.click()
    assert "Feature map" in tab.page.locator(".inside figcaption").inner_text()


def test_a_phone_shows_everything_in_one_column(visit):
    tab = visit(viewport={"width": 390, "height": 844})
    tab.page.get_by_role("button", name="Try the example").click()
    tab.status("done")
    assert tab.rows() == 32
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_says_when_its_kernel_has_gone(visit):
    tab = visit()
    tab.page.get_by_role("button", name="Try the example").click()
    tab.status("done")
    kernel = tab.page.evaluate(
        "JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"
    )
    [process] = [
        each for each in psutil.process_iter(["cmdline"]) if kernel in str(each.info["cmdline"])
    ]
    process.kill()
    tab.page.get_by_role("button", name="Reload the page").wait_for()


def test_the_page_decides_and_speaks_as_the_library_does(browser):
    """Sliders repaint without the kernel, so the script has the rules a second time."""
    model = load_model()
    rng = np.random.default_rng(0)
    curves = curves_for_page(model.curves, digits=4)
    cases = []
    for trial in range(40):
        logits = rng.normal(-1, 3, len(NAMES)).astype(np.float32)
        prediction = Prediction(logits, (1 / (1 + np.exp(-logits))).astype(np.float32), NAMES)
        thresholds = (rng.integers(0, 101, len(NAMES)) / 100).astype(np.float32)
        thresholds[rng.random(len(NAMES)) < 0.05] = np.nan
        hints = ("The face is small.",) if trial % 10 == 9 else ()
        answers = verdicts(prediction, thresholds, model.curves, hints=hints)
        cases.append(
            {
                "probabilities": prediction.probabilities.tolist(),
                "logits": logits.tolist(),
                "thresholds": [float(t) if np.isfinite(t) else None for t in thresholds],
                "hinted": bool(hints),
                "verdicts": [str(answer) for answer in answers],
                "meanings": [
                    meaning(name, float(t), model.curves)
                    for name, t in zip(NAMES, thresholds, strict=True)
                ],
                "sentence": sentence(prediction, answers),
            }
        )
    page = browser.new_page()
    answers = page.evaluate(
        """([script, rows, curves, cases]) => {
            const rules = new Function(`${script}; return { verdict, meaning, sentence };`)();
            return cases.map((one) => {
                const verdicts = rows.map((row, i) => rules.verdict(
                    one.probabilities[i], one.thresholds[i], curves[row.name], one.hinted));
                return {
                    verdicts,
                    meanings: rows.map((row, i) => rules.meaning(
                        row.label, one.thresholds[i], curves[row.name])),
                    sentence: rules.sentence(rows, one.logits, verdicts),
                };
            });
        }""",
        [source("verdicts.js"), rows(NAMES), curves, cases],
    )
    page.close()
    for case, answer in zip(cases, answers, strict=True):
        for key, value in answer.items():
            assert value == case[key]
    assert {v for case in cases for v in case["verdicts"]} == {"yes", "no", "doubtful"}
