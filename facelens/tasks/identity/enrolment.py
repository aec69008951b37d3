"""From photos of people to a gallery: what is left out, and what is refused.

A photo is of use if one face alone is in it and can be seen well. Of a film's frames many show
nearly the same; one of them is kept.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facelens.errors import DataError, NoFaceError, PhotoError, many, printable
from facelens.tasks.identity.gallery import MOST_PHOTOS, Gallery
from facelens.tasks.identity.names import MOST_PEOPLE, checked_names

if TYPE_CHECKING:
    from facelens.faces import Face
    from facelens.photo import Photo
    from facelens.tasks.identity.model import Recogniser

# Two photos of one person above this show the same moment.
DOUBLE = 0.98
# A further face counts if its area is at least this share of the largest's: not somebody behind.
BESIDE = 0.25
FEW = 5  # photos of a person, below which more are asked for
_MOST_FILES = 2000  # of one person

# Why a photo was left out.
UNREADABLE, FACELESS, SEVERAL, DOUBLES = "unreadable", "without a face", "with two faces", "double"
_HINTS = {
    "blurred": "blurred", "turned away": "turned away", "dark": "dark", "covered": "covered",
    "pixels wide": "too small", "outside the photo": "cut off",
}  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """A photo to enrol: whose, and how it is called; `data`: its bytes or where it lies."""

    person: str
    name: str
    data: "bytes | Path"


@dataclass
class Enrolment:
    """What was made of the photos so far.

    `left_out`: how many photos by reason; `told`: a sentence for each photo that was refused.
    """

    recogniser: "Recogniser"
    found: dict[str, list[np.ndarray]] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def add(self, person: str, name: str, faces: "list[Face]") -> str:
        """Take up a photo's faces, largest first; return why it is left out, empty if it is not."""
        self.found.setdefault(person, [])
        self.names.setdefault(person, [])
        reason = self._reason(name, faces)
        if not reason:
            (embedding,) = self.recogniser.embed(faces[:1])
            reason = self._compared(person, name, embedding)
        if reason:
            self.left_out[reason] += 1
        return reason

    def _reason(self, name: str, faces: "list[Face]") -> str:
        if not faces:
            return FACELESS
        areas = [face.box.w * face.box.h for face in faces]
        if len(areas) > 1 and areas[1] >= BESIDE * areas[0]:
            self.told.append(
                f"{printable(name)} shows two faces, and whose it is cannot be told; left out."
            )
            return SEVERAL
        return next(
            (why for word, why in _HINTS.items() for hint in faces[0].hints if word in hint), ""
        )

    def _compared(self, person: str, name: str, embedding: np.ndarray) -> str:
        """Keep an embedding, unless one that is nearly the same is there."""
        for other, kept in self.found.items():
            near = [i for i, each in enumerate(kept) if float(each @ embedding) > DOUBLE]
            if near and other != person:
                raise DataError(
                    f"{printable(name)} of {printable(person)} shows the same face as "
                    f"{printable(self.names[other][near[0]])} of {printable(other)}; remove it "
                    "from one of them."
                )
            if near:
                return DOUBLES
        if len(self.found[person]) >= MOST_PHOTOS:
            return f"beyond {MOST_PHOTOS} of a person"
        self.found[person].append(embedding)
        self.names[person].append(name)
        return ""

    def gallery(self) -> Gallery:
        """The gallery of all that was taken up.

        Raises:
            DataError: there are too few or too many people, or names that cannot be shown.
            NoFaceError: of a person no photo is of use.
        """
        names = checked_names(list(self.found))
        if not any(self.found.values()):
            raise NoFaceError(f"No photo shows a face that can be enrolled{self._because}.")
        for name, kept in zip(names, self.found.values(), strict=True):
            if not kept:
                raise NoFaceError(
                    f"Of {name} no photo shows a face that can be enrolled{self._because}; give "
                    "others, or leave the person out."
                )
        people = [i for i, kept in enumerate(self.found.values()) for _ in kept]
        return Gallery(
            names,
            np.concatenate([np.stack(kept) for kept in self.found.values()]).astype(np.float32),
            np.array(people, np.int32),
            self.recogniser.name,
            self.recogniser.checksum,
            dict(self.left_out),
        )

    @property
    def _because(self) -> str:
        return f": {self.counts_text}" if self.left_out else ""

    @property
    def counts_text(self) -> str:
        """What was left out, in words: "3 photos left out: 2 blurred, 1 double"."""
        parts = ", ".join(f"{count} {why}" for why, count in self.left_out.most_common())
        return f"{many(self.left_out.total(), 'photo')} left out: {parts}" if parts else ""


def photos_of(source: Path) -> list[Taken]:
    """Every photo of a folder with a folder a person, or of parquet with `image` and `person`.

    Raises:
        DataError: there are none, of one person or too many people alone, or too many photos.
    """
    shown = printable(str(source))
    if source.is_dir() and not any(source.rglob("*.parquet")):
        taken = list(_in_folders(source))
    elif source.exists():
        taken = list(_in_parquet(source))
    else:
        raise DataError(f"There is no folder {shown}.")
    people = dict.fromkeys(each.person for each in taken)
    if not people:
        raise DataError(
            f"{shown} has no folder with photos in it: make a folder a person, called by the name."
        )
    checked_names(list(people))
    return taken


def _in_folders(source: Path) -> Iterator[Taken]:
    folders = [each for each in sorted(source.iterdir()) if each.is_dir()]
    folders = [each for each in folders if not each.name.startswith(".")]
    if len(folders) > MOST_PEOPLE:
        raise DataError(f"There are {len(folders)} people; give at most {MOST_PEOPLE}.")
    for folder in folders:
        files = [each for each in sorted(folder.iterdir()) if each.is_file()]
        files = [each for each in files if not each.name.startswith(".")]
        if not files:
            raise DataError(f"{printable(str(folder))} is empty; put photos of that person there.")
        if len(files) > _MOST_FILES:
            raise DataError(
                f"{printable(str(folder))} holds {len(files):,} files; give at most "
                f"{_MOST_FILES:,} photos of a person."
            )
        yield from (Taken(folder.name, f"{folder.name}/{each.name}", each) for each in files)


def _in_parquet(source: Path) -> Iterator[Taken]:
    from facelens.data import parquet

    for row in parquet.images(source, ["person"]):
        person = str(row.values["person"] or "")
        if row.missing:
            raise DataError(f"{printable(row.path)} in {source}: {row.missing}")
        yield Taken(person, row.path, row.data)


def enrol(
    taken: Iterable[Taken],
    recogniser: "Recogniser",
    *,
    detector: str | None = None,
    progress: "object | None" = None,
) -> tuple[Gallery, Enrolment]:
    """Enrol people by their photos.

    Args:
        detector: as for `find_faces`.
        progress: called with the photos done and all photos.
    """
    from facelens.faces import find_faces

    enrolment, every = Enrolment(recogniser), list(taken)
    for number, each in enumerate(every, 1):
        enrolment.found.setdefault(each.person, [])
        enrolment.names.setdefault(each.person, [])
        photo = _read(each, enrolment)
        if photo is not None:
            enrolment.add(each.person, each.name, find_faces(photo, detector=detector))
        if callable(progress):
            progress(number, len(every))
    return enrolment.gallery(), enrolment


def _read(each: Taken, enrolment: Enrolment) -> "Photo | None":
    """The photo; None, with a sentence, if it cannot be read."""
    from facelens.photo import read_photo

    try:
        return read_photo(each.data, name=each.name)
    except PhotoError as error:
        enrolment.told.append(str(error))
        enrolment.left_out[UNREADABLE] += 1
        return None
