"""Occlusion a few patches at a time, and which map of a network comes first."""

import numpy as np
import pytest

from facelens import find_faces, load_model, read_photo
from facelens.bundles.session import BATCH
from facelens.explain.maps import COLUMNS, PATCH, ROWS, Occlusion, occlusion, shown_first


@pytest.fixture(scope="module")
def crop(astronaut):
    return find_faces(read_photo(astronaut), detector="haar")[0].crop


class Counting:
    """A network whose logits are the means of a crop's colours; it notes how many crops came."""

    def __init__(self):
        self.batches = []

    def predict(self, crops):
        self.batches.append(len(crops))
        return [type("Answer", (), {"logits": crop.mean((0, 1))}) for crop in crops]


def test_a_step_is_one_look_and_together_they_are_the_map(crop):
    model = Counting()
    check = Occlusion(model, crop)
    seen = []
    while not check.complete:
        check.step()
        seen.append(check.done)
    assert max(model.batches) == 1, "more at once would be memory that a page has not"
    assert seen[-1] == ROWS * COLUMNS + 1 == sum(model.batches)
    check.step()
    assert sum(model.batches) == seen[-1], "what is complete is left alone"
    found = check.evidence()
    at_once = Counting()
    assert (found.values == occlusion(at_once, crop).values).all()
    assert max(at_once.batches) == BATCH
    assert found.values.shape == (3, ROWS, COLUMNS)
    # By hand: the patch around the middle of field (4, 3), in the crop's mean colour.
    y, x = 4.5 * 218 / ROWS, 3.5 * 178 / COLUMNS
    covered = crop.copy()
    covered[
        round(y - PATCH / 2) : round(y + PATCH / 2), round(x - PATCH / 2) : round(x + PATCH / 2)
    ] = crop.mean((0, 1))
    fall = crop.mean((0, 1)) - covered.mean((0, 1))
    assert np.abs(found.values[:, 4, 3] - fall).max() < 1e-9


def test_on_the_example_covering_points_at_fringe_and_mouth(crop):
    model = load_model()
    where = occlusion(model, crop)
    rows = {}
    for name in ("Bangs", "Smiling"):
        row, _ = np.unravel_index(where.values[model.names.index(name)].argmax(), (ROWS, COLUMNS))
        rows[name] = (row + 0.5) * 218 / ROWS
    assert 30 < rows["Bangs"] < 104
    assert 136 < rows["Smiling"] < 172


@pytest.mark.parametrize(
    ("metrics", "first"),
    [
        ({}, "occlusion"),
        ({"pointing": {"map": 0.4, "occlusion": 0.75}}, "occlusion"),
        ({"pointing": {"map": 0.8, "occlusion": 0.75}}, "map"),
        ({"pointing": {"map": 0.8}}, "occlusion"),
        ({"pointing": {"map": "0.8", "occlusion": None}}, "occlusion"),
        ({"pointing": 0.8}, "occlusion"),
    ],
)
def test_the_exact_map_comes_first_only_where_it_points_better(metrics, first):
    assert shown_first(metrics) == first
