import shutil

import cv2
import numpy as np
import pytest

from facelens import find_faces, load_model, read_photo
from facelens.explain.maps import PATCH, TIMES, finer, occlusion

pytestmark = pytest.mark.train
NEAR = 0.005  # kernels lie in the bundle in 16 bits
torch = pytest.importorskip("torch", reason="needs the extra `train`")


@pytest.fixture(scope="module")
def crop(astronaut):
    return find_faces(read_photo(astronaut), detector="haar")[0].crop


@pytest.fixture(scope="module", params=["mobilenet_v2", "resnet50"])
def both(request, tmp_path_factory):
    """An embedded network in float32, and the same one in torch, from its training weights."""
    from facelens.bundles.bundle import write_manifest
    from facelens.tasks.attributes.training.export import write_exact
    from facelens.training.network import build
    from facelens.training.run import load_weights

    shipped = load_model(request.param)
    folder = tmp_path_factory.mktemp("exact") / request.param
    shutil.copytree(shipped.bundle.folder, folder)
    write_exact(shipped.bundle, folder / "model.onnx")
    write_manifest(folder)
    network = build(
        shipped.config.architecture, len(shipped.names), from_scratch=True,
        spread_kernels=bool(shipped.config.recipe.get("spread_kernels")),
        narrow_kernels=bool(shipped.config.recipe.get("narrow_kernels")),
    )  # fmt: skip
    load_weights(network, folder)
    return load_model(str(folder)), network.eval()


def reference(model, network, crop):
    """Logits and maps of one crop as the method is written down, without the graph."""
    from facelens.training.augment import plain

    with torch.no_grad():
        picture = plain(torch.from_numpy(np.ascontiguousarray(crop)[None]), model.config.input_size)
        features = [network.body(picture)[0], network.body(picture.flip(3))[0].flip(2)]
        mean = sum(features) / 2
        maps = torch.einsum("ac,chw->ahw", network.head.weight, mean)
        return (maps.mean((1, 2)) + network.head.bias).numpy(), maps.numpy()


def alike(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def test_the_map_is_torchs(both, crop):
    model, network = both
    _, maps = reference(model, network, crop)
    own = model.predict([crop], maps=True)[0].maps
    assert np.abs(own - maps).max() < NEAR * np.abs(maps).max()


def test_int8_leaves_a_map_what_it_was(both, crop):
    exact, _ = both
    shipped = load_model(exact.config.name)
    assert shipped.config.metrics["precision"] == "int8"
    pairs = zip(
        shipped.predict([crop], maps=True)[0].maps,
        exact.predict([crop], maps=True)[0].maps,
        strict=True,
    )
    assert np.median([alike(*pair) for pair in pairs]) > 0.99


# Covering asks any network in the same way, and the larger one takes six times as long.
@pytest.mark.parametrize("both", ["mobilenet_v2"], indirect=True)
def test_covering_is_torchs(both, crop):
    model, network = both
    where = occlusion(model, crop)
    rows, columns = where.values.shape[1:]
    score, maps = reference(model, network, crop)
    for row, column in [(0, 0), (4, 3), (7, 5), (rows - 1, columns - 1)]:
        y, x = (row + 0.5) * 218 / rows, (column + 0.5) * 178 / columns
        covered = crop.copy()
        covered[
            max(0, round(y - PATCH / 2)) : round(y + PATCH / 2),
            max(0, round(x - PATCH / 2)) : round(x + PATCH / 2),
        ] = crop.mean((0, 1))
        fall = score - reference(model, network, covered)[0]
        assert np.abs(where.values[:, row, column] - fall).max() < 10 * NEAR
    # On the example's smile the map and the check point at the same part of the face.
    smile = model.names.index("Smiling")
    covered = cv2.resize(where.values[smile], maps.shape[:0:-1])
    assert alike(covered, maps[smile]) > 0.3


def test_a_finer_map_is_torchs_of_the_moved_face(both, crop):
    """A field of the finer map is a field of the map of the face moved there."""
    model, network = both
    # Sixteen looks of the larger network would show what four do.
    way = "finer" if model.config.name == "resnet50" else "finest"
    times = TIMES[way]
    where = finer(model, crop, way)
    height, width = model.config.layers[-1].shape[1:]
    assert where.values.shape == (len(model.names), height * times, width * times)
    assert where.passes == times * times
    for i, j in [(0, 0), (times - 1, 0), (times // 2, times - 1)]:
        # In pixels of the network's picture a field is 16 wide, whatever rounding made of them.
        tall, wide = model.config.input_size
        dy = round((i - (times - 1) / 2) * 16 / times * 218 / tall)
        dx = round((j - (times - 1) / 2) * 16 / times * 178 / wide)
        moved = np.pad(crop, ((40, 40), (40, 40), (0, 0)), "edge")
        moved = moved[40 + dy : 258 + dy, 40 + dx : 218 + dx]
        _, maps = reference(model, network, moved)
        part = where.values[:, i::times, j::times]
        assert np.abs(part - maps).max() < NEAR * np.abs(maps).max()


def test_a_finer_map_agrees_with_the_map(both, crop):
    model, _ = both
    maps = model.predict([crop], maps=True)[0].maps
    fine = finer(model, crop, "finer").values
    for name in ("Smiling", "Eyeglasses", "No_Beard"):
        index = model.names.index(name)
        coarse = cv2.resize(fine[index], maps.shape[:0:-1], interpolation=cv2.INTER_AREA)
        assert alike(coarse, maps[index]) > 0.9
        # A map turned round would not: the test can fail.
        assert alike(coarse[::-1], maps[index]) < 0.9
