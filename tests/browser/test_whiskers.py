"""Whiskers in Chromium: they come after the answer, change no verdict, and go with their face."""

import io

import pytest
from PIL import Image
from visit import Visit, until

pytestmark = pytest.mark.browser
DRAWN = "document.querySelectorAll('.board .whisker').length"
CHIPS = ".board .chip"


@pytest.fixture
def tab(browser, dashboard):
    visit = Visit(browser, dashboard)
    yield visit
    visit.page.goto("about:blank")
    visit.page.close()
    assert visit.problems == []


def two_faces(astronaut):
    face = Image.open(astronaut).convert("RGB").crop((100, 0, 340, 240))
    canvas = Image.new("RGB", (640, 320), "grey")
    canvas.paste(face, (40, 40))
    canvas.paste(face.resize((180, 180)), (380, 80))
    file = io.BytesIO()
    canvas.save(file, "JPEG")
    return file.getvalue()


def test_whiskers_come_after_the_answer_and_go_with_their_face(tab, astronaut):
    tab.page.evaluate(
        """() => {
            window.seen = [];
            new MutationObserver(() => {
                const rows = document.querySelectorAll('.board .row').length;
                const drawn = document.querySelectorAll('.board .whisker').length;
                const last = window.seen.at(-1);
                if (rows && (!last || last[0] !== rows || last[1] !== drawn))
                    window.seen.push([rows, drawn]);
            }).observe(document.body, {childList: true, subtree: true});
        }"""
    )
    tab.upload(two_faces(astronaut))
    tab.status("done")
    chips = tab.page.locator(CHIPS).all_inner_texts()
    until(tab.page, f"{DRAWN} === 40")
    assert tab.page.evaluate("window.seen")[0] == [40, 0], "the answer stood there before"
    assert tab.page.locator(CHIPS).all_inner_texts() == chips, "they change no verdict"

    row = tab.row("Bangs")
    bar = row.locator(".track").first.bounding_box()
    whisker = row.locator(".whisker").bounding_box()
    end = bar["x"] + row.locator(".fill").first.bounding_box()["width"]
    assert whisker["x"] - 2 <= end <= whisker["x"] + whisker["width"] + 2
    assert bar["x"] - 1 <= whisker["x"]
    assert whisker["x"] + whisker["width"] <= bar["x"] + bar["width"] + 2
    words = row.locator(".whisker").get_attribute("aria-label")
    assert words.endswith("when the picture changes a little")
    row.locator(".label").click()
    assert words.partition(" when")[0] in row.locator(".range").inner_text()

    before = tab.page.locator(".board .whisker").first.evaluate("each => (window.old = each, 1)")
    assert before
    tab.page.get_by_role("button", name="Face 2").first.click()
    until(tab.page, "!window.old.isConnected")
    until(tab.page, f"{DRAWN} === 40")
    tab.page.get_by_role("button", name="Clear").first.click()
    until(tab.page, f"{DRAWN} === 0")
