"""Photos and labels in the layout that the Hugging Face `datasets` library writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.errors import DataError
from facelens.files import need_pyarrow

if TYPE_CHECKING:
    import pyarrow.parquet as pq

# A batch is cut at this many bytes too: 256 rows may be 256 camera originals.
BATCH_BYTES = 16_000_000


@dataclass(frozen=True)
class Row:
    """One photo of a data set.

    `path`: the file name that the data set gives, e.g. "162772.jpg".
    `data`: the bytes of the photo, empty where the row has none.
    `values`: the other columns of the row.
    """

    path: str
    data: bytes
    values: dict[str, object]


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
    start: int = 0,
    stop: int | None = None,
) -> Iterator[Row]:
    """Walk through the photos of a parquet file or a folder of them, in memory that stays small.

    Args:
        path: a file or a folder.
        columns: which columns to read besides the photo; all of them where not given.
        batch_rows: how many rows are in memory at a time, fewer where photos are large.
        start: the first row, counted over all files.
        stop: one past the last row; to the end where not given.

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
                yield from _rows(file, opened, _wanted(file, opened, columns), batch_rows, rows)
            first = last


def count(path: str | Path) -> int:
    """How many rows a parquet file or a folder of them has."""
    rows = 0
    for file in files(path):
        with _open(file) as opened:
            rows += opened.metadata.num_rows
    return rows


def pieces(path: str | Path, rows: int) -> Iterator[tuple[Path, int, int]]:
    """Cut every file into pieces of about `rows` rows: the file, and `start` and `stop` in it.

    A row group can only be read from its beginning, so a piece is no less than a sixteenth of the
    largest: else the same bytes would be unpacked again and again.
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


def _is_aside(relative: Path) -> bool:
    return any(part.startswith(".") or part.endswith(".parts") for part in relative.parts)


def _open(file: Path) -> "pq.ParquetFile":
    need_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # A buffer, since a whole row group may be hundreds of megabytes.
        return pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{file} is not a parquet file that can be read.") from error


def _rows(
    file: Path, opened: "pq.ParquetFile", wanted: list[str], batch_rows: int, rows: range
) -> Iterator[Row]:
    import pyarrow as pa

    start, stop = rows.start, rows.stop
    groups, position = _groups(opened, start, stop)
    size = _batch_rows(opened, batch_rows)
    try:
        for batch in opened.iter_batches(size, groups, ["image", *wanted]):
            photos, values = batch.column("image"), batch.select(wanted).to_pylist()
            for i in range(max(start - position, 0), min(stop - position, batch.num_rows)):
                # One photo at a time leaves Arrow's memory, not a batch of them.
                image = photos[i].as_py() or {}
                path = image.get("path") or f"{file.stem}-{position + i}"
                yield Row(path, image.get("bytes") or b"", values[i])
            position += batch.num_rows
            if position >= stop:
                return
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{file} is damaged; fetch it again.") from error


def _wanted(file: Path, opened: "pq.ParquetFile", columns: Sequence[str] | None) -> list[str]:
    schema = opened.schema_arrow
    kind: Any = schema.field("image").type if "image" in schema.names else ()
    parts = {field.name for field in kind} if str(kind).startswith("struct") else set()
    if not {"bytes", "path"} <= parts:
        raise DataError(
            f"{file} has no column image with bytes and path, as the Hub's image data sets have."
        )
    if columns is None:
        return [name for name in schema.names if name != "image"]
    for name in columns:
        if name not in schema.names:
            raise DataError(f"{file} has no column {name}.")
    return list(columns)


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
