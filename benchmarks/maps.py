"""Do maps tell the truth about where a network looks? And what do they cost?

    python benchmarks/maps.py DATA [--model M] [--faces N] [--curves N] [--kept DIR]

DATA holds celeba/. Over the first validation faces, for every attribute that the network finds
likely, each way of asking is held against

- covering, which asks nothing of the network's inside: the correlation, pixel by pixel;
- the part of the face that an attribute names, by the pointing game of benchmarks/regions.py: the
  mean over the attributes that ten faces or more have;
- deletion and insertion (Petsiuk et al., 2018, as torch-cam measures them): the mean probability
  while the crop's brightest parts of the map are replaced by its mean colour, where less is better,
  or put into a blurred crop, where more is. Over the first --curves faces.

Beside our maps stand Grad-CAM and LayerCAM, and the body run on a larger picture, the other way to
finer maps, computed with torch from the same weights. Writes benchmarks/results/maps.csv and
maps_pointing.csv, in which rows of other networks are kept; intervals by bootstrap over faces.
With --kept an interrupted run resumes: each face's figures lie in a file there. With, say,
--ways exact,covering --out FILE it asks in these ways only, to try a network in less time; their
rows go to FILE and its name with _pointing, never among the results. With --write BUNDLE that
folder's network is asked, and how well its exact map and covering point goes into its config.json,
by which the page decides which of them it shows first. Needs the extra `train`.
"""

import argparse
import csv
import datetime as dt
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import gradients
import numpy as np
import torch
from measure import QUICK, RESULTS
from regions import REGIONS, hits, pointing

from facelens import load_model
from facelens.bundles.bundle import write_manifest
from facelens.data.parquet import images
from facelens.explain.maps import finer, occlusion
from facelens.files import write_text
from facelens.metrics import interval
from facelens.photo import read_photo
from facelens.tasks.attributes.training.distill import rebuilt
from facelens.tasks.classifier import Classifier
from facelens.training.augment import plain
from facelens.training.network import AttributeNetwork

DRAWS = 1000
STEPS = 10  # of deletion and insertion
EXACT, COVERING = "the exact map", "covering"
# What --ways calls them.
SHORT = {
    "exact": EXACT,
    "finer": "moved by half a field and put together",
    "finest": "moved by quarters of a field",
    "larger": "the body on a picture 1.5 times as large",
    "largest": "the body on a picture twice as large",
    "gradcam": "Grad-CAM, last layer",
    "layercam": "LayerCAM, last layer",
    "before": "LayerCAM, the stage before",
    "covering": COVERING,
}
Way = Callable[[np.ndarray, Sequence[int]], np.ndarray]


# What one way says of one face: fields, seconds, and for each likely attribute the correlation,
# hit or miss by name, deletion and insertion.
Found = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--faces", type=int, default=200)
    parser.add_argument("--curves", type=int, default=25)
    parser.add_argument("--model", default=None)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--ways", type=asked, default=list(SHORT), help=f"of {', '.join(SHORT)}")
    parser.add_argument("--out", type=Path, help="a .csv for the rows, instead of the results")
    parser.add_argument("--write", type=Path, metavar="BUNDLE")
    args = parser.parse_args()
    if set(args.ways) != set(SHORT) and args.out is None:
        parser.error("--ways needs --out FILE: the results have every way of a network")
    faces, curves = (2, 1) if QUICK else (args.faces, args.curves)
    if args.kept:
        args.kept.mkdir(parents=True, exist_ok=True)
    model = load_model(str(args.write) if args.write else args.model)
    chosen = {way: ask for way, ask in ways(model).items() if way in map(SHORT.get, args.ways)}
    found: dict[str, list[Found]] = {way: [] for way in chosen}
    (valid,) = sorted((args.data / "celeba").glob("valid-*.parquet"))[:1]
    for number, row in enumerate(images(valid, columns=(), stop=faces)):
        file = args.kept and args.kept / f"{model.title}-{number}.json".replace(" ", "-")
        here = json.loads(file.read_text()) if file and file.is_file() else {}
        if not is_known(here, chosen, curves=number < curves):
            here |= look(model, chosen, read_photo(row.data).pixels, curves=number < curves)
            if file:
                write_text(file, json.dumps(here))
        for way in chosen:
            found[way].append(here[way])
    rows = [
        {
            "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
            "network": model.title,
            "way": way,
            "passes": passes,
            "faces": faces,
            **figures(found[way], found.get(EXACT, []), timed=name_is_timed(way)),
        }
        for way, (passes, _) in chosen.items()
    ]
    out = args.out or RESULTS / "maps.csv"
    keep(out, rows, model)
    keep(out.with_stem(f"{out.stem}_pointing"), by_attribute(model, found), model)
    if args.write:
        model.config.metrics["pointing"] = pointing_of(rows)
        model.config.save(args.write / "config.json")
        write_manifest(args.write)
    if args.out:
        for told in rows:
            print(*(f"{key} {value}" for key, value in told.items() if value), sep="  ")


