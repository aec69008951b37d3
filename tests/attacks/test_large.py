"""Small faces in large photos, as benchmarks/attacks/large.py makes them."""

import re

import pytest

FIGURES = r"(\d+)(?= of \d| faces| called| boxes)"


@pytest.mark.data
def test_every_face_of_a_large_photo_is_found(data_dir, yunet, monkeypatch):
    monkeypatch.setenv("FACELENS_DATA", str(data_dir))
    monkeypatch.setenv("FACELENS_DETECTOR", f"yunet:{yunet}")
    from attacks import large

    outcomes = large.attack(large.QUICK, 0)
    assert len(outcomes) == 2 * 2 + 1
    for each in outcomes:
        found, asked, *others = map(
            int, re.findall(r"(\d+)(?= of | faces| called| boxes)", each.outcome)
        )
        assert found == asked, each.attack
        assert sum(others) <= 3, f"{each.attack}: {each.outcome}"
