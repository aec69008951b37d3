"""Train, resume, export and evaluate on drawn faces: a mouth that goes up, is flat, or is open."""

import io
import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw

pytestmark = pytest.mark.train
pytest.importorskip("fastai")

import torch

from facelens.errors import DataError
from facelens.tasks import load_model
from facelens.tasks.expression import figures
from facelens.tasks.expression.faces import read
from facelens.tasks.expression.model import probabilities
from facelens.tasks.expression.names import NAMES
from facelens.tasks.expression.training.augment import Augmentation, augment, mix
from facelens.tasks.expression.training.ladder import LEVELS, Plan, predict
from facelens.tasks.expression.training.networks import MAKERS
from facelens.tasks.expression.training.run import data_of, open_run

QUICK = replace(
    LEVELS["ours"], epochs=4, batch=16, rate=0.03, ema=0.5, mixup=0.0,
    augmentation=Augmentation(flip=0.5, shift=1),
)  # fmt: skip
DRAWN = ("happy", "neutral", "surprise")


def draw(name, rng):
    """A face of which only the mouth says anything."""
    image = Image.new("L", (48, 48), int(rng.integers(120, 200)))
    pen = ImageDraw.Draw(image)
    x, y = rng.integers(-2, 3, 2)
    for eye in (15, 33):
        pen.ellipse((eye + x - 3, 16 + y, eye + x + 3, 21 + y), fill=20)
    mouth = (14 + x, 26 + y, 34 + x, 40 + y)
    if name == "happy":
        pen.arc(mouth, 10, 170, fill=10, width=3)
    elif name == "surprise":
        pen.ellipse((19 + x, 28 + y, 29 + x, 42 + y), fill=10)
    else:
        pen.line((14 + x, 35 + y, 34 + x, 35 + y), fill=10, width=3)
    noisy = np.asarray(image).astype(int) + rng.integers(-12, 13, (48, 48))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def write(folder, split, count, seed):
    rng, rows = np.random.default_rng(seed), []
    for i in range(count):
        name, stream = DRAWN[i % len(DRAWN)], io.BytesIO()
        Image.fromarray(draw(name, rng)).save(stream, "PNG")
        rows.append({"image": {"bytes": stream.getvalue(), "path": ""}, "expression": name})
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{split}-00000-of-00001.parquet")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    for seed, (split, count) in enumerate({"train": 384, "valid": 90, "test": 60}.items()):
        write(folder, split, count, seed)
    return folder


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A run of our own network, a few epochs long."""
    faces = [read(data, split) for split in ("train", "valid")]
    folder = tmp_path_factory.mktemp("runs") / "ours"
    run = open_run(folder, "ours", how=QUICK, data=data_of(*faces))
    run.train(*faces, device="cpu")
    return run


@pytest.fixture(scope="module")
def bundle(trained, data, tmp_path_factory):
    from facelens.tasks.expression.training.export import export

    out = tmp_path_factory.mktemp("bundles") / "expression"
    return export(trained, out, data=data, name="expression", version="1", precision="float16")


@pytest.mark.parametrize("level", [name for name in MAKERS if name != "transfer"])
def test_every_level_answers_and_learns_from_one_batch(level):
    torch.manual_seed(0)
    how, network = LEVELS[level], MAKERS[level]()
    logits = network(torch.rand(4, 1, 48, 48))
    targets = how.targets(torch.tensor([0, 3, 6, 6]))
    assert logits.shape == targets.shape
    assert how.loss(logits, targets).isfinite()


def test_ours_is_small_and_its_maps_are_eight_by_eight():
    network = MAKERS["ours"]().eval()
    assert sum(p.numel() for p in network.parameters()) <= 1_200_000
    assert network.body(torch.rand(1, 1, 48, 48)).shape[2:] == (8, 8)
    assert network(torch.rand(1, 1, 36, 36)).shape == (1, 7)
    picture = torch.rand(1, 1, 48, 48)
    assert torch.allclose(network(picture), network(picture * 0.5 + 0.2), atol=1e-2)


def test_augmented_pictures_differ_and_mixed_targets_add_up():
    generator = torch.Generator().manual_seed(0)
    pictures = torch.from_numpy(np.stack([draw("happy", np.random.default_rng(0))] * 16))
    how = Augmentation(flip=0.5, rotation=15, scale=0.1, shift=4, light=0.3, erase=1)
    moved = augment(pictures, how, 36, generator)
    assert moved.shape == (16, 1, 36, 36)
    assert (moved.std(0) > 0).float().mean() > 0.9
    assert torch.equal(augment(pictures, Augmentation(), 48, generator)[:, 0] * 255, pictures)
    only_flipped = augment(pictures, Augmentation(flip=1), 48, generator)[:, 0] * 255
    assert torch.allclose(only_flipped, pictures.flip(2).float(), atol=0.6)
    targets = torch.eye(7)[torch.arange(16) % 7]
    _, mixed = mix(moved, targets, 0.3, generator)
    assert torch.allclose(mixed.sum(1), torch.ones(16))
    assert (mixed * targets).sum(1).min() >= 0.5, "a picture keeps most of its own target"


def test_it_learns_the_drawn_faces(trained, data):
    test = read(data, "test")
    assert (trained.logits(test.pictures).argmax(1) == test.labels).mean() > 0.9


def test_a_stopped_run_resumes_as_if_it_had_not_been(data, tmp_path):
    faces = [read(data, split).take(slice(120)) for split in ("train", "valid")]

    def run(name, stop=None):
        opened = open_run(tmp_path / name, "ours", epochs=3, data=data_of(*faces))
        if stop is not None:
            with pytest.MonkeyPatch.context() as patch:
                saved = type(opened).save_last

                def save_and_stop(self, state):
                    saved(self, state)
                    if state["epoch"] == stop:
                        raise KeyboardInterrupt

                patch.setattr(type(opened), "save_last", save_and_stop)
                with pytest.raises(KeyboardInterrupt):
                    opened.train(*faces, device="cpu")
            assert not opened.is_finished
        return opened.train(*faces, device="cpu"), opened

    whole, (resumed, opened) = run("whole")[0], run("stopped", stop=0)
    assert [int(row["epoch"]) for row in opened.history] == [0, 1, 2]
    assert opened.is_finished
    pictures = faces[1].pictures
    assert np.allclose(predict(whole, pictures), predict(resumed, pictures), atol=1e-4)


def test_the_commonest_class_needs_no_training(data, tmp_path):
    faces = [read(data, split).take(slice(100)) for split in ("train", "valid")]
    run = open_run(tmp_path / "run", "commonest", data=data_of(*faces))
    run.train(*faces)
    assert run.is_finished
    assert set(run.logits(faces[1].pictures).argmax(1)) == {NAMES.index("happy")}


def test_a_plan_comes_back_and_another_is_refused(data, tmp_path):
    plan = Plan("ours", 3, LEVELS["ours"])
    assert Plan.fromdict(json.loads(json.dumps(plan.asdict()))) == plan
    faces = [read(data, split) for split in ("train", "valid")]
    open_run(tmp_path / "run", "seven", data=data_of(*faces), epochs=1).train(*faces)
    with pytest.raises(DataError, match="another recipe"):
        open_run(tmp_path / "run", "seven", data=data_of(*faces), epochs=2)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text("{}")
    with pytest.raises(DataError, match="not of a training run for expressions"):
        open_run(tmp_path / "other")


def test_transfer_begins_with_the_face_networks_body(data, tmp_path, run):
    from facelens.bundles.find import embedded_folder

    code, _, err = run("train", data, "--task", "expression", "--level", "transfer",
                       "--out", tmp_path / "a")  # fmt: skip
    assert (code, "--start-from" in err) == (2, True)
    body = embedded_folder("mobilenet_v2")
    code, _, err = run(
        "train", data, "--task", "expression", "--level", "transfer", "--out", tmp_path / "b",
        "--start-from", body, "--limit", 64, "--epochs", 0, 1, "--threads", 1,
    )  # fmt: skip
    assert code == 0, err
    network = open_run(tmp_path / "b").network()
    assert network.body(network.prepare(torch.rand(1, 1, 48, 48))).shape[2:] == (8, 8)


def test_the_bundle_answers_as_torch_and_its_maps_are_exact(trained, bundle, data):
    test = read(data, "test")
    crops = bundle.crops(test.pictures)
    answers = bundle.predict(crops, maps=True)
    said = np.array([each.logits for each in answers])
    # A crop holds whole numbers, so that a picture comes back with a little noise.
    moved = np.abs(said - trained.logits(test.pictures))
    assert moved.mean() < 0.05
    assert moved.max() < 0.5
    for each in answers:
        assert each.maps.shape == (7, 8, 8)
        assert np.allclose(each.maps.mean((1, 2)) + bundle.config.bias, each.logits, atol=1e-3)
        assert each.probabilities.sum() == pytest.approx(1, abs=1e-5)
    layers = bundle.layers(crops[0])
    assert [layer.maps.shape for layer in layers] == [v.shape for v in bundle.config.layers]
    bundle.check()


def test_the_bundle_says_what_it_is(bundle):
    config, card = bundle.config, bundle.card
    assert config.metrics["valid"]["faces"] == 90
    assert "forbids systems that infer emotions" in card
    assert "not what the person feels" in card
    assert "no known licence" in config.licence
    sizes = [(bundle.bundle.folder / name).stat().st_size
             for name in ("model.onnx", "model.safetensors")]  # fmt: skip
    assert sum(sizes) <= 5_000_000
    reopened = load_model(str(bundle.bundle.folder))
    assert reopened.task == "expression"


def test_evaluate_prints_what_was_measured(bundle, data, run):
    code, out, _ = run("evaluate", data, "--task", "expression", "--split", "test", "--json",
                       "--model", bundle.bundle.folder)  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert found["accuracy"] == pytest.approx(bundle.config.metrics["test"]["accuracy"])
    assert {"accuracy_without_repeats", "ece", "ece_floor", "confusion"} <= set(found)
    test = read(data, "test")
    by_hand = figures.measure(probabilities(bundle, test.pictures), test.labels, test.repeat)
    assert found["confusion"] == by_hand["confusion"]
    code, out, _ = run("evaluate", data, "--task", "expression", "--model", bundle.bundle.folder)
    assert "calibration error" in out


def test_int8_rounds_what_it_says_a_little(trained, data, tmp_path):
    from facelens.tasks.expression.training.export import export

    made = export(trained, tmp_path / "int8", data=data, name="e", version="1", precision="int8")
    assert made.config.metrics["rounding"] < 0.5
    assert made.config.metrics["test"]["accuracy"] > 0.85


def test_a_network_whose_maps_are_not_exact_is_not_exported(data, tmp_path, run):
    faces = [read(data, split).take(slice(64)) for split in ("train", "valid")]
    open_run(tmp_path / "run", "seven", data=data_of(*faces), epochs=1).train(*faces)
    code, _, err = run("export", tmp_path / "run", "--data", data, "--out", tmp_path / "b")
    assert (code, "not be exact" in err) == (2, True)
