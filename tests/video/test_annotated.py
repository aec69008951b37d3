"""A film in, a table or a marked film out: right seconds, numbers that stay, nothing half done."""

import csv
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from helpers.few import FewAnswers

import facelens
from facelens.commands import main
from facelens.errors import BundleError, OutputError, PhotoError, ThresholdError
from facelens.faces.boxes import intersection
from facelens.faces.face import Box
from facelens.photo import read_photo
from facelens.tasks import TASKS
from facelens.tasks.attributes.names import NAMES, describe
from facelens.tasks.base import Style, probability_text
from facelens.tasks.classifier import Prediction
from facelens.video import annotate, annotated
from facelens.video.annotated import track_film
from facelens.video.film import _USUAL_RATE, Film, open_film
from facelens.video.writer import FILMS, FilmWriter

HEADER = [*annotated.COLUMNS, *NAMES]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="counts on Linux")


@pytest.fixture(scope="module")
def head(astronaut) -> np.ndarray:
    """The astronaut's head, BGR, 120 x 120, with a face of about 50 pixels."""
    pixels = read_photo(astronaut).pixels[10:250, 100:340, ::-1]
    return cv2.resize(pixels, (120, 120), interpolation=cv2.INTER_AREA)


def room(width, height, *heads):
    """A grey frame with heads in it: (picture, x, y)."""
    frame = np.full((height, width, 3), 100, np.uint8)
    for picture, x, y in heads:
        frame[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return frame


def film(path, frames, rate=25.0):
    """Write BGR frames as a film."""
    size = frames[0].shape[1::-1]
    code = cv2.VideoWriter_fourcc(*FILMS[path.suffix])
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, rate, size)
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def frames_of(path):
    source = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    frames = []
    while True:
        there, frame = source.read()
        if not there:
            return frames, source.get(cv2.CAP_PROP_FPS)
        frames.append(frame)


def table(path):
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def rows(path):
    return [dict(zip(HEADER, row, strict=True)) for row in table(path)[1:]]


def box_of(row):
    return Box(*(float(row[side]) for side in "xywh"))


@pytest.fixture(scope="module")
def walk(head, tmp_path_factory) -> Path:
    """Twelve frames in which a head goes from left to right."""
    frames = [room(240, 160, (head, 10 + 8 * i, 20)) for i in range(12)]
    return film(tmp_path_factory.mktemp("walk") / "walk.mp4", frames)


@pytest.fixture(scope="module")
def long(head, tmp_path_factory) -> Path:
    """Twenty-six frames, so that a codec begins afresh twice."""
    frames = [room(240, 160, (head, 10 + 4 * i, 20)) for i in range(26)]
    return film(tmp_path_factory.mktemp("long") / "long.mp4", frames)


@pytest.fixture(scope="module")
def grey(tmp_path_factory) -> Path:
    """Ten frames without anybody."""
    frames = [room(64, 48) + np.uint8(i) for i in range(10)]
    return film(tmp_path_factory.mktemp("grey") / "grey.avi", frames)


@pytest.fixture(autouse=True)
def cascades(monkeypatch):
    monkeypatch.setenv("FACELENS_DETECTOR", "haar")


