"""Write into the embedded bundles how long a face takes, as benchmarks/threads.py measured it.

    python benchmarks/speeds.py

Reads benchmarks/results/threads.csv: one face at a time on one core. Writes `speed` among the
metrics of config.json, and manifest.json; the page lists it beside the accuracy.
"""

import csv

from measure import RESULTS

from facelens import load_model
from facelens.bundles.bundle import write_manifest
from facelens.bundles.find import embedded_folder


def main() -> None:
    with (RESULTS / "threads.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["threads"], row["batch"]) == ("1", "1")]
    for row in rows:
        folder = embedded_folder(row["network"])
        model = load_model(str(folder))
        model.config.metrics["speed"] = {
            "milliseconds": float(row["milliseconds_a_face"]),
            "machine": row["machine"],
            "date": row["date"],
        }
        model.config.save(folder / "config.json")
        write_manifest(folder)
        print(f"{row['network']}: {row['milliseconds_a_face']} ms a face on {row['machine']}")


if __name__ == "__main__":
    main()
