"""Names like formulas: no cell is run by a spreadsheet, and every name is read back."""

import pytest


def test_names_are_safe_and_read_back():
    pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    from attacks.csv_names import QUICK, attack

    for outcome in attack(QUICK, 0):
        assert (outcome.tries, outcome.lost) == (QUICK, 0), outcome
