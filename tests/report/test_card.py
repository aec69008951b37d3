"""The card to share: a face, its map and three words, and nothing else of anybody."""

import dataclasses
import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw

from facelens import find_faces, load_model, read_photo
from facelens.faces import Box
from facelens.report.canvas import Canvas
from facelens.report.card import HEIGHT, INNER, LINE, MARGIN, PANEL, PICTURE, WIDTH, as_card
from facelens.report.picture import as_png
from facelens.report.report import NOTE, Report, as_json, subject
from facelens.tasks.attributes.names import CELEBA
from facelens.tasks.attributes.thresholds import operating_point
from facelens.tasks.classifier import Prediction

PROJECT = "https://example.org/someone/facelens.git"


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(scope="module")
def report(model, astronaut):
    photo = read_photo(astronaut)
    [face] = find_faces(photo, detector="haar")
    answer = model.predict([face], maps=True)[0]
    return Report(
        photo, face, 1, 1, answer, operating_point(model.config, "half"), model.curves,
        "a network", "a detector", "a licence", "Bangs", answer.evidence("Bangs"), {},
        project=PROJECT,
    )  # fmt: skip


@pytest.fixture
def written(monkeypatch):
    """What is written on a card: text, left, top, right and lower end."""

    def read(report, draw=as_card):
        lines = []
        real = ImageDraw.ImageDraw.text

        def text(self, at, line, *how, **more):
            real(self, at, line, *how, **more)
            _, font, anchor = how
            lines.append((line, *self.textbbox(at, line, font, anchor)))

        with monkeypatch.context() as patch:
            patch.setattr(ImageDraw.ImageDraw, "text", text)
            data = draw(report)
        return lines, np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    return read


def words(lines):
    return " ".join(line for line, *_ in lines)


def named(report, names, probabilities):
    """The same face read by a network with attributes of its own."""
    p = np.array(probabilities, np.float32)
    rows = {
        f.name: np.resize(getattr(report.curves, f.name), (len(names), *np.shape(
            getattr(report.curves, f.name))[1:]))
        for f in dataclasses.fields(report.curves) if f.name != "names"
    }  # fmt: skip
    rows |= {"doubt_low": rows["doubt_low"] * 0 + 1, "doubt_high": rows["doubt_high"] * 0}
    return dataclasses.replace(
        report,
        prediction=Prediction(np.log(p / (1 - p)), p, tuple(names)),
        thresholds=np.full(len(names), 0.5, np.float32),
        curves=dataclasses.replace(report.curves, names=tuple(names), **rows),
        chosen=names[0],
    )


def test_a_card_has_a_face_its_map_and_three_words(report, written):
    lines, pixels = written(report)
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    said = words(lines)
    assert [word in said for word in ("Bangs", "High cheekbones", "Smiling")] == [True] * 3
    assert "Mouth" not in said
    assert "No beard" not in said, "likely on most faces: no news"
    assert "speaks for bangs" in said
    assert NOTE in said
    assert "example.org/someone/facelens" in said
    assert not any(letter.isdigit() for letter in said)
    face, heat = pixels[:, :PICTURE], pixels[:, PICTURE + LINE :][:, :PICTURE]
    grey = lambda part: np.ptp(part.astype(int), axis=2).mean()  # noqa: E731
    assert grey(face) > 10
    # The map is grey but for what is bright, and that lies on the fringe or near it.
    assert 0 < grey(heat) < grey(face)
    assert abs(np.corrcoef(face.mean(2).ravel(), heat.mean(2).ravel())[0, 1]) > 0.5
    nothing = dataclasses.replace(report, project="")
    assert "example.org" not in words(written(nothing)[0])


def test_the_words_go_by_how_unusual_they_are_and_by_the_thresholds(report, model):
    assert report.words[0] == "Bangs"
    assert report.words.index("Smiling") < report.words.index("No beard")
    strict = report.thresholds.copy()
    strict[model.names.index("Bangs")] = 0.95
    assert "Bangs" not in dataclasses.replace(report, thresholds=strict).words


def test_no_judgement_is_on_a_card(report, model, written):
    p = np.array([0.99 if a.is_judgement else 0.3 for a in CELEBA], np.float32)
    judged = dataclasses.replace(
        report,
        prediction=Prediction(np.log(p / (1 - p)), p, model.names, report.prediction.maps),
        chosen="Young",
        judgements=True,
    )
    lines, pixels = written(judged)
    for attribute in CELEBA:
        if attribute.is_judgement:
            assert attribute.label not in words(lines)
            assert attribute.yes not in words(lines)
    assert "Nothing for sure" in words(lines)
    heat = pixels[:, PICTURE + LINE :][:, :PICTURE].astype(int)
    assert np.ptp(heat, axis=2).max() <= 1, "nor its map"


