"""How good and how fast each offered network is, as its own bundle says."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facelens.tasks.config import Config

SPLITS = {"test": "test", "valid": "validation"}


@dataclass(frozen=True)
class Strength:
    """A network's mean accuracy with its 95 % interval, 0 to 1, and its speed.

    `split`, `faces`, `data`: what it was measured on. `milliseconds`: of a face on one core of
    `machine`, None if nobody has measured it.
    """

    accuracy: float
    low: float
    high: float
    split: str
    faces: int
    data: str
    milliseconds: float | None = None
    machine: str = ""

    @property
    def measured_on(self) -> tuple[str, str, int]:
        """Only figures of the same faces can be compared."""
        return self.data, self.split, self.faces


def strength_of(config: "Config") -> Strength | None:
    """What the metrics of a bundle say; a bundle from the Hub may say anything, or nothing."""
    for split, title in SPLITS.items():
        found = _part(config.metrics, split)
        value, low, high = (
            _number(_part(found, "overall", "accuracy").get(key), 1)
            for key in ("value", "low", "high")
        )
        faces = _number(found.get("faces"), 1e9)
        if value is None or low is None or high is None or faces is None:
            continue
        speed = _part(config.metrics, "speed")
        milliseconds = _number(speed.get("milliseconds"), 1e6)
        return Strength(
            value, low, high, title, int(faces), str(config.data.get("name") or "its data")[:100],
            milliseconds, "" if milliseconds is None else str(speed.get("machine", ""))[:100],
        )  # fmt: skip
    return None


def compared(found: Mapping[str, Strength]) -> dict[str, dict[str, Any]]:
    """The figures of each network for the page.

    `standing`: "weaker" where the whole interval is below that of the best network measured on the
    same faces, "best" for that one if another is weaker, else "".
    """
    told = {}
    for name, own in found.items():
        rivals = [each for each in found.values() if each.measured_on == own.measured_on]
        best = max(rivals, key=lambda each: each.accuracy)
        standing = "weaker" if own.high < best.low else ""
        if own is best and any(each.high < own.low for each in rivals):
            standing = "best"
        told[name] = {**asdict(own), "standing": standing}
    return told


def _part(values: Any, *keys: str) -> dict[str, Any]:
    """A part of nested tables, empty where there is none."""
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values if isinstance(values, dict) else {}


def _number(value: Any, most: float) -> float | None:
    """A number from 0 to `most`, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= most else None
