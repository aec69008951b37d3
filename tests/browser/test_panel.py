"""The panel of another task in Chromium, and such tasks over the moving picture."""

import re
import sys

import cv2
import nbformat
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers.moods import CAUTION, LEFT, NAMES, SIDE, TOP, moods_task, registering
from paper import with_camera
from PIL import Image
from serving import free_port, served
from visit import SMALL_TARGETS, Visit, until

from facelens import find_faces, load_model, read_photo

pytest.importorskip("onnx", reason="onnx is not installed: `make test` installs it")
pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WORDS = "document.querySelectorAll('.classes .row').length === 7"
CAMERA = "document.querySelector('.camera').facelens.faces()"


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """Serve a page that knows the task `moods`, as long as it is needed."""
    folder = tmp_path_factory.mktemp("moods")
    moods_task(folder)

    def page(then):
        book = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_markdown_cell("# Ours"),
                nbformat.v4.new_code_cell(registering(folder, then)),
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
    """Bring the panel into sight and wait for its words."""
    tab.page.locator(".classes h2").scroll_into_view_if_needed()
    until(tab.page, WORDS)


def pressed(page):
    return [
        row.get_attribute("data-name")
        for row in page.locator('.classes [aria-pressed="true"]').all()
    ]


def painted(page):
    """The pixels of the exact map."""
    return page.locator(".heatmap .exact canvas").evaluate(
        "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    )


def test_the_panel_answers_once_it_is_in_sight_and_a_bar_turns_the_map(visit):
    tab = visit()
    page = tab.page
    tab.calm()
    assert page.locator(".classes .row").count() == 0, "nobody has looked at it"
    read(tab)
    labels = [row.inner_text().split("\n")[0] for row in page.locator(".classes .row").all()]
    assert labels == [f"Looks {name}" for name in NAMES]
    assert page.locator(".classes .sentence").inner_text().startswith("This face looks ")
    assert page.locator(".classes .caution").inner_text() == CAUTION
    values = page.locator(".classes .row .value").all_inner_texts()
    assert sum(map(float, values)) == pytest.approx(1, abs=0.03)
    before = painted(page)
    page.locator(".classes .row", has_text="Looks happy").click()
    assert pressed(page) == ["happy"]
    select = page.get_by_label("Attribute to look at")
    assert select.evaluate("s => s.selectedOptions[0].textContent") == "Looks happy"
    assert select.locator("optgroup").get_attribute("label") == "Moods"
    until(page, "document.querySelector('.heatmap .exact').ariaBusy === 'false'")
    assert painted(page) != before
    until(page, "document.querySelector('.heatmap .covering')?.ariaBusy === 'false'")
    assert "Looks happy" in page.locator(".heatmap .caption").inner_text()
    # Its map can be kept, and stand beside one of the board's.
    page.get_by_role("button", name="Keep this map beside").click()
    select.select_option("Smiling")
    assert pressed(page) == [], "the board's row is looked at"
    page.get_by_role("button", name="Keep this map beside").click()
    assert page.locator(".heatmap .beside li").count() == 2
    page.get_by_role("button", name="Look at Looks happy").click()
    assert pressed(page) == ["happy"]
    page.locator(".heatmap summary").click()
    assert (
        "through a softmax with the scores of all 7"
        in page.locator(".heatmap details").inner_text()
    )


def test_a_network_that_sees_a_part_of_the_face_has_its_map_there(visit):
    tab = visit()
    page = tab.page
    read(tab)
    page.locator(".classes .row", has_text="Looks happy").click()
    until(page, "document.querySelector('.heatmap .exact').ariaBusy === 'false'")
    pixels = np.array(painted(page), np.int16).reshape(436, 356, 4)[..., :3]
    colour = pixels.max(2) - pixels.min(2) > 8
    rows, columns = np.nonzero(colour)
    assert colour.sum() > 500
    assert 2 * TOP - 3 <= rows.min() < rows.max() <= 2 * (TOP + SIDE) + 3
    assert 2 * LEFT - 3 <= columns.min() < columns.max() <= 2 * (LEFT + SIDE) + 3
    assert "it sees what is in the frame" in page.locator(".heatmap .own").inner_text()
    page.get_by_label("Attribute to look at").select_option("Smiling")
    assert "frame" not in page.locator(".heatmap .own").inner_text()


def test_why_seven_bars_add_up_is_told_on_this_face_s_numbers(visit, astronaut):
    tab = visit()
    page = tab.page
    read(tab)
    fold = page.locator(".classes .scores")
    assert not fold.locator("table").is_visible(), "it is folded"
    fold.locator("summary").click()
    total = fold.locator("tfoot td").all_inner_texts()
    cells = [row.locator("td").all_inner_texts() for row in fold.locator("tbody tr").all()]
    assert total[1] == "1.00"
    sigmoids = sum(float(row[2].strip("<>")) for row in cells)
    assert float(total[2]) == pytest.approx(sigmoids, abs=0.05)
    text = fold.inner_text()
    assert f"would add up to {total[2]}" in text
    every = float(re.search(r"On this face they add up to ([\d.]+),", text)[1])
    (answer,) = load_model().predict(find_faces(read_photo(astronaut), detector="haar"))
    # The browser has written the photo anew.
    assert every == pytest.approx(answer.probabilities.sum(), abs=0.5)


def test_on_a_phone_a_bar_s_map_is_a_touch_away_and_so_is_the_way_back(visit):
    tab = visit(**PHONE)
    page = tab.page
    read(tab)
    assert not page.get_by_role("button", name="Show its map").is_visible()
    page.locator(".classes .row", has_text="Looks happy").tap()
    assert page.evaluate(SMALL_TARGETS) == []
    page.get_by_role("button", name="Show its map").tap()
    top = "document.querySelector('.heatmap').getBoundingClientRect().top"
    until(page, f"Math.abs({top}) < 40")
    page.get_by_role("button", name="Back to the rows").tap()
    assert page.evaluate("document.activeElement.dataset.name") == "happy"


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_axe_finds_nothing_with_the_panel_open(visit, size):
    tab = visit(**(PHONE if size == "phone" else {}), reduced_motion="reduce")
    page = tab.page
    read(tab)
    page.locator(".classes .row").nth(3).click()
    page.locator(".classes summary").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:160]) for each in found] == [], scheme


