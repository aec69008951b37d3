"""The board in Chromium: thresholds under a finger, order, words, guesses."""

import re

import pytest
from visit import Visit, until

from facelens import load_model
from facelens.tasks.attributes.prior import yes_among

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
    sliders = page.locator(".board .row > .bar input")
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
    tab.show_all()
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
    slider, handle, value = (
        row.locator(f"> .bar {part}") for part in ("input", ".handle", ".value")
    )
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
    width = row.locator("> .bar").bounding_box()["width"]
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
    slider, bar = row.locator("> .bar input"), row.locator("> .bar")
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + 0.8 * box["width"], y)
    assert slider.input_value() == "0.5"
    assert row.locator(".label").get_attribute("aria-pressed") == "true", "a click opens the row"
    x, y = middle(bar.locator(".handle"))
    page.mouse.click(x + 4, y)
    assert slider.input_value() == "0.5", "a click on the handle makes it jump"
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 0.3 * box["width"], y, steps=5)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert slider.input_value() == "0.5"
    x, y = middle(bar.locator(".handle"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 0.3 * box["width"], y, steps=5)
    page.mouse.up()
    assert slider.input_value() == "0.8"
    page.keyboard.press("ArrowLeft")
    assert slider.input_value() == "0.79"
    assert bar.locator(".value").text_content() == "0.79"
    assert re.fullmatch(
        "0.79, so the verdict is (yes|no|doubtful)", slider.get_attribute("aria-valuetext")
    )


def test_the_board_opens_on_the_most_telling_rows_and_the_map_stands_under_the_sentence(visit):
    tab = visit(**PHONE)
    page = tab.page
    assert tab.rows() == 8
    assert page.get_by_label("Order of the rows").input_value() == "telling"
    first = page.locator(".board .lists .row:visible .label").first.inner_text()
    assert first.startswith("Bangs"), "as rare as nothing else in this face"
    assert "bangs" in page.locator(".board .sentence").inner_text().partition(",")[0]
    parts = (".picture", ".board .sentence", ".heatmap", ".board .answers", ".inside")
    tops = [page.locator(part).bounding_box()["y"] for part in parts]
    assert tops == sorted(tops)
    page.get_by_role("button", name="Show all 32 rows").click()
    assert tab.rows() == 32
    page.get_by_role("button", name="Show the 8 most telling").click()
    assert tab.rows() == 8
    page.get_by_label("Find a row").fill("hair")
    assert 4 <= tab.rows() <= 8, "what is searched for is found among all rows"
    page.get_by_label("Find a row").fill("")
    page.get_by_label("Order of the rows").select_option("group")
    assert tab.rows() == 32
    page.get_by_role("button", name="Reset").click()
    assert tab.rows() == 8
    page.set_viewport_size({"width": 1280, "height": 800})
    sentence, rows = (
        page.locator(f".board {part}").bounding_box() for part in (".said", ".answers")
    )
    assert rows["x"] == sentence["x"]
    assert rows["y"] >= sentence["y"] + sentence["height"]


def test_words_come_first_and_numbers_on_request(visit):
    tab = visit()
    page = tab.page
    presets = page.get_by_role("group", name="Thresholds for all rows").get_by_role("button")
    assert presets.all_inner_texts() == [
        "Even odds", "Fewest mistakes (F1)", "Fair to both", "Nine in ten right",
        "Nine in ten, guaranteed",
    ]  # fmt: skip
    how = page.locator(".board .folded details").first
    assert "precision" not in page.locator(".board .answers").inner_text()
    how.locator("summary").click()
    assert "2 · precision · recall" in how.inner_text()
    assert re.search(r"precision 0\.\d\d, recall 0\.\d\d", how.inner_text())
    row = tab.row("Bangs")
    row.locator(".label").click()
    assert "false-positive rate" not in row.inner_text()
    row.get_by_role("button", name="How is this computed?").click()
    assert re.search(r"false-positive rate f 0\.\d{3} \(0", row.inner_text())


def test_a_yes_means_less_where_it_is_rare(visit):
    tab = visit()
    page = tab.page
    row = tab.row("Bangs")
    row.locator(".label").click()
    meaning = row.locator(".common p")
    pattern = (
        r"Among people of whom (\S+) % are labelled so, "
        r"a yes would be right in (\d+) of 100 \((\d+) to (\d+)\)\."
    )
    base, right, low, high = map(float, re.fullmatch(pattern, meaning.inner_text()).groups())
    labelled = float(load_model().curves.prevalence[load_model().names.index("Bangs")])
    assert base == round(100 * labelled)
    assert low < right < high
    slider = page.get_by_role("slider", name="How common Bangs is where you are")
    tab.calm()
    sent = len(tab.said)
    slider.fill("4")
    told = re.fullmatch(pattern, meaning.inner_text())
    assert float(told[1]) == 2
    found = load_model().curves
    share = yes_among(found, "Bangs", 0.5, 0.02)
    assert [int(each) for each in told.groups()[1:]] == [
        round(100 * each) for each in (share.value, share.low, share.high)
    ]
    # One question for all rows.
    page.get_by_text("Where you are, and what a mistake costs").click()
    page.get_by_label(
        "How common is it where you are?", exact=False
    ).last.scroll_into_view_if_needed()
    page.locator(".ifs select").first.select_option("half")
    halved = float(re.fullmatch(pattern, meaning.inner_text())[1])
    assert halved == pytest.approx(50 * labelled, abs=0.26)
    assert len(tab.said) == sent, "it asked the kernel"


def test_the_dearer_a_false_yes_the_fewer_yeses(visit):
    tab = visit()
    page = tab.page
    page.get_by_text("Where you are, and what a mistake costs").click()
    costs = page.locator(".ifs select").last
    costs.select_option("20")
    page.locator(".folded [role=status]", has_text="costs least").wait_for()
    dear = dict(thresholds(page))
    costs.select_option("0.1")
    until(page, "was => document.querySelector('.row > .bar input').value < was", arg="0.5")
    cheap = dict(thresholds(page))
    assert all(float(dear[name]) >= float(cheap[name]) for name in dear)
    row = tab.row("Bangs")
    row.locator(".label").click()
    said = row.locator(".cheapest").inner_text()
    low, high = map(float, re.search(r"\((\S+) to (\S+)\)", said).groups())
    assert low <= float(cheap["Threshold for Bangs"]) <= high
    page.get_by_role("button", name="Even odds", exact=True).click()
    assert not row.locator(".cheapest").is_visible()
    assert costs.input_value() == ""


def test_a_visitor_guesses_before_the_network_answers(visit, astronaut):
    tab = visit()
    page = tab.page
    assert not page.locator(".guess").is_visible()
    page.get_by_role("button", name="Guess first").click()
    assert tab.rows() == 8, "a face that is answered already is not taken away"
    tab.upload(astronaut.read_bytes())
    page.get_by_role("heading", name="What do you see?").wait_for()
    tab.calm()
    sent = len(tab.said)
    for part in (".board .sentence", ".board .answers", ".heatmap figure", ".inside"):
        assert not page.locator(part).first.is_visible(), part
    labels = page.locator(".guess li > span:first-child").all_inner_texts()
    assert labels == ["Smiling", "Mouth slightly open", "Eyeglasses", "Bangs", "Hat"]
    for label, guess in zip(labels, ("yes", "yes", "yes", "yes", "no"), strict=True):
        page.get_by_role("button", name=f"{label}: {guess}").click()
    page.get_by_role("button", name="Show the answers").click()
    assert page.locator(".board .sentence").is_visible()
    assert "agree on 4 of 5" in page.locator(".guess").inner_text()
    page.get_by_role("button", name="Eyeglasses, who is right?: the network is").click()
    assert "right 0 of 1 times" in page.locator(".guess").inner_text()
    assert "✓" in tab.row("Eyeglasses").locator(".chip").inner_text()
    page.get_by_role("button", name="Close").click()
    assert not page.locator(".guess").is_visible()
    assert len(tab.said) == sent, "a guess left the page"
