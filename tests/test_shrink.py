"""Kernels in fewer bits, and maps made fine after training."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
onnx = pytest.importorskip("onnx", reason="needs the extra `train`: pip install -e '.[train]'")

from torch import nn  # noqa: E402

from facelens.errors import DataError  # noqa: E402
from facelens.session import open_session  # noqa: E402
from facelens.training.graph import write_graph  # noqa: E402
from facelens.training.network import build, undo_last_stride  # noqa: E402
from facelens.training.shrink import shrink  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A graph of two convolutions and a linear layer, and pictures for it."""
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(64, 40),
    ).eval()  # fmt: skip
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    write_graph(module, torch.zeros(2, 3, 16, 16), path, takes="x", gives=["y"])
    return path, np.random.default_rng(0).normal(size=(8, 3, 16, 16)).astype(np.float32)


def answers(path, pictures):
    return open_session(path).run(["y"], {"x": pictures})[0]


def test_half_the_bits_make_a_smaller_file_that_answers_the_same(written, tmp_path):
    path, pictures = written
    small = tmp_path / "model.onnx"
    small.write_bytes(path.read_bytes())
    shrink(small)
    assert small.stat().st_size < 0.6 * path.stat().st_size
    before, after = answers(path, pictures), answers(small, pictures)
    assert 0 < np.abs(after - before).max() < 2e-3 * np.abs(before).max()


@pytest.mark.parametrize("arch", ["resnet18", "resnet50", "mobilenet_v2", "efficientnet_b0"])
def test_spread_kernels_see_what_the_stride_saw(arch):
    torch.manual_seed(0)
    body = build(arch, 1, from_scratch=True, fine_maps=False).body.eval()
    for module in body.modules():  # else a residual network begins as nothing
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
    pictures = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        coarse = body(pictures)
        undo_last_stride(body, dilate=True)
        fine = body.eval()(pictures)
        undo_last_stride(body, dilate=True)
        finest = body.eval()(pictures)
    assert (coarse.shape[2], fine.shape[2], finest.shape[2]) == (3, 6, 12)
    close = {"rtol": 1e-3, "atol": 1e-4 * float(coarse.abs().max())}
    torch.testing.assert_close(fine[:, :, ::2, ::2], coarse, **close)
    torch.testing.assert_close(finest[:, :, ::4, ::4], coarse, **close)
    assert float((fine[:, :, 1::2, ::2] - coarse).abs().max()) > 0  # and more between


def test_patches_cannot_be_spread():
    body = build("convnext_tiny", 1, from_scratch=True, fine_maps=False).body
    with pytest.raises(DataError, match="patches"):
        undo_last_stride(body, dilate=True)
