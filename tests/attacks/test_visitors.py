"""Visitors at once, in short: each gets the right answers to their own photos."""

from attacks import visitors


def test_no_answer_is_wrong_or_lost(monkeypatch):
    monkeypatch.setattr(visitors, "PAUSE", (0, 1))
    monkeypatch.setattr(visitors, "QUIET", 1)
    (outcome,) = visitors.attack(visitors.QUICK, 0)
    assert outcome.lost == 0, outcome
    assert f"{visitors.QUICK} answers right" in outcome.outcome
