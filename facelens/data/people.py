"""Who is on each face of a data set: whoever is unknown is a person of their own."""

import math
from collections.abc import Sequence

import numpy as np

NOBODY = "face "  # begins the name of a face's person if it has no identity
# Sets that pandas numbered write a missing identity as -1.
_UNKNOWN = (None, "", -1, "-1", "nan", "None")


def identities(values: Sequence[object], where: str = "") -> tuple[np.ndarray, int]:
    """Names str (n,) of the people on n faces, and how many of the faces have no identity.

    Args:
        values: an identity for each face: a number, a text, or a list of one; what is null, NaN,
            blank, -1 or an empty list is unknown.
        where: a name of these faces, to tell those of nobody known from others'.
    """
    known = [_known(value) for value in values]
    of = f" of {where}" if where else ""
    names = [f"{NOBODY}{i}{of}" if each is None else each for i, each in enumerate(known)]
    return np.array(names, dtype=str), known.count(None)


def _known(value: object) -> str | None:
    if isinstance(value, list | tuple):
        return _known(value[0]) if len(value) == 1 else (repr(value) if value else None)
    if isinstance(value, float):
        if math.isnan(value):
            return None
        value = int(value) if value.is_integer() else value
    if isinstance(value, dict) and not any(value.values()):
        return None
    return None if value in _UNKNOWN else str(value)


def crowd(faces: int, people: int, unknown: int) -> str:
    """How many faces, and of whom: what an interval rests on."""
    if unknown == faces:
        return f"{faces:,} faces of unknown people: intervals are over faces"
    text = f"{faces:,} {'face' if faces == 1 else 'faces'} of {people:,} "
    text += "person" if people == 1 else "people"
    if unknown:
        text += f", {unknown:,} without identity, each counted as a person"
    if people == 1:
        text += ": there is no interval over people"
    return text


def numbered(values: Sequence[object]) -> np.ndarray:
    """int64 (n,) who is on each face: the identities themselves if all are whole numbers.

    `values` as for `identities`; faces of nobody known get numbers that no one else has.
    """
    if all(type(value) is int and -1 < value < 1 << 62 for value in values):
        return np.array(values, np.int64)
    names, unknown = identities(values)
    if unknown == len(names):
        return np.arange(len(names))
    return np.unique(names, return_inverse=True)[1].astype(np.int64)
