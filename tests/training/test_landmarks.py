"""The training of the point network, on pictures made here."""

import io
import json
import sys

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="pip install 'facelens[train]'")
pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[train]'")

from PIL import Image

from facelens.faces import align, landmarks
from facelens.training import landmarks as training
from facelens.training.run import Run, open_as

pytestmark = pytest.mark.train


def drawn_crop(seed: int) -> np.ndarray:
    """A grey picture with a dark disc on each of the template's points."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:218, :178]
    grey = np.full((218, 178), random.integers(120, 220), float)
    for px, py in align.TEMPLATE:
        grey[np.hypot(x - px, y - py) < 6] = random.integers(0, 80)
    return np.clip(grey + random.normal(0, 4, grey.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    from pyarrow import parquet

    for split, count in (("train", 12), ("valid", 4)):
        rows = []
        for i in range(count):
            file = io.BytesIO()
            Image.fromarray(drawn_crop(i)).convert("RGB").save(file, "PNG")
            rows.append({"bytes": file.getvalue(), "path": f"{i}.png"})
        table = pa.table({"image": rows, "Smiling": [True] * count})
        parquet.write_table(table, tmp_path / f"{split}-00000-of-00001.parquet")
    return tmp_path


def test_the_command_writes_a_network_that_runs_and_says_how_it_was_trained(folder, monkeypatch):
    out, exported, export = folder / "out", [], training.export
    command = ["landmarks.py", str(folder), "--out", str(out), "--run", str(folder / "run")]
    command += ["--steps", "2", "--batch", "8", "--negatives", "8"]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr(cv2, "setNumThreads", lambda _: None)
    monkeypatch.setattr(
        training, "export", lambda network, path: exported.append(network) or export(network, path)
    )
    training.main()
    warp, confidence = landmarks.LandmarkRefiner(out / "points.onnx")(
        drawn_crop(0), np.eye(2, 3), 2
    )
    assert warp.shape == (2, 3)
    assert 0 <= confidence <= 1
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["recipe"]["steps"] == 2
    assert manifest["validation"]["crops"] == 4
    assert open_as(training.Recipe, folder / "run").recipe.steps == 2
    # The file answers as torch does.
    patches = np.random.default_rng(0).integers(0, 255, (3, 64, 64)).astype(np.uint8)
    with torch.inference_mode():
        logit, five = exported[0](torch.from_numpy(patches))
    session = landmarks.LandmarkRefiner(out / "points.onnx")._session
    onnx_logit, onnx_five = session.run(None, {"patch": patches})
    assert onnx_logit == pytest.approx(logit.numpy(), abs=1e-4)
    assert onnx_five == pytest.approx(five.numpy(), abs=1e-3)


def test_labels_lie_where_the_picture_shows_the_points():
    recipe = training.Recipe(steps=1, batch=24, negatives=2)
    crops = [drawn_crop(i) for i in range(4)]
    mined = np.zeros((1, 64, 64), np.uint8)
    patches, face, where = training.Batches(crops, mined, recipe, 1).draw()
    assert face.tolist() == [1] * 24 + [0] * 2
    for patch, five in zip(patches.numpy(), where.numpy(), strict=False):
        seen = align.apply(landmarks.view(), five)
        inside = ((seen > 2) & (seen < 61)).all(1)
        dark = [patch[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2].mean()
                for x, y in seen[inside]]  # fmt: skip
        assert np.median(dark) < np.median(patch)


def test_training_twice_gives_the_same_network_and_so_does_a_killed_one(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 2)
    recipe = training.Recipe(steps=6, batch=4, negatives=2)
    crops = [drawn_crop(i) for i in range(4)]
    mined = np.zeros((1, 64, 64), np.uint8)
    first, again = (training.train(crops, mined, recipe).state_dict() for _ in range(2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    save = Run.save_last

    def kill(run, state):
        save(run, state)
        if state["epoch"] == 1:
            raise KeyboardInterrupt

    run = open_as(training.Recipe, tmp_path / "run", recipe)
    with monkeypatch.context() as context:
        context.setattr(Run, "save_last", kill)
        with pytest.raises(KeyboardInterrupt):
            training.train(crops, mined, recipe, run)
    run = open_as(training.Recipe, tmp_path / "run", recipe)
    assert len(run.history) == 2
    resumed = training.train(crops, mined, recipe, run).state_dict()
    assert all(torch.equal(first[key], resumed[key]) for key in first)


def test_the_rate_is_that_of_torchs_one_cycle():
    weight = torch.nn.Parameter(torch.zeros(1))
    adam = torch.optim.AdamW([weight], 4e-3)
    torchs = torch.optim.lr_scheduler.OneCycleLR(adam, 4e-3, 50, pct_start=0.2)
    ours = training.one_cycle(50, 4e-3)
    for step in range(50):
        (group,) = adam.param_groups
        assert ours["lr"](step / 50) == pytest.approx(group["lr"], rel=1e-6, abs=1e-12)
        assert ours["mom"](step / 50) == pytest.approx(group["betas"][0], rel=1e-6)
        adam.step()
        torchs.step()


def test_training_learns_to_find_the_points():
    recipe = training.Recipe(steps=60, batch=24, negatives=8)
    crops = [drawn_crop(i) for i in range(8)]
    mined = np.zeros((1, 64, 64), np.uint8)
    network = training.train(crops, mined, recipe)
    random = np.random.default_rng(9)
    before, after = [], []
    for _ in range(30):
        warp = training.rough(random)
        patch = torch.from_numpy(training.patch_of(drawn_crop(50), warp))[None]
        with torch.inference_mode():
            five = network(patch)[1][0].numpy()
        truth = align.apply(warp, align.TEMPLATE)
        before.append(np.abs(align.TEMPLATE - truth).mean())
        after.append(np.abs(five - truth).mean())
    assert np.mean(after) < np.mean(before) / 2
