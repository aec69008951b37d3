"""Put faces into large photos: each is found, by either detector, and none is called small.

Needs FACELENS_DATA (portraits/) and, for YuNet, its file: FACELENS_DETECTOR=yunet:PATH or the
cache. The portraits are pasted on dead leaves, discs that hide one another with as many of each
size as in nature (Lee, Mumford and Huang, 2001), so that there is much that could be mistaken for a
face; portraits that lean bring the cascades to false boxes too. Lost are faces that are missed or
called small, and boxes where there is no face. The seconds are those of `find_faces`, on as many
cores as FACELENS_THREADS says.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from attacks.outcome import Outcome
from facelens.faces import Face, align, detect, find_faces
from facelens.photo import Photo, read_photo

TRIES = 2  # photos of each kind, with each detector
QUICK = 1  # and only the first kinds
LEANING = 60  # portraits that lean, for each of the tries; there are 119
ANGLES = (30, -30, 20, -20, 10, -10, 0)  # degrees
# Faces, their width, width and height of the photo: pixels. The last two are for time alone: a
# large photo without a face, and the portrait that a telephone takes.
KINDS = (
    (15, 60, 3000, 2000),
    (3, 170, 9000, 1500),
    (15, 130, 6000, 4000),
    (20, 150, 6700, 2000),
    (40, 60, 6000, 4000),
    (12, 45, 2000, 1500),
    (0, 0, 6000, 4000),
    (1, 1000, 3000, 4000),
)


def attack(tries: int, seed: int) -> list[Outcome]:
    photos = [read_photo(file).pixels for file in _portraits()]
    known = [find_faces(Photo(pixels), detector="haar")[0] for pixels in photos]
    random = np.random.default_rng(seed)
    outcomes = []
    for kind in KINDS if tries > QUICK else KINDS[:2]:
        made = [_made(photos, known, random, kind) for _ in range(tries)]
        outcomes += [_one(name, spec, kind, made) for name, spec in _detectors().items()]
    return [*outcomes, _leaning(photos, known, LEANING * tries)]


def _portraits() -> list[Path]:
    files = sorted(Path(os.environ.get("FACELENS_DATA", ""), "portraits").glob("*.jpg"))
    if not os.environ.get("FACELENS_DATA") or not files:
        raise SystemExit(
            "This attack needs portraits/*.jpg in the folder that FACELENS_DATA names."
        )
    return files


def _detectors() -> dict[str, str]:
    name, path = detect.resolve(os.environ.get("FACELENS_DETECTOR", "auto"))
    return {"yunet": f"yunet:{path}", "haar": "haar"} if name == "yunet" else {"haar": "haar"}


Kind = tuple[int, int, int, int]
Made = tuple[np.ndarray, list[np.ndarray]]


def _made(
    photos: list[np.ndarray], known: list[Face], random: np.random.Generator, kind: Kind
) -> Made:
    """Paste portraits without overlap; return the photo and each face's true warp."""
    count, wide, width, height = kind
    canvas, warps = leaves(width, height, random), []
    free = np.ones((height, width), bool)
    for n in random.permutation(np.arange(count) % len(photos)):
        pixels, face = photos[n], known[n]
        scale = wide / face.box.w
        side = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        pasted = cv2.resize(pixels, side, interpolation=how)[:height, :width]
        h, w = pasted.shape[:2]
        for x, y in _places(random, width - w, height - h):
            if free[y : y + h, x : x + w].all():
                break
        else:
            raise RuntimeError("there is no place left in the photo")
        canvas[y : y + h, x : x + w] = pasted
        free[y : y + h, x : x + w] = False
        shift = (scale - 1) / 2
        move = np.array([[scale, 0, x + shift], [0, scale, y + shift]], np.float32)
        warps.append(align.compose(face.warp, align.invert(move)))
    return canvas, warps


def _places(random: np.random.Generator, right: int, down: int) -> Iterator[tuple[int, int]]:
    for _ in range(10_000):
        yield int(random.integers(right + 1)), int(random.integers(down + 1))


def leaves(width: int, height: int, random: np.random.Generator) -> np.ndarray:
    """Draw dead leaves: discs with radii distributed as r^-3, from 4 pixels to a fifth."""
    canvas = np.full((height, width, 3), 128, np.uint8)
    low, high = 4.0, min(width, height) / 5
    share = random.random(width * height // 400)
    radii = 1 / np.sqrt(1 / high**2 + (1 - share) * (1 / low**2 - 1 / high**2))
    for radius in radii:
        place = int(random.integers(width)), int(random.integers(height))
        colour = [int(c) for c in random.integers(0, 256, 3)]
        cv2.circle(canvas, place, round(radius), colour, -1, cv2.LINE_AA)
    noise = random.normal(0, 4, (height // 4 + 1, width // 4 + 1, 1)).astype(np.float32)
    grain = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(canvas + grain, 0, 255).astype(np.uint8)


def _one(name: str, spec: str, kind: Kind, made: list[Made]) -> Outcome:
    """Search the photos of one kind with one detector."""
    count, wide, width, height = kind
    found = false = small = 0
    clock, processor = [], []
    find_faces(Photo(made[0][0][:400, :400]), detector=spec)
    for canvas, warps in made:
        before = time.perf_counter(), time.process_time()
        faces = find_faces(Photo(canvas), detector=spec)
        clock.append(time.perf_counter() - before[0])
        processor.append(time.process_time() - before[1])
        hits = [[_same(face, warp) for face in faces] for warp in warps]
        found += sum(map(any, hits))
        false += len(faces) - sum(any(column) for column in zip(*hits, strict=True))
        small += sum("pixels wide" in hint for face in faces for hint in face.hints)
    asked = count * len(made)
    what = f"{count} faces of {wide} px" if count > 1 else "a portrait" if count else "no face"
    return Outcome(
        f"{what} in {width:,} x {height:,}, {name}",
        len(made),
        asked - found + false + small,
        f"{found} of {asked} faces found, {small} called small, {false} boxes without a face; "
        f"{np.median(clock):.2f} s, {np.median(processor):.2f} s of processor",
    )


def _leaning(photos: list[np.ndarray], known: list[Face], tries: int) -> Outcome:
    """Have the cascades look at portraits that lean; the canvas holds all of each."""
    every = [(n, angle) for angle in ANGLES for n in range(len(photos))][:tries]
    found = false = 0
    for n, angle in every:
        height, width = photos[n].shape[:2]
        move = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
        cos, sin = abs(move[0, 0]), abs(move[0, 1])
        size = round(width * cos + height * sin), round(width * sin + height * cos)
        move[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
        cubic, edge = cv2.INTER_CUBIC, cv2.BORDER_REPLICATE
        canvas = cv2.warpAffine(photos[n], move, size, flags=cubic, borderMode=edge)
        faces = find_faces(Photo(canvas), detector="haar")
        warp = align.compose(known[n].warp, align.invert(np.asarray(move, np.float32)))
        hits = sum(_same(face, warp) for face in faces)
        found += bool(hits)
        false += len(faces) - hits
    return Outcome(
        "portraits that lean by up to 30 degrees, haar",
        len(every),
        len(every) - found + false,
        f"{found} of {len(every)} faces found, {false} boxes without a face",
    )


def _same(face: Face, warp: np.ndarray) -> bool:
    """Whether a detected face is that of the true warp: its middle and its size."""
    one, other = face.box, align.face_box(warp)
    apart = np.hypot(*np.subtract(one.centre, other.centre))
    return bool(apart <= other.w / 4 and 1 / 1.5 <= one.w / other.w <= 1.5)
