"""Malformed frames, in short: every one is refused or answered, and nobody else waits."""

from attacks import frames


def test_no_frame_stops_a_server(monkeypatch):
    monkeypatch.setattr(frames, "SOON", 10)  # other tests run beside this one
    for outcome in frames.attack(frames.QUICK, 0):
        assert outcome.lost == 0, outcome
        assert outcome.tries == frames.QUICK // 2
        assert "0 tracebacks" in outcome.outcome, outcome
