"""A convolution by hand, LeNet-5 as published, and stories about channels put to the test."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from matplotlib import pyplot as plt

from facelens.errors import DataError
from facelens.lessons import convolution, convolution_figures
from facelens.tasks.base import Layer
from facelens.training import network
from facelens.training.data import Store

pytestmark = pytest.mark.train
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    plt.close("all")


def store(images, labels, names):
    n = len(images)
    return Store(np.stack(images), labels, np.arange(n), tuple(map(str, range(n))), names)


def striped(n, seed=0):
    """Grey squares, half of them with a bright bar where a mouth would be."""
    rng = np.random.default_rng(seed)
    yes = rng.random(n) < 0.5
    pictures = rng.random((n, 32, 32)).astype(np.float32) * 0.3
    pictures[yes, 20:24, 8:24] += 0.5
    return pictures, yes


def test_a_convolution_is_the_sum_of_products_at_every_place():
    picture = np.random.default_rng(0).random((6, 5)).astype(np.float32)
    kernel = convolution.KERNELS["vertical edges"]
    expected = [
        [(picture[y : y + 3, x : x + 3] * kernel).sum() for x in range(3)] for y in range(4)
    ]
    np.testing.assert_allclose(
        convolution.convolve(picture, kernel), expected, rtol=1e-5, atol=1e-6
    )


def test_a_vertical_filter_sees_upright_edges_only():
    upright = np.zeros((9, 9), np.float32)
    upright[:, 5:] = 1
    assert convolution.convolve(upright, convolution.KERNELS["vertical edges"]).max() == 3
    assert not convolution.convolve(upright, convolution.KERNELS["horizontal edges"]).any()
    assert convolution.convolve(upright.T, convolution.KERNELS["horizontal edges"]).max() == 3


def test_relu_pooling_and_a_weighted_sum():
    picture = np.array([[-1, 2, 0, 0], [3, -4, 0, -5]], np.float32)
    np.testing.assert_array_equal(convolution.relu(picture), [[0, 2, 0, 0], [3, 0, 0, 0]])
    np.testing.assert_array_equal(convolution.max_pool(picture), [[3, 0]])
    assert convolution.connect(np.array([[1, 2], [3, 4]]), np.array([1, 0, 0, 10.0]), 0.5) == 41.5


def test_the_example_is_a_face_and_its_grey_square_holds_it():
    crop = convolution.example()
    assert crop.shape == (218, 178, 3)
    small = convolution.grey(crop)
    assert small.shape == (32, 32)
    assert 0 <= small.min() < small.max() <= 1


def test_lenet_is_the_published_one():
    net = convolution.LeNet5()
    learned = net.free_parameters()
    # LeCun et al., 1998, section II.B.
    published = {"C1": 156, "S2": 12, "C3": 1516, "S4": 32, "C5": 48120, "F6": 10164}
    assert learned == {**published, "output": 85}
    assert net(torch.zeros(3, 1, 32, 32)).shape == (3,)
    shapes = {name: maps.shape for name, maps in net.maps(np.zeros((32, 32), np.float32)).items()}
    assert shapes == {"C1": (6, 28, 28), "S2": (6, 14, 14), "C3": (16, 10, 10), "S4": (16, 5, 5)}


def test_a_map_of_c3_sees_only_what_the_table_lets_it_see():
    layer = convolution.LeNet5().layers.get_submodule("C3")
    maps = torch.rand(1, 6, 14, 14)
    other = maps.clone()
    other[:, 3] += 1
    with torch.no_grad():
        changed = (layer(maps) != layer(other)).any(3).any(2)[0].tolist()
    assert changed == [3 in sources for sources in convolution._TABLE]


def test_lenet_learns_and_the_seed_decides_how():
    train, valid = striped(256), striped(96, seed=1)
    net, history = convolution.train_lenet(train, valid, epochs=5)
    assert history[-1]["accuracy"] > 0.95 > convolution.base_rate(valid[1])
    assert history[-1]["loss"] < history[0]["loss"]
    assert ((convolution.say(net, valid[0]) >= 0.5) == valid[1]).mean() == history[-1]["accuracy"]
    assert convolution.train_lenet(train, valid, epochs=5)[1] == history
    assert convolution.train_lenet(train, valid, epochs=5, seed=1)[1] != history


def test_lenet_takes_one_attribute():
    faces = store([np.zeros((218, 178, 3), np.uint8)], np.array([[True, False]]), ("a", "b"))
    with pytest.raises(DataError, match="one attribute"):
        convolution.small_faces(faces)
    pictures, labels = convolution.small_faces(faces.only(["b"]))
    assert pictures.shape == (1, 32, 32)
    assert labels.tolist() == [False]


def test_the_surest_come_first_and_each_case_is_kept_apart():
    said = np.array([0.6, 0.99, 0.2, 0.01, 0.9, 0.3])
    labels = np.array([True, True, False, False, False, True])
    cases = [rows.tolist() for rows in convolution.surest(said, labels).values()]
    assert cases == [[1, 0], [3, 2], [4], [5]]
    assert len(convolution.surest(said, labels, count=1)["yes, and the label agrees"]) == 1


def test_stages_show_what_each_layer_gave_and_leave_the_network_alone():
    net = network.build("resnet18", 2, from_scratch=True, fine_maps=False).train()
    layers = {
        layer.name: layer.maps for layer in convolution.stages(net, convolution.example(), (64, 64))
    }
    assert layers["bn1"].min() < 0, "a ReLU in place would have written over it"
    np.testing.assert_array_equal(layers["relu"], np.maximum(layers["bn1"], 0))
    assert layers["layer4"].shape == (512, 2, 2)
    assert net.training
    assert not any(module._forward_hooks for module in net.modules())


class Channels:
    """A network whose one layer has one channel: `see` of the crop, 22 x 18."""

    title = "toy"

    def __init__(self, see):
        self.see = see

    def layers(self, crop):
        small = crop[5::10, 5::10, 0].astype(np.float32)
        return [Layer("x", "Stage", "", self.see(small)[None])]


@pytest.fixture
def mouths():
    """Dark pictures, bright where the mouth lies."""
    left, top, right, bottom = convolution.PARTS["mouth"]
    picture = np.zeros((218, 178, 3), np.uint8)
    picture[top:bottom, left:right] = 200
    return store([picture] * 4, np.zeros((4, 1), bool), ("a",))


def test_a_channel_that_sees_a_mouth_follows_it(mouths):
    mouth = {p.part: p for p in convolution.places(Channels(lambda small: small), mouths, "Stage")}[
        "mouth"
    ]
    assert mouth.there > 5
    assert mouth.followed > 0.7 * mouth.there
    assert mouth.stayed < 0.3 * mouth.there


def test_a_channel_that_likes_a_place_does_not_follow(mouths):
    _, top, _, bottom = (side // 10 for side in convolution.PARTS["mouth"])

    def place(small):
        fixed = np.zeros_like(small)
        fixed[top:bottom, 6:12] = 1
        return fixed

    mouth = {p.part: p for p in convolution.places(Channels(place), mouths, "Stage")}["mouth"]
    assert mouth.stayed == mouth.there > 3
    assert mouth.followed < 0.3 * mouth.there


def test_a_layer_that_is_not_there_is_a_sentence(mouths):
    with pytest.raises(DataError, match="toy has no layer called 'Stage 9'"):
        convolution.places(Channels(lambda small: small), mouths, "Stage 9")


def test_a_step_in_numbers_says_the_sum_that_the_convolution_has_there():
    picture, kernel = convolution.grey(convolution.example()), convolution.KERNELS["vertical edges"]
    title = convolution_figures.step_figure(picture, kernel, 11, 3).axes[3].get_title()
    assert title.endswith(f"{convolution.convolve(picture, kernel)[11, 3]:.2f}")


def test_the_last_sum_is_the_answer():
    net, picture = convolution.untrained(), convolution.grey(convolution.example())
    title = convolution_figures.sum_figure(net, picture).axes[0].get_title()
    assert title.endswith(f"{convolution.say(net, picture[None])[0]:.2f}")


def test_figures_show_every_kernel_map_and_case(mouths):
    net, crop = convolution.untrained(), convolution.example()
    picture = convolution.grey(crop)
    assert len(convolution_figures.kernels_figure(picture).axes) == 1 + len(convolution.KERNELS)
    assert len(convolution_figures.chain_figure(picture, convolution.KERNELS["blur"]).axes) == 4
    assert (
        sum(bool(a.images) for a in convolution_figures.maps_figure(net, picture).axes)
        == 6 + 6 + 16 + 16
    )
    assert len(convolution_figures.filters_figure(net, net).axes) == 12
    cases = {"right": np.array([0, 1]), "wrong": np.array([], int)}
    assert (
        sum(bool(a.images) for a in convolution_figures.cases_figure([picture] * 2, cases).axes)
        == 2
    )
    assert (
        len(convolution_figures.history_figure([{"epoch": 1, "accuracy": 0.5}], 0.5).axes[0].lines)
        == 2
    )
    layers = convolution.stages(network.build("resnet18", 1, from_scratch=True), crop, (64, 64))
    assert len(convolution_figures.stages_figure(layers, "random").axes) == len(layers)
    found = convolution.places(Channels(lambda small: small), mouths, "Stage")
    assert sum(
        bool(a.images) for a in convolution_figures.places_figure(found, mouths).axes
    ) == 2 * len(found)
