"""Kernels in fewer bits, and maps made fine after training."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
onnx = pytest.importorskip("onnx", reason="needs the extra `train`: pip install -e '.[train]'")

from torch import nn

from facelens.bundles.session import open_session
from facelens.errors import DataError
from facelens.training.float16 import to_float16
from facelens.training.graph import write_graph
from facelens.training.network import build, fitted, undo_last_stride
from facelens.training.quantise import quantise

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
    to_float16(small)
    assert small.stat().st_size < 0.6 * path.stat().st_size
    before, after = answers(path, pictures), answers(small, pictures)
    assert 0 < np.abs(after - before).max() < 2e-3 * np.abs(before).max()


class Squeezed(nn.Module):
    """Convolutions with squeeze-and-excitation, which pools in the midst of the body."""

    def __init__(self, depth):
        super().__init__()
        self.body = nn.ModuleList(nn.Conv2d(3 if i == 0 else 16, 16, 3) for i in range(depth))
        self.gate, self.head = nn.Conv2d(16, 16, 1), nn.Linear(16, 4)

    def forward(self, crops):
        maps = crops.permute(0, 3, 1, 2).float() / 255
        for layer in self.body:
            maps = layer(maps).relu()
            maps = maps * self.gate(maps.mean((2, 3), keepdim=True)).sigmoid()
        weights = self.head.weight[:, :, None, None]
        return self.head(maps.mean((2, 3))), nn.functional.conv2d(maps, weights)


def test_int8_leaves_the_head_alone_though_the_body_pools_too(tmp_path):
    torch.manual_seed(0)
    crops = np.random.default_rng(0).integers(0, 256, (16, 24, 24, 3), dtype=np.uint8)
    network, path = Squeezed(6).eval(), tmp_path / "model.onnx"
    write_graph(network, torch.from_numpy(crops[:2]), path, takes="crops", gives=["logits", "maps"])
    exact = open_session(path).run(None, {"crops": crops})[0]
    quantise(path, crops)
    logits, maps = open_session(path).run(["logits", "maps"], {"crops": crops})
    assert 0 < np.abs(logits - exact).max() < 0.1 * np.abs(exact).max()
    summed = maps.mean((2, 3)) + network.head.bias.detach().numpy()
    np.testing.assert_allclose(summed, logits, atol=1e-5)


def test_a_graph_of_few_convolutions_is_not_quantised(tmp_path):
    path, crops = tmp_path / "model.onnx", np.zeros((2, 24, 24, 3), np.uint8)
    write_graph(
        Squeezed(1).eval(), torch.from_numpy(crops), path, takes="crops", gives=["logits", "maps"]
    )
    with pytest.raises(DataError, match="too few convolutions"):
        quantise(path, crops)


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


@pytest.mark.parametrize(("arch", "last"), [("mobilenet_v2", 14), ("resnet18", 7)])
def test_with_narrow_kernels_a_field_knows_what_the_stage_before_saw_there(arch, last):
    torch.manual_seed(0)
    wide = build(arch, 3, from_scratch=True)
    narrow = build(arch, 3, from_scratch=True, narrow_kernels=True)
    assert sum(map(torch.numel, narrow.parameters())) < sum(map(torch.numel, wide.parameters()))
    state = wide.state_dict()
    narrow.load_state_dict(fitted(state, narrow))
    own = narrow.state_dict()
    assert own["head.weight"].equal(state["head.weight"])
    body = narrow.body.eval()
    stage = body[last:]
    for module in stage.modules():  # else a residual network begins as nothing
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
    with torch.no_grad():
        before = body[:last](torch.randn(1, 3, 96, 96))
        moved = before.clone()
        moved[:, :, 2, 3] += 1
        changed = (stage(moved) - stage(before)).abs().amax((0, 1)) > 1e-6
    assert changed.nonzero().tolist() == [[2, 3]]


def test_patches_cannot_be_spread():
    body = build("convnext_tiny", 1, from_scratch=True, fine_maps=False).body
    with pytest.raises(DataError, match="patches"):
        undo_last_stride(body, dilate=True)


@pytest.mark.parametrize("arch", ["mobilenet_v2", "resnet18"])
def test_narrow_kernels_widened_again_answer_the_same(arch):
    narrow = build(arch, 3, from_scratch=True, narrow_kernels=True).eval()
    wide = build(arch, 3, from_scratch=True).eval()
    wide.load_state_dict(fitted(narrow.state_dict(), wide))
    picture = torch.randn(2, 3, 96, 80, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(wide(picture), narrow(picture), atol=1e-4, rtol=1e-4)
    other = build(arch, 4, from_scratch=True)
    with pytest.raises(RuntimeError):  # what differs otherwise still does not fit
        other.load_state_dict(fitted(narrow.state_dict(), other))
