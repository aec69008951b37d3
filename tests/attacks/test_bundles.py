"""Mutated bundles, in short: each ends in an answer or a sentence."""

import os

import pytest


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes pipes")
def test_every_mutated_bundle_is_answered_or_refused():
    from attacks.bundles import KINDS, QUICK, attack

    outcomes = attack(QUICK, 0)
    assert [each.attack for each in outcomes] == list(KINDS)
    assert {each.attack: each.outcome for each in outcomes if each.lost} == {}
