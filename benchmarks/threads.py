"""What chose the settings of facelens/bundles/session.py: threads, waiting threads, batch size.

    python benchmarks/threads.py

Each setting runs in a process of its own, in turns with the others. Between two answers lie ten
milliseconds, in which a thread that waits awake takes the processor for nothing. Writes
benchmarks/results/threads.csv.
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
from measure import QUICK, write

ROUNDS = 1 if QUICK else 3
NETWORKS = ("mobilenet_v2", "resnet50")[: 1 if QUICK else 2]
AWAKE = ("0", "100", "1000", "10000")  # microseconds that a thread waits before it sleeps
BATCHES = (1, 2, 4, 8, 16, 32, 64)[: 2 if QUICK else 7]


def measure(network: str, threads: int, awake: str, batch: int) -> dict[str, float]:
    """Milliseconds of one face by the clock and of the processor, and the most memory."""
    from unittest import mock

    from facelens import load_model
    from facelens.bundles import session

    how = {session.SPINNING: str(int(awake != "0")), session.SPINNING_TIME: awake}
    with mock.patch.dict(session.options(), how):
        os.environ["FACELENS_THREADS"] = str(threads)
        model = load_model(network)
        crops = np.random.default_rng(0).integers(0, 256, (batch, 218, 178, 3), dtype=np.uint8)
        for _ in range(3):
            model.predict(crops)
    times, used = [], time.process_time()
    turns = max(4, 64 // batch)
    for _ in range(turns):
        start = time.perf_counter()
        model.predict(crops)
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
        network, threads, awake, batch = args.child
        print(json.dumps(measure(network, int(threads), awake, int(batch))))
        return
    counts = sorted({1, len(os.sched_getaffinity(0))})
    pools = [(1, "0"), *((n, awake) for n in counts if n > 1 for awake in AWAKE)]
    ways = [(network, *pool, 1) for network in NETWORKS for pool in pools]
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
    for (network, threads, awake, batch), found in taken.items():
        middle = {key: median(each[key] for each in found) for key in found[0]}
        rows.append(
            {
                "network": network,
                "threads": threads,
                "awake_us": awake,
                "batch": batch,
                "milliseconds_a_face": f"{middle['milliseconds']:.2f}",
                "processor_ms_a_face": f"{middle['processor_ms']:.2f}",
                "peak_mb": round(middle["peak_mb"]),
            }
        )
    write("threads", rows)


if __name__ == "__main__":
    main()
