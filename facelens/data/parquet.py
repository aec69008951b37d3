"""Read photos and labels in the parquet layout of the Hugging Face `datasets` library.

A column `image` holds bytes and path, either of them, or the bytes or the path alone, in any of
Arrow's types for them. A row with a path and no bytes stands for the file of that path beside the
parquet file.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.errors import DataError, FacelensError, printable
from facelens.files import need_pyarrow
from facelens.photo import MAX_BYTES, read_photo

if TYPE_CHECKING:
    import pyarrow.parquet as pq

# A batch is also limited to this many bytes: 256 rows may be 256 camera originals.
BATCH_BYTES = 16_000_000


@dataclass(frozen=True)
class Row:
    """One photo of a data set.

    `path`: its file name in the data set, e.g. "162772.jpg".
    `data`: the bytes of the photo, empty if there are none.
    `values`: the other columns of the row.
    `missing`: why there are no bytes, as a sentence; else "".
    """

    path: str
    data: bytes
    values: dict[str, object]
    missing: str = ""

    def pixels(self, file: object) -> np.ndarray:
        """Decode the photo, uint8 (h, w, 3).

        Args:
            file: the data set, for messages.

        Raises:
            DataError: there are no bytes. PhotoError: they are not a photo.
        """
        if self.missing:
            raise DataError(f"{printable(self.path)} in {file}: {self.missing}")
        return read_photo(self.data, name=self.path).pixels


def files(path: str | Path) -> list[Path]:
    """The parquet files at `path`: the file itself, or those of a folder, in order."""
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{path} does not exist; name a .parquet file or a folder of them.")
    found = sorted(
        file
        for file in path.rglob("*.parquet")
        if file.is_file() and not _is_aside(file.relative_to(path))
    )
    if not found:
        raise DataError(f"{path} holds no .parquet file.")
    return found


def images(
    path: str | Path,
    columns: Sequence[str] | None = None,
    batch_rows: int = 256,
    *,
    optional: Sequence[str] = (),
    start: int = 0,
    stop: int | None = None,
) -> Iterator[Row]:
    """Iterate over the photos of a parquet file or a folder of them, in little memory.

    Args:
        path: a file or a folder.
        columns: to read besides the photo; by default all.
        batch_rows: number of rows in memory at a time, fewer if photos are large.
        optional: columns to read too, in files that have them.
        start: the first row, counted over all files.
        stop: one past the last row; by default the end.

    Raises:
        DataError: a file is damaged, has another layout, or lacks a column.
    """
    first = 0
    for file in files(path):
        with _open(file) as opened:
            last = first + opened.metadata.num_rows
            if last > start and (stop is None or first < stop):
                end = last if stop is None else min(stop, last)
                rows = range(max(start - first, 0), end - first)
                wanted = _wanted(file, opened, columns, optional)
                yield from _rows(file, opened, wanted, batch_rows, rows)
            first = last


def count(path: str | Path) -> int:
    """Number of rows in a parquet file or a folder of them."""
    rows = 0
    for file in files(path):
        with _open(file) as opened:
            rows += opened.metadata.num_rows
    return rows


def pieces(path: str | Path, rows: int) -> Iterator[tuple[Path, int, int]]:
    """Split every file into pieces of about `rows` rows: the file, and `start` and `stop` in it.

    A row group can only be read from its beginning, so a piece has at least a sixteenth of the
    largest one; otherwise the same bytes would be decompressed again and again.
    """
    for file in files(path):
        with _open(file) as opened:
            meta = opened.metadata
            groups = [meta.row_group(group).num_rows for group in range(meta.num_row_groups)]
        size = max(rows, max(groups, default=0) // 16)
        for start in range(0, sum(groups), size):
            yield file, start, min(start + size, sum(groups))


def bool_columns(path: str | Path) -> list[str]:
    """The names of the yes/no columns, in the order of the file."""
    with _open(files(path)[0]) as opened:
        return [field.name for field in opened.schema_arrow if str(field.type) == "bool"]


def column(path: Path, name: str) -> list[object]:
    """The values of a column of a file, None for each row if it has no such column."""
    with _open(path) as opened, _reading(path):
        if name not in opened.schema_arrow.names:
            return [None] * opened.metadata.num_rows
        return opened.read(columns=[name]).column(name).to_pylist()


def column_names(path: str | Path) -> list[str]:
    """The names of all columns, in the order of the (first) file."""
    with _open(files(path)[0]) as opened:
        return list(opened.schema_arrow.names)


def _is_aside(relative: Path) -> bool:
    return any(part.startswith(".") or part.endswith(".parts") for part in relative.parts)


def _open(file: Path) -> "pq.ParquetFile":
    need_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Buffered, since a whole row group may have hundreds of megabytes.
        opened = pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)
        opened.schema_arrow.names  # noqa: B018 - names that are no UTF-8 raise here
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{file} is not a parquet file that can be read.") from error
    return opened


def _rows(
    file: Path, opened: "pq.ParquetFile", wanted: list[str], batch_rows: int, rows: range
) -> Iterator[Row]:
    start, stop = rows.start, rows.stop
    groups, position = _groups(opened, start, stop)
    size = _batch_rows(opened, batch_rows)
    with _reading(file):
        for batch in opened.iter_batches(size, groups, ["image", *wanted]):
            photos, values = batch.column("image"), batch.select(wanted).to_pylist()
            for i in range(max(start - position, 0), min(stop - position, batch.num_rows)):
                # Copy one photo at a time out of Arrow's memory, not a whole batch.
                data, path = _photo(photos[i].as_py())
                name = path or f"{file.stem}-{position + i}"
                missing = ""
                if not data:
                    data, missing = beside(file, path)
                yield Row(name, data, values[i], missing)
            position += batch.num_rows
            if position >= stop:
                return


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Turn what Arrow raises about a damaged file into a sentence."""
    try:
        yield
    except FacelensError:
        raise
    except Exception as error:
        # Text that is no UTF-8, a date that is none: Arrow leaves these to Python.
        raise DataError(f"{file} is damaged; download it again.") from error


