"""Attacks on faces, in short: turned, cut by the edge, covered."""

import pytest

from facelens.faces import find_faces
from facelens.photo import read_photo


@pytest.fixture
def detectors(monkeypatch, portraits, yunet):
    """Both detectors, for attacks that take them from the environment."""
    monkeypatch.setenv("FACELENS_DATA", str(portraits.parent))
    monkeypatch.setenv("FACELENS_DETECTOR", f"yunet:{yunet}")


@pytest.mark.data
@pytest.mark.usefixtures("detectors")
def test_turned_faces_are_answered_as_upright_or_with_a_hint():
    from attacks.turned import MOST_CHANGED, QUICK, attack, changed

    outcomes = attack(QUICK, 0)
    assert [each.lost for each in outcomes] == [0, 0]
    assert all(changed(each) <= MOST_CHANGED for each in outcomes), outcomes


@pytest.mark.data
@pytest.mark.usefixtures("detectors")
def test_faces_cut_by_the_edge_get_a_hint_and_whole_ones_none(portraits, yunet):
    from attacks.edges import QUICK, SHARES, attack

    outcomes = attack(QUICK, 0)
    assert len(outcomes) == 2 * len(SHARES)
    assert not any(each.lost for each in outcomes), outcomes
    for path in sorted(portraits.glob("*.jpg")):
        for detector in ("haar", f"yunet:{yunet}"):
            assert find_faces(read_photo(path), detector=detector)[0].hints == (), (path, detector)


@pytest.mark.data
@pytest.mark.usefixtures("detectors")
def test_most_masks_get_a_hint_and_bare_portraits_none():
    from attacks.covered import KINDS, QUICK, attack

    outcomes = {each.attack: each for each in attack(QUICK, 0)}
    assert {f"portraits, {kind}, haar" for kind in KINDS} < set(outcomes)
    for detector in ("yunet", "haar"):
        assert outcomes[f"portraits, mask, {detector}"].lost <= 1
        assert "0.0 % with any" in outcomes[f"bare portraits, {detector}"].outcome
