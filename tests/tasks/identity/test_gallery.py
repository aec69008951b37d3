"""A gallery and its file: what a stranger's may not do."""

import contextlib
import io
import json
import zipfile

import numpy as np
import pytest

from facelens.errors import BundleError
from facelens.tasks.identity import gallery as galleries
from facelens.tasks.identity.gallery import Gallery, read_gallery


def made(names=("Anna", "Ben"), photos=3, width=8):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(len(names) * photos, width)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    person = np.repeat(np.arange(len(names)), photos).astype(np.int32)
    return Gallery(tuple(names), points, person, "identity", "0" * 64, {"blurred": 2})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "gallery.npz"
    made().save(path)
    return path


def test_it_is_read_back_as_it_was_written(path):
    given, kept = made(), read_gallery(path)
    assert (kept.names, kept.recogniser, kept.checksum, kept.left_out) == (
        given.names, given.recogniser, given.checksum, {"blurred": 2},
    )  # fmt: skip
    assert np.array_equal(kept.embeddings, given.embeddings)
    assert np.array_equal(kept.person, given.person)
    assert kept.counts == (3, 3)
    assert kept.sentence == "2 people are enrolled: Anna (3 photos), Ben (3 photos)."
    np.testing.assert_allclose(np.linalg.norm(kept.means, axis=1), 1, atol=1e-6)


def test_it_holds_embeddings_names_and_nothing_of_a_photo(path):
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["about.npy", "embeddings.npy", "person.npy"]
    with np.load(path, allow_pickle=False) as arrays:
        about = json.loads(bytes(arrays["about"]))
        assert sorted(about) == ["checksum", "format", "left_out", "names", "recogniser"]
        assert arrays["embeddings"].shape == (6, 8)


def test_two_of_the_same_are_the_same_bytes():
    assert made().as_bytes() == made().as_bytes()


def written(path, **changes):
    """The file with other arrays in it."""
    with np.load(path) as arrays:
        values = dict(arrays) | changes
    np.savez(path, **{name: value for name, value in values.items() if value is not None})


def about(path, **changes):
    with np.load(path) as arrays:
        values = json.loads(bytes(arrays["about"])) | changes
    written(path, about=np.frombuffer(json.dumps(values).encode(), np.uint8))


def refused(path):
    with pytest.raises(BundleError) as told:
        read_gallery(path)
    text = str(told.value)
    assert text.startswith(str(path))
    assert text.endswith(".")
    assert text.isprintable()
    return text


@pytest.mark.parametrize(
    "change",
    [
        {"embeddings": np.array([{"a": 1}] * 6, object)},
        {"about": np.array(["x"], object)},
        {"embeddings": None},
        {"more": np.zeros(3)},
        {"embeddings": made().embeddings.astype(np.float64)},
        {"person": np.zeros(6, np.int64)},
        {"person": np.zeros((6, 1, 1), np.int32)},
        {"embeddings": np.asfortranarray(made().embeddings)},
        {"about": np.frombuffer(b"{", np.uint8)},
        {"about": np.frombuffer(b"[" * 50_000, np.uint8)},
        {"about": np.frombuffer(b"\xff" * 9, np.uint8)},
    ],
)
def test_what_is_no_gallery_is_a_sentence(path, change):
    written(path, **change)
    assert "is not a gallery of Facelens, or is damaged" in refused(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"person": np.zeros(5, np.int32)}, "another shape"),
        ({"embeddings": np.zeros((0, 8), np.float32), "person": np.zeros(0, np.int32)}, "shape"),
        ({"embeddings": np.ones((6, 600), np.float32)}, "another shape"),
        ({"embeddings": np.full((6, 8), np.nan, np.float32)}, "no unit vectors"),
        ({"embeddings": np.full((6, 8), np.inf, np.float32)}, "no unit vectors"),
        ({"embeddings": np.ones((6, 8), np.float32)}, "no unit vectors"),
        ({"person": np.zeros(6, np.int32)}, "people without embeddings"),
        ({"person": np.array([0, 0, 0, 1, 1, 2], np.int32)}, "embeddings of nobody"),
        ({"person": np.array([0, 0, 0, 1, 1, -1], np.int32)}, "embeddings of nobody"),
    ],
)
def test_tables_that_cannot_be_are_a_sentence(path, change, words):
    with np.errstate(all="ignore"):
        written(path, **change)
        assert words in refused(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "update Facelens"),
        ({"names": ["Anna"]}, "one person only"),
        ({"names": ["Anna", "anna"]}, "Two people are called"),
        ({"names": ["Anna", "\x1b[31mBen"]}, "letters that can be shown"),
        ({"names": ["Anna", "B" * 41]}, "too long"),
        ({"names": ["Anna", "Not sure"]}, "which is an answer"),
        ({"names": ["Anna", 7]}, "garbles"),
        ({"names": [str(i) for i in range(21)]}, "at most 20"),
        ({"recogniser": "\x1b]0;"}, "cannot be shown"),
        ({"recogniser": "x" * 300}, "cannot be shown"),
        ({"checksum": "0" * 65}, "cannot be shown"),
        ({"left_out": {"\x07": 1}}, "cannot be shown"),
        ({"left_out": 7}, "garbles"),
    ],
)
def test_text_that_cannot_be_is_a_sentence(path, change, words):
    about(path, **change)
    assert words in refused(path)


