import json

import numpy as np
import pytest
from helpers.tiny import tiny_bundle

from facelens import load_model
from facelens.bundles.bundle import write_manifest
from facelens.bundles.find import embedded_folder
from facelens.errors import BundleError, FacelensError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.tasks.attributes.names import NAMES

GIVEN = json.loads((embedded_folder("mobilenet_v2") / "config.json").read_text())["input"]


@pytest.fixture(scope="module", params=["mobilenet_v2", "resnet50"])
def model(request):
    """Each network that comes with Facelens."""
    return load_model(request.param)


@pytest.fixture(scope="module")
def crops():
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (3, 10, 9, 3), dtype=np.uint8)
    return small.repeat(22, 1).repeat(20, 2)[:, :CROP_HEIGHT, :CROP_WIDTH]


def edit(bundle, **changes):
    """Change fields of a bundle's config.json and sign it anew."""
    path = bundle / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    write_manifest(bundle)


def test_the_default_is_embedded():
    assert load_model().config.name == "mobilenet_v2"


def test_an_embedded_bundle_answers_celebas_forty(model, crops):
    answers = model.predict(list(crops))
    assert len(answers) == 3
    assert answers[0].names == NAMES
    assert answers[0].probabilities.shape == (40,)
    assert ((answers[0].probabilities >= 0) & (answers[0].probabilities <= 1)).all()
    assert answers[0]["Smiling"] == pytest.approx(answers[0].probabilities[NAMES.index("Smiling")])


def test_a_face_gets_the_same_answer_alone_and_in_a_batch(model, crops):
    together = model.predict(list(crops))
    for crop, answer in zip(crops, together, strict=True):
        np.testing.assert_allclose(model.predict([crop])[0].logits, answer.logits, atol=1e-4)


def test_no_faces_no_answers(model):
    assert model.predict([]) == []


def test_probabilities_are_the_calibrated_logits(model, crops):
    answer = model.predict([crops[0]])[0]
    expected = 1 / (1 + np.exp(-answer.logits / model.config.temperature))
    np.testing.assert_allclose(answer.probabilities, expected, atol=1e-6)


def test_the_mean_of_a_map_plus_the_bias_is_the_logit(model, crops):
    maps = model.predict([crops[0]], maps=True)[0].maps
    assert maps.shape[0] == 40
    assert min(maps.shape[1:]) >= 8
    logits = maps.mean((1, 2)) + model.config.bias
    np.testing.assert_allclose(logits, model.predict([crops[0]])[0].logits, atol=1e-3)
    np.testing.assert_array_equal(model.predict([crops[0]], maps=True)[0].evidence("Smiling"),
                                  maps[NAMES.index("Smiling")])  # fmt: skip


def test_a_mirrored_face_has_mirrored_maps(model, crops):
    """The embedded bundle averages with the mirrored crop, so left and right must not matter."""
    mirrored = np.ascontiguousarray(crops[0][:, ::-1])
    maps = model.predict([crops[0]], maps=True)[0].maps
    # A value that lies between two steps of int8 may fall either way.
    np.testing.assert_allclose(
        model.predict([mirrored], maps=True)[0].maps,
        maps[..., ::-1],
        atol=0.02 * np.abs(maps).max(),
    )


def test_layers_have_the_shapes_that_the_config_states(model, crops):
    layers = model.layers(crops[0])
    assert [layer.maps.shape for layer in layers] == [v.shape for v in model.config.layers]
    convolution, relu = layers[:2]
    cut = 6 if model.config.architecture == "mobilenet_v2" else None
    np.testing.assert_allclose(relu.maps, np.clip(convolution.maps, 0, cut), atol=1e-4)


def test_an_unknown_attribute_is_a_sentence(model, crops):
    with pytest.raises(BundleError, match="knows no attribute 'Wise'"):
        model.predict([crops[0]], maps=True)[0].evidence("Wise")


def test_a_crop_of_another_size_is_refused(model):
    with pytest.raises(ValueError, match="218, 178"):
        model.predict([np.zeros((10, 10, 3), np.uint8)])


