"""Measure the embedded bundles by group once more and write their cards; graphs stay as they are.

    python benchmarks/cards.py DATA [NAME ...] [--more DATA ...]

DATA holds valid-*.parquet and test-*.parquet; with --more those of other folders are measured too,
as one set. Writes config.json, README.md and manifest.json of each bundle in weights/. Refuses if
the figures on file are of as many faces and come out otherwise here.
"""

import argparse
import sys
from pathlib import Path

from facelens.bundles.bundle import write_manifest
from facelens.bundles.find import embedded_folder
from facelens.tasks import load_model
from facelens.tasks.attributes.evaluate import Evaluation, evaluate
from facelens.tasks.attributes.training.card import write_card
from facelens.training.data import split_files

SPLIT_BY = ("Male", "Young")
NAMES = ("mobilenet_v2", "resnet50")
TOLERANCE = 1e-9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("names", nargs="*", metavar="NAME", default=NAMES)
    parser.add_argument("--more", type=Path, nargs="+", default=[], metavar="DATA")
    args = parser.parse_args()
    for name in args.names:
        folder = embedded_folder(name)
        model = load_model(str(folder), task="attributes")
        results: dict[str, Evaluation] = {}
        for split in ("valid", "test"):
            files = split_files([args.data, *args.more], split)
            found = evaluate(files, model, split_by=SPLIT_BY)
            kept = model.config.metrics[split]
            moved = found.overall["accuracy"]["value"] - kept["overall"]["accuracy"]["value"]
            if found.faces == kept["faces"] and abs(moved) > TOLERANCE:
                print(f"{name} has another accuracy on {split} here: its files are left alone.")
                return 1
            results[split] = found
        for split, found in results.items():
            model.config.metrics[split] = found.asdict()
        model.config.save(folder / "config.json")
        write_card(folder / "README.md", model.config, results)
        write_manifest(folder)
        print(f"{name}: {len(results['test'].fairness['warnings'])} warnings on the test faces.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
