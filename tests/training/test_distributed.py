"""Several processes, or several small batches, learn what one large batch teaches.

Run as a script this is one of the processes: `torchrun test_distributed.py DATA RUN`.
"""

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from helpers.toy import RECIPE, SMALL, write_split
from safetensors.torch import load_file, save_file

from facelens.commands.main import main
from facelens.errors import DataError
from facelens.training import callbacks, fit, processes, record
from facelens.training.augment import Augmentation, augment
from facelens.training.data import Batches, open_store
from facelens.training.network import build
from facelens.training.recipe import Stage
from facelens.training.run import open_run

pytestmark = pytest.mark.train

# On a toy, threads that wait for each other cost more than they save.
torch.set_num_threads(1)

# Batch norm in place and nothing dropped out: what is left is the same sum in another order.
HEAD = replace(RECIPE, stages=(Stage(2, frozen=False, rate=1e-2, sizes=SMALL, still=99),))
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
# On a machine with GPUs that is `accelerate launch`; --cpu would begin one process only.
ACCELERATE = [
    sys.executable, "-m", "accelerate.commands.launch",
    "--multi_gpu", "--num_processes", "2", "--main_process_port", "0",
]  # fmt: skip


def work(data, folder, recipe=HEAD):
    """Train, keeping every process's weights beside the run."""
    processes.join("cpu")
    after_epoch = record.Record.after_epoch

    def keep(self):
        after_epoch(self)
        weights = processes.unwrapped(self.learn.model).state_dict()
        save_file(
            {name: value.contiguous() for name, value in weights.items()},
            folder / f"rank{processes.rank()}.safetensors",
        )

    with (
        mock.patch.object(record.Record, "after_epoch", keep),
        mock.patch.object(torch.nn, "Dropout", torch.nn.Identity),
    ):
        with processes.first_alone():
            stores = [open_store(data, split, cache=data / "cache") for split in ("train", "valid")]
            run = open_run(folder, recipe)
        fit.train(run, *stores, from_scratch=True, device="cpu", progress=False)
    processes.leave()
    return run


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    write_split(folder, "train", 64, 0)
    write_split(folder, "valid", 33, 1)
    return folder


@pytest.fixture(scope="module")
def store(toy):
    return open_store(toy, "train", cache=toy / "cache")


@pytest.fixture(scope="module")
def alone(toy, tmp_path_factory):
    return work(toy, tmp_path_factory.mktemp("runs") / "alone")


def head(run, rank=0):
    return load_file(run.folder / f"rank{rank}.safetensors")["head.weight"]


def test_shares_make_up_the_batch(store):
    def batches(**share):
        ready = Batches(store.take(slice(63)), 16, shuffle=share.pop("shuffle"), seed=3, **share)
        ready.epoch = 5
        return [images for images, _ in ready]

    whole, *halves = (
        batches(shuffle=True, rank=rank, world=world) for rank, world in ((0, 1), (0, 2), (1, 2))
    )
    assert len(whole) == 3
    for batch, *parts in zip(whole, *halves, strict=True):
        assert len(parts[0]) == len(parts[1]) == 8
        assert torch.equal(torch.cat(parts), batch)
    shares = [torch.cat(batches(shuffle=False, rank=rank, world=2)) for rank in (0, 1)]
    np.testing.assert_array_equal(torch.cat(shares).numpy(), store.images[:63])


def test_a_share_is_augmented_as_it_would_be_in_the_batch(store):
    crops = torch.from_numpy(store.images[:6].copy())

    def pictures(crops, part):
        draw = torch.Generator().manual_seed(1)
        return augment(crops, (64, 64), Augmentation(), draw, part=part)

    halves = pictures(crops[:3], (0, 2)), pictures(crops[3:], (1, 2))
    torch.testing.assert_close(torch.cat(halves), pictures(crops, (0, 1)))


