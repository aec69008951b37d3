"""Which rows of a table name one photo, and which files hold one."""

import os
import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from facelens.data.table import Line
from facelens.files import sha256


def find_file(photos: Path, name: str) -> Path:
    """The file that a table calls `name`; if there is none, the path as it is spelled.

    If no file is called so, the name is also tried with its backslashes as slashes (a table made
    on Windows), with its accents composed and decomposed (macOS), and with %20 as a space.
    """
    return next((path for path in _spellings(photos, name) if _is_file(path)), photos / name)


def _spellings(photos: Path, name: str) -> Iterator[Path]:
    yield photos / name
    slashed = name.replace("\\", "/")
    for text in dict.fromkeys((name, slashed, unquote(slashed))):
        for form in ("NFC", "NFD"):
            yield photos / unicodedata.normalize(form, text)  # type: ignore[arg-type]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long a name, a zero byte
        return False


def _identity(photos: Path, name: str) -> Hashable:
    """The same for every spelling of a file, links to it included; files need not exist."""
    path = find_file(photos, name)
    try:
        stat = path.stat()
        if stat.st_ino:
            return stat.st_dev, stat.st_ino
        return os.path.normcase(os.path.realpath(path))  # a file system that numbers no files
    except (OSError, ValueError):
        return posixpath.normpath(name.replace("\\", "/"))


def distinct(
    photos: Path, names: Sequence[str], rows: Sequence[Line]
) -> tuple[list[Line], list[tuple[str, str]]]:
    """One line for each photo, and the photos of which rows say different things, with reasons.

    Rows of one photo complete each other: one may be blank where the other answers.

    Args:
        photos: the folder of the photos.
        names: of the questions.
        rows: lines of the table, of which several may name one file.
    """
    rows_of: dict[Hashable, list[Line]] = defaultdict(list)
    for row in rows:
        rows_of[_identity(photos, row.photo)].append(row)
    lines, contradicted = [], []
    for group in rows_of.values():
        reason = _contradiction(names, group)
        if reason:
            contradicted.append((group[0].photo, reason))
            continue
        columns = zip(*(row.answers for row in group), strict=True)
        answers = tuple(next((a for a in column if a is not None), None) for column in columns)
        person = next((row.person for row in group if row.person), "")
        lines.append(replace(group[0], person=person, answers=answers))
    return lines, contradicted


def _contradiction(names: Sequence[str], group: Sequence[Line]) -> str:
    """What the rows of one photo say differently, as a sentence; "" if they agree."""
    if len(group) == 1:
        return ""
    said: list[tuple[str, list[object]]] = [("person", [row.person or None for row in group])]
    said += [(name, [row.answers[i] for row in group]) for i, name in enumerate(names)]
    for name, values in said:
        if len({value for value in values if value is not None}) > 1:
            numbers = [str(row.number) for row in group]
            return (
                f"Lines {', '.join(numbers[:-1])} and {numbers[-1]} of the table are about this "
                f"photo and differ in {name}."
            )
    return ""


def twins(photos: Path, lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Pairs of lines whose files have the same bytes, each with the first of them.

    A table that names a person for each of two such files knows better.
    """
    by_size: dict[int, list[int]] = defaultdict(list)
    files = [find_file(photos, line.photo) for line in lines]
    for i, file in enumerate(files):
        if _is_file(file):
            by_size[file.stat().st_size].append(i)
    pairs = []
    for rows in by_size.values():
        first: dict[str, int] = {}
        for i in rows if len(rows) > 1 else ():
            try:
                same = first.setdefault(sha256(files[i]), i)
            except OSError:
                continue  # reading it says why
            named = lines[same].person and lines[i].person
            if same != i and not named:
                pairs.append((same, i))
    return pairs
