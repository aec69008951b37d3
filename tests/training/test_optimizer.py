"""The fused optimizer takes the steps of fastai's Adam, and resumes from its state."""

import copy

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from fastai.optimizer import Adam

from facelens.training.network import build, parameter_groups
from facelens.training.optimizer import adamw, decays, one_cycle, split
from facelens.training.recipe import Stage
from facelens.training.record import _plain

pytestmark = pytest.mark.train

RATES = (1e-3, 2e-3, 3e-3)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build("resnet18", 3, from_scratch=True)


def give_gradients(network, step):
    draw = torch.Generator().manual_seed(step)
    for parameter in network.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=draw)


def test_its_steps_are_those_of_fastais_adam(network):
    other = copy.deepcopy(network)
    ours = adamw(split(network), lr=1e-3)
    theirs = Adam(list(parameter_groups(other)), lr=1e-3)
    for parameter in other.parameters():  # as fastai marks what does not decay
        if parameter.ndim <= 1:
            theirs.state[parameter]["do_wd"] = False
    ours.set_hypers(lr=[rate for rate in RATES for _ in range(2)], mom=0.95, wd=decays(0.1))
    theirs.set_hypers(lr=list(RATES), mom=0.95, wd=0.1)
    before = network.head.weight.detach().clone()
    for step in range(3):
        for net, optimizer in ((network, ours), (other, theirs)):
            give_gradients(net, step)
            optimizer.step()
    assert not torch.allclose(network.head.weight, before)
    for (name, mine), its in zip(network.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-4, atol=1e-6, msg=name)


def test_norms_and_biases_do_not_decay(network):
    optimizer = adamw(split(network), lr=0.1)
    optimizer.set_hypers(wd=decays(0.5))
    before = copy.deepcopy(network.state_dict())
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for name, parameter in network.named_parameters():
        moved = not torch.equal(parameter, before[name])
        assert moved == (parameter.ndim > 1 and bool(before[name].any())), name


def test_its_state_is_read_back_without_pickle(network, tmp_path):
    optimizer = adamw(split(network), lr=1e-3)
    schedule = one_cycle(Stage(1, frozen=False, rate=1e-2, sizes=((0, 64, 64),)))
    optimizer.set_hypers(lr=schedule["lr"](0.3), mom=schedule["mom"](0.3))
    give_gradients(network, 0)
    optimizer.step()
    torch.save(_plain(optimizer.state_dict()), tmp_path / "state.pt")
    other = copy.deepcopy(network)
    resumed = adamw(split(other), lr=1.0)
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    for net, each in ((network, optimizer), (other, resumed)):
        give_gradients(net, 1)
        each.step()
    for mine, its in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, its)
