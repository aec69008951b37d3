"""For how long the faces of a film have been in a state, each by its number."""

from collections.abc import Sequence

from facelens.tasks.base import State
from facelens.video.stream import Observation

# Seconds without a frame after which nobody knows what a face has done meanwhile.
GAP = 1.0


class Stopwatch:
    """Adds up, for each tracked face, the time between frames in both of which a state holds."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._since: dict[int, float] = {}  # of faces in the state: when they were last seen so
        self._spent: dict[int, float] = {}

    def note(self, seconds: float, seen: Sequence[Observation]) -> None:
        """Take note of what was seen at `seconds`."""
        for each in seen:
            if not self._state.holds(each.answer):
                self._since.pop(each.number, None)
                continue
            before = self._since.get(each.number, seconds)
            passed = max(seconds - before, 0.0)
            if passed <= GAP:
                self._spent[each.number] = self.spent(each.number) + passed
            self._since[each.number] = seconds

    def spent(self, number: int) -> float:
        """The seconds of face `number` so far."""
        return self._spent.get(number, 0.0)
