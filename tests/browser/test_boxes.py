"""Boxes of a task that sees the photo, in Chromium: the panel, and over the moving picture."""

import re
import sys

import cv2
import nbformat
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers.boxes import COUNTS, boxes_bundle, curves, registering
from paper import with_camera
from PIL import Image
from serving import free_port, served
from visit import SMALL_TARGETS, Visit, until

from facelens.tasks.mask.names import CAUTION, COVERED

pytest.importorskip("onnx", reason="onnx is not installed: `make test` installs it")
pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PANEL = ".facelens.boxes"
DRAWN = f"document.querySelectorAll('{PANEL} .box').length"
SENTENCE = f"document.querySelector('{PANEL} .sentence').textContent"
CAMERA = "document.querySelector('.camera').facelens"


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """Serve a page whose masks are read by a stand-in, as long as it is needed."""

    def page(then, **how):
        folder = tmp_path_factory.mktemp("masks")
        bundle = boxes_bundle(folder / "bundle", **how)
        book = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_markdown_cell("# Ours"),
                nbformat.v4.new_code_cell(registering(bundle, then)),
            ],
            metadata={
                "kernelspec": {"name": "python3", "display_name": "", "language": "python"},
                "voila": {"template": "facelens"},
            },
        )
        nbformat.write(book, folder / "ours.ipynb")
        port = free_port()
        command = [sys.executable, "-m", "voila", "ours.ipynb", "--no-browser", f"--port={port}"]
        return served(command, port, folder)

    return page


@pytest.fixture(scope="module")
def address(serve):
    with serve("from facelens.ui import selfie; selfie(detector='haar')") as there:
        yield there


@pytest.fixture
def visit(browser, address, astronaut):
    """A tab with a face on it."""
    visits = []

    def open_page(**options):
        tab = Visit(browser, address, **options)
        visits.append(tab)
        tab.page.locator(".board .empty").wait_for()
        tab.upload(astronaut.read_bytes())
        tab.status("done")
        return tab

    yield open_page
    for each in visits:
        each.page.goto("about:blank")  # unlike a closed tab this lets Voilà end its kernel
        each.page.close()
        assert each.problems == [], "the page's own script failed"
        assert each.foreign() == [], "the page asks nobody but its own host"


def read(tab):
    tab.page.locator(f"{PANEL} h2").scroll_into_view_if_needed()
    until(tab.page, f"{DRAWN} > 0")


def letters(page):
    return [tag.inner_text() for tag in page.locator(f"{PANEL} .box .tag").all()]


def slide(page, value):
    page.locator(f"{PANEL} input[type=range]").fill(str(value))


def test_boxes_have_letters_and_the_threshold_moves_in_the_browser(visit):
    tab = visit()
    page = tab.page
    tab.calm()
    assert page.evaluate(DRAWN) == 0, "nobody has looked at it"
    read(tab)
    assert page.evaluate(SENTENCE) == (
        "3 faces: 2 with a mask, 1 without a mask. 1 of these is doubtful."
    )
    assert sorted(letters(page)) == ["M", "M?", "N"]
    assert page.locator(f"{PANEL} .caution").inner_text() == CAUTION
    lines = page.locator(f"{PANEL} .box").evaluate_all(
        "all => new Set(all.map((box) => getComputedStyle(box).borderColor)).size"
    )
    assert lines == 2, "and colours"
    tab.calm()
    said = len(tab.said)
    slide(page, 0.1)
    assert page.evaluate(SENTENCE).startswith("4 faces: 2 with a mask, 1 without a mask, 1 with a")
    slide(page, 0.9)
    assert page.evaluate(SENTENCE) == "One face, with a mask."
    assert "Face" not in page.locator(f"{PANEL} .chosen").inner_text()
    assert "This face wears a mask." in page.locator(f"{PANEL} .chosen").inner_text()
    slide(page, 0.95)
    page.get_by_role("button", name="Reset", exact=True).last.click()
    assert page.locator(f"{PANEL} output").inner_text() == "0.40"
    assert len(tab.said) == said, "nothing is asked for it"


def test_what_the_threshold_means_is_what_the_curves_say(visit):
    tab = visit()
    read(tab)
    made = curves()
    for at in (0.4, 0.62):
        slide(tab.page, at)
        rows = tab.page.locator(f"{PANEL} tbody tr").all()
        assert len(rows) == 3
        for i, row in enumerate(rows):
            right, found, count = (cell.inner_text() for cell in row.locator("td").all())
            column = round(100 * at)
            if np.isnan(made.precision[i, column]):
                assert right == "none drawn"
            else:
                ends = made.precision[i, column], made.precision_low[i, column]
                assert [int(n) for n in re.findall(r"\d+", right)][:2] == [
                    pytest.approx(100 * end, abs=0.51) for end in ends
                ]
            assert int(re.match(r"\d+", found)[0]) == pytest.approx(
                100 * made.recall[i, column], abs=0.51
            )
            assert count.startswith(f"{COUNTS[i]} faces"), "never without its count"
            assert ("guess" in count) == (COUNTS[i] < 30)


