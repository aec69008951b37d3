"""What a training says while it runs: a line an epoch, with the time that is left for the whole."""

import logging
from collections.abc import Sequence
from typing import Any

from fastai.callback.core import Callback

from facelens.training import processes
from facelens.training.record import Record

log = logging.getLogger(__name__)

_PLACE = {"stage", "epoch", "seconds"}


class Clock:
    """Estimates the seconds that a run still takes.

    Args:
        costs: what each epoch of the whole run costs beside the others, in order.
    """

    def __init__(self, costs: Sequence[float]) -> None:
        self.costs = list(costs)
        self.seconds = self.paid = 0.0

    def after(self, epoch: int, seconds: float) -> float:
        """What is left after the epoch, counted over all stages, that took so many seconds."""
        self.seconds += seconds
        self.paid += self.costs[epoch]
        return self.seconds / self.paid * sum(self.costs[epoch + 1 :])


class Report(Callback):
    """Log a line for each row that `record` has measured.

    Args:
        first: number of the stage's first epoch, counted over all stages.
    """

    order = 79  # when the checkpoint is safe

    def __init__(self, record: Record, clock: Clock, first: int = 0) -> None:
        self.record, self.clock, self.first = record, clock, first

    def after_epoch(self) -> None:
        row = self.record.row
        if row is None or processes.rank():
            return
        number = self.first + self.epoch
        left = self.clock.after(number, float(row["seconds"]))
        log.info("%s", line(row, number, len(self.clock.costs), left))


def line(row: dict[str, Any], number: int, epochs: int, left: float) -> str:
    """A row of the history for a person; `number` from 0, `left` in seconds."""
    figures = ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in row.items()
        if name not in _PLACE and value != ""
    )
    end = f"about {duration(left)} left" if number + 1 < epochs else "the last epoch"
    return f"Epoch {number + 1} of {epochs}: {figures}; {duration(row['seconds'])}, {end}."


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
