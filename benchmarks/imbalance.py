"""Measure what over-, undersampling and SMOTE do, on features of a frozen ImageNet network.

    python benchmarks/imbalance.py DATA

DATA holds celeba/. Learns from training faces, measures on validation faces, and writes
benchmarks/results/imbalance.csv, which lesson 1 speaks of.
"""

import argparse
import csv
import datetime as dt
import logging
import platform
from pathlib import Path

import torch
from measure import RESULTS

from facelens.files import cache_folder
from facelens.lessons import imbalance
from facelens.training.data import open_store

SIZE = (96, 80)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--arch", default="mobilenet_v2")
    parser.add_argument("--faces", type=int, default=6000, help="to learn from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS / "imbalance.csv")
    args = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)
    cache = cache_folder()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    seen, labels = [], []
    for split, limit in (("train", args.faces), ("valid", None)):
        store = open_store(args.data / "celeba", split, cache=cache, limit=limit)
        seen.append(imbalance.features(store, args.arch, SIZE, cache / "features", device=device))
        labels.append(store.only(imbalance.UNEQUAL).labels)
    rows = imbalance.imbalance(
        (seen[0], labels[0]), (seen[1], labels[1]), imbalance.UNEQUAL, seed=args.seed
    )
    about = {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
        "features": f"{args.arch}, ImageNet, frozen, {SIZE[0]}x{SIZE[1]}",
        "train_faces": len(seen[0]),
        "valid_faces": len(seen[1]),
        "seed": args.seed,
    }
    with args.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*about, *rows[0]], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            shown = {k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()}
            writer.writerow({**about, **shown})


if __name__ == "__main__":
    main()
