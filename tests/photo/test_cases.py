"""The odd photos that people sent in: each is read as its owner would expect."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from facelens import find_faces, load_model, read_photo

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def cases(data_dir):
    folder = data_dir / "cases"
    if not folder.is_dir():
        pytest.skip(f"{folder} is missing")
    return folder


def test_adobe_rgb_is_answered_as_its_srgb_copy(cases):
    path = cases / "05-adobe-rgb.jpg"
    image = Image.open(path)
    source = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    copy = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    model = load_model()
    seen, right = (
        model.predict(find_faces(read_photo(each), detector="haar"))[0].probabilities
        for each in (path, np.asarray(copy))
    )
    assert np.abs(seen - right).max() <= 0.02


def test_avif_is_read_as_the_photo_it_is(cases):
    photo = read_photo(cases / "06-photo.avif")
    assert (photo.width, photo.height, photo.hints) == (335, 410, ())
    assert len(find_faces(photo, detector="haar")) == 1


def test_fifty_megapixels_are_read(cases):
    photo = read_photo(cases / "07-fifty-megapixels.jpg")
    assert (photo.width, photo.height, photo.hints) == (8160, 6144, ())


def test_a_missing_end_marker_is_no_damage(cases, capfd):
    photo = read_photo(cases / "08-no-end-marker.jpg")
    assert (photo.width, photo.height, photo.hints) == (335, 410, ())
    whole = (cases / "08-no-end-marker.jpg").read_bytes() + b"\xff\xd9"
    assert np.array_equal(read_photo(whole).pixels, photo.pixels)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("case", ["01-upside-down", "02-group-6000", "03-half-outside"])
def test_the_others_are_read_whole(cases, case):
    assert read_photo(cases / f"{case}.jpg").hints == ()
