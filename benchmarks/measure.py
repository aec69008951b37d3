"""What benchmarks share: medians of ways taken in turns, memory, rows with date and machine.

FACELENS_RESULTS names another folder for the tables than benchmarks/results. FACELENS_BENCH=quick
takes every way once and measures nothing: it shows that a benchmark still runs.
"""

import csv
import datetime as dt
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = Path(os.environ.get("FACELENS_RESULTS", ROOT / "benchmarks" / "results"))
QUICK = os.environ.get("FACELENS_BENCH") == "quick"
if QUICK and "FACELENS_RESULTS" not in os.environ:
    raise SystemExit("FACELENS_BENCH=quick measures nothing: name a folder by FACELENS_RESULTS.")
EXAMPLE = ROOT / "facelens" / "ui" / "astronaut.jpg"


def machine() -> str:
    """Name the processor, its cores that may be used and whether it multiplies bytes at once."""
    name, flags = platform.processor() or platform.machine(), ""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
            if line.startswith("flags"):
                flags = line
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    vnni = "VNNI" if "vnni" in flags else "no VNNI"
    return f"{name}, {cores} {'core' if cores == 1 else 'cores'}, {vnni}"


def in_turns(
    ways: Mapping[str, Callable[[], Any]], *, turns: int, warm: int = 3
) -> dict[str, float]:
    """Median seconds of each way, all taken in turns so that a busy moment hits them alike."""
    if QUICK:
        turns, warm = 1, 0
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(warm + turns):
        # To and fro, so that no way always comes after the same other one.
        for name in list(ways)[:: 1 if turn % 2 else -1]:
            start = time.perf_counter()
            ways[name]()
            if turn >= warm:
                taken[name].append(time.perf_counter() - start)
    return {name: median(times) for name, times in taken.items()}


def share_of_memory(pids: Iterable[int]) -> int:
    """Bytes of memory that the processes have between them (PSS); those that ended count none."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        pss = next((line for line in text.splitlines() if line.startswith("Pss:")), "Pss: 0 kB")
        total += 1024 * int(pss.split()[1])
    return total


def write(name: str, rows: list[dict[str, Any]]) -> Path:
    """Write NAME.csv among the results, each row with today's date and this machine."""
    stamp = {"date": dt.datetime.now(tz=dt.UTC).date().isoformat(), "machine": machine()}
    path = RESULTS / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(stamp | rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**stamp, **row} for row in rows)
    for row in rows:
        print(*row.values(), sep="  ")
    return path
