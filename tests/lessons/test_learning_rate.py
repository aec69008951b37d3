"""The published schedule is what was published, and a learning rate is found by a sweep."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

import torch
from helpers.toy import write_split

from facelens.errors import DataError
from facelens.lessons import learning_rate
from facelens.tasks.attributes.training.export import export
from facelens.training import fit
from facelens.training.data import open_store
from facelens.training.recipe import Recipe, published, shortened
from facelens.training.run import open_run

pytestmark = pytest.mark.train
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    for split, count in (("train", 96), ("valid", 32)):
        write_split(folder, split, count, 0)
    return [open_store(folder, split, cache=folder / "cache") for split in ("train", "valid")]


def small(head="linear"):
    return shortened(published("resnet18", head=head), 1, 1, size=(64, 64), batch_size=16)


def test_the_published_schedule_is_4_epochs_frozen_and_10_unfrozen_at_a_hundredth():
    recipe = published()
    assert recipe.arch == "resnet50"
    told = [(stage.epochs, stage.frozen, stage.rate, stage.spread) for stage in recipe.stages]
    assert told == [(4, True, 1e-2, 1.0), (10, False, 1e-2, 1.0)]
    assert Recipe.fromdict(recipe.asdict()) == recipe
    assert (recipe.mixup, recipe.ema) == (0, 0)


def test_a_sweep_ends_where_the_loss_has_left_its_valley(stores):
    curve = learning_rate.find_rate(
        replace(small(), stages=small().stages[1:]), stores[0], steps=30, device="cpu",
        from_scratch=True,
    )  # fmt: skip
    assert curve.rates[0] < 1e-5 < curve.rates[-1]
    assert np.all(np.diff(curve.rates) > 0)
    assert min(curve.losses) < curve.losses[0]
    assert 1e-6 < curve.valley < 1


def test_fastais_head_learns_but_is_not_exported(stores, tmp_path):
    run = open_run(tmp_path / "run", small("fastai"))
    fit.train(run, *stores, from_scratch=True, device="cpu", progress=False)
    assert len(run.history) == 2
    with pytest.raises(DataError, match="would not be exact"):
        export(run, tmp_path / "b", data=tmp_path, valid_set=stores[1], name="x", version="1")
