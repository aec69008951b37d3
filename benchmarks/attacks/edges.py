"""Cut the portraits so that a share of the face lies outside the photo: is there a hint?

Needs FACELENS_DATA (portraits/) and, for YuNet, its file. Each share is cut from each of the four
sides. Lost is a face without a hint of which a quarter or more lies outside. Of those cut by less
some have a hint too: where the chin is gone, the network that places the landmarks is unsure.
"""

from collections.abc import Iterator

import numpy as np

from attacks._faces import Upright, answer, detectors, portraits
from attacks.outcome import Outcome
from facelens.faces import Box, find_faces
from facelens.photo import Photo

SHARES = (0.0, 0.05, 0.1, 0.25, 0.33, 0.5)
SIDES = ("left", "right", "top", "bottom")
HARMFUL = 0.25
TRIES = 17  # portraits; each is cut at every side and share, for each detector
QUICK = 1


def attack(tries: int, seed: int) -> list[Outcome]:
    photos = portraits()
    chosen = np.random.default_rng(seed).permutation(len(photos))[:tries]
    return [
        outcome
        for name, spec in detectors().items()
        for outcome in by_share(name, Upright(photos, spec), chosen)
    ]


def by_share(name: str, upright: Upright, chosen: np.ndarray) -> Iterator[Outcome]:
    """Cut the chosen portraits at every side, share by share."""
    for share in SHARES:
        hinted, missed, changed = 0, 0, []
        for n in chosen:
            face, truth = upright[n]
            for side in SIDES:
                pixels = cut(upright.photos[n], face.box, side, share)
                faces = find_faces(Photo(pixels), detector=upright.spec)
                hinted += bool(faces) and all(each.hints for each in faces)
                missed += not faces
                if faces and not faces[0].hints:
                    pairs = zip(answer(faces[0]), truth, strict=True)
                    changed.append(sum(a != b for a, b in pairs))
        tried = len(SIDES) * len(chosen)
        silent = tried - hinted - missed
        text = (
            f"{100 * hinted / tried:.0f} % answered with a hint, "
            f"{100 * missed / tried:.0f} % not found, {100 * silent / tried:.0f} % without a hint"
        )
        if changed:
            text += f", of these {np.mean(changed):.1f} of 40 verdicts changed"
        lost = silent if share >= HARMFUL else 0
        yield Outcome(f"{100 * share:.0f} % of the face outside, {name}", tried, lost, text)


def cut(pixels: np.ndarray, box: Box, side: str, share: float) -> np.ndarray:
    """Cut a photo so that a share of the box lies beyond one of its sides."""
    left, top = round(box.x + share * box.w), round(box.y + share * box.h)
    right, bottom = round(box.x + (1 - share) * box.w), round(box.y + (1 - share) * box.h)
    parts = {
        "left": pixels[:, left:],
        "right": pixels[:, :right],
        "top": pixels[top:],
        "bottom": pixels[:bottom],
    }
    return np.ascontiguousarray(parts[side])
