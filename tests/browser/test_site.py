"""The page without a server, in a real browser: from a bare file server, below a sub-path."""

import csv
import functools
import hashlib
import http.server
import io
import json
import os
import re
import shutil
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import missing
from helpers.boxes import boxes_bundle
from helpers.moods import moods_task
from PIL import Image
from visit import SMALL_TARGETS, until

from facelens import find_faces, load_model, read_photo
from facelens.explain.maps import Evidence, finer, occlusion
from facelens.explain.whiskers import whiskers
from facelens.tasks import TASKS
from facelens.tasks.attributes.names import JUDGEMENTS_NOTE
from facelens.tasks.attributes.thresholds import operating_point
from facelens.tasks.classifier import Prediction
from facelens.ui._view import HERE, View
from facelens.ui.board import ReportRequest
from facelens.ui.boxes import Boxes
from facelens.ui.classes import Classes
from facelens.ui.panel import Scene
from facelens.ui.takehome import take_home
from facelens.web import build, runtime

pytestmark = [pytest.mark.browser, pytest.mark.data]
EXAMPLES = ("astronaut.jpg", "hopper.jpg", "drawn-1.jpg", "drawn-2.jpg")
BELOW = "people/somebody/faces"  # where no page may rely on being at the root
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

# Python's graph rounds its activations to int8, the page's does not (facelens/web/lighter.py).
FAR = 0.1
SELDOM = 0.03

# What the worker tells the views, and who waits: the last message of each kind.
NOTE = """
window.told = {};
window.Worker = class extends Worker {
    constructor(...given) {
        super(...given);
        this.addEventListener("message", ({ data: { view, message, buffers } }) => {
            if (view) told[`${view}.${message.kind}`] = { ...message, buffers };
        });
    }
};
"""
FLOATS = "kind => [...new Float32Array(told[kind].buffers[0].buffer.slice(0))]"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A bare file server that tells nobody what it served."""

    def log_message(self, *_):
        pass


def serving(folder):
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def root(tmp_path_factory, yunet):
    """What a host serves: the site, below a sub-path."""
    if runtime._read(runtime._node_modules()) is None:
        missing("ONNX Runtime for browsers is not here: `npm install`")
    before = os.environ.get("FACELENS_DETECTOR", "")
    os.environ["FACELENS_DETECTOR"] = f"yunet:{yunet}"
    try:
        folder = tmp_path_factory.mktemp("host")
        build.build(folder / BELOW)
    finally:
        os.environ["FACELENS_DETECTOR"] = before
    return folder


@pytest.fixture(scope="module")
def address(root):
    server = serving(root)
    yield f"http://127.0.0.1:{server.server_port}/{BELOW}/"
    server.shutdown()


class Tab:
    """A tab on the site that notes what it asks of whom."""

    def __init__(self, browser, address, *, path="", script="", **options):
        self.context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, **options}
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.asked, self.problems = [], []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page.add_init_script(NOTE + script)
        self.page.goto(address + path)

    def wait(self, state="whole"):
        until(self.page, "state => document.body.dataset.facelens === state", arg=state)
        return self

    def give(self, data, name="photo.png"):
        self.page.evaluate("told = {}")
        self.page.locator(".intake input[type=file]").set_input_files(
            {"name": name, "mimeType": "image/png", "buffer": data}
        )
        return self.answered()

    def example(self, number=1):
        button = self.page.locator(".intake .examples button").nth(number - 1)
        if not button.is_visible():  # there is a photo
            return self.give((HERE / EXAMPLES[number - 1]).read_bytes())
        self.page.evaluate("told = {}")
        button.click()
        return self.answered()

    def answered(self):
        until(self.page, "['done', 'none', 'error'].includes(told['intake.status']?.state)")
        return self.told("intake.status")

    def told(self, kind):
        until(self.page, "kind => kind in told", arg=kind)
        return self.page.evaluate("kind => ({ ...told[kind], buffers: null })", kind)

    def floats(self, kind):
        until(self.page, "kind => kind in told", arg=kind)
        return np.array(self.page.evaluate(FLOATS, kind), np.float32)

    def close(self):
        self.context.close()


@pytest.fixture(scope="module")
def opened(browser, address):
    opened = Tab(browser, address).wait()
    yield opened
    assert opened.problems == []
    opened.close()


@pytest.fixture
def tab(opened):
    """The module's tab, without a dialog that a test left open when it failed."""
    yield opened
    opened.page.evaluate(
        "for (const open of document.querySelectorAll('dialog[open]')) open.close()"
    )


