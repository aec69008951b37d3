"""The board in Chromium: thresholds under a finger, order, words, guesses."""

import re

import pytest
from visit import Visit, until

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def visit(browser, dashboard):
    visits = []

    def open_page(**options):
        visits.append(tab := Visit(browser, dashboard, **options))
        tab.page.get_by_role("button", name="Try the example").click()
        tab.status("done")
        return tab

    yield open_page
    for each in visits:
        each.page.goto("about:blank")  # unlike a closed tab this lets Voilà end its kernel
        each.page.close()
        assert each.problems == [], "the page's own script failed"
        assert each.foreign() == [], "the page asks nobody but its own host"


def thresholds(page):
    sliders = page.locator(".board input[type=range]")
    return sliders.evaluate_all("all => all.map((each) => [each.ariaLabel, each.value])")


def touch(page):
    """Send touches as a touchscreen does: `touch(kind, x, y)`."""
    session = page.context.new_cdp_session(page)

    def send(kind, *place):
        points = [{"x": place[0], "y": place[1]}] if place else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return send


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_swiping_over_the_board_moves_no_threshold(visit):
    """Twelve swipes upwards at each of five places, as a thumb reads on."""
    tab = visit(**PHONE)
    page = tab.page
    page.locator(".judgements summary").click()
    send = touch(page)
    before = thresholds(page)
    assert len(before) == 40
    for x in (40, 120, 195, 310, 365):
        page.locator(".board .sentence").evaluate("node => node.scrollIntoView()")
        start = page.evaluate("scrollY")
        for _ in range(12):
            # A thumb swings on a bow: some of the way is sideways.
            send("touchStart", x, 700)
            for step in range(1, 9):
                send("touchMove", x + step * 3, 700 - step * 40)
            send("touchEnd")
        assert page.evaluate("scrollY") > start + 1500, f"nothing scrolled at {x}"
        assert thresholds(page) == before, f"swipes at {x} moved a threshold"


def test_a_threshold_is_moved_by_its_handle_and_set_back_if_the_touch_becomes_a_scroll(visit):
    tab = visit(**PHONE)
    page, send = tab.page, touch(tab.page)
    row = page.locator(".board .row:visible").nth(1)
    slider, handle, value = (row.locator(part) for part in ("input", ".handle", ".value"))
    row.evaluate("node => node.scrollIntoView({ block: 'center' })")
    x, y = middle(handle)
    assert not value.is_visible()

    # On a track, away from the handle, a finger moves nothing; a tap opens the row.
    send("touchStart", x + 40, y)
    for step in range(10):
        send("touchMove", x + 40 + 6 * step, y)
    send("touchEnd")
    assert slider.input_value() == "0.5"
    page.touchscreen.tap(x + 60, y)
    assert "active" in row.get_attribute("class")
    assert slider.input_value() == "0.5"

    # Up to 24 px beside it a finger has it; the value floats above the finger meanwhile.
    row.evaluate("node => node.scrollIntoView({ block: 'center' })")
    x, y = middle(handle)
    width = row.locator(".bar").bounding_box()["width"]
    send("touchStart", x + 22, y)
    for step in range(1, 11):
        send("touchMove", x + 22 + width * 0.02 * step, y)
    assert value.is_visible()
    # A touchscreen's first millimetres are no movement yet.
    until(page, "() => Number(document.querySelector('.dragging .value').textContent) > 0.6")
    assert 0.6 < float(value.inner_text()) <= 0.7
    bubble = value.bounding_box()
    assert bubble["y"] + bubble["height"] < y - 20, "the finger is on the value"
    send("touchEnd")
    until(page, "!document.querySelector('.dragging')")
    moved = slider.input_value()
    assert 0.6 < float(moved) <= 0.7
    assert not value.is_visible()

    # What the browser takes for its own gesture has moved nothing.
    x, y = middle(handle)
    send("touchStart", x, y)
    for step in range(1, 6):
        send("touchMove", x - width * 0.04 * step, y)
    until(page, "() => Number(document.querySelector('.dragging .value').textContent) < 0.6")
    send("touchCancel")
    until(page, "!document.querySelector('.dragging')")
    assert slider.input_value() == moved


def test_a_mouse_moves_a_threshold_by_its_handle_alone_and_keys_still_do(visit):
    tab = visit()
    page = tab.page
    row = page.locator(".board .row:visible").nth(1)
    slider, bar = row.locator("input"), row.locator(".bar")
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + 0.8 * box["width"], y)
    assert slider.input_value() == "0.5"
    assert row.locator(".label").get_attribute("aria-pressed") == "true", "a click opens the row"
    x, y = middle(row.locator(".handle"))
    page.mouse.click(x + 4, y)
    assert slider.input_value() == "0.5", "a click on the handle makes it jump"
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 0.3 * box["width"], y, steps=5)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert slider.input_value() == "0.5"
    x, y = middle(row.locator(".handle"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 0.3 * box["width"], y, steps=5)
    page.mouse.up()
    assert slider.input_value() == "0.8"
    page.keyboard.press("ArrowLeft")
    assert slider.input_value() == "0.79"
    assert row.locator(".value").text_content() == "0.79"
    assert re.fullmatch(
        "0.79, so the verdict is (yes|no|doubtful)", slider.get_attribute("aria-valuetext")
    )
