"""Teach it a word, in a browser: photos into two wells, a sentence, a row on the board."""

import io

import numpy as np
import pytest
from PIL import Image
from visit import Visit, until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def photos(astronaut):
    """Six photos in dim light and six in bright light, and one without a face."""
    pixels = np.asarray(Image.open(astronaut).convert("RGB").crop((60, 0, 380, 320)))
    rng = np.random.default_rng(0)

    def file(name, made):
        stream = io.BytesIO()
        Image.fromarray(made.astype(np.uint8)).save(stream, "JPEG", quality=95)
        return {"name": name, "mimeType": "image/jpeg", "buffer": stream.getvalue()}

    lows = [0.25] * 6 + [0.85] * 6
    faces = [file(f"{i}.jpg", pixels * (low + 0.1 * rng.random())) for i, low in enumerate(lows)]
    return faces[:6], faces[6:], file("grey.jpg", np.full((200, 200, 3), 90))


@pytest.fixture
def visit(browser, dashboard, request):
    opened = Visit(browser, dashboard, **getattr(request, "param", {}))
    yield opened
    opened.page.close()


def example(page):
    page.get_by_role("button", name="Try the example").click()
    page.locator('.intake .status[data-state="done"]').wait_for()


def give(page, well, files):
    place = page.locator(".teach .place").nth(well)
    with page.expect_file_chooser() as chooser:
        place.get_by_role("button", name="Add photos").click()
    chooser.value.set_files(files)


def open_panel(page):
    page.locator(".teach summary").click()


def counts(page):
    return page.evaluate(
        "[...document.querySelectorAll('.teach .place .strip')].map((s) => s.childElementCount)"
    )


def learn(page, word="dim light"):
    until(page, "document.querySelectorAll('.teach .place .tile').length === 12")
    page.get_by_label("The word").fill(word)
    page.get_by_role("button", name="Learn the word").click()
    page.locator(".teach .result").wait_for()


def test_a_word_is_taught_from_photos(visit, photos):
    page = visit.page
    example(page)
    assert not page.get_by_label("The word").is_visible()  # folded by default
    open_panel(page)
    yes, no, grey = photos
    give(page, 0, [*yes, grey])
    give(page, 1, no)
    learn(page)
    assert "grey.jpg: No face was found" in page.locator(".teach .troubles").inner_text()
    assert counts(page) == [6, 6]
    sentence = page.locator(".teach .result .sentence").inner_text()
    assert "leave-one-out AUC" in sentence
    assert "“dim light”" in sentence
    assert "your judgement, not a fact about people" in page.locator(".teach").inner_text()
    until(page, "document.querySelectorAll('.board .row').length === 41")
    visit.show_all()
    row = visit.row("Dim light")
    row.wait_for()
    assert visit.rows() == 33
    until(page, "document.querySelector('.heatmap select').selectedOptions[0].text === 'Dim light'")
    assert (
        page.locator(".teach .answer b").inner_text()
        == row.locator(".probability").inner_text().removeprefix("probability").strip()
    )
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download the head").click()
    assert saved.value.suggested_filename == "dim-light.safetensors"
    page.get_by_role("button", name="Forget all").click()
    until(page, "document.querySelectorAll('.board .row').length === 40")
    assert counts(page) == [0, 0]
    assert not page.locator(".teach .result").is_visible()
    assert not visit.problems
    assert not visit.foreign()


def test_a_face_is_taken_away_and_the_one_on_the_page_is_given(visit, photos):
    page = visit.page
    open_panel(page)
    current = page.locator(".teach .place").first.get_by_role("button", name="This face")
    assert current.is_disabled()
    example(page)
    current.click()
    until(page, "document.querySelectorAll('.teach .tile').length === 1")
    page.locator(".teach .tile").click()
    until(page, "document.querySelectorAll('.teach .tile').length === 0")
    give(page, 1, photos[1][:2])
    until(page, "document.querySelectorAll('.teach .tile').length === 2")
    page.get_by_role("button", name="Learn the word").click()
    page.locator(".teach .trouble").wait_for()
    page.get_by_role("button", name="Clear", exact=True).click()
    until(page, "document.querySelectorAll('.teach .tile').length === 0")


def test_a_photo_dropped_on_a_well_is_taught_and_not_looked_at(visit, photos):
    page = visit.page
    open_panel(page)
    data = list(photos[0][0]["buffer"])
    page.evaluate(
        """(data) => {
          const given = new DataTransfer();
          given.items.add(new File([new Uint8Array(data)], "a.jpg", { type: "image/jpeg" }));
          document.querySelectorAll(".teach .place")[1].dispatchEvent(
            new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true }));
        }""",
        data,
    )
    until(page, "document.querySelectorAll('.teach .tile').length === 1")
    assert counts(page) == [0, 1]
    assert page.locator(".intake .status").get_attribute("data-state") == "empty"


@pytest.mark.parametrize(
    "visit",
    [{"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}],
    indirect=True,
)
def test_on_a_phone_it_fits_and_buttons_are_large(visit):
    page = visit.page
    open_panel(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    low = page.evaluate(
        """Math.min(...[...document.querySelectorAll(".teach button, .teach summary")]
          .filter((each) => each.getClientRects().length)
          .map((each) => each.getBoundingClientRect().height))"""
    )
    assert low >= 44
