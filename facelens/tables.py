"""Tables in csv and parquet: written row by row, joined from parts."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facelens.files import atomic_write, writing

_PARTS_AT_ONCE = 64

ERROR_COLUMNS = ("photo", "reason")


def write_table(path: Path, rows: list[tuple[Any, ...]], columns: tuple[str, ...]) -> None:
    """Write a whole table at once, in the form that its name says."""
    with writing(path), atomic_write(path) as draft:
        if path.suffix.lower() == ".parquet":
            write_parquet(draft, rows, columns)
        else:
            write_csv(draft, [columns, *rows])


def write_csv(path: Path, rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [f"{value:.6g}" if isinstance(value, float) else value for value in row] for row in rows
        )


def write_parquet(path: Path, rows: list[tuple[Any, ...]], columns: tuple[str, ...]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    special = {"photo": pa.string(), "face": pa.int32()}
    kinds = [special.get(column, pa.float32()) for column in columns]
    values = list(zip(*rows, strict=True)) or [()] * len(kinds)
    arrays = [pa.array(value, kind) for value, kind in zip(values, kinds, strict=True)]
    pq.write_table(pa.table(arrays, list(columns)), path)


def join_csv(made: list[Path], draft: Path, header: tuple[str, ...]) -> int:
    rows = 0
    with draft.open("w", encoding="utf-8", newline="") as whole:
        csv.writer(whole, lineterminator="\n").writerow(header)
        for part in made:
            text = part.read_text(encoding="utf-8")
            rows += sum(1 for _ in csv.reader(io.StringIO(text, newline="")))
            whole.write(text)
    return rows


def join_parquet(made: list[Path], draft: Path, _header: tuple[str, ...]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    with pq.ParquetWriter(draft, pq.read_schema(made[0])) as whole:
        for start in range(0, len(made), _PARTS_AT_ONCE):
            table = pa.concat_tables(map(pq.read_table, made[start : start + _PARTS_AT_ONCE]))
            whole.write_table(table)
            rows += table.num_rows
    return rows


# A parquet file's row group.
_ROWS = 8192


@contextmanager
def csv_rows(path: Path, header: tuple[str, ...]) -> Iterator[Callable[[tuple[Any, ...]], None]]:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(header)
        kept = header.index("confidence")
        yield lambda row: lines.writerow([*row[:kept], *(f"{value:.6g}" for value in row[kept:])])


@contextmanager
def parquet_rows(
    path: Path, header: tuple[str, ...]
) -> Iterator[Callable[[tuple[Any, ...]], None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"frame": pa.int32(), "seconds": pa.float64(), "face": pa.int32()}
    schema = pa.schema([(name, kinds.get(name, pa.float32())) for name in header])
    rows: list[tuple[Any, ...]] = []
    with pq.ParquetWriter(path, schema) as whole:

        def flush() -> None:
            columns = list(zip(*rows, strict=True)) or [()] * len(header)
            arrays = [
                pa.array(each, kind) for each, kind in zip(columns, schema.types, strict=True)
            ]
            whole.write_table(pa.table(arrays, schema=schema))
            rows.clear()

        def add(row: tuple[Any, ...]) -> None:
            rows.append(row)
            if len(rows) == _ROWS:
                flush()

        yield add
        flush()
