"""Scrambled JPEGs that decode without a warning are found; whole ones are not taken for such."""

import io
from functools import cache

import numpy as np
import pytest
from PIL import Image

from facelens.errors import PhotoError
from facelens.photo import read_photo, torn


@cache
def scene(seed, width=640, height=480):
    """Hills of colour with edges at every angle."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (height // 40, width // 40, 3), np.uint8))
    image = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    y, x = np.mgrid[:height, :width]
    for _ in range(6):
        a, b = rng.uniform(-1, 1, 2)
        edge = a * (x - rng.uniform(0, width)) + b * (y - rng.uniform(0, height)) > 0
        image[edge] += rng.integers(-60, 60)
    return np.clip(image, 0, 255).astype(np.uint8)


def encoded(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("sampling", [0, 1, 2])
def test_whole_pictures_are_not_torn(seed, sampling):
    assert read_photo(encoded(scene(seed), quality=40, subsampling=sampling)).hints == ()


def test_a_picture_with_a_banner_or_in_tiles_is_not_torn():
    pixels = scene(1)
    banner = pixels.copy()
    banner[:64] = 255
    tiles = pixels.copy()
    tiles[:240, 320:] = 0
    tiles[240:, :320] = 255
    for whole in (banner, tiles, np.full_like(pixels, 7)):
        assert read_photo(encoded(whole)).hints == ()


@pytest.mark.parametrize("place", [(8, 6), (20, 20), (10, 33)])
@pytest.mark.parametrize("step", [12, -15])
def test_what_is_lighter_from_a_block_on_is_torn(place, step):
    row, column = place
    pixels = np.clip(scene(2).astype(int), 20, 230)
    pixels[16 * row : 16 * row + 16, 16 * column :] += step
    pixels[16 * row + 16 :] += step
    assert torn.is_torn(pixels.astype(np.uint8), 16, 16)
    assert not torn.is_torn(scene(2), 16, 16)


def test_most_scrambled_photos_are_noticed_though_the_decoder_is_silent():
    noticed, whole = 0, encoded(scene(3), quality=80)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        data = bytearray(whole)
        at = int(rng.integers(data.index(b"\xff\xda") + 14, len(data) - 2000))
        length = int(rng.integers(50, 400))
        data[at : at + length] = bytes(rng.integers(0, 255, length, np.uint8))
        try:
            noticed += bool(read_photo(bytes(data)).hints)
        except PhotoError:
            noticed += 1
    assert noticed >= 50


def test_small_pictures_are_left_alone():
    for sides in ((1, 1), (8, 8), (16, 400), (400, 16)):
        assert not torn.is_torn(np.zeros((*sides, 3), np.uint8), 16, 16)


@pytest.mark.data
def test_no_portrait_is_torn(portraits):
    for path in sorted(portraits.glob("*.jpg")):
        assert read_photo(path).hints == (), path.name
        image = Image.open(path).convert("RGB")
        for quality, sampling in ((30, 2), (75, 0), (90, 1)):
            data = encoded(np.asarray(image), quality=quality, subsampling=sampling)
            assert read_photo(data).hints == (), path.name
