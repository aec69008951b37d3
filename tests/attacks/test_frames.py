"""Malformed frames, in short: every one is refused or answered, and nobody else waits."""

from attacks import frames


def test_no_frame_stops_a_server():
    for outcome in frames.attack(frames.QUICK, 0):
        assert outcome.lost == 0, outcome
        assert outcome.tries == frames.QUICK // 2
        assert "0 tracebacks" in outcome.outcome, outcome
