"""Faces of nobody known are people of their own; labels are read in whatever type they come."""

from decimal import Decimal

import numpy as np
import pytest

from facelens.data.people import crowd, identities, numbered
from facelens.data.yesno import code


@pytest.mark.parametrize("unknown", [None, float("nan"), "", [], -1, {"id": None}, "nan"], ids=repr)
def test_faces_without_identity_are_people_of_their_own(unknown):
    names, count = identities([unknown] * 3 + [7, 7])
    assert count == 3
    assert len(set(names)) == 4


def test_identities_in_other_types_are_the_same_people():
    names, count = identities([7, 7.0, [7], "7", 8, "Ann", [7, 8]])
    assert count == 0
    assert len(set(names)) == 4


def test_numbers_for_training():
    np.testing.assert_array_equal(numbered([5, 3, 5]), [5, 3, 5])
    np.testing.assert_array_equal(numbered([None, None]), [0, 1])
    mixed = numbered([5, None, 5, None, "Ann"])
    assert mixed[0] == mixed[2]
    assert len(set(mixed)) == 4


def test_what_an_interval_rests_on():
    assert crowd(10, 4, 0) == "10 faces of 4 people"
    assert crowd(10, 10, 10) == "10 faces of unknown people: intervals are over faces"
    assert crowd(10, 6, 3) == "10 faces of 6 people, 3 without identity, each counted as a person"
    assert crowd(10, 1, 0) == "10 faces of 1 person: there is no interval over people"


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (True, 1), (False, 0), (1, 1), (0, 0), (-1, -1), (1.0, 1), (-1.0, -1), (np.int64(-1), -1),
        (Decimal("1.00"), 1), ("Yes", 1), (" no ", 0), ("1.0", 1), ("0,0", 0), ("-1", -1),
        (None, None), (float("nan"), None), ("NaN", None), ("", None),
    ],
)  # fmt: skip
def test_yes_and_no(value, meant):
    assert code(value) == meant


@pytest.mark.parametrize("value", [2, 0.5, "maybe", "inf", b"1", [1], {"a": 1}, "1_0", object()])
def test_what_is_neither(value):
    with pytest.raises(ValueError):  # noqa: PT011 - the caller says what it is about
        code(value)
