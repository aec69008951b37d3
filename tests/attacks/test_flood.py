"""Sockets that do not read, and photos sent without waiting, in short."""

from attacks import flood


def test_the_server_keeps_its_memory_and_answers_others(monkeypatch):
    monkeypatch.setattr(flood, "SOON", 20)  # other tests run beside this one
    for outcome in flood.attack(flood.QUICK, 0):
        assert outcome.lost == 0, outcome
