"""A JPEG is read whole, or what is missing of it is said; what only costs time is refused."""

import io
import re
import time

import numpy as np
import pytest
from attacks import heavy
from PIL import Image

from facelens.errors import PhotoError
from facelens.photo import jpeg, read_photo


def picture(width=160, height=120):
    rng = np.random.default_rng(3)
    small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC)


def encoded(image=None, **options):
    file = io.BytesIO()
    (image or picture()).save(file, "JPEG", **options)
    return file.getvalue()


def refused(data):
    with pytest.raises(PhotoError) as caught:
        read_photo(data)
    return str(caught.value)


def scan_start(data):
    return data.index(b"\xff\xda") + 14


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}])
def test_a_whole_picture_without_its_end_marker_is_read_without_a_hint(options, capfd):
    data = encoded(**options)
    photo = read_photo(data[:-2])
    assert photo.hints == ()
    assert np.array_equal(photo.pixels, read_photo(data).pixels)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_missing_end_is_refused_or_hinted_at(options, end, kept, capfd):
    data = encoded(**options)
    start = scan_start(data)
    cut = data[: start + int((len(data) - start) * kept)] + end
    if end:
        assert "missing or scrambled" in " ".join(read_photo(cut).hints)
    else:
        assert "damaged or cut short" in refused(cut)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("options", [{}, {"restart_marker_blocks": 3}])
def test_a_part_missing_in_the_middle_is_hinted_at(options, capfd):
    data = encoded(**options)
    start = scan_start(data)
    third = (len(data) - start) // 3
    torn = data[: start + third] + data[start + third + 40 :]
    assert "missing or scrambled" in " ".join(read_photo(torn).hints)
    assert capfd.readouterr() == ("", "")


def test_scrambled_bytes_are_hinted_at_or_refused(capfd):
    rng = np.random.default_rng(5)
    data = encoded(quality=90)
    noticed = 0  # some scrambled stretches decode to as many blocks as before
    for _ in range(40):
        torn = bytearray(data)
        at = int(rng.integers(scan_start(data), len(data) - 200))
        torn[at : at + 100] = bytes(rng.integers(0, 255, 100, np.uint8))
        try:
            noticed += bool(read_photo(bytes(torn)).hints)
        except PhotoError:
            noticed += 1
    assert noticed >= 28
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("padding", [b"\0", b"\0" * 17, b"\x55" * 3])
def test_padding_before_the_end_is_no_damage(padding):
    data = encoded()
    photo = read_photo(data[:-2] + padding + data[-2:])
    assert photo.hints == ()
    assert np.array_equal(photo.pixels, read_photo(data).pixels)


def test_what_follows_the_picture_is_no_part_of_it():
    """A film behind it, the second picture of an MPO, a thumbnail in the EXIF data."""
    data = encoded()
    film = b"\0\0\0\x18ftypmp42" + bytes(5000)
    thumbnail = encoded(picture(16, 12))
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif = exif.tobytes() + thumbnail
    mpo = io.BytesIO()
    picture().save(mpo, "MPO", save_all=True, append_images=[picture(80, 60)])
    for file in (data + film, encoded(exif=exif), mpo.getvalue()):
        photo = read_photo(file)
        assert photo.hints == ()
        assert np.array_equal(photo.pixels, read_photo(data).pixels)


def test_odd_headers_that_cameras_write_are_no_damage():
    data = encoded()
    junk = data[:2] + b"\xff\xff\xff\xfe\0\4hi" + bytes(3) + data[2:]
    at = data.index(b"\xff\xda") + 11
    chance = data[:at] + b"\x11\x22\x33" + data[at + 3 :]
    for file in (junk, chance):
        photo = read_photo(file)
        assert photo.hints == ()
        assert np.array_equal(photo.pixels, read_photo(data).pixels)


@pytest.mark.parametrize("count", [jpeg.MAX_SCANS, 300, 5000])
def test_too_many_scans_are_refused_at_once(count):
    start = time.perf_counter()
    assert "too much memory or time" in refused(heavy.scans(1000, 1000, count))
    assert time.perf_counter() - start < 5


def test_the_scans_that_encoders_write_are_read():
    assert read_photo(heavy.scans(64, 64, 10)).pixels.shape == (64, 64, 3)
    assert read_photo(encoded(progressive=True)).hints == ()


def test_many_segments_are_refused_at_once():
    start = time.perf_counter()
    assert "too much memory or time" in refused(heavy.segments(2_000_000))
    assert time.perf_counter() - start < 5
    assert read_photo(heavy.segments(1000)).hints == ()


def test_memory_is_counted_before_it_is_taken():
    colour = encoded(heavy.grey(64, 64, "RGB"), progressive=True, subsampling=0)
    grown = re.sub(
        rb"(\xff\xc2..\x08)\0\x40\0\x40", lambda m: m[1] + b"\x1f@\x1f@", colour, flags=re.DOTALL
    )
    assert "50 million pixels, the most of its kind," in refused(grown)
    assert "65 million" in refused(colour.replace(b"\x08\0\x40\0\x40", b"\x08\xff\xdc\xff\xdc"))


def test_twelve_bits_are_no_damage_but_not_read():
    data = encoded()
    at = data.index(b"\xff\xc0") + 4
    assert "is not a photo that can be read" in refused(data[:at] + b"\x0c" + data[at + 1 :])


def test_cmyk_as_adobe_writes_it_keeps_its_colours():
    image = picture()
    data = encoded(image.convert("CMYK"), quality=95)
    seen = read_photo(data)
    plain = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert np.array_equal(seen.pixels, plain)
    assert seen.hints == ()
