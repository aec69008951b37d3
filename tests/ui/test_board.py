"""What the board is told of a network."""

import numpy as np

from facelens.tasks import load_model
from facelens.ui.board import COLUMNS, UNKNOWN, Board, guesses, packed


def test_an_operating_point_that_only_the_bundle_knows_has_a_title_and_comes_last(sent):
    model = load_model()
    known = model.config.operating_points
    points = {"sure_of_95": np.full(40, 0.9, np.float32), **known}
    object.__setattr__(model.config, "operating_points", points)
    Board(*[lambda *_: None] * 3).introduce(model)
    (network,) = (content for _, content, _ in sent if content["kind"] == "network")
    titles = [point["title"] for point in network["points"]]
    assert titles[0] == "Even odds", "Reset sets the first"
    assert titles[-1] == "Sure of 95"
    assert network["points"][-1]["about"]
    assert "precision" in network["points"][-1]["how"]


def test_the_curves_are_packed_without_loss():
    curves = load_model().curves
    table = packed(curves)
    assert table.shape == (len(COLUMNS), 40, 101)
    for name in ("precision", "fpr_high"):
        values = getattr(curves, name)
        back = table[COLUMNS.index(name)]
        assert np.array_equal(back == UNKNOWN, ~np.isfinite(values))
        known = np.isfinite(values)
        assert np.array_equal((back / 10_000).astype(np.float32)[known], values[known])


def test_what_is_guessed_is_easy_to_see_and_no_judgement():
    assert guesses(load_model().names)[0] == "Smiling"
    assert guesses(("Attractive", "Freckles", "Young", "Dimples")) == ["Freckles", "Dimples"]
