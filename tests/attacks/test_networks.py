"""Hostile graphs, in short: each is refused with a sentence, and an honest one answers."""

import pytest

pytest.importorskip("onnx", reason="needs the extra `train`")


def test_no_network_of_a_stranger_ends_otherwise_than_it_should():
    from attacks.networks import KINDS, QUICK, attack

    outcomes = attack(QUICK, 0)
    assert [each.attack for each in outcomes] == list(KINDS)
    assert {each.attack: each.outcome for each in outcomes if each.lost} == {}
