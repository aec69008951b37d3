"""What chose the settings of facelens/session.py: threads, waiting threads, batch size.

    python benchmarks/threads.py

Each setting runs in a process of its own, in turns with the others: a thread that spins takes time
from whoever comes next. Writes benchmarks/results/threads.csv.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from statistics import median
from typing import Any

import numpy as np
from measure import write

ROUNDS = 5
NETWORKS = ("mobilenet_v2", "resnet50")
BATCHES = (1, 2, 4, 8, 16, 32, 64)


def measure(network: str, threads: int, spinning: str, batch: int) -> dict[str, float]:
    """Milliseconds of one face by the clock and of the processor, and the most memory."""
    from unittest import mock

    from facelens import load_model, session

    with mock.patch.dict(session.options(), {session.SPINNING: spinning}):
        os.environ["FACELENS_THREADS"] = str(threads)
        model = load_model(network)
        crops = np.random.default_rng(0).integers(0, 256, (batch, 218, 178, 3), dtype=np.uint8)
        for _ in range(3):
            model.batch(crops)
    times, used = [], time.process_time()
    turns = max(4, 64 // batch)
    for _ in range(turns):
        start = time.perf_counter()
        model.batch(crops)
        times.append(time.perf_counter() - start)
        time.sleep(0.01)  # as between two photos: what spins goes on here
    used = time.process_time() - used
    return {
        "milliseconds": 1000 * median(times) / batch,
        "processor_ms": 1000 * used / turns / batch,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        network, threads, spinning, batch = args.child
        print(json.dumps(measure(network, int(threads), spinning, int(batch))))
        return
    counts = sorted({1, len(os.sched_getaffinity(0))})
    ways = [
        (net, n, spin, 1)
        for net in NETWORKS
        for n in counts
        for spin in "01"
        if n > 1 or spin < "1"
    ]
    ways += [(NETWORKS[0], 1, "0", batch) for batch in BATCHES[1:]]
    taken: dict[tuple[str, int, str, int], list[dict[str, float]]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way in ways:
            said = subprocess.run(  # noqa: S603 - our own interpreter
                [sys.executable, __file__, "--child", *map(str, way)],
                check=True,
                capture_output=True,
                text=True,
            )
            taken[way].append(json.loads(said.stdout))
    rows: list[dict[str, Any]] = []
    for (network, threads, spinning, batch), found in taken.items():
        middle = {key: median(each[key] for each in found) for key in found[0]}
        rows.append(
            {
                "network": network,
                "threads": threads,
                "waiting": "spins" if spinning == "1" else "sleeps",
                "batch": batch,
                "milliseconds_a_face": f"{middle['milliseconds']:.2f}",
                "processor_ms_a_face": f"{middle['processor_ms']:.2f}",
                "peak_mb": round(middle["peak_mb"]),
            }
        )
    write("threads", rows)


if __name__ == "__main__":
    main()
