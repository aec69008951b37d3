"""What a visitor takes home: a picture, a table and a JSON object of one face."""

import csv
import dataclasses
import io
import json
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image, ImageDraw

from facelens import __version__, find_faces, load_model, read_photo
from facelens.faces import Box
from facelens.photo import Photo
from facelens.report.picture import INNER, MARGIN, PICTURE, as_png
from facelens.report.report import COLUMNS, NOTE, Report, as_csv, as_json
from facelens.tasks.attributes.curves import GRID, Curves
from facelens.tasks.attributes.names import CELEBA, JUDGEMENTS_NOTE
from facelens.tasks.attributes.thresholds import meaning, operating_point, verdicts
from facelens.tasks.classifier import Prediction

JUDGEMENTS = [attribute for attribute in CELEBA if attribute.is_judgement]


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(scope="module")
def report(model, astronaut):
    photo = read_photo(astronaut)
    [face] = find_faces(photo, detector="haar")
    return Report(
        photo, face, 1, 1, model.predict([face])[0], operating_point(model.config, "half"),
        model.curves, f"{model.title} (embedded)", "faces found by Haar cascades",
        model.config.licence, "Smiling", model.predict([face], maps=True)[0].evidence("Smiling"),
        {"Smiling": True, "Bangs": False, "Young": False},
    )  # fmt: skip


@pytest.fixture
def pair(model, astronaut):
    """A report on one of two faces, `gap` pixels apart, the other painted in magenta."""

    def build(gap, *, known=True):
        face = np.asarray(Image.open(astronaut).convert("RGB").crop((100, 0, 340, 240)))
        pixels = np.full((320, 640, 3), 128, np.uint8)
        pixels[40:280, 20:260] = face
        first = find_faces(Photo(pixels), detector="haar")[0]
        x, y, w, h = (round(side) for side in first.box)
        other = Box(x + w + gap, y, w, h)
        # Stripes, so that what is blurred is no longer magenta.
        stripes = np.arange(w) // 6 % 2 == 0
        pixels[y : y + h, x + w + gap : x + w + gap + w] = np.where(
            stripes[:, None], (255, 0, 255), (0, 255, 0)
        )
        return Report(
            Photo(pixels), first, 1, 2, model.predict([first])[0],
            operating_point(model.config, "half"), model.curves, "a network", "a detector",
            "a licence", "Smiling", model.predict([first], maps=True)[0].evidence("Smiling"), {},
            others=[other] if known else [],
        )  # fmt: skip

    return build


def foreign(report, names, **changes):
    """The same face read by a network with attributes of its own."""
    table = np.tile(GRID, (len(names), 1))
    columns = {
        column: table
        for name in ("precision", "recall", "fpr")
        for column in (name, f"{name}_low", f"{name}_high")
    }
    each = np.full(len(names), 0.5)
    curves = Curves(
        tuple(names), **columns, doubt_low=table, doubt_high=table, prevalence=each, ap=each,
        ece=each,
    )  # fmt: skip
    logits = np.linspace(-3, 3, len(names), dtype=np.float32)
    return dataclasses.replace(
        report,
        prediction=Prediction(logits, 1 / (1 + np.exp(-logits)), tuple(names)),
        thresholds=np.full(len(names), 0.5, np.float32),
        curves=curves,
        chosen=names[0],
        **changes,
    )


def opened(report):
    return Image.open(io.BytesIO(as_png(report)))


def table(report):
    return list(csv.DictReader(io.StringIO(as_csv(report).decode("utf-8-sig"), newline="")))


@pytest.fixture
def written(monkeypatch):
    """What stands in the picture of a report: text, left and right end."""

    def read(report):
        lines = []

        def text(self, at, line, *how, **more):
            draw(self, at, line, *how, **more)
            _, font, anchor = how
            left, _, right, _ = self.textbbox(at, line, font, anchor)
            lines.append((line, left, right))

        draw = ImageDraw.ImageDraw.text
        with monkeypatch.context() as patch:
            patch.setattr(ImageDraw.ImageDraw, "text", text)
            as_png(report)
        return lines

    return read


def words(lines):
    return "\n".join(line for line, *_ in lines)