@pytest.fixture
def out(tmp_path) -> Path:
    """A folder for what is written, and nothing else."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


# a table


def test_a_row_a_face_a_frame(walk, out):
    done = track_film(walk, out / "faces.csv")
    assert table(out / "faces.csv")[0] == HEADER
    made = rows(out / "faces.csv")
    assert [int(row["frame"]) for row in made] == list(range(12))
    assert [float(row["seconds"]) for row in made] == pytest.approx([i / 25 for i in range(12)])
    assert {row["face"] for row in made} == {"1"}
    across = [box_of(row).centre[0] for row in made]
    assert across[-1] - across[0] == pytest.approx(88, abs=12)
    assert all(0 <= float(row[name]) <= 1 for row in made for name in NAMES)
    assert (done.frames, done.tracks, done.rows, done.lost) == (12, 1, 12, 0)
    assert done.seconds == pytest.approx(12 / 25)


def test_a_table_without_judgements(walk, out):
    done = track_film(walk, out / "faces.csv", judgements=False)
    plain = [name for name in NAMES if not describe(name).is_judgement]
    assert table(out / "faces.csv")[0] == [*HEADER[: -len(NAMES)], *plain]
    assert done.table.judgements == ()
    (every,) = track_film(walk, out / "every.csv").table.judgements_text.splitlines()
    assert every.startswith("8 of the 40 answers are judgements about people")
    header = table(out / "every.csv")[0]
    kept = [header.index(name) for name in table(out / "faces.csv")[0]]
    assert table(out / "faces.csv") == [[row[i] for i in kept] for row in table(out / "every.csv")]
    with pytest.raises(OutputError, match="--no-judgements"):
        track_film(walk, out / "faces.mp4", judgements=False)


def test_the_first_answer_is_that_of_a_photo(walk, out):
    track_film(walk, out / "faces.csv")
    first = rows(out / "faces.csv")[0]
    pixels = cv2.cvtColor(frames_of(walk)[0][0], cv2.COLOR_BGR2RGB)
    (face,) = facelens.find_faces(facelens.photo.Photo(pixels))
    (prediction,) = facelens.load_model().predict([face])
    assert [float(first[name]) for name in NAMES] == pytest.approx(
        prediction.probabilities, abs=1e-4
    )
    assert box_of(first) == pytest.approx(face.box, abs=0.06)


def test_two_people_keep_their_numbers(head, out):
    mirrored = np.ascontiguousarray(head[:, ::-1])
    frames = [
        room(320, 160, (head, 4 + 3 * i, 20), (mirrored, 196 - 2 * i, 30 - i)) for i in range(14)
    ]
    done = track_film(film(out / "two.mp4", frames), out / "faces.csv")
    assert done.tracks == 2
    sides = {}
    for row in rows(out / "faces.csv"):
        sides.setdefault(row["face"], set()).add(box_of(row).centre[0] < 150)
    assert sorted(map(sorted, sides.values())) == [[False], [True]]


def test_parquet_says_what_csv_says_and_is_written_as_it_goes(walk, out, monkeypatch):
    pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    import pyarrow.parquet as pq

    monkeypatch.setattr("facelens.tables._ROWS", 5)
    track_film(walk, out / "faces.csv")
    track_film(walk, out / "faces.parquet")
    answer = pq.ParquetFile(out / "faces.parquet")
    assert answer.schema_arrow.names == HEADER
    assert [str(kind) for kind in answer.schema_arrow.types[:4]] == [
        "int32", "double", "int32", "float",
    ]  # fmt: skip
    assert answer.num_row_groups == 3
    for row, other in zip(answer.read().to_pylist(), rows(out / "faces.csv"), strict=True):
        assert [row[name] for name in HEADER] == pytest.approx(
            [float(other[name]) for name in HEADER], rel=1e-4, abs=1e-5
        )


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".avi"])
def test_nobody_is_a_table_of_a_header_or_a_film_without_boxes(grey, out, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    path = out / f"none{ending}"
    done = track_film(grey, path)
    assert (done.frames, done.tracks, done.rows) == (10, 0, 0)
    assert "No face was found in 10 frames" in str(done)
    if ending == ".csv":
        assert table(path) == [HEADER]
    elif ending == ".avi":
        for frame, was in zip(frames_of(path)[0], frames_of(grey)[0], strict=True):
            assert np.abs(frame.astype(int) - was).max() < 12


# time and place


def boxes(data, start, stop, way):
    """Where the MP4 box lies that `way`, as moov/trak/…, leads to, and those around it."""
    found = []
    for name in way.split("/"):
        at = start
        while data[at + 4 : at + 8] != name.encode():
            at += struct.unpack(">I", data[at : at + 4])[0]
            assert at < stop, name
        found.append(at)
        start, stop = at + 8, at + struct.unpack(">I", data[at : at + 4])[0]
    return found


def with_steps(path, steps):
    """Give each frame of an MP4 its own length, in the container's ticks."""
    data = bytearray(path.read_bytes())
    *around, at = boxes(data, 0, len(data), "moov/trak/mdia/minf/stbl/stts")
    (size,) = struct.unpack(">I", data[at : at + 4])
    (tick,) = struct.unpack(">I", data[at + 20 : at + 24])
    body = struct.pack(">I4sII", 16 + 8 * len(steps), b"stts", 0, len(steps))
    body += b"".join(struct.pack(">II", 1, tick * step) for step in steps)
    assert around[0] > data.index(b"mdat"), "what lies before the frames may not grow"
    data[at : at + size] = body
    for where in around:
        (was,) = struct.unpack(">I", data[where : where + 4])
        data[where : where + 4] = struct.pack(">I", was + len(body) - size)
    # The edit list says how much of it is shown, in milliseconds.
    shown = data.index(b"elst") + 12
    data[shown : shown + 4] = struct.pack(">I", 40 * sum(steps))
    path.write_bytes(data)
    return path


