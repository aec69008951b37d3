"""How a training begins, fails to begin, is stopped and begun again."""

import logging
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

import torchvision
from helpers.toy import write_split

from facelens.commands.main import main
from facelens.training import fit
from facelens.training.run import open_run

pytestmark = pytest.mark.train

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    for split, count, seed in (("train", 32, 0), ("valid", 16, 1), ("test", 16, 2)):
        write_split(folder, split, count, seed)
    return folder


def command(toy, out, *more, epochs=("0", "1")):
    return [
        "train", str(toy), "--out", str(out), "--cache", str(toy / "cache"), "--arch", "resnet18",
        "--size", "64x64", "--batch-size", "16", "--epochs", *epochs, "--device", "cpu", *more,
    ]  # fmt: skip


def test_a_start_that_fails_says_what_helps_and_does_not_block_the_next(
    toy, tmp_path, monkeypatch, capsys
):
    model = torchvision.models.get_model

    def offline(arch, weights=None, **how):
        if weights is not None:
            raise OSError("no route to host")
        return model(arch, weights=weights, **how)

    monkeypatch.setattr(torchvision.models, "get_model", offline)
    run = tmp_path / "run"
    assert main(command(toy, run)) == 2
    error = capsys.readouterr().err
    assert "--from-scratch" in error
    assert "--backbone-weights" in error
    (run / "teacher.npy").write_bytes(b"of other faces")
    assert main(command(toy, run, "--from-scratch", "--mixup", "0")) == 0
    assert open_run(run).recipe.mixup == 0
    assert open_run(run).about["start"] == "random"
    assert not (run / "teacher.npy").exists()
    assert main(command(toy, run, "--from-scratch", "--mixup", "0.1")) == 2, "an epoch is kept"
    assert "another recipe" in capsys.readouterr().err


def test_who_stops_it_is_told_how_to_resume_and_the_resumed_run_says_so(
    toy, tmp_path, monkeypatch, capsys, caplog
):
    run, how = tmp_path / "run", {"epochs": ("0", "2")}
    train, stopped = fit.train, []

    def stop_after_an_epoch(*args, **kwargs):
        def stop():
            stopped.append(True)
            raise KeyboardInterrupt

        return train(*args, **kwargs, after_epoch=stop)

    monkeypatch.setattr(fit, "train", stop_after_an_epoch)
    assert main(command(toy, run, "--from-scratch", **how)) == 130
    error = capsys.readouterr().err
    assert f"give the same command again, and {run} is resumed" in error
    assert "Traceback" not in error
    monkeypatch.setattr(fit, "train", train)
    caplog.clear()
    with caplog.at_level(logging.INFO, "facelens"):
        assert main(command(toy, run, "--from-scratch", **how)) == 0
    assert "Resuming after epoch 1 of 2." in caplog.text
    assert "Epoch 2 of 2" in caplog.text
    assert "Epoch 1 of 2" not in caplog.text
    assert len(stopped) == 1


def test_it_starts_from_a_bundle_by_name_for_other_attributes(toy, tmp_path, caplog, capsys):
    run = tmp_path / "run"
    start = ("--start-from", "mobilenet_v2", "--arch", "mobilenet_v2")
    with caplog.at_level(logging.INFO, "facelens"):
        assert main(command(toy, run, *start)) == 0
    assert "of 2 attributes it knows 0" in caplog.text
    assert open_run(run).about["start"].startswith("mobilenet_v2 ")
    assert main(command(toy, tmp_path / "other", "--start-from", "nobody_knows")) == 2
    assert "no model 'nobody_knows'" in capsys.readouterr().err
    assert main(command(toy, tmp_path / "other", "--start-from", "mobilenet_v2")) == 2
    assert "does not fit resnet18" in capsys.readouterr().err


def test_export_says_nothing_of_torchs_inside_and_a_run_is_not_pushed(toy, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(command(toy, run, "--from-scratch")) == 0
    exported = subprocess.run(
        [sys.executable, "-m", "facelens", "export", str(run), "--data", str(toy),
         "--out", str(tmp_path / "bundle"), "--cache", str(toy / "cache")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = [line for line in exported.stderr.splitlines() if line.strip()]
    assert all(line[2] == ":" for line in lines), exported.stderr  # each begins with the time
    assert exported.stdout == ""
    capsys.readouterr()
    assert main(["push", str(run), "owner/repo"]) == 2
    assert f"export it first: facelens export {run}" in capsys.readouterr().err
