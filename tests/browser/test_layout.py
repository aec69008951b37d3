"""What is in sight at once, on a phone and on a laptop, and what the signs on it mean."""

import io

import pytest
from PIL import Image
from visit import Visit, until

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
COLUMN = ".facelens-column .facelens-column"


@pytest.fixture
def visit(browser, dashboard):
    visits = []

    def open_page(**options):
        visits.append(tab := Visit(browser, dashboard, **options))
        return tab

    yield open_page
    for each in visits:
        each.page.goto("about:blank")  # unlike a closed tab this lets Voilà end its kernel
        each.page.close()
        assert each.problems == [], "the page's own script failed"


@pytest.fixture
def crowd(astronaut):
    """A wide photo of three small faces."""
    face = Image.open(astronaut).convert("RGB").crop((100, 0, 340, 240))
    canvas = Image.new("RGB", (2400, 1600), "grey")
    for i, size in enumerate((240, 220, 200)):
        canvas.paste(face.resize((size, size)), (700 + 300 * i, 600))
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=95)
    return file.getvalue()


def answered(tab):
    tab.page.get_by_role("button", name="Try the example").click()
    tab.status("done")
    tab.calm()
    return tab.page


def test_small_faces_stand_below_the_photo_large_enough_for_a_finger(visit, crowd):
    tab = visit(**PHONE)
    page = tab.page
    tab.upload(crowd)
    page.get_by_role("button", name="Face 3").wait_for()
    tab.status("done")
    boxes = [each.bounding_box() for each in page.locator(".picture .box").all()]
    assert all(box["height"] < 40 for box in boxes), "a box is as large as its face"
    assert page.locator(".picture .box span:visible").count() == 0, "no number hides a face"
    assert "Tap a face" in page.locator(".picture figcaption").inner_text()
    faces = page.locator(".picture .faces button")
    assert faces.count() == 3
    for face in faces.all():
        assert min(face.bounding_box()["width"], face.bounding_box()["height"]) >= 44
    assert faces.first.get_attribute("aria-pressed") == "true"
    faces.nth(1).tap()
    until(page, "document.querySelector('.intake .status').textContent.includes('you see face 2')")
    assert faces.nth(1).get_attribute("aria-pressed") == "true"
    second = page.get_by_role("button", name="Face 2")
    assert second.get_attribute("aria-pressed") == "true"
    # A large face needs no second picture.
    page.get_by_role("button", name="Clear", exact=True).click()
    answered(tab)
    assert page.locator(".picture .faces:visible").count() == 0
    assert page.locator(".picture .faces img").count() == 0, "nothing of the crowd is left"


def test_a_laptop_shows_rows_at_once_and_nothing_scrolls_in_itself(visit):
    tab = visit()
    page = answered(tab)
    for size in ({"width": 1920, "height": 1080}, {"width": 1280, "height": 800}):
        page.set_viewport_size(size)
        tops = page.locator(".board .presets button").evaluate_all(
            "all => all.map((each) => each.getBoundingClientRect().top)"
        )
        assert len(set(tops)) == 1, "the presets stand in one line"
    rows = [each.bounding_box() for each in page.locator(".board .row:visible").all()]
    assert sum(row["y"] + row["height"] <= 800 for row in rows) >= 5
    inner = "node => node.scrollHeight - node.clientHeight"
    for part in (COLUMN, ".heatmap"):
        assert page.locator(part).evaluate(inner) <= 1, f"{part} scrolls within itself"
    page.evaluate("scrollTo(0, 1400)")
    page.wait_for_timeout(300)
    chart = page.locator(".heatmap").bounding_box()
    assert chart["y"] >= 0, "the maps stay in sight beside the rows"
    assert chart["y"] + chart["height"] <= 800
    # A map that has grown taller than the window keeps its beginning in sight, and scrolls.
    page.locator(".heatmap summary").click()
    for name in ("No_Beard", "Bangs", "Smiling"):
        page.get_by_label("Attribute to look at").select_option(name)
        page.get_by_role("button", name="Keep this map beside").click()
    page.evaluate("scrollTo(0, 1400)")
    page.wait_for_timeout(300)
    chart = page.locator(".heatmap").bounding_box()
    assert chart["y"] >= 0
    assert chart["y"] + chart["height"] <= 800
    assert page.locator(".heatmap").evaluate(inner) > 0


