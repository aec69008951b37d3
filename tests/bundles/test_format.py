"""Bundles of older formats stay readable, and can be written anew."""

import json

import numpy as np
import pytest
from helpers.tiny import tiny_bundle

from facelens import load_model
from facelens.bundles import bundle as bundles
from facelens.errors import BundleError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH

CROP = np.full((CROP_HEIGHT, CROP_WIDTH, 3), 128, np.uint8)


def name_the_flip(values):
    """Format 3 calls a field by another name than format 2 did."""
    return {"flip_average": values.pop("mirrored"), **values}


def name_the_licence(values):
    """Format 4 does so once more, and counts on what format 3 has."""
    return {"licence": values.pop("terms"), "flip_average": values.pop("flip_average"), **values}


@pytest.fixture(scope="module")
def embedded():
    """The same network as today's Facelens reads it."""
    return load_model()


@pytest.fixture
def old(tmp_path):
    """The embedded bundle, as a format with two other names would have written it."""
    folder = tiny_bundle(tmp_path)
    path = folder / "config.json"
    values = json.loads(path.read_text())
    values |= {"mirrored": values.pop("flip_average"), "terms": values.pop("licence")}
    path.write_text(json.dumps(values))
    bundles.write_manifest(folder)
    return folder


def change(folder, **values):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    bundles.write_manifest(folder)


@pytest.fixture
def fourth(monkeypatch):
    """A Facelens that has come to format 4."""
    monkeypatch.setattr(bundles, "FORMAT", 4)
    monkeypatch.setattr(bundles, "UPGRADES", {2: name_the_flip, 3: name_the_licence})


def test_every_older_format_has_a_step():
    assert list(bundles.UPGRADES) == list(range(1, bundles.FORMAT))


@pytest.mark.usefixtures("fourth")
def test_an_old_bundle_answers_as_it_did(old, embedded):
    model = load_model(str(old))
    assert model.config.licence == embedded.config.licence
    np.testing.assert_array_equal(
        model.predict([CROP])[0].logits, embedded.predict([CROP])[0].logits
    )


def test_without_its_steps_it_would_not(old):
    with pytest.raises(BundleError, match="lacks or garbles"):
        load_model(str(old))


@pytest.mark.usefixtures("fourth")
def test_only_the_steps_that_are_still_to_go_are_taken(old):
    change(old, format=3, flip_average=False)
    assert load_model(str(old)).config.flip_average is False


@pytest.mark.usefixtures("fourth")
def test_an_old_bundle_written_anew_is_of_this_format(old, monkeypatch):
    config = load_model(str(old)).config
    config.save(old / "config.json")
    bundles.write_manifest(old)
    assert json.loads((old / "config.json").read_text())["format"] == 3
    assert json.loads((old / "manifest.json").read_text())["format"] == 3
    monkeypatch.setattr(bundles, "UPGRADES", {})
    assert load_model(str(old)).config.licence == config.licence


@pytest.mark.parametrize("values", [{"format": 2}, {"format": 1, "attributes": None}])
@pytest.mark.usefixtures("fourth")
def test_an_old_bundle_that_is_garbled_is_a_sentence(old, values):
    change(old, **values)
    with pytest.raises(BundleError, match="lacks or garbles"):
        load_model(str(old))


@pytest.mark.usefixtures("fourth")
def test_an_old_bundle_for_another_task_is_refused(old):
    change(old, task="keypoints")
    with pytest.raises(BundleError, match="not for attributes"):
        load_model(str(old))


@pytest.mark.usefixtures("fourth")
def test_a_newer_one_says_what_to_do(old):
    change(old, format=4)
    with pytest.raises(BundleError, match="reads up to 3: update Facelens"):
        load_model(str(old))


def test_a_newer_bundle_with_files_of_its_own_asks_for_an_update(tmp_path):
    folder = tiny_bundle(tmp_path)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["format"] = bundles.FORMAT + 1
    manifest["files"]["spectrum.json"] = {"sha256": "", "size": 0}
    path.write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="update Facelens"):
        load_model(str(folder))
