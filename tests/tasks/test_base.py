import pytest

from facelens.tasks.base import probability_text


@pytest.mark.parametrize(
    ("probability", "text"),
    [(1.0, ">0.99"), (0.9951, ">0.99"), (0.994, "0.99"), (0.006, "0.01"), (0.0, "<0.01")],
)
def test_no_network_is_certain(probability, text):
    assert probability_text(probability) == text
