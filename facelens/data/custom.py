"""Make a training set from your own photos and a table of yes and no."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facelens.data.dataset import SPLITS, Sample, write_split
from facelens.data.same import distinct, find_file, twins
from facelens.data.table import Line, read_table
from facelens.errors import DataError, OutputError, PhotoError, many
from facelens.faces import find_faces
from facelens.files import Progress, need_pyarrow, writing
from facelens.photo import read_photo
from facelens.tables import ERROR_COLUMNS, write_table

SHARES = (0.7, 0.15, 0.15)
_SHOWN = 5  # missing answers that are named
_TRIES = 50
_MOST_TRIES = 500  # while a split lacks an answer


@dataclass(frozen=True)
class Prepared:
    """The result of `prepare`: a folder of parquet files, and the photos that were left out.

    `crowded`: photos with several faces. `repeated`: rows that name a photo of an earlier row.
    `lacking`: a split, a question, and the answer, "yes" or "no", that no face there has.
    `blank`: answers of these faces that the table leaves blank.
    """

    out: Path
    names: tuple[str, ...]
    faces: dict[str, int]
    left_out: tuple[tuple[str, str], ...]
    crowded: int
    repeated: int = 0
    lacking: tuple[tuple[str, str, str], ...] = ()
    blank: int = 0

    @property
    def errors_out(self) -> Path:
        return self.out / "errors.csv"

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {split}" for split, count in self.faces.items())
        total = sum(self.faces.values())
        text = f"{many(total, 'face')} {'is' if total == 1 else 'are'} in {self.out}: {counts}."
        if self.left_out:
            gone = many(len(self.left_out), "photo was", "photos were")
            text += f" {gone} left out; {self.errors_out} says why."
        if self.blank:
            answers = many(self.blank, "answer is", "answers are")
            text += f" {answers} blank: nothing is learnt or measured from those."
        if self.repeated:
            rows = many(self.repeated, "row names", "rows name")
            text += f" {rows} a photo that an earlier row names too."
        if self.crowded:
            crowded = many(self.crowded, "photo")
            text += f" In {crowded} with several faces the largest one was used."
        for split, name, answer in self.lacking[:_SHOWN]:
            text += f" In {split} nobody has a {answer} for {name}."
        if len(self.lacking) > _SHOWN:
            text += f" So it is with {len(self.lacking) - _SHOWN:,} more."
        if self.lacking:
            text += " Figures say nothing of such a question: add photos that have that answer."
        return text


def prepare(
    photos: Path,
    table: Path,
    out: Path,
    *,
    detector: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Prepared:
    """Detect and align the face in each photo and write it with its answers.

    The faces are split 70/15/15 into train, valid and test; all photos of one person go to one
    split, and so do copies of one file. Rows that name one photo, however they spell it, are one
    photo. If a photo shows several faces the largest is used. A blank answer is null in the parquet
    file, and counts nowhere. A photo that has two answers to a question or none to any, no face or
    cannot be read is left out and listed in errors.csv.

    Args:
        photos: the folder to which the table's names are relative.
        table: as for `read_table`.
        out: a folder for train-, valid- and test-*.parquet, in CelebA's layout.
        detector: as for `find_faces`.
        seed: random seed of the split.
        progress: called with the photos done and all photos.
    """
    need_pyarrow()
    names, rows = read_table(table)
    lines, left_out = distinct(photos, names, rows)
    repeated = len(rows) - len(lines) - len(left_out)
    asked = [line for line in lines if set(line.answers) != {None}]
    left_out += [(line.photo, "No answer.") for line in lines if set(line.answers) == {None}]
    total = len(asked) + len(left_out)
    chosen, person = _split(asked, seed, twins(photos, asked))
    crowded, blank, done = 0, 0, len(left_out)
    seen: dict[int, set[tuple[int, bool]]] = {index: set() for index in range(len(SPLITS))}

    def samples(split: int) -> Iterator[Sample]:
        nonlocal crowded, blank, done
        for i in np.flatnonzero(chosen == split):
            line = asked[i]
            crop, faces, reason = face_crop(photos, line.photo, detector)
            done += 1
            if progress:
                progress(done, total)
            if reason:
                left_out.append((line.photo, reason))
                continue
            crowded += faces > 1
            blank += line.answers.count(None)
            seen[split].update((i, a) for i, a in enumerate(line.answers) if a is not None)
            yield Sample(crop, line.photo, int(person[i]), line.answers)

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
    lacking = tuple(
        (split, name, "yes" if answer else "no")
        for index, split in enumerate(SPLITS)
        for i, name in enumerate(names)
        for answer in (True, False)
        if (i, answer) not in seen[index]
    )
    return Prepared(out, names, faces, tuple(left_out), crowded, repeated, lacking, blank)


def _open(out: Path) -> None:
    """Create `out`, or reuse the output of an earlier call; refuse any other data set."""
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        others = any(out.glob("*.parquet")) and not (out / "errors.csv").is_file()
    if others:
        raise OutputError(f"{out} holds another data set; name another folder.")


def face_crop(photos: Path, name: str, detector: str | None) -> tuple[bytes, int, str]:
    """The aligned crop of the largest face as PNG, the number of faces, or why there is none."""
    from PIL import Image

    try:
        faces = find_faces(read_photo(find_file(photos, name), name=name), detector=detector)
    except PhotoError as error:
        return b"", 0, str(error)
    if not faces:
        return b"", 0, "No face was found."
    stream = io.BytesIO()
    Image.fromarray(faces[0].crop).save(stream, "PNG")
    return stream.getvalue(), len(faces), ""


def _split(
    lines: Sequence[Line], seed: int, same: Sequence[tuple[int, int]] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Split 0, 1 or 2 of each line, and the index of its person.

    `same`: pairs of lines that show one person, whatever their names say.

    Of several seeded shuffles the one whose splits lack the fewest answers and are most alike, so
    that a rare yes does not end up in a single split.
    """
    if not lines:
        raise DataError("No photo of the table has an answer.")
    known = [line.person or f"\0{line.photo}" for line in lines]
    people, person = np.unique(known, return_inverse=True)
    for one, other in same:
        person[person == person[other]] = person[one]
    people, person = np.unique(person, return_inverse=True)
    if len(people) < len(SHARES):
        raise DataError(
            f"{len(people)} {'person is' if len(people) == 1 else 'people are'} too few: train, "
            "valid and test need different ones."
            f"{' Copies of one file count as one person.' if same else ''}"
        )
    answers = np.array([line.answers for line in lines], float)
    photos = np.bincount(person)
    # What no shuffle can give every split is not asked of it.
    wanted = [[len(np.unique(person[column == a])) >= len(SHARES) for a in (0, 1)]
              for column in answers.T]  # fmt: skip
    overall = (answers == 1).sum(0) / np.maximum(np.isfinite(answers).sum(0), 1)  # NaN is a blank
    best, least = person, (np.inf, np.inf)
    draw = np.random.default_rng(seed)
    for tried in range(_MOST_TRIES):
        if tried >= _TRIES and not least[0]:
            break
        order = draw.permutation(len(people))
        reached = (np.cumsum(photos[order]) - photos[order] / 2) / len(lines)
        of_person = np.empty(len(people), int)
        of_person[order] = np.searchsorted(np.cumsum(SHARES)[:-1], reached)
        # Even with few people every split has one.
        of_person[order[-1]], of_person[order[0]] = 2, 0
        if 1 not in of_person:
            of_person[order[-2]] = 1
        split = of_person[person]
        yes, no = (
            np.stack([(answers[split == index] == a).sum(0) for index in range(3)]) for a in (1, 0)
        )
        sizes = np.bincount(split, minlength=3) / len(lines)
        # A split in which nobody answers is as far off as one can be.
        means = np.where(yes + no, yes / np.maximum(yes + no, 1), np.inf)
        away = np.minimum(np.abs(means - overall), 1)
        difference = away.max() + np.abs(sizes - SHARES).max()
        lacks = (np.stack([no == 0, yes == 0], 2) & wanted).sum()
        if (lacks, difference) < least:
            best, least = split, (lacks, difference)
    return best, person
