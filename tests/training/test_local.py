"""Maps of parts of a face: cut, seen alone, put together, compared with the whole's."""

import copy
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from helpers.toy import RECIPE, SMALL, write_split
from torch import nn
from torch.nn import functional as F  # noqa: N812

from facelens.errors import DataError
from facelens.training import fit
from facelens.training.data import open_store
from facelens.training.local import Local, apart, boxes, cuts, look, settled, stride
from facelens.training.network import build
from facelens.training.recipe import Stage
from facelens.training.run import open_run

pytestmark = pytest.mark.train

torch.set_num_threads(1)


class Net(nn.Module):
    """A network each of whose fields sees its own 16 x 16 pixels and nothing else."""

    maps_are_exact = True

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Conv2d(3, 4, 16, stride=16)
        self.head = nn.Linear(4, 5)


class Neighbours(Net):
    """A network each of whose fields sees the eight around it too."""

    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(3, 4, 48, stride=16, padding=16)


class Learn:
    """What of fastai's learner the callback asks for."""

    def __init__(self, model, pictures, targets):
        self.model, self.training = model, True
        self.xb, self.yb = (pictures,), (targets,)
        self.loss_func = nn.BCEWithLogitsLoss()
        self.loss_grad = torch.zeros(())

    def __getattr__(self, name):
        raise AttributeError(name)


def begun(network, **how):
    pictures = torch.rand(2, 3, 160, 128, generator=torch.Generator().manual_seed(1))
    local = Local(replace(RECIPE, local=1.0, **how), 1)
    local.learn = Learn(network, pictures, torch.zeros(2, 5))
    local.epoch = 0
    local.before_fit()
    local.before_epoch()
    maps = F.conv2d(network.body(pictures), network.head.weight[:, :, None, None])
    return local, pictures, maps


@pytest.mark.parametrize("margin", [0, 1, 2])
def test_tiles_of_a_network_that_sees_only_its_field_give_the_whole(margin):
    local, pictures, whole = begun(Net(), local_margin=margin)
    for _ in range(8):
        merged = local._tiles(pictures, whole)
        # A CPU may compute in bfloat16.
        torch.testing.assert_close(merged, whole, rtol=0, atol=0.01)
        assert apart(merged, whole) < 0.05


def test_cuts_differ_from_step_to_step_and_leave_nothing_out():
    draw = torch.Generator().manual_seed(0)
    seen = set()
    for _ in range(50):
        for parts in (2, 3):
            pieces = cuts(10, parts, draw)
            assert [first for first, _ in pieces[1:]] == [end for _, end in pieces[:-1]]
            assert (pieces[0][0], pieces[-1][1], len(pieces)) == (0, 10, parts)
            assert min(end - first for first, end in pieces) >= 2
            seen.add(tuple(pieces))
    assert len(seen) > 10
    assert cuts(3, 3, draw) == [(0, 3)], "too few fields to cut"


def test_a_window_is_compared_with_what_the_whole_has_there():
    """A map that is a picture of the face, shrunk: in a window it is the window, shrunk."""

    class Shrunk(Net):
        def __init__(self):
            super().__init__()
            self.body = nn.AvgPool2d(16)
            self.head = nn.Linear(3, 5)

    local, pictures, _ = begun(Shrunk(), local_cut="window")
    y, x = torch.meshgrid(torch.linspace(-1, 1, 160), torch.linspace(-1, 1, 128), indexing="ij")
    slopes = torch.stack([y, x, y - x])[None].repeat(2, 1, 1, 1)
    whole = local._maps(local.network.body(slopes))
    for _ in range(8):
        seen, there = local._window(slopes, whole)
        assert seen.shape == there.shape
        # Beside padding, a slope is the same in every resampling.
        assert (seen - there).abs().max() < 0.2 * whole.abs().max()
        assert apart(seen, there) < 0.15
    assert pictures.shape == (2, 3, 160, 128)


def test_boxes_are_of_two_fields_or_more_and_come_everywhere():
    drawn = torch.rand(2000, 4, generator=torch.Generator().manual_seed(0))
    inside = boxes(drawn, (10, 8))
    assert (inside.shape, inside.dtype) == ((2000, 1, 10, 8), torch.bool)
    rows, columns = inside[:, 0].any(2), inside[:, 0].any(1)
    assert torch.equal(inside[:, 0], rows[:, :, None] & columns[:, None, :]), "rectangles"
    for sides in (rows, columns):
        lengths = sides.sum(1)
        assert lengths.unique().tolist() == list(range(2, sides.shape[1] + 1))
        starts = (sides.long().diff(dim=1, prepend=torch.zeros(2000, 1).long()) == 1).sum(1)
        assert (starts == 1).all(), "in one piece"
    share = inside.float().mean((0, 1))
    assert 0.05 < share.min() < share.max() < 0.9
    # The ends of what is drawn: the smallest box and the largest, in both corners.
    ends = boxes(torch.tensor([[0.0, 0, 0, 0], [0, 0, 1 - 1e-7, 1 - 1e-7], [1, 1, 0, 0]]), (5, 4))
    assert ends[0, 0].nonzero().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert ends[1, 0].nonzero().tolist() == [[3, 2], [3, 3], [4, 2], [4, 3]]
    assert ends[2].all()


