"""Tables in csv and parquet: written row by row, joined from parts, read back.

The end of a file's name says which of the two it is. A number with a fraction has six digits in
csv and is a float32 in parquet, but for the columns below.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facelens.errors import DataError
from facelens.files import atomic_write

Row = Sequence[Any]
Add = Callable[[Row], None]

ERROR_COLUMNS = ("photo", "reason")
# What a column holds where it is no float32, in Arrow's words.
_KINDS = {
    "photo": "string", "reason": "string", "face": "int32", "frame": "int32", "seconds": "float64",
}  # fmt: skip
_EXACT = {name for name, kind in _KINDS.items() if kind == "float64"}
_ROWS = 8192  # of a parquet file's row group
_PARTS_AT_ONCE = 64


@contextmanager
def row_writer(out: Path, columns: Sequence[str], *, header: bool = True) -> Iterator[Add]:
    """Give a function that adds a row to the table `out`, which is there once the block has ended.

    Args:
        out: a .csv or .parquet file.
        columns: their names.
        header: whether csv begins with the names; a part of a table does not.

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
        lines.writerow(
            [
                f"{value:.6g}" if isinstance(value, float) and not whole else value
                for value, whole in zip(row, exact, strict=True)
            ]
        )

    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        if header:
            lines.writerow(columns)
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
    """Put parts together, in order, into the table `out`, and return how many rows it has."""
    joined = _join_parquet if out.suffix.lower() == ".parquet" else _join_csv
    with atomic_write(out) as draft:
        return joined(parts, draft, columns)


def _join_csv(parts: Sequence[Path], draft: Path, columns: Sequence[str]) -> int:
    rows = 0
    with draft.open("w", encoding="utf-8", newline="") as whole:
        csv.writer(whole, lineterminator="\n").writerow(columns)
        for part in parts:
            text = part.read_text(encoding="utf-8")
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


# records: rows by name, their values as they are


def read_records(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Every row of a csv or parquet file by column; of csv, all values are text.

    Args:
        columns: what they must be called, if given.

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
        return tuple(reader.fieldnames or ()), list(reader)


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

    `advice`: what to do where the system refuses.
    """
    with (
        atomic_write(out, advice=advice) as draft,
        draft.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, columns or list(records[-1]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