def test_json_says_what_the_page_said(report, model):
    answer = json.loads(as_json(report))
    said = verdicts(report.prediction, report.thresholds, model.curves)
    rows = {row["name"]: row for row in answer["attributes"]}
    for name, verdict in zip(model.names, said, strict=True):
        if name in rows:
            row = rows[name]
            assert row["verdict"] == verdict
            assert row["probability"] == pytest.approx(report.prediction[name], abs=1e-6)
            assert row["meaning"] == meaning(name, 0.5, model.curves)
    assert rows["Smiling"]["you_say"] is True
    assert rows["Bangs"]["you_say"] is False
    assert rows["Wearing_Hat"]["you_say"] is None
    assert "smiling" in answer["sentence"]
    assert answer["model"] == report.model
    assert answer["note"] == NOTE
    assert answer["made"]["facelens"] == __version__
    made = datetime.strptime(answer["made"]["date"], "%Y-%m-%dT%H:%M:%S%z")
    assert abs((datetime.now(UTC) - made).total_seconds()) < 600
    box = answer["face"]["box"]
    assert [box[side] for side in "xywh"] == pytest.approx(report.face.box, abs=0.06)
    assert (answer["face"]["number"], answer["face"]["count"]) == (1, 1)


@pytest.mark.parametrize(("judgements", "count"), [(False, 32), (True, 40)])
def test_the_table_has_a_row_an_attribute(report, judgements, count):
    rows = table(dataclasses.replace(report, judgements=judgements))
    assert len(rows) == count
    assert list(rows[0]) == list(COLUMNS)
    smiling = next(row for row in rows if row["attribute"] == "Smiling")
    assert float(smiling["probability"]) > 0.5
    assert (smiling["threshold"], smiling["verdict"], smiling["you_say"]) == ("0.5", "yes", "yes")


