"""Embedded bundles answer their examples as they say; another graph is noticed, none needed."""

import json
import shutil

import numpy as np
import pytest
from helpers.tiny import tiny_bundle

from facelens import load_model, publish
from facelens.bundles.bundle import write_manifest
from facelens.bundles.find import embedded_folder
from facelens.errors import BundleError
from facelens.serve.offered import tried
from facelens.tasks.example import NAME, PHOTO, deviation, example_face, write_example

BUNDLES = ("mobilenet_v2", "resnet50", "keypoints")


@pytest.mark.parametrize("name", BUNDLES)
def test_the_bundle_answers_its_example_as_it_says(name):
    if not embedded_folder(name).is_dir():
        pytest.skip(f"{name} comes with a checkout only")
    model = load_model(name)
    found = deviation(model)
    assert found is not None
    assert found.is_fine, found
    values = json.loads(model.bundle.read(NAME))
    assert values["photo"]["name"] == PHOTO.name
    assert tuple(values["names"]) == model.config.names
    assert np.ptp(values["answers"]) > 1, "answers to a face, not to nothing"


def test_the_examples_face_needs_no_detector():
    face = example_face()
    assert face.crop.shape == (218, 178, 3)
    # The eyes of the photo, as they lie on the template.
    np.testing.assert_allclose(face.landmarks[:2], [[206, 101], [246, 104]], atol=4)


@pytest.fixture
def bundle(tmp_path):
    folder = tiny_bundle(tmp_path)
    write_example(load_model(str(folder)))
    return folder


def change(folder, **values):
    kept = json.loads((folder / NAME).read_text())
    (folder / NAME).write_text(json.dumps(kept | values))
    write_manifest(folder)


def test_another_graph_is_noticed(bundle, caplog):
    model = load_model(str(bundle))
    model.check()
    assert not caplog.records
    answers = json.loads((bundle / NAME).read_text())["answers"]
    change(bundle, answers=[value + 1 for value in answers])
    model = load_model(str(bundle))
    model.check()
    assert "answers otherwise here" in caplog.text
    with pytest.raises(BundleError, match="answers nothing here"):
        tried(model)
    (bundle / "README.md").write_text("A card.")
    write_manifest(bundle)
    with pytest.raises(BundleError, match="export the bundle again"):
        publish.push(bundle, "owner/repo", token="none")


@pytest.mark.parametrize(
    "values",
    [{"answers": [1]}, {"answers": "x"}, {"warp": [[0, 0, 0], [0, 0, 0]]}, {"names": ["Other"]},
     {"tolerance": None}, {"answers": [[float("nan")]]}],
)  # fmt: skip
def test_a_garbled_example_is_a_sentence(bundle, values):
    change(bundle, **values)
    with pytest.raises(BundleError, match=r"example\.json is not of this network"):
        load_model(str(bundle)).check()


def test_a_bundle_without_one_is_opened(bundle, tmp_path):
    older = shutil.copytree(bundle, tmp_path / "older")
    (older / NAME).unlink()
    write_manifest(older)
    model = load_model(str(older))
    model.check()
    assert deviation(model) is None
