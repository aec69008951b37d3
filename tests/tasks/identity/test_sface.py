"""SFace: its file is checked, its crop is ArcFace's, and what it says of real photos."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from helpers.terminal import is_one_sentence
from PIL import Image

from facelens import find_faces, load_model, read_photo
from facelens.errors import BundleError
from facelens.faces import align
from facelens.tasks.identity import sface
from facelens.tasks.identity.recogniser import open_recogniser
from facelens.tasks.identity.sface import FILES, POINTS, SFace, cut


def no_load(_):
    raise BundleError("not asked for")


def test_the_crop_has_the_five_points_where_arcface_has_them():
    crop = np.zeros((218, 178, 3), np.uint8)
    for x, y in np.rint(align.TEMPLATE).astype(int):
        crop[y - 2 : y + 3, x - 2 : x + 3] = 255
    seen = cut(crop).astype(float).mean(2)
    for x, y in POINTS:
        row, column = round(float(y)), round(float(x))
        assert seen[row - 3 : row + 4, column - 3 : column + 4].max() > 150
    assert cut(crop).shape == (112, 112, 3)


@pytest.mark.parametrize("name", list(FILES))
def test_another_file_of_its_name_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"no graph")
    with pytest.raises(BundleError, match="is not SFace: its checksum is another"):
        SFace(path)


def test_where_its_file_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("FACELENS_CACHE", str(tmp_path))
    monkeypatch.delenv(sface.VARIABLE, raising=False)
    with pytest.raises(BundleError, match="SFace is not here: facelens download recogniser"):
        sface.find()
    for name in reversed(FILES):
        (tmp_path / name).touch()
        assert sface.find() == tmp_path / name, "the one in float32 is preferred"
    named = tmp_path / "mine.onnx"
    monkeypatch.setenv(sface.VARIABLE, f"sface:{named}")
    with pytest.raises(BundleError, match="There is no file"):
        sface.find()
    named.touch()
    assert sface.find() == named
    with pytest.raises(BundleError, match="is not SFace"):
        open_recogniser(None, no_load)
    with pytest.raises(BundleError, match=r"There is no file .*nowhere"):
        open_recogniser("sface:nowhere", no_load)


def test_its_curves_come_with_the_package():
    found = json.loads(sface._CURVES.read_text())
    assert "validation people of CelebA" in found["measured_on"]
    assert 0.2 < sface.Curves.from_json(found).photo.threshold(0.01) < 0.45


DOWNLOADING = """
import hashlib, sys
from facelens.commands.main import main
from facelens.tasks.identity import sface

name, data = next(iter(sface.FILES)), b"SFace" * 100
print(main(["download", "recogniser"]), flush=True)
sface.FILES = {name: (len(data), hashlib.sha256(data).hexdigest())}
print(main(["download", "recogniser"]), flush=True)
print(sface.download())
"""


def test_it_is_downloaded_whole_or_not_at_all(hub, tmp_path):
    data, name = b"SFace" * 100, next(iter(FILES))
    hub.files[f"{sface.REPO}/{name}"] = data
    there = tmp_path / "cache" / name
    environment = {
        "FACELENS_CACHE": str(there.parent), "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HOME": str(tmp_path / "hub"),
    }  # fmt: skip
    # In a process of its own: the client reads HF_ENDPOINT when it is imported.
    done = subprocess.run(
        [sys.executable, "-c", DOWNLOADING], env=os.environ | environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    refused, *told, again = done.stdout.splitlines()
    assert refused == "2"
    assert is_one_sentence(done.stderr), done.stderr
    assert "another file; nothing was saved" in done.stderr
    assert told[-1] == "0"
    assert "Apache-2.0" in " ".join(told)
    assert there.read_bytes() == data
    assert again == str(there), "it is not fetched twice"


# with its file


@pytest.fixture
def network(recogniser):
    return open_recogniser(f"sface:{recogniser}", no_load)


def test_a_face_is_like_itself_in_another_light_and_not_like_others(network, portraits, yunet):
    del yunet
    names = sorted(portraits.glob("*.jpg"))[:3]
    photos = [read_photo(name) for name in names]
    crops = np.stack([find_faces(photo, detector="haar")[0].crop for photo in photos])
    found = network.embed(crops)
    assert found.shape == (3, 128)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    lit = network.embed((crops * 0.7).astype(np.uint8))
    likeness = found @ lit.T
    cut = network.curves.photo.threshold(0.01)
    assert (np.diag(likeness) > 0.8).all()
    assert likeness[~np.eye(3, dtype=bool)].max() < cut + 0.15
    assert network.embed_with_maps(crops[:1])[2] is None


def test_a_gallery_of_it_opens_where_its_file_is(portraits, recogniser, tmp_path, run, monkeypatch):
    for i, name in enumerate(sorted(portraits.glob("*.jpg"))[:2]):
        folder = tmp_path / "people" / "ab"[i]
        folder.mkdir(parents=True)
        photo = Image.open(name).convert("RGB")
        for j, share in enumerate((1.0, 0.75)):
            photo.point(lambda v, share=share: int(v * share)).save(folder / f"{j}.png")
    out = tmp_path / "gallery.npz"
    code, said, err = run(
        "enrol", tmp_path / "people", "--out", out, "--recogniser", f"sface:{recogniser}",
        "--detector", "haar",
    )  # fmt: skip
    assert code == 0, err
    monkeypatch.delenv(sface.VARIABLE, raising=False)
    monkeypatch.setenv("FACELENS_CACHE", str(tmp_path / "none"))
    with pytest.raises(BundleError, match="facelens download recogniser downloads it"):
        load_model(str(out))
    monkeypatch.setenv(sface.VARIABLE, f"sface:{recogniser}")
    model = load_model(str(out))
    assert model.title.startswith("SFace 2021dec")
    for folder in (tmp_path / "people").iterdir():
        (face,) = find_faces(read_photo(folder / "1.png"), detector="haar")[:1]
        answer = model.predict([face], maps=True)[0]
        assert answer.person == folder.name
        assert answer.maps is None
    assert "2 people are enrolled" in said


@pytest.mark.data
def test_it_tells_pairs_of_people_apart(recogniser, data_dir, yunet, tmp_path, run):
    """On the first thirty pairs, which is what some seconds allow."""
    people = data_dir / "people"
    if not people.is_dir():
        pytest.skip(f"{people} is missing")
    photos = people / "pairs-00000-of-00001.parquet"
    lines = (people / "pairs.csv").read_text().splitlines()
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join(lines[:31]))
    code, out, err = run(
        "verify", photos, path, "--json", "--recogniser", f"sface:{recogniser}", "--detector",
        f"yunet:{yunet}",
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(out)
    assert found["pairs"] == 30
    assert found["photos_without_face"] == 0
    assert found["auc"] > 0.97