@pytest.fixture(scope="module")
def room(serve, browser, astronaut, tmp_path_factory):
    """A camera's page that sees a face, on a network with other tasks beside it."""
    face = cv2.resize(np.asarray(Image.open(astronaut).convert("RGB"))[:300, 70:370], (260, 260))
    scene = np.full((360, 480, 3), 120, np.uint8)
    scene[50:310, 110:370] = face
    film = tmp_path_factory.mktemp("film") / "face.mjpeg"
    film.write_bytes(cv2.imencode(".jpg", scene[..., ::-1])[1].tobytes() * 60)
    opened = with_camera(browser, film)
    with serve("from facelens.ui import live; live(detector='haar')") as address:
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


def test_tasks_are_turned_on_over_the_moving_picture_and_off_again(room):
    said = f"{CAMERA}[0]?.words?.map((each) => each.label) ?? []"
    points = f"{CAMERA}[0]?.points?.length"
    until(room, f"({said}).length > 0 && !({said}).some((each) => each.startsWith('Looks '))")
    assert not room.locator(".camera .caution").is_visible()
    room.get_by_label("Moods").check()
    until(room, f"({said}).filter((each) => each.startsWith('Looks ')).length === 1")
    assert room.locator(".camera .caution").inner_text() == CAUTION
    room.get_by_label("Keypoints").check()
    until(room, f"{points} === 15")
    until(room, f"({said}).some((each) => each.startsWith('Looks '))")
    found = Axe().run(room).response["violations"]
    assert [each["id"] for each in found] == []
    room.get_by_label("Moods").uncheck()
    room.get_by_label("Keypoints").uncheck()
    until(room, f"{points} === 0 && !({said}).some((each) => each.startsWith('Looks '))")
