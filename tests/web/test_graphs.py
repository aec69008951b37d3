"""Each graph of the page without a server answers as the Python function that it repeats."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from facelens.faces import align, boxes, detect, find_faces, quality
from facelens.faces.yunet import YUNET_SIDE, YUNET_STRIDES, Yunet
from facelens.photo import read_photo

GRAPHS = Path(detect.__file__).parents[1] / "web" / "graphs"
ASTRONAUT = Path(detect.__file__).parents[1] / "ui" / "astronaut.jpg"


@cache
def graph(name: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(GRAPHS / f"{name}.onnx")


def warp_to(pixels, scale: float, degrees: float, shift=(0.0, 0.0)) -> np.ndarray:
    """A warp of this scale and turn that shows about the middle of a picture."""
    turned = cv2.getRotationMatrix2D((0, 0), degrees, scale)
    middle = np.array(pixels.shape[1::-1]) / 2 + shift
    turned[:, 2] = np.array(align.TEMPLATE_BOX.centre) - turned[:, :2] @ middle
    return turned.astype(np.float32)


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return read_photo(ASTRONAUT).pixels


def values_of(picture: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """What a detector might say of a picture: clusters of faces around a few cells."""
    rng = np.random.default_rng(seed)
    height, width = picture
    values = {}
    for stride in YUNET_STRIDES:
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
    known = object.__new__(Yunet)
    known._opencv, known._input, known._session = None, "input", Session(values)
    # None is that sure, and OpenCV does not take none.
    want = [] if floor > 1 else known._rows(np.zeros((96, 128, 3), np.uint8), floor)
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


@pytest.mark.data
def test_portraits_have_the_same_faces_and_hints(portraits, yunet, monkeypatch):
    """YuNet's outputs, decoded by the graph and by Python; what is measured of the crops."""
    given = {}
    detector = detect.open_detector(f"yunet:{yunet}")
    session = detector._session

    class Kept:
        def run(self, names, inputs):
            values = session.run(names, inputs)
            given.update(zip(names, values, strict=True))
            given["size"] = next(iter(inputs.values())).shape[2:]
            return values

    found = 0
    for path in sorted(portraits.glob("*.jpg")):
        photo = read_photo(path)
        small, _ = boxes.bounded(photo.pixels, YUNET_SIDE)
        with monkeypatch.context() as patch:
            patch.setattr(detector, "_session", Kept())
            want = detector._rows(small)
        size = given.pop("size")
        scores, _, landmarks = graph("faces").run(
            None,
            given | {"grid": np.array(size), "floor": np.array(0.6, np.float32)},
        )
        assert len(scores) == len(want), path.name
        np.testing.assert_allclose(landmarks, np.stack([row for _, row in want]), atol=0.01)
        found += len(want)
        for face in find_faces(photo, detector=f"yunet:{yunet}"):
            hinted(face.crop)
    assert found >= 17


@pytest.mark.train
def test_the_files_are_what_the_command_writes():
    pytest.importorskip("onnx")
    from facelens.web.write_graphs import GRAPHS as BUILT

    assert {path.stem for path in GRAPHS.glob("*.onnx")} == set(BUILT)
    for name, build in BUILT.items():
        assert build() == (GRAPHS / f"{name}.onnx").read_bytes(), name
