"""Measure finding and straightening.

    python benchmarks/faces.py template DATA      the template's points, from aligned training crops
    python benchmarks/faces.py choices DATA       what each choice gains, on validation crops
    python benchmarks/faces.py small DATA         faces of 24 to 60 px, at each size of picture
    python benchmarks/faces.py turned DATA        faces at every angle, on validation crops
    python benchmarks/faces.py angles DATA        the same by angle: every 15 degrees
    python benchmarks/faces.py sizes DATA         upright faces by width: 24 to 240 pixels
    python benchmarks/faces.py empty DATA         boxes on pictures that show no face
    python benchmarks/faces.py floor DATA         how the cascades' doubtful faces are confirmed
    python benchmarks/faces.py loose DATA         test crops framed loosely
    python benchmarks/faces.py covered DATA       limits for covered faces, on validation crops
    python benchmarks/faces.py portraits DATA     portraits as they are, turned, small, off-centre

DATA holds celeba/ and portraits/, and fruits/ for `empty`; `--empty` adds folders of photos without
people. `--yunet FILE` names YuNet's file, else the cached one is used; `--detectors` leaves one
out, and `--add` leaves the rows of other detectors as they are in the file. HOG needs the extra
`hog` and is left out without it. Each command writes benchmarks/results/faces-COMMAND.csv.
"""

import argparse
import csv
import datetime as dt
import importlib.util
import platform
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
from measure import RESULTS

from facelens.data import parquet
from facelens.data import synthetic as loosely
from facelens.data.synthetic import Placed, match, place_on_canvas
from facelens.faces import (
    Face,
    align,
    detect,
    find_faces,
    haar,
    hog,
    landmarks,
    own,
    quality,
    search,
    yunet,
)
from facelens.photo import Photo, read_photo

FALSE_HINTS = 0.008  # share of bare validation faces that may be called covered
EYES = align.TEMPLATE[:2]
Row = dict[str, Any]


def crops(data: Path, split: str, limit: int) -> Iterator[np.ndarray]:
    """Read the first `limit` crops of each file of a split."""
    for file in sorted((data / "celeba").glob(f"{split}-*.parquet")):
        for row in parquet.images(file, [], stop=limit):
            yield read_photo(row.data).pixels


