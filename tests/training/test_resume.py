"""A training that was killed, finished or broken: what the same command then does."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from helpers.toy import RECIPE, SMALL, write_split

from facelens import files
from facelens.commands import main
from facelens.errors import DataError, OutputError
from facelens.training import data, fit
from facelens.training.data import open_store
from facelens.training.recipe import Stage
from facelens.training.run import open_run

pytestmark = pytest.mark.train


def command(toy, out):
    return [
        "train", str(toy), "--out", str(out), "--cache", str(toy / "cache"), "--arch", "resnet18",
        "--from-scratch", "--size", "64x64", "--batch-size", "16", "--epochs", "1", "3",
    ]  # fmt: skip


torch.set_num_threads(1)  # one thread adds up in one order


def begin(toy, out):
    return subprocess.Popen(
        [sys.executable, "-m", "facelens", *command(toy, out)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def rows(run):
    try:
        with (run / "history.csv").open() as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


def saved(run):
    """Whether the checkpoint of the last row is there."""
    names = "history.csv", "last.pt"
    row, checkpoint = ((run / name).stat().st_mtime_ns for name in names)
    return checkpoint > row


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    for split, count, seed in (("train", 64, 0), ("valid", 16, 1)):
        write_split(folder, split, count, seed)
        open_store(folder, split, cache=folder / "cache")
    return folder


@pytest.fixture(scope="module")
def runs(toy, tmp_path_factory):
    """An unbroken run, and one that is killed in the midst of its third epoch."""
    folder = tmp_path_factory.mktemp("runs")
    killed = begin(toy, folder / "killed")
    try:
        while len(rows(folder / "killed")) < 2 or not saved(folder / "killed"):
            assert killed.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        time.sleep(0.3)
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert 2 <= len(rows(folder / "killed")) < 4, "there was nothing left to go on with"
    # As it was written before callbacks had a state of their own.
    checkpoint = torch.load(folder / "killed" / "last.pt", weights_only=True)
    del checkpoint["callbacks"]
    torch.save(checkpoint, folder / "killed" / "last.pt")
    assert main.main(command(toy, folder / "killed")) == 0
    assert main.main(command(toy, folder / "whole")) == 0
    return folder


def test_a_killed_run_goes_on_to_the_figures_of_an_unbroken_one(runs):
    """The same to the last bit on one machine; 1e-4 allows for another's arithmetic."""
    whole, killed = rows(runs / "whole"), rows(runs / "killed")
    assert len(whole) == len(killed) == 4
    for unbroken, resumed in zip(whole, killed, strict=True):
        for figure in ("train_loss", "valid_loss", "accuracy", "macro_ap"):
            assert float(resumed[figure]) == pytest.approx(float(unbroken[figure]), abs=1e-4)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such permissions")
def test_weights_are_written_as_other_files_are(runs):
    """safetensors would write a temporary file first, which a kill leaves, for its owner alone."""
    modes = {(runs / "whole" / name).stat().st_mode for name in ("best.safetensors", "last.pt")}
    assert len(modes) == 1


def test_a_finished_run_says_so_and_is_left_alone(runs, toy, caplog):
    before = {path.name: path.stat().st_mtime_ns for path in (runs / "whole").iterdir()}
    assert main.main(command(toy, runs / "whole")) == 0
    assert "is finished" in caplog.text
    assert {path.name: path.stat().st_mtime_ns for path in (runs / "whole").iterdir()} == before


@pytest.mark.parametrize("size", [0, 100, 1_000_000])
def test_a_damaged_checkpoint_is_a_sentence(runs, toy, tmp_path, capsys, size):
    shutil.copytree(runs / "whole", tmp_path / "run")
    os.truncate(tmp_path / "run" / "last.pt", size)
    assert main.main(command(toy, tmp_path / "run")) == 2
    error = capsys.readouterr().err
    assert "last.pt is damaged" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("name", ["last.pt", "history.csv"])
def test_a_full_disk_is_a_sentence_and_the_run_goes_on(toy, tmp_path, name, monkeypatch):
    if not os.path.exists("/dev/full"):  # noqa: PTH110
        pytest.skip("this system has no /dev/full")
    stores = [open_store(toy, s, cache=toy / "cache").take(slice(16)) for s in ("train", "valid")]
    stage = Stage(1, frozen=True, rate=1e-3, sizes=SMALL)
    run = open_run(tmp_path / "run", replace(RECIPE, stages=(stage,)))
    monkeypatch.setattr(files, "_unique", lambda: "0")
    (run.folder / f"{name}.0.draft").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=f"^{run.folder / name} cannot be written"):
        fit.train(run, *stores, from_scratch=True, device="cpu", progress=False)
    assert not (run.folder / name).exists()
    fit.train(run, *stores, from_scratch=True, device="cpu", progress=False)
    assert len(run.history) == 1


def test_no_room_for_decoded_pictures_is_a_sentence(toy, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(data.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(OutputError, match="GB for 64 decoded pictures"):
        open_store(toy, "train", cache=tmp_path)


def test_a_damaged_cache_is_a_sentence(toy, tmp_path):
    open_store(toy, "valid", cache=tmp_path)
    (folder,) = tmp_path.iterdir()
    os.truncate(folder / "images.u8", 1000)
    with pytest.raises(DataError, match="remove it"):
        open_store(toy, "valid", cache=tmp_path)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--start-from", "x", "--from-scratch"], "starts from one of them"),
        (["--start-from", "."], "holds no weights"),
        (["--teacher-share", "0.5"], "name one by --teacher"),
        (["--arch", "vit_b_16"], "take a ResNet"),
        (["--arch", "resnet5"], "no classifier called 'resnet5'"),
        (["--epochs", "0", "0"], "No epoch is no training"),
        (["--device", "tpu7"], "no device 'tpu7'"),
        (["--backbone-weights", "nowhere.pth"], "no file nowhere.pth"),
    ],
)
def test_what_cannot_work_is_said_before_pictures_are_decoded(
    tmp_path, monkeypatch, capsys, options, sentence
):
    monkeypatch.chdir(tmp_path)
    assert main.main(["train", "celeba", "--out", "run", *options]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "options", [["--accumulate", "0"], ["--still", "-1"], ["--rate", "nan"], ["--seed", "x"]]
)
def test_nonsense_numbers_are_refused(toy, options, capsys):
    with pytest.raises(SystemExit):
        main.main([*command(toy, "run"), *options])
    assert options[1] in capsys.readouterr().err
