"""Whether a run can be computed and written where it was asked for."""

from pathlib import Path

import torch

from facelens.errors import DataError
from facelens.files import writing


def check_place(out: Path, device: str | None) -> None:
    """Say that there is no such `device`, or that `out` cannot be made, before faces are read."""
    try:
        torch.zeros(1, device=device or "cpu")
    except (RuntimeError, AssertionError) as error:
        raise DataError(f"There is no device {device!r} here; try cpu.") from error
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
