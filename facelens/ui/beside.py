"""What other tasks say beside a face that moves: a word each, its keypoints, and boxes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from facelens.errors import FacelensError
from facelens.faces import align
from facelens.faces.quality import covered_by
from facelens.tasks.base import Style
from facelens.ui import boxes
from facelens.ui.panel import titles

if TYPE_CHECKING:
    from facelens.tasks.base import Model, Task
    from facelens.ui.panel import Panels
    from facelens.video.stream import Observation


SHOWN = {"classes", "points", "boxes"}  # the views that have a part over the moving picture


class Beside:
    """The tasks that a visitor can turn on over the moving picture; their networks open then."""

    def __init__(self, tasks: "Sequence[Task]", panels: "Panels") -> None:
        self.tasks = {task.name: task for task in tasks if SHOWN & set(task.views)}
        self._panels = panels
        self._refused: set[str] = set()

    def offer(self) -> list[dict[str, str]]:
        """What the page says of each, and which `warning` it can give."""
        return [
            titles(task)
            | ({"warning": task.state.warning} if task.state and task.state.warning else {})
            for task in self.tasks.values()
        ]

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
        """Each task's leading word about a face, keypoints in pixels of its crop, and hints."""
        hints = seen.face.hints
        words: list[dict[str, Any]] = []
        points: list[list[float]] = []
        for name, answer in seen.others.items():
            task = self.tasks[name]
            if cover := task.covers(answer):
                hints = covered_by(hints, cover)
            found = task.words(self._panels.model_of(task), seen.face, answer, Style(brief=True))
            if found:
                word = max(found, key=lambda each: each.value)
                words.append({"label": word.label, "value": word.value, "verdict": word.verdict})
            if "points" in task.views:
                points += align.apply(seen.face.warp, answer.points).round(1).tolist()
        return {"words": words, "points": points, "hints": list(hints)}

    def found(
        self, faces: "Sequence[Observation]", found: "Mapping[str, Sequence[Observation]]"
    ) -> dict[str, Any]:
        """What tasks that see the photo have `found`, and of which tasks somebody is in the state.

        `boxes`: in pixels of the frame, each with the number of the one of `faces` that it is.
        """
        drawn = []
        for name, seen in found.items():
            task, model = self.tasks[name], self._panels.model_of(self.tasks[name])
            kinds = boxes.kinds(task, model)
            for each in seen:
                said = boxes.said(task, model, each.answer)
                faced = (face.number for face in faces if face.others.get(name) is each.answer)
                place = [round(float(side), 1) for side in each.answer.box]
                drawn.append({
                    "task": name, "number": each.number, "face": next(faced, None), "box": place,
                    "kind": said["kind"], "verdict": said["verdict"], **kinds[said["kind"]],
                })  # fmt: skip
        answers = [(name, each.answer) for name, seen in found.items() for each in seen]
        answers += [pair for face in faces for pair in face.others.items()]
        holds = {
            name: task.state.holds for name, task in self.tasks.items() if task.state is not None
        }
        states = {name for name, answer in answers if name in holds and holds[name](answer)}
        return {"boxes": drawn, "states": sorted(states)}
