"""What a task that sees the photo finds in it: boxes with letters, and what a threshold means.

Moving the threshold asks nothing: the page has every box from `LEAST` on.
"""

from typing import TYPE_CHECKING, Any

from facelens.tasks.base import Model, Style
from facelens.tasks.road import same_face
from facelens.ui._view import jpeg, script, source
from facelens.ui.panel import Panel, Scene
from facelens.ui.picture import LONGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facelens.faces import Face
    from facelens.photo import Photo
    from facelens.tasks.base import Task

LEAST = 0.05  # the lowest threshold that the page offers


class Boxes(Panel):
    """Show what one task finds in the photo that is on the page."""

    _esm = script("boxes")
    _css = source("shared.css", "boxes.css")
    _photo: "Photo | None" = None
    _found: "Sequence[Any]" = ()
    _threshold = 0.0

    def wants(self, scene: Scene) -> bool:
        """A photo without a face for the page's detector may have one for this task."""
        del scene
        return True

    def stays(self, scene: Scene) -> "Sequence[Any] | None":
        """What was found holds for every face of the photo."""
        return self._found if scene.photo is self._photo else None

    def answer(self, scene: Scene, model: Model) -> "Sequence[Any]":
        """Every box from `LEAST` on, the largest first."""
        self._threshold = model.config.min_score  # type: ignore[attr-defined]
        (found,) = model.predict([scene.photo.pixels], min_score=LEAST)  # type: ignore[call-arg]
        return list(found)

    def of(self, face: "Face", answer: "Sequence[Any]") -> Any | None:
        """The box of one face, of those that the bundle's own threshold leaves."""
        return same_face(face, [each for each in answer if each.confidence >= self._threshold])

    def read(self, scene: Scene, model: Model, answer: "Sequence[Any]") -> None:
        """Show the photo with its boxes."""
        self._photo, self._found = scene.photo, answer
        wide, high = scene.photo.width, scene.photo.height
        content = {
            "key": scene.key,
            "model": model.title,
            "width": wide,
            "height": high,
            "boxes": [
                {
                    "box": [
                        each.box.x / wide,
                        each.box.y / high,
                        each.box.w / wide,
                        each.box.h / high,
                    ],
                    **said(self.task, model, each),
                }
                for each in answer
            ],
            **legend(self.task, model),
        }
        self.show("boxes", content, [jpeg(scene.photo.pixels, longest=LONGEST)])

    def clear(self) -> None:
        """Forget the photo."""
        super().clear()
        self._photo, self._found = None, ()


PANEL = Boxes


def said(task: "Task", model: Model, found: Any) -> dict[str, Any]:
    """What is said of a box: `score`, `kind` in the order of the task's, `verdict`, `values`."""
    words = task.words(model, found, found, Style())
    values = [word.value for word in words]
    kind = max(range(len(values)), key=values.__getitem__)
    sentence = task.sentence(model, found, found, Style()) if task.sentence else ""
    return {
        "score": found.confidence,
        "kind": kind,
        "verdict": words[kind].verdict,
        "values": values,
        "sentence": " ".join([sentence, *found.hints]),
    }


def kinds(task: "Task", model: Model) -> list[dict[str, str]]:
    """The classes of the boxes of a task."""
    return [
        {"letter": kind.letter, "label": model.label(kind.name), "among": kind.among}
        for kind in task.kinds(model)
    ]


def legend(task: "Task", model: Model) -> dict[str, Any]:
    """What a photo's boxes are held against: classes, thresholds, and what each of these means.

    `curves`: as in the bundle's curves.json; None if nothing was measured.
    """
    curves = getattr(model, "curves", None)
    return {
        "kinds": kinds(task, model),
        "threshold": model.config.min_score,  # type: ignore[attr-defined]
        "least": LEAST,
        "curves": curves and curves.for_page(),
    }
