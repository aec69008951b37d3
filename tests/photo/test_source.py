"""A photo may be handed in as bytes, a path, an open file, a Pillow image or an array."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facelens import find_faces, read_photo
from facelens.errors import PhotoError
from facelens.photo import MAX_BYTES, Photo


@pytest.fixture(scope="module")
def pixels(astronaut):
    return read_photo(astronaut).pixels


def test_every_way_in_gives_the_same_photo(astronaut, pixels):
    data = astronaut.read_bytes()
    sources = [astronaut, str(astronaut), data, bytearray(data), memoryview(data), pixels]
    for source in [*sources, Image.open(astronaut), io.BytesIO(data)]:
        photo = read_photo(source)
        assert np.array_equal(photo.pixels, pixels)
        assert photo.name in ("astronaut.jpg", "photo")
    with astronaut.open("rb") as file:
        photo = read_photo(file)
    assert (photo.name, photo.hints) == ("astronaut.jpg", ())
    assert np.array_equal(photo.pixels, pixels)


def test_an_image_of_pillows_is_turned_and_converted_as_its_file_is(tmp_path, pixels):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.png"
    Image.fromarray(pixels[:100, :80]).save(path, exif=exif)
    assert np.array_equal(read_photo(Image.open(path)).pixels, read_photo(path).pixels)


def test_an_open_file_is_read_up_to_the_limit():
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size=-1):
            assert 0 < size <= MAX_BYTES + 1
            self.taken += size
            return bytes(size)

    endless = Endless()
    with pytest.raises(PhotoError, match="larger than 25 MB"):
        read_photo(endless)
    assert endless.taken == MAX_BYTES + 1


def test_arrays_of_every_kind(pixels):
    grey = pixels[:, :, 1]
    as_grey = np.repeat(grey[:, :, None], 3, axis=2)
    clear = np.dstack([pixels, np.full(grey.shape, 255, np.uint8)])
    for array, expected in [
        (grey, as_grey),
        (grey[:, :, None], as_grey),
        (pixels.astype(np.int64), pixels),
        (pixels.astype(np.uint16) * 257, pixels),
        (pixels / 255, pixels),
        ((pixels / 255).astype(np.float32), pixels),
        (grey > 128, np.where(as_grey > 128, 255, 0)),
        (clear, pixels),
        (pixels[::-1], pixels[::-1]),
    ]:
        for photo in (read_photo(array), Photo(array)):
            assert photo.pixels.dtype == np.uint8
            assert np.array_equal(photo.pixels, expected)
        assert read_photo(array).pixels.flags["C_CONTIGUOUS"]
    clear[:, :, 3] = 0
    assert (read_photo(clear).pixels == 255).all()


def test_a_grey_or_float_photo_is_answered(pixels):
    grey = pixels[:, :, 1]
    expected = find_faces(Photo(np.repeat(grey[:, :, None], 3, axis=2)), detector="haar")
    for array in (grey, grey / 255):
        faces = find_faces(Photo(array), detector="haar")
        assert [face.box for face in faces] == [face.box for face in expected]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros(7, np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.full((4, 4, 3), 300),
        np.full((4, 4, 3), -1),
        np.full((4, 4, 3), 200.0),
        np.full((4, 4, 3), np.nan),
        np.full((4, 4), "a"),
        np.full((4, 4), None),
        np.zeros((4, 4), complex),
        np.zeros((1, 50_000), np.uint8),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_an_array_that_is_no_picture_is_a_sentence(array):
    for take in (read_photo, lambda array: Photo(np.atleast_1d(array), "me.jpg")):
        if array.dtype == np.uint8 and array.shape[2:] == (3,) and take is not read_photo:
            continue  # what already is pixels is not looked at again
        with pytest.raises(PhotoError) as caught:
            take(array)
        assert str(caught.value).endswith(".")


@pytest.mark.parametrize("source", [None, 7, 1.5, [1, 2], io.StringIO("text"), object()])
def test_what_is_no_source_is_a_sentence(source):
    with pytest.raises(PhotoError) as caught:
        read_photo(source)
    assert str(caught.value).endswith(".")


def test_a_damaged_image_of_pillows_is_a_sentence(tmp_path, astronaut):
    path = tmp_path / "cut.jpg"
    path.write_bytes(astronaut.read_bytes()[:5000])
    with pytest.raises(PhotoError, match=r"cut\.jpg is damaged"):
        read_photo(Image.open(path))
    assert Path(path).exists()
