"""Make what the page shows before anybody gave it a photo: examples and a finished answer.

    python benchmarks/examples.py            all of it, into facelens/ui
    python benchmarks/examples.py drawn      the two faces that are drawn by formulas, of nobody
    python benchmarks/examples.py hopper     Grace Hopper's portrait out of matplotlib's sample data
    python benchmarks/examples.py thumbs     the small pictures on the buttons
    python benchmarks/examples.py answer     the network's answer about the astronaut

Everything is deterministic: the same versions of the libraries write the same files.
"""

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Pair = tuple[float, float]
Colour = tuple[float, float, float]
UI = Path(__file__).parents[1] / "facelens" / "ui"
WIDTH, HEIGHT, UNIT = 400, 480, 104.0  # pixels; a unit is a little more than half a face's width
CENTRE = (200.0, 232.0)
FINER = 3  # the faces are drawn this many times as large and averaged
THUMB = 96
# Of the astronaut: three rows that anybody can check in the picture, and where one is looked for.
SHOWN, LOOKED_FOR = ("Smiling", "Bangs", "Eyeglasses"), "Smiling"


@dataclass(frozen=True)
class Look:
    """What one drawn face looks like; colours are RGB from 0 to 1."""

    seed: int
    skin: Colour
    hair: Colour
    eyes: Colour
    lips: Colour
    cloth: Colour
    ground: Colour
    long_hair: bool
    glasses: bool
    smile: float  # 0: the mouth is closed; 1: it shows its teeth
    brows: float  # how thick
    width: float = 0.94


LOOKS = (
    Look(
        seed=3,
        skin=(0.71, 0.50, 0.38),
        hair=(0.075, 0.06, 0.055),
        eyes=(0.22, 0.13, 0.08),
        lips=(0.60, 0.33, 0.29),
        cloth=(0.16, 0.24, 0.32),
        ground=(0.72, 0.76, 0.78),
        long_hair=False,
        glasses=True,
        smile=0.0,
        brows=1.35,
        width=0.97,
    ),
    Look(
        seed=5,
        skin=(0.93, 0.74, 0.64),
        hair=(0.72, 0.53, 0.29),
        eyes=(0.27, 0.42, 0.50),
        lips=(0.78, 0.36, 0.36),
        cloth=(0.45, 0.20, 0.24),
        ground=(0.40, 0.50, 0.50),
        long_hair=True,
        glasses=False,
        smile=1.0,
        brows=0.8,
        width=0.91,
    ),
)


def bump(x: np.ndarray, y: np.ndarray, at: Pair, spread: Pair) -> np.ndarray:
    """A Gaussian hill of height 1."""
    return np.exp(-(((x - at[0]) / spread[0]) ** 2 + ((y - at[1]) / spread[1]) ** 2) / 2)


def both(x: np.ndarray, y: np.ndarray, at: Pair, spread: Pair) -> np.ndarray:
    """The same hill on either side."""
    return bump(x, y, at, spread) + bump(x, y, (-at[0], at[1]), spread)


def inside(distance: np.ndarray, softness: float) -> np.ndarray:
    """1 where a distance is negative, 0 where it is positive, and a soft edge between."""
    return 1 / (1 + np.exp(np.clip(distance / softness, -40, 40)))


def over(picture: np.ndarray, colour: "np.ndarray | Colour", share: np.ndarray) -> np.ndarray:
    """Lay a colour, or a picture, over another one."""
    return picture + share[..., None] * (np.asarray(colour) - picture)


