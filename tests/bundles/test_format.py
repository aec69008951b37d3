"""Bundles of older formats stay readable, and can be written anew."""

import json
import shutil
from dataclasses import fields

import numpy as np
import pytest
from helpers.tiny import tiny_bundle

from facelens import load_model
from facelens.bundles import bundle as bundles
from facelens.bundles.find import embedded_folder
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


def first(values):
    """What format 1 said of the bundle whose config.json of format 2 says `values`."""
    given = values.pop("input")
    colours = given["channels"] == 3
    older = {"format": 1, "input_size": given["size"]}
    older["attributes" if colours else "points"] = values.pop("names")
    del values["activation"]
    if colours:
        height, width = given["crop"]
        older["crop"] = {"template": given["template"], "height": height, "width": width}
    else:
        x, y = values.pop("offset")
        older |= {"frame": given["frame"], "axis": 47.5 + x, "fall": y}
    return {**values, **older}


@pytest.mark.parametrize("name", ["mobilenet_v2", "keypoints"])
def test_a_bundle_of_format_1_opens_and_answers_as_it_did(name, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(embedded_folder(name), folder)
    path = folder / "config.json"
    path.write_text(json.dumps(first(json.loads(path.read_text()))))
    bundles.write_manifest(folder)
    ours, theirs = load_model(str(folder)), load_model(name)
    for field in fields(ours.config):
        one, other = (getattr(model.config, field.name) for model in (ours, theirs))
        np.testing.assert_equal(one, other, field.name)
    seen = [ours.crop(np.full((*ours.crop_size, 3), 128, np.uint8))]
    one, other = ours.predict(seen)[0], theirs.predict(seen)[0]
    for field in ("logits", "points"):
        np.testing.assert_array_equal(getattr(one, field, 0), getattr(other, field, 0))


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
    assert json.loads((old / "config.json").read_text())["format"] == 4
    assert json.loads((old / "manifest.json").read_text())["format"] == 4
    monkeypatch.setattr(bundles, "UPGRADES", {})
    assert load_model(str(old)).config.licence == config.licence


@pytest.mark.parametrize("values", [{"format": 3}, {"format": 2, "names": None}])
@pytest.mark.usefixtures("fourth")
def test_an_old_bundle_that_is_garbled_is_a_sentence(old, values):
    change(old, **values)
    with pytest.raises(BundleError, match="lacks or garbles"):
        load_model(str(old))


@pytest.mark.usefixtures("fourth")
def test_an_old_bundle_for_another_task_is_refused(old):
    change(old, task="keypoints")
    with pytest.raises(BundleError, match="not for attributes"):
        load_model(str(old), task="attributes")


@pytest.mark.usefixtures("fourth")
def test_a_newer_one_says_what_to_do(old):
    change(old, format=5)
    with pytest.raises(BundleError, match="reads up to 4: update Facelens"):
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