@pytest.fixture(scope="module")
def model():
    return load_model()


def as_png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def apart(tab, data, model):
    """How far the page's answers are from Python's, and its box in pixels."""
    assert tab.give(data)["state"] == "done"
    photo = read_photo(data)
    faces = find_faces(photo)
    shown, answered = tab.told("picture.photo"), tab.told("board.face")
    assert len(shown["boxes"]) == len(faces)
    scale = [photo.width, photo.height] * 2
    box = np.abs(np.array(shown["boxes"][0]) * scale - faces[0].box).max()
    assert answered["hints"] == list(faces[0].hints)
    return np.abs(answered["probabilities"] - model.predict(faces[:1])[0].probabilities), box


def test_examples_and_portraits_are_answered_as_in_python(
    tab, model, portraits, yunet, monkeypatch
):
    """From the file, and from the same decoded pixels: decoding differs nowhere."""
    monkeypatch.setenv("FACELENS_DETECTOR", f"yunet:{yunet}")
    photos = [*sorted(portraits.glob("*.jpg")), *(HERE / name for name in
              ("hopper.jpg", "drawn-1.jpg", "drawn-2.jpg"))]  # fmt: skip
    files = [apart(tab, path.read_bytes(), model) for path in photos]
    same = [apart(tab, as_png(read_photo(path).pixels), model) for path in photos[::4]]
    for found in (files, same):
        differences = np.array([difference for difference, _ in found])
        assert differences.max() < FAR
        assert np.mean(differences > SELDOM) < 0.05
        assert np.median(differences) <= 0.005
        assert max(box for _, box in found) <= 2


def test_every_view_shows_what_the_kernels_page_shows(tab, model, astronaut, yunet, monkeypatch):
    monkeypatch.setenv("FACELENS_DETECTOR", f"yunet:{yunet}")
    page = tab.page
    assert tab.example()["text"] == "Found one face."
    photo = read_photo(astronaut)
    (face,) = find_faces(photo)
    (answer,) = model.predict([face], maps=True)
    page.locator(".board .sentence", has_text=re.compile("^Fairly sure: .*smiling")).wait_for()
    assert page.locator(".board .row:visible").count() == 8

    def correlated(found, known):
        assert found.shape == known.ravel().shape
        assert np.corrcoef(found, known.ravel())[0, 1] > 0.98

    correlated(tab.floats("heatmap.map"), answer.maps)
    correlated(tab.floats("heatmap.occlusion"), occlusion(model, face.crop).values)
    page.get_by_label("Kind of map").select_option("finer")
    correlated(tab.floats("heatmap.finer"), finer(model, face.crop, "finer").values)
    spread, known = tab.told("board.whiskers"), whiskers(model, face, answer, photo.pixels)
    for end in ("low", "high"):  # extremes of seventeen answers, each of which int8 moves
        differences = np.abs(np.array(spread[end]) - getattr(known, end))
        assert np.median(differences) < 0.01
        assert differences.max() < 0.15

    page.get_by_label("Fifteen points").check()
    points = load_model(task="keypoints").predict([face])[0].points
    there = np.array(tab.told("heatmap.points")["where"])
    linear, shift = face.warp[:, :2], face.warp[:, 2]
    assert np.abs(there - (points @ linear.T + shift)).max() < 1

    page.locator(".inside").scroll_into_view_if_needed()
    layer = tab.told("inside.layer")
    assert (len(layer["maps"]), layer["shape"]) == (32, [32, 80, 64])
    page.locator(".steps").scroll_into_view_if_needed()
    steps = tab.told("steps.steps")
    assert steps["filter"]["side"] == 3
    assert len(steps["channels"]) == 32
    until(page, "document.querySelector('.steps .here').textContent.startsWith('Here: ')")
    page.get_by_role("button", name="Keep this face to compare").click()
    tab.example(2)
    assert len(tab.told("compare.pair")["rows"]) == 40
    for region in ("eyes", "mouth", "hair"):
        page.evaluate("told = {}")
        page.locator(".compare").get_by_role(
            "button", name=re.compile(region, re.IGNORECASE)
        ).click()
        assert tab.told("compare.exchanged")["region"] == region
    page.get_by_role("button", name="Model card").click()
    page.locator(".network .sheet", has_text="CelebA").wait_for()  # the worker fetches it
    page.locator(".network .sheet").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="About this page").click()
    about = page.locator(".about-page .sheet").inner_text()
    assert "stays on this device" in about
    assert JUDGEMENTS_NOTE in about
    page.locator(".about-page .sheet").get_by_role("button", name="Close").click()
    assert "agrees with the reference within 0." in page.locator(".footer").inner_text()