def header(shape, kind="<f4"):
    text = repr({"descr": kind, "fortran_order": False, "shape": shape}).ljust(100) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def archive(path, entries, kind=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, data in entries.items():
            file.writestr(name, data)


@pytest.mark.parametrize(
    "data",
    [
        header((1 << 62, 8)) + b"\0" * 32,
        header((3, 8)) + b"\0" * 32,
        header((-2, -4)) + b"\0" * 32,
        header(8, "<f4") + b"\0" * 32,
        header((8,), "|O") + b"\x80\x04.",
        header((8,), "O") + b"cos\nsystem\n",
        b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 3000,
        b"\x93NUMPY\x03\x00",
        b"",
    ],
)
def test_a_header_that_lies_is_a_sentence(path, data):
    with zipfile.ZipFile(path) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    archive(path, entries | {"embeddings.npy": data})
    refused(path)


def test_a_zip_bomb_is_not_unpacked(path, monkeypatch):
    with zipfile.ZipFile(path) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    most = galleries.LARGEST
    archive(path, entries | {"embeddings.npy": header((most,), "|u1") + b"\0" * most})
    assert path.stat().st_size < most / 100
    read = []
    opened = zipfile.ZipFile.open
    monkeypatch.setattr(
        zipfile.ZipFile, "open", lambda self, entry, *a, **k: read.append(entry.filename)
        or opened(self, entry, *a, **k),
    )  # fmt: skip
    refused(path)
    assert "embeddings.npy" not in read


def test_a_zip_that_understates_what_it_holds_is_a_sentence(path):
    with zipfile.ZipFile(path) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    large = header((4_000_000,), "|u1") + b"\0" * 4_000_000
    archive(path, entries | {"embeddings.npy": large})
    size = len(large).to_bytes(4, "little")
    data = path.read_bytes().replace(size, (200).to_bytes(4, "little"))
    path.write_bytes(data)
    refused(path)


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packings_are_refused(path, kind):
    with zipfile.ZipFile(path) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    archive(path, entries, kind)
    refused(path)


@pytest.mark.parametrize(
    "names", [["../about.npy", "embeddings.npy", "person.npy"], ["about.npy"] * 3, []]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entries_of_other_names_are_refused(path, names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    path.write_bytes(stream.getvalue())
    refused(path)


@pytest.mark.parametrize("keep", [0, 10, 200, 900, -1])
def test_a_file_that_is_cut_short_is_a_sentence(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    refused(path)


def test_every_flipped_byte_is_a_gallery_or_a_sentence(path):
    data = path.read_bytes()
    for at in range(0, len(data), 7):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        with contextlib.suppress(BundleError):
            read_gallery(path)


def test_a_file_larger_than_any_gallery_is_not_read(path):
    with path.open("r+b") as file:
        file.truncate(1 << 40)
    assert "cannot be read" in refused(path)
