"""Turn the portraits by every angle: each face is answered as upright, or with a hint, or missed.

Needs FACELENS_DATA (portraits/) and, for YuNet, its file: FACELENS_DETECTOR=yunet:PATH or the
cache. The canvas holds the whole turned photo and repeats its edge. The truth is what the same
detector and network say of the photo as it is. Lost is a face that is answered without a hint
although the crop does not show it upright.
"""

from collections import defaultdict

import numpy as np

from attacks._faces import FAR, Upright, answer, detectors, eye_error, portraits, turn
from attacks.outcome import Outcome
from facelens.faces import align, find_faces
from facelens.photo import Photo

STEP = 15  # degrees
TRIES = 17 * 360 // STEP  # with each detector
QUICK = 16
MOST_CHANGED = 1.0  # of 40 verdicts, on average


def attack(tries: int, seed: int) -> list[Outcome]:
    photos = portraits()
    every = [(n, angle) for angle in range(0, 360, STEP) for n in range(len(photos))]
    order = np.random.default_rng(seed).permutation(len(every))[:tries]
    chosen = [every[i] for i in sorted(order)]
    return [one(name, Upright(photos, spec), chosen) for name, spec in detectors().items()]


def changed(outcome: Outcome) -> float:
    """The verdicts changed on average, as an outcome states them."""
    return float(outcome.outcome.partition("of the answered ")[2].partition(" ")[0])


def one(name: str, upright: Upright, chosen: list[tuple[int, int]]) -> Outcome:
    """Answer each turned portrait with one detector."""
    counts: dict[int, list[int]] = defaultdict(list)
    answered = hinted = missed = lost = 0
    for n, angle in chosen:
        face, truth = upright[n]
        pixels, move = turn(upright.photos[n], angle)
        faces = find_faces(Photo(pixels), detector=upright.spec)
        sure = [each for each in faces if not each.hints]
        warp = align.compose(face.warp, align.invert(move))
        answered += bool(sure)
        hinted += bool(faces) and not sure
        missed += not faces
        lost += any(eye_error(each, warp) > FAR for each in sure)
        for each in sure:
            counts[angle].append(sum(a != b for a, b in zip(answer(each), truth, strict=True)))
    flat = [count for each in counts.values() for count in each]
    worst = max(counts, key=lambda angle: float(np.mean(counts[angle])), default=0)
    tried = len(chosen)
    return Outcome(
        f"portraits turned by every {STEP} degrees, {name}",
        tried,
        lost,
        f"{100 * answered / tried:.1f} % answered without a hint, {100 * hinted / tried:.1f} % "
        f"with one, {100 * missed / tried:.1f} % not found; of the answered "
        f"{np.mean(flat or [0]):.2f} of 40 verdicts changed, at the worst angle ({worst} degrees) "
        f"{np.mean(counts[worst] or [0]):.1f}",
    )
