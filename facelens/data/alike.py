"""Photos that look alike, and splits that keep them together.

Two photos are alike if their difference hashes (Krawetz, 2013), 16 x 16 comparisons of neighbours
in grey, differ in at most 40 of 256 bits.
"""

from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

from facelens.data.boxed import BoxedPhoto

SIDE, ALIKE = 16, 40


def difference_hash(pixels: np.ndarray) -> np.ndarray:
    """Whether each of 16 x 16 means of a photo is darker than its right neighbour, bool (256,)."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (SIDE + 1, SIDE), interpolation=cv2.INTER_AREA).astype(int)
    return (small[:, 1:] > small[:, :-1]).ravel()


def groups(photos: Sequence[BoxedPhoto]) -> np.ndarray:
    """A number for each photo, int (n,), the same for those alike, directly or through others."""
    hashes = np.array([difference_hash(photo.pixels) for photo in photos]).reshape(-1, SIDE**2)
    group = np.arange(len(photos))
    signs = hashes.astype(np.float32) * 2 - 1
    for i, sign in enumerate(signs):
        # Of bits as -1 and 1, the dot product is 256 less twice the bits that differ.
        alike = np.flatnonzero(signs[i + 1 :] @ sign >= SIDE**2 - 2 * ALIKE) + i + 1
        for other in np.unique(group[alike]):
            group[group == other] = group[i]
    return group


def folds(photos: Sequence[BoxedPhoto], count: int = 5, seed: int = 0) -> np.ndarray:
    """The fold of each photo, int (n,), from 0; photos that are alike are in one.

    Groups are dealt by falling number of boxes of the rarest class, those with as many in the order
    of a seed, each to the fold in which photos and classes come out most evenly.
    """
    names = sorted({label for photo in photos for label in photo.labels})
    counts = np.zeros((len(photos), len(names) + 1))
    counts[:, -1] = 1
    for i, photo in enumerate(photos):
        for label, times in Counter(photo.labels).items():
            counts[i, names.index(label)] = times
    group = groups(photos)
    rng = np.random.default_rng(seed)
    totals = np.maximum(counts.sum(0), 1)
    rare = int(np.argmin(totals[:-1])) if names else 0
    members = {number: np.flatnonzero(group == number) for number in np.unique(group)}
    drawn = rng.permutation(list(members)).tolist()
    order = sorted(drawn, key=lambda number: -counts[members[number], rare].sum())
    dealt, fold = np.zeros((count, counts.shape[1])), np.zeros(len(photos), int)
    for number in order:
        more = counts[members[number]].sum(0)
        uneven = (((dealt + more) ** 2 - dealt**2) / totals**2).sum(1)
        best = int(np.argmin(uneven))
        fold[members[number]] = best
        dealt[best] += more
    return fold
