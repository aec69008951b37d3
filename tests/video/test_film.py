"""A film as a player shows it: square pixels, not mirrored, by its own clock."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from facelens.errors import OutputError, PhotoError
from facelens.video.annotated import track_film
from facelens.video.film import Film, open_film
from facelens.video.mp4 import mirrored
from facelens.video.writer import FilmWriter

CODECS = {".mp4": "mp4v", ".mkv": "mp4v", ".webm": "VP80", ".avi": "MJPG"}


def picture(width=96, height=64):
    """A frame, BGR, of which no turned or mirrored copy is the same: bright at the upper left."""
    frame = np.full((height, width, 3), 60, np.uint8)
    frame[: height // 2, : width // 2] = 200
    frame[: height // 4, : width // 8] = (0, 0, 255)
    return frame


def film(path, frames, rate=10.0):
    code = cv2.VideoWriter_fourcc(*CODECS[path.suffix])
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, rate, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


@pytest.fixture
def short(tmp_path) -> Path:
    """Ten equal frames."""
    return film(tmp_path / "short.mp4", [picture()] * 10)


def read(path):
    """Every frame, its second, and the film after the last one."""
    with open_film(path) as opened:
        seconds, frames = zip(*opened.frames(), strict=True)
        return list(seconds), frames, opened


def is_shown(frame, as_expected):
    """Whether a frame, RGB, is the picture `as_expected`, BGR, but for what a codec changes."""
    assert frame.shape == as_expected.shape
    return np.abs(frame[..., ::-1].astype(int) - as_expected).mean() < 8


# An MP4 is changed behind its frames, so what lies before them keeps its place.


def box(data, way):
    """Where the box that `way` leads to begins, as moov/trak, and those around it."""
    start, found = 0, []
    for name in way.split("/"):
        while data[start + 4 : start + 8] != name.encode():
            start += struct.unpack(">I", data[start : start + 4])[0]
        found.append(start)
        start += 8
    return found


def put(data, around, at, more, instead=0):
    """Put bytes `more` at `at` instead of so many, and make the boxes `around` it as large."""
    assert around[0] > data.index(b"mdat")
    data[at : at + instead] = more
    for start in around:
        (size,) = struct.unpack(">I", data[start : start + 4])
        data[start : start + 4] = struct.pack(">I", size + len(more) - instead)


def with_pixels(path, wide, high):
    """State in an MP4 the shape of its pixels."""
    data = bytearray(path.read_bytes())
    around = box(data, "moov/trak/mdia/minf/stbl/stsd")
    entry = around[-1] + 16
    (size,) = struct.unpack(">I", data[entry : entry + 4])
    put(data, [*around, entry], entry + size, struct.pack(">I4sII", 16, b"pasp", wide, high))
    path.write_bytes(data)
    return path


def with_matrix(path, a, b, c, d, *, kind=b"tkhd"):
    """State in an MP4 how its frames, or those of all its tracks, are shown."""
    data = bytearray(path.read_bytes())
    at = data.index(kind) + {b"tkhd": 44, b"mvhd": 40}[kind]
    numbers = (65536 * a, 65536 * b, 0, 65536 * c, 65536 * d, 0, 0, 0, 1 << 30)
    data[at : at + 36] = struct.pack(">9i", *numbers)
    path.write_bytes(data)
    return path


def that_starts(path, seconds):
    """Have an MP4 show nothing at first."""
    data = bytearray(path.read_bytes())
    around = box(data, "moov/trak/edts/elst")
    (scale,) = struct.unpack(">I", data[data.index(b"mvhd") + 16 :][:4])
    at = around[-1] + 12
    pause = struct.pack(">IiI", round(seconds * scale), -1, 1 << 16)
    put(data, around, at, struct.pack(">I", 2) + pause, instead=4)
    path.write_bytes(data)
    return path


def cluster_at(path, milliseconds):
    """Move the only cluster of a short WebM, and when it ends."""
    data = bytearray(path.read_bytes())
    at = data.index(b"\xe7\x81\x00", data.index(b"\x1f\x43\xb6\x75"))
    data[at : at + 3] = b"\xe7\x82" + struct.pack(">H", milliseconds)
    for element in (b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"):  # Segment, Cluster
        size = data.index(element) + 4
        count = 9 - data[size].bit_length()  # the first bit that is set says how many bytes
        was = int.from_bytes(data[size : size + count])
        data[size : size + count] = (was + 1).to_bytes(count)
    lasts = data.index(b"\x44\x89\x88") + 3
    (was,) = struct.unpack(">d", data[lasts : lasts + 8])
    data[lasts : lasts + 8] = struct.pack(">d", was + milliseconds)
    path.write_bytes(data)
    return path


# pixels that are not square


@pytest.mark.parametrize(
    ("wide", "high", "shape"),
    [
        (4, 3, (64, 128)),
        (8, 9, (72, 96)),
        (64, 45, (64, 137)),
        (1, 1, (64, 96)),
        (0, 1, (64, 96)),
        (1, 0, (64, 96)),
        (1, 1000, (64, 96)),
        (4_000_000_000, 3, (64, 96)),
    ],
)
def test_pixels_become_square_and_an_absurd_shape_is_not_believed(short, wide, high, shape):
    _, frames, _ = read(with_pixels(short, wide, high))
    assert is_shown(frames[0], cv2.resize(picture(), shape[::-1]))


@pytest.mark.parametrize("matrix", [(0, 1, -1, 0), (0, -1, 1, 0), (0, 1, 1, 0)])
def test_pixels_of_a_film_that_lies_are_as_high_as_they_were_wide(short, matrix):
    _, frames, _ = read(with_matrix(with_pixels(short, 4, 3), *matrix))
    assert frames[0].shape == (128, 64, 3)


def test_a_copy_has_square_pixels_and_the_same_shape(short, tmp_path):
    track_film(with_pixels(short, 4, 3), tmp_path / "copy.avi", detector="haar")
    copy = cv2.VideoCapture(str(tmp_path / "copy.avi"), cv2.CAP_FFMPEG)
    assert copy.read()[1].shape == (64, 128, 3)
    assert copy.get(cv2.CAP_PROP_SAR_NUM) in (0, 1), "unknown or square"


# mirrored


TURNS = {
    (1, 0, 0, 1): lambda frame: frame,
    (0, 1, -1, 0): lambda frame: np.rot90(frame, -1),
    (-1, 0, 0, -1): lambda frame: np.rot90(frame, 2),
    (0, -1, 1, 0): np.rot90,
    (-1, 0, 0, 1): lambda frame: frame[:, ::-1],
    (1, 0, 0, -1): lambda frame: frame[::-1],
    (0, 1, 1, 0): lambda frame: frame.swapaxes(0, 1),
    (0, -1, -1, 0): lambda frame: np.rot90(frame, 2).swapaxes(0, 1),
}


@pytest.mark.parametrize("kind", [b"tkhd", b"mvhd"])
@pytest.mark.parametrize("matrix", TURNS)
def test_every_display_matrix_is_applied(short, matrix, kind):
    _, frames, _ = read(with_matrix(short, *matrix, kind=kind))
    assert is_shown(frames[0], TURNS[matrix](picture()))


def test_the_movies_matrix_applies_after_the_tracks(short):
    with_matrix(with_matrix(short, 0, 1, -1, 0), -1, 0, 0, 1, kind=b"mvhd")
    _, frames, _ = read(short)
    assert is_shown(frames[0], np.rot90(picture(), -1)[:, ::-1])


def test_a_file_whose_boxes_lead_nowhere_is_not_mirrored(tmp_path):
    for number, data in enumerate([
        b"",
        b"\0\0\0\x08free" * 50_000,
        struct.pack(">I4s", 8, b"moov"),
        struct.pack(">I4sQ", 1, b"moov", 3),
        struct.pack(">I4sI4s", 0, b"moov", 0, b"trak") + struct.pack(">I4s", 9, b"tkhd"),
        struct.pack(">I4sI4s", 0, b"moov", 12, b"mvhd") + bytes(3),
    ]):  # fmt: skip
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(data)
        assert mirrored(path) is None


# its own clock


def test_seconds_are_those_of_the_films_own_clock(short, tmp_path):
    pause = film(tmp_path / "pause.webm", [picture()] * 10)
    for path in (that_starts(short, 5), cluster_at(pause, 5000)):
        seconds, frames, opened = read(path)
        assert seconds == pytest.approx([5 + i / 10 for i in range(10)], abs=1e-3)
        assert opened.lost(len(frames), seconds[-1] + 0.1) == 0


def test_a_film_that_starts_later_says_so_and_lasts_as_long(short, tmp_path):
    done = track_film(that_starts(short, 5), tmp_path / "x.csv", detector="haar")
    assert done.start == pytest.approx(5)
    assert done.seconds == pytest.approx(1)
    assert str(done).endswith("Its clock starts at 5.00 seconds.")
    done = track_film(short, tmp_path / "x.avi", detector="haar")
    copy = cv2.VideoCapture(str(tmp_path / "x.avi"), cv2.CAP_FFMPEG)
    assert copy.get(cv2.CAP_PROP_FRAME_COUNT) == 10, "the copy does not wait for five seconds"


@pytest.mark.parametrize("stamp", [-3.0, 0.0, float("nan"), float("inf"), 1e15])
def test_a_start_that_cannot_be_is_none(stamp):
    class Source:
        def __init__(self):
            self.left = 2

        def read(self):
            self.left -= 1
            return self.left >= 0, picture()

        def get(self, what):
            return {cv2.CAP_PROP_FPS: 10.0, cv2.CAP_PROP_PTS: stamp}.get(what, 0.0)

    opened = Film(Source(), 10.0, 2, exact=True)
    assert [second for second, _ in opened.frames()] == pytest.approx([0, 0.1])


@pytest.mark.parametrize(
    ("gaps", "frames", "end", "lost"),
    [(50, 100, 31.0, 0), (3, 100, 31.0, 210), (50, 100, 20.0, 110), (0, 310, 31.0, 0)],
)
def test_a_variable_frame_rate_is_no_damage(gaps, frames, end, lost):
    opened = Film(None, 10.0, 310, exact=False)
    opened.gaps = gaps
    assert opened.lost(frames, end) == lost


def test_a_frame_that_grows_in_the_middle_is_refused(short, monkeypatch):
    with open_film(short) as opened:
        monkeypatch.setattr("facelens.video.film.MAX_PIXELS", 3000)
        with pytest.raises(PhotoError, match="frames of 96 x 64"):
            next(opened.frames())


# what is written


@pytest.mark.parametrize("rate", [84.397, 119.8822, 161.403, 239.8757, 478.661])
def test_a_copy_may_have_the_rate_of_slow_motion(tmp_path, rate):
    copy = FilmWriter(tmp_path / "fast.mp4", rate)
    for number in range(12):
        copy.add(picture(), number / rate)
    copy.close()
    copy.check()
    made = cv2.VideoCapture(str(tmp_path / "fast.mp4"), cv2.CAP_FFMPEG)
    assert made.get(cv2.CAP_PROP_FPS) == pytest.approx(rate, rel=1e-3)


def test_a_clock_that_leaps_does_not_fill_the_disk(tmp_path):
    copy = FilmWriter(tmp_path / "x.avi", 25.0)
    copy.add(picture(16, 16), 0.0)
    with pytest.raises(OutputError, match=r"write a table, \.csv or \.parquet, instead"):
        copy.add(picture(16, 16), 3599.0)
    copy.close()
    assert (tmp_path / "x.avi").stat().st_size < 20_000_000


@pytest.mark.data
@pytest.mark.parametrize("detector", ["haar", "own", "yunet"])
def test_the_cases_are_right(data_dir, detector, tmp_path, request):
    if detector == "yunet":
        detector = f"yunet:{request.getfixturevalue('yunet')}"
    wide, late = (
        data_dir / "cases" / name for name in ("12-pixels-4-3.mp4", "12-starts-at-5s.mkv")
    )
    _, frames, _ = read(wide)
    assert frames[0].shape == (410, 336, 3)
    for path, start in ((wide, 0), (late, 5)):
        done = track_film(path, tmp_path / f"{path.stem}.csv", detector=detector)
        assert (done.frames, done.tracks, done.lost) == (20, 1, 0)
        rows = (tmp_path / f"{path.stem}.csv").read_text().splitlines()[1:]
        seconds = [float(row.split(",")[1]) for row in rows]
        assert seconds == pytest.approx([start + i / 10 for i in range(20)], abs=1e-3)
