"""PNG, WebP, TIFF, GIF and BMP: what is whole is read right, and nothing else is decoded."""

import io
import struct
import time
import zlib

import numpy as np
import pytest
from attacks import heavy
from PIL import Image

from facelens.errors import PhotoError
from facelens.photo import kind_of, read_photo


def ramp(width=64, height=48):
    return np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))


def colours():
    rng = np.random.default_rng(3)
    small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
    return small.resize((160, 120), Image.Resampling.BICUBIC)


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def refused(data):
    with pytest.raises(PhotoError) as caught:
        read_photo(data)
    return str(caught.value)


def tiff_of(samples, bits, photometric=1, order="<"):
    """An uncompressed grey TIFF; 12 bits are packed, most significant first."""
    height, width = samples.shape
    if bits == 12:
        pairs = samples.reshape(height, -1, 2).astype(int)
        first, second = pairs[:, :, 0], pairs[:, :, 1]
        packed = [first >> 4, (first & 15) << 4 | second >> 8, second & 255]
        body = np.stack(packed, axis=2).astype(np.uint8).tobytes()
    else:
        body = samples.astype(order + "u2").tobytes()
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 277: 1, 278: height}
    tags |= {273: 8 + 2 + 12 * 9 + 4, 279: len(body)}
    entries = b"".join(
        struct.pack(order + "HHI", tag, 4, 1) + struct.pack(order + "I", tags[tag])
        for tag in sorted(tags)
    )
    start = b"II*\0" if order == "<" else b"MM\0*"
    return start + struct.pack(order + "IH", 8, 9) + entries + bytes(4) + body


@pytest.mark.parametrize("order", "<>")
def test_a_tiff_of_16_bits_is_scaled_not_clipped(order):
    pixels = read_photo(tiff_of(ramp().astype(int) * 257, 16, order=order)).pixels
    assert np.array_equal(pixels[:, :, 0], ramp())
    assert (pixels == pixels[:, :, :1]).all()


def test_a_tiff_of_12_bits_is_scaled_by_its_own_range():
    """Pillow gives 0 to 4095, which of 65535 would be black."""
    deep = np.rint(ramp() / 255 * 4095).astype(int)
    assert np.array_equal(read_photo(tiff_of(deep, 12)).pixels[:, :, 0], ramp())


def test_a_tiff_in_which_0_is_white_is_not_a_negative():
    inverted = (255 - ramp().astype(int)) * 257
    assert np.array_equal(read_photo(tiff_of(inverted, 16, photometric=0)).pixels[:, :, 0], ramp())


@pytest.mark.parametrize(
    "options",
    [{}, *({"compression": name} for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits"))],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "1", "P", "CMYK"])
def test_tiffs_of_every_kind(mode, options):
    image = colours().convert(mode)
    expected = np.asarray(image.convert("RGB"))
    assert np.array_equal(read_photo(encoded(image, "TIFF", **options)).pixels, expected)


def test_a_tiff_of_jpeg_strips_and_of_several_pages():
    image = colours()
    seen = read_photo(encoded(image, "TIFF", compression="jpeg", quality=95)).pixels
    assert np.abs(seen.astype(int) - np.asarray(image)).mean() < 6
    pages = encoded(image, "TIFF", save_all=True, append_images=[image.rotate(180)])
    assert np.array_equal(read_photo(pages).pixels, np.asarray(image))


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "WEBP", "AVIF"])
def test_a_photo_to_be_turned_comes_out_upright_once(kind):
    image, exif = colours(), Image.Exif()
    exif[0x0112] = 6
    options = {} if kind in ("TIFF", "PNG") else {"quality": 90}
    seen = read_photo(encoded(image, kind, exif=exif, **options)).pixels
    expected = np.asarray(image.transpose(Image.Transpose.ROTATE_270))
    assert seen.shape == expected.shape
    assert np.abs(seen.astype(int) - expected).mean() < 12


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "AVIF", "HEIF"])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_what_is_cut_short_is_refused_and_nothing_is_printed(kind, kept, capfd):
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    data = encoded(colours(), kind)
    assert "damaged or cut short" in refused(data[: int(len(data) * kept)])
    assert capfd.readouterr() == ("", "")