def test_a_face_by_hand_another_search_and_a_file_that_is_no_photo(tab):
    blank = as_png(np.full((300, 400, 3), 90, np.uint8))
    status = tab.give(blank)
    assert status["state"] == "none"
    assert status["text"].startswith("No face was found in this photo.")
    tab.page.evaluate("told = {}")
    tab.page.get_by_role("button", name=re.compile("finer", re.IGNORECASE)).click()
    assert tab.answered()["text"].startswith("A finer search shows no face either.")
    before = tab.told("picture.photo") if tab.page.evaluate("'picture.photo' in told") else None
    status = tab.give(b"this is no photo", "letter.png")
    assert status["text"].startswith("letter.png is not a photo")
    assert before is None or before == tab.told("picture.photo")


def test_files_to_take_home_say_what_python_says(tab, model, astronaut, yunet, monkeypatch):
    """Of the page's own answers; how far those are from Python's is another test's."""
    monkeypatch.setenv("FACELENS_DETECTOR", f"yunet:{yunet}")
    tab.example()
    page = tab.page
    told, moved = tab.told("board.face"), tab.told("board.whiskers")
    photo = read_photo(astronaut)
    (face,) = find_faces(photo)
    answer = Prediction(
        logits=np.array(told["logits"], np.float32),
        probabilities=np.array(told["probabilities"], np.float32),
        names=model.names,
        maps=np.zeros((len(model.names), 10, 8), np.float32),
        spread=np.array([moved["low"], moved["high"]], np.float32),
    )
    named = {
        name: float(cut)
        for name, cut in zip(model.names, operating_point(model.config, "half"), strict=True)
    }

    def known(form):
        wish = ReportRequest(form, named, {}, judgements=False)
        return take_home(
            wish, model, photo=photo, faces=[face], index=0, answer=answer,
            where=Evidence("occlusion", answer.maps, 1), chosen=None,
            detector="faces found by YuNet",
        )  # fmt: skip

    def download(name):
        with page.expect_download() as wish:
            page.get_by_role("button", name=name, exact=True).click()
        return wish.value.suggested_filename, wish.value.path().read_bytes()

    name, data = download("Data (JSON)")
    report, wanted = json.loads(data), json.loads(known("json").data)
    assert name == known("json").name
    assert report["sentence"] == page.locator(".board .sentence").inner_text()
    assert len(report["attributes"]) == 32  # the judgements are folded
    assert report.pop("made").keys() == wanted.pop("made").keys()
    for side, value in report["face"].pop("box").items():
        assert abs(value - wanted["face"]["box"][side]) <= 2
    del wanted["face"]["box"]
    for row, other in zip(report["attributes"], wanted["attributes"], strict=True):
        for number in ("logit", "probability", "low", "high"):
            assert row.pop(number) == pytest.approx(other.pop(number), abs=2e-6)
    assert report == wanted
    name, data = download("Table (CSV)")
    assert name == known("csv").name
    table, wanted = (
        list(csv.DictReader(io.StringIO(each.decode("utf-8-sig"), newline="")))
        for each in (data, known("csv").data)
    )
    for row, other in zip(table, wanted, strict=True):
        for number in ("probability", "low", "high", "threshold"):
            assert float(row.pop(number)) == pytest.approx(float(other.pop(number)), abs=2e-6)
    assert table == wanted
    for button, size in (("Picture (PNG)", (1240, None)), ("Card to share (PNG)", (1200, 630))):
        _, data = download(button)
        picture = Image.open(io.BytesIO(data))
        assert picture.width == size[0]
        assert size[1] in (None, picture.height)
        assert np.asarray(picture).std() > 20


