"""How many aligned faces the cascades keep, by their settings, and YuNet beside them.

    python benchmarks/haar.py DATA [--limit N]

Looks at the validation crops of DATA/celeba (DATA as in `benchmarks/faces.py`), all of them or the
first N. Writes benchmarks/results/haar.csv, a row a setting, with the published shares beside ours
where the settings are those, and haar_sizes.csv, how wide right and wrong boxes are. YuNet is
measured where its file is: in the cache, or named by FACELENS_DETECTOR.
"""

import argparse
import csv
import datetime as dt
import logging
import platform
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from measure import RESULTS

from facelens.data import parquet
from facelens.lessons import detection
from facelens.photo import read_photo

FACTORS, SIZES, NEIGHBOURS = (1.1, 1.2, 1.4), (30, 45, 60, 90), (1, 3, 5, 10, 15, 20, 30)
TIMED = 100
Row = dict[str, Any]


def pictures(data: Path, limit: int | None) -> list[np.ndarray]:
    files = sorted((data / "celeba").glob("valid-*.parquet"))
    rows = [row for file in files for row in parquet.images(file, [], stop=limit)]
    return [read_photo(row.data).pixels for row in rows[:limit]]


def measured(faces: list[np.ndarray]) -> tuple[list[Row], list[Row]]:
    """Every setting of the default cascade; the others, and other pictures, as published only."""
    rows, sizes = [], []
    for name in detection.CASCADES:
        for factor in FACTORS:
            if name == "default" or factor == detection.PUBLISHED_SCALE:
                seen = detection.look(faces, name, scale_factor=factor, smallest=min(SIZES))
                rows += [seen.kept(size, count).row() for size in SIZES for count in NEIGHBOURS]
                if factor == detection.PUBLISHED_SCALE:
                    sizes += [row for count in (1, 3, 10) for row in seen.sizes(count)]
                print(name, factor, flush=True)
        for how in [how for how in detection.LOOKS if how != "grey"]:
            seen = detection.look(faces, name, how=how)
            rows += [
                seen.kept(detection.PUBLISHED_SIZE, count).row() for count in detection.PUBLISHED
            ]
            print(name, how, flush=True)
    return rows, sizes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, help="only the first so many crops")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cv2.setNumThreads(1)
    faces = pictures(args.data, args.limit)
    taken = detection.times(faces[:TIMED])
    rows, sizes = measured(faces)
    rows = [{"detector": "cascade", **detection.with_published(row)} for row in rows]
    rows += [{**dict.fromkeys(rows[0], ""), **row} for row in detection.compare(faces)]
    for row in rows:
        name = row["cascade"] and f"cascade {row['cascade']}"
        published = detection.is_published(row) and row["look"] == "grey"
        row["milliseconds"] = ""
        if published or not name:
            row["milliseconds"] = round(taken[name or f"facelens {row['detector']}"], 1)
    stamp = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": f"{platform.machine()} {platform.system()}, 1 thread",
        "opencv": cv2.__version__,
    }
    for name, table in (("haar", rows), ("haar_sizes", sizes)):
        with (RESULTS / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*table[0], *stamp], lineterminator="\n")
            writer.writeheader()
            writer.writerows({**row, **stamp} for row in table)
    for row in rows:
        if row["published_percent"]:
            print(row["cascade"], row["look"], row["min_neighbors"], row["kept_percent"],
                  row["published_percent"])  # fmt: skip


if __name__ == "__main__":
    main()
