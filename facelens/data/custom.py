"""Your own photos and a table of yes and no, made into a set of faces to learn from."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facelens.data.dataset import SPLITS, Sample, write_split
from facelens.errors import DataError, OutputError, PhotoError
from facelens.faces import find_faces
from facelens.files import Progress, need_pyarrow, writing
from facelens.photo import read_photo
from facelens.tables import ERROR_COLUMNS, write_table

SHARES = (0.7, 0.15, 0.15)
YES, NO = {"1", "yes", "y", "true", "t"}, {"0", "no", "n", "false", "f"}
_TRIES = 50


@dataclass(frozen=True)
class Line:
    """A photo of the table: its name below the folder, who is on it, and the answers.

    An answer is None where the table leaves it blank.
    """

    photo: str
    person: str
    answers: tuple[bool | None, ...]


@dataclass(frozen=True)
class Prepared:
    """What `prepare` made: a folder of parquet files, and the table of what it left out."""

    out: Path
    names: tuple[str, ...]
    faces: dict[str, int]
    left_out: tuple[tuple[str, str], ...]
    crowded: int

    @property
    def errors_out(self) -> Path:
        return self.out / "errors.csv"

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {split}" for split, count in self.faces.items())
        text = f"{sum(self.faces.values()):,} faces are in {self.out}: {counts}."
        if self.left_out:
            text += f" {len(self.left_out):,} photos were left out; {self.errors_out} says why."
        if self.crowded:
            text += f" Of {self.crowded:,} photos with several faces the largest one was taken."
        return text


def read_table(path: Path) -> tuple[tuple[str, ...], list[Line]]:
    """The names of the questions, and a line a photo.

    `path` is a .csv with a column `photo`, perhaps one `person`, and columns of yes and no (or
    true and false, 1 and 0) under any names; commas, semicolons or tabs between them.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{path} cannot be read; save the table as .csv in UTF-8.") from None
    first = text.partition("\n")[0]
    between = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=between) if any(row)]
    header = [name.strip() for name in rows[0]] if rows else []
    if header.count("photo") != 1 or len(set(header)) < len(header) or "" in header:
        raise DataError(f"{path} needs a first line of names, all different, photo among them.")
    names = tuple(name for name in header if name not in ("photo", "person"))
    if not names or {"image", "celeb_id"} & set(names):
        raise DataError(
            f"{path} needs columns of yes and no besides photo and person, none of them called "
            "image or celeb_id."
        )
    lines, seen = [], set()
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise DataError(f"{path}, row {number}: {len(row)} fields, not {len(header)}.")
        fields = {name: value.strip() for name, value in zip(header, row, strict=True)}
        if not fields["photo"] or fields["photo"] in seen:
            raise DataError(f"{path}, row {number}: every row names a photo of its own.")
        seen.add(fields["photo"])
        answers = tuple(_answer(path, number, name, fields[name]) for name in names)
        lines.append(Line(fields["photo"], fields.get("person", ""), answers))
    return names, lines


def _answer(path: Path, number: int, name: str, value: str) -> bool | None:
    word = value.lower()
    if word and word not in YES | NO:
        raise DataError(
            f"{path}, row {number}: {name} is {value!r}, neither yes nor no; leave blank what "
            "cannot be said, and take out columns that are no question."
        )
    return word in YES if word else None


def prepare(
    photos: Path,
    table: Path,
    out: Path,
    *,
    detector: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Prepared:
    """Find and align the face on each photo and write it with its answers.

    The faces are split 70/15/15 into train, valid and test; all photos of one person go to one
    split. Where a photo shows several faces the largest is taken. A photo with a blank answer,
    without a face or that cannot be read is left out, and errors.csv says so.

    Args:
        photos: the folder that the table's names start from.
        table: as for `read_table`.
        out: a folder for train-, valid- and test-*.parquet, in CelebA's layout.
        detector: as for `find_faces`.
        seed: decides the split.
        progress: called with the photos done and all photos.
    """
    need_pyarrow()
    names, lines = read_table(table)
    whole = [line for line in lines if None not in line.answers]
    left_out = [
        (line.photo, f"No answer to {names[line.answers.index(None)]}.")
        for line in lines
        if None in line.answers
    ]
    chosen, person = _split(whole, seed)
    crowded, done = 0, len(left_out)

    def samples(split: int) -> Iterator[Sample]:
        nonlocal crowded, done
        for i in np.flatnonzero(chosen == split):
            line = whole[i]
            crop, faces, reason = _look(photos, line.photo, detector)
            done += 1
            if progress:
                progress(done, len(lines))
            if reason:
                left_out.append((line.photo, reason))
                continue
            crowded += faces > 1
            yield Sample(crop, line.photo, int(person[i]), [bool(a) for a in line.answers])

    _open(out)
    faces = {
        split: write_split(out / f"{split}-00000-of-00001.parquet", samples(index), names)
        for index, split in enumerate(SPLITS)
    }
    left_out.sort()
    write_table(out / "errors.csv", left_out, ERROR_COLUMNS)
    for split, count in faces.items():
        if not count:
            why = left_out[-1][1] if left_out else ""
            raise DataError(f"No face is left for {split}; give more photos. {why}".strip())
    return Prepared(out, names, faces, tuple(left_out), crowded)


def _open(out: Path) -> None:
    """Make `out`; overwrite what an earlier call left there and nothing else."""
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        others = any(out.glob("*.parquet")) and not (out / "errors.csv").is_file()
    if others:
        raise OutputError(f"{out} holds another data set; name another folder.")


def _look(photos: Path, name: str, detector: str | None) -> tuple[bytes, int, str]:
    """The aligned crop of the largest face as PNG, how many faces, or why there is none."""
    from PIL import Image

    try:
        faces = find_faces(read_photo(photos / name, name=name), detector=detector)
    except PhotoError as error:
        return b"", 0, str(error)
    if not faces:
        return b"", 0, "No face was found."
    stream = io.BytesIO()
    Image.fromarray(faces[0].crop).save(stream, "PNG")
    return stream.getvalue(), len(faces), ""


def _split(lines: Sequence[Line], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The split 0, 1 or 2 of each line, and the number of its person.

    Of some seeded shuffles the one whose splits resemble each other most: a rare yes should not
    all land in one of them.
    """
    if not lines:
        raise DataError("No photo of the table has all its answers.")
    known = [line.person or f"\0{line.photo}" for line in lines]
    people, person = np.unique(known, return_inverse=True)
    if len(people) < len(SHARES):
        raise DataError(
            f"{len(people)} {'person is' if len(people) == 1 else 'people are'} too few: train, "
            "valid and test need different ones."
        )
    answers = np.array([line.answers for line in lines], float)
    photos = np.bincount(person)
    best, least = person, np.inf
    draw = np.random.default_rng(seed)
    for _ in range(_TRIES):
        order = draw.permutation(len(people))
        reached = (np.cumsum(photos[order]) - photos[order] / 2) / len(lines)
        of_person = np.empty(len(people), int)
        of_person[order] = np.searchsorted(np.cumsum(SHARES)[:-1], reached)
        # Even with few people each split has one.
        of_person[order[-1]], of_person[order[0]] = 2, 0
        if 1 not in of_person:
            of_person[order[-2]] = 1
        split = of_person[person]
        means = np.stack([answers[split == index].mean(0) for index in range(3)])
        sizes = np.bincount(split, minlength=3) / len(lines)
        unlike = np.abs(means - answers.mean(0)).max() + np.abs(sizes - SHARES).max()
        if unlike < least:
            best, least = split, unlike
    return best, person
