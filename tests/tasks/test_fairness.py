"""The fairness gate warns of a group that is worse served, and of nothing else."""

import numpy as np
import pytest

from facelens import metrics
from facelens.tasks.fairness import NO_GROUPS, gaps, measured, share_interval, titles, verdict


def group(error, *, faces=200, reach=0.02, **errors):
    figures = {
        name: {"value": value, "low": max(value - reach, 0), "high": value + reach}
        for name, value in errors.items()
    }
    low, high = max(error - reach, 0), error + reach
    return {"faces": faces, "error": error, "low": low, "high": high, "errors": figures}


def test_more_than_twice_the_error_is_a_warning():
    (gap,) = gaps({"men": group(0.21), "women": group(0.1), "children": group(0.15)})
    assert (gap.worse, gap.better, gap.errors) == ("men", "women", (0.21, 0.1))
    assert str(gap) == (
        "all attributes: 21.0 % wrong on men (200 faces), 10.0 % wrong on women (200 faces), "
        "2.1 times as much"
    )


@pytest.mark.parametrize(
    "others",
    [
        {"women": group(0.11)},  # not twice
        {"women": group(0.1, reach=0.1)},  # it might as well be 0.2
        {"women": {"faces": 9, "error": "too few"}},
        {"women": group(0.1) | {"low": None, "high": None}},
        {"women": group(0.1) | {"low": np.nan, "high": np.nan}},
        {},
    ],
)
def test_what_cannot_be_told_is_no_warning(others):
    assert gaps({"men": group(0.21), **others}) == []


def test_each_attribute_is_compared_and_none_is_divided_by_zero():
    found = gaps({"men": group(0.1, Hat=0.3, Bald=0.1), "women": group(0.1, Hat=0.0, Bald=0.1)})
    assert [gap.what for gap in found] == ["Hat"]
    assert str(found[0]).endswith("more than twice as much")


def test_what_the_gate_says():
    assert verdict({}) == []
    assert verdict({"men": group(0.1), "women": {"faces": 3, "error": "too few"}}) == [
        "Too few faces to compare groups: each needs 20."
    ]
    assert verdict({"men": group(0.1, Hat=0.1), "women": group(0.1, Hat=0.1)}) == [
        "No group's error is more than twice another's with 95 % intervals apart."
    ]
    assert verdict({"men": group(0.1), "women": group(0.1)}) == [
        "No group's error over all attributes is more than twice another's with 95 % intervals "
        "apart. Attribute by attribute it was not measured."
    ]
    assert len(verdict({"men": group(0.1, Hat=0.3), "women": group(0.1, Hat=0.1)})) == 3
    warning, gap = verdict({"men": group(0.3), "women": group(0.1)}, "of the eyes' distance", "x")
    assert warning.startswith("WARNING")
    assert gap == (
        "  x: 0.3 of the eyes' distance on men (200 faces), 0.1 of the eyes' distance on women "
        "(200 faces), 3.0 times as much"
    )


@pytest.mark.parametrize(
    "metrics_",
    [{}, {"test": None}, {"test": {"groups": 3}}, {"test": {"groups": {"a": 1}}},
     {"test": {"groups": {"a": {"error": 1}, "b": {"error": 3}}}}, {"test": {}, "valid": []}],
)  # fmt: skip
def test_a_strangers_figures_may_be_anything(metrics_):
    assert measured(metrics_) == {}


def test_figures_of_the_test_faces_come_first():
    valid, test = {"men": group(0.1)}, {"men": group(0.2)}
    assert measured({"valid": {"groups": valid}, "test": {"groups": test}}) == test
    assert measured({"valid": {"groups": valid}, "test": {"groups": {}}}) == valid
    assert "not known" in NO_GROUPS


def test_no_error_in_thirty_faces_is_not_certainty():
    people = np.arange(30)
    weights = metrics.resample_people(people, draws=200)
    low, high = share_interval(np.zeros((30, 1), bool), people, weights)
    assert low[0] == pytest.approx(0, abs=1e-9)
    assert high[0] > 0.1


def test_faces_of_few_people_make_wide_intervals():
    wrong = np.repeat([[True], [False]], 100, 0)
    few, many = np.arange(200) // 50, np.arange(200)
    reach = []
    for people in (few, many):
        low, high = share_interval(wrong, people, metrics.resample_people(people, draws=500))
        reach.append(high[0] - low[0])
    assert reach[0] > 2 * reach[1]


def test_combinations_have_titles():
    assert titles(("Male", "Young")) == [
        ("not Male, not Young", [False, False]), ("Male, not Young", [True, False]),
        ("not Male, Young", [False, True]), ("Male, Young", [True, True]),
    ]  # fmt: skip