def asked(text: str) -> list[str]:
    """The ways that --ways names; covering, which all are held against, is always among them."""
    names = [*text.split(","), "covering"]
    if unknown := [name for name in names if name not in SHORT]:
        raise argparse.ArgumentTypeError(f"there is no way {unknown[0]!r}: {', '.join(SHORT)}")
    return names


def is_known(here: dict[str, Found], chosen: Iterable[str], *, curves: bool) -> bool:
    """Whether a face has been asked about in all chosen ways, its curves included if wanted."""
    return all(
        way in here and (not curves or len(here[way]["curves"]) == len(here[way]["alike"]))
        for way in chosen
    )


def ways(model: Classifier) -> dict[str, tuple[int, Way]]:
    """Every way of asking: how often the network looks, and maps (likely, h, w) of a crop."""
    network = rebuilt(model)
    size = model.config.input_size
    *_, (before, *_), (last, *_) = network.views()

    def ours(call: Callable[[np.ndarray], np.ndarray]) -> Way:
        return lambda crop, likely: call(crop)[list(likely)]

    def by(method: gradients.Method, layer: str) -> Way:
        return lambda crop, likely: gradients.maps(
            network, layer, method, crop, wanted=likely, size=size
        )

    return {
        EXACT: (1, ours(lambda crop: model.predict([crop], maps=True)[0].maps)),
        SHORT["finer"]: (4, ours(lambda c: finer(model, c).values)),
        SHORT["finest"]: (16, ours(lambda c: finer(model, c, "finest").values)),
        SHORT["larger"]: (1, ours(partial(enlarged, model, network))),
        SHORT["largest"]: (
            1,
            ours(partial(enlarged, model, network, times=2)),
        ),
        SHORT["gradcam"]: (1, by(gradients.grad_cam, last)),
        SHORT["layercam"]: (1, by(gradients.layer_cam, last)),
        SHORT["before"]: (1, by(gradients.layer_cam, before)),
        COVERING: (81, ours(lambda crop: occlusion(model, crop).values)),
    }


def name_is_timed(way: str) -> bool:
    """What torch takes says nothing of the page."""
    return not any(word in way for word in ("large", "CAM"))


def look(
    model: Classifier,
    chosen: dict[str, tuple[int, Way]],
    crop: np.ndarray,
    *,
    curves: bool,
) -> dict[str, Found]:
    """Ask about one face in every way."""
    likely = np.flatnonzero(model.predict([crop])[0].probabilities >= 0.5)
    names = [model.names[number] for number in likely]
    maps, seconds = {}, {}
    for way, (_, ask) in chosen.items():
        start = time.perf_counter()
        maps[way] = ask(crop, likely)
        seconds[way] = time.perf_counter() - start
    return {
        way: {
            "fields": f"{values.shape[2]}x{values.shape[1]}",
            "seconds": seconds[way],
            "alike": [alike(a, b) for a, b in zip(values, maps[COVERING], strict=True)],
            "game": {
                name: hits(each, name)
                for name, each in zip(names, values, strict=True)
                if name in REGIONS
            },
            "curves": [
                deleted_and_inserted(model, crop, each, number)
                for number, each in zip(likely, values, strict=True)
                if curves
            ],
        }
        for way, values in maps.items()
    }


def game_of(found: list[Found]) -> dict[str, list[bool]]:
    """Hits and misses of each attribute."""
    game: dict[str, list[bool]] = defaultdict(list)
    for face in found:
        for name, hit in face["game"].items():
            game[name].append(hit)
    return game


