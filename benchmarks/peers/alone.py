"""One way of doing a job, alone in a process of its own: how soon, how large.

    python -m peers.alone MODULE:WAY CORES FOLDER
    python -m peers.alone installed NAME...

A way is a function that takes the folder with its files and the number of cores, makes everything
ready and gives the job as a function without arguments. Its process prints what was measured as a
line of JSON. `in_rounds` starts such processes, in turns. The second form prints the bytes of the
distributions named.
"""

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import distribution
from math import nan
from pathlib import Path
from statistics import median
from typing import Any

Job = Callable[[], Any]
BENCHMARKS = Path(__file__).parents[1]
WARM_SECONDS, SECONDS = 0.5, 1.5
POOLS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "FACELENS_THREADS")


def python() -> Path:
    """Find the peers' Python, or say how to make one."""
    found = os.environ.get("FACELENS_PEERS")
    if not found:
        sys.stderr.write(
            "The peers have an environment of their own: python -m venv .venv-peers && "
            ".venv-peers/bin/pip install -r benchmarks/peers/requirements.txt, then set "
            "FACELENS_PEERS=.venv-peers/bin/python.\n"
        )
        raise SystemExit(2)
    # Its link is not followed: the environment is known by where the link lies.
    return Path(found).absolute()


def run(interpreter: str | Path, *arguments: str | Path, **environ: str) -> str:
    """Run `python -m` in an environment and give what it printed last."""
    paths = os.environ | {"PYTHONPATH": str(BENCHMARKS)} | environ
    done = subprocess.run(  # noqa: S603 - interpreters that the caller names
        [interpreter, "-m", *arguments], env=paths, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or "no word").splitlines()[-1])
    return (done.stdout.splitlines() or [""])[-1]


def in_rounds(
    ways: Mapping[str, tuple[str | Path, str]],
    folder: Path,
    *,
    rounds: int,
) -> dict[tuple[str, int], dict[str, Any]]:
    """Measure each way (its Python, and MODULE:WAY) on so many cores, all taken in turns.

    Gives medians over the rounds; of `ready`, which caches shorten, the first. A way that fails
    has `failed`, the last line that it said, and no numbers.
    """
    there = len(os.sched_getaffinity(0))
    seen: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for turn in range(rounds):
        for name, (interpreter, way) in ways.items():
            for count in sorted({there, 1}, reverse=True):
                pools = dict.fromkeys(POOLS, str(count))
                # torch.compile keeps what it made: for this run of the benchmark, no longer.
                pools |= {"TORCHINDUCTOR_CACHE_DIR": str(folder / f"inductor{count}")}
                try:
                    told = run(interpreter, "peers.alone", way, str(count), folder, **pools)
                except RuntimeError as error:
                    told = json.dumps({"failed": str(error)})
                print(turn + 1, name, count, told, flush=True)
                seen.setdefault((name, count), []).append(json.loads(told))
    return {key: _middle(measured) for key, measured in seen.items()}


def _middle(measured: list[dict[str, Any]]) -> dict[str, Any]:
    good = [each for each in measured if "failed" not in each]
    if not good:
        return dict.fromkeys(("seconds", "cpu_seconds", "ready", "peak_bytes"), nan) | measured[0]
    middle = {what: median(each[what] for each in good) for what in good[0]}
    return middle | {"ready": good[0]["ready"]}


def installed(*names: str) -> int:
    """Bytes of the files that distributions have brought."""
    files = [file for name in names for file in distribution(name).files or []]
    return sum(Path(file.locate()).stat().st_size for file in files if file.locate().exists())


def measured(way: str, cores: int, folder: Path) -> dict[str, float]:
    """Take a way's median, in this process.

    The peak is the kernel's VmHWM: what getrusage tells begins with the parent's peak.
    """
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    start = time.perf_counter()
    module, _, name = way.partition(":")
    job = getattr(importlib.import_module(module), name)(folder, cores)
    first = _taken(job, 0)
    ready = time.perf_counter() - start
    _taken(job, WARM_SECONDS - sum(first))
    cpu = time.process_time()
    taken = _taken(job, SECONDS)
    cpu = (time.process_time() - cpu) / len(taken)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return {
        "seconds": median(taken),
        "cpu_seconds": cpu,
        "ready": ready,
        "peak_bytes": 1024 * int(peak),
    }


def _taken(job: Job, seconds: float) -> list[float]:
    """Seconds of each call, until together they are over `seconds`."""
    taken: list[float] = []
    while sum(taken) <= seconds:
        start = time.perf_counter()
        job()
        taken.append(time.perf_counter() - start)
    return taken


if __name__ == "__main__":
    if sys.argv[1] == "installed":
        raise SystemExit(print(installed(*sys.argv[2:])))
    told = measured(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    # Servers' threads and compilers' workers would have to be waited for.
    os._exit(0)
