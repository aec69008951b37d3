"""What other tasks say beside a face that moves: one word each, and where its keypoints lie."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from facelens.errors import FacelensError
from facelens.faces import align
from facelens.tasks.base import Style
from facelens.ui.panel import titles

if TYPE_CHECKING:
    from facelens.tasks.base import Model, Task
    from facelens.ui.panel import Panels
    from facelens.video.stream import Observation


class Beside:
    """The tasks that a visitor can turn on over the moving picture; their networks open then."""

    def __init__(self, tasks: "Sequence[Task]", panels: "Panels") -> None:
        self.tasks = {task.name: task for task in tasks if {"classes", "points"} & set(task.views)}
        self._panels = panels
        self._refused: set[str] = set()

    def offer(self) -> list[dict[str, str]]:
        """What the page says of each."""
        return [titles(task) for task in self.tasks.values()]

    def models(self, wanted: Sequence[str]) -> "tuple[dict[str, Model], FacelensError | None]":
        """The networks of the `wanted` tasks; an error if one cannot be opened, once."""
        found, trouble = {}, None
        for name in wanted:
            if name in self.tasks and name not in self._refused:
                try:
                    found[name] = self._panels.model_of(self.tasks[name])
                except FacelensError as error:
                    self._refused.add(name)
                    trouble = error
        return found, trouble

    def said(self, seen: "Observation") -> dict[str, Any]:
        """The leading word of each task about a face, and keypoints in pixels of its crop."""
        words: list[dict[str, Any]] = []
        points: list[list[float]] = []
        for name, answer in seen.others.items():
            task = self.tasks[name]
            found = task.words(self._panels.model_of(task), seen.face, answer, Style(brief=True))
            if found:
                word = max(found, key=lambda each: each.value)
                words.append({"label": word.label, "value": word.value, "verdict": word.verdict})
            if "points" in task.views:
                points += align.apply(seen.face.warp, answer.points).round(1).tolist()
        return {"words": words, "points": points}
