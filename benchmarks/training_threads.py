"""How torch's threads should wait in training: spinning or asleep, on cores that others use too.

    python benchmarks/training_threads.py [--network resnet50] [--size 64x56] [--seconds 15]

Each way trains on random pictures in a process of its own, with and without another program that
computes on every core meanwhile, in turns. Writes benchmarks/results/training_threads.csv. With
--kept DIR every measurement is kept in a file there, so that the same command resumes where an
interrupted one stopped, or one that --minutes N stopped. Needs the extra `train`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from measure import QUICK, write

from facelens.files import write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 2 if QUICK else 32
WAITS = {
    "spinning": {"OMP_WAIT_POLICY": "ACTIVE"},
    "asleep": {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"},
}
BUSY = "while True: sum(range(10**6))"


def measure(network: str, size: tuple[int, int], threads: int, seconds: float) -> float:
    """Pictures a second that a network learns from."""
    import torch
    from torch.nn import functional as F  # noqa: N812

    from facelens.training.network import build
    from facelens.training.optimizer import adamw, split

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    net = build(network, 40, from_scratch=True, fine_maps=False)
    net = net.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pictures = torch.randn(BATCH, 3, *size).contiguous(memory_format=torch.channels_last)
    answers, optimizer = torch.rand(BATCH, 40).round(), adamw(split(net), lr=1e-4)

    def step() -> None:
        F.binary_cross_entropy_with_logits(net(pictures), answers).backward()
        optimizer.step()
        optimizer.zero_grad()

    step()
    begun, steps = time.perf_counter(), 0
    while not steps or time.perf_counter() - begun < seconds:
        step()
        steps += 1
    return steps * BATCH / (time.perf_counter() - begun)


@contextmanager
def company(others: int) -> "Iterator[None]":
    """Have `others` processes compute meanwhile."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(others)]  # noqa: S603
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def trained(network: str, size: str, seconds: float, case: tuple[int, str, int]) -> float:
    """Pictures a second of one case, in a process of its own."""
    threads, waits, others = case
    with company(others):
        said = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-W", "ignore", __file__, "--network", network, "--size", size,
             "--seconds", str(seconds), "--child", str(threads)],
            env={**os.environ, **WAITS[waits]}, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    return float(json.loads(said.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="resnet18" if QUICK else "resnet50")
    parser.add_argument("--size", default="64x56")
    parser.add_argument("--seconds", type=float, default=0.1 if QUICK else 15)
    parser.add_argument("--rounds", type=int, default=1 if QUICK else 3)
    parser.add_argument("--kept", type=Path, metavar="DIR")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.minutes < float("inf") and not args.kept:
        parser.error("--minutes needs --kept DIR, where the next run finds what is measured")
    height, width = map(int, args.size.split("x"))
    if args.child:
        print(json.dumps(measure(args.network, (height, width), args.child, args.seconds)))
        return
    end = time.monotonic() + 60 * args.minutes
    cores = len(os.sched_getaffinity(0))
    ways = [(1, "asleep"), *((cores, waits) for waits in WAITS if cores > 1)]
    # On a busy machine threads that spin would take minutes to show that they run.
    busy = 1 if QUICK else cores
    cases = [(*way, others) for others in (0, busy) for way in ways]
    file = args.kept and args.kept / "training_threads.json"
    kept: dict[str, float] = json.loads(file.read_text()) if file and file.is_file() else {}
    taken: dict[tuple[int, str, int], list[float]] = {case: [] for case in cases}
    for turn in range(args.rounds):
        for case in cases:
            key = " ".join(map(str, (args.network, args.size, args.seconds, *case, turn)))
            if key not in kept:
                if time.monotonic() >= end:
                    done = sum(map(len, taken.values()))
                    print(f"{done} of {args.rounds * len(cases)} are measured: the same again.")
                    return
                kept[key] = trained(args.network, args.size, args.seconds, case)
                if file:
                    write_text(file, json.dumps(kept))
            taken[case].append(kept[key])
    write(
        "training_threads",
        [
            {
                "network": args.network,
                "size": args.size,
                "threads": threads,
                "waits": waits,
                "other_programs": others,
                "images_per_second": f"{median(rates):.1f}",
            }
            for (threads, waits, others), rates in taken.items()
        ],
    )


if __name__ == "__main__":
    main()
