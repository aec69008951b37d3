"""Where two workers share the tests, those that stand on each other go to one of them."""

from pathlib import Path

import pytest
import test_commands
from shares import APART, TOGETHER, share

HERE = Path(__file__).parent


def test_commands_of_one_text_stay_together():
    """One of them works on what another has written."""
    name = f"tests/test_commands.py::{test_commands.test_a_command_does_what_a_text_says.__name__}"
    for case in test_commands.cases(listed=False):
        assert share(f"{name}[{case.id}]") == case.values[0].file


@pytest.mark.parametrize("file", [*APART, *TOGETHER])
def test_a_file_with_a_share_of_its_own_is_there(file):
    assert len(list(HERE.rglob(f"{file}.py"))) == 1


def test_a_file_is_one_share_unless_it_is_said_otherwise():
    one, other = (f"tests/test_ui.py::test_{name}[x.py-1]" for name in ("one", "other"))
    assert share(one) == share(other)
    assert share(one) != share("tests/test_photo.py::test_one")
    one, other = (f"tests/test_notebooks.py::test_a_lesson[{name}]" for name in "12")
    assert share(one) != share(other)