def test_a_png_whose_check_sum_is_wrong_gets_a_hint():
    data = bytearray(encoded(colours(), "PNG"))
    at = data.index(b"IDAT")
    size = int.from_bytes(data[at - 4 : at], "big")
    data[at + 4 + size] ^= 1
    photo = read_photo(bytes(data))
    assert "missing or scrambled" in " ".join(photo.hints)
    assert np.array_equal(photo.pixels, np.asarray(colours()))


def test_a_png_without_its_end_is_read_without_a_hint():
    data = encoded(colours(), "PNG")
    photo = read_photo(data[: data.rindex(b"IEND") - 4])
    assert photo.hints == ()
    assert np.array_equal(photo.pixels, np.asarray(colours()))


def test_an_animated_webp_whose_first_frame_is_a_part_lies_on_white():
    pixels = read_photo(heavy.webp(40, 30)).pixels
    assert pixels.shape == (30, 40, 3)
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert (pixels[1:] == 255).all()


def test_webp_with_and_without_loss_and_opacity():
    image = colours()
    assert np.array_equal(read_photo(encoded(image, "WEBP", lossless=True)).pixels, image)
    clear = image.convert("RGBA")
    clear.putalpha(
        Image.fromarray(np.repeat([[0, 255]], [80, 80], axis=1).repeat(120, 0).astype(np.uint8))
    )
    for options in ({"lossless": True}, {"quality": 90}):
        pixels = read_photo(encoded(clear, "WEBP", **options)).pixels
        assert (pixels[:, :80] == 255).all()
        assert np.abs(pixels[:, 80:].astype(int) - np.asarray(image)[:, 80:]).mean() < 12


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("PNG of two million chunks", "too much memory or time"),
        ("PNG of 1 x 50,000,000", "more than 32,767 pixels a side"),
        ("GIF of 65,535 x 65,535", "65 million pixels"),
        ("WebP animation on a canvas of 268 megapixels", "65 million pixels"),
        ("TIFF of 65,535 tags", "too much memory or time"),
        ("TIFF whose tags hold 200 GB", "too much memory or time"),
        ("BMP of runs of one pixel", "too much memory or time"),
    ],
)
def test_what_only_takes_memory_or_time_is_refused_at_once(what, sentence):
    data = heavy.HOSTILE[what]()
    start = time.perf_counter()
    assert sentence in refused(data)
    assert time.perf_counter() - start < 5


def test_a_gigabyte_behind_a_text_or_a_profile_stays_packed():
    for part in (b"zTXta\0\0", b"iCCPa\0\0"):
        data = heavy.png(
            64, 64, 8, 0, heavy.chunk(part[:4], part[4:] + heavy.deflated(100_000_000)),
            rows=zlib.compress(bytes(65 * 64)),
        )  # fmt: skip
        start = time.perf_counter()
        assert (read_photo(data).pixels == 0).all()
        assert time.perf_counter() - start < 5


def test_a_number_of_unknown_range_is_a_sentence():
    deep = Image.fromarray(ramp().astype(np.float32))
    assert "range is unknown" in refused(encoded(deep, "TIFF"))


@pytest.mark.parametrize("kind", ["JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_a_photo_is_known_by_its_first_bytes(kind):
    data = encoded(colours(), kind)
    assert kind_of(data[:64]) == kind.replace("MPO", "JPEG")
    assert kind_of(b"x" + data[:63]) == ""
    assert read_photo(data).pixels.shape == (120, 160, 3)


def test_text_that_begins_like_a_bmp_is_no_photo():
    assert kind_of(b"BMW is a maker of cars" + bytes(64)) == ""
    assert kind_of(b"") == ""
