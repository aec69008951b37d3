"""The page for a moving picture: the camera in the photo's place, a snapshot as the photo."""

from collections.abc import Sequence
from functools import cached_property
from math import hypot
from typing import Any

from facelens.photo import Photo, read_photo
from facelens.serve.offered import page_tasks
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.attributes.names import describe
from facelens.tasks.classifier import Prediction
from facelens.ui._view import PATIENCE, sentence_of
from facelens.ui.beside import Beside
from facelens.ui.camera import Camera
from facelens.ui.selfie import Selfie
from facelens.video.stream import LivePredictor, Observation


class Live(Selfie):
    """The camera's faces, followed and answered frame by frame; no frame is kept.

    The board and its thresholds are those of the dashboard. A snapshot is taken as a photo is, and
    the whole of the dashboard tells of it.
    """

    moving = True
    _predictor: LivePredictor | None = None
    _followed: str | None = None

    def _input(self) -> Camera:
        self._camera = Camera(self)
        return self._camera

    def _use(self, model: AttributeModel, name: str) -> None:
        super()._use(model, name)
        self._predictor = LivePredictor(model, self._detector)
        self._camera.introduce(model, self.beside.offer())

    @cached_property
    def beside(self) -> Beside:
        """The other tasks that can be asked about each frame."""
        return Beside(page_tasks(), self.panels)

    def see(
        self, data: bytes, seconds: float, *, anew: bool, maps: bool, tasks: Sequence[str] = ()
    ) -> tuple[Photo, list[Observation]]:
        """Say who is on a frame, and what the network reads there, and those of other `tasks`."""
        photo = read_photo(data, name="The camera's picture", seconds=PATIENCE)
        if anew:
            self.rest()
        if self._predictor is None:
            self.warm_up()
        assert self._predictor
        others, trouble = self.beside.models(tasks)
        if trouble:
            self._camera.tell(sentence_of(trouble))
        return photo, self._predictor.predict(photo, seconds, maps=maps, others=others)

    def found(self, seen: Sequence[Observation]) -> dict[str, Any]:
        """Say what other tasks have found on the frame whose faces were `seen`."""
        return self.beside.found(seen, self._predictor.found if self._predictor else {})

    def rest(self) -> None:
        """Forget the faces that the camera saw."""
        if self._predictor:
            self._predictor.forget()

    def go_back(self) -> None:
        """Let go of the snapshot; a face that was kept to compare stays."""
        self._let_go()

    def choose(self, name: str) -> None:
        """Turn to attribute `name`: at once where a snapshot is on the page, else with the next."""
        if name in self.model.names:
            self._followed = name
        super().choose(name)

    def _opening(self, answer: Prediction) -> str | None:
        """What was followed on the moving picture goes on, a judgement apart."""
        if self._followed in self.model.names and not describe(self._followed).is_judgement:
            return self._followed
        return super()._opening(answer)

    def _first(self) -> int:
        """Turn to the face of the snapshot that was picked on the moving picture."""
        if self._camera.near is None or self._photo is None:
            return 0
        x, y = self._camera.near[0] * self._photo.width, self._camera.near[1] * self._photo.height
        middles = [face.box.centre for face in self._faces]
        return min(range(len(middles)), key=lambda i: hypot(middles[i][0] - x, middles[i][1] - y))


def live(model: str | AttributeModel | None = None, *, detector: str | None = None) -> Live:
    """Open the camera's page.

    Args:
        model: a loaded network, or what `facelens.load_model` takes.
        detector: as in `facelens.find_faces`.
    """
    return Live(model, detector=detector)
