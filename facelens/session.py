"""One ONNX session: threads, options, which outputs."""

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime


@cache
def cores() -> int:
    """How many cores this process may really use: affinity, then the container's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:  # cgroup v2: "max 100000" or "150000 100000"
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            return max(1, min(allowed or 1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass
    return allowed or 1


def _wanted_threads() -> int:
    wanted = os.environ.get("FACELENS_THREADS", "")
    return int(wanted) if wanted.isdecimal() else 0


def open_session(
    source: str | Path | bytes, *, threads: int | None = None
) -> "onnxruntime.InferenceSession":
    """Open a graph on the CPU.

    Without `threads`: what `FACELENS_THREADS` says, else as many as there are cores, four at
    most. One photo is one small batch: beyond four threads waiting costs more than it saves.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or _wanted_threads() or min(cores(), 4)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would take the page's core while nothing is asked of the network.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    graph = source if isinstance(source, bytes) else str(source)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
