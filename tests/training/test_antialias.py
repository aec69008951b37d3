"""Shrinking with antialiasing: what it does to fine patterns, and that the graph does the same."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from helpers.toy import RECIPE
from PIL import Image

from facelens.bundles.session import open_session
from facelens.commands.main import parser
from facelens.tasks.attributes.training.command import recipe_of
from facelens.tasks.attributes.training.export import Graph
from facelens.training.augment import Augmentation, augment, plain, shrink
from facelens.training.graph import write_graph
from facelens.training.network import build
from facelens.training.recipe import Recipe

pytestmark = pytest.mark.train

torch.set_num_threads(1)
SIZE = (64, 56)


def noise():
    return np.random.default_rng(0).integers(0, 256, (2, 218, 178, 3), np.uint8)


def test_it_is_pillows_bilinear_reduction():
    crop = noise()[0, :, :, 0]
    theirs = np.asarray(Image.fromarray(crop.astype(np.float32)).resize(SIZE[::-1], 2))
    ours = shrink(torch.from_numpy(crop)[None, None].float(), SIZE, antialias=True)[0, 0]
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-2)


def test_a_pattern_finer_than_the_picture_becomes_grey():
    y, x = np.mgrid[:218, :178]
    board = np.where((x // 2 + y // 2) % 2, 255, 0).astype(np.uint8)
    crops = torch.from_numpy(np.repeat(board[None, :, :, None], 3, 3))
    still = Augmentation(flip=0, rotation=0, scale=0, shift=0, light=0, colour=0)
    for antialias in (False, True):
        draw = torch.Generator().manual_seed(0)
        seen = augment(crops, SIZE, still, draw, antialias=antialias)
        same = plain(crops, SIZE, antialias=antialias)
        torch.testing.assert_close(seen, same, atol=2e-2, rtol=0)
        assert (same.std() < 0.3) == antialias, "else it is speckled"


def test_the_graph_shrinks_as_torch_does(tmp_path):
    class Seen(torch.nn.Module):
        def forward(self, crops):
            return 255 * shrink(crops.permute(0, 3, 1, 2).float() / 255, (160, 128), antialias=True)

    crops = noise()
    path = tmp_path / "shrink.onnx"
    write_graph(Seen().eval(), torch.from_numpy(crops), path, takes="crops", gives=["pixels"])
    (pixels,) = open_session(path).run(["pixels"], {"crops": crops})
    np.testing.assert_allclose(pixels, Seen()(torch.from_numpy(crops)).numpy(), atol=0.01)


@pytest.mark.parametrize("antialias", [False, True])
def test_an_exported_network_sees_what_it_was_trained_on(antialias, tmp_path):
    torch.manual_seed(0)
    network = build("resnet18", 2, from_scratch=True).eval()
    recipe = replace(RECIPE, antialias=antialias)
    graph = Graph(network, recipe, flip_average=False).eval()
    crops = noise()
    write_graph(
        graph, torch.from_numpy(crops), tmp_path / "x.onnx", takes="crops",
        gives=["logits", "activation_maps", *(f"layer_{n}" for n in graph.views)],
    )  # fmt: skip
    (logits,) = open_session(tmp_path / "x.onnx").run(["logits"], {"crops": crops})
    with torch.no_grad():
        seen = plain(torch.from_numpy(crops), recipe.size, antialias=antialias)
        np.testing.assert_allclose(logits, network(seen).numpy(), atol=1e-3)


def test_it_is_an_option_and_older_recipes_are_without():
    assert recipe_of(parser().parse_args(["train", "D", "--out", "R", "--antialias"])).antialias
    known = Recipe(antialias=True).asdict()
    del known["antialias"]
    assert not Recipe.fromdict(known).antialias
