"""Maps, photo and exchange in Chromium, used as a person would."""

import io

import numpy as np
import pytest
from PIL import Image
from visit import Visit, until

from facelens import find_faces, load_model, read_photo
from facelens.explain.maps import COLUMNS, ROWS, occlusion

KINDS = ("covering", "exact")
pytestmark = pytest.mark.browser
COVERED = "document.querySelector('.heatmap .covering')?.ariaBusy === 'false'"


@pytest.fixture
def visit(browser, dashboard):
    visits = []

    def open_page(**options):
        visits.append(Visit(browser, dashboard, **options))
        return visits[-1]

    yield open_page
    for each in visits:
        each.page.goto("about:blank")  # unlike a closed tab this lets Voilà end its kernel
        each.page.close()
        assert each.problems == [], "the page's own script failed"
        assert each.foreign() == [], "the page asks nobody but its own host"


@pytest.fixture
def two(astronaut):
    """A photo of two faces: one over the upper edge's height, one lower."""
    face = Image.open(astronaut).convert("RGB").crop((100, 0, 340, 240))
    canvas = Image.new("RGB", (640, 320), "grey")
    canvas.paste(face, (40, 0))
    canvas.paste(face.resize((180, 180)).point(lambda value: value * 0.7), (380, 120))
    file = io.BytesIO()
    canvas.save(file, "PNG")
    return file.getvalue()


def warmest(tab, kind):
    """Row and column, 0 to 1, of the most colourful spot of a map on the page."""
    pixels = tab.page.locator(f".heatmap .{kind} canvas").evaluate(
        """canvas => {
            const { width, height } = canvas;
            return [width, height,
              ...canvas.getContext("2d").getImageData(0, 0, width, height).data];
        }"""
    )
    width, height, *data = pixels
    rgb = np.array(data, np.float32).reshape(height, width, 4)[..., :3]
    yellow = rgb[..., :2].mean(2) - rgb[..., 2]
    row, column = np.unravel_index(yellow.argmax(), yellow.shape)
    return row / height, column / width


def test_covering_comes_quietly_and_stands_first_where_it_points(visit, astronaut):
    tab = visit()
    page = tab.page
    page.get_by_role("button", name="Try the example").first.click()
    tab.status("done")
    until(page, COVERED)
    # The face opens on what is most telling about it, on the board and on the map.
    assert page.get_by_label("Attribute to look at").input_value() == "Bangs"
    assert tab.row("Bangs").locator(".label").get_attribute("aria-pressed") == "true"
    first, exact = (
        page.locator(f".heatmap .{kind}").bounding_box() for kind in ("covering", "exact")
    )
    assert first["x"] < exact["x"]
    assert first["y"] == exact["y"], "they stand side by side"
    assert "fell" in page.locator(".heatmap .caption").inner_text()
    why = page.locator(".heatmap .why").inner_text()
    assert "adds up" in why
    assert "beside what counts" in why
    crop = find_faces(read_photo(astronaut), detector="haar")[0].crop
    model = load_model()
    values = occlusion(model, crop).values
    for name, low, high in (("Bangs", 30, 104), ("Smiling", 136, 172)):
        tab.row(name).locator(".label").click()
        page.locator(f'.heatmap .covering canvas[aria-label*="{name}"]').wait_for()
        row, column = warmest(tab, "covering")
        assert low < 218 * row < high
        field = np.unravel_index(values[model.names.index(name)].argmax(), (ROWS, COLUMNS))
        assert (int(row * ROWS), int(column * COLUMNS)) == tuple(field)


def test_on_a_phone_the_maps_stand_under_the_sentence_and_before_the_rows(visit):
    tab = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    page = tab.page
    page.get_by_role("button", name="Try the example").first.click()
    tab.status("done")
    until(page, COVERED)
    top = lambda what: page.locator(what).first.bounding_box()["y"]  # noqa: E731
    order = [".picture .frame", ".board .sentence", ".heatmap .card", ".board .lists", ".compare"]
    assert sorted(order, key=top) == order
    boxes = [
        page.locator(f".heatmap .{kind} canvas").bounding_box() for kind in ("covering", "exact")
    ]
    assert all(box["width"] >= 150 for box in boxes)
    # A narrow list has its bars below the labels, as it had on its own.
    row = tab.row("Smiling")
    assert (
        row.locator("div.bar").bounding_box()["y"] > row.locator(".label").bounding_box()["y"] + 20
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_the_photo_is_larger_than_a_stamp_and_no_number_hides_a_face(visit, two, width):
    tab = visit(viewport={"width": width, "height": 800})
    page = tab.page
    page.get_by_role("button", name="Try the example").first.click()
    tab.status("done")
    assert page.locator(".picture .frame").bounding_box()["height"] >= 240
    assert page.locator(".picture .box span:visible").count() == 0
    assert page.get_by_role("button", name="Face 1").count() == 1
    tab.upload(two, "two.png", "image/png")
    page.get_by_role("button", name="Face 2").wait_for()
    frame = page.locator(".picture .frame").bounding_box()
    for box in page.locator(".picture .box").all():
        face, number = box.bounding_box(), box.locator("span").bounding_box()
        above = number["y"] + number["height"] <= face["y"] + 3
        below = number["y"] >= face["y"] + face["height"] - 3
        assert above or below, "outside the face"
        assert number["y"] >= frame["y"]
        assert number["y"] + number["height"] <= frame["y"] + frame["height"], "and not cut off"


def test_a_region_of_the_first_face_moves_answers_of_the_second(visit, two):
    tab = visit()
    page = tab.page
    page.get_by_role("button", name="Try the example").first.click()
    tab.status("done")
    part = page.locator(".compare .exchange")
    page.get_by_role("button", name="Keep this face to compare").click()
    page.locator(".compare", has_text="Kept.").wait_for()
    assert not part.is_visible()
    tab.upload(two, "two.png", "image/png")
    page.get_by_role("button", name="Face 2").click()
    part.wait_for()
    pictures = set()
    for region in ("Eyes", "Mouth", "Hair"):
        part.get_by_role("button", name=region, exact=True).click()
        picture = part.get_by_role(
            "img", name=f"The second face with the {region.lower()} of the first"
        )
        picture.wait_for()
        until(page, "![...document.images].some(image => image.src && !image.complete)")
        pictures.add(picture.get_attribute("src"))
        assert part.locator(".moves li:visible").count() == 5
    assert len(pictures) == 3
    moved = [
        float(t.replace("\u2212", "-")) for t in part.locator(".lists > .moves b").all_inner_texts()
    ]
    assert [abs(each) for each in moved] == sorted(map(abs, moved), reverse=True)
    assert len(moved) == 32, "the judgements are in the fold"
    assert part.locator("details").get_attribute("open") is None
    page.get_by_role("button", name="Forget the first face").click()
    page.get_by_role("button", name="Keep this face to compare").wait_for()
    assert not part.is_visible()
    assert part.locator("img[src]").count() == 0
    assert part.locator("li").count() == 0
