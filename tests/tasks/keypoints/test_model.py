"""The network for fifteen points that comes with Facelens, and its bundle."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from facelens import find_faces, load_model, read_photo
from facelens.bundles.bundle import write_manifest
from facelens.bundles.find import embedded_folder
from facelens.errors import BundleError
from facelens.faces import align
from facelens.tasks.keypoints import marks
from facelens.tasks.keypoints.marks import MIRRORED, NAMES, TEMPLATE_FIVE

GIVEN = json.loads((embedded_folder("keypoints") / "config.json").read_text())["input"]


@pytest.fixture(scope="module")
def model():
    return load_model(task="keypoints")


@pytest.fixture
def bundle(tmp_path):
    return shutil.copytree(embedded_folder("keypoints"), tmp_path / "bundle")


def opened(name):
    return load_model(str(name), task="keypoints")


def edit(bundle, **changes):
    path = bundle / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    write_manifest(bundle)


def test_the_points_lie_on_the_face(model, astronaut):
    face = find_faces(read_photo(astronaut), detector="haar")[0]
    points = model.predict([face])[0].points
    eyes = np.hypot(*(face.landmarks[0] - face.landmarks[1]))
    apart = np.hypot(*(points[TEMPLATE_FIVE] - face.landmarks).T) / eyes
    assert (apart < [0.12, 0.12, 0.3, 0.15, 0.15]).all(), apart
    brow = points[NAMES.index("left_eyebrow_inner_end")]
    assert brow[1] < points[NAMES.index("left_eye_center")][1]


def test_a_turned_photo_has_turned_points(model, astronaut):
    upright = Image.open(astronaut).convert("RGB")
    turned = upright.rotate(20, center=(224, 110), resample=Image.Resampling.BICUBIC)
    there = [
        model.predict(find_faces(read_photo(np_bytes(photo)), detector="haar")[:1])[0].points
        for photo in (upright, turned)
    ]
    angle = np.radians(-20)  # y points down
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    expected = (there[0] - (224, 110)) @ turn.T + (224, 110)
    eyes = np.hypot(*(there[0][0] - there[0][1]))
    assert np.hypot(*(there[1] - expected).T).mean() < 0.06 * eyes


def np_bytes(photo):
    import io

    file = io.BytesIO()
    photo.save(file, "PNG")
    return file.getvalue()


def test_a_mirrored_face_has_mirrored_points(model, astronaut):
    """In a photo there is nothing left of where the marks of the data lie."""
    photo = Image.open(astronaut).convert("RGB")
    face = find_faces(read_photo(np_bytes(photo)), detector="haar")[0]
    mirrored = face.crop[:, ::-1].copy()
    # The template is not quite symmetrical: compare under one warp, about the crop's own middle.
    flip = np.array([[-1, 0, 177], [0, 1, 0]], np.float32)
    first, second = (
        align.apply(warp, model.predict([as_face(face, crop)])[0].points)
        for crop, warp in ((face.crop, face.warp), (mirrored, face.warp))
    )
    apart = np.hypot(*(align.apply(flip, second[MIRRORED]) - first).T)
    assert apart.mean() < 0.5, "pixels of the template"


def as_face(face, crop):
    from dataclasses import replace

    return replace(face, crop=crop)


def test_one_alone_and_many_at_once_are_answered_alike(model):
    pictures = np.random.default_rng(0).integers(0, 256, (6, 96, 96), np.uint8)
    for picture, found in zip(pictures, model.predict(pictures), strict=True):
        assert found.points.shape == (15, 2)
        np.testing.assert_allclose(model.predict([picture])[0].points, found.points, atol=1e-3)
    assert model.predict(pictures[:0]) == model.predict([]) == []
    with pytest.raises(ValueError, match="uint8"):
        model.predict(pictures[:, :90])
    with pytest.raises(ValueError, match="uint8"):
        model.predict(pictures.astype(np.float32))


def test_it_is_small_and_says_how_far_off_it_is(model):
    assert sum(entry["size"] for entry in model.bundle.files.values()) <= 4_000_000
    assert 0 < model.error < 0.1
    card = model.bundle.read("README.md").decode()
    assert f"{model.config.metrics['test']['rmse_px']:.2f}" in card
    for words in ("Not meant for", "95 % intervals", "no better than the marks"):
        assert words in card


@pytest.mark.data
def test_its_figures_are_those_of_the_shipped_graph(model, data_dir):
    test = marks.read_parquet(data_dir / "keypoints" / "test-00000-of-00001.parquet")
    answers = np.stack([found.points for found in model.predict(test.pictures)])
    measured = marks.measure(answers, test)
    stated = model.config.metrics["test"]
    assert measured["rmse_px"] == pytest.approx(stated["rmse_px"], abs=2e-3)
    assert measured["eye_error"] == pytest.approx(stated["eye_error"], abs=1e-4)
    assert (measured["faces"], measured["people"]) == (stated["faces"], stated["people"])
    assert stated["low_px"] < stated["rmse_px"] < stated["high_px"]


def test_a_bundle_for_another_task_is_refused_both_ways(bundle):
    with pytest.raises(BundleError, match="for 'keypoints', not for attributes"):
        load_model(str(bundle), task="attributes")
    with pytest.raises(BundleError, match="for 'attributes', not for keypoints"):
        opened("mobilenet_v2")
    with pytest.raises(BundleError, match="no model 'nowhere'"):
        opened("nowhere")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"names": ["nose"]}, "other points than Kaggle's"),
        ({"input": GIVEN | {"size": [64, 64]}}, "or other pictures"),
        ({"input": GIVEN | {"frame": [[0, 0, 0], [0, 0, 0]]}}, "frame that cannot be"),
        ({"input": GIVEN | {"frame": [[1, 0], [0, 1]]}}, "frame that cannot be"),
        ({"input": GIVEN | {"frame": None}}, "frame that cannot be"),
        ({"input": GIVEN | {"frame": "there"}}, "lacks or garbles"),
        ({"input": GIVEN | {"crop": [96, 96]}}, "another crop"),
        ({"offset": [400, 0]}, "offset that cannot be"),
        ({"offset": None}, "lacks or garbles"),
        ({"metrics": [1, 2]}, "lacks or garbles"),
        ({"name": "a\nb"}, "characters that cannot be shown"),
        ({"format": 99}, "update Facelens"),
    ],
)
def test_what_config_cannot_say_is_a_sentence(changes, words, bundle):
    edit(bundle, **changes)
    with pytest.raises(BundleError, match=words):
        opened(bundle)


def test_figures_that_are_missing_are_not_made_up(bundle):
    edit(bundle, metrics={})
    assert np.isnan(opened(bundle).error)


def test_a_graph_that_is_none_or_another_is_a_sentence(bundle):
    pictures = np.zeros((1, 96, 96), np.uint8)
    graph = bundle / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-9])
    with pytest.raises(BundleError, match="is damaged"):
        opened(bundle).predict(pictures)
    write_manifest(bundle)
    with pytest.raises(BundleError, match="cannot be run"):
        opened(bundle).predict(pictures)
    graph.write_bytes((embedded_folder("points") / "points.onnx").read_bytes())
    write_manifest(bundle)
    with pytest.raises(BundleError, match="does not fit its config"):
        opened(bundle).predict(pictures)
    graph.write_bytes(graph.read_bytes() + b"location")
    write_manifest(bundle)
    with pytest.raises(BundleError, match="reads other files"):
        opened(bundle).predict(pictures)
