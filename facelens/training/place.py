"""Whether a run can be computed and written where it was asked for."""

from contextlib import suppress
from pathlib import Path

import torch

from facelens.errors import DataError
from facelens.files import writing


def check_place(out: Path, device: str | None) -> None:
    """Say that there is no such `device`, or that `out` cannot be made, before faces are read.

    A folder that is made to find out does not stay: what comes next may fail.
    """
    try:
        torch.zeros(1, device=device or "cpu")
    except (RuntimeError, AssertionError) as error:
        raise DataError(f"There is no device {device!r} here; try cpu.") from error
    made = [path for path in (out, *out.parents) if not path.exists()]
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    for path in made:
        with suppress(OSError):  # somebody has written into it meanwhile
            path.rmdir()
