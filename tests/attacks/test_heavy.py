"""Photos made to hold a processor or the memory, those that are quickly made."""

import sys

import pytest
from attacks.heavy import QUICK, attack

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measures by /proc")


def test_hostile_photos_are_refused_within_their_bounds():
    outcomes = attack(QUICK, 0)
    assert len(outcomes) > 15
    assert [outcome for outcome in outcomes if outcome.lost] == []
