"""A task is one folder and one row: a toy, put into `TASKS`, works with no other file touched."""

import csv
import json
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from helpers.hub import WRITER

from facelens.bundles.bundle import write_manifest
from facelens.bundles.find import embedded_folder
from facelens.tasks import TASKS, load_model
from facelens.tasks.config import Config
from facelens.ui import Selfie
from facelens.video.annotate import Annotator
from facelens.video.annotated import track_film

TOY = '''
"""Is the face bright or dark?"""

from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Face
from facelens.tasks.base import Figure, Model, Task, Verdict, Word
from facelens.tasks.config import Config


class Brightness(Model):
    crop_size = (CROP_HEIGHT, CROP_WIDTH)

    def __init__(self, bundle):
        self.bundle = bundle
        path = bundle.folder / "config.json"
        self.config = Config.read(bundle.read("config.json"), path, "toy")

    def predict(self, inputs, *, maps=False):
        crops = [each.crop if isinstance(each, Face) else each for each in inputs]
        return [float(crop.mean() / 255) for crop in crops]

    def blend(self, before, after, share):
        return before + share * (after - before)


def words(model, face, answer, style):
    verdict = Verdict.YES if answer >= 0.2 else Verdict.NO
    return [Word("Bright", answer, verdict), Word("Dark", 1 - answer)]


TASK = Task(
    name="toy",
    sees="crop",
    default=DEFAULT,
    config=lambda data, path: Config.read(data, path, "toy"),
    model=Brightness,
    columns=lambda model: model.config.names,
    row=lambda model, face, answer: (answer, 1 - answer),
    words=words,
    figures=(Figure("error", ("valid", "error"), -1),),
    measured_on=lambda config: "eight faces",
    views=("classes",),
)
'''


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The toy's folder in a temporary place, its bundle beside it, and its row in `TASKS`."""
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    shutil.copy(embedded_folder("mobilenet_v2") / "model.onnx", bundle)
    write(bundle, error=0.2)
    package = tmp_path / "toy_task"
    package.mkdir()
    (package / "__init__.py").write_text(TOY.replace("DEFAULT", repr(str(bundle))))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(TASKS, "toy", "toy_task")
    yield bundle
    sys.modules.pop("toy_task", None)


def write(bundle, *, error):
    Config(
        task="toy", name="toy", version="1", architecture="a mean", names=("bright", "dark"),
        input_size=(218, 178), licence="none", metrics={"valid": {"error": error}},
    ).save(bundle / "config.json")  # fmt: skip
    (bundle / "README.md").write_text("---\nlicense: mit\n---\n# A toy\n")
    write_manifest(bundle)


def test_it_is_found_by_its_bundle_or_by_its_name(toy):
    assert load_model(task="toy").title == load_model(str(toy)).title == "toy 1"


def test_predict_prints_its_words(toy, astronaut, run):
    code, out, _ = run("predict", astronaut, "--task", "toy")
    assert code == 0
    assert "read by toy 1" in out
    bright, dark = (line.split() for line in out.splitlines()[-2:])
    assert (bright[0], bright[2:], dark[0], dark[2:]) == ("Bright", ["yes"], "Dark", [])
    code, out, _ = run("predict", astronaut, "--task", "toy", "--json", "--model", toy)
    said = json.loads(out)["faces"][0]["words"]
    assert [(word["label"], word["verdict"]) for word in said] == [
        ("Bright", "yes"),
        ("Dark", None),
    ]
    assert f"{said[0]['value']:.2f}" == bright[1]


@pytest.mark.usefixtures("toy")
def test_label_writes_its_columns(astronaut, run, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(astronaut, photos)
    out = tmp_path / "faces.csv"
    assert run("label", photos, "--out", out, "--task", "toy", "--workers", 1)[0] == 0
    with out.open() as file:
        (row,) = csv.DictReader(file)
    assert list(row) == ["photo", "face", "confidence", "x", "y", "w", "h", "bright", "dark"]
    assert float(row["bright"]) + float(row["dark"]) == pytest.approx(1, abs=1e-5)


def test_push_publishes_it_and_does_not_replace_a_better_one(toy, hub, tmp_path):
    def push():
        code = (
            "import sys; from facelens.tasks import TASKS; TASKS['toy'] = 'toy_task'; "
            "from facelens.commands.main import main; sys.exit(main(sys.argv[1:]))"
        )
        path = os.pathsep.join([str(tmp_path), *sys.path])
        env = os.environ | {
            "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hub"), "HF_TOKEN": WRITER,
            "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "PYTHONPATH": path,
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, "-c", code, "push", str(toy), "someone/toy"],
            capture_output=True, text=True, check=False, env=env,
        )  # fmt: skip

    first = push()
    assert first.returncode == 0, first.stderr
    _, files = hub.repos["someone/toy"].commits[-1]
    assert json.loads(files["config.json"])["task"] == "toy"
    write(toy, error=0.3)
    worse = push()
    assert worse.returncode == 2
    assert "error 0.2000 there, 0.3000 here" in worse.stderr
    write(toy, error=0.1)
    assert "error 0.2000 there, 0.1000 here" in push().stdout


