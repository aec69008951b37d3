"""Maps of a network that sees a part of the crop only."""

from types import SimpleNamespace

import numpy as np
import pytest

from facelens.explain.maps import area, finer


class Framed:
    """A network that sees a part of the crop: each field of its map is that part's mean there."""

    def __init__(self, left, top, step, *, side=48, fields=8):
        self._left, self._top, self._size = left, top, step * side / fields
        self._fields = fields
        frame = np.array([[1 / step, 0, 0], [0, 1 / step, 0]], np.float32)
        frame[:, 2] = -np.array([left, top]) / step - 0.5 + 0.5 / step
        self.config = SimpleNamespace(frame=frame, input_size=(side, side))

    def predict(self, crops, *, maps):
        assert maps
        return [SimpleNamespace(maps=self._mean(crop[..., 0])) for crop in crops]

    def _mean(self, plane):
        size, many = round(self._size), self._fields
        top, left = self._top, self._left
        part = plane[top : top + many * size, left : left + many * size].astype(np.float32)
        return part.reshape(many, size, many, size).mean((1, 3))[None]


def test_the_maps_of_a_network_that_sees_a_part_of_the_crop_lie_there():
    model = Framed(41, 70, 2)
    assert area(model.config) == pytest.approx((41 / 178, 70 / 218, 96 / 178, 96 / 218))
    model.config.frame = None
    assert area(model.config) == (0, 0, 1, 1)


def test_a_finer_map_moves_the_face_by_fractions_of_a_field_of_such_a_network():
    ramp = np.broadcast_to(np.arange(178, dtype=np.uint8)[None, :, None], (218, 178, 3))
    values = finer(Framed(41, 70, 2), ramp, "finer").values[0]
    assert values.shape == (16, 16)
    assert np.diff(values, axis=1) == pytest.approx(6), "half of a field of 12 pixels"
