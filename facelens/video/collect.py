"""Make a training set of films: a folder a class, frames every so often, faces aligned.

Frames of one film are nearly alike. If some are trained on and others tested on, a network is
tested on what it knows: a figure is honest only if nobody is on both sides.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facelens.data.dataset import SPLITS
from facelens.errors import DataError, OutputError, PhotoError, printable
from facelens.faces import find_faces
from facelens.files import Progress, atomic_write, need_pyarrow, writing
from facelens.photo import Photo
from facelens.tables import ERROR_COLUMNS, write_table
from facelens.video.film import open_film

FILMS = (".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v")
SHARES = (0.7, 0.15, 0.15)


@dataclass(frozen=True)
class Collected:
    """The result of `collect`.

    `faces`: by split. `people`: how many are in all. `left_out`: films or frames, and why.
    """

    out: Path
    classes: tuple[str, ...]
    faces: dict[str, int]
    people: int
    left_out: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {split}" for split, count in self.faces.items())
        text = (
            f"{sum(self.faces.values()):,} faces of {self.people} "
            f"{'person' if self.people == 1 else 'people'} are in {self.out}: {counts}."
        )
        if self.left_out:
            text += (
                f" {len(self.left_out):,} frames or films were left out; "
                f"{self.out / 'errors.csv'} says why."
            )
        return text


@dataclass(frozen=True)
class _Shot:
    """A face of a frame: PNG of its crop, where it is from, its class, and whose it is."""

    data: bytes
    path: str
    name: str
    person: int


def collect(
    folder: Path,
    out: Path,
    *,
    column: str = "expression",
    every: int = 10,
    by_person: bool = True,
    detector: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Collected:
    """Cut films into aligned faces and write train-, valid- and test-*.parquet.

    Args:
        folder: a folder for each class, with films in it. A film's name up to its first underscore
            is the person's: anna_2.mp4 and anna.mp4 show one.
        out: a folder for the parquet files, each with `image`, `celeb_id` and `column`.
        column: what the column of the class is called.
        every: of so many frames one is taken.
        by_person: nobody is in two splits. If false, frames are dealt by chance, which shows what
            that does to a figure.
        detector: as for `find_faces`.
        seed: random seed of the split.
        progress: called with the films done and all films.

    Raises:
        DataError: there are no films, or too few people for three splits.
    """
    need_pyarrow()
    films = _films(folder)
    people = sorted({_person(film) for _, film in films})
    if by_person and len(people) < len(SPLITS):
        raise DataError(
            f"{len(people)} {'person is' if len(people) == 1 else 'people are'} too few: train, "
            "valid and test need different ones. A film's name up to its first underscore is the "
            "person's."
        )
    left_out: list[tuple[str, str]] = []
    shots: list[_Shot] = []
    for done, (name, film) in enumerate(films, 1):
        about = name, people.index(_person(film))
        for found in _shots(folder, film, about, every, detector):
            if isinstance(found, _Shot):
                shots.append(found)
            else:
                left_out.append(found)
        if progress:
            progress(done, len(films))
    split = _dealt(np.array([shot.person for shot in shots]), by_person=by_person, seed=seed)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        if any(out.glob("*.parquet")) and not (out / "errors.csv").is_file():
            raise OutputError(f"{out} holds another data set; name another folder.")
    faces = {}
    for index, each in enumerate(SPLITS):
        chosen = [shot for shot, of in zip(shots, split, strict=True) if of == index]
        if not chosen:
            why = left_out[-1][1] if left_out else ""
            raise DataError(f"No face is left for {each}; give more films. {why}".strip())
        faces[each] = _write(out / f"{each}-00000-of-00001.parquet", chosen, column)
    write_table(out / "errors.csv", sorted(left_out), ERROR_COLUMNS)
    classes = tuple(dict.fromkeys(name for name, _ in films))
    return Collected(out, classes, faces, len(people), tuple(left_out))


def _films(folder: Path) -> list[tuple[str, Path]]:
    """The films in each class's folder, with the class."""
    if not folder.is_dir():
        raise DataError(
            f"{folder} is not a folder; name one with a folder of films for each class."
        )
    films = [
        (inside.name, film)
        for inside in sorted(folder.iterdir())
        if inside.is_dir()
        for film in sorted(inside.iterdir())
        if film.suffix.lower() in FILMS and film.is_file()
    ]
    if len({name for name, _ in films}) < 2:
        raise DataError(
            f"{folder} needs two folders or more, each called as a class and with films in it "
            f"({', '.join(FILMS)})."
        )
    return films


def _person(film: Path) -> str:
    return film.stem.partition("_")[0].lower()


def _shots(
    folder: Path, film: Path, about: tuple[str, int], every: int, detector: str | None
) -> Iterator[_Shot | tuple[str, str]]:
    """The largest face of every so many frames of a film `about` a class and person.

    In its place, where there is none, what was left out and why.
    """
    from PIL import Image

    shown = printable(str(film.relative_to(folder)))
    try:
        with open_film(film) as opened:
            for number, (_, pixels) in enumerate(opened.frames()):
                if number % every:
                    continue
                faces = find_faces(Photo(pixels), detector=detector)
                if not faces:
                    yield f"{shown}#{number}", "No face was found."
                    continue
                stream = io.BytesIO()
                Image.fromarray(faces[0].crop).save(stream, "PNG")
                yield _Shot(stream.getvalue(), f"{shown}#{number}", *about)
    except PhotoError as error:
        yield shown, str(error)


def _dealt(people: np.ndarray, *, by_person: bool, seed: int) -> np.ndarray:
    """The split 0, 1 or 2 of each face."""
    rng = np.random.default_rng(seed)
    if not by_person:
        reached = (rng.permutation(len(people)) + 0.5) / max(len(people), 1)
        return np.searchsorted(np.cumsum(SHARES)[:-1], reached)
    known = rng.permutation(np.unique(people))
    if len(known) < len(SPLITS):
        raise DataError("Faces were found of too few people for train, valid and test.")
    of_person = np.zeros(people.max() + 1, int)
    held = max(1, round(SHARES[1] * len(known)))
    of_person[known[:held]], of_person[known[held : 2 * held]] = 2, 1
    return of_person[people]


def _write(path: Path, shots: list[_Shot], column: str) -> int:
    """Write faces in the layout of the Hub; return their number."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {
            "image": {"bytes": shot.data, "path": shot.path},
            "celeb_id": shot.person,
            column: shot.name,
        }
        for shot in shots
    ]
    with atomic_write(path) as draft:
        pq.write_table(pa.Table.from_pylist(rows), draft)
    return len(rows)
