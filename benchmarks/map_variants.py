"""Which training has maps that point best, and what does that cost in accuracy?

    python benchmarks/map_variants.py NAME=FOLDER [NAME=FOLDER …] --data DATA [DATA …]

FOLDER is a bundle, or a run of `facelens train`, exported or not: of a run the weights of its best
epoch are measured. Over all validation faces of the folders DATA: accuracy and macro average
precision, calibration error with cross-fitted temperatures, and for every attribute of
benchmarks/regions.py, on the faces that the network gives a yes, how often the strongest field of
the exact map lies in its rows; `pointing` is the mean over the attributes. Over the first --faces
of them also what benchmarks/maps.py says of exact map and covering.

Each network is a row of benchmarks/results/map_variants.csv, which takes the place of one that has
its name; --base NAME says which of them the others' accuracy is compared with. By which rule one is
the best: `best` in benchmarks/tables/training.py. `python benchmarks/readme.py` and `python
benchmarks/figures.py map_variants` put the table into the docs and draw it. Needs the extra
`train`.
"""

import argparse
import csv
import datetime as dt
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from bare import Opened, opened
from maps import alike
from measure import QUICK, RESULTS
from regions import REGIONS, hits, pointing

from facelens import metrics
from facelens.bundles.session import BATCH
from facelens.data.labels import as_array, code_of
from facelens.data.parquet import images
from facelens.data.people import identities
from facelens.explain.maps import occlusion
from facelens.tasks.attributes.calibrate import cross_fit
from facelens.tasks.classifier import Classifier
from facelens.training.data import split_files

DRAWS = 1000
TABLE = "map_variants.csv"
Game = dict[str, list[bool]]


@dataclass
class Seen:
    """What a network says of labelled faces.

    `logits`, `labels`: of each face; `alike`: of each compared face, the correlations of the exact
    map of each attribute that is answered yes with covering.
    """

    logits: list[np.ndarray] = field(default_factory=list)
    labels: list[list[int | None]] = field(default_factory=list)
    people: list[object] = field(default_factory=list)
    game: Game = field(default_factory=lambda: defaultdict(list))
    first: Game = field(default_factory=lambda: defaultdict(list))
    covering: Game = field(default_factory=lambda: defaultdict(list))
    alike: list[list[float]] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--faces", type=int, default=2 if QUICK else 200)
    parser.add_argument("--limit", type=int, default=8 if QUICK else None)
    parser.add_argument("--base", metavar="NAME")
    parser.add_argument("--out", type=Path, default=RESULTS / TABLE)
    args = parser.parse_args()
    named = dict(each.partition("=")[::2] for each in args.networks)
    for name, folder in named.items():
        if not Path(folder or "-").is_dir():
            parser.error(f"{name}={folder} is not NAME=FOLDER, a folder that there is")
    files = split_files(args.data, "valid")
    for name, folder in named.items():
        with tempfile.TemporaryDirectory() as aside:
            network = opened(Path(folder), files[0], Path(aside))
            row = figures(name, network, look(network.model, files, args.faces, args.limit))
        replace_row(args.out, row, args.base)
        print(*(f"{key} {value}" for key, value in row.items() if value), sep="  ")


def look(model: Classifier, files: list[Path], faces: int, limit: int | None) -> Seen:
    """Ask a network about validation faces, and about the first of them by covering too."""
    seen = Seen()
    rows = (
        (file, row) for file in files for row in images(file, model.names, optional=["celeb_id"])
    )
    rows = islice(rows, limit)
    while batch := list(islice(rows, BATCH)):
        crops = [row.pixels(file) for file, row in batch]
        answers = model.predict(crops, maps=True)
        for (file, row), crop, answer in zip(batch, crops, answers, strict=True):
            compared = len(seen.logits) < faces
            likely = np.flatnonzero(answer.logits >= 0)
            for name in [model.names[number] for number in likely]:
                if name in REGIONS:
                    hit = hits(answer.evidence(name), name)
                    seen.game[name].append(hit)
                    if compared:
                        seen.first[name].append(hit)
            if compared:
                covered = occlusion(model, crop).values
                maps = [answer.evidence(model.names[number]) for number in likely]
                seen.alike.append([alike(a, covered[n]) for n, a in zip(likely, maps, strict=True)])
                for number in likely:
                    if (name := model.names[number]) in REGIONS:
                        seen.covering[name].append(hits(covered[number], name))
            seen.logits.append(answer.logits)
            seen.labels.append([code_of(file, row, name) for name in model.names])
            seen.people.append(row.values.get("celeb_id"))
    return seen


