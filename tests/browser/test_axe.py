"""What axe-core finds on the pages: nothing, of all its rules but the experimental ones."""

import io
import os
import sys

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from serving import ROOT, free_port, served
from visit import Visit

pytestmark = pytest.mark.browser
SIZES = {"phone": (390, 844), "desk": (1280, 800)}


@pytest.fixture(params=SIZES)
def options(request):
    """A tab of that size at rest: a number that has yet to appear has no contrast to measure."""
    width, height = SIZES[request.param]
    touch = {"has_touch": True, "is_mobile": True} if request.param == "phone" else {}
    return {"viewport": {"width": width, "height": height}, "reduced_motion": "reduce", **touch}


@pytest.fixture(scope="module")
def live():
    """The address of the camera's page."""
    if os.environ.get("FACELENS_PAGE"):
        pytest.skip("FACELENS_PAGE names a page for photos")
    port = free_port()
    command = [sys.executable, "-m", "facelens", "live", "--no-browser", "--port", str(port)]
    with served([*command, "--detector", "haar"], port, ROOT) as address:
        yield address


def faults(page):
    """Violations in light and dark, as (scheme, rule, elements)."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += [
            (scheme, fault["id"], [node["html"][:160] for node in fault["nodes"][:4]])
            for fault in Axe().run(page).response["violations"]
        ]
    return found


def two(astronaut):
    """A photo of two faces."""
    face = Image.open(astronaut).convert("RGB").crop((100, 0, 340, 240))
    canvas = Image.new("RGB", (640, 320), "grey")
    canvas.paste(face, (40, 0))
    canvas.paste(face.resize((180, 180)).point(lambda value: value * 0.7), (380, 120))
    file = io.BytesIO()
    canvas.save(file, "PNG")
    return file.getvalue()


def leave(tab):
    tab.page.goto("about:blank")  # unlike a closed tab this lets Voilà end its kernel
    tab.page.close()


def test_axe_finds_nothing_before_a_photo_comes_and_after_it_is_answered(
    browser, dashboard, options
):
    tab = Visit(browser, dashboard, **options)
    page = tab.page
    page.locator(".board .empty").wait_for()
    assert faults(page) == [], "of the empty page"
    page.get_by_role("button", name="Try the example").click()
    tab.status("done")
    page.get_by_role("button", name="Keep this face to compare").click()
    page.get_by_role("button", name="Explain every row").click()
    page.get_by_role("button", name="Keep this map beside").click()
    page.locator(".board .judgements summary").click()
    for view in (".inside", ".steps"):
        page.locator(view).scroll_into_view_if_needed()
        page.locator(f"{view} button img").first.wait_for()
    assert faults(page) == [], "of the page with a face"
    page.get_by_role("button", name="About this page").click()
    assert faults(page) == [], "of the panel about the page"
    leave(tab)


def test_axe_finds_nothing_where_faces_are_compared_exchanged_and_taken_home(
    browser, dashboard, options, astronaut
):
    tab = Visit(browser, dashboard, **options)
    page = tab.page
    tab.upload(two(astronaut), "two.png", "image/png")
    tab.status("done")
    page.get_by_role("button", name="Keep this face to compare").click()
    page.locator(".compare", has_text="Kept.").wait_for()
    page.get_by_role("button", name="Face 2").click()
    page.locator(".compare .exchange").get_by_role("button", name="Hair", exact=True).click()
    page.get_by_role("img", name="The second face with the hair of the first").wait_for()
    with page.expect_download():
        page.get_by_role("button", name="Card to share").click()
    page.get_by_role("button", name="More about this row").click()
    for fold in page.locator(".board .folded summary, .compare summary, .teach summary").all():
        if fold.is_visible():
            fold.click()
    assert faults(page) == []
    leave(tab)


def test_axe_finds_nothing_on_the_camera_s_page(browser, live, options):
    page = browser.new_page(**options)
    page.goto(live)
    page.get_by_role("button", name="Start the camera").wait_for()
    page.locator(".board").first.wait_for()
    assert faults(page) == []
    page.goto("about:blank")
    page.close()


def test_axe_would_find_a_picture_without_words(browser, dashboard, options):
    tab = Visit(browser, dashboard, **options)
    tab.page.evaluate(
        """() => {
            const picture = new Image(8, 8);
            picture.src = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";
            document.body.append(picture);
        }"""
    )
    assert "image-alt" in {rule for _, rule, _ in faults(tab.page)}
    leave(tab)