def test_two_processes_learn_what_one_does(toy, alone, tmp_path):
    """Up to the order of sums; one that saw half of each batch would be off by a hundred times."""
    here = Path(__file__).parents[1], os.environ.get("PYTHONPATH", "")  # for the helpers
    subprocess.run(
        [*TORCHRUN, __file__, toy, tmp_path / "run"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, here))}, check=True, timeout=600,
    )  # fmt: skip
    run = open_run(tmp_path / "run")
    assert torch.equal(head(run, 0), head(run, 1))
    torch.testing.assert_close(head(run), head(alone), atol=1e-4, rtol=1e-3)
    assert len(run.history) == len(alone.history) == 2, "one row an epoch, whoever writes"
    for two, one in zip(run.history, alone.history, strict=True):
        for figure in ("train_loss", "valid_loss", "accuracy", "macro_ap"):
            assert float(two[figure]) == pytest.approx(float(one[figure]), abs=1e-3)


def test_the_command_trains_in_two_processes(toy, tmp_path):
    """Each norms its own half of a batch, so that figures agree within noise only."""
    command = [
        "-m", "facelens", "train", toy, "--cache", toy / "cache", "--from-scratch", "--arch",
        "resnet18", "--size", "64x64", "--batch-size", "16", "--epochs", "1", "2",
        "--rate", "0.0003", "--device", "cpu",
    ]  # fmt: skip
    started = subprocess.Popen(
        [*ACCELERATE, *command, "--out", tmp_path / "two"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert main([*map(str, command[2:]), "--out", str(tmp_path / "one")]) == 0
    assert started.wait(600) == 0
    two, one = (open_run(tmp_path / name).history for name in ("two", "one"))
    assert [(r["stage"], r["epoch"]) for r in two] == [("0", "0"), ("1", "0"), ("1", "1")]
    # The base rates alone give 0.69 to either loss.
    for figure in ("train_loss", "valid_loss"):
        assert float(two[-1][figure]) == pytest.approx(float(one[-1][figure]), abs=0.15)


def test_a_batch_that_processes_cannot_share_is_refused(store, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    run = open_run(tmp_path / "run", RECIPE)
    with pytest.raises(DataError, match="3 equal shares"):
        fit.train(run, store, store, from_scratch=True, device="cpu")


def test_small_batches_add_up_to_a_large_one(toy, tmp_path):
    """At one rate throughout, since a one-cycle moves on within a step."""
    none = Augmentation(flip=0, rotation=0, scale=0, shift=0, light=0, colour=0)
    large = replace(HEAD, augmentation=none, batch_size=32)
    small = replace(large, batch_size=8, accumulate=4)
    with (
        mock.patch.object(fit, "one_cycle", lambda stage: {"lr": lambda _: stage.rate}),
        # In float32 on every machine: Adam makes much of what bfloat16 rounds.
        mock.patch.object(callbacks, "has_bf16", return_value=False),
    ):
        runs = [work(toy, tmp_path / str(r.accumulate), r) for r in (large, small)]
    assert [run.load_last(torch.device("cpu"))["steps"] for run in runs] == [4, 4]
    torch.testing.assert_close(head(runs[1]), head(runs[0]), atol=1e-4, rtol=1e-3)


def test_too_few_pictures_for_a_step_is_a_sentence(store, tmp_path):
    run = open_run(tmp_path / "run", replace(RECIPE, accumulate=5))
    with pytest.raises(DataError, match="a batch of 16 times 5"):
        fit.train(run, store, store, from_scratch=True, device="cpu")


def test_compiled_weights_keep_their_names(monkeypatch, caplog):
    network = build("resnet18", 2, from_scratch=True).eval()
    names, pictures = list(network.state_dict()), torch.rand(1, 3, 64, 64)
    expected = network(pictures)
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    fit._compile(network, torch.device("cpu"))
    assert list(network.state_dict()) == names
    torch.testing.assert_close(network(pictures), expected)
    monkeypatch.setattr(torch, "compile", mock.Mock(side_effect=RuntimeError("no compiler")))
    fit._compile(network, torch.device("cpu"))
    assert "torch.compile does not work here" in caplog.text


if __name__ == "__main__":
    torch.set_num_threads(1)
    work(*map(Path, sys.argv[1:]))
