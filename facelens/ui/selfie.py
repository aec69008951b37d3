"""The page for one photo: every view, and the road from photo to picture between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

import ipywidgets
import numpy as np

from facelens.faces import Face, detector_in_use, find_faces
from facelens.model import Model, Prediction, load_model
from facelens.photo import read_photo
from facelens.ui.board import Board
from facelens.ui.footer import Footer
from facelens.ui.inside import Inside
from facelens.ui.intake import Intake
from facelens.ui.looks import Looks
from facelens.ui.picture import Picture

if TYPE_CHECKING:
    from facelens.layers import Layer

DETECTORS = {"yunet": "faces found by YuNet", "haar": "faces found by Haar cascades"}
FIRST_CHOICE = "Smiling"
NO_FACE = (
    "No face was found in this photo. Try one in which a face looks towards the camera, larger "
    "and in good light."
)


class Selfie(ipywidgets.Box):
    """The dashboard: one visitor, one photo at a time, kept in memory until cleared."""

    def __init__(self, model: str | Model | None = None, *, detector: str | None = None) -> None:
        self._wanted, self._detector = model, detector
        self._model: Model | None = None
        self._choice = FIRST_CHOICE
        self._faces: list[Face] = []
        self._predictions: list[Prediction] = []
        self._picked: int | None = None
        self._maps = np.zeros((0, 1, 1), np.float32)
        self._layers: dict[str, Layer] = {}
        self._stages: dict[str, float] = {}
        self.intake = Intake(self.take, self.forget, self.warm_up)
        self.picture = Picture(self.pick)
        self.looks = Looks(self.choose)
        self.board = Board(self.choose)
        self.inside = Inside(self.open_layer)
        self.footer = Footer()
        seen = ipywidgets.Box([self.picture, self.looks])
        left = ipywidgets.Box([self.intake, seen])
        right = ipywidgets.Box([self.board, self.inside])
        for column in (seen, left, right):
            column.add_class("facelens-column")
        super().__init__([left, right, self.footer])
        self.add_class("facelens-page")

    @property
    def model(self) -> Model:
        """The network, loaded on first use."""
        if self._model is None:
            wanted = self._wanted
            model = load_model(wanted) if wanted is None or isinstance(wanted, str) else wanted
            self.board.introduce(model)
            self.footer.introduce(
                [
                    f"{model.title} ({model.bundle.source})",
                    DETECTORS[detector_in_use(self._detector)],
                    model.config.licence,
                ]
            )
            self._model = model
        return self._model

    def warm_up(self) -> None:
        """Load the network while the visitor looks for a photo."""
        self.model.predict([np.zeros((218, 178, 3), np.uint8)])

    def take(self, data: bytes, name: str) -> None:
        """Read a photo, find its faces and show the largest."""
        self.forget()
        with self._timed("photo"):
            photo = read_photo(data, name=name)
        with self._timed("faces"):
            self._faces = find_faces(photo, detector=self._detector)
        self.picture.draw(photo, self._faces)
        count = len(self._faces)
        if count == 0:
            self.intake.say(NO_FACE, "none")
            return
        with self._timed("network"):
            self._predictions = self.model.predict(self._faces)
        self.pick(0)
        found = "Found one face." if count == 1 else f"Found {count} faces; the largest is chosen."
        self.intake.say(found, "done")

    def pick(self, index: int) -> None:
        """Turn the page to face `index` of the photo."""
        if not 0 <= index < len(self._faces):
            return
        face = self._faces[index]
        self._picked = index
        self._layers = {}
        self.picture.mark(index)
        self.board.read(self._predictions[index], face.hints)
        self.looks.draw(face, index + 1, len(self._faces), self.model.names)
        with self._timed("map"):
            self._maps = self.model.activation_maps(face.crop)
        known = self.model.names
        self.choose(self._choice if self._choice in known else known[0])
        self.inside.offer(self.model)
        self.footer.time(self._stages)

    def choose(self, name: str) -> None:
        """Show where the network looks for attribute `name`."""
        if self._picked is None or name not in self.model.names:
            return
        self._choice = name
        values = self._maps[self.model.names.index(name)]
        face, prediction = self._faces[self._picked], self._predictions[self._picked]
        self.looks.light(face, name, values, prediction)
        self.board.choose(name)

    def open_layer(self, name: str) -> None:
        """Show the feature maps of layer `name`."""
        if self._picked is None:
            return
        if not self._layers:
            crop = self._faces[self._picked].crop
            self._layers = {layer.name: layer for layer in self.model.layers(crop)}
        if name in self._layers:
            self.inside.draw(self._layers[name])

    def forget(self) -> None:
        """Let go of the photo and of all that was made of it."""
        self._faces, self._predictions, self._picked = [], [], None
        self._maps, self._layers, self._stages = np.zeros((0, 1, 1), np.float32), {}, {}
        for view in (self.picture, self.looks, self.board, self.inside, self.footer):
            view.clear()
        self.intake.clear()

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self._stages[stage] = 1000 * (perf_counter() - start)


def selfie(model: str | Model | None = None, *, detector: str | None = None) -> Selfie:
    """Open the dashboard.

    Args:
        model: a loaded network, or what `facelens.load_model` takes.
        detector: as in `facelens.find_faces`.
    """
    return Selfie(model, detector=detector)
