"""How far does an answer move when the face is shifted by one pixel?

    python benchmarks/shift.py DATA [--faces N]

DATA holds celeba/. The first validation crops are shifted by one pixel to each of four sides, and
the calibrated logits compared: over all attributes, and over the answers near one half (a logit
from -1.5 to 1.5). `NEAR` in facelens/tasks/attributes/curves.py is what this measures. Writes
benchmarks/results/shift.csv.
"""

import argparse
from pathlib import Path

import numpy as np
from measure import QUICK, write
from networks import embedded

from facelens import load_model
from facelens.data.parquet import images
from facelens.tasks.attributes.model import AttributeModel

SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1))
NEAR_HALF = 1.5  # logit


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--faces", type=int, default=4 if QUICK else 200)
    args = parser.parse_args()
    (path,) = sorted((args.data / "celeba").glob("valid-*.parquet"))[:1]
    crops = [row.pixels(path) for row in images(path, columns=(), stop=args.faces)]
    rows = []
    for name in embedded()[: 1 if QUICK else None]:
        model = load_model(name)
        there = logits(model, crops)
        moved = np.stack(
            [logits(model, [shifted(crop, *side) for crop in crops]) for side in SIDES]
        )
        near = np.abs(there) < NEAR_HALF
        for what, away in (("all", moved - there), ("near one half", (moved - there)[:, near])):
            rows.append(
                {
                    "network": model.title,
                    "answers": what,
                    "faces": len(crops),
                    "rms": f"{np.sqrt(np.square(away).mean()):.3f}",
                    "median": f"{np.median(np.abs(away)):.3f}",
                    "at_most_in_95": f"{np.quantile(np.abs(away), 0.95):.3f}",
                }
            )
    write("shift", rows)


def logits(model: AttributeModel, crops: list[np.ndarray]) -> np.ndarray:
    """Calibrated logits float (crops, attributes)."""
    answers = np.stack([answer.logits for answer in model.predict(crops)])
    return answers / model.config.temperature


def shifted(crop: np.ndarray, x: int, y: int) -> np.ndarray:
    """The crop shifted by whole pixels; the edge repeats."""
    wide = np.pad(crop, ((1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = crop.shape[:2]
    return np.ascontiguousarray(wide[1 - y : 1 - y + height, 1 - x : 1 - x + width])


if __name__ == "__main__":
    main()
