"""One ONNX session: threads, options, batch size; everything that trades speed for memory.

`python benchmarks/threads.py` measures what is chosen here and writes threads.csv; batch.csv, of
`python benchmarks/bulk.py`, is about batches.
"""

import os
import platform
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime

# Crops in one pass of the network: with more, what the layers hand on no longer fits the cache.
BATCH = 4
# To wake a thread takes longer than most layers do. So threads wait awake for the next layer, for
# a thousandth of a second; then they sleep, and the page's cores are free between two photos.
SPINNING = "session.intra_op.allow_spinning"
SPINNING_TIME = "session.intra_op.spin_duration_us"
# Without VNNI sums of int8 products overflow, unless ONNX Runtime is told to be careful, which
# takes twice the time where it is not needed: `python benchmarks/vnni.py`.
CAREFUL = "session.x64quantprecision"
_PROCESSOR = Path("/proc/cpuinfo")
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")  # version 2: "0::/user.slice/my.service"


@cache
def cores() -> int:
    """How many cores this process may really use: affinity, then the container's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(allowed or 1, round(_quota(_CGROUPS))))


def _quota(groups: Path) -> float:
    """Cores that the control groups of a container or a service grant; a million means any.

    Within a container its own group is the root. Elsewhere each group on the way to this process's
    may bound it.
    """
    try:
        own = _OWN_GROUP.read_text().rpartition("::")[2].strip().strip("/")
    except OSError:
        own = ""
    within = [groups, *((groups / own).parents if own else ()), groups / own]
    return min(_quota_of(group) for group in within if group.is_relative_to(groups))


def _quota_of(groups: Path) -> float:
    try:  # version 2: "max 100000" or "150000 100000"
        most, period = (groups / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:  # version 1: -1 or 150000
            most = (groups / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (groups / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return 1e6
    try:
        share = int(most) / int(period)
    except (ValueError, ZeroDivisionError):  # "max" is no number
        return 1e6
    return share if share > 0 else 1e6


def threads() -> int:
    """How many threads compute: `FACELENS_THREADS`, else as many as there are cores, four at most.

    One photo is one small batch, which gives more threads than that little to do.
    """
    wanted = os.environ.get("FACELENS_THREADS", "")
    return (int(wanted) if wanted.isdecimal() else 0) or min(cores(), 4)


@cache
def options() -> dict[str, str]:
    """What ONNX Runtime is told of every graph, by name."""
    careful = "0" if _multiplies_bytes() else "1"
    return {SPINNING: "1", SPINNING_TIME: "1000", CAREFUL: careful}


def _multiplies_bytes() -> bool:
    """Whether the processor sums products of bytes in one instruction; False where unknown."""
    if platform.machine().lower() in ("arm64", "aarch64"):
        return True
    try:
        flags = next(
            line for line in _PROCESSOR.read_text().splitlines() if line.startswith("flags")
        )
    except (OSError, StopIteration):
        return False
    return not {"avx512_vnni", "avx_vnni"}.isdisjoint(flags.split())


def open_session(
    source: str | Path | bytes, *, threads: int | None = None
) -> "onnxruntime.InferenceSession":
    """Open a graph on the CPU, on `threads` threads or on as many as `threads()` says."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads or _default_threads()
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    for name, value in options().items():
        settings.add_session_config_entry(name, value)
    graph = source if isinstance(source, bytes) else str(source)
    return onnxruntime.InferenceSession(graph, settings, providers=["CPUExecutionProvider"])


_default_threads = threads


def failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises over a graph that is not sound."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented",
             "RuntimeException")  # fmt: skip
    return tuple(getattr(state, name) for name in names)
