"""Measure the embedded networks beside the default, on the same faces.

    python benchmarks/networks.py DATA

DATA holds celeba/. Writes benchmarks/results/networks.csv, a row a network and a split. The
default is to be the one that is better on the validation faces.
"""

import argparse
import csv
import datetime as dt
from pathlib import Path

from measure import RESULTS

from facelens import load_model
from facelens.bundles.find import embedded_folder
from facelens.tasks import DEFAULT, TASKS
from facelens.tasks.attributes.evaluate import Answers, answer, compare, summarise
from facelens.tasks.attributes.model import AttributeModel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()
    models = [load_model(name) for name in embedded()]
    rows: list[dict[str, object]] = []
    for split in ("valid", "test"):
        faces = sorted((args.data / "celeba").glob(f"{split}-*.parquet"))
        answers = [answer(faces, model, limit=args.limit)[0] for model in models]
        for model, answered in zip(models, answers, strict=True):
            rows.append(row(split, model, answered, answers[0], models[0].title))
    with (RESULTS / "networks.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def embedded() -> list[str]:
    """The names of the embedded networks that answer questions, the default first."""
    names = sorted(
        folder.name
        for folder in embedded_folder(TASKS[DEFAULT].default).parent.iterdir()
        if (folder / "curves.json").is_file()
    )
    return sorted(names, key=lambda name: name != TASKS[DEFAULT].default)


def row(
    split: str, model: AttributeModel, answers: Answers, default: Answers, title: str
) -> dict[str, object]:
    """What one network reached on one split, and how that differs from the default."""
    overall = summarise(answers, model.title).overall
    told: dict[str, object] = {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "split": split,
        "network": model.title,
        "faces": len(answers.labels),
        "picture": "x".join(map(str, model.config.input_size)),
        "graph_bytes": model.bundle.files["model.onnx"]["size"],
    }
    for name in ("accuracy", "average_precision"):
        for key in ("value", "low", "high"):
            told[f"{name}_{key}"] = f"{overall[name][key]:.4f}"
    for name in ("ece_steady", "ece_floor_steady"):
        told[name] = f"{overall[name]['value']:.4f}"
    paired = compare(answers, default, model.title, title).differences["accuracy"]
    for key in ("value", "low", "high"):
        told[f"against_default_{key}"] = f"{paired[key]:+.4f}"
    return told


if __name__ == "__main__":
    main()