STEPS = [1, 1, 1, 5, 1, 1, 9, 1, 1, 1, 1, 1]
SHOWN = np.cumsum([0, *STEPS[:-1]]) / 25


@pytest.fixture
def uneven(walk, tmp_path) -> Path:
    """The walk, whose fourth frame stands for five, and whose seventh for nine."""
    return with_steps(Path(shutil.copy(walk, tmp_path / "uneven.mp4")), STEPS)


def test_seconds_are_the_containers(uneven, out):
    track_film(uneven, out / "faces.csv")
    assert [float(row["seconds"]) for row in rows(out / "faces.csv")] == pytest.approx(
        SHOWN, abs=2e-3
    )


def test_a_marked_film_lasts_as_long_as_the_film(uneven, out):
    track_film(uneven, out / "marked.avi")
    frames, rate = frames_of(out / "marked.avi")
    assert len(frames) / rate == pytest.approx(sum(STEPS) / 25, abs=2.5 / rate)
    # At every moment it shows what the film shows then.
    was, _ = frames_of(uneven)
    for number, frame in enumerate(frames):
        then = np.searchsorted(SHOWN, number / rate + 1e-3) - 1
        near = [np.abs(frame.astype(int) - other).mean() for other in was]
        assert abs(int(np.argmin(near)) - then) <= 1