def strands(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Hair: noise that is long from the crown outwards and fine across, about 1."""
    rng = np.random.default_rng(seed)
    angle = np.arctan2(x, -(y + 1.9))  # seen from above the head
    total = np.zeros_like(x)
    for count, weight in ((28, 0.10), (70, 0.09), (170, 0.07)):
        phase, sway = rng.uniform(0, 2 * np.pi, 2)
        total += weight * np.sin(count * angle + phase + 1.4 * np.sin(2.2 * y + sway))
    return 1 + total


def draw(look: Look) -> np.ndarray:
    """A face as uint8 (HEIGHT, WIDTH, 3) RGB."""
    rows, columns = np.mgrid[0 : HEIGHT * FINER, 0 : WIDTH * FINER]
    x = ((columns + 0.5) / FINER - CENTRE[0]) / UNIT
    y = ((rows + 0.5) / FINER - CENTRE[1]) / UNIT
    side = np.abs(x)

    light = 1.06 - 0.16 * np.hypot(x + 0.6, y + 0.8) / 2
    picture = np.asarray(look.ground) * light[..., None]
    hair = np.asarray(look.hair) * strands(x, y, look.seed)[..., None]
    shine = 1 + 0.45 * bump(x, y, (-0.35, -1.15), (0.5, 0.16)) * (1.4 - look.hair[0])

    if look.long_hair:
        fall = np.hypot(x / 1.14, (y - 0.1) / 1.60) - 1
        end = 1.70 - 0.5 * np.clip(side - 0.8, 0, 1) ** 2 + 0.02 * np.sin(23 * x)
        low = np.maximum(side - (1.10 + 0.04 * np.sin(2.6 * y)), y - end)
        behind = np.minimum(fall, np.where(y > 0, low, 9))
        picture = over(picture, hair * (0.72 * shine)[..., None], inside(behind, 0.02))

    picture = over(picture, *_body(x, y, look))
    face, face_share = _face(x, y, look)
    ears = np.hypot((side - look.width) / 0.11, (y - 0.05) / 0.24) - 1
    if not look.long_hair:
        skin = (
            np.asarray(look.skin)
            * (0.80 - 0.2 * bump(side, y, (look.width, 0.05), (0.05, 0.12)))[..., None]
        )
        picture = over(picture, skin, inside(ears, 0.05))
    picture = over(picture, face, face_share)

    cap = np.hypot(x / (look.width + 0.13), (y + 0.12) / 1.36) - 1
    if look.long_hair:
        # Parted a little beside the middle; it frames the forehead and falls along the cheeks.
        line = -0.84 + 0.95 * np.abs(x - 0.18) ** 1.7
        fringe = np.maximum(cap, y - np.minimum(line, 0.1))
        locks = np.abs(side - 0.97 - 0.05 * np.sin(2.6 * y)) - 0.13
        locks = np.maximum(locks, np.abs(y - 0.25) - 1.05)
        front = np.minimum(fringe, locks)
    else:
        line = -0.80 - 0.05 * np.cos(4 * x + 0.6) + 0.42 * np.clip(side - 0.62, 0, 1) / 0.3
        front = np.maximum(cap, y - np.minimum(line, -0.16))
    shade = shine * (1 - 0.22 * np.clip(side, 0, 1.2))
    picture = over(picture, hair * shade[..., None], inside(front, 0.022))
    if look.glasses:
        picture = _glasses(picture, x, y, look)

    picture = np.clip(picture, 0, 1) ** (1 / 1.08)
    picture = picture.reshape(HEIGHT, FINER, WIDTH, FINER, 3).mean((1, 3))
    grain = np.random.default_rng(look.seed).normal(0, 0.006, (HEIGHT, WIDTH, 1))
    return np.round(255 * np.clip(picture + grain, 0, 1)).astype(np.uint8)


def _body(x: np.ndarray, y: np.ndarray, look: Look) -> tuple[np.ndarray, np.ndarray]:
    """Neck and shoulders: a picture and its share."""
    side = np.abs(x)
    neck = np.maximum(side - (0.50 + 0.10 * np.clip(y - 1.25, 0, 1)), 0.6 - y)
    shoulders = np.hypot(x / 2.05, (y - 2.75) / 1.10) - 1
    round_ = 1 - 0.35 * np.clip(side / 0.55, 0, 1) ** 2
    shadow = 1 - 0.42 * bump(x, y, (0.05, 1.14), (0.6, 0.20))
    skin = np.asarray(look.skin) * (0.92 * round_ * shadow)[..., None]
    folds = 1 - 0.25 * np.clip(side / 1.9, 0, 1) + 0.05 * np.sin(9 * x + 2 * y)
    cloth = np.asarray(look.cloth) * folds[..., None]
    collar = inside(np.hypot(x / 0.62, (y - 1.52) / 0.36) - 1, 0.02)
    body = over(cloth, skin, np.maximum(collar, inside(shoulders * -1, 0.01)))
    return body, np.maximum(inside(neck, 0.02), inside(shoulders, 0.012))


def _face(x: np.ndarray, y: np.ndarray, look: Look) -> tuple[np.ndarray, np.ndarray]:
    """The shaded face: a picture and its share."""
    side = np.abs(x)
    jaw = look.width - 0.20 * np.clip(y - 0.15, 0, 1.2) ** 1.3
    tall = np.where(y < 0, 1.36, 1.24)
    form = (x / jaw) ** 2 + (y / tall) ** 2
    depth = 0.85 * np.sqrt(np.clip(1 - form, 0.0, 1))
    smile = look.smile
    mouth, half = _line_of_mouth(x, smile)
    lip = np.clip(1 - (x / half) ** 2, 0, 1)
    depth += 0.20 * bump(x, y, (0, 0.30), (0.125, 0.12))
    depth += 0.15 * bump(x, y, (0, 0.05), (0.085, 0.24))
    depth += 0.065 * both(x, y, (0.155, 0.35), (0.065, 0.065))
    depth -= 0.12 * both(x, y, (0.39, -0.16), (0.19, 0.115))
    depth += 0.05 * both(x, y, (0.40, -0.37), (0.25, 0.075))
    depth += (0.05 + 0.05 * smile) * both(x, y, (0.47, 0.30), (0.20, 0.16))
    depth += 0.055 * lip * bump(0 * x, y - mouth, (0, -0.055), (1, 0.045))
    depth += 0.070 * lip * bump(0 * x, y - mouth, (0, 0.10), (1, 0.055))
    depth += 0.07 * bump(x, y, (0, 1.02), (0.20, 0.11))
    depth -= 0.03 * bump(x, y, (0, 0.87), (0.22, 0.045))
    step = 1 / (FINER * UNIT)
    down, across = np.gradient(depth, step)
    norm = np.sqrt(down**2 + across**2 + 1)
    towards = np.array([-0.38, -0.42, 0.82])
    lit = np.clip((-across * towards[0] - down * towards[1] + towards[2]) / norm, 0, None)
    gloss = np.clip((-across * -0.25 - down * -0.3 + 0.92) / norm, 0, 1) ** 28
    shade = 0.40 + 0.66 * lit

    red = 0.5 * both(x, y, (0.5, 0.32), (0.22, 0.17)) + 0.45 * bump(x, y, (0, 0.33), (0.13, 0.1))
    albedo = np.asarray(look.skin) * np.stack([1 + 0.05 * red, 1 - 0.10 * red, 1 - 0.11 * red], 2)
    albedo = over(albedo, np.asarray(look.lips), 0.92 * _lips(x, y, mouth, half))
    face = albedo * shade[..., None] + 0.06 * gloss[..., None]
    # Shadows that no height gives: under the nose, in the corners of the nose and of the mouth.
    dark = 0.30 * bump(x, y, (0.03, 0.47), (0.17, 0.05))
    dark += 0.75 * both(x, y, (0.085, 0.415), (0.042, 0.022))
    dark += 0.25 * both(x, y, (0.235, 0.33), (0.03, 0.08))
    dark += (0.3 - 0.2 * smile) * both(
        x, y, (half + 0.01, 0.66 - 0.10 * smile * (half / 0.36) ** 2), (0.04, 0.03)
    )
    dark += 0.22 * bump(x, y, (0, 0.86), (0.22, 0.04))
    if smile:
        fold = np.abs(side - (0.27 + 0.42 * np.clip(y - 0.36, 0, 0.5)))
        dark += 0.13 * smile * np.exp(-((fold / 0.03) ** 2)) * inside(np.abs(y - 0.50) - 0.16, 0.03)
    face = face * (1 - np.clip(dark, 0, 0.9))[..., None]
    face = _mouth(face, x, y, smile)
    face = _brows(face, x, y, look)
    face = _eyes(face, x, y, look, shade)
    return face, inside(np.sqrt(form) - 1, 0.012)


def _line_of_mouth(x: np.ndarray, smile: float) -> tuple[np.ndarray, float]:
    """Where the lips meet, for each `x`, and half the mouth's width; smiling lifts the corners."""
    return 0.66 - 0.10 * smile * (x / 0.36) ** 2, 0.31 + 0.09 * smile


def _lips(x: np.ndarray, y: np.ndarray, mouth: np.ndarray, half: float) -> np.ndarray:
    width = np.clip(1 - (np.abs(x) / half) ** 2.2, 0, 1)
    bow = 0.105 - 0.03 * bump(x, y, (0, 0.56), (0.05, 9))
    upper = np.maximum(mouth - bow * width - y, y - mouth)
    lower = np.maximum(mouth - y, y - mouth - 0.155 * width**0.8)
    share = np.minimum(upper, lower)
    return inside(share, 0.014) * inside(np.abs(x) - half, 0.02)


def _mouth(face: np.ndarray, x: np.ndarray, y: np.ndarray, smile: float) -> np.ndarray:
    """The line between the lips, or teeth between them."""
    mouth, half = _line_of_mouth(x, smile)
    line = np.exp(-(((y - mouth) / 0.016) ** 2)) * inside(np.abs(x) - half, 0.02)
    face = over(face, (0.22, 0.09, 0.08), 0.75 * line * (1 - smile))
    if smile:
        width = np.clip(1 - (x / (half - 0.05)) ** 2, 0, 1)
        gap = np.maximum(mouth - 0.035 * width - y, y - mouth - 0.085 * width)
        open_ = inside(gap, 0.008) * inside(np.abs(x) - half + 0.05, 0.015)
        face = over(face, (0.30, 0.10, 0.10), open_)
        teeth = np.maximum(mouth - 0.03 * width - y, y - mouth - 0.066 * width)
        ivory = np.array([0.93, 0.90, 0.85]) * (1 - 0.35 * (x / half) ** 2)[..., None]
        between = 1 - 0.10 * np.exp(-((((x / 0.085 + 0.5) % 1 - 0.5) / 0.06) ** 2))
        shown = inside(teeth, 0.007) * inside(np.abs(x) - half + 0.10, 0.02)
        face = over(face, ivory * between[..., None], shown)
    return face


def _brows(face: np.ndarray, x: np.ndarray, y: np.ndarray, look: Look) -> np.ndarray:
    side = np.abs(x)
    arch = -0.40 - 0.10 * np.sin(np.clip((side - 0.16) / 0.52, 0, 1) * 2.4)
    thick = 0.042 * look.brows * (1.15 - 0.8 * np.clip((side - 0.16) / 0.52, 0, 1))
    brow = np.maximum(np.abs(y - arch) - thick, np.abs(side - 0.40) - 0.26)
    hair = np.asarray(look.hair) * (0.6 if look.hair[0] > 0.3 else 1.1)
    ruffle = 0.84 + 0.04 * np.sin(70 * side + 40 * y)
    return over(face, hair, inside(brow, 0.014) * ruffle)


def _eyes(
    face: np.ndarray, x: np.ndarray, y: np.ndarray, look: Look, shade: np.ndarray
) -> np.ndarray:
    """Both eyes: white, iris, pupil, a light in it, lids and lashes."""
    u, v = np.abs(x) - 0.395, y + 0.155
    almond = np.clip(1 - (u / 0.165) ** 2, 0, 1)
    squint = 1 - 0.18 * look.smile
    top, bottom = -0.082 * squint * almond**0.75, 0.058 * squint * almond**0.9
    eye = np.maximum(np.maximum(top - v, v - bottom), np.abs(u) - 0.165)
    opening = inside(eye, 0.008)
    white = np.array([0.90, 0.88, 0.86]) * (0.58 + 0.42 * np.clip(shade, 0.5, 1))[..., None]
    white = white * (1 - 0.35 * np.clip((u / 0.165) ** 2, 0, 1))[..., None]
    iris = np.hypot(u, v + 0.012)
    ring = (
        np.asarray(look.eyes) * (0.75 + 0.5 * np.clip(iris / 0.078, 0, 1) * (v > -0.012))[..., None]
    )
    white = over(white, ring, inside(iris - 0.078, 0.007))
    white = over(white, (0.02, 0.02, 0.02), inside(iris - 0.034, 0.006))
    white = over(white, (0.05, 0.04, 0.04), 0.45 * inside(np.abs(v - top) - 0.02, 0.012))
    # One lamp: its light lies on the same side of both eyes.
    lamp = np.hypot(np.abs(x + 0.03) - 0.395, v + 0.04)
    white = over(white, (1.0, 1.0, 1.0), 0.9 * inside(lamp - 0.014, 0.005))
    face = over(face, white, opening)
    lash = np.exp(-(((v - top) / 0.017) ** 2)) * inside(np.abs(u) - 0.175, 0.012)
    face = over(face, (0.06, 0.045, 0.04), 0.85 * lash)
    under = np.exp(-(((v - bottom) / 0.014) ** 2)) * inside(np.abs(u) - 0.16, 0.02)
    face = over(face, np.asarray(look.skin) * 0.45, 0.35 * under)
    crease = np.exp(-(((v - top + 0.055) / 0.014) ** 2)) * inside(np.abs(u) - 0.16, 0.03)
    return over(face, np.asarray(look.skin) * 0.5, 0.38 * crease)


def _glasses(picture: np.ndarray, x: np.ndarray, y: np.ndarray, look: Look) -> np.ndarray:
    """Dark frames around both eyes, a bridge, and the arms."""
    side = np.abs(x)
    u, v = side - 0.40, y + 0.13
    lens = (np.abs(u / 0.285) ** 3.2 + np.abs(v / 0.215) ** 3.2) ** (1 / 3.2) - 1
    rim = np.abs(lens) - 0.085
    bridge = np.maximum(np.abs(y + 0.185 - 0.05 * np.cos(12 * x)) - 0.020, side - 0.13)
    arm = np.maximum(np.abs(y + 0.20) - 0.025, np.abs(side - (look.width + 0.68) / 2) - 0.16)
    frame = np.minimum(np.minimum(rim, bridge), arm)
    glass = over(picture, (0.85, 0.9, 0.95), 0.06 * inside(lens, 0.03))
    streak = bump(x + 0.5 * y, y, (-0.48, -0.2), (0.05, 0.1)) + bump(
        x + 0.5 * y, y, (0.32, -0.2), (0.05, 0.1)
    )
    glass = over(glass, (1, 1, 1), 0.10 * streak * inside(lens, 0.03))
    return over(glass, (0.06, 0.06, 0.07), 0.95 * inside(frame, 0.02))


def save(picture: Image.Image, path: Path, quality: int) -> None:
    """Write a JPEG without metadata."""
    picture.save(path, "JPEG", quality=quality, optimize=True, progressive=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.1f} kB")


def drawn() -> None:
    for number, look in enumerate(LOOKS, 1):
        save(Image.fromarray(draw(look)), UI / f"drawn-{number}.jpg", 84)


def hopper() -> None:
    """Shrink the portrait that matplotlib brings along."""
    from matplotlib.cbook import get_sample_data

    with get_sample_data("grace_hopper.jpg") as file:
        portrait = Image.open(io.BytesIO(file.read())).convert("RGB")
    portrait.thumbnail((512, 600), Image.Resampling.LANCZOS)
    save(portrait, UI / "hopper.jpg", 80)


def thumbs() -> None:
    from facelens.ui.intake import EXAMPLES

    (UI / "thumbs").mkdir(exist_ok=True)
    for number, path in enumerate(EXAMPLES, 1):
        part = Image.fromarray(around_face(path)).resize((THUMB, THUMB), Image.Resampling.LANCZOS)
        save(part, UI / "thumbs" / f"{number}.jpg", 75)


def around_face(path: Path) -> np.ndarray:
    """The square around the face of a photo, uint8 RGB."""
    from facelens import find_faces, read_photo

    photo = read_photo(path)
    box = find_faces(photo, detector="haar")[0].box
    (x, y), half = box.centre, 0.95 * max(box.w, box.h)
    half = min(half, x, y, photo.width - x, photo.height - y)
    left, top, right, bottom = (round(value) for value in (x - half, y - half, x + half, y + half))
    return photo.pixels[top:bottom, left:right]


def answer() -> None:
    folder = UI / "showcase"
    folder.mkdir(exist_ok=True)
    facts, face, heat = finished()
    (folder / "answer.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    for name, pixels in (("face", face), ("map", heat)):
        save(Image.fromarray(pixels), folder / f"{name}.jpg", 80)


def finished() -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """The network's answer about the astronaut: facts, the aligned face, the map over it."""
    from facelens import find_faces, load_model, read_photo
    from facelens.explain.layers import overlay
    from facelens.explain.maps import occlusion
    from facelens.tasks.attributes.names import describe
    from facelens.tasks.attributes.thresholds import operating_point, verdicts
    from facelens.ui.intake import EXAMPLE

    model = load_model()
    (face,) = find_faces(read_photo(EXAMPLE), detector="haar")
    (found,) = model.predict([face])
    cuts = operating_point(model.config, "half")
    said = verdicts(found, cuts, model.curves, hints=face.hints)
    rows = [
        {
            "name": name,
            "label": describe(name).label,
            "probability": round(float(found.probabilities[model.names.index(name)]), 2),
            "verdict": str(said[model.names.index(name)]),
        }
        for name in SHOWN
    ]
    sure = [
        describe(row["name"]).yes if row["verdict"] == "yes" else describe(row["name"]).no
        for row in rows
        if row["verdict"] != "doubtful"
    ]
    facts = {
        "label": describe(LOOKED_FOR).label.lower(),
        "sentence": f"Fairly sure: {', '.join(sure)}.",
        "rows": rows,
    }
    values = occlusion(model, face.crop).values[model.names.index(LOOKED_FOR)]
    return facts, face.crop, overlay(face.crop, values, opacity=0.75)


PARTS = {"drawn": drawn, "hopper": hopper, "thumbs": thumbs, "answer": answer}

if __name__ == "__main__":
    for wanted in sys.argv[1:] or PARTS:
        PARTS[wanted]()