@pytest.fixture
def moods(tmp_path, monkeypatch, yunet):
    """A task with a panel of classes, and the address of a site that has it."""
    monkeypatch.setenv("FACELENS_DETECTOR", f"yunet:{yunet}")
    pytest.importorskip("onnx", reason="onnx is not installed: `make test` installs it")
    moods_task(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(TASKS, "moods", "moods_task")
    build.build(tmp_path / "site", tasks=["moods", "keypoints"])
    server = serving(tmp_path / "site")
    yield TASKS["moods"], f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    sys.modules.pop("moods_task", None)


def test_another_task_has_its_panel_maps_and_part_of_the_report(
    browser, moods, model, astronaut, monkeypatch
):
    task, address = moods
    tab = Tab(browser, address).wait()
    tab.example()
    page, other = tab.page, load_model(task="moods")
    (face,) = find_faces(read_photo(astronaut))
    (own,), (answer,) = model.predict([face]), other.predict([face], maps=True)

    sent = []
    monkeypatch.setattr(View, "send", lambda _view, content, _buffers=(): sent.append(content))
    panel = Classes(task, lambda *_: None)
    scene = Scene("", read_photo(astronaut), [face], 0, model, own)
    panel.offer(scene)
    panel.read(scene, other, answer)
    offer, known = (dict(each, key="") for each in sent)
    assert dict(tab.told("classes:moods.offer"), key="", buffers=None) == offer | {"buffers": None}

    page.locator(".classes").scroll_into_view_if_needed()
    words = tab.told("classes:moods.words")
    rows, wanted = words["rows"], known["rows"]
    assert words["sentence"] == known["sentence"]
    assert words["model"] == known["model"]
    for row, each in zip(rows, wanted, strict=True):
        assert row.pop("value") == pytest.approx(each.pop("value"), abs=0.01)
    assert rows == [each | {"verdict": each["verdict"] and str(each["verdict"])} for each in wanted]
    scores, wanted = words["scores"], known["scores"]
    assert scores["labels"] == wanted["labels"]
    assert scores["board"].pop("most")["label"] == wanted["board"].pop("most")["label"]
    assert scores["board"] == pytest.approx(wanted["board"], abs=0.3)  # the sum of 40
    for kind in ("logits", "softmax", "sigmoid"):
        assert scores[kind] == pytest.approx(wanted[kind], abs=0.05)
    assert np.corrcoef(tab.floats("heatmap.map"), answer.maps.ravel())[0, 1] > 0.98

    page.evaluate("delete told['heatmap.occlusion']")
    page.locator(".classes li button").first.click()
    found = tab.floats("heatmap.occlusion")
    assert np.corrcoef(found, occlusion(other, face.crop).values.ravel())[0, 1] > 0.98
    assert tab.told("heatmap.occlusion")["task"] == "moods"
    with page.expect_download() as wish:
        page.get_by_role("button", name="Data (JSON)", exact=True).click()
    (further,) = json.loads(wish.value.path().read_bytes())["tasks"]
    assert further["task"] == "moods"
    assert further["caution"] == task.caution
    assert further["sentence"] == known["sentence"]
    assert [word["label"] for word in further["words"]] == [row["label"] for row in known["rows"]]
    with page.expect_download() as wish:
        page.get_by_role("button", name="Table (CSV)", exact=True).click()
    table = list(csv.DictReader(io.StringIO(wish.value.path().read_text("utf-8-sig"))))
    assert [row["label"] for row in table[-len(known["rows"]) :]] == [
        row["label"] for row in known["rows"]
    ]
    with page.expect_download() as wish:
        page.get_by_role("button", name="Picture (PNG)", exact=True).click()
    assert Image.open(wish.value.path()).width == 1240
    tab.give(as_png(np.full((300, 400, 3), 90, np.uint8)))
    assert not page.locator(".classes .card").is_visible()
    assert tab.problems == []
    tab.close()


@pytest.fixture
def masked(tmp_path, monkeypatch, yunet):
    """The address of a site that has masks, read by a stand-in."""
    monkeypatch.setenv("FACELENS_DETECTOR", f"yunet:{yunet}")
    pytest.importorskip("onnx", reason="onnx is not installed: `make test` installs it")
    bundle = boxes_bundle(tmp_path / "bundle", tilt=0.05)
    monkeypatch.setitem(TASKS, "mask", replace(TASKS["mask"], default=str(bundle)))
    build.build(tmp_path / "site", tasks=["mask"])
    server = serving(tmp_path / "site")
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def test_boxes_in_the_photo_are_those_of_the_kernel(browser, masked, model, astronaut, monkeypatch):
    tab = Tab(browser, masked).wait()
    tab.example()
    page, task, other = tab.page, TASKS["mask"], load_model(task="mask")
    photo = read_photo(astronaut)
    (face,) = find_faces(photo)
    (own,) = model.predict([face])

    sent = []
    monkeypatch.setattr(View, "send", lambda _view, content, _buffers=(): sent.append(content))
    panel = Boxes(task, lambda *_: None)
    scene = Scene("", photo, [face], 0, model, own)
    panel.offer(scene)
    panel.read(scene, other, panel.answer(scene, other))
    offer, known = (dict(each, key="", buffers=None) for each in sent)
    assert dict(tab.told("boxes:mask.offer"), key="") == offer

    page.locator(".facelens.boxes").scroll_into_view_if_needed()
    told = dict(tab.told("boxes:mask.boxes"), key="")
    for box, each in zip(told.pop("boxes"), known.pop("boxes"), strict=True):
        for number in ("box", "values", "score"):
            assert box.pop(number) == pytest.approx(each.pop(number), abs=0.02)
        assert box == each | {"verdict": str(each["verdict"])}
    assert told == json.loads(json.dumps(known))

    # A mask on the face makes its answers doubtful, here as there.
    assert tab.told("picture.hints")["hints"] == [["A mask covers half of this face."]]
    assert "A mask covers" in page.locator(".board .sentence").inner_text()
    with page.expect_download() as wish:
        page.get_by_role("button", name="Data (JSON)", exact=True).click()
    report = json.loads(wish.value.path().read_bytes())
    assert report["face"]["hints"] == ["A mask covers half of this face."]
    (further,) = report["tasks"]
    assert (further["task"], further["sentence"]) == ("mask", "This face wears a mask.")
    # A photo without a face for the detector is asked about all the same.
    tab.give(as_png(np.full((300, 400, 3), 90, np.uint8)))
    page.locator(".facelens.boxes").scroll_into_view_if_needed()
    assert (tab.told("boxes:mask.boxes")["width"], tab.problems) == (400, [])
    tab.close()


def test_nothing_is_asked_of_anybody_once_the_page_is_there(browser, address):
    tab = Tab(browser, address, service_workers="block").wait()
    assert all(url.startswith((address, "blob:", "data:")) for url in tab.asked)
    first = len(tab.asked)
    for number in (1, 2, 3):
        tab.example(number)
    tab.page.get_by_label("Fifteen points").check()
    tab.told("heatmap.points")
    tab.page.get_by_role("button", name="Model card").click()
    tab.told("network.card")
    later = [url for url in tab.asked[first:] if not url.startswith(("blob:", "data:"))]
    assert later == []
    # Neither the page nor the worker may speak to anybody else.
    other = "http://localhost:9/"
    for place in (tab.page, *tab.page.workers):
        refused = place.evaluate(
            """async (url) => new Promise((done) => {
                addEventListener("securitypolicyviolation", () => done(true));
                fetch(url, { mode: "no-cors" }).catch(() => setTimeout(() => done(false), 500));
            })""",
            other,
        )
        assert refused
    tab.close()


def test_it_works_without_a_network_after_the_first_visit(browser, root):
    server = serving(root)
    tab = Tab(browser, f"http://127.0.0.1:{server.server_port}/{BELOW}/").wait()
    until(tab.page, "navigator.serviceWorker.controller !== null")
    server.shutdown()
    server.server_close()
    tab.page.reload()
    tab.wait()
    assert tab.example()["text"] == "Found one face."
    tab.close()


def altered(root, tmp_path, path, change):
    """The site with another file at `path`, which site.json lists as its own."""
    folder = tmp_path / "site"
    shutil.copytree(root / BELOW, folder)
    data = change((folder / path).read_bytes())
    (folder / path).write_bytes(data)
    site = json.loads((folder / "site.json").read_bytes())
    site["files"][path]["sha256"] = hashlib.sha256(data).hexdigest()
    (folder / "site.json").write_text(json.dumps(site))
    return folder


def refusal(browser, folder):
    """What a page says that does not answer."""
    server = serving(folder)
    tab = Tab(browser, f"http://127.0.0.1:{server.server_port}/").wait("failed")
    said = tab.page.locator(".intake .notice").inner_text()
    tab.page.locator(".intake .examples button").first.click()
    assert tab.answered()["text"] == said
    assert tab.page.locator(".board .row:visible").count() == 0
    tab.close()
    server.shutdown()
    return said


def test_a_device_that_computes_otherwise_is_told_and_answers_nothing(browser, root, tmp_path):
    def shift(data):
        example = json.loads(data)
        example["answers"] = [value + 1 for value in example["answers"]]
        return json.dumps(example).encode()

    folder = altered(root, tmp_path, "networks/mobilenet_v2/example.json", shift)
    assert refusal(browser, folder).startswith("This device does not compute as it should")


def test_a_damaged_file_is_not_run(browser, root, tmp_path):
    folder = tmp_path / "site"
    shutil.copytree(root / BELOW, folder)
    path = folder / "graphs" / "faces.onnx"
    path.write_bytes(path.read_bytes() + b"\0")
    assert "graphs/faces.onnx is damaged" in refusal(browser, folder)


def test_over_plain_http_a_sentence_says_what_is_missing(browser, root):
    server = serving(root)
    tab = Tab(browser, f"http://another.test:{server.server_port}/{BELOW}/").wait()
    assert not tab.page.evaluate("isSecureContext")
    assert "plain http" in tab.page.get_by_role("note").inner_text()
    assert tab.page.get_by_role("button", name="Use the camera").count() == 0
    assert tab.example()["text"] == "Found one face."
    server.shutdown()
    tab.close()


def test_on_a_phone_it_is_usable_while_it_computes(browser, address):
    tab = Tab(browser, address, **PHONE)
    tab.context.new_cdp_session(tab.page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    tab.wait("whole")
    tab.example()
    page = tab.page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate(SMALL_TARGETS) == []
    page.locator(".board .sentence").scroll_into_view_if_needed()
    assert page.locator(".board .sentence").is_visible()
    tab.close()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing(browser, address, options):
    tab = Tab(browser, address, reduced_motion="reduce", **options).wait()
    found = []
    for answered in (False, True):
        if answered:
            tab.example()
            tab.told("heatmap.occlusion")
        for scheme in ("light", "dark"):
            tab.page.emulate_media(color_scheme=scheme)
            found += [
                (answered, scheme, fault["id"], [node["html"][:160] for node in fault["nodes"][:4]])
                for fault in Axe().run(tab.page).response["violations"]
            ]
    assert found == []
    tab.close()


# A camera that sees a photo.
CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
    const bitmap = await createImageBitmap(await (await fetch("./examples/astronaut.jpg")).blob());
    const canvas = Object.assign(document.createElement("canvas"), { width: 512, height: 512 });
    const context = canvas.getContext("2d");
    const paint = () => context.drawImage(bitmap, 2 * Math.sin(performance.now() / 500), 0);
    setInterval(paint, 40);
    paint();
    return canvas.captureStream(25);
};
"""


def test_the_cameras_page_follows_a_face_and_the_page_never_waits(browser, address):
    tab = Tab(browser, address, path="live.html", script=CAMERA).wait()
    page = tab.page
    page.get_by_role("button", name="Start the camera").click()
    until(page, "told['camera.seen']?.faces.length === 1")
    number = tab.told("camera.seen")["faces"][0]["number"]
    # The page's own thread draws on while the worker answers.
    drawn = page.evaluate(
        """() => new Promise((done) => {
            const { counts } = document.querySelector(".camera").facelens;
            const first = counts.answered;
            let drawn = 0;
            const next = () => {
                drawn += 1;
                if (counts.answered > first + 3) done(drawn); else requestAnimationFrame(next);
            };
            requestAnimationFrame(next);
        })"""
    )
    assert drawn > 3
    assert tab.told("camera.seen")["faces"][0]["number"] == number
    assert tab.problems == []
    tab.close()


def test_a_link_brings_its_settings(browser, address):
    tab = Tab(browser, address, path="?thresholds=f1,Smiling:0.30&sort=name").wait()
    tab.example()
    assert tab.page.get_by_role("button", name="Fewest mistakes (F1)").first.is_visible()
    label = tab.page.locator(".label", has_text=re.compile("^Smiling"))
    row = tab.page.locator(".board .row", has=label)
    assert row.locator(".bar > input").first.input_value() == "0.3"
    tab.close()
