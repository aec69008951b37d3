"""Maps, exchange and what a face opens on, without a browser: messages in, messages out."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from facelens import load_model
from facelens.explain import maps
from facelens.explain.exchange import REGIONS, exchange
from facelens.tasks.attributes.names import describe
from facelens.tasks.attributes.telling import most_telling
from facelens.tasks.attributes.thresholds import surprise
from facelens.ui import Selfie
from facelens.ui.covering import Covering
from facelens.ui.takehome import FORMS


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def page(model, sent):  # noqa: ARG001  it records what the page says from the first
    return Selfie(model, detector="haar")


def say(view, kind, *buffers, **content):
    """Deliver a message as the browser would."""
    view._handle_custom_msg({"kind": kind, **content}, [memoryview(data) for data in buffers])


def kinds(sent, view, start=0):
    return [content["kind"] for to, content, _ in sent[start:] if to is view]


def last(sent, view, kind):
    return [
        (content, buffers) for to, content, buffers in sent if (to, content["kind"]) == (view, kind)
    ][-1]


@pytest.fixture
def two(astronaut):
    """A photo of two faces, the second in half the light."""
    face = Image.open(astronaut).convert("RGB").crop((100, 0, 340, 240))
    canvas = Image.new("RGB", (640, 320), "grey")
    canvas.paste(face, (40, 40))
    canvas.paste(face.resize((180, 180)).point(lambda value: value * 0.6), (380, 80))
    file = io.BytesIO()
    canvas.save(file, "PNG")
    return file.getvalue()


def cover(page, sent):
    """Ask as the page does until the map is there; how often that was."""
    for wish in range(1, 200):
        say(page.heatmap, "ask", way="occlusion")
        if kinds(sent, page.heatmap)[-1] == "occlusion":
            return wish
        assert kinds(sent, page.heatmap)[-1] == "covering"
    pytest.fail("covering never ends")


def test_covering_waits_to_be_asked_and_comes_in_slices(page, sent, model, monkeypatch):
    say(page.intake, "example")
    assert not {"covering", "occlusion"} & set(kinds(sent, page.heatmap)), "the answer comes first"
    assert last(sent, page.heatmap, "face")[0]["first"] == "occlusion"
    monkeypatch.setattr(Covering, "seconds", 0)
    assert cover(page, sent) == 81, "a slow network is left after every look"
    done = [c["done"] for to, c, _ in sent if (to, c["kind"]) == (page.heatmap, "covering")]
    assert done == list(range(1, 81))
    content, [data] = last(sent, page.heatmap, "occlusion")
    whole = maps.occlusion(model, page._faces[0].crop)
    assert data == whole.values.astype(np.float32).tobytes()
    assert (content["passes"], content["count"]) == (81, len(model.names))
    # A view that is drawn again gets the map and nothing of the way there; asking again is cheap.
    start = len(sent)
    say(page.heatmap, "ready")
    assert "covering" not in kinds(sent, page.heatmap, start)
    say(page.heatmap, "ask", way="occlusion")
    assert last(sent, page.heatmap, "occlusion")[1] == [data]


def test_other_wishes_are_heard_between_two_slices_and_a_new_face_begins_anew(
    page, sent, two, monkeypatch
):
    say(page.intake, "photo", two, name="two.png")
    monkeypatch.setattr(Covering, "seconds", 0)
    page._covering.advance()
    assert 0 < page._covering.progress[0] < 81
    say(page.board, "choose", name="Eyeglasses")
    assert last(sent, page.board, "chosen")[0]["name"] == "Eyeglasses"
    before = page._covering
    say(page.picture, "pick", index=1)
    assert page._covering is not before
    assert page._covering.progress[0] == 0, "what is left of the face before is not covered"
    assert "covering" not in page.heatmap._shown
    say(page.intake, "clear")
    start = len(sent)
    say(page.heatmap, "ask", way="occlusion")
    assert kinds(sent, page.heatmap, start) == []
    assert page._covering is None


def test_a_face_that_cannot_be_covered_is_said_with_its_wish(page, sent, monkeypatch):
    say(page.intake, "example")

    def fail(*_args):
        raise RuntimeError

    monkeypatch.setattr(page._covering._check, "step", fail)
    say(page.heatmap, "ask", way="occlusion")
    assert last(sent, page.heatmap, "error")[0]["wish"] == "occlusion"


def test_a_network_whose_maps_point_well_shows_them_first(model, sent, monkeypatch):
    monkeypatch.setitem(model.config.metrics, "pointing", {"map": 0.8, "occlusion": 0.75})
    page = Selfie(model, detector="haar")
    say(page.intake, "example")
    assert last(sent, page.heatmap, "face")[0]["first"] == "map"


def test_a_face_opens_on_its_most_telling_attribute_and_not_on_the_old_one(page, sent, two, model):
    say(page.intake, "photo", two, name="two.png")
    for index in (1, 0):
        say(page.board, "choose", name="Wearing_Hat")
        assert last(sent, page.heatmap, "chosen")[0]["name"] == "Wearing_Hat"
        say(page.picture, "pick", index=index)
        telling = most_telling(model, page._answers[index])
        assert last(sent, page.heatmap, "chosen")[0]["name"] == telling != "Wearing_Hat"
        assert last(sent, page.board, "chosen")[0]["name"] == telling
        above = surprise(page._answers[index], model.curves)
        rows = zip(above, map(describe, model.names), strict=True)
        ordinary = [value for value, attribute in rows if not attribute.is_judgement]
        assert above[model.names.index(telling)] == max(ordinary)


def test_another_network_keeps_the_attribute_that_was_looked_at(page, sent):
    say(page.intake, "example")
    say(page.board, "choose", name="Eyeglasses")
    page.switch("resnet50")
    assert last(sent, page.heatmap, "chosen")[0]["name"] == "Eyeglasses"


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_of_the_kept_face_is_put_into_the_one_on_the_page(page, sent, two, model, region):
    say(page.intake, "photo", two, name="two.png")
    say(page.compare, "exchange", region=region)
    assert "exchanged" not in kinds(sent, page.compare), "nothing is kept yet"
    say(page.compare, "keep")
    say(page.picture, "pick", index=1)
    say(page.compare, "exchange", region=region)
    content, [jpeg] = last(sent, page.compare, "exchanged")
    assert Image.open(io.BytesIO(jpeg)).size == (178, 218)
    donor, face = (page._faces[i].crop for i in (0, 1))
    before, after = model.predict([face, exchange(face, donor, region)])
    told = {row["label"]: (row["before"], row["after"]) for row in content["rows"]}
    assert len(told) == len(model.names)
    for name in model.names:
        assert told[describe(name).label] == pytest.approx((before[name], after[name]), abs=0.02)
    moved = [abs(row["after"] - row["before"]) for row in content["rows"]]
    assert moved == sorted(moved, reverse=True)
    judged = {row["label"] for row in content["rows"] if row["judgement"]}
    assert judged == {describe(n).label for n in model.names if describe(n).is_judgement}
    # With the pair it goes.
    say(page.picture, "pick", index=0)
    assert "exchanged" not in page.compare._shown
    say(page.compare, "exchange", region="nose")
    assert json.dumps(content)


def take_home(page, form, **changes):
    wish = {"thresholds": dict.fromkeys(page.model.names, 0.5), "marks": {}, "judgements": False}
    say(page.board, "report", form=form, **(wish | changes))


@pytest.mark.parametrize("form", ["png", "card"])
def test_a_report_shows_the_strongest_yes_until_the_visitor_chooses(page, sent, monkeypatch, form):
    drawn = []
    _, name, kind = FORMS[form]
    monkeypatch.setitem(FORMS, form, (lambda told: drawn.append(told) or b"file", name, kind))
    say(page.intake, "example")
    say(page.board, "choose", name="Wearing_Hat")
    say(page.intake, "example")
    take_home(page, form)
    assert drawn[-1].chosen == "Bangs", "what was chosen for the face before is gone"
    assert drawn[-1].way == "map"
    exact = page._answers[0].evidence("Bangs")
    assert (drawn[-1].heat == exact).all()
    cover(page, sent)
    take_home(page, form)
    assert drawn[-1].way == "occlusion", "the map that the page shows first"
    assert drawn[-1].heat.shape == (maps.ROWS, maps.COLUMNS)
    say(page.heatmap, "choose", name="Eyeglasses")
    take_home(page, form)
    assert drawn[-1].chosen == "Eyeglasses"
    say(page.board, "choose", name="Male")
    take_home(page, form)
    assert drawn[-1].chosen == "Bangs"
    take_home(page, form, judgements=True)
    assert drawn[-1].chosen == ("Male" if form == "png" else "Bangs")


def test_a_card_goes_home_as_a_picture(page, sent):
    say(page.intake, "example")
    take_home(page, "card")
    file, [data] = last(sent, page.board, "file")
    assert (file["name"], file["type"]) == ("facelens-card-1.png", "image/png")
    assert Image.open(io.BytesIO(data)).size == (1200, 630)


def test_the_project_is_linked_in_a_report_where_its_address_is_known(page, sent, monkeypatch):
    monkeypatch.setenv("BINDER_REPO_URL", "https://example.org/someone/facelens")
    say(page.intake, "example")
    take_home(page, "json")
    _, [data] = last(sent, page.board, "file")
    assert json.loads(data)["project"] == "https://example.org/someone/facelens"