def test_the_page_opens_a_row_with_its_meaning_and_a_visitor_the_rest(visit):
    page = answered(visit())
    first = page.locator(".board .row.active")
    assert "get a yes" in first.locator(".meaning").inner_text()
    assert not first.locator(".more").is_visible()
    first.get_by_role("button", name="More about this row").click()
    assert first.locator(".more").is_visible()
    assert not first.locator(".unfold").is_visible()
    second = page.locator(".board .row:visible").nth(1)
    second.locator(".label").click()
    assert second.locator(".more").is_visible()
    assert page.locator(".board .row .meaning:visible").count() == 1, "one row at a time"


def test_a_row_that_the_page_has_opened_goes_with_its_face(visit, astronaut):
    canvas = Image.new("RGB", (1100, 560), "grey")
    canvas.paste(Image.open(astronaut).convert("RGB"), (20, 20))
    canvas.paste(Image.open(astronaut.with_name("hopper.jpg")).convert("RGB"), (560, 20))
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=95)
    tab = visit()
    page = tab.page
    tab.upload(file.getvalue())
    tab.status("done")
    opened = page.locator(".board .row.active .label")
    chosen = page.locator(".board .row.chosen .label")
    first = opened.inner_text()
    assert chosen.inner_text() == first
    page.get_by_role("button", name="Face 2").click()
    until(page, "document.querySelector('.intake .status').textContent.includes('face 2')")
    assert chosen.inner_text() != first, "another row is most telling of another face"
    assert opened.all_inner_texts() == [chosen.inner_text()]
    # What a visitor has opened stays open.
    tab.row("Smiling").locator(".label").click()
    page.get_by_role("button", name="Face 1").click()
    until(page, "document.querySelector('.intake .status').textContent.includes('face 1')")
    assert chosen.inner_text() == first
    assert opened.inner_text().startswith("Smiling")


def test_every_sign_on_a_row_is_explained_to_who_has_no_mouse(visit):
    page = answered(visit(**PHONE))
    legend = page.get_by_role("list", name="What the signs mean")
    for words in ("the threshold", "too close to call", "shifted, scaled, lit", "told apart"):
        assert words in legend.inner_text()
    signs = legend.locator(".sign").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect().width)"
    )
    assert min(signs) >= 8
    # No answer is certain, however little it moves.
    row = page.locator(".board .row:visible", has_text=">0.99").first
    row.locator(".label").click()
    assert "1.00" not in row.locator(".range").inner_text()


def test_views_that_show_nothing_leave_no_gap(visit):
    tab = visit()
    page = tab.page
    page.locator(".board .empty").wait_for()
    page.locator(".teach summary").first.wait_for()
    board, teach = (page.locator(part).bounding_box() for part in (".board", ".teach"))
    assert teach["y"] - board["y"] - board["height"] <= 24


def test_a_first_photo_that_cannot_be_read_leaves_the_page_as_it_was(visit, astronaut):
    tab = visit(**PHONE)
    page = tab.page
    page.locator(".showcase").wait_for()
    before = page.locator(".intake .well").bounding_box()
    tab.upload(b"no photo", "notes.jpg")
    assert "not a photo" in tab.status("error")
    assert page.locator(".showcase").is_visible(), "the example's answer is gone"
    assert page.get_by_role("button", name="Choose a photo").is_visible()
    assert page.locator(".intake .well").bounding_box()["y"] == before["y"]
    page.get_by_role("button", name="Clear", exact=True).click()
    until(page, "document.querySelector('.intake .status').textContent === ''")
    tab.upload(astronaut.read_bytes())
    tab.status("done")
    tab.upload(b"no photo", "notes.jpg")
    tab.status("error")
    assert page.get_by_role("button", name="Another photo").is_visible()
    assert page.locator(".board .sentence").is_visible(), "the answer before stays"
