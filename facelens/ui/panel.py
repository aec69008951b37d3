"""Where the panels of other tasks are hung: a page of one network, and of others beside it.

A task names its panel in `Task.views`: `facelens/ui/NAME.py` has it as PANEL. It is offered each
face, and asks about it once it comes into sight; only then is the task's network opened.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING, Any

from facelens.faces import align
from facelens.faces.quality import covered_by
from facelens.report.report import Further
from facelens.tasks import load_model
from facelens.tasks.base import Style
from facelens.ui._view import View
from facelens.ui.covering import Covering

if TYPE_CHECKING:
    from facelens.faces import Face
    from facelens.photo import Photo
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.base import Model, Task
    from facelens.tasks.classifier import Prediction
    from facelens.ui.heatmap import Heatmap

# What of `Task.views` the page itself is made of; any other is a panel.
OF_THE_PAGE = {"board", "heatmap", "layers", "points"}


@dataclass(frozen=True, eq=False)
class Scene:
    """What is on the page: face `index` of `faces`, and what the page's own `model` answers.

    `key`: a name for it, another one for each face, photo and network. Where no face was found
    there is neither index nor answer. In `faces` a face may be replaced by itself with more hints.
    """

    key: str
    photo: "Photo"
    faces: "list[Face]"
    index: int | None = None
    model: "AttributeModel | None" = None
    answer: "Prediction | None" = None

    @property
    def face(self) -> "Face | None":
        """The face that the page is turned to."""
        return None if self.index is None else self.faces[self.index]


class Panel(View):
    """What another task says of the face on the page.

    `on_ask(panel, key)` hears that the panel is in sight and wants the answer about a scene.
    """

    def __init__(self, task: "Task", on_ask: "Callable[[Panel, str], None]") -> None:
        super().__init__()
        self.task = task
        self._on_ask = on_ask
        self.add_class("facelens-panel")

    def offer(self, scene: Scene) -> None:
        """Say that there is a face to be asked about."""
        self._shown.clear()
        self.show("offer", {"key": scene.key, **titles(self.task)})

    def wants(self, scene: Scene) -> bool:
        """Whether there is something in a scene that the task can be asked about."""
        return scene.face is not None

    def stays(self, scene: Scene) -> Any | None:
        """What has been answered already, if it holds for this scene too; None otherwise."""
        del scene
        return None

    def answer(self, scene: Scene, model: "Model") -> Any:
        """Ask `model`, the task's network, about a scene."""
        (answer,) = model.predict([scene.face], maps="heatmap" in self.task.views)  # type: ignore[list-item]
        return answer

    def of(self, face: "Face", answer: Any) -> Any | None:
        """What of an answer is about one face; None if nothing is."""
        del face
        return answer

    @abstractmethod
    def read(self, scene: Scene, model: "Model", answer: Any) -> None:
        """Show what `model` answers about a scene."""

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:  # noqa: ARG002
        """Pass the wish for an answer on."""
        if kind == "ask":
            self._on_ask(self, str(content["key"]))


