"""Folders of odd entries: each is a row or a line, once."""

import os

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="makes pipes, links and locks")


def test_every_entry_is_a_row_or_a_line():
    from attacks.folders import ENTRIES, QUICK, attack

    outcomes = attack(QUICK, 0)
    assert [each.tries for each in outcomes] == [ENTRIES, ENTRIES]
    assert [each.lost for each in outcomes] == [0, 0]
    assert all(each.outcome.endswith(", 0 entries in neither") for each in outcomes)
