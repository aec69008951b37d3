"""Does one graph with viewable maps cost anything where only the answer is asked for?

    python benchmarks/graph.py

Times the embedded bundle's answer for one crop three ways, in turn: as shipped, with every map
computed, and by a second graph cut down to the logits. Writes benchmarks/results/graph.csv;
needs the extra `train` (onnx).
"""

import csv
import datetime as dt
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
from measure import QUICK, RESULTS

from facelens import load_model
from facelens.bundles.session import open_session

ROUNDS = 1 if QUICK else 200


def main() -> None:
    model = load_model()
    whole = model.bundle.folder / "model.onnx"
    crop = np.random.default_rng(0).integers(0, 256, (1, 218, 178, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        cut = Path(folder) / "logits.onnx"
        onnx.utils.extract_model(str(whole), str(cut), ["crops"], ["logits"])
        full, small = open_session(whole), open_session(cut)
    ways = {
        "as shipped: one graph, only the path to the logits": lambda: model.predict(crop),
        "every map computed": lambda: full.run(None, {"crops": crop}),
        "a second graph of the logits alone": lambda: small.run(["logits"], {"crops": crop}),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 10):
        for name, answer in ways.items():
            start = time.perf_counter()
            answer()
            if turn >= 10:
                times[name].append(1000 * (time.perf_counter() - start))
    medians = {name: float(np.median(taken)) for name, taken in times.items()}
    first = next(iter(medians.values()))
    rows = [
        {
            "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
            "machine": f"{platform.machine()} {platform.system()}",
            "model": model.title,
            "way": name,
            "median_ms": f"{median:.2f}",
            "ratio_to_shipped": f"{median / first:.2f}",
        }
        for name, median in medians.items()
    ]
    with (RESULTS / "graph.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print(row["way"], row["median_ms"], "ms,", row["ratio_to_shipped"])


if __name__ == "__main__":
    main()
