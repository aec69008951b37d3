"""The model that answers CelebA's 40 attributes, or any other yes/no list."""

from typing import TYPE_CHECKING, Any

from facelens.tasks.base import FACE_COLUMNS, place

if TYPE_CHECKING:
    import numpy as np


class Attributes:
    def __init__(self, name: str) -> None:
        from facelens.faces import CROP_HEIGHT, CROP_WIDTH
        from facelens.tasks import load_model

        self._model = load_model(name)
        self.columns = (*FACE_COLUMNS, *self._model.names)
        self.width, self.height = CROP_WIDTH, CROP_HEIGHT

    def crop(self, pixels: "np.ndarray") -> "np.ndarray":
        return pixels

    def rows(self, batch: list[tuple[str, int, Any]]) -> list[tuple[Any, ...]]:
        predictions = self._model.predict([face for _, _, face in batch])
        return [
            (name, number, *place(face), *prediction.probabilities.tolist())
            for (name, number, face), prediction in zip(batch, predictions, strict=True)
        ]