def figures(name: str, network: Opened, seen: Seen) -> dict[str, Any]:
    """The row of a network: how it was trained, how good it is, how its maps point."""
    logits, said = np.stack(seen.logits), as_array(seen.labels)
    labels, known = said == 1, None if (said >= 0).all() else said >= 0
    people, _ = identities(seen.people)
    calibrated = cross_fit(logits, labels, people, known)
    accuracy, precision, ece = (
        np.nanmean(metrics.of_known(metric, scores, labels, known=known))
        for metric, scores in (
            (metrics.accuracy, calibrated),
            (metrics.average_precision, logits),
            (metrics.calibration_error, calibrated),
        )
    )
    own = pointing(seen.game)
    least = min(own, key=own.get) if own else ""  # type: ignore[arg-type]
    mean, low, high = correlation(seen.alike)
    recipe = network.recipe
    local = recipe.get("local", 0.0)
    *_, stage = [stage for stage in recipe.get("stages", ()) if stage["epochs"]] or [{}]
    return {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "network": name,
        "base": "",
        "maps": maps_of(recipe),
        "cut": recipe["local_cut"] if local else ("none" if recipe else ""),
        "weight": f"{local:g}" if local else "",
        "margin": recipe.get("local_margin", "") if local else "",
        "epochs": network.epochs or "",
        "train_faces": network.train_faces or "",
        "picture": "x".join(map(str, network.model.config.input_size)),
        "rate": stage.get("rate", ""),
        "start": network.start,
        "faces": len(logits),
        "accuracy": f"{accuracy:.4f}",
        "macro_ap": f"{precision:.4f}",
        "ece": f"{ece:.4f}",
        "pointing": mean_of(own),
        "attributes": len(own),
        "least": least,
        "least_pointing": f"{own[least]:.2f}" if own else "",
        "compared_faces": len(seen.alike),
        "pointing_of_compared": mean_of(pointing(seen.first)),
        "covering_pointing": mean_of(pointing(seen.covering)),
        "correlation_with_covering": mean,
        "low": low,
        "high": high,
        **{
            attribute: f"{np.mean(seen.game[attribute]):.2f}" if seen.game.get(attribute) else ""
            for attribute in REGIONS
        },
    }


def maps_of(recipe: dict[str, Any]) -> str:
    """What --maps was; empty if nobody knows."""
    told = {"narrow_kernels": "narrow", "spread_kernels": "spread", "fine_maps": "fine"}
    return next((word for key, word in told.items() if recipe.get(key)), "coarse" if recipe else "")


def mean_of(game: dict[str, float]) -> str:
    return f"{np.mean(list(game.values())):.3f}" if game else ""


def correlation(alike: list[list[float]]) -> tuple[str, str, str]:
    """The mean over all maps with its 95 % interval by bootstrap over faces."""
    sums, counts = (np.array([f(each) for each in alike], float) for f in (np.sum, len))
    if not counts.sum():
        return "", "", ""
    draws = np.random.default_rng(0).integers(0, len(sums), (DRAWS, len(sums)))
    with np.errstate(invalid="ignore"):
        low, high = metrics.interval(sums[draws].sum(1) / counts[draws].sum(1))
    return f"{sums.sum() / counts.sum():.3f}", f"{low:.3f}", f"{high:.3f}"


def replace_row(path: Path, row: dict[str, Any], base: str | None) -> None:
    """Put a row in the place of the one of its name, or at the end; mark the base."""
    kept: list[dict[str, Any]] = []
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            kept = list(csv.DictReader(file))
    names = [each["network"] for each in kept]
    if row["network"] in names:
        before = kept[names.index(row["network"])]
        kept[names.index(row["network"])] = row | {"base": before["base"]}
    else:
        kept.append(row)
    if base is not None:
        kept = [each | {"base": "yes" if each["network"] == base else ""} for each in kept]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, row.keys(), lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(kept)


if __name__ == "__main__":
    main()
