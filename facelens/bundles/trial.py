"""A stranger's graph is opened and run in a process of its own first, bounded in memory and time.

Opening a graph computes what is constant in it, so a file of a kilobyte may ask for terabytes or
hours, and nothing stops ONNX Runtime from outside. This file is run as a script that imports
nothing of Facelens: `python trial.py JSON < graph`.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SECONDS = 20  # for opening it and ten faces; the embedded networks take 0.2 s
# Bytes beside several copies of the graph: parsed, optimised, packed for the processor.
MEMORY, COPIES = 1_000_000_000, 4
_MEMORY_EXIT = 3


def try_graph(
    graph: bytes,
    shapes: Sequence[Sequence[int]],
    where: object,
    *,
    options: dict[str, str],
    seconds: float = SECONDS,
) -> None:
    """Open a graph in a child process and run it on blank inputs of `shapes`, one after another.

    The memory is bounded on Linux only.

    Args:
        shapes: of the graph's only input. A dimension that the graph itself fixes is its own.
        where: what a sentence calls the graph.
        options: of the session.

    Raises:
        BundleError: it cannot be run, or not within the bounds.
    """
    from facelens.errors import BundleError

    asked = {
        "shapes": [list(shape) for shape in shapes],
        "options": options,
        "memory": MEMORY + COPIES * len(graph),
        "seconds": seconds,
    }
    try:
        # -P: a folder that happens to be the current one is no place to import from.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-P", str(Path(__file__)), json.dumps(asked)],
            input=graph, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=seconds,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BundleError(
            f"The graph of {where} takes longer than {seconds:.0f} s for a face; refused."
        ) from None
    if done.returncode == _MEMORY_EXIT:
        raise BundleError(f"The graph of {where} needs too much memory; refused.")
    if done.returncode:
        raise BundleError(f"The graph of {where} cannot be run.")


def main() -> int:
    """Run the graph of stdin as the argument says; the exit code is the outcome."""
    import numpy as np
    import onnxruntime

    asked = json.loads(sys.argv[1])
    graph = sys.stdin.buffer.read()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    for name, value in asked["options"].items():
        settings.add_session_config_entry(name, value)
    _bound(asked["memory"], int(asked["seconds"]) + 1)
    try:
        session = onnxruntime.InferenceSession(graph, settings, providers=["CPUExecutionProvider"])
        (given,) = session.get_inputs()
        kind = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}[given.type]
        for shape in asked["shapes"]:
            own = zip(given.shape, shape, strict=True)
            sides = [side if isinstance(side, int) else wanted for side, wanted in own]
            session.run(None, {given.name: np.zeros(sides, kind)})
    except MemoryError:
        return _MEMORY_EXIT
    except Exception as error:  # noqa: BLE001 - a hostile graph may raise anything
        text = str(error).lower()
        return _MEMORY_EXIT if "alloc" in text or "memory" in text else 1
    return 0


def _bound(memory: int, seconds: int) -> None:
    """Let this process take `memory` bytes more than it has, where the system can bound it.

    `seconds` of the processor are the end of it even if nobody is left to end it.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        pass


if __name__ == "__main__":
    sys.exit(main())
