"""One ONNX session: threads, options and batch size, the trade-offs of speed and memory.

`python benchmarks/threads.py` measures these choices and writes threads.csv; `python
benchmarks/bulk.py` writes batch.csv, about batch sizes.
"""

import os
import platform
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime

# Crops per forward pass; the activations of a larger batch do not fit the processor's cache.
BATCH = 4
# Waking a thread takes longer than most layers. So threads spin while they wait for the next layer,
# but only for a millisecond: between two photos the cores are free for the page.
SPINNING = "session.intra_op.allow_spinning"
SPINNING_TIME = "session.intra_op.spin_duration_us"
# Without VNNI sums of int8 products overflow, unless ONNX Runtime uses its precise mode, which is
# half as fast on processors that do not need it: `python benchmarks/vnni.py`.
CAREFUL = "session.x64quantprecision"
_PROCESSOR = Path("/proc/cpuinfo")
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")  # version 2: "0::/user.slice/my.service"


@cache
def cores() -> int:
    """Number of cores that this process may use: its affinity, bounded by the container's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(allowed or 1, round(_quota(_CGROUPS))))


def _quota(groups: Path) -> float:
    """Cores that the control groups of a container or service grant; a million means no limit.

    Within a container its own group is the root. Elsewhere every group from the root down to this
    process's own may set a limit.
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
    """Number of threads: `FACELENS_THREADS`, else one per core, at most four.

    One photo is one small batch, too little work for more threads.
    """
    wanted = os.environ.get("FACELENS_THREADS", "")
    return (int(wanted) if wanted.isdecimal() else 0) or min(cores(), 4)


@cache
def options() -> dict[str, str]:
    """The session options of every graph, by name."""
    careful = "0" if _multiplies_bytes() else "1"
    return {SPINNING: "1", SPINNING_TIME: "1000", CAREFUL: careful}


def _multiplies_bytes() -> bool:
    """Whether the processor has an instruction for int8 dot products; False if unknown."""
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
    """Open a graph on the CPU with `threads` threads, by default `threads()`."""
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
    """The exceptions that ONNX Runtime raises for an invalid graph."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented",
             "RuntimeException")  # fmt: skip
    return tuple(getattr(state, name) for name in names)