def turned(path, degrees):
    """Say in an MP4's header that its frames lie on their side, as a phone does."""
    matrix = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    a, b, c, d = (65536 * each for each in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_film_of_a_turned_phone_is_read_upright(head, out, degrees):
    upright = room(240, 160, (head, 100, 30))
    lying = np.ascontiguousarray(np.rot90(upright, degrees // 90))
    path = turned(film(out / "phone.mp4", [lying] * 3), degrees)
    track_film(path, out / "faces.csv")
    made = rows(out / "faces.csv")
    assert len(made) == 3
    x, y = box_of(made[0]).centre
    assert 120 < x < 200
    assert 50 < y < 130
    track_film(path, out / "marked.avi")
    assert frames_of(out / "marked.avi")[0][0].shape == (160, 240, 3)


class Source:
    """What stands for an opened film: frames, None for one that is damaged, and their times."""

    def __init__(self, frames, stamps):
        self.frames, self.stamps, self.at = frames, stamps, -1

    def read(self):
        self.at += 1
        frame = self.frames[self.at] if self.at < len(self.frames) else None
        return frame is not None, frame

    def get(self, what):
        return self.stamps[self.at] if what == cv2.CAP_PROP_POS_MSEC else 0.0


@pytest.mark.parametrize(
    ("stamps", "seconds"),
    [
        ([0, 0, 0, 0], [0, 0.1, 0.2, 0.3]),
        ([0, 100, 50, 200], [0, 0.1, 0.2, 0.3]),
        ([-900, 100, 200, 300], [0, 0.1, 0.2, 0.3]),
        ([0, 1e12, 200, 300], [0, 0.1, 0.2, 0.3]),
        ([float("nan"), 100, float("inf"), 300], [0, 0.1, 0.2, 0.3]),
        ([0, 10, 500, 510], [0, 0.01, 0.5, 0.51]),
    ],
)
def test_a_clock_that_cannot_be_is_not_believed(stamps, seconds):
    source = Source([room(16, 16)] * 4, stamps)
    made = [second for second, _ in Film(source, 10.0, 4, exact=True).frames()]
    assert made == pytest.approx(seconds)


def test_what_is_damaged_is_left_out_and_the_rest_keeps_its_time():
    frame = room(16, 16)
    source = Source([frame, None, None, frame], [0, 0, 0, 300])
    read = Film(source, 10.0, 4, exact=True)
    assert [second for second, _ in read.frames()] == [0, 0.3]
    assert read.lost(2, 0.4) == 2


@pytest.mark.parametrize(
    ("count", "frames", "end", "exact", "lost"),
    [
        (100, 99, 3.96, True, 1),
        (100, 101, 4.04, True, 0),
        (0, 50, 2.0, False, 0),
        (1000, 995, 39.98, False, 0),
        (1000, 900, 39.98, False, 100),
        (1000, 995, 36.0, False, 5),
    ],
)
def test_frames_that_are_missing_are_counted(count, frames, end, exact, lost):
    assert Film(None, 25.0, count, exact).lost(frames, end) == lost


def test_a_rate_that_cannot_be_is_measured_or_guessed(walk, out, monkeypatch):
    monkeypatch.setattr("facelens.video.film.RATES", (0.1, 24.0))
    with open_film(walk) as read:
        assert read.rate == 25.0
    fast = film(out / "fast.avi", [room(64, 48)] * 200, 500.0)
    monkeypatch.undo()
    monkeypatch.setattr("facelens.video.film.RATES", (30.0, 40.0))
    with open_film(fast) as read:
        assert read.rate == _USUAL_RATE
    monkeypatch.undo()
    track_film(fast, out / "slow.avi")
    frames, rate = frames_of(out / "slow.avi")
    assert len(frames) / rate == pytest.approx(0.4, abs=0.1)


# damage


def hurt(path, out):
    """A copy with 900 bytes in its first half gone."""
    data = bytearray(path.read_bytes())
    start = int(0.3 * len(data))
    data[start : start + 900] = bytes(900)
    (out / f"hurt{path.suffix}").write_bytes(data)
    return out / f"hurt{path.suffix}"


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_a_film_that_is_damaged_in_the_middle_is_read_to_its_end(long, out, ending):
    path = hurt(film(out / f"long{ending}", frames_of(long)[0]), out)
    done = track_film(path, out / "faces.csv")
    assert done.lost > 4
    assert done.frames + done.lost == 26
    assert f"counts 26 frames: {done.lost} are damaged, missing" in str(done)
    assert float(rows(out / "faces.csv")[-1]["seconds"]) == pytest.approx(1.0)


@pytest.mark.parametrize("ending", [".webm", ".avi"])
def test_a_film_that_is_cut_short_says_so(long, out, ending):
    path = film(out / f"cut{ending}", frames_of(long)[0])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    done = track_film(path, out / "faces.csv")
    assert 0 < done.frames < 20
    assert "The film's header counts 26 frames" in str(done)


def test_whole_films_of_every_kind_lack_nothing(walk, out):
    for ending in FILMS:
        for rate in (12.5, 29.97, 60):
            path = film(out / f"whole{ending}", frames_of(walk)[0], rate)
            with open_film(path) as read:
                stamps = [second for second, _ in read.frames()]
                assert read.lost(len(stamps), stamps[-1] + 1 / rate) == 0


# what is no film


@pytest.fixture
def things(walk, astronaut, out):
    """Files that are no film, and what is said of each."""
    folder = out.parent / "things"
    (folder / "folder").mkdir(parents=True)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "letter.mp4").write_text("Dear film, " * 50)
    (folder / "cut.mp4").write_bytes(walk.read_bytes()[:4000])
    shutil.copy(astronaut, folder / "photo.jpg")
    shutil.copy(astronaut, folder / "photo.mp4")
    cv2.imwrite(str(folder / "photo.png"), room(64, 48))
    path = film(folder / "head.webm", [room(64, 48)])
    path.write_bytes(path.read_bytes()[:450])
    os.mkfifo(folder / "pipe.mp4")
    return folder


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.mp4", "does not exist"),
        ("folder", "is a folder"),
        ("empty.mp4", "is empty"),
        ("letter.mp4", "is not a film that can be read"),
        ("cut.mp4", "damaged or cut short"),
        ("photo.jpg", "is a photo, not a film; use facelens predict"),
        ("photo.mp4", "is a photo"),
        ("photo.png", "is a photo"),
        ("head.webm", "no frame that can be read|not a film that can be read"),
        ("pipe.mp4", "is not a file"),
    ],
)
def test_what_is_no_film_is_said(things, out, name, words):
    for ending in (".csv", ".avi"):
        with pytest.raises(PhotoError, match=words):
            track_film(things / name, out / f"x{ending}")
    assert not list(out.iterdir())


def test_a_film_of_one_frame_is_a_film(head, out):
    done = track_film(film(out / "one.mp4", [room(160, 140, (head, 20, 10))]), out / "faces.csv")
    assert (done.frames, done.tracks) == (1, 1)


