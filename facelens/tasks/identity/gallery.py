"""A gallery: the people who are enrolled, as embeddings and names, and its file.

The file is a .npz without pickle, a zip of three arrays. It holds no photo. A stranger's is read
within bounds: which entries, how large, of which shape and type is checked before anything is
unpacked, and nothing in it is run.
"""

import ast
import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from facelens.bundles.bundle import GARBLED
from facelens.errors import BundleError, DataError, many
from facelens.files import read_file, write_bytes
from facelens.tasks.identity.curves import mean_of
from facelens.tasks.identity.model import WIDEST
from facelens.tasks.identity.names import checked_names

SUFFIX = ".npz"
FORMAT = 1
MOST_PHOTOS = 200  # of one person
_MOST = 20 * MOST_PHOTOS  # embeddings
LARGEST = _MOST * WIDEST * 4 + 1_000_000  # bytes
_LARGEST_TEXT = 100_000
_ENTRIES = ("about.npy", "embeddings.npy", "person.npy")
_KINDS = ("<f4", "<i4", "|u1")
_LONGEST_HEADER = 1000  # bytes; numpy's own have 118
_UNIT = 1e-3  # how far from 1 an embedding's length may be


@dataclass(frozen=True, eq=False)
class Gallery:
    """The people who are enrolled.

    `names`: of the people. `embeddings`: unit float32 (n, d). `person`: int32 (n,), whose each is.
    `recogniser`: the network, as `open_recogniser` takes it; `checksum`: sha256 of its graph.
    `left_out`: how many photos were left out, by reason.
    """

    names: tuple[str, ...]
    embeddings: np.ndarray
    person: np.ndarray
    recogniser: str
    checksum: str
    left_out: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def means(self) -> np.ndarray:
        """The unit mean of each person's embeddings, float32 (people, d)."""
        return np.stack(
            [mean_of(self.embeddings[self.person == i]) for i in range(len(self.names))]
        )

    @property
    def counts(self) -> tuple[int, ...]:
        """How many photos of each person there are."""
        return tuple(np.bincount(self.person, minlength=len(self.names)).tolist())

    @property
    def sentence(self) -> str:
        """Who is enrolled, for a person."""
        photos = ", ".join(
            f"{name} ({many(count, 'photo')})"
            for name, count in zip(self.names, self.counts, strict=True)
        )
        return f"{many(len(self.names), 'person is', 'people are')} enrolled: {photos}."

    def as_bytes(self) -> bytes:
        """The gallery as the bytes of its file."""
        about = {
            "format": FORMAT, "names": self.names, "recogniser": self.recogniser,
            "checksum": self.checksum, "left_out": dict(self.left_out),
        }  # fmt: skip
        stream = io.BytesIO()
        np.savez(
            stream,
            about=np.frombuffer(json.dumps(about).encode(), np.uint8),
            embeddings=np.ascontiguousarray(self.embeddings, np.float32),
            person=np.ascontiguousarray(self.person, np.int32),
        )
        return stream.getvalue()

    def save(self, path: Path) -> None:
        """Write the gallery to `path`, a .npz file."""
        write_bytes(path, self.as_bytes())


def read_gallery(path: Path) -> Gallery:
    """Read a gallery's file.

    Raises:
        BundleError: it cannot be read, or is not a gallery.
    """
    try:
        data = read_file(path, LARGEST)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}.") from error
    return parse_gallery(data, path)


