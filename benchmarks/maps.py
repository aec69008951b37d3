"""Do the ways of asking where a network looks agree? And what do they cost?

    python benchmarks/maps.py DATA

DATA holds celeba/. The check by covering asks nothing of the network's inside, so the maps are
held against it: over the first validation faces, for every attribute that the network finds
likely, the correlation of a map with the check, pixel by pixel. Beside our maps stands the body
run on a larger picture, the other way to finer maps, computed with torch from the same weights.
Writes benchmarks/results/maps.csv; intervals by bootstrap over faces. Needs the extra `train`.
"""

import argparse
import csv
import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from measure import RESULTS

from facelens import load_model
from facelens.data.parquet import images
from facelens.explain.maps import finer, occlusion
from facelens.metrics import interval
from facelens.photo import read_photo
from facelens.tasks.classifier import Classifier
from facelens.training.augment import plain
from facelens.training.network import AttributeNetwork, build
from facelens.training.run import load_weights

DRAWS = 1000
Way = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--faces", type=int, default=40)
    parser.add_argument("--model", default=None)
    args = parser.parse_args()
    model = load_model(args.model)
    network = rebuilt(model)
    ways: dict[str, tuple[int, Way]] = {
        "the exact map": (1, lambda crop: model.predict([crop], maps=True)[0].maps),
        "moved by half a field and put together": (4, lambda crop: finer(model, crop).values),
        "moved by quarters of a field": (16, lambda crop: finer(model, crop, "finest").values),
        "the body on a picture 1.5 times as large": (
            1,
            lambda crop: enlarged(model, network, crop, 1.5),
        ),
        "the body on a picture twice as large": (1, lambda crop: enlarged(model, network, crop, 2)),
    }
    agreed: dict[str, list[np.ndarray]] = {way: [] for way in ways}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    fields: dict[str, str] = {}
    (valid,) = sorted((args.data / "celeba").glob("valid-*.parquet"))[:1]
    for row in images(valid, columns=(), stop=args.faces):
        crop = read_photo(row.data).pixels
        check = occlusion(model, crop).values
        likely = np.flatnonzero(model.predict([crop])[0].probabilities >= 0.5)
        for way, (_, look) in ways.items():
            start = time.perf_counter()
            maps = look(crop)
            seconds[way].append(time.perf_counter() - start)
            fields[way] = f"{maps.shape[2]}x{maps.shape[1]}"
            agreed[way].append(np.array([alike(maps[i], check[i]) for i in likely]))
    first = np.median(seconds["the exact map"])
    rng = np.random.default_rng(0)
    draws = rng.integers(0, args.faces, (DRAWS, args.faces))
    rows = []
    for way, (passes, _) in ways.items():
        sums, counts = (np.array([f(face) for face in agreed[way]]) for f in (np.sum, len))
        low, high = interval(sums[draws].sum(1) / counts[draws].sum(1))
        rows.append(
            {
                "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
                "network": model.title,
                "way": way,
                "fields": fields[way],
                "passes": passes,
                "faces": args.faces,
                "maps": int(counts.sum()),
                "correlation_with_covering": f"{sums.sum() / counts.sum():.3f}",
                "low": f"{low:.3f}",
                "high": f"{high:.3f}",
                # What torch takes says nothing of the page.
                "time_ratio": "" if "large" in way else f"{np.median(seconds[way]) / first:.1f}",
            }
        )
    with (RESULTS / "maps.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def rebuilt(model: Classifier) -> AttributeNetwork:
    """The bundle's network in torch, from its training weights."""
    network = build(
        model.config.architecture, len(model.names), from_scratch=True,
        spread_kernels=bool(model.config.recipe.get("spread_kernels")),
    )  # fmt: skip
    load_weights(network, model.bundle.folder)
    return network.eval()


@torch.no_grad()
def enlarged(
    model: Classifier, network: AttributeNetwork, crop: np.ndarray, times: float
) -> np.ndarray:
    """Activation maps of a crop whose picture is `times` as large as the network's own."""
    height, width = model.config.input_size
    size = (round(height * times), round(width * times))
    picture = plain(torch.from_numpy(np.array(crop)[None]), size)
    features = (network.body(picture) + network.body(picture.flip(3)).flip(3)) / 2
    return torch.einsum("ac,chw->ahw", network.head.weight, features[0]).numpy()


def alike(values: np.ndarray, check: np.ndarray) -> float:
    """The correlation of two maps over the pixels of the crop."""
    a, b = (
        cv2.resize(each, (178, 218), interpolation=cv2.INTER_LINEAR).ravel()
        for each in (values, check)
    )
    return float(np.corrcoef(a, b)[0, 1])


if __name__ == "__main__":
    main()
