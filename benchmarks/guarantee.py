"""Guarantee a precision of 90 % in the embedded bundles, and count on test faces which rows hold.

    python benchmarks/guarantee.py VALID... --test TEST...

VALID and TEST are parquet files of CelebA's official validation and test faces. Writes the
operating point `sure90` into config.json, README.md and manifest.json of each network in weights/,
and benchmarks/results/guarantee.csv. Graphs stay as they are. --answers FOLDER keeps the networks'
answers, so that an interrupted run resumes.
"""

import argparse
import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
from measure import RESULTS, write

from facelens import load_model
from facelens.bundles.bundle import write_manifest
from facelens.bundles.find import embedded_folder
from facelens.metrics import wilson
from facelens.tasks.attributes.evaluate import answer
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.attributes.training import guarantee
from facelens.tasks.attributes.training.card import GUARANTEED, guaranteed

NETWORKS = ("mobilenet_v2", "resnet50")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("valid", type=Path, nargs="+", metavar="VALID")
    parser.add_argument("--test", type=Path, nargs="+", required=True)
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="NAME")
    parser.add_argument("--answers", type=Path)
    args = parser.parse_args()
    if args.answers:
        args.answers.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for name in args.networks:
        folder = embedded_folder(name)
        model = load_model(str(folder))
        logits, labels, people = answers(name, model, args.valid, args.answers)
        sure = guarantee.thresholds(logits, labels, people, model.config.temperature)
        model.config.operating_points["sure90"] = sure
        model.config.metrics["guarantee"] = guarantee.about(people)
        model.config.save(folder / "config.json")
        rewrite_card(folder / "README.md", model)
        write_manifest(folder)
        test = answers(name, model, args.test, args.answers)
        rows += on_test(model, sure, test[0], test[1])
    others = [row for row in before() if row["network"].split()[0] not in args.networks]
    path = write("guarantee", [*rows, *others])
    for name in args.networks:
        own = [row for row in rows if row["network"].startswith(f"{name} ")]
        reached = [row for row in own if row["threshold"]]
        held = [row for row in reached if float(row["precision"]) >= guarantee.PRECISION]
        below = [row["attribute"] for row in reached if float(row["high"]) < guarantee.PRECISION]
        print(f"{name}: {len(reached)} of {len(own)} rows in reach, {len(held)} of them hold;")
        print(f"  below by more than chance explains: {', '.join(below) or 'none'} ({path})")


def rewrite_card(path: Path, model: AttributeModel) -> None:
    """Put the section on guaranteed thresholds into a card, in front of its limits."""
    card = path.read_text(encoding="utf-8")
    card = re.sub(rf"{GUARANTEED}\n.*?(?=\n## )", "", card, flags=re.DOTALL).replace(
        "\n\n\n", "\n\n"
    )
    head, limits, tail = card.partition("\n## Limits")
    path.write_text(f"{head}\n{guaranteed(model.config)}\n{limits}{tail}", encoding="utf-8")


def before() -> list[dict[str, Any]]:
    """The rows on file, for networks that are not measured."""
    path = RESULTS / "guarantee.csv"
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def answers(
    name: str, model: AttributeModel, files: list[Path], kept: Path | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits, labels and people of all faces in `files`."""
    parts = []
    for file in files:
        path = kept and kept / f"{name}-{file.parent.name}-{file.name.partition('-')[0]}.npz"
        if path and path.is_file():
            with np.load(path) as found:
                parts.append((found["logits"], found["labels"], found["people"]))
            continue
        said, _ = answer(file, model)
        parts.append((said.logits, said.labels, said.people))
        if path:
            np.savez(path, logits=said.logits, labels=said.labels, people=said.people)
    logits, labels, people = (np.concatenate(each) for each in zip(*parts, strict=True))
    return logits, labels, people


def on_test(
    model: AttributeModel, sure: np.ndarray, logits: np.ndarray, labels: np.ndarray
) -> list[dict[str, Any]]:
    """A row an attribute: how many test faces get a yes, and how many of them are labelled so."""
    probabilities = model._probabilities(logits)  # noqa: SLF001
    rows = []
    for a, name in enumerate(model.names):
        said = probabilities[:, a] >= sure[a]
        right, total = int(labels[said, a].sum()), int(said.sum())
        low, high = (float(each[0]) for each in wilson(np.array([right]), np.array([total])))
        known = np.isfinite(sure[a])
        guessed = probabilities[:, a] >= model.config.operating_points["precision90"][a]
        rows.append(
            {
                "network": model.title,
                "attribute": name,
                "threshold": f"{sure[a]:.4f}" if known else "",
                "valid_faces": model.config.metrics["guarantee"]["faces"],
                "faces": len(labels),
                "yes": total if known else "",
                "right": right if known else "",
                "precision": f"{right / total:.4f}" if total else "",
                "low": f"{low:.4f}" if total else "",
                "high": f"{high:.4f}" if total else "",
                "recall": f"{right / labels[:, a].sum():.4f}" if known else "",
                "precision90": f"{labels[guessed, a].mean():.4f}" if guessed.any() else "",
            }
        )
    return rows


if __name__ == "__main__":
    main()