def test_a_face_with_a_mask_is_doubtful_on_the_board(visit):
    tab = visit()
    page = tab.page
    assert "Sure of nothing" not in page.locator(".board .sentence").inner_text()
    read(tab)
    until(page, "document.querySelector('.board .sentence').textContent.startsWith('Sure of')")
    assert COVERED in page.locator(".board .sentence").inner_text()
    assert page.locator(".picture .hints").inner_text() == COVERED
    rows = page.locator(".board .row:visible").all_inner_texts()
    assert rows
    assert all("doubtful" in row for row in rows)


def test_a_box_is_reached_and_read_by_keyboard(visit):
    tab = visit()
    page = tab.page
    read(tab)
    box = page.get_by_role("button", name="Face 1: Mask", exact=True)
    box.focus()
    page.keyboard.press("Enter")
    assert box.get_attribute("aria-pressed") == "true"
    assert page.locator(f"{PANEL} .chosen").inner_text().startswith("Face 1: This face wears a")
    slider = page.locator(f"{PANEL} input[type=range]")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "0.41"
    assert box.get_attribute("aria-pressed") == "true", "it is drawn still"


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_axe_finds_nothing_and_a_finger_hits_everything(visit, size):
    tab = visit(**(PHONE if size == "phone" else {}), reduced_motion="reduce")
    page = tab.page
    read(tab)
    page.locator(f"{PANEL} .box").first.dispatch_event("click")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:160]) for each in found] == [], scheme
    if size == "phone":
        assert page.evaluate(SMALL_TARGETS) == []
        wide = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(wide) <= 0


# over the moving picture


def filmed(astronaut, folder, lights):
    """A film of a face in a room, so many frames of each brightness."""
    face = cv2.resize(np.asarray(Image.open(astronaut).convert("RGB"))[:300, 70:370], (260, 260))
    film = folder / "face.mjpeg"
    with film.open("wb") as file:
        for light, frames in lights:
            scene = np.full((360, 480, 3), light, np.uint8)
            scene[50:310, 110:370] = face
            file.write(cv2.imencode(".jpg", scene[..., ::-1])[1].tobytes() * frames)
    return film


@pytest.fixture(scope="module")
def room(serve, browser, astronaut, tmp_path_factory):
    """A camera's page whose network says "no mask" while the room is light, and then "mask"."""
    film = filmed(astronaut, tmp_path_factory.mktemp("film"), [(240, 120), (20, 120)])
    opened = with_camera(browser, film)
    with serve("from facelens.ui import live; live(detector='haar')", tilt=0.4) as address:
        page = opened.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        page.get_by_role("button", name="Start the camera").click()
        page.locator(".camera .status", has_text="One face in sight").wait_for()
        yield page
        page.goto("about:blank")
        opened.close()
        assert problems == []


def test_boxes_and_a_warning_over_the_moving_picture(room):
    warning = "document.querySelector('.camera .warning').textContent"
    assert not room.get_by_label("Warn me").is_visible()
    room.get_by_label("Masks").check()
    until(room, "document.querySelector('.camera p.found').textContent.startsWith('3 faces: ')")
    assert CAUTION in room.locator(".camera .caution").inner_text()
    until(room, f"{CAMERA}.faces().some((face) => face.mark === null || face.mark)")
    assert room.evaluate(f"{CAMERA}.warned.said") == 0, "off until it is asked for"
    assert room.evaluate(warning) == ""
    room.get_by_label("Warn me: someone wears no mask").check()
    assert room.get_by_label("with a tone").is_checked()
    until(room, f"{warning} === 'Someone wears no mask.'")
    until(room, f"{warning} === ''")
    until(room, f"{warning} === 'Someone wears no mask.'")
    counts = room.evaluate(f"{CAMERA}.warned")
    assert counts["said"] == counts["tones"] == 2, "once each time, not with every frame"
    room.get_by_label("with a tone").uncheck()
    found = Axe().run(room).response["violations"]
    assert [each["id"] for each in found] == []
    room.get_by_label("Warn me").uncheck()
    assert room.evaluate(warning) == ""
    room.get_by_label("Masks").uncheck()
    until(room, "document.querySelector('.camera p.found').hidden")
    assert not room.get_by_label("Warn me").is_visible()
