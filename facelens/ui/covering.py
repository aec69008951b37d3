"""The maps of the face on the page as it asks for them, covering in slices between other wishes."""

from time import perf_counter
from typing import TYPE_CHECKING

from facelens.explain.maps import TIMES, Occlusion, finer

if TYPE_CHECKING:
    import numpy as np

    from facelens.explain.maps import Evidence
    from facelens.tasks.classifier import Classifier
    from facelens.ui.heatmap import Heatmap

# A kernel takes one message after the other: a wish waits no longer than this, or one look.
SLICE = 0.05  # seconds


class Covering:
    """Occlusion sensitivity of one crop, uint8 (218, 178, 3), a slice at a time."""

    seconds = SLICE

    def __init__(self, model: "Classifier", crop: "np.ndarray") -> None:
        self._check = Occlusion(model, crop)
        self._model, self._crop = model, crop
        self.evidence: Evidence | None = None  # once all of it is there
        self.milliseconds = 0.0

    @property
    def progress(self) -> tuple[int, int]:
        """How many looks are done, and of how many."""
        return self._check.done, self._check.count

    def advance(self) -> "Evidence | None":
        """Go on for one slice, and return the map if that completes it."""
        start = perf_counter()
        while not self._check.complete:
            self._check.step()
            if perf_counter() - start > self.seconds:
                break
        self.milliseconds += 1000 * (perf_counter() - start)
        if self._check.complete and self.evidence is None:
            self.evidence = self._check.evidence()
        return self.evidence

    def answer(self, heatmap: "Heatmap", way: str, task: str = "") -> None:
        """Show on `heatmap` the map that was asked for, of another `task` than the page's own too.

        Covering takes several such wishes.
        """
        if way == "occlusion":
            if where := self.advance():
                heatmap.light(where, self.milliseconds, task)
            else:
                heatmap.cover(*self.progress, task)
        for kind in TIMES:
            if kind == way:
                start = perf_counter()
                where = finer(self._model, self._crop, kind)
                heatmap.light(where, 1000 * (perf_counter() - start), task)
