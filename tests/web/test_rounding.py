"""Rounded weights: the same graph, a quarter smaller, with nearly the same answers."""

import gzip

import numpy as np
import onnxruntime
import pytest

from facelens.bundles.find import embedded_folder
from facelens.faces import landmarks
from facelens.photo import read_photo
from facelens.web.rounding import rounded


def answers(graph: bytes, pictures: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(graph)
    return session.run(None, {session.get_inputs()[0].name: pictures})


@pytest.mark.parametrize(
    ("path", "side", "most"),
    [
        (embedded_folder("keypoints") / "model.onnx", 96, [0.02]),  # pixels of the picture
        (landmarks.embedded(), 64, [0.01, 0.05]),  # the logit; pixels of the patch
    ],
    ids=["keypoints", "landmarks"],
)
def test_answers_hardly_move_and_the_file_packs_smaller(astronaut, path, side, most):
    grey = read_photo(astronaut).pixels[60:260:2, 130:330:2, 1]
    pictures = np.stack([grey[i : i + side, i : i + side] for i in range(4)])
    graph = path.read_bytes()
    smaller = rounded(graph)
    assert len(smaller) == len(graph)
    assert smaller != graph
    assert len(gzip.compress(smaller)) < 0.76 * len(gzip.compress(graph))
    for now, before, limit in zip(
        answers(smaller, pictures), answers(graph, pictures), most, strict=True
    ):
        assert np.abs(now - before).max() < limit


def test_rounding_twice_changes_nothing_more():
    graph = landmarks.embedded().read_bytes()
    assert rounded(rounded(graph)) == rounded(graph)


def test_what_a_graph_takes_and_gives_stays():
    graph = (embedded_folder("keypoints") / "model.onnx").read_bytes()
    before = onnxruntime.InferenceSession(graph)
    after = onnxruntime.InferenceSession(rounded(graph, 8))
    for one, other in zip(before.get_outputs(), after.get_outputs(), strict=True):
        assert (one.name, one.shape, one.type) == (other.name, other.shape, other.type)
