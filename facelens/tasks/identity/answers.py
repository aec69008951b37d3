"""Who a face is most like among those enrolled, and whether that is near enough to say so."""

from dataclasses import dataclass, replace

import numpy as np

from facelens.tasks.base import Verdict
from facelens.tasks.identity.names import NOBODY, UNSURE

# Frames of a film over which a tracked face's embedding is averaged: who it is does not change.
MEMORY = 30


@dataclass(frozen=True, eq=False)
class Recognition:
    """The answer about one face.

    `people`: the names of those enrolled, none if nobody is. `similarities`: float32 (people,), the
    cosine to the mean of each. `threshold`: below it nobody is recognised; `margin`: two people
    nearer to each other than this cannot be told apart.
    `embedding`: unit float32 (d,). `frames`: over how many of a film's it is the mean.
    `maps`: float32 (people, h, w), what speaks for each person; the mean of a map is the
    similarity. None if not requested, or if the network has none.
    """

    people: tuple[str, ...]
    similarities: np.ndarray
    threshold: float
    margin: float
    embedding: np.ndarray
    frames: int = 1
    maps: np.ndarray | None = None

    @property
    def order(self) -> np.ndarray:
        """Places of the people, the most similar first."""
        return np.argsort(-self.similarities, kind="stable")

    @property
    def nearest(self) -> str:
        """The name of the most similar person, empty if nobody is enrolled."""
        return self.people[self.order[0]] if self.people else ""

    @property
    def second(self) -> str:
        """The name of the next similar person, empty if nobody is enrolled."""
        return self.people[self.order[1]] if len(self.people) > 1 else ""

    @property
    def verdict(self) -> Verdict:
        """Yes for one person, no for a stranger, doubtful between two people."""
        if not self.people or self[self.nearest] < self.threshold:
            return Verdict.NO
        close = self.second and self[self.nearest] - self[self.second] <= self.margin
        return Verdict.DOUBTFUL if close else Verdict.YES

    @property
    def person(self) -> str:
        """The name of who it is, `nobody enrolled` or `not sure`."""
        return {Verdict.YES: self.nearest, Verdict.NO: NOBODY}.get(self.verdict, UNSURE)

    def __getitem__(self, name: str) -> float:
        return float(self.similarities[self.people.index(name)])

    def evidence(self, name: str) -> np.ndarray:
        """What speaks for `name`, float32 (h, w); the mean is the similarity."""
        if self.maps is None:
            raise ValueError("ask with maps=True")
        return np.asarray(self.maps[self.people.index(name)])

    def at(self, threshold: float) -> "Recognition":
        """The same answer by another threshold."""
        return replace(self, threshold=threshold)


def blended(before: Recognition, after: Recognition, means: np.ndarray) -> Recognition:
    """The answer about a tracked face: over the mean of its frames so far, at most `MEMORY`.

    Frames count alike however far apart they are, so that one bad frame changes no name.

    Args:
        means: unit float32 (people, d), as the similarities are to.
    """
    if before is after:
        return after
    frames = min(before.frames + 1, MEMORY)
    mean = before.embedding + (after.embedding - before.embedding) / frames
    embedding = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
    return replace(
        after, embedding=embedding, frames=frames, similarities=similarities(means, embedding)
    )


def similarities(means: np.ndarray, embedding: np.ndarray) -> np.ndarray:
    """The cosines float32 (people,) of a unit embedding (d,) to unit means (people, d)."""
    return np.asarray(means @ embedding, np.float32)


def evidence(maps: np.ndarray, raw: np.ndarray, means: np.ndarray) -> np.ndarray:
    """What speaks for each person, float32 (people, h, w): the mean of each is the cosine.

    Args:
        maps: float32 (d, h, w), whose mean over positions is `raw`.
        raw: float32 (d,), the embedding before it is scaled to length 1.
        means: unit float32 (people, d).
    """
    scaled = means / max(float(np.linalg.norm(raw)), 1e-12)
    return np.einsum("pd,dhw->phw", scaled, maps, dtype=np.float32)