def figures(found: list[Found], first: list[Found], *, timed: bool) -> dict[str, Any]:
    """The row of a way; `first` is what its time is compared with."""
    sums, counts = (np.array([f(face["alike"]) for face in found]) for f in (np.sum, len))
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(sums), (DRAWS, len(sums)))
    low, high = interval(sums[draws].sum(1) / counts[draws].sum(1))
    game = pointing(game_of(found))
    curves = np.array([pair for face in found for pair in face["curves"]]).reshape(-1, 2)
    least = min(game, key=game.get) if game else ""  # type: ignore[arg-type]
    timed = timed and bool(first)
    taken, unit = (
        np.median([face["seconds"] for face in faces] or [1]) for faces in (found, first)
    )
    return {
        "fields": found[0]["fields"],
        "maps": int(counts.sum()),
        "correlation_with_covering": f"{sums.sum() / counts.sum():.3f}",
        "low": f"{low:.3f}",
        "high": f"{high:.3f}",
        "pointing": f"{np.mean(list(game.values())):.2f}" if game else "",
        "attributes": len(game),
        "least": least,
        "least_pointing": f"{game[least]:.2f}" if game else "",
        "deletion": f"{curves[:, 0].mean():.3f}" if len(curves) else "",
        "insertion": f"{curves[:, 1].mean():.3f}" if len(curves) else "",
        "curves": len(curves),
        "time_ratio": f"{taken / unit:.1f}" if timed else "",
    }


def pointing_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What a bundle says of its maps: the pointing of both, over how many faces and attributes."""
    exact, covered = (next(row for row in rows if row["way"] == way) for way in (EXACT, COVERING))
    return {
        "map": float(exact["pointing"] or 0),
        "occlusion": float(covered["pointing"] or 0),
        "faces": exact["faces"],
        "attributes": exact["attributes"],
    }


def by_attribute(model: Classifier, found: dict[str, list[Found]]) -> list[dict[str, Any]]:
    """The pointing game of each attribute, however few faces have it."""
    return [
        {
            "network": model.title,
            "way": way,
            "attribute": name,
            "faces": len(game[name]),
            "pointing": f"{np.mean(game[name]):.2f}",
        }
        for way, game in ((way, game_of(faces)) for way, faces in found.items())
        for name in REGIONS
        if name in game
    ]


def keep(path: Path, rows: list[dict[str, Any]], model: Classifier) -> None:
    """Write a .csv: these rows, after those of other networks."""
    others: list[dict[str, Any]] = []
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            others = [row for row in csv.DictReader(file) if row["network"] != model.title]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows([*others, *rows])


@torch.no_grad()
def enlarged(
    model: Classifier, network: AttributeNetwork, crop: np.ndarray, times: float = 1.5
) -> np.ndarray:
    """Activation maps of a crop whose picture is `times` as large as the network's own."""
    height, width = model.config.input_size
    size = (round(height * times), round(width * times))
    picture = plain(torch.from_numpy(np.array(crop)[None]), size)
    features = (network.body(picture) + network.body(picture.flip(3)).flip(3)) / 2
    return torch.einsum("ac,chw->ahw", network.head.weight, features[0]).numpy()


def alike(values: np.ndarray, check: np.ndarray) -> float:
    """The correlation of two maps over the pixels of the crop; none of a map without relief."""
    a, b = (on_crop(each).ravel() for each in (values, check))
    return float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0


def on_crop(values: np.ndarray) -> np.ndarray:
    """A map at the crop's size."""
    return cv2.resize(np.asarray(values, np.float32), (178, 218), interpolation=cv2.INTER_LINEAR)


def deleted_and_inserted(
    model: Classifier, crop: np.ndarray, values: np.ndarray, attribute: int
) -> tuple[float, float]:
    """Areas under the probability while the map's brightest pixels go, and while they come."""
    rank = np.empty(crop.shape[:2], np.float32)
    rank.ravel()[np.argsort(-on_crop(values), axis=None, kind="stable")] = np.linspace(
        0, 1, rank.size, endpoint=False
    )
    grey = np.broadcast_to(crop.mean((0, 1)).astype(np.uint8), crop.shape)
    blurred = cv2.GaussianBlur(crop, (0, 0), 12)
    shares = np.linspace(0, 1, STEPS + 1)
    shown = [np.where((rank < share)[..., None], grey, crop) for share in shares]
    shown += [np.where((rank < share)[..., None], crop, blurred) for share in shares]
    answers = model.predict(np.stack(shown))
    scores = np.array([each.probabilities[attribute] for each in answers])
    less, more = np.split(scores, 2)
    return float(np.trapezoid(less, shares)), float(np.trapezoid(more, shares))


if __name__ == "__main__":
    main()