def _photo(image: object) -> tuple[bytes, str]:
    """The bytes and the path of a cell, either of them empty if it is missing."""
    if isinstance(image, dict):
        data, path = image.get("bytes"), image.get("path")
    else:
        data, path = (image, None) if not isinstance(image, str) else (None, image)
    if isinstance(path, bytes):
        path = path.decode("utf-8", "replace")
    return bytes(data or b""), str(path or "")


def _wanted(
    file: Path, opened: "pq.ParquetFile", columns: Sequence[str] | None, optional: Sequence[str]
) -> list[str]:
    """The names of the columns to read besides the photo; refuse what would be ambiguous."""
    schema = opened.schema_arrow
    if columns is None:
        wanted = [name for name in schema.names if name != "image"]
    else:
        there = [name for name in optional if name in schema.names and name not in columns]
        wanted = [*columns, *there]
    for name in ("image", *wanted):
        if schema.names.count(name) > 1:
            raise DataError(f"{file} has two columns {printable(name)}; remove or rename one.")
    if "image" not in schema.names or not _holds_photos(schema.field("image").type):
        raise DataError(
            f"{file} has no column image with bytes and path, as the Hub's image data sets have."
        )
    for name in wanted:
        if name not in schema.names:
            raise DataError(f"{file} has no column {name}.")
    return wanted


def _holds_photos(kind: Any) -> bool:
    """Whether a column of this Arrow type can be read by `_photo`."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        parts = {field.name: field.type for field in kind}
        if len(parts) < kind.num_fields:
            return False
        known = [parts.pop(name) for name in ("bytes", "path") if name in parts]
        return bool(known) and all(map(_is_text_or_bytes, known))
    return _is_text_or_bytes(kind) and not pa.types.is_null(kind)


def _is_text_or_bytes(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (
        "is_binary", "is_large_binary", "is_binary_view", "is_fixed_size_binary",
        "is_string", "is_large_string", "is_string_view", "is_null",
    )  # fmt: skip
    return any(getattr(pa.types, test, lambda _: False)(kind) for test in tests)


def beside(file: Path, path: str) -> tuple[bytes, str]:
    """The bytes of the photo that a row of `file` names, or why they are not read.

    Only a file in the folder of `file`, or below: a data set from a stranger may name any file of
    this machine. Links are followed first. One byte over the limit of `read_photo` is read.
    """
    shown = printable(path)
    if not path:
        return b"", "The row holds neither the bytes of a photo nor its path."
    says = f"The row holds no bytes, and {shown}, which it names,"
    try:
        folder = file.parent.resolve()
        found = (folder / path).resolve()
        if not found.is_relative_to(folder):
            return b"", (
                f"The row holds no bytes, and {shown}, which it names, lies outside of "
                f"{printable(str(folder))}; move {file.name} into the folder of its photos."
            )
        if not found.exists():
            return b"", f"{says} does not exist in {printable(str(folder))}."
        if not found.is_file():
            return b"", f"{says} is not a file."
        with found.open("rb") as photo:
            data = photo.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # a name that is too long, a zero byte
        return b"", f"{says} cannot be read: {getattr(error, 'strerror', None) or error}."
    return data, "" if data else f"{says} is empty."


def _groups(opened: "pq.ParquetFile", start: int, stop: int) -> tuple[list[int], int]:
    """The row groups that hold rows `start` to `stop`, and the first of their rows."""
    groups: list[int] = []
    first = position = 0
    for group in range(opened.metadata.num_row_groups):
        after = position + opened.metadata.row_group(group).num_rows
        if position < stop and after > start:
            first = first if groups else position
            groups.append(group)
        position = after
    return groups, first


def _batch_rows(opened: "pq.ParquetFile", batch_rows: int) -> int:
    meta = opened.metadata
    size = sum(meta.row_group(group).total_byte_size for group in range(meta.num_row_groups))
    return max(1, min(batch_rows, BATCH_BYTES * meta.num_rows // max(size, 1)))
