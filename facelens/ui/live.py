"""The page for a moving picture: the camera in the photo's place, a snapshot as the photo."""

from facelens.model import Model
from facelens.moving import Seen, Watcher
from facelens.photo import Photo, read_photo
from facelens.ui.camera import Camera
from facelens.ui.selfie import Selfie


class Live(Selfie):
    """The camera's faces, followed and answered frame by frame; no frame is kept.

    The board and its thresholds are those of the dashboard. A snapshot is taken as a photo is, and
    the whole of the dashboard tells of it.
    """

    moving = True

    def _door(self) -> Camera:
        return Camera(self.take, self.forget, self.warm_up, self.see, self.choose)

    def _use(self, model: Model, name: str) -> None:
        super()._use(model, name)
        self._watcher = Watcher(model, self._detector)
        assert isinstance(self.intake, Camera)
        self.intake.introduce(model)

    def see(self, data: bytes, seconds: float, anew: bool, maps: bool) -> tuple[Photo, list[Seen]]:
        """Say who is on a frame, and what the network reads there."""
        photo = read_photo(data, name="The camera's picture")
        assert self.model  # loaded by now, or with the first frame
        if anew:
            self._watcher.forget()
        return photo, self._watcher.see(photo, seconds, maps=maps)

    def choose(self, name: str) -> None:
        """Turn to attribute `name`: at once where a snapshot is on the page, else with the next."""
        if name in self.model.names:
            self._choice = name
        super().choose(name)


def live(model: str | Model | None = None, *, detector: str | None = None) -> Live:
    """Open the camera's page.

    Args:
        model: a loaded network, or what `facelens.load_model` takes.
        detector: as in `facelens.find_faces`.
    """
    return Live(model, detector=detector)
