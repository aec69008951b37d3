"""What int8 says, and costs, on a processor that cannot multiply bytes at once (without VNNI).

    python benchmarks/vnni.py

Valgrind emulates such a processor: it has AVX2 and nothing newer. There the network answers for the
example with and without the option that keeps sums from overflowing; the difference is to what
this machine's own processor says. Times are of this processor alone: valgrind computes fused
multiplications in software, so its own say nothing. Needs valgrind and the extra `train`, and
five minutes. Writes benchmarks/results/vnni.csv.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from unittest import mock

import numpy as np
from measure import EXAMPLE, write

from facelens import find_faces, load_model, read_photo
from facelens.bundles import session
from facelens.bundles.session import open_session
from facelens.tasks.attributes.training.export import write_exact

HERE = "this processor"


def answer(graph: str, crop: str, careful: str, passes: int) -> dict[str, object]:
    """Logits of one crop, and the processor's seconds of a pass."""
    with mock.patch.dict(session.options(), {session.CAREFUL: careful}):
        network = open_session(graph, threads=1)
    crops = np.load(crop)
    taken = []
    for _ in range(1 + passes):
        start = time.process_time()
        logits = network.run(["logits"], {"crops": crops})[0]
        taken.append(time.process_time() - start)
    return {"seconds": median(taken[1:]), "logits": logits[0].tolist()}


def run(command: list[str], *arguments: str) -> dict[str, object]:
    passes = "1" if command else "40"  # under emulation every pass takes the same
    said = subprocess.run(  # noqa: S603 - our own interpreter
        [*command, sys.executable, __file__, "--child", *arguments, passes],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(said.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        graph, crop, careful, passes = args.child
        print(json.dumps(answer(graph, crop, careful, int(passes))))
        return
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise SystemExit("valgrind is not installed: apt-get install valgrind")
    emulated = [valgrind, "-q", "--tool=none"]
    model = load_model()
    graph = str(model.bundle.folder / "model.onnx")
    with tempfile.TemporaryDirectory() as folder:
        crop, plain = str(Path(folder) / "crop.npy"), str(Path(folder) / "plain.onnx")
        np.save(crop, find_faces(read_photo(EXAMPLE))[0].crop[None])
        write_exact(model.bundle, Path(plain))
        told = {
            f"{HERE}, int8": run([], graph, crop, "0"),
            f"{HERE}, int8 with care": run([], graph, crop, "1"),
            f"{HERE}, float32": run([], plain, crop, "1"),
            "without VNNI, int8 with care": run(emulated, graph, crop, "1"),
            "without VNNI, int8": run(emulated, graph, crop, "0"),
            "without VNNI, float32": run(emulated, plain, crop, "1"),
        }
    rows = []
    for way, said in told.items():
        group, _, kind = way.partition(", ")
        beside = told[f"{group}, float32"]
        same = told[f"{HERE}, float32" if kind == "float32" else f"{HERE}, int8"]
        away = np.abs(np.subtract(said["logits"], same["logits"])).max()
        rows.append(
            {
                "processor": group,
                "graph": kind,
                "times_as_fast_as_float32": (
                    f"{beside['seconds'] / said['seconds']:.2f}" if group == HERE else ""
                ),
                "largest_difference_of_a_logit": f"{away:.4f}",
            }
        )
    write("vnni", rows)


if __name__ == "__main__":
    main()
