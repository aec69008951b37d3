"""The choice of the network in Chromium: near the top, with what each is worth."""

import re

import pytest
from visit import Visit, until

from facelens import load_model

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(browser, dashboard):
    visits = []

    def open_page(**options):
        visits.append(Visit(browser, dashboard, **options))
        return visits[-1]

    yield open_page
    for each in visits:
        each.page.goto("about:blank")
        each.page.close()
        assert each.problems == []


def test_the_list_says_accuracy_and_milliseconds_and_which_is_the_weaker(visit):
    tab = visit()
    page = tab.page
    page.get_by_role("button", name="Try the example").click()
    tab.status("done")
    select = page.get_by_role("combobox", name="Network")
    texts = dict(
        select.evaluate("node => [...node.options].map((each) => [each.value, each.text])")
    )
    for name in ("mobilenet_v2", "resnet50"):
        model = load_model(name)
        accuracy = 100 * model.config.metrics["test"]["overall"]["accuracy"]["value"]
        assert texts[name].startswith(f"{model.title} · {accuracy:.1f} % · ")
        assert re.search(r"· [\d.]+ ms\b", texts[name])
    assert texts["resnet50"].endswith("· weaker")
    assert "weaker" not in texts["mobilenet_v2"]
    facts = page.locator(".network .facts")
    assert re.fullmatch(
        r"[\d.]+ % right \([\d.]+\u2013[\d.]+\), best on the list; [\d.]+ ms here",
        facts.inner_text(),
    )
    select.select_option("resnet50")
    until(page, "document.querySelector('.network .facts').textContent.includes('weaker')")
    page.get_by_role("button", name="Model card").click()
    over = page.locator("dialog[open] .text > p").first
    faces = load_model("resnet50").config.metrics["test"]["faces"]
    over.filter(has_text=f"{faces:,} test faces of CelebA").wait_for()
    assert "on one core of" in over.inner_text()


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_the_choice_stands_near_the_top(visit, size):
    width, height = size
    tab = visit(viewport={"width": width, "height": height}, has_touch=width < 500)
    page = tab.page
    page.get_by_role("button", name="Try the example").click()
    tab.status("done")
    page.locator(".board .row").first.wait_for()
    select = page.locator(".network select").bounding_box()
    sentence = page.locator(".board .sentence").bounding_box()
    if width < 500:  # the answer comes first, as a whole, and the choice under its map
        chart, rows = (page.locator(each).bounding_box() for each in (".heatmap", ".board .lists"))
        assert sentence["y"] + sentence["height"] <= height
        assert chart["y"] + chart["height"] <= select["y"] < rows["y"]
    else:
        assert select["y"] < sentence["y"] < height
    line = page.locator(".network .line").bounding_box()
    assert line["height"] <= 80, "compactly"
    if width < 500:
        assert select["height"] >= 44
        assert line["x"] + line["width"] <= width
