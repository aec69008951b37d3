"""A table of photos and of what is to be learnt about them, as `facelens prepare` takes it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from unicodedata import normalize

from facelens.data.rows import read_rows
from facelens.data.yesno import Codes, check_no
from facelens.errors import DataError

# Kaggle's CelebA says image_id, the folders of the Hub's library file_name.
PHOTO = ("photo", "image_id", "file_name")
PERSON = ("person", "celeb_id")
_UNNAMED = ("", "Unnamed: 0")  # what pandas writes above its row numbers
_ANSWERS = {1: True, 0: False, -1: False, None: None}


@dataclass(frozen=True)
class Line:
    """A row of the table: the photo's path in the folder, the person, and the answers.

    An answer is None if the table leaves it blank. `number`: the row's line in the file.
    """

    photo: str
    person: str
    answers: tuple[bool | None, ...]
    number: int = field(default=0, compare=False)


def read_table(path: Path) -> tuple[tuple[str, ...], list[Line]]:
    """Read the names of the questions, and a line for each row.

    Args:
        path: text with a column `photo`, optionally one `person`, and columns of yes and no under
            any names, as `read_rows` and `yesno.code` read them; or CelebA's list_attr_celeba.txt,
            in which the photos' column has no name.

    Raises:
        DataError: it is no such table; the sentence names the line.
    """
    path = Path(path)
    rows = read_rows(path, PHOTO)
    _, header = next(rows, (0, []))
    first = next(rows, None)
    names = _header(path, header, first[1] if first else [])
    photo, person = _place(names, PHOTO) or 0, _place(names, PERSON)
    asked = [i for i, name in enumerate(names) if name and i not in (photo, person)]
    questions = tuple(names[i] for i in asked)
    if not questions or "image" in questions:
        raise DataError(
            f"{path} needs columns of yes and no besides photo and person, none of them called "
            "image or celeb_id."
        )
    lines, codes, kept = [], Codes(), []
    for number, fields in chain([first] if first else [], rows):
        where = f"{path}, line {number}"
        row = _trimmed(fields, len(names))
        if len(row) != len(names):
            raise DataError(f"{where}: {len(row)} fields, not {len(names)}.")
        if not row[photo]:
            raise DataError(f"{where} names no photo.")
        try:
            said = tuple([codes[row[i]] for i in asked])
        except ValueError:
            _refuse(where, names, row, asked)
        kept.append(said)
        answers = tuple([_ANSWERS[each] for each in said])
        # Composed: é may be one character or two, and a person has to stay in one split.
        who = "" if person is None else normalize("NFC", row[person])
        lines.append(Line(row[photo], who, answers, number))
    check_no(str(path), questions, kept)
    return questions, lines


def _header(path: Path, header: list[str], first: list[str]) -> list[str]:
    """The names of the columns, "" for one that is passed over; one is the photo's."""
    names = _trimmed(header, 0)
    if _place(names, PHOTO) is None and names:
        if names[0] in _UNNAMED:
            names[0] = PHOTO[0]
        elif len(_trimmed(first, len(names) + 1)) == len(names) + 1:
            names.insert(0, PHOTO[0])
    elif names and names[0] in _UNNAMED:
        names[0] = ""
    named = names[1:] if names and not names[0] else names
    if _place(names, PHOTO) is None or len(set(named)) < len(named) or "" in named:
        raise DataError(
            f"{path} needs a first line of names, all different, photo among them (or image_id)."
        )
    return names


def _trimmed(row: list[str], width: int) -> list[str]:
    """A row without the empty fields at its end, but for the first `width`."""
    end = len(row)
    while end > width and not row[end - 1]:
        end -= 1
    return row[:end]


def _place(names: list[str], wanted: Collection[str]) -> int | None:
    small = [name.lower() for name in names]
    return next((small.index(name) for name in wanted if name in small), None)


def _refuse(where: str, names: list[str], row: list[str], asked: list[int]) -> None:
    """Name the first cell that is neither yes nor no."""
    codes = Codes()
    for i in asked:
        try:
            codes[row[i]]
        except ValueError:
            raise DataError(
                f"{where}: {names[i]} is {row[i][:40]!r}, neither yes nor no; leave blank what "
                "cannot be said, and remove columns that are not questions."
            ) from None