@pytest.mark.parametrize("margin", [0, 1])
def test_swapped_faces_of_a_network_that_sees_only_its_field_have_swapped_maps(margin):
    local, pictures, whole = begun(Net(), local_cut="swap", local_margin=margin)
    for _ in range(8):
        seen, there = local._swap(pictures, whole)
        torch.testing.assert_close(seen, there, rtol=0, atol=0.01)
        assert apart(seen, there) < 0.05
        if not margin:
            assert not torch.equal(there, whole), "nothing was exchanged"


def test_the_margin_leaves_out_the_fields_at_the_edge_of_a_box():
    """Of a network that sees one field further, a margin of one field is all that is wrong."""
    far = []
    for margin in (0, 1):
        local, pictures, whole = begun(Neighbours(), local_cut="swap", local_margin=margin)
        pairs = [local._swap(pictures, whole) for _ in range(8)]
        far.append([float(apart(seen, there)) for seen, there in pairs])
        left_out = [((seen == 0) & (there == 0)).all(1).float().mean() for seen, there in pairs]
        assert all(0 < share < 1 for share in left_out) if margin else not any(left_out)
    assert min(far[0]) > 0.05
    assert max(far[1]) < 0.02


def test_boxes_differ_from_step_to_step_and_come_again_in_the_same_epoch():
    def drawn(epoch):
        local, pictures, whole = begun(Net(), local_cut="swap")
        local.epoch = epoch
        local.before_epoch()
        return [local._swap(pictures, whole)[1] for _ in range(2)]

    first, second = drawn(0)
    assert not torch.equal(first, second)
    assert all(torch.equal(a, b) for a, b in zip(drawn(0), (first, second), strict=True))
    assert not torch.equal(drawn(1)[0], first)


def test_two_processes_draw_the_boxes_of_one(monkeypatch):
    kept = []
    monkeypatch.setattr(
        "facelens.training.local.boxes",
        lambda drawn, fields: kept.append(drawn) or boxes(drawn, fields),
    )
    monkeypatch.setattr("facelens.training.processes.world", lambda: 2)
    for rank in (0, 1):
        monkeypatch.setattr("facelens.training.processes.rank", lambda rank=rank: rank)
        local, pictures, whole = begun(Net(), local_cut="swap")
        local._swap(pictures, whole)
    monkeypatch.undo()
    again = torch.Generator().manual_seed(local.seed + (1 << 40))
    assert torch.equal(torch.cat(kept), torch.rand(4, 4, generator=again))


def test_looking_at_all_of_a_picture_is_the_picture():
    values = torch.rand(2, 3, 8, 6)
    same = look(values, torch.zeros(2, 2), 1.0, (8, 6), (1.0, 1.0))
    torch.testing.assert_close(same, values)


def test_the_loss_pulls_the_whole_and_its_parts_together_and_leaves_batch_norm_alone():
    torch.manual_seed(0)
    network = build("resnet18", 5, from_scratch=True)
    for cut in ("tiles", "window", "swap"):
        local, pictures, _ = begun(network, local_cut=cut)
        network.train()
        network(pictures)
        before = copy.deepcopy(network.state_dict())
        local.after_loss()
        for name, value in network.named_buffers():
            assert torch.equal(value, before[name]), name
        assert all(m.training for m in network.modules())
        network.zero_grad()
        assert local.learn.loss_grad > 0
        local.learn.loss_grad.backward()
        assert network.head.weight.grad.abs().sum() > 0
        assert network.body[0].weight.grad.abs().sum() > 0
        local.after_fit()
        assert not network.body._forward_hooks


def test_settled_puts_back_what_it_found():
    network = build("resnet18", 2, from_scratch=True)
    network.body[1].eval()
    were = [m.training for m in network.modules()]
    with settled(network.body):
        assert not any(m.training for m in network.modules() if isinstance(m, nn.BatchNorm2d))
    assert [m.training for m in network.modules()] == were


def test_pictures_that_the_fields_do_not_divide_are_refused():
    assert stride(torch.zeros(1, 3, 128, 114), torch.zeros(1, 5, 8, 8)) == 16
    with pytest.raises(DataError, match="--local"):
        stride(torch.zeros(1, 3, 128, 128), torch.zeros(1, 5, 6, 6))


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    for split, count, seed in (("train", 32, 0), ("valid", 16, 1)):
        write_split(folder, split, count, seed)
    return [open_store(folder, split, cache=folder / "cache") for split in ("train", "valid")]


@pytest.mark.parametrize("cut", ["both", "swap"])
def test_a_run_with_it_learns_and_resumes_to_the_same(stores, tmp_path, cut):
    class Killed(Exception):  # noqa: N818
        pass

    def kill():
        if len(run.history) == 1:
            raise Killed("killed")

    recipe = replace(
        RECIPE, stages=(Stage(2, frozen=False, rate=1e-3, sizes=SMALL),),
        local=1.0, local_cut=cut, mixup=0.2,
    )  # fmt: skip
    how = {"from_scratch": True, "device": "cpu", "progress": False}
    whole = open_run(tmp_path / "whole", recipe)
    fit.train(whole, *stores, **how)
    run = open_run(tmp_path / "killed", recipe)
    with pytest.raises(Killed):
        fit.train(run, *stores, **how, after_epoch=kill)
    fit.train(open_run(tmp_path / "killed", recipe), *stores, **how)
    for figure in ("train_loss", "valid_loss"):
        assert float(run.history[-1][figure]) == pytest.approx(
            float(whole.history[-1][figure]), abs=1e-4
        )
    plain = open_run(tmp_path / "plain", replace(recipe, local=0.0))
    fit.train(plain, *stores, **how)
    assert plain.history[-1]["valid_loss"] != whole.history[-1]["valid_loss"]
