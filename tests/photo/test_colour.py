"""Whatever profile a photo comes with, its colours are those of its sRGB copy."""

import io
import time

import numpy as np
import pytest
from attacks.heavy import display_p3, matrix_profile, profile
from PIL import Image, ImageCms

from facelens.photo import colour, read_photo

# Primaries as XYZ, adapted to D50, from their ICC profiles.
ADOBE = (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)
PROPHOTO = (0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def grey_profile(gamma):
    """A profile for grey pictures: the curve of red alone."""
    icc = bytearray(matrix_profile(PROPHOTO, gamma))
    icc[16:20] = b"GRAY"
    return bytes(icc.replace(b"rTRC", b"kTRC"))


def picture():
    rng = np.random.default_rng(3)
    small = Image.fromarray(rng.integers(60, 200, (9, 12, 3), np.uint8))
    return small.resize((160, 120), Image.Resampling.BICUBIC)


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def apart(a, b):
    return np.abs(a.astype(int) - b.astype(int)).mean()


@pytest.mark.parametrize(
    "icc",
    [matrix_profile(ADOBE, 2.2), display_p3(), matrix_profile(PROPHOTO, 1.8)],
    ids=["Adobe RGB", "Display P3", "ProPhoto"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_wide_colours_become_those_of_srgb(icc, kind):
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    image = picture()
    source, srgb = (ImageCms.ImageCmsProfile(io.BytesIO(each)) for each in (icc, SRGB))
    wide = ImageCms.profileToProfile(image, srgb, source)
    options = {"quality": 95} if kind in ("JPEG", "WEBP", "AVIF", "HEIF") else {}
    seen = read_photo(encoded(wide, kind, icc_profile=icc, **options)).pixels
    bare = Image.fromarray(np.asarray(wide))
    unseen = read_photo(encoded(bare, kind, **options)).pixels
    assert apart(seen, np.asarray(image)) < 3
    assert apart(seen, np.asarray(image)) < apart(unseen, np.asarray(image)) / 2


def test_the_fast_conversion_agrees_with_the_colour_engine():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (100, 100, 3), np.uint8)
    for icc in (matrix_profile(ADOBE, 2.2), display_p3(), matrix_profile(PROPHOTO, 1.8)):
        source, srgb = (ImageCms.ImageCmsProfile(io.BytesIO(each)) for each in (icc, SRGB))
        engines = np.asarray(ImageCms.profileToProfile(Image.fromarray(pixels), source, srgb))
        ours = colour.to_srgb(pixels.copy(), icc)
        assert np.abs(ours.astype(int) - engines).max() <= 2


def test_an_srgb_profile_changes_nothing_and_costs_nothing():
    image = picture()
    plain = read_photo(encoded(image, "JPEG")).pixels
    assert np.array_equal(read_photo(encoded(image, "JPEG", icc_profile=SRGB)).pixels, plain)
    assert colour.transform_of(SRGB, "RGB") is None
    start = time.perf_counter()
    for _ in range(1000):
        colour.transform_of(SRGB, "RGB")
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_grey_with_a_curve_of_its_own(kind):
    ramp = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (64, 1)))
    options = {"quality": 95} if kind == "JPEG" else {}
    seen = read_photo(encoded(ramp, kind, icc_profile=grey_profile(1.0), **options)).pixels
    assert seen[32, 55, 0] == pytest.approx(128, abs=4)  # linear 0.215 is sRGB 0.5
    assert (seen.max(axis=2).astype(int) - seen.min(axis=2) <= 1).all()


def test_grey_with_a_profile_for_colours_keeps_them_grey():
    grey = picture().convert("L")
    seen = read_photo(encoded(grey, "PNG", icc_profile=matrix_profile(PROPHOTO, 1.8))).pixels
    assert apart(seen[:, :, 0], np.asarray(grey)) > 3
    assert (seen.max(axis=2).astype(int) - seen.min(axis=2) <= 1).all()


@pytest.mark.parametrize(
    "icc",
    [b"", b"none", SRGB[:200], profile(50_000), grey_profile(1.8), bytes(9_000_000)],
    ids=["empty", "text", "cut", "noise", "for grey", "vast"],
)
@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_a_profile_that_is_broken_or_of_another_kind_is_ignored(icc, mode):
    image = picture().convert(mode)
    plain = read_photo(encoded(image, "JPEG")).pixels
    if len(icc) < 70_000:
        assert np.array_equal(read_photo(encoded(image, "JPEG", icc_profile=icc)).pixels, plain)
    if mode == "RGB":
        assert np.array_equal(colour.to_srgb(plain.copy(), icc), plain)


def test_a_profile_in_pieces_is_put_together():
    """Profiles of printers are larger than a segment; `desc` grows this one to three."""
    icc = bytearray(matrix_profile(ADOBE, 2.2) + bytes(150_000))
    icc[:4] = len(icc).to_bytes(4, "big")
    data = encoded(picture(), "JPEG", icc_profile=bytes(icc))
    assert data.count(b"ICC_PROFILE\0") == 3
    plain = read_photo(encoded(picture(), "JPEG")).pixels
    assert apart(read_photo(data).pixels, plain) > 3
