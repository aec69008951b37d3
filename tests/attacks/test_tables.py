"""The attack on tables, in short."""

import pytest

pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test this")

from attacks.tables import QUICK, attack


def test_no_table_is_lost():
    outcomes = attack(QUICK, 0)
    assert {each.attack: each.lost for each in outcomes} == {each.attack: 0 for each in outcomes}
    assert len(outcomes) == 11