def test_the_model_comes_from_the_argument_then_the_environment(tmp_path, monkeypatch):
    bundle = tiny_bundle(tmp_path)
    edit(bundle, version="9.9")
    monkeypatch.setenv("FACELENS_MODEL", str(bundle))
    assert load_model().title.endswith("9.9")
    assert load_model("mobilenet_v2").bundle.source == "embedded"
    assert load_model(str(bundle)).bundle.source == str(bundle)


def test_a_damaged_file_is_noticed(tmp_path, crops):
    bundle = tiny_bundle(tmp_path)
    data = bytearray((bundle / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (bundle / "model.onnx").write_bytes(data)
    with pytest.raises(BundleError, match="damaged"):
        load_model(str(bundle)).predict([crops[0]])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": 99}, "update Facelens"),
        ({"task": "keypoints"}, "not for attributes"),
        ({"names": ["A", "B"]}, "do not fit its 2 names"),
        ({"activation": "tanh"}, "neither sigmoid nor softmax"),
        ({"temperature": [0.0] * 40}, "not a positive number"),
        ({"input": GIVEN | {"crop": [1, 1]}}, "another crop"),
        ({"input": GIVEN | {"template": "other"}}, "another crop"),
        ({"layers": "none"}, "lacks or garbles"),
        ({"format": -3}, "never was"),
        ({"temperature": [[1.0]] * 40}, "do not fit"),
        ({"operating_points": {"half": [5.0] * 40}}, "not from 0 to 1"),
        ({"name": "\x1b[31mred"}, "cannot be shown"),
        ({"input": GIVEN | {"size": [float("inf"), 1]}}, "lacks or garbles"),
    ],
)
def test_a_foreign_or_newer_config_is_refused_with_a_sentence(tmp_path, changes, sentence):
    bundle = tiny_bundle(tmp_path)
    edit(bundle, **changes)
    with pytest.raises(BundleError, match=sentence):
        load_model(str(bundle), task="attributes")


def test_a_graph_that_does_not_fit_is_refused(tmp_path, crops):
    bundle = tiny_bundle(tmp_path)
    (bundle / "model.onnx").write_bytes(b"not a graph")
    write_manifest(bundle)
    with pytest.raises(BundleError, match="cannot be run"):
        load_model(str(bundle)).predict([crops[0]])


def test_a_graph_that_reads_other_files_is_refused(tmp_path, crops, monkeypatch):
    """ONNX keeps weights in any file that a graph names; nobody has checked those."""
    onnx = pytest.importorskip("onnx", reason="needs the extra `train`")
    bundle = tiny_bundle(tmp_path)
    graph = onnx.load(bundle / "model.onnx")
    onnx.save(graph, bundle / "model.onnx", save_as_external_data=True, location="secret.bin")
    write_manifest(bundle)
    monkeypatch.chdir(bundle)
    with pytest.raises(BundleError, match="reads other files"):
        load_model(str(bundle)).predict([crops[0]])


@pytest.mark.parametrize("name", ["manifest.json", "config.json", "curves.json"])
@pytest.mark.parametrize("text", ["[" * 200_000, "", "null", '{"format": Infinity}'])
def test_hostile_json_is_a_sentence(tmp_path, name, text):
    bundle = tiny_bundle(tmp_path)
    (bundle / name).write_text(text)
    if name != "manifest.json":
        write_manifest(bundle)
    with pytest.raises(BundleError):
        load_model(str(bundle)).curves  # noqa: B018 - read on first use


def test_a_manifest_may_list_no_foreign_file(tmp_path):
    bundle = tiny_bundle(tmp_path)
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["../../evil.pkl"] = {"sha256": "0", "size": 1}
    path.write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="no bundle has"):
        load_model(str(bundle))


@pytest.mark.parametrize(
    "name", ["nothing here", "/no/such/folder", "a/b/c", ".", "../x", "a" * 300]
)
def test_a_name_that_means_nothing_is_a_sentence(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FacelensError) as caught:
        load_model(name)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_without_a_network_a_repository_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(FacelensError, match="not in the cache"):
        load_model("nobody/nothing")
