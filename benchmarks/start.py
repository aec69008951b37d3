"""A cold process: seconds to `import facelens`, and to the first answer for a photo.

    python benchmarks/start.py [--turns N]

Each way is a new process, timed until it prints its line; beside them stands what importing
`fastai.vision.all` alone takes, with the peers' Python (FACELENS_PEERS). Warm, files are in the
page cache; cold, the kernel is made to drop it before each start, which needs root and is left
out without. YuNet's file is named by FACELENS_DETECTOR. Writes benchmarks/results/start.csv.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from measure import EXAMPLE, in_turns, write
from peers import alone

from facelens.faces import detector_in_use

DROP = Path("/proc/sys/vm/drop_caches")
FASTAI = "from fastai.vision.all import *"
LINE = "print(0, flush=True)"
ANSWER = """
import facelens
faces = facelens.find_faces(facelens.read_photo({example!r}), detector={detector!r})
print(facelens.load_model().predict(faces)[0].probabilities.tolist(), flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7, help="starts of each way; cold, three")
    args = parser.parse_args()
    theirs, ours = str(alone.python()), sys.executable
    commands = {
        FASTAI: (theirs, f"{FASTAI}\n{LINE}"),
        "python alone": (ours, LINE),
        "import facelens": (ours, f"import facelens\n{LINE}"),
        "facelens, first answer with the cascades": (ours, answer("haar")),
    }
    if detector_in_use() == "yunet":
        commands["facelens, first answer with YuNet"] = (ours, answer(None))
    ways = {name: lambda c=command: started(*c) for name, command in commands.items()}
    seconds = {"warm": in_turns(ways, turns=args.turns, warm=1)}
    if can_drop():
        # Not in_turns: to drop the cache is no part of the time.
        cold = {name: [] for name in ways}
        for _ in range(3):
            for name, way in ways.items():
                drop()
                start = time.perf_counter()
                way()
                cold[name].append(time.perf_counter() - start)
        seconds["cold"] = {name: median(taken) for name, taken in cold.items()}
    write(
        "start",
        [
            {
                "way": name,
                "page_cache": cache,
                "seconds": f"{taken:.3f}",
                "share_of_import_fastai": f"{taken / middle[FASTAI]:.3f}",
            }
            for cache, middle in seconds.items()
            for name, taken in middle.items()
        ],
    )


def answer(detector: str | None) -> str:
    return ANSWER.format(example=str(EXAMPLE), detector=detector)


def started(python: str, code: str) -> None:
    """Run `code` in a new process until it has printed its line."""
    with subprocess.Popen([python, "-c", code], stdout=subprocess.PIPE) as process:  # noqa: S603
        line = process.stdout.readline()
        process.kill()  # how long it takes to leave is no part of the time
        if not line:
            raise RuntimeError(f"This came to nothing: {code}")


def can_drop() -> bool:
    try:
        drop()
    except OSError:
        return False
    return True


def drop() -> None:
    """Have the kernel forget the files that it has read."""
    os.sync()
    DROP.write_text("3")


if __name__ == "__main__":
    main()