@pytest.fixture
def film(astronaut, tmp_path):
    """Three frames with a face."""
    frame = cv2.resize(cv2.imread(str(astronaut)), (320, 320))
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(
        str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 5, (320, 320)
    )
    for _ in range(3):
        writer.write(frame)
    writer.release()
    return path


@pytest.mark.usefixtures("toy")
def test_a_films_table_has_its_columns_and_a_copy_its_words(film, tmp_path, monkeypatch):
    out = tmp_path / "film.csv"
    track_film(film, out, task="toy", detector="haar")
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    assert all(0 < float(row["bright"]) < 1 for row in rows)
    drawn = []
    draw = Annotator.draw

    def keep(self, *arguments):
        picture = draw(self, *arguments)
        drawn.extend(shown.rows for shown in self._shown.values())
        return picture

    monkeypatch.setattr(Annotator, "draw", keep)
    assert track_film(film, tmp_path / "copy.avi", task="toy", detector="haar").tracks == 1
    assert [row[0] for row in drawn[0]] == ["Bright", "Dark"]
    assert drawn[0][1][2:] == ("", None), "a word without a verdict has none"


@pytest.mark.usefixtures("toy")
def test_the_page_shows_its_rows(astronaut, sent, monkeypatch):
    monkeypatch.setenv("FACELENS_TASKS", "attributes,toy")
    page = Selfie(detector="haar")
    (view,) = page.panels.views
    page.intake._handle_custom_msg(
        {"kind": "photo", "name": "a.jpg"}, [memoryview(astronaut.read_bytes())]
    )
    offer = [content for to, content, _ in sent if to is view][-1]
    assert (offer["kind"], offer["task"], offer["title"]) == ("offer", "toy", "Toy")
    view._handle_custom_msg({"kind": "ask", "key": offer["key"]}, [])
    said = [content for to, content, _ in sent if to is view and content["kind"] == "words"]
    assert [row["label"] for row in said[-1]["rows"]] == ["Bright", "Dark"]
    assert said[-1]["model"] == "toy 1"
    assert "scores" not in said[-1], "what is no softmax is not explained as one"
    face = [content for to, content, _ in sent if to is page.heatmap and content["kind"] == "face"]
    assert face[-1]["marks"] is False, "keypoints are not among this page's tasks"
    page.intake._handle_custom_msg({"kind": "clear"}, [])
    assert [content["kind"] for to, content, _ in sent if to is view][-1] == "clear"


@pytest.mark.usefixtures("toy")
def test_what_it_cannot_do_is_a_sentence(run, tmp_path):
    for command in (["train", tmp_path, "--out", tmp_path / "run"], ["evaluate", tmp_path]):
        code, _, err = run(*command, "--task", "toy")
        assert code == 2
        assert f"facelens {command[0]} does not support the task toy." in err


def test_a_task_that_there_is_not_is_a_sentence(monkeypatch, sent):  # noqa: ARG001
    from facelens.errors import BundleError

    monkeypatch.setenv("FACELENS_TASKS", "attributes,moods")
    with pytest.raises(BundleError, match="no task 'moods'; there are attributes, keypoints"):
        Selfie()


def test_a_black_crop_is_answered_by_every_embedded_task():
    embedded = [name for name in TASKS if embedded_folder(TASKS[name].default).is_dir()]
    assert {"attributes", "keypoints"} <= set(embedded)
    for name in embedded:
        model = load_model(TASKS[name].default, task=name)
        model.check()
        answer = model.predict([model.crop(np.zeros((*model.crop_size, 3), np.uint8))])[0]
        assert len(TASKS[name].row(model, np.zeros(1), answer)) == len(TASKS[name].columns(model))
