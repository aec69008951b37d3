"""Inside the network, in Chromium: its layers, and the first of them step by step."""

import re
from itertools import pairwise

import pytest
from visit import Visit, until

from facelens.tasks import load_model

pytestmark = pytest.mark.browser
MINUS = "\u2212"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
STILL = {"reduced_motion": "reduce"}


@pytest.fixture
def answered(browser, dashboard):
    """Open the page, with the example answered and both views drawn."""
    visits = []

    def open_page(**options):
        visits.append(tab := Visit(browser, dashboard, **options))
        tab.page.get_by_role("button", name="Try the example").click()
        tab.status("done")
        for view in (".inside", ".steps"):
            tab.page.locator(view).scroll_into_view_if_needed()
            tab.page.locator(f"{view} button img").first.wait_for()
        return tab

    yield open_page
    for each in visits:
        each.page.goto("about:blank")
        each.page.close()
        assert each.problems == [], "the page's own script failed"


def numbers(text):
    return [float(each.replace(MINUS, "-")) for each in re.findall(rf"{MINUS}?\d+\.\d\d", text)]


def hundredths(text):
    return round(100 * float(text.replace(MINUS, "-")))


def boxes(page, selector):
    return [each.bounding_box() for each in page.locator(selector).all() if each.is_visible()]


def apart(one, other):
    """Pixels between two boxes, below zero if one lies over the other."""
    across = max(one["x"], other["x"]) - min(one["x"] + one["width"], other["x"] + other["width"])
    down = max(one["y"], other["y"]) - min(one["y"] + one["height"], other["y"] + other["height"])
    return max(across, down)


def test_a_layer_is_opened_from_the_picture_of_the_network(answered):
    page = answered().page
    blocks = page.locator(".inside .blocks")
    views = load_model().config.layers
    assert blocks.get_by_role("button").count() == len(views)
    assert blocks.locator("li").count() == len(views) + 2, "not from the face to the answers"
    assert blocks.locator("li").last.inner_text().split() == ["Answers", "40"]
    marked = page.locator('.inside .blocks [aria-pressed="true"]')
    assert marked.inner_text().split("\n") == ["Stem convolution", "32 maps", "64 \u00d7 80"]
    before = page.locator(".inside .grid img").first.get_attribute("src")
    wider = [box["width"] for box in boxes(page, ".inside .blocks button svg")]
    assert wider[0] > wider[2] > wider[3], "blocks are not drawn as large as their maps"

    # By keyboard, as with a finger.
    page.get_by_role("button", name=re.compile("Stage 3")).focus()
    page.keyboard.press("Enter")
    until(
        page,
        "was => document.querySelector('.inside .grid img')?.getAttribute('src') !== was",
        arg=before,
    )
    assert marked.inner_text().startswith("Stage 3")
    assert page.locator(".inside [aria-live]").inner_text().startswith("Stage 3.")


def test_maps_stand_in_eight_columns_or_four_below_what_was_counted_in_the_one_that_opens(answered):
    tab = answered()
    page = tab.page
    for width, columns in ((1280, 8), (390, 4)):
        page.set_viewport_size({"width": width, "height": 844})
        tiles = boxes(page, ".inside .grid button")
        assert len({round(tile["x"]) for tile in tiles}) == columns
        assert min(min(tile["width"], tile["height"]) for tile in tiles) >= 44
        facts = page.locator(".inside .facts").bounding_box()
        assert facts["y"] + facts["height"] <= tiles[0]["y"]
    # It opens on the map that changes most, which comes first.
    tiles = page.locator(".inside .grid button")
    assert tiles.first.get_attribute("aria-pressed") == "true"
    deviations = []
    for i in (0, 1, 2, 20, 31):
        tiles.nth(i).click()
        assert page.locator('.inside .grid [aria-pressed="true"]').count() == 1
        deviations.append(numbers(page.locator(".inside .facts").inner_text())[3])
    assert deviations == sorted(deviations, reverse=True)
    face = page.locator(".inside .enlarged .face")
    assert not face.is_visible()
    page.get_by_label("Over the face", exact=True).check()
    assert face.is_visible()


def test_a_large_screen_has_the_network_beside_the_answers(answered):
    tab = answered(viewport={"width": 1920, "height": 1080}, **STILL)
    page = tab.page
    photo, board, inside, steps = (
        page.locator(f".{view}").bounding_box() for view in ("picture", "board", "inside", "steps")
    )
    assert photo["x"] < 100
    assert apart(photo, board) == apart(board, inside) == 32
    assert inside["x"] + inside["width"] > 1820
    assert inside["x"] == steps["x"]
    assert 0 < apart(inside, steps) <= 32, "there is a hole between them"
    assert page.evaluate("document.documentElement.scrollWidth") == 1920
    page.get_by_role("button", name="Clear").click()
    page.locator(".board .empty").wait_for()
    empty = page.locator(".board").bounding_box()
    assert empty["x"] + empty["width"] > 1820, "what is empty has a column of its own"


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_nothing_lies_over_the_pictures_of_step_by_step_and_captions_keep_apart(answered, options):
    page = answered(**options, **STILL).page
    for top in (8, 500):  # wherever it is scrolled to
        page.locator(".steps .strip").evaluate(
            "(node, top) => scrollBy(0, node.getBoundingClientRect().top - top)", top
        )
        here = page.locator(".steps .here").bounding_box()
        for picture in boxes(page, ".steps .frame"):
            assert apart(here, picture) >= 8
    captions = page.locator(".steps .title").evaluate_all(
        """titles => titles.map((title) => {
            const range = document.createRange();
            range.selectNodeContents(title);
            const { x, y, width, height } = range.getBoundingClientRect();
            return { x, y, width, height };
        })"""
    )
    assert len(captions) == 5
    for i, one in enumerate(captions):
        assert all(apart(one, other) >= 8 for other in captions[:i])
    below = boxes(page, ".steps .captions li")
    assert len(below) == 5
    assert all(apart(one, other) >= 8 for one, other in pairwise(below))
    # What is said of another place may be longer; what lies below stays where it is.
    # Within the view: what lies above it may still come.
    place = lambda: (  # noqa: E731
        page.locator(".steps .squares").bounding_box()["y"]
        - page.locator(".steps").first.bounding_box()["y"]
    )
    before = place()
    picture = page.locator(".steps .live").first
    picture.focus()
    for _ in range(12):
        picture.press("ArrowUp")
        assert place() == pytest.approx(before, abs=0.5)


