"""A bundle's folder from a stranger: pipes, links, sizes, and JSON that says what cannot be."""

import json
import os
import shutil

import numpy as np
import pytest
from helpers.tiny import tiny_bundle

from facelens import load_model
from facelens.bundles.bundle import FILES, MANIFEST, write_manifest
from facelens.errors import BundleError, DetectorError
from facelens.faces import find_faces
from facelens.photo import Photo
from facelens.tasks import TASKS

posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes pipes and links")


def ask(folder):
    """All that is read of a bundle without its training weights."""
    model = load_model(str(folder))
    model.check()
    return model.card


@pytest.fixture
def bundle(tmp_path):
    return tiny_bundle(tmp_path)


@posix
@pytest.mark.parametrize("name", [MANIFEST, "config.json", "model.onnx", "curves.json"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "link", "circle"])
def test_what_is_no_file_of_the_folder_is_a_sentence(bundle, name, kind):
    path = bundle / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"device": "/dev/zero", "link": "/etc/hosts", "circle": name}[kind])
    with pytest.raises(BundleError) as caught:
        ask(bundle)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@posix
def test_a_link_out_of_the_folder_is_refused_though_its_bytes_are_right(bundle, tmp_path):
    shutil.move(bundle / "README.md", tmp_path / "elsewhere.md")
    (bundle / "README.md").symlink_to(tmp_path / "elsewhere.md")
    with pytest.raises(BundleError, match="link out of its folder"):
        ask(bundle)
    (bundle / "README.md").unlink()
    shutil.move(tmp_path / "elsewhere.md", bundle / "card.md")
    (bundle / "README.md").symlink_to("card.md")
    assert ask(bundle)


@posix
def test_the_links_of_the_hubs_cache_are_followed(bundle, tmp_path):
    snapshot, blobs = tmp_path / "models--a--b" / "snapshots" / "c0ffee", tmp_path / "models--a--b"
    snapshot.mkdir(parents=True)
    (blobs / "blobs").mkdir()
    for path in bundle.iterdir():
        shutil.move(path, blobs / "blobs" / path.name)
        (snapshot / path.name).symlink_to(f"../../blobs/{path.name}")
    assert ask(snapshot)


@pytest.mark.parametrize("name", [MANIFEST, *FILES])
def test_a_sparse_file_of_a_terabyte_is_not_read(bundle, name):
    path = bundle / name
    path.touch()
    with path.open("rb+") as file:
        try:
            file.truncate(10**12)
        except OSError:
            pytest.skip("this file system has no sparse files")
    if name == "model.safetensors":
        return
    with pytest.raises(BundleError):
        ask(bundle)


@pytest.mark.parametrize("name", ["config.json", "curves.json", "README.md"])
def test_text_has_a_size_beyond_which_it_is_not_parsed(bundle, name):
    (bundle / name).write_text("[" + "[]," * 4_000_000 + "[]]")
    write_manifest(bundle)
    with pytest.raises(BundleError, match="is larger than"):
        ask(bundle)


def edit(bundle, change):
    path = bundle / "config.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    write_manifest(bundle)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v["bias"].__setitem__(3, None), "bias that is not a number"),
        (lambda v: v["bias"].__setitem__(3, 1e999), "bias that is not a number"),
        (lambda v: v["temperature"].__setitem__(3, 1e-30), "temperature"),
        (lambda v: v["temperature"].__setitem__(3, 1e300), "temperature"),
        (lambda v: v["names"].__setitem__(3, "x" * 201), "more than 200 characters"),
        (lambda v: v["names"].__setitem__(3, "\x1b]0;mine\x07"), "cannot be shown"),
        (lambda v: v["names"].__setitem__(3, "\ud800"), "cannot be shown"),
        (lambda v: v["data"].__setitem__("name", "\x1b[2J"), "cannot be shown"),
        (lambda v: v["input"].__setitem__("size", [0, 128]), "input size that cannot be"),
        (lambda v: v["input"].__setitem__("size", [128, 10**9]), "input size that cannot be"),
        (lambda v: v["layers"][0].__setitem__("shape", [1, 2]), "layer whose shape cannot be"),
        (lambda v: v["layers"][0].__setitem__("shape", [1, 2, -1]), "layer whose shape cannot be"),
        (lambda v: v["layers"][0].__setitem__("more", 1), "lacks or garbles"),
    ],
)
def test_a_config_that_says_what_cannot_be_is_a_sentence(bundle, change, words):
    edit(bundle, change)
    with pytest.raises(BundleError, match=words):
        load_model(str(bundle))


def test_a_layer_of_another_shape_than_stated_is_a_sentence(bundle):
    edit(bundle, lambda v: v["layers"][0].__setitem__("shape", [32, 80, 63]))
    model = load_model(str(bundle))
    with pytest.raises(BundleError, match="of another shape"):
        model.layers(np.zeros((218, 178, 3), np.uint8))


@pytest.mark.parametrize("value", [1e999, -0.1, 2, 1e300])
def test_curves_beyond_zero_and_one_are_refused(bundle, value):
    path = bundle / "curves.json"
    values = json.loads(path.read_text())
    values["attributes"]["Smiling"]["precision"][50] = value
    path.write_text(json.dumps(values))
    write_manifest(bundle)
    with pytest.raises(BundleError, match="not from 0 to 1"):
        ask(bundle)


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), 10**400, {"a": 1}, None])
def test_a_figure_that_is_no_number_is_not_compared(bundle, figure):
    model = load_model(str(bundle))
    for each in TASKS["attributes"].figures:
        inner = model.config.metrics
        for key in each.path[:-1]:
            inner = inner[key]
        inner[each.path[-1]] = figure
        assert each.of(model.config) is None


BLANK = Photo(np.zeros((64, 64, 3), np.uint8))


@posix
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "huge", "text", "another network"])
def test_a_detector_from_a_stranger_is_a_sentence(tmp_path, kind):
    path = tmp_path / "detector.onnx"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "huge":
        path.touch()
        os.truncate(path, 10**12)
    elif kind == "text":
        path.write_text("not a graph")
    elif kind == "another network":
        from facelens.faces import landmarks

        shutil.copy(landmarks.embedded(), path)
    else:
        path = kind
    with pytest.raises(DetectorError) as caught:
        find_faces(BLANK, detector=f"yunet:{path}")
    assert str(caught.value).endswith(".")
