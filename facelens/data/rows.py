"""The rows of a text table, however spreadsheets, pandas and makers of data sets write it."""

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from facelens.errors import DataError

DELIMITERS = ",;\t|"
# Kaggle's lines of 96x96 grey values have 35,000 characters; /dev/zero has one without end.
MAX_LINE = 1_000_000
_STATED = re.compile(r'"?sep=(.)"?', re.IGNORECASE)  # Excel's first line
_END = "\0"


def read_rows(path: Path, keys: Collection[str] = ()) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the fields, stripped, of each line that is not empty.

    Fields are separated by what the first line says by `sep=;`, or by commas, semicolons, tabs or
    bars, or by spaces; UTF-8 or, with a byte order mark, UTF-16. The number of rows with which
    CelebA's tables begin is passed over. No field spans lines: a quote that is still open at the
    end of a line would take all that follows into one field.

    Args:
        path: the table.
        keys: column names in lower case; what separates one of them is what separates fields.

    Raises:
        DataError: the file cannot be read, is not text, or a line is malformed.
    """
    try:
        with path.open("rb") as file, io.TextIOWrapper(file, _encoding(file)) as text:
            yield from _rows(path, text, keys)
    except UnicodeError:
        raise DataError(f"{path} is not text in UTF-8; save the table as .csv in UTF-8.") from None
    except OSError as error:
        why = error.strerror or error
        raise DataError(f"{path} cannot be read: {why}; save the table as .csv.") from error


def _encoding(file: io.BufferedReader) -> str:
    start = file.peek(2)[:2]
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _rows(
    path: Path, file: io.TextIOWrapper, keys: Collection[str]
) -> Iterator[tuple[int, list[str]]]:
    delimiter: str | None = None
    begun = False
    for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), ""), 1):
        where = f"{path}, line {number}"
        if len(line) > MAX_LINE:
            raise DataError(f"{where} has more than {MAX_LINE:,} characters; is it a table?")
        if _END in line:
            raise DataError(f"{where} holds a zero byte: not text; save the table as .csv.")
        bare = line.strip()
        if not begun:
            if not bare or bare.isdecimal():
                continue
            if stated := _STATED.fullmatch(bare if bare[-1] != "=" else line.rstrip("\n")):
                delimiter = stated[1]
                continue
            delimiter = delimiter or _delimiter(where, bare, keys)
            begun = True
        if any(fields := _fields(where, line, delimiter)):
            yield number, fields


def _delimiter(where: str, header: str, keys: Collection[str]) -> str | None:
    """What separates the fields of `header`; None for spaces."""
    split = {mark: _fields(where, header, mark) for mark in DELIMITERS}
    for mark, fields in split.items():
        if len(fields) > 1 and any(field.lower() in keys for field in fields):
            return mark
    most = max(split, key=lambda mark: len(split[mark]))
    return most if len(split[most]) > 1 else None


def _fields(where: str, line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return [field.strip('"') for field in line.split()]
    if '"' not in line:
        return [field.strip() for field in line.split(delimiter)]
    never = DataError(f'{where}: a quote (") is opened and never closed; close or remove it.')
    try:
        # An open quote runs into the second line.
        row, *rest = csv.reader([line, _END], delimiter=delimiter, skipinitialspace=True)
    except csv.Error as error:
        if line.count('"') % 2:
            raise never from None
        raise DataError(f"{where} is not separated text: {error}.") from None
    if not rest:
        raise never
    return [field.strip() for field in row]
