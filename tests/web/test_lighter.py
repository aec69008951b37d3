"""Graphs with int8 weights and float activations answer as before, nearly, and everywhere alike."""

import json

import numpy as np
import onnxruntime
import pytest

from facelens import load_model
from facelens.tasks.example import example_face
from facelens.web.lighter import TOLERANCE, answered, lighter


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(scope="module")
def graph(model):
    return lighter(model.bundle.read("model.onnx"))


def run(graph, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options)
    names = [put.name for put in session.get_outputs()]
    found = session.run(names, {"crops": example_face().crop[None]})
    return dict(zip(names, found, strict=True))


def test_answers_and_maps_stay_and_no_rounding_moves_them(model, graph):
    levels = onnxruntime.GraphOptimizationLevel
    one, other = (run(graph, level) for level in (levels.ORT_ENABLE_ALL, levels.ORT_DISABLE_ALL))
    (known,) = model.predict([example_face().crop], maps=True)
    assert set(one) == {"logits", "activation_maps", *(v.output for v in model.config.layers)}
    assert np.abs(one["logits"] - other["logits"]).max() < 1e-3
    probabilities = 1 / (1 + np.exp(-one["logits"][0] / model.config.temperature))
    assert np.abs(probabilities - known.probabilities).max() < 0.05
    assert np.corrcoef(one["activation_maps"].ravel(), known.maps.ravel())[0, 1] > 0.99


def test_the_file_grows_by_a_hundredth_at_most(model, graph):
    assert len(graph) < 1.01 * len(model.bundle.read("model.onnx"))


def test_a_graph_without_rounded_activations_stays_as_it_is():
    graph = load_model(task="keypoints").bundle.read("model.onnx")
    assert lighter(graph) == graph


def test_the_example_has_the_answers_of_the_graph(model, graph):
    before = json.loads(model.bundle.read("example.json"))
    after = json.loads(answered(model.bundle.read("example.json"), graph))
    assert after.keys() == before.keys()
    assert after["tolerance"] == TOLERANCE
    assert 0 < np.abs(np.subtract(after["answers"], before["answers"])).max() < 0.5
