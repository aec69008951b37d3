"""Draw masks, hands and hair over faces: how many get a hint, and how many bare faces do?

Needs FACELENS_DATA (portraits/ and celeba/; with masks/ real masks are counted too) and, for YuNet,
its file. The faces are portraits as they are and CelebA's test crops on canvases; the limit was
chosen on its validation crops. Lost is a covered face without a hint.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from attacks._faces import Upright, detectors, portraits
from attacks.outcome import Outcome
from facelens.data import parquet
from facelens.data.synthetic import draw_mask, match, place_on_canvas
from facelens.faces import Face, align, find_faces
from facelens.photo import Photo, read_photo

TRIES = 600  # test crops; every sixth is covered too
QUICK = 6
KINDS = ("mask", "hand over the mouth", "hand over the eyes", "hair over half")


def attack(tries: int, seed: int) -> list[Outcome]:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    photos, crops = portraits(), list(test_crops(tries))
    for name, spec in detectors().items():
        upright = Upright(photos, spec)
        for n in range(min(len(photos), tries)):
            face, _ = upright[n]
            count(counts[name, "bare portraits"], [face])
            random = np.random.default_rng([seed, n])
            for kind in KINDS:
                pixels = cover(photos[n], align.invert(face.warp), kind, random)
                near = [f for f in find_faces(Photo(pixels), detector=spec) if same(f, face)]
                count(counts[name, f"portraits, {kind}"], near)
        for i, crop in enumerate(crops):
            random = np.random.default_rng([seed, len(photos) + i])
            for kind in (None, *KINDS) if i % 6 == 0 else (None,):
                there = np.eye(2, 3, dtype=np.float32)
                placed = place_on_canvas(cover(crop, there, kind, random), seed, i)
                face, _ = match(placed, find_faces(Photo(placed.canvas), detector=spec))
                count(counts[name, f"CelebA, {kind or 'bare'}"], [face] if face else [])
    for name, spec in detectors().items():
        for label, faces in real(spec, tries):
            count(counts[name, f"photos, {label}"], faces)
    return [outcome(name, what, each) for (name, what), each in counts.items()]


def count(into: Counter[str], faces: list[Face]) -> None:
    """Count a face by its hints."""
    into["tried"] += 1
    into["missed"] += not faces
    into["hinted"] += bool(faces) and bool(faces[0].hints)
    into["covered"] += bool(faces) and any("covered" in hint for hint in faces[0].hints)


def outcome(name: str, what: str, counts: Counter[str]) -> Outcome:
    tried, found = counts["tried"], max(counts["tried"] - counts["missed"], 1)
    bare = "bare" in what or "without" in what
    return Outcome(
        f"{what}, {name}",
        tried,
        0 if bare else tried - counts["missed"] - counts["hinted"],
        f"{100 * counts['missed'] / tried:.1f} % not found; of the others "
        f"{100 * counts['covered'] / found:.1f} % with the hint, "
        f"{100 * counts['hinted'] / found:.1f} % with any",
    )


def test_crops(limit: int) -> Iterator[np.ndarray]:
    """CelebA's first test crops."""
    (file,) = Path(os.environ["FACELENS_DATA"], "celeba").glob("test-*.parquet")
    for row in parquet.images(file, [], stop=limit):
        yield read_photo(row.data).pixels


def same(face: Face, other: Face) -> bool:
    return float(np.hypot(*np.subtract(face.box.centre, other.box.centre))) < other.box.w / 2


def cover(
    pixels: np.ndarray, to_photo: np.ndarray, kind: str | None, random: np.random.Generator
) -> np.ndarray:
    """Cover the face that lies on the template under `to_photo`, a 2x3."""
    if kind is None:
        return pixels
    if kind == "mask":
        return draw_mask(pixels, to_photo, random)
    layer = pixels.copy()
    size = align.scale_of(to_photo)

    def there(points: np.ndarray) -> np.ndarray:
        moved = np.asarray(points, np.float32) + random.normal(0, 1.5, np.shape(points))
        return np.rint(align.apply(to_photo, moved)).astype(np.int32)

    if kind.startswith("hand"):
        skin = mean_colour(pixels, to_photo, (88, 100)) * random.uniform(0.85, 1.1)
        y = 150 if "mouth" in kind else 110
        for finger in range(4):
            ends = there(np.array([[40, y - 19 + 13 * finger], [136, y - 22 + 13 * finger]]))
            shade = np.clip(skin * (0.94 + 0.03 * (finger % 2)), 0, 255).tolist()
            cv2.line(layer, ends[0], ends[1], shade, max(2, round(13 * size)), cv2.LINE_AA)
    else:
        hair = mean_colour(pixels, to_photo, (88, 45))
        flip = random.random() < 0.5
        for x in np.linspace(38, 88, 40):
            way = np.array([[88 + (x - 88) * 0.7, 50], [x, 110], [x - 6, 195]])
            ends = there(np.column_stack([177 - way[:, 0], way[:, 1]]) if flip else way)
            shade = np.clip(hair * random.uniform(0.6, 1.2), 0, 255).tolist()
            cv2.polylines(layer, [ends], False, shade, max(1, round(2.5 * size)), cv2.LINE_AA)
    return layer


def mean_colour(pixels: np.ndarray, to_photo: np.ndarray, at: tuple[int, int]) -> np.ndarray:
    """Mean colour around a point of the template."""
    (x, y), size = align.apply(to_photo, np.array([at]))[0], align.scale_of(to_photo)
    x, y, r = (max(0, round(float(v))) for v in (x, y, 6 * size))
    part = pixels[max(0, y - r) : y + r + 1, max(0, x - r) : x + r + 1]
    return part.reshape(-1, 3).mean(0) if part.size else np.full(3, 90.0)


def real(spec: str, limit: int) -> Iterator[tuple[str, list[Face]]]:
    """Boxed faces of photos with masks, of those that are wide enough for an answer."""
    for file in Path(os.environ["FACELENS_DATA"], "masks").glob("test-*.parquet"):
        for row in parquet.images(file, ["boxes", "labels"], stop=limit):
            faces = find_faces(Photo(read_photo(row.data).pixels), detector=spec)
            for (x, y, w, h), label in zip(row.values["boxes"], row.values["labels"], strict=True):
                inside = [
                    face
                    for face in faces
                    if abs(face.box.centre[0] - x - w / 2) < w / 2
                    and abs(face.box.centre[1] - y - h / 2) < h / 2
                ]
                if w >= 48:
                    yield label.replace("_", " "), inside
