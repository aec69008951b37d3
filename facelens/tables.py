"""Tables in csv and parquet: written row by row, joined from parts, read back.

The suffix of the file name decides the format. A float has six digits in csv and is a float32 in
parquet, except in the columns below. People open csv in spreadsheets, so text that one would take
for a formula is written with an apostrophe before it, which `read_records` takes away again.
Parquet holds all text as it is.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from facelens.errors import DataError
from facelens.files import atomic_write

Row = Sequence[Any]
Add = Callable[[Row], None]

ERROR_COLUMNS = ("photo", "reason")
# Arrow types of the columns that are not float32.
_KINDS = {
    "photo": "string", "reason": "string", "face": "int32", "frame": "int32", "seconds": "float64",
    "person": "string", "nearest_person": "string", "second_person": "string",
}  # fmt: skip
_EXACT = {name for name, kind in _KINDS.items() if kind == "float64"}
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_ROWS = 8192  # of a parquet file's row group
_PARTS_AT_ONCE = 64


@contextmanager
def row_writer(out: Path, columns: Sequence[str], *, header: bool = True) -> Iterator[Add]:
    """Yield a function that adds a row to the table `out`, which is written when the block ends.

    Args:
        out: a .csv or .parquet file.
        columns: names of the columns.
        header: whether csv begins with the names; part of a larger table does not.

    Raises:
        OutputError: the system refuses.
    """
    opened = _parquet if out.suffix.lower() == ".parquet" else _csv
    with atomic_write(out) as draft, opened(draft, columns, header) as add:
        yield add


def write_table(
    out: Path, rows: Iterable[Row], columns: Sequence[str], *, header: bool = True
) -> None:
    """Write a whole table; `header` as for `row_writer`."""
    with row_writer(out, columns, header=header) as add:
        for row in rows:
            add(row)


@contextmanager
def _csv(path: Path, columns: Sequence[str], header: bool) -> Iterator[Add]:
    exact = [name in _EXACT for name in columns]

    def add(row: Row) -> None:
        write(
            [
                f"{value:.6g}" if isinstance(value, float) and not whole else escaped(value)
                for value, whole in zip(row, exact, strict=True)
            ]
        )

    with path.open("w", encoding="utf-8", newline="") as file:
        write = _csv_writer(file)
        if header:
            write(map(escaped, columns))
        yield add


@contextmanager
def _parquet(path: Path, columns: Sequence[str], _header: bool) -> Iterator[Add]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = [pa.type_for_alias(_KINDS.get(name, "float32")) for name in columns]
    schema = pa.schema(list(zip(columns, kinds, strict=True)))
    rows: list[Row] = []

    def flush() -> None:
        values = list(zip(*rows, strict=True)) or [()] * len(kinds)
        arrays = [pa.array(value, kind) for value, kind in zip(values, kinds, strict=True)]
        whole.write_table(pa.table(arrays, schema=schema))
        rows.clear()

    def add(row: Row) -> None:
        rows.append(row)
        if len(rows) == _ROWS:
            flush()

    with pq.ParquetWriter(path, schema) as whole:
        yield add
        flush()


def join(parts: Sequence[Path], out: Path, columns: Sequence[str]) -> int:
    """Concatenate parts, in order, into the table `out`, and return its number of rows."""
    joined = _join_parquet if out.suffix.lower() == ".parquet" else _join_csv
    with atomic_write(out) as draft:
        return joined(parts, draft, columns)


def _join_csv(parts: Sequence[Path], draft: Path, columns: Sequence[str]) -> int:
    rows = 0
    with draft.open("w", encoding="utf-8", newline="") as whole:
        _csv_writer(whole)(map(escaped, columns))
        for part in parts:
            with part.open(encoding="utf-8", newline="") as file:  # line breaks as they are
                text = file.read()
            rows += sum(1 for _ in csv.reader(io.StringIO(text, newline="")))
            whole.write(text)
    return rows


def _join_parquet(parts: Sequence[Path], draft: Path, _columns: Sequence[str]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    with pq.ParquetWriter(draft, pq.read_schema(parts[0])) as whole:
        for start in range(0, len(parts), _PARTS_AT_ONCE):
            table = pa.concat_tables(map(pq.read_table, parts[start : start + _PARTS_AT_ONCE]))
            whole.write_table(table)
            rows += table.num_rows
    return rows


# csv


def escaped(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would take for a formula (OWASP).

    Text with apostrophes before such a beginning gets one more, so `unescaped` gives it back.
    """
    return f"'{value}" if isinstance(value, str) and _is_formula(value) else value


def unescaped(value: Any) -> Any:
    """Give back what `escaped` was given."""
    is_escaped = isinstance(value, str) and value.startswith("'") and _is_formula(value)
    return value[1:] if is_escaped else value


def _is_formula(text: str) -> bool:
    """Whether text begins with = + - @, tab or a line break, apart from apostrophes."""
    bare = text.lstrip("'")
    # Spreadsheets also take full-width signs, and pass over spaces.
    first = unicodedata.normalize("NFKC", bare.lstrip()[:1])[:1]
    return bare.startswith(("\t", "\r", "\n")) or first in ("=", "+", "-", "@")


class _Lines:
    """End lines with a line feed.

    The csv module quotes a carriage return only if it ends lines with one (before Python 3.13).
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, line: str) -> None:
        self.file.write(line.removesuffix("\r\n") + "\n")


def _csv_writer(file: TextIO) -> Callable[[Iterable[Any]], Any]:
    """A function that writes a row of cells, which are safe."""
    return csv.writer(_Lines(file), lineterminator="\r\n").writerow


# records: rows as dictionaries


def read_records(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Read every row of a csv or parquet file as a dictionary; csv values are text.

    Args:
        columns: the names that it must have, if given.

    Raises:
        DataError: the file cannot be read, or has other columns.
    """
    opened = _parquet_records if path.suffix.lower() == ".parquet" else _csv_records
    try:
        names, records = opened(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, csv.Error) as error:
        raise DataError(f"{path} is not a table that can be read.") from error
    if columns is not None and names != tuple(columns):
        raise DataError(f"{path} has other columns than {', '.join(columns)}.")
    return records


def _csv_records(path: Path) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        reader.fieldnames = names = [unescaped(name) for name in reader.fieldnames or ()]
        records = [{key: unescaped(value) for key, value in row.items()} for row in reader]
        return tuple(names), records


def _parquet_records(path: Path) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        table = pq.read_table(file)
    return tuple(table.column_names), table.to_pylist()


def write_records(
    out: Path,
    records: Sequence[Mapping[str, Any]],
    columns: Sequence[str] | None = None,
    *,
    advice: str = "",
) -> None:
    """Write records as csv; by default the columns are those of the last one.

    `advice`: what to do if the system refuses.
    """
    with (
        atomic_write(out, advice=advice) as draft,
        draft.open("w", encoding="utf-8", newline="") as file,
    ):
        write, names = _csv_writer(file), columns or list(records[-1])
        write(map(escaped, names))
        for record in records:
            if others := record.keys() - set(names):
                raise ValueError(f"no columns for {others}")
            write([_safe(record.get(name, "")) for name in names])


def _safe(value: Any) -> Any:
    """Escape text that is no number: records that were read are written again."""
    return value if isinstance(value, str) and _NUMBER.fullmatch(value) else escaped(value)
