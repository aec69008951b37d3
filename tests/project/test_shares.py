"""Where two workers share the tests, those that stand on each other go to one of them."""

from pathlib import Path

import pytest
from helpers.shares import APART, TOGETHER, share

TESTS = Path(__file__).parents[1]


def test_commands_of_one_text_stay_together():
    """One of them works on what another has written."""
    name = "tests/project/test_commands.py::test_a_command_does_what_a_text_says"
    assert share(f"{name}[docs/bulk.md: 1]") == share(f"{name}[docs/bulk.md: 2]")
    assert share(f"{name}[docs/bulk.md: 1]") != share(f"{name}[docs/live.md: 1]")


@pytest.mark.parametrize("file", [*APART, *TOGETHER])
def test_a_file_with_a_share_of_its_own_is_there(file):
    assert (TESTS / f"{file}.py").is_file()


def test_a_file_is_one_share_unless_it_is_said_otherwise():
    one, other = (f"tests/ui/test_selfie.py::test_{name}[x.py-1]" for name in ("one", "other"))
    assert share(one) == share(other)
    assert share(one) != share("tests/test_photo.py::test_one")
    one, other = (f"tests/project/test_notebooks.py::test_a_lesson[{name}]" for name in "12")
    assert share(one) != share(other)
