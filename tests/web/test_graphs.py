"""Each graph of the page without a server answers as the Python function that it repeats."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from facelens.explain.whiskers import CHANGES, REACH, changed
from facelens.faces import align, boxes, detect, find_faces, quality, yunet
from facelens.photo import Photo, read_photo

GRAPHS = Path(detect.__file__).parents[1] / "web" / "graphs"
ASTRONAUT = Path(detect.__file__).parents[1] / "ui" / "astronaut.jpg"
PLAIN = np.eye(2, 3, dtype=np.float32)[None]


@cache
def graph(name: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(GRAPHS / f"{name}.onnx")


def rgba(pixels: np.ndarray) -> np.ndarray:
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])


def cut(pixels, warp, *, moves=PLAIN, light=None, size=(218, 178), margin=4.0):
    """Crops and their grey, by the graph."""
    return graph("crop").run(
        None,
        {
            "pixels": rgba(pixels),
            "warp": warp,
            "moves": moves,
            "light": np.ones(len(moves), np.float32) if light is None else light,
            "size": np.array(size, np.int64),
            "margin": np.array(margin, np.float32),
        },
    )


def apart(one: np.ndarray, other: np.ndarray) -> int:
    """The largest difference, in grey levels."""
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


def warp_to(pixels, scale: float, degrees: float, shift=(0.0, 0.0)) -> np.ndarray:
    """A warp of this scale and turn that shows about the middle of a picture."""
    turned = cv2.getRotationMatrix2D((0, 0), degrees, scale)
    middle = np.array(pixels.shape[1::-1]) / 2 + shift
    turned[:, 2] = np.array(align.TEMPLATE_BOX.centre) - turned[:, :2] @ middle
    return turned.astype(np.float32)


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return read_photo(ASTRONAUT).pixels


@pytest.mark.parametrize("scale", [0.11, 0.31, 0.6499, 0.65, 0.83, 1.0, 1.21, 3.4])
@pytest.mark.parametrize("degrees", [0, 11.5, -140])
def test_a_crop_is_that_of_python(astronaut, scale, degrees):
    """Averaged if much larger, linear between pixels if not, cubic if enlarged; past edges too."""
    for shift in ((0, 0), (-190.3, 77.7)):
        warp = warp_to(astronaut, scale, degrees, shift)
        (crop,), _ = cut(astronaut, warp)
        assert apart(crop, align.align_face(astronaut, warp)) <= 1


def test_a_part_of_the_photo_is_enough(astronaut):
    warp = warp_to(astronaut, 0.7, 20)
    moved = align.compose(warp, np.array([[1, 0, 40], [0, 1, 25]], float))
    whole, part = cut(astronaut, warp)[0], cut(astronaut[25:, 40:480], moved)[0]
    assert apart(whole, part) == 0


@pytest.mark.parametrize("scale", [0.13, 0.4, 1.3])
def test_the_landmark_networks_patch(astronaut, scale):
    from facelens.faces import landmarks

    warp = warp_to(astronaut, scale, 8)
    grey = cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY)
    want = landmarks.patch_of(grey, warp)
    side = landmarks.PATCH
    view = align.compose(landmarks.view(), warp)
    found = cut(astronaut, view, size=(side, side))[1][0]
    assert np.abs(found.astype(int) - want).mean() < 0.5  # Python rounds grey before it shrinks
    assert apart(found, want) <= 3


@pytest.mark.parametrize("scale", [0.29, 0.97, 1.6])
def test_the_sixteen_views_of_the_whiskers(astronaut, scale):
    warp = warp_to(astronaut, scale, -7)
    x, y = align.TEMPLATE_BOX.centre
    moves = []
    for change in CHANGES:
        k = change.scale
        move = np.array([[k, 0, x - k * x + change.dx], [0, k, y - k * y + change.dy]])
        if change.mirrored:
            move = np.array([[-1, 0, 177], [0, 1, 0]]) @ np.vstack([move, [0, 0, 1]])
        moves.append(move)
    light = np.array([change.light for change in CHANGES], np.float32)
    views, _ = cut(astronaut, warp, moves=np.array(moves, np.float32), light=light, margin=REACH)
    want = changed(astronaut, warp)
    worst = np.abs(views.astype(int) - want)
    assert worst.mean() < 0.2
    assert (worst > 2).mean() < 1e-3


def values_of(picture: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """What a detector might say of a picture: clusters of faces around a few cells."""
    rng = np.random.default_rng(seed)
    height, width = picture
    values = {}
    for stride in yunet.YUNET_STRIDES:
        count = (height // stride) * (width // stride)
        for kind, columns in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            given = rng.normal(size=(1, count, columns))
            if kind == "bbox":  # OpenCV suppresses boxes without an area
                given = np.abs(given)
            values[f"{kind}_{stride}"] = (
                rng.random((1, count, 1)) * 1.1 if kind in ("cls", "obj") else given
            ).astype(np.float32)
    return values


class Session:
    """A detector's session that says what is given."""

    def __init__(self, values):
        self._values = values

    def run(self, names, _):
        return [self._values[name] for name in names]


@pytest.mark.parametrize("floor", [0.6, 0.25, 0.95, 2.0])
@pytest.mark.parametrize("seed", range(4))
def test_boxes_are_decoded_and_suppressed_as_in_python(floor, seed):
    values = values_of((96, 128), seed)
    known = object.__new__(yunet.Yunet)
    known._opencv, known._input, known._session = None, "input", Session(values)
    if floor <= 1:
        want = known._rows(np.zeros((96, 128, 3), np.uint8), floor)
    else:
        want = []  # none is that sure
    scores, _, landmarks = graph("faces").run(
        None, values | {"grid": np.array([96, 128]), "floor": np.array(floor, np.float32)}
    )
    assert len(scores) == len(want)
    if want:
        np.testing.assert_allclose(scores, [score for score, _ in want], atol=1e-6)
        np.testing.assert_allclose(landmarks, np.stack([row for _, row in want]), atol=1e-3)


def hinted(crop: np.ndarray) -> None:
    light, detail, chin = graph("quality").run(None, {"crop": crop})
    x, y, w, h = (round(v) for v in align.TEMPLATE_BOX)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[y : y + h, x : x + w]
    assert light == pytest.approx(grey.mean(), abs=0.05)
    assert detail == pytest.approx(cv2.Laplacian(grey, cv2.CV_64F).var(), rel=0.02, abs=0.5)
    assert chin == pytest.approx(quality.chin_colour(crop), abs=1.5)


def test_what_hints_are_made_of(astronaut):
    crop = align.align_face(astronaut, warp_to(astronaut, 0.9, 0))
    for each in (crop, crop // 4, cv2.blur(crop, (9, 9)), 255 - crop):
        hinted(each)


@pytest.mark.train
def test_the_files_are_what_the_command_writes():
    pytest.importorskip("onnx")
    from facelens.web.write_graphs import GRAPHS as BUILT

    assert {path.stem for path in GRAPHS.glob("*.onnx")} == set(BUILT)
    for name, build in BUILT.items():
        assert build() == (GRAPHS / f"{name}.onnx").read_bytes(), name
