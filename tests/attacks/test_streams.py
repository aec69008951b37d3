"""Closed, full and unread standard streams: never a traceback."""

import os

import pytest


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_no_stream_makes_a_traceback():
    from attacks.streams import QUICK, attack

    (outcome,) = attack(QUICK, 0)
    assert (outcome.tries, outcome.lost) == (QUICK, 0)