def test_a_moving_gif_is_a_film(head, out):
    from PIL import Image

    first, second = (
        Image.fromarray(np.ascontiguousarray(room(160, 140, (head, x, 10))[..., ::-1]))
        for x in (20, 24)
    )
    first.save(out / "two.gif", save_all=True, append_images=[second], duration=200)
    assert track_film(out / "two.gif", out / "faces.csv").frames == 2


def test_frames_beyond_all_bounds_are_refused(grey, out, monkeypatch):
    monkeypatch.setattr("facelens.video.film.MAX_PIXELS", 3000)
    with pytest.raises(PhotoError, match="frames of 64 x 48"):
        track_film(grey, out / "x.csv")


@pytest.mark.parametrize("size", [(2, 2), (2, 400), (20, 20)])
def test_frames_too_small_for_any_face(out, size):
    width, height = size
    path = film(out / "small.avi", [room(width, height)] * 3)
    assert track_film(path, out / "x.csv").tracks == 0
    for ending in FILMS:
        assert track_film(path, out / f"x{ending}").frames == 3


# where it goes


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.txt", r".csv or .parquet \(a table\) or in .mp4, .webm or .avi \(a film\)"),
        ("x", "change it"),
        ("x.mkv", "change it"),
        ("nowhere/x.csv", "There is no folder"),
        ("folder.csv", "is a folder"),
        ("there.csv", "give --force"),
        ("there.MP4", "give --force"),
    ],
)
def test_where_it_cannot_go_is_said_before_any_work(walk, out, monkeypatch, name, words):
    monkeypatch.setattr(annotated, "load_model", None)
    (out / "folder.csv").mkdir()
    (out / "there.csv").write_text("precious")
    (out / "there.MP4").write_text("precious")
    with pytest.raises(OutputError, match=words):
        track_film(walk, out / name)
    assert (out / "there.csv").read_text() == "precious"


def test_a_film_never_overwrites_itself(walk, out):
    path = Path(shutil.copy(walk, out / "film.mp4"))
    os.link(path, out / "same.mp4")
    for same in (path, out / "same.mp4", out / ".." / "out" / "film.mp4"):
        with pytest.raises(OutputError, match="is read for this"):
            track_film(path, same, force=True)
    assert path.read_bytes() == walk.read_bytes()


def test_force_writes_over(grey, out):
    (out / "x.CSV").write_text("old")
    track_film(grey, out / "x.CSV", force=True)
    assert table(out / "x.CSV") == [HEADER]


