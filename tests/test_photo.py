"""Whatever people hand in comes out upright and in RGB, or as one sentence."""

import contextlib
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from facelens.errors import PhotoError
from facelens.photo import MAX_BYTES, decoding, read_photo


def quarters(width=80, height=60):
    """Red, green, blue and white quarters: every turn and mirror looks different."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = 255, 0, 0
    pixels[: height // 2, width // 2 :] = 0, 255, 0
    pixels[height // 2 :, : width // 2] = 0, 0, 255
    pixels[height // 2 :, width // 2 :] = 255, 255, 255
    return pixels


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, depth, colour, rows):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def close(a, b, tolerance=12):
    return a.shape == b.shape and np.abs(a.astype(int) - b).mean() < tolerance


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_every_format_shows_the_same_picture(kind):
    photo = read_photo(encoded(Image.fromarray(quarters()), kind))
    assert (photo.height, photo.width) == (60, 80)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.flags["C_CONTIGUOUS"]
    assert photo.pixels.flags["WRITEABLE"]
    assert close(photo.pixels, quarters())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_phone_photos_come_out_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(quarters()), "JPEG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.array_equal(read_photo(data).pixels, np.array(upright.convert("RGB")))


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_broken_exif_does_not_lose_the_photo(exif):
    data = encoded(Image.fromarray(quarters()), "JPEG", exif=exif)
    assert close(read_photo(data).pixels, quarters())


def test_absurd_orientation_is_ignored():
    exif = Image.Exif()
    exif[0x0112] = 77
    data = encoded(Image.fromarray(quarters()), "JPEG", exif=exif)
    assert close(read_photo(data).pixels, quarters())


def test_16_bit_grey_is_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 256).astype(">u2")
    rows = b"".join(b"\0" + ramp.tobytes() for _ in range(4))
    pixels = read_photo(png(256, 4, 16, 0, rows)).pixels
    assert np.array_equal(pixels[0, :, 0], np.arange(256))
    assert (pixels == pixels[:, :, :1]).all()


def test_16_bit_colour_is_scaled_not_clipped():
    colours = np.array([[65535, 32896, 0]] * 8, ">u2")
    rows = b"".join(b"\0" + colours.tobytes() for _ in range(4))
    assert read_photo(png(8, 4, 16, 2, rows)).pixels[0, 0].tolist() == [255, 128, 0]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "RGB"])
def test_png_modes(mode):
    grey = Image.fromarray(np.repeat(quarters()[:, :, :1] // 255 * 255, 3, axis=2))
    assert close(read_photo(encoded(grey.convert(mode), "PNG")).pixels, np.array(grey))


def test_cmyk_jpeg_keeps_its_colours():
    data = encoded(Image.fromarray(quarters()).convert("CMYK"), "JPEG", quality=95)
    assert close(read_photo(data).pixels, quarters())


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_are_white(mode):
    picture = Image.new(mode, (8, 8), (0,) * (len(mode) - 1) + (0,))
    picture.putpixel((0, 0), (0,) * (len(mode) - 1) + (255,))
    pixels = read_photo(encoded(picture, "PNG")).pixels
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert (pixels[1:] == 255).all()


def test_transparent_palette_is_white():
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([10, 20, 30, 200, 100, 50])
    picture.putpixel((0, 0), 1)
    pixels = read_photo(encoded(picture, "PNG", transparency=0)).pixels
    assert pixels[0, 0].tolist() == [200, 100, 50]
    assert (pixels[1:] == 255).all()


def test_an_animation_shows_its_first_frame():
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
        pixels = read_photo(data).pixels
        assert pixels[5, 5, 0] > 200, kind
        assert pixels[5, 5, 2] < 60, kind


def test_a_path_names_its_photo(tmp_path):
    path = tmp_path / "me.png"
    path.write_bytes(encoded(Image.fromarray(quarters()), "PNG"))
    assert read_photo(path).name == "me.png"
    assert read_photo(str(path)).name == "me.png"
    assert read_photo(path, name="you").name == "you"
    assert read_photo(path.read_bytes(), name="upload.png").name == "upload.png"


def test_the_example_photo_is_read(astronaut):
    photo = read_photo(astronaut)
    assert min(photo.height, photo.width) >= 200


def refused(source, **options):
    with pytest.raises(PhotoError) as caught:
        read_photo(source, **options)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_what_is_no_photo_is_refused_by_name(tmp_path):
    empty, text = tmp_path / "empty.jpg", tmp_path / "text.jpg"
    empty.write_bytes(b"")
    text.write_text("I am a letter, not a photo.")
    assert "empty.jpg is empty" in refused(empty)
    assert "text.jpg is not a photo" in refused(text)
    assert "nowhere.jpg does not exist" in refused(tmp_path / "nowhere.jpg")
    assert "is a folder" in refused(tmp_path)
    assert "upload.png is empty" in refused(b"", name="upload.png")
    assert refused("a\0b.jpg")
    assert refused("x" * 5000)


def test_a_name_cannot_write_to_the_terminal():
    assert "\x1b" not in refused("\x1b[31mred.jpg")
    assert "\\n" in refused("two\nlines.jpg")


def test_forbidden_file_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "private.jpg"
    path.write_bytes(b"x")

    def forbid(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)
    assert "permissions" in refused(path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_photo_cut_short_is_refused(kind, kept):
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    assert refused(data[: int(len(data) * kept)], name="half.jpg").startswith("half.jpg ")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_damaged_photos_never_break_out(kind):
    """Only our own error may come out of a file in which bytes were changed at random."""
    random = np.random.default_rng(1)
    whole = np.frombuffer(encoded(Image.fromarray(quarters()), kind), np.uint8)
    for _ in range(60):
        data = whole.copy()
        where = random.integers(4, len(data), 6)
        data[where] = random.integers(0, 256, 6)
        with contextlib.suppress(PhotoError):
            read_photo(data.tobytes())


def test_other_formats_are_not_even_opened():
    """Pillow reads dozens of formats; some start programs or have no size limits."""
    for kind in ("PPM", "ICO", "PDF", "EPS", "TGA"):
        data = encoded(Image.fromarray(quarters()), kind)
        assert "is not a photo" in refused(data, name=f"x.{kind}")


def test_heic_says_what_to_do(monkeypatch):
    monkeypatch.setattr(decoding, "reads_heic", lambda: False)
    assert "pillow-heif" in refused(b"\0\0\0\x18ftypheic" + b"\0" * 64, name="IMG_1.HEIC")


def test_heic_is_read_where_pillow_heif_is_present():
    heif = pytest.importorskip("pillow_heif", reason="pip install pillow-heif to test HEIC photos")
    heif.register_heif_opener()
    data = encoded(Image.fromarray(quarters(160, 120)), "HEIF", quality=90)
    assert close(read_photo(data).pixels, quarters(160, 120))


def test_limits():
    assert "larger than 25 MB" in refused(b"\xff\xd8\xff" + bytes(MAX_BYTES))
    assert "65 million pixels (10,000 x 6,501)" in refused(
        encoded(Image.new("1", (10_000, 6_501)), "PNG")
    )
    assert "65 million pixels" in refused(png(30_000, 30_000, 8, 2, b""), name="bomb.png")
    assert "more than 32,767 pixels a side" in refused(png(50_000_000, 1, 8, 2, b""))


def test_a_file_over_the_limit_is_not_read_whole(tmp_path):
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(5_000_000_000)
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000,) * 2)\n"
        "from facelens.photo import read_photo\n"
        "try: read_photo(sys.argv[1])\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": "."},
    )
    assert said.stdout.startswith("PhotoError"), said.stderr
    assert "larger than 25 MB" in said.stdout


@pytest.mark.parametrize("settings", [{}, {"progressive": True}, {"subsampling": 0}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_is_decoded_to_the_pixels_that_pillow_gives(mode, settings):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (9, 7, 3), dtype=np.uint8))
    data = encoded(small.resize((123, 77)).convert(mode), "JPEG", **settings)
    pillows = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(read_photo(data).pixels, pillows)