def parse_gallery(data: bytes, where: object) -> Gallery:
    """The gallery in the bytes of a file; `where` is what sentences call it.

    Raises:
        BundleError: it is not a gallery, or is damaged.
    """
    try:
        tables = _unpacked(data)
        about = json.loads(bytes(tables["about"]))
        newest = int(about["format"])
    except (*GARBLED, zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise BundleError(f"{where} is not a gallery of Facelens, or is damaged.") from error
    if newest > FORMAT:
        raise BundleError(
            f"{where} is a gallery of format {newest}; this Facelens reads up to {FORMAT}: update "
            "Facelens."
        )
    try:
        return _gallery(about, tables, where)
    except GARBLED as error:
        raise BundleError(f"{where} lacks or garbles {error}.") from error


def _unpacked(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of a file; ValueError where an entry is another one, or too large.

    A zip may state any size and unpack to another, so no more is read than a gallery can have.
    """
    tables = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if sorted(entry.filename for entry in entries) != list(_ENTRIES):
            raise ValueError("entries")
        for entry in entries:
            most = _LARGEST_TEXT if entry.filename == _ENTRIES[0] else LARGEST
            kept = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            if entry.file_size > most or entry.flag_bits & 1 or not kept:  # 1: encrypted
                raise ValueError(entry.filename)
            with archive.open(entry) as file:
                content = file.read(most + 1)
            if len(content) != entry.file_size:
                raise ValueError(entry.filename)
            tables[entry.filename.removesuffix(".npy")] = _array(content)
    return tables


def _array(content: bytes) -> np.ndarray:
    """The array in the bytes of a .npy; its header is believed only as far as there are bytes."""
    size = int.from_bytes(content[8:10], "little")
    if content[:8] != b"\x93NUMPY\x01\x00" or size > _LONGEST_HEADER:
        raise ValueError("header")
    try:
        header = ast.literal_eval(content[10 : 10 + size].decode("latin-1").strip())
    except (SyntaxError, MemoryError) as error:
        raise ValueError("header") from error
    kind, shape = header["descr"], header["shape"]
    if header["fortran_order"] is not False or kind not in _KINDS:
        raise ValueError("type")
    values = np.frombuffer(content, kind, offset=10 + size)
    # Python's own product: a stated shape may be beyond 64 bits.
    if len(shape) not in (1, 2) or math.prod(map(int, shape)) != len(values):
        raise ValueError("shape")
    return values.reshape(shape)


def _gallery(about: dict[str, Any], tables: dict[str, np.ndarray], where: object) -> Gallery:
    """The gallery that a file's text and arrays make, checked."""
    embeddings, person = tables["embeddings"], tables["person"]
    if (
        embeddings.dtype != np.float32
        or person.dtype != np.int32
        or embeddings.ndim != 2
        or person.shape != embeddings.shape[:1]
        or not 0 < len(embeddings) <= _MOST
        or not 0 < embeddings.shape[1] <= WIDEST
    ):
        raise BundleError(f"{where} has tables of another shape than a gallery's.")
    lengths = np.linalg.norm(embeddings.astype(np.float64), axis=1)
    if not (np.abs(lengths - 1) < _UNIT).all():  # nor is NaN
        raise BundleError(f"{where} has embeddings that are no unit vectors.")
    given = about["names"]
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise ValueError("names")
    try:
        names = checked_names(given)
    except DataError as error:
        raise BundleError(f"{where} cannot be a gallery. {error}") from error
    counts = np.bincount(np.clip(person, 0, None), minlength=len(names))
    if person.min() < 0 or len(counts) != len(names) or counts.min() < 1:
        raise BundleError(f"{where} has people without embeddings, or embeddings of nobody.")
    if counts.max() > MOST_PHOTOS:
        raise BundleError(f"{where} has more than {MOST_PHOTOS} embeddings of one person.")
    recogniser, checksum = str(about["recogniser"]), str(about["checksum"])
    if not f"{recogniser}{checksum}".isprintable() or len(recogniser) > 200 or len(checksum) > 64:
        raise BundleError(f"{where} names its network in a way that cannot be shown.")
    left_out = {str(key): int(value) for key, value in about.get("left_out", {}).items()}
    if len(left_out) > 20 or not "".join(left_out).isprintable():
        raise BundleError(f"{where} has counts that cannot be shown.")
    return Gallery(names, embeddings, cast("np.ndarray", person), recogniser, checksum, left_out)