def eye_error(warp: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of both eyes from where the true warp puts them, in template pixels."""
    moved = align.apply(align.compose(warp, align.invert(truth)), EYES)
    return float(np.hypot(*(moved - EYES).T).mean())


def turn_error(warp: np.ndarray, truth: np.ndarray) -> float:
    joint = align.compose(warp, align.invert(truth))
    return float(np.degrees(np.arctan2(joint[1, 0], joint[0, 0])))


def size_error(warp: np.ndarray, truth: np.ndarray) -> float:
    return align.scale_of(align.compose(warp, align.invert(truth)))


def spread(errors: list[float]) -> float:
    return float(np.std(errors)) if errors else float("nan")


def summary(framed: list[Placed], answers: list[list[Face]], seconds: float) -> Row:
    """Found, extra boxes, and how straight, over loosely framed pictures."""
    found, extras = [], 0
    for picture, faces in zip(framed, answers, strict=True):
        face, others = match(picture, faces)
        extras += others
        if face is not None:
            found.append((face.warp, picture.warp))
    eyes = [eye_error(*pair) for pair in found] or [float("nan")]
    return {
        "pictures": len(framed),
        "found_percent": round(100 * len(found) / len(framed), 2),
        "extra_percent": round(100 * extras / len(framed), 2),
        "eye_error_mean_px": round(float(np.mean(eyes)), 2),
        "eye_error_median_px": round(float(np.median(eyes)), 2),
        "eye_error_95th_px": round(float(np.percentile(eyes, 95)), 2),
        "turn_error_std_degrees": round(spread([turn_error(*pair) for pair in found]), 2),
        "size_error_std": round(spread([size_error(*pair) for pair in found]), 3),
        "milliseconds": round(1000 * seconds / len(framed), 1),
    }


def look(framed: list[Placed], detector: str) -> Row:
    started = time.perf_counter()
    answers = [find_faces(Photo(picture.canvas), detector=detector) for picture in framed]
    return summary(framed, answers, time.perf_counter() - started)


def template(args: argparse.Namespace) -> list[Row]:
    """Mean YuNet points and box over aligned training crops; stray boxes count for nothing."""
    net = cv2.FaceDetectorYN.create(args.yunet, "", (178, 218), 0.6, 0.3, 5000)
    rows = []
    for crop in crops(args.data, "train", args.limit):
        answer = net.detect(cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))[1]
        if answer is not None:
            middles = answer[:, :2] + answer[:, 2:4] / 2
            rows.append(answer[np.hypot(*(middles - (89, 125)).T).argmin()])
    names = ["box_x", "box_y", "box_w", "box_h"] + [
        f"{point}_{axis}"
        for point in ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
        for axis in "xy"
    ]
    mean, spread = np.mean(rows, 0), np.std(rows, 0)
    return [
        {"crops": len(rows), "name": n, "mean_px": round(float(m), 2), "std_px": round(float(s), 2)}
        for n, m, s in zip(names, mean, spread, strict=False)
    ]


def loose(args: argparse.Namespace) -> list[Row]:
    """The committed figures: test crops, seed 0."""
    pictures = crops(args.data, "test", args.limit)
    framed = [place_on_canvas(crop, args.seed, i) for i, crop in enumerate(pictures)]
    return [
        {"detector": name, "seed": args.seed, **look(framed, spec(args, name))}
        for name in args.detectors
    ]


MODULES = {"yunet": yunet, "own": own, "haar": haar, "hog": hog}
TRIED: dict[str, list[Row]] = {
    "yunet": [
        {},
        *({"YUNET_PASSES": passes} for passes in (0, 1, 3)),
        *({"YUNET_SIDE": side} for side in (320, 416, 640)),
        *(
            {"YUNET_WEIGHTS": np.array(weights), "YUNET_PASSES": 0}
            for weights in ([1, 1, 1, 1, 1], [2, 2, 1, 1, 1], [4, 4, 0.2, 1, 1], [1, 1, 0, 1, 1])
        ),
    ],
    "own": [
        {},
        *({"OWN_PASSES": passes} for passes in (0, 1, 3)),
        *({"OWN_SIDE": side} for side in (256, 416, 512)),
        *({"OWN_SCORE": score} for score in (0.25, 0.5)),
        *({"OWN_WEIGHTS": np.array(weights)} for weights in ([1, 1, 1, 1, 1], [2, 2, 0.3, 1, 1])),
    ],
    "haar": [
        {},
        *({"HAAR_PASSES": passes} for passes in (0, 1, 3)),
        {"HAAR_SIDE": 480},
        *({"TURNS": turns} for turns in ((), (30.0, -30.0))),
        *({"NEIGHBOURS": neighbours} for neighbours in (1, 3, 5)),
        *({"MIN_SCORE": score} for score in (0.0, 0.3, 0.7)),
    ],
    "hog": [
        {},
        *({"HOG_PASSES": passes} for passes in (0, 1)),
        {"HOG_SIDE": 480},
        {"ENLARGED": 0},
        *({"HOG_SCORE": score} for score in (-0.25, 0.25)),
        *({"HOG_SURE": score} for score in (-1.0, 1.0)),
    ],
}


def choices(args: argparse.Namespace) -> list[Row]:
    """One setting changed at a time, on validation crops."""
    pictures = crops(args.data, "valid", args.limit)
    framed = [place_on_canvas(crop, 1, i) for i, crop in enumerate(pictures)]
    rows = []
    for name in args.detectors:
        for settings in TRIED[name]:
            text = " ".join(f"{key}={value}" for key, value in settings.items())
            with mock.patch.multiple(MODULES[name], **settings) if settings else nullcontext():
                figures = look(framed, spec(args, name))
            rows.append({"detector": name, "setting": text or "as shipped", **figures})
            print(rows[-1], flush=True)
    return rows


def floor(args: argparse.Namespace) -> list[Row]:
    """Leaning portraits and loosely framed validation crops, with ways to confirm a face."""
    pictures = crops(args.data, "valid", args.limit)
    framed = {"loosely framed": [place_on_canvas(crop, 1, i) for i, crop in enumerate(pictures)]}
    framed["leaning portraits"] = list(leaning(args.data))
    never: Row = {"MANY": 0}
    rows = []
    for settings in ({}, never, {"FLOOR": 0.9}, {"FLOOR": 0.99}, {"STILL": 1e9}, {"MANY": 1000}):
        text = " ".join(f"{key}={value}" for key, value in settings.items())
        for name, placed_ones in framed.items():
            with mock.patch.multiple(haar, **settings) if settings else nullcontext():
                figures = look(placed_ones, "haar")
            rows.append({"setting": text or "as shipped", "on": name, **figures})
            print(rows[-1], flush=True)
    return rows


def leaning(data: Path) -> Iterator[Placed]:
    """Portraits turned by up to 30 degrees, on a canvas that holds all of them."""
    for path in sorted((data / "portraits").glob("*.jpg")):
        pixels = read_photo(path).pixels
        face = find_faces(Photo(pixels), detector="haar")[0]
        for angle in (-30, -20, -10, 0, 10, 20, 30):
            canvas, move = turned(pixels, angle)
            x, y = align.apply(move, np.array([face.box.centre]))[0]
            warp = align.compose(face.warp, align.invert(move))
            yield Placed(canvas, (float(x), float(y)), face.box.w, warp)


def turned(pixels: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Turn a photo about its middle, repeating its edge pixels; return the 2x3 too."""
    height, width = pixels.shape[:2]
    move = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    cos, sin = abs(move[0, 0]), abs(move[0, 1])
    size = round(width * cos + height * sin), round(width * sin + height * cos)
    move[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    cubic, edge = cv2.INTER_CUBIC, cv2.BORDER_REPLICATE
    canvas = cv2.warpAffine(pixels, move, size, flags=cubic, borderMode=edge)
    return canvas, np.asarray(move, np.float32)


def small(args: argparse.Namespace) -> list[Row]:
    """Faces of 24 to 60 pixels in pictures of 640 x 480: as shipped, and by first looks alone."""
    with mock.patch.multiple(loosely, SMALLEST_FACE=24.0, LARGEST_FACE=60.0):
        pictures = crops(args.data, "valid", args.limit)
        framed = [place_on_canvas(crop, 1, i) for i, crop in enumerate(pictures)]
    rows: list[Row] = [
        {"detector": name, "longest_side": "as shipped", **look(framed, spec(args, name))}
        for name in args.detectors
    ]
    for side in (640, 512, 416, 320):
        for name in args.detectors:
            with (
                mock.patch.object(MODULES[name], f"{name.upper()}_SIDE", side),
                mock.patch.object(search, "WORTHWHILE", np.inf),
            ):
                figures = look(framed, spec(args, name))
            rows.append({"detector": name, "longest_side": side, **figures})
    return rows


def turned_by_any(args: argparse.Namespace) -> list[Row]:
    """Validation crops at every angle, none preferred."""
    with mock.patch.object(loosely, "LARGEST_TURN", 180.0):
        pictures = crops(args.data, "valid", args.limit)
        framed = [place_on_canvas(crop, 1, i) for i, crop in enumerate(pictures)]
    return [{"detector": name, **look(framed, spec(args, name))} for name in args.detectors]


def by_angle(args: argparse.Namespace) -> list[Row]:
    """Validation crops at every 15 degrees, each 120 pixels wide."""
    rows = []
    for angle in range(-180, 180, 15):
        framed = list(at(args, 120.0, float(angle)))
        rows += [
            {"detector": name, "angle": angle, **look(framed, spec(args, name))}
            for name in args.detectors
        ]
    return rows


def by_size(args: argparse.Namespace) -> list[Row]:
    """Validation crops that stand upright, by the width of the face in pixels."""
    rows = []
    for width in (24, 32, 40, 48, 60, 90, 120, 180, 240):
        framed = list(at(args, float(width), 0.0))
        rows += [
            {"detector": name, "width": width, **look(framed, spec(args, name))}
            for name in args.detectors
        ]
    return rows


def at(args: argparse.Namespace, width: float, angle: float) -> Iterator[Placed]:
    """Crops on canvases, all faces equally wide and equally turned; every angle the same crops."""
    for i, crop in enumerate(crops(args.data, "valid", args.limit)):
        yield place_on_canvas(crop, 1, i, widths=(width, width), turn=angle)


def empty(args: argparse.Namespace) -> list[Row]:
    """Boxes on pictures without faces: fruits, drawn ones, and photos of `--empty`, on each side.

    A photo is looked at upright, mirrored, and at half and one and a half times its size.
    """
    kinds = {"fruits": list(fruits(args.data)), "dead leaves": list(drawn(args.limit or 60))}
    photos = [path for folder in args.empty for path in sorted(folder.iterdir()) if path.is_file()]
    if photos:
        kinds["photos"] = [
            cv2.resize(side, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            for path in photos
            for whole in [read_photo(path).pixels]
            for side in (whole, np.ascontiguousarray(whole[:, ::-1]))
            for scale in (0.5, 1.0, 1.5)
        ]
    rows = []
    for name in args.detectors:
        for kind, pictures in kinds.items():
            if not pictures:  # without the fruits
                continue
            started = time.perf_counter()
            found = [len(find_faces(Photo(each), detector=spec(args, name))) for each in pictures]
            taken = (time.perf_counter() - started) / len(pictures)
            rows.append(
                {
                    "detector": name,
                    "pictures": kind,
                    "tried": len(pictures),
                    "with_a_box": sum(count > 0 for count in found),
                    "boxes": sum(found),
                    "milliseconds": round(1000 * taken, 1),
                }
            )
    return rows


def fruits(data: Path) -> Iterator[np.ndarray]:
    """Test pictures of fruits, 48 in each."""
    files = sorted((data / "fruits").glob("test-*.parquet"))
    small = [read_photo(row.data).pixels for file in files for row in parquet.images(file, [])]
    chosen = np.random.default_rng(0).permutation(len(small))
    for start in range(0, len(chosen) - 47, 48):
        part = [small[i] for i in chosen[start : start + 48]]
        yield np.vstack([np.hstack(part[row * 8 : row * 8 + 8]) for row in range(6)])


def drawn(count: int) -> Iterator[np.ndarray]:
    """Discs that hide one another, as many of each size as in nature."""
    from attacks.large import leaves

    random = np.random.default_rng(0)
    for _ in range(count):
        yield leaves(640, 480, random)


def portraits(args: argparse.Namespace) -> list[Row]:
    """Portraits as they are, and turned by 30 degrees, 60 px wide and off-centre.

    The truth for a changed portrait is what the same detector says about the unchanged one.
    """
    rows = []
    for name in args.detectors:
        for path in sorted((args.data / "portraits").glob("*.jpg")):
            photo = read_photo(path)
            faces = find_faces(photo, detector=spec(args, name))
            row: Row = {"detector": name, "photo": path.name, "faces": len(faces)}
            rows.append(row)
            if not faces:
                continue
            for turn in (-30, 30):
                for width in (60, 150):
                    canvas, move = placed(photo.pixels, faces[0], turn, width)
                    again = find_faces(Photo(canvas), detector=spec(args, name))
                    truth = align.compose(faces[0].warp, align.invert(move))
                    error = min((eye_error(f.warp, truth) for f in again), default=float("nan"))
                    row[f"faces_{turn}_{width}px"] = len(again)
                    row[f"eye_error_{turn}_{width}px"] = round(error, 2)
    return rows


def covered(args: argparse.Namespace) -> list[Row]:
    """What `quality.is_covered` weighs, fitted on validation crops, bare and drawn on."""
    from attacks.covered import KINDS, cover
    from sklearn.linear_model import LogisticRegression

    whole = np.eye(2, 3, dtype=np.float32)
    weighed: dict[str, list[tuple[float, float]]] = {name: [] for name in ("bare", *KINDS)}
    for n, crop in enumerate(crops(args.data, "valid", args.limit)):
        random = np.random.default_rng([args.seed, n])
        for kind in weighed if n % 3 == 0 else ("bare",):
            seen = crop if kind == "bare" else cover(crop, whole, kind, random)
            _, fit = landmarks.load()(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), whole, 1)
            fit = np.clip(fit, 1e-6, 1 - 1e-6)
            weighed[kind].append((float(np.log(fit / (1 - fit))), quality.chin_colour(seen)))
    values = np.vstack(list(weighed.values()))
    bare = np.arange(len(values)) < len(weighed["bare"])
    (a, b), *_ = LogisticRegression(C=10).fit(values, bare).coef_
    rows = {kind: np.array(each) @ (1, b / a) for kind, each in weighed.items()}
    limit = float(np.quantile(rows["bare"], FALSE_HINTS))
    return [
        {
            "faces": kind,
            "tried": len(each),
            "colour": round(float(-b / a), 3),
            "logit": round(limit, 2),
            "hinted_percent": round(100 * float((each < limit).mean()), 1),
        }
        for kind, each in rows.items()
    ]


def placed(
    pixels: np.ndarray, face: Face, turn: float, width: float
) -> tuple[np.ndarray, np.ndarray]:
    """Turn a portrait, bring its face to `width` and place it away from the canvas's middle."""
    move = cv2.getRotationMatrix2D(face.box.centre, turn, width / face.box.w)
    move[:, 2] += np.array([420, 200]) - face.box.centre
    canvas = align.align_face(pixels, np.asarray(move, np.float32), (640, 480))
    return canvas, np.asarray(move, np.float32)


def spec(args: argparse.Namespace, name: str) -> str:
    return f"yunet:{args.yunet}" if name == "yunet" else name


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    every = (template, choices, floor, small, loose, empty, covered, portraits)
    commands = {f.__name__: f for f in every} | {
        "turned": turned_by_any, "angles": by_angle, "sizes": by_size,
    }  # fmt: skip
    parser.add_argument("command", choices=commands)
    parser.add_argument("data", type=Path)
    parser.add_argument("--yunet", default=str(detect.cached_yunet() or ""))
    parser.add_argument("--detectors", nargs="+", default=["yunet", "own", "haar", "hog"])
    parser.add_argument(
        "--add", action="store_true", help="leave the rows of other detectors in the file"
    )
    parser.add_argument("--empty", type=Path, nargs="+", default=[], help="photos without people")
    parser.add_argument("--limit", type=int, help="only the first so many crops of each file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-file", action="store_true", help="print the rows, write no file")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    if "hog" in args.detectors and importlib.util.find_spec("dlib") is None:
        print("HOG is left out: pip install 'facelens[hog]'.")
        args.detectors.remove("hog")
    rows = commands[args.command](args)
    stamp = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": f"{platform.machine()}, 1 thread",
        "opencv": cv2.__version__,
    }
    rows = [{**row, **stamp} for row in rows]
    for row in rows:
        print(row)
    if not args.no_file:
        path = RESULTS / f"faces-{args.command}.csv"
        if args.add and path.is_file():
            measured = {row["detector"] for row in rows}
            with path.open(newline="") as file:
                others = [row for row in csv.DictReader(file) if row["detector"] not in measured]
            rows = [*others, *rows]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(
                file, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n"
            )
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