def test_the_products_at_a_place_add_up_to_what_is_shown(answered):
    tab = answered(**STILL)
    page = tab.page
    here = page.locator(".steps .here")
    filters = page.locator(".steps .filters button")
    assert filters.count() == 32
    # Other views may speak with the kernel meanwhile.
    asked = lambda: sum('"ask","channel"' in str(each) for each in tab.said)  # noqa: E731
    once = asked()
    assert once == 1
    frame = page.locator(".steps .live").first
    places = set()
    for x, y in ((20, 30), (60, 60), (1, 60), (90, 120)):
        frame.hover(position={"x": x, "y": y})
        places.add(here.inner_text())
        assert page.locator(".steps .cell").count() == 27
        sums = []
        for colour in page.locator(".steps .colour").all():
            products = [hundredths(each) for each in colour.locator(".cell b").all_inner_texts()]
            sums.append(hundredths(colour.locator("p b").inner_text()))
            assert sum(products) == sums[-1]
            assert any(products)
            for factors, product in zip(
                colour.locator(".factors").all_inner_texts(), products, strict=True
            ):
                pixel, weight = numbers(factors)
                assert abs(pixel * weight - product / 100) < 0.01 + 0.005 * (pixel + abs(weight))
        red, green, blue, bias, total = (
            round(100 * each) for each in numbers(here.inner_text())[:5]
        )
        assert [red, green, blue] == sums
        assert sum(sums) + bias == total == hundredths(here.locator(".total").inner_text())
    assert len(places) == 4
    before = here.inner_text()
    frame.focus()
    frame.press("ArrowDown")
    assert here.inner_text() != before
    assert asked() == once, "following a place asked the kernel"
    filters.nth(7).click()
    page.locator('.steps .filters button:nth-child(8)[aria-pressed="true"]').wait_for()


def test_on_a_phone_a_place_is_touched(answered):
    page = answered(**PHONE, **STILL).page
    here = page.locator(".steps .here")
    before = here.inner_text()
    page.locator(".steps .live").first.scroll_into_view_if_needed()
    page.locator(".steps .live").first.tap(position={"x": 50, "y": 60})
    assert here.inner_text() != before
    for button in boxes(page, ".steps button"):
        assert min(button["width"], button["height"]) >= 44


def test_the_first_layer_is_played_once_and_can_be_paused(answered):
    tab = answered()
    page = tab.page
    page.locator(".steps .strip").scroll_into_view_if_needed()
    button = page.locator(".steps .control button")
    page.get_by_role("button", name="Pause").wait_for()
    until(page, "document.querySelectorAll('.steps .cell.wait').length > 0")
    assert page.locator(".steps .here").get_attribute("aria-live") == "off"
    page.locator(".steps .falling").wait_for()
    button.click()
    assert button.inner_text() == "Play"
    assert page.locator(".steps .wait").count() == 0, "a number stays hidden"
    button.click()
    assert button.inner_text() == "Pause"
    # After a few places the filter runs over the whole picture, and the maps come as it goes.
    veils = "[...document.querySelectorAll('.steps .veil')].map((veil) => veil.clientHeight)"
    until(page, f"{veils}.filter((height) => height > 10).length === 3")
    # Another filter, in the middle of it, is shown whole.
    page.locator(".steps .filters button").nth(3).click()
    page.locator('.steps .filters button:nth-child(4)[aria-pressed="true"]').wait_for()
    assert not any(page.evaluate(veils))
    button.click()
    assert button.inner_text() == "Pause"
    # Whoever points at a place wants to see that place.
    page.locator(".steps .live").first.hover(position={"x": 20, "y": 30})
    assert button.inner_text() == "Play"
    assert page.locator(".steps .wait").count() == 0
    assert not any(page.evaluate(veils))


def test_who_asks_for_less_motion_sees_the_steps_at_rest(answered):
    page = answered(**STILL).page
    page.locator(".steps .strip").scroll_into_view_if_needed()
    here = page.locator(".steps .here")
    before = here.inner_text()
    page.wait_for_timeout(600)
    assert here.inner_text() == before
    page.get_by_role("button", name="Next place").click()
    assert here.inner_text() != before
    assert page.locator(".steps .falling, .steps .wait").count() == 0