def test_no_cell_is_a_formula(report):
    names = ("=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "_ =1+1", "\uff1d1", "Smiling, or not", "")
    rows = table(foreign(report, names, marks={}))
    for row in rows:
        for cell in row.values():
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d"))
    assert rows[0]["attribute"] == "'=HYPERLINK(1)"
    assert [row["attribute"] for row in rows[-2:]] == ["Smiling, or not", ""]


def test_the_picture_is_a_tall_sheet_that_carries_nothing_else(report):
    data = as_png(report)
    picture = Image.open(io.BytesIO(data))
    assert picture.format == "PNG"
    assert picture.width == 1240
    assert 1500 < picture.height < 2600
    assert picture.getpixel((2, 2)) == (255, 255, 255)
    assert picture.getpixel((2, picture.height - 2)) == (255, 255, 255)
    kinds, at = set(), 8
    while at < len(data):
        kinds.add(data[at + 4 : at + 8])
        at += 12 + int.from_bytes(data[at : at + 4])
    assert kinds == {b"IHDR", b"IDAT", b"IEND"}


def test_the_picture_says_all_and_stays_within_its_margins(report, written):
    lines = written(report)
    for phrase in (
        "What a network reads in this face", "Fairly sure:", "Smiling", "doubtful",
        "you say yes", "you say no", report.model, report.detector, report.licence, NOTE,
        f"{report.made.day} {report.made:%B %Y}",
    ):  # fmt: skip
        assert phrase in words(lines)
    assert min(left for _, left, _ in lines) >= MARGIN - 2
    assert max(right for *_, right in lines) <= MARGIN + INNER + 2


def test_a_moved_threshold_moves_its_tick(report, model):
    thresholds = report.thresholds.copy()
    thresholds[model.names.index("Bald")] = 0.7
    moved = dataclasses.replace(report, thresholds=thresholds)
    assert moved.verdicts == report.verdicts
    assert as_png(moved) != as_png(report)


def test_no_file_mentions_a_judgement_unless_asked(report, written):
    hidden = dataclasses.replace(report, marks={"Young": True, "Male": False})
    shown = dataclasses.replace(hidden, judgements=True)
    for form in (as_json, as_csv, lambda each: words(written(each)).encode()):
        without, with_them = form(hidden).decode(), form(shown).decode()
        for attribute in JUDGEMENTS:
            assert attribute.label not in without
            assert attribute.yes not in without
            assert attribute.name not in without
        assert "Labelled" in with_them
        assert "wrong" not in without
    said = words(written(shown)).replace("\n", " ")
    assert JUDGEMENTS_NOTE in said


def test_a_judgement_gets_no_heat_map_unless_asked(report, written):
    hidden = dataclasses.replace(report, chosen="Young")
    third = MARGIN + 2 * (PICTURE[0] + 24) + 20
    assert opened(report).getpixel((third, 300)) != (255, 255, 255)
    assert opened(hidden).getpixel((third, 300)) == (255, 255, 255)
    assert "Bright:" not in words(written(hidden))
    shown = dataclasses.replace(hidden, judgements=True)
    assert "Bright: speaks for labelled young" in words(written(shown))


def test_a_blank_map_is_said_to_be_blank(report, written):
    blank = dataclasses.replace(report, heat=-np.ones((8, 8), np.float32))
    assert "Nothing speaks for smiling" in words(written(blank))


def test_a_threshold_out_of_reach_is_said(report, model, written):
    thresholds = report.thresholds.copy()
    thresholds[model.names.index("Bald")] = np.nan
    gone = dataclasses.replace(report, thresholds=thresholds)
    rows = {row["name"]: row for row in json.loads(as_json(gone))["attributes"]}
    assert rows["Bald"]["threshold"] is None
    assert rows["Bald"]["verdict"] == "doubtful"
    assert rows["Bangs"]["threshold"] == 0.5
    [bald] = [row for row in table(gone) if row["attribute"] == "Bald"]
    assert bald["threshold"] == "out of reach"
    assert words(written(gone)).count("out of reach") == 2  # measured, then drawn
    assert "out of reach" not in words(written(report))


def test_what_weakens_the_answers_is_in_every_file(report, written):
    face = dataclasses.replace(report.face, hints=("The face is dark.",))
    dark = dataclasses.replace(report, face=face)
    assert json.loads(as_json(dark))["face"]["hints"] == ["The face is dark."]
    assert {row["verdict"] for row in table(dark)} == {"doubtful"}
    assert "The face is dark." in words(written(dark))


def magenta(report):
    """How many pixels of the report's pictures are the bystander's."""
    red, green, blue = np.moveaxis(np.asarray(opened(report)).astype(int), 2, 0)
    return int(((red > 200) & (green < 120) & (blue > 200)).sum())


def test_the_bystander_would_be_seen(pair):
    """The check can fail: a report that takes the face for the only one shows the other."""
    assert magenta(dataclasses.replace(pair(60), count=1, others=[])) > 1000


@pytest.mark.parametrize("known", [True, False])
def test_a_bystander_is_left_out(pair, known):
    report = pair(60, known=known)
    assert magenta(report) == 0
    pixels = report.photo.pixels.copy()
    pixels[:, round(report.face.box.x + report.face.box.w + 60) :] = 0
    gone = dataclasses.replace(report, photo=Photo(pixels))
    frames = [
        np.asarray(opened(each))[132:573, MARGIN : MARGIN + PICTURE[0]] for each in (report, gone)
    ]
    assert (frames[0] == frames[1]).all(), "a blur shows where the bystander was"


def test_a_bystander_cheek_to_cheek_is_blurred(pair):
    report = pair(2)
    assert magenta(dataclasses.replace(report, count=1, others=[])) > 1000
    assert magenta(report) == 0


def test_the_face_itself_is_not_blurred(pair):
    report = pair(-8)
    before = report.photo.pixels.copy()
    as_png(report)
    assert (report.photo.pixels == before).all(), "the photo itself was changed"
    alone = dataclasses.replace(report, others=[])
    crops = [
        np.asarray(opened(each))[132:573, MARGIN + PICTURE[0] + 24 :][:, : PICTURE[0]]
        for each in (report, alone)
    ]
    middle = slice(200, 340), slice(120, 230)
    assert (crops[0][middle] == crops[1][middle]).all()
    assert (crops[0] != crops[1]).any()


@pytest.mark.parametrize("box", [Box(-30, -40, 300, 420), Box(480, 480, 60, 80)])
def test_a_face_over_the_edge_of_its_photo_is_drawn(report, box):
    edge = dataclasses.replace(report, face=dataclasses.replace(report.face, box=box))
    assert opened(edge).width == 1240


@pytest.mark.parametrize(
    "names",
    [
        ("Tired",),
        tuple(f"A_{'very_' * (i % 30)}long_name_{i}" for i in range(100)),
        ("x" * 500, "Größe_über_1,80_m", "眼镜", "line\nbreak", "Smiling"),
    ],
    ids=["one", "hundred", "odd"],
)
def test_other_attributes_are_reported_as_well(report, written, names):
    other = foreign(report, names, marks={})
    assert [row["name"] for row in json.loads(as_json(other))["attributes"]] == list(names)
    assert [row["attribute"] for row in table(other)] == list(names)
    lines = written(other)
    assert max(right for *_, right in lines) <= MARGIN + INNER + 2
    drawn = [line for line, *_ in lines if line in {"yes", "no", "doubtful"}]
    assert len(drawn) == 2 * len(names)


def test_a_name_too_long_is_shortened_and_accents_are_spelt_out(report, written):
    said = words(written(foreign(report, ("x" * 500, "Größe_über_1,80_m"))))
    assert "xxx…" in said
    assert "Grosse uber 1,80 m" in said


def test_a_report_needs_neither_the_page_nor_anything_heavy():
    code = (
        "import sys, facelens.report.picture\n"
        "from facelens import faces\nfrom facelens.explain import layers\n"
        "heavy = {'torch', 'matplotlib', 'pandas', 'facelens.ui'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_report_says_on_whom_the_network_errs_more(report):
    figure = {"value": 0.3, "low": 0.25, "high": 0.35}
    other = {"value": 0.1, "low": 0.05, "high": 0.15}
    groups = {
        "Male": {"faces": 100, "error": 0.1, "low": 0.05, "high": 0.15, "errors": {}},
        "not Male": {"faces": 90, "error": 0.1, "low": 0.05, "high": 0.15, "errors": {}},
    }
    for name in ("Smiling", JUDGEMENTS[0].name, "Bangs", "Bald", "Goatee", "Mustache"):
        groups["Male"]["errors"][name], groups["not Male"]["errors"][name] = figure, other
    warned = dataclasses.replace(report, metrics={"test": {"groups": groups}})
    told = json.loads(as_json(warned))
    assert told["fairness"][0] == (
        "Warning: Smiling: 30.0 % wrong on Male (100 faces), 10.0 % wrong on not Male (90 faces), "
        "3.0 times as much."
    )
    assert len(told["fairness"]) == 5, "a judgement is left out like its answer"
    rows = {
        row["attribute"]: row
        for row in csv.DictReader(io.StringIO(as_csv(warned).decode("utf-8-sig")))
    }
    assert "warning: Smiling: 30.0 % wrong on Male" in rows["Smiling"]["meaning"]
    assert "warning" not in rows["Wavy_Hair"]["meaning"]
    unknown = dataclasses.replace(report, metrics={})
    assert "not known" in json.loads(as_json(unknown))["fairness"][0]
    heights = [Image.open(io.BytesIO(as_png(each))).height for each in (unknown, warned)]
    assert heights[0] < heights[1] < heights[0] + 300


def test_whiskers_are_in_every_file_where_they_were_measured(report, written):
    chances = report.prediction.probabilities
    spread = np.stack([np.maximum(chances - 0.1, 0), np.minimum(chances + 0.05, 1)])
    moved = dataclasses.replace(
        report, prediction=dataclasses.replace(report.prediction, spread=spread)
    )
    number = report.prediction.names.index("Smiling")
    low, high = (float(end[number]) for end in spread)
    [told] = [row for row in json.loads(as_json(moved))["attributes"] if row["name"] == "Smiling"]
    assert (told["low"], told["high"]) == pytest.approx((low, high), abs=1e-6)
    [row] = [row for row in table(moved) if row["attribute"] == "Smiling"]
    assert (float(row["low"]), float(row["high"])) == pytest.approx((low, high), abs=1e-6)
    words = " ".join(line for line, *_ in written(moved))
    assert "how far the answer moves" in words
    assert (np.asarray(opened(moved))[: opened(report).height] != np.asarray(opened(report))).any()

    # Where nobody has measured them nothing is said of them.
    assert "low" not in json.loads(as_json(report))["attributes"][0]
    assert {row["low"] for row in table(report)} == {""}
    assert "how far" not in " ".join(line for line, *_ in written(report))