@pytest.mark.parametrize(
    "names",
    [
        ("Größe_über_Schläfe", "Ein_sehr_langer_Name_mit_vielen_Wörtern_und_mehr", "Überänderung"),
        ("x" * 300, "y " * 100, "z"),
        ("One",),
        ("y " * 100, f"{'x' * 99} {'z' * 99}", f"{'u' * 99} {'v' * 99}"),
        ("Mouth_Slightly_Open", "Bags_Under_Eyes", "Receding_Hairline"),
        ("眼镜", "Mouth_Slightly_Open", "Bags_Under_Eyes"),
    ],
)
def test_long_and_foreign_words_stay_on_the_panel(report, written, names):
    lines, pixels = written(named(report, names, [0.99] * len(names)))
    for line, left, _, right, low in lines:
        assert left >= PANEL + MARGIN - 3, line
        assert right <= PANEL + MARGIN + INNER + 3, line
        assert low <= HEIGHT, line
    below = sorted((top, low) for _, _, top, _, low in lines)
    assert all(low <= top + 1 for (_, low), (top, _) in pairwise(below)), "one over another"
    assert pixels.shape == (HEIGHT, WIDTH, 3)


def test_umlauts_have_their_dots():
    def drawn(text):
        canvas = Canvas(300, 100)
        canvas.write((20, 20), text, 40)
        return np.asarray(canvas.page.convert("L")) < 128

    for bare, dotted in (("a", "ä"), ("o", "ö"), ("U", "Ü")):
        plain, more = drawn(f"n{bare}n"), drawn(f"n{dotted}n")
        assert (plain & ~more).sum() == 0, "the letters themselves stay as they are"
        columns = np.flatnonzero((more & ~plain).any(0))
        rows = np.flatnonzero((more & ~plain).any(1))
        assert len(columns), "no dots"
        assert (np.diff(columns) > 1).sum() == 1, "two of them"
        # Over their own letter.
        letter = np.flatnonzero(drawn(bare).any(0))
        n = np.flatnonzero(drawn("n").any(0))
        start = n[0] + (drawn(f"n{bare}")[:, :].any(0).nonzero()[0][-1] - letter[-1])
        assert abs((columns[0] + columns[-1]) / 2 - (start + (letter[-1] - letter[0]) / 2)) < 5
        assert rows.max() < np.flatnonzero(drawn(bare).any(1))[0]


def test_a_bystander_is_not_on_a_card(report):
    other = Box(report.face.box.x + 100, report.face.box.y, 60, 80)
    alone = dataclasses.replace(report, others=[])
    beside = dataclasses.replace(report, others=[other], count=2)
    assert as_card(alone) != as_card(beside), "whoever stands beside is blurred"


def test_a_report_links_the_project_where_its_address_is_known(report, written):
    assert PROJECT in words(written(report, as_png)[0])
    assert PROJECT.encode() in as_json(report)
    nothing = dataclasses.replace(report, project="")
    assert "example.org" not in words(written(nothing, as_png)[0])
    assert b"project" not in as_json(nothing)


def test_a_report_says_how_its_map_came_about(report, written):
    assert "adds up to the score" in words(written(report, as_png)[0])
    covered = dataclasses.replace(report, way="occlusion")
    assert "square of the face is covered" in words(written(covered, as_png)[0])


def test_a_report_shows_the_choice_or_the_strongest_yes(report, model):
    def shown(chosen, *, judgements=False, thresholds=report.thresholds):
        return subject(
            model, report.face, report.prediction, thresholds, chosen=chosen, judgements=judgements
        )

    assert shown(None) == "Bangs"
    assert shown("Wearing_Hat") == "Wearing_Hat"
    assert shown("Young") == "Bangs"
    assert shown("Young", judgements=True) == "Young"
    strict = np.where([name == "Bangs" for name in model.names], 0.95, 0.5).astype(np.float32)
    assert shown(None, thresholds=strict) in ("High_Cheekbones", "Mouth_Slightly_Open", "Smiling")
    assert shown(None, thresholds=np.full(40, np.nan, np.float32)) == "Bangs", "there is no yes"