class Panels:
    """The page's other tasks: a panel for each that has one, and their networks.

    Args:
        tasks: those of the page.
        heatmap: the view that can show the maps of other networks too.
        on_cover: hears that an answer says of faces on the page that something covers them, which
            is among their hints by then.
    """

    def __init__(
        self, tasks: "Sequence[Task]", heatmap: "Heatmap", on_cover: Callable[[], None]
    ) -> None:
        self._heatmap, self._on_cover = heatmap, on_cover
        self._scene: Scene | None = None
        self._models: dict[str, Model] = {}
        self._answers: dict[str, tuple[Task, Model, Any]] = {}
        self._coverings: dict[str, Covering] = {}
        self._points = next((task for task in tasks if "points" in task.views), None)
        self.views: list[Panel] = [
            import_module(f"facelens.ui.{view}").PANEL(task, self.ask)
            for task in tasks
            for view in task.views
            if view not in OF_THE_PAGE
        ]

    @property
    def have_points(self) -> bool:
        """Whether one of the tasks finds keypoints."""
        return self._points is not None

    def turn(self, scene: Scene) -> None:
        """Turn to another face, or to what another network reads in it."""
        self._scene = scene
        self._answers, self._coverings = {}, {}
        for view in self.views:
            if (answer := view.stays(scene)) is not None:
                self._take(view, scene, self.model_of(view.task), answer)
            elif view.wants(scene):
                view.offer(scene)
            else:
                view.clear()

    def clear(self) -> None:
        """Forget the face."""
        self._scene = None
        self._answers, self._coverings = {}, {}
        for view in self.views:
            view.clear()

    def model_of(self, task: "Task") -> "Model":
        """The embedded network of a task, opened when it is first asked."""
        if task.name not in self._models:
            self._models[task.name] = load_model(task=task.name)
        return self._models[task.name]

    def overwrite(self, black: "Photo") -> None:
        """Have the networks that were opened see black, since they keep buffers of their own.

        Args:
            black: of the size of the photo that is forgotten.
        """
        for view in self.views:
            if view.task.sees == "photo" and (model := self._models.get(view.task.name)):
                model.predict([black.pixels])
        for model in self._models.values():
            model.check()

    def ask(self, view: Panel, key: str) -> None:
        """Answer a panel about the scene called `key`, if that is still on the page."""
        scene, task = self._scene, view.task
        if scene is None or key != scene.key:
            return
        model = self.model_of(task)
        start = perf_counter()
        answer = view.answer(scene, model)
        spent = 1000 * (perf_counter() - start)
        view.read(scene, model, answer)
        self._take(view, scene, model, answer)
        if "heatmap" in task.views and scene.face is not None:
            self._coverings[task.name] = Covering(model, scene.face.crop)  # type: ignore[arg-type]
            self._heatmap.also(task, model, answer, spent)  # type: ignore[arg-type]

    def _take(self, view: Panel, scene: Scene, model: "Model", answer: Any) -> None:
        """Keep what is said of the face on the page, and note what covers the faces."""
        if scene.face is None:
            return
        mine = view.of(scene.face, answer)
        if mine is not None:
            self._answers[view.task.name] = view.task, model, mine
        if not self._note_covers(view, scene.faces, answer):
            return
        self._on_cover()
        for other in self.views:  # what they have said of the face is doubtful by now
            if other is not view and other.task.name in self._answers:
                other.read(scene, *self._answers[other.task.name][1:])

    def _note_covers(self, view: Panel, faces: "list[Face]", answer: Any) -> bool:
        """Add what covers each face to its hints; whether any is new."""
        before = list(faces)
        for i, face in enumerate(before):
            mine = view.of(face, answer)
            cover = "" if mine is None else view.task.covers(mine)
            if cover and cover not in face.hints:
                faces[i] = replace(face, hints=covered_by(face.hints, cover))
        return any(now is not then for now, then in zip(faces, before, strict=True))

    def look_again(self, way: str, task: str) -> None:
        """Ask in another `way` where the network of another task looks."""
        if task in self._coverings:
            self._coverings[task].answer(self._heatmap, way, task)

    def further(self) -> list[Further]:
        """What the panels that were in sight say of the face, for a report."""
        if self._scene is None or (face := self._scene.face) is None:
            return []
        style = Style()
        return [
            Further(
                task=task.name,
                model=model.title,
                sentence=task.sentence(model, face, answer, style) if task.sentence else "",
                caution=task.caution,
                words=tuple(task.words(model, face, answer, style)),
            )
            for task, model, answer in self._answers.values()
        ]

    def locate(self) -> None:
        """Show the keypoints of the face that is on the page."""
        if self._scene is None or (face := self._scene.face) is None or self._points is None:
            return
        model = self.model_of(self._points)
        (found,) = model.predict([face])
        self._heatmap.mark(align.apply(face.warp, found.points), found, model)  # type: ignore[arg-type]


def titles(task: "Task") -> dict[str, str]:
    """What the page calls a task, and what has to be known before its answers are used."""
    title = task.title or task.name.capitalize()
    return {"task": task.name, "title": title, "caution": task.caution}