@pytest.mark.parametrize("ending", [".csv", ".parquet", *FILMS])
def test_what_is_interrupted_leaves_nothing_behind(walk, out, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    path = out / f"x{ending}"
    path.write_text("old")

    def stop(done, _):
        if done == 3:
            assert len(list(out.iterdir())) == 2
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        track_film(walk, path, force=True, progress=stop)
    assert [each.name for each in out.iterdir()] == [path.name]
    assert path.read_text() == "old"


def test_a_disk_that_is_full_ends_it_at_once(walk, out, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(OutputError, match="does not fit on the disk"):
        track_film(walk, out / "x.mp4")
    assert not list(out.iterdir())


@LINUX
@pytest.mark.parametrize("ending", [".csv", *FILMS])
def test_a_file_that_cannot_grow_is_no_result(walk, out, ending):
    """The system stops a file at 3,000 bytes; what is written says nothing of it by itself."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            track_film(walk, out / f"x{ending}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(out.iterdir())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do all")
def test_a_folder_that_may_not_be_written_is_said(walk, out):
    out.chmod(0o500)
    for ending in (".csv", ".mp4"):
        with pytest.raises(OutputError, match="Permission denied"):
            track_film(walk, out / f"x{ending}")


def test_a_codec_that_is_missing_is_said(walk, out, monkeypatch):
    monkeypatch.setitem(FILMS, ".webm", "NONE")
    with pytest.raises(OutputError, match=r"cannot write a \.webm film"):
        track_film(walk, out / "x.webm")
    assert not list(out.iterdir())


# the film that is drawn


@pytest.mark.parametrize("ending", FILMS)
def test_a_film_shows_box_number_and_words(walk, out, ending):
    done = track_film(walk, out / f"marked{ending}")
    assert str(done).endswith("shows 1 tracked face in 12 frames (0.5 seconds), without sound.")
    was, rate = frames_of(walk)
    frames, same = frames_of(out / f"marked{ending}")
    assert len(frames) == len(was)
    assert same == pytest.approx(rate)
    assert frames[0].shape == was[0].shape
    track_film(walk, out / "faces.csv")
    box = box_of(rows(out / "faces.csv")[-1])
    # A white line at the left of the face, and the face itself as it was.
    y, x = round(box.centre[1]), round(box.x)
    assert frames[-1][y, x - 2 : x + 3].min(1).max() > 180
    middle = np.s_[y - 8 : y + 8, round(box.centre[0]) - 8 : round(box.centre[0]) + 8]
    assert np.abs(frames[-1][middle].astype(int) - was[-1][middle]).mean() < 12
    changed = np.abs(frames[-1].astype(int) - was[-1]).max(2) > 60
    assert changed.mean() > 0.05, "no words"


def test_odd_sides_are_kept_whole(head, out):
    frame = room(161, 121, (head[:120], 21, 1))
    copy = FilmWriter(out / "odd.mp4", 25.0)
    for number in range(3):
        copy.add(np.ascontiguousarray(frame[..., ::-1]), number / 25)
    copy.close()
    copy.check()
    frames, _ = frames_of(out / "odd.mp4")
    assert [each.shape for each in frames] == [(122, 162, 3)] * 3
    assert np.abs(frames[0][:121, :161].astype(int) - frame).mean() < 6


def test_a_film_whose_frames_change_their_size_keeps_its_own(out):
    copy = FilmWriter(out / "x.avi", 25.0)
    for number, size in enumerate([(64, 48), (48, 64), (320, 240), (64, 48), (8, 8), (60, 40)]):
        copy.add(room(*size), number / 25)
    copy.close()
    copy.check()
    frames, _ = frames_of(out / "x.avi")
    assert [each.shape for each in frames] == [(48, 64, 3)] * 6
    tall = frames[1]
    assert tall[:, 32].mean() == pytest.approx(100, abs=6)
    assert tall[:, :8].mean() < 20, "a tall frame stands between black"


def a_pen(names=("Smiling", "Eyeglasses"), threshold=0.5):
    model, style = facelens.load_model(), Style(str(threshold), tuple(names))
    words = TASKS["attributes"].words
    return annotate.Annotator(lambda face, answer: words(model, face, answer, style))


def seen(number, box, *, hints=(), logit=3.0):
    model = facelens.load_model()
    whole = Prediction(np.full(40, logit, np.float32), np.zeros(40, np.float32), model.names)
    answer = model.blend(whole, whole, 0.0)
    face = SimpleNamespace(box=Box(*box), hints=hints)
    return SimpleNamespace(number=number, face=face, answer=answer)


BLANK = np.full((240, 320, 3), 90, np.uint8)


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (800, 100), (90, 90), (30, 20), (1, 1)])
def test_words_stay_in_the_frame_wherever_the_face_is(size):
    width, height = size
    picture = np.full((height, width, 3), 90, np.uint8)
    drawn = a_pen(NAMES[:8])
    for i, x in enumerate(np.linspace(-60, width + 20, 7)):
        for k, y in enumerate(np.linspace(-60, height + 20, 7)):
            people = [seen(1, (x, y, 60, 80)), seen(1000, (y, x, 30, 40))]
            answer = drawn.draw(picture, (7 * i + k) / 25, people)
            assert answer.shape == picture.shape
            for shown in drawn._shown.values():
                if shown.words:
                    tall, wide = annotate._plate(shown.rows, 9).shape[:2]
                    assert 0 <= shown.words[0] <= width - wide
                    assert 0 <= shown.words[1] <= height - tall
    assert (picture == 90).all(), "the frame itself is not drawn on"


def test_words_cover_nobody():
    drawn = a_pen()
    people = [(20, 60, 60, 80), (120, 60, 60, 80), (220, 60, 60, 80), (120, 150, 60, 80)]
    drawn.draw(BLANK, 0.0, [seen(i, box) for i, box in enumerate(people, 1)])
    places = [
        Box(*shown.words, *annotate._plate(shown.rows, 9).shape[1::-1])
        for shown in drawn._shown.values()
        if shown.words
    ]
    assert places
    for place in places:
        assert sum(intersection(place, Box(*box)) for box in people) < 0.1 * place.w * place.h
        assert sum(intersection(place, other) for other in places if other != place) < 200


def test_a_box_neither_trembles_nor_lags():
    drawn, random = a_pen([]), np.random.default_rng(1)
    places = []
    for i in range(60):
        drawn.draw(BLANK, i / 25, [seen(1, (100 + random.normal(0, 1), 60, 60, 80))])
        places.append(drawn._shown[1].box[0])
    assert np.std(np.diff(places[5:])) < 0.5 * np.sqrt(2)
    for i in range(60, 85):
        drawn.draw(BLANK, i / 25, [seen(1, (100 + 6 * (i - 60), 60, 60, 80))])
    assert drawn._shown[1].box[0] == pytest.approx(100 + 6 * 24, abs=3)


def test_a_box_fades_when_its_face_is_gone():
    drawn = a_pen()
    there = drawn.draw(BLANK, 0.0, [seen(1, (100, 60, 60, 80))])
    marks = []
    for i in range(1, 9):
        frame = drawn.draw(BLANK, i / 25, [])
        marks.append(np.abs(frame.astype(int) - BLANK).max())
    assert np.abs(there.astype(int) - BLANK).max() > 100
    assert marks == sorted(marks, reverse=True)
    assert marks[0] > 60
    assert marks[-1] == 0


def test_verdicts_are_those_of_a_photo():
    for logit, hints, word in ((5.0, (), "yes"), (-5.0, (), "no"), (5.0, ("Dark.",), "doubtful")):
        drawn = a_pen(["Eyeglasses"])
        drawn.draw(BLANK, 0.0, [seen(1, (100, 60, 60, 80), hints=hints, logit=logit)])
        ((label, number, said, verdict),) = drawn._shown[1].rows
        assert (label, said, verdict) == ("Eyeglasses", word, word)
        assert number == probability_text(1 / (1 + np.exp(-logit / _temperature("Eyeglasses"))))
    points = facelens.load_model().config.operating_points["precision90"]
    out_of_reach = NAMES[int(np.flatnonzero(np.isnan(points))[0])]
    drawn = a_pen([out_of_reach], "precision90")
    drawn.draw(BLANK, 0.0, [seen(1, (100, 60, 60, 80))])
    assert drawn._shown[1].rows[0][2:] == ("no threshold", "doubtful")


def _temperature(name):
    model = facelens.load_model()
    return model.config.temperature[model.names.index(name)]


def test_no_judgement_is_shown_unless_it_is_asked_for():
    model = facelens.load_model()
    words = TASKS["attributes"].words

    def labels(model, names):
        answer = model.predict([np.zeros((218, 178, 3), np.uint8)])[0]
        said = words(
            model, SimpleNamespace(box=Box(0, 0, 99, 99), hints=()), answer, Style(names=names)
        )
        return [word.label for word in said]

    chosen = labels(model, annotated._chosen(model, None))
    assert chosen == ["Smiling", "Mouth slightly open", "Eyeglasses", "No beard"]
    assert labels(model, annotated._chosen(model, ["Young"])) == ["Labelled “young”"]
    assert labels(FewAnswers(("Young", "Blue", "Round")), None) == ["Blue", "Round"]
    assert labels(FewAnswers(("Young", "Male")), None) == []


def test_attributes_are_found_as_people_write_them():
    model = facelens.load_model()
    asked = ["smiling", "mouth slightly open", "Hat", "SMILING", "5 o'clock shadow"]
    assert annotated._chosen(model, asked) == (
        "Smiling", "Mouth_Slightly_Open", "Wearing_Hat", "5_o_Clock_Shadow",
    )  # fmt: skip
    assert annotated._chosen(model, []) == ()


@pytest.mark.parametrize(
    ("names", "kind", "words"),
    [
        (["Smilin"], BundleError, "has no answer 'Smilin'; perhaps Smiling"),
        (["Zzz"], BundleError, "facelens predict PHOTO lists them"),
        (["\x1b[2J"], BundleError, r"\\x1b"),
        (NAMES[:9], OutputError, "at most 8"),
    ],
)
def test_attributes_that_cannot_be_shown_are_said(walk, out, names, kind, words):
    with pytest.raises(kind, match=words):
        track_film(walk, out / "x.avi", attributes=names)
    assert not list(out.iterdir())


def test_a_table_has_all_attributes(walk, out):
    with pytest.raises(OutputError, match="A table has all answers"):
        track_film(walk, out / "x.csv", attributes=["Smiling"])


def test_an_unknown_threshold_is_said(walk, out):
    with pytest.raises(ThresholdError):
        track_film(walk, out / "x.avi", threshold="maybe")


def test_labels_in_letters_that_the_font_lacks_are_spelt_or_cut():
    assert annotate._spelt("Schläfrig") == "Schlafrig"
    assert len(annotate._spelt("word " * 20)) == 28
    plate = annotate._plate((("Müde " * 9, "0.50", "yes", "yes"),), 14)
    assert plate.shape[1] < 420


# as a command


def is_one_line(text):
    return text.startswith("facelens: ") and text.endswith(".\n") and text.count("\n") == 1


def test_the_command_says_what_it_wrote(run, walk, out):
    code, said, err = run("video", walk, "--out", out / "faces.csv")
    assert code == 0
    assert err.startswith("facelens: 8 of the 40 answers are judgements")
    assert is_one_line(err)
    assert (
        said == f"{out / 'faces.csv'} has 12 rows of 1 tracked face in 12 frames (0.5 seconds).\n"
    )
    code, said, err = run("video", walk, "--out", out / "faces.csv")
    assert (code, said) == (2, "")
    assert is_one_line(err)
    code, said, _ = run(
        "video", walk, "--out", out / "x.avi", "--attributes", "Smiling, Bangs", "--threshold", "f1"
    )
    assert code == 0
    assert "without sound" in said


def test_a_film_without_a_face(run, grey, out):
    code, said, err = run("video", grey, "--out", out / "none.csv")
    assert (code, said) == (3, "")
    assert is_one_line(err)
    assert "No face was found in 10 frames" in err
    assert table(out / "none.csv") == [HEADER]


@pytest.mark.parametrize(
    "arguments",
    [
        ["video"],
        ["video", "a.mp4"],
        ["video", "a.mp4", "b.mp4", "--out", "c.csv"],
        ["video", "a.mp4", "--out"],
        ["video", "a.mp4", "--out", "c.csv", "--judgements"],
        ["video", "a.mp4", "--out", "c.csv", "--attr", "Smiling"],
    ],
)
def test_nonsense_is_refused(run, arguments):
    code, said, err = run(*arguments)
    assert (code, said) == (2, "")
    assert err.startswith("usage: facelens")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--attributes", "Smilling"], "perhaps Smiling"),
        (["--threshold", "nan"], "There is no threshold"),
        (["--model", "nowhere"], "There is no model"),
        (["--detector", "eyes"], "no face detector called"),
    ],
)
def test_unknown_values_are_said(run, walk, out, more, words):
    code, said, err = run("video", walk, "--out", out / "x.avi", *more)
    assert (code, said) == (2, "")
    assert is_one_line(err)
    assert words in err
    assert not list(out.iterdir())


def test_help_says_that_there_is_no_sound(run):
    code, said, _ = run("video", "--help")
    assert code == 0
    assert "without its sound" in " ".join(said.split())


def test_progress_is_for_a_terminal_alone_and_leaves_nothing(grey, out, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    main.main(["video", str(grey), "--out", str(out / "x.csv")])
    err = capsys.readouterr().err
    assert "\r7 of 10 frames" in err
    assert "\r10 frames" in err
    assert err.endswith("\r\x1b[Kfacelens: " + err.rpartition("facelens: ")[2])


def test_the_screen_is_kept_from_what_codecs_say(long, out):
    path = hurt(long, out)
    said = subprocess.run(
        [sys.executable, "-m", "facelens", "video", str(path), "--out", str(out / "x.webm")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stderr == ""
    assert "damaged" in said.stdout


@LINUX
def test_a_name_that_is_no_text(walk, out):
    """OpenCV crashes on one, with no word."""
    name = os.fsencode(out) + b"/caf\xe9.mp4"
    Path(os.fsdecode(name)).write_bytes(walk.read_bytes())
    with pytest.raises(PhotoError, match="are not text"):
        track_film(os.fsdecode(name), out / "x.csv")
    with pytest.raises(OutputError, match="are not text"):
        track_film(walk, os.fsdecode(os.fsencode(out) + b"/\xe9.avi"))
    done = track_film(walk, os.fsdecode(os.fsencode(out) + b"/\xe9.csv"))
    assert done.rows == 12


def test_watching_is_light():
    script = (
        "import sys, facelens.video.annotated\n"
        "heavy = {'torch', 'torchvision', 'fastai', 'pandas', 'sklearn', 'pyarrow', 'PIL'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
