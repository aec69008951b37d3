"""docs/dependencies.md names what pyproject.toml asks for: the same bounds, each with a reason."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WANTED = {"Base": PROJECT["dependencies"]} | {
    f"Extra `{extra}`": names for extra, names in PROJECT["optional-dependencies"].items()
}


def sections(page):
    """The rows of each section: package, bounds, then the reasons."""
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    return {
        title: [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines()
            if line.startswith("| `")
        ]
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def asked(rows):
    """What rows name, as pyproject.toml would write it."""
    return sorted("".join(cells[:2]).replace("`", "") for cells in rows)


@pytest.mark.parametrize("title", WANTED)
def test_the_page_names_every_dependency_with_its_bounds(title):
    assert asked(sections(PAGE)[title]) == sorted(WANTED[title])


def test_no_other_section_names_a_dependency():
    assert {title for title, rows in sections(PAGE).items() if rows} == set(WANTED)


@pytest.mark.parametrize("title", WANTED)
def test_every_bound_has_a_reason(title):
    for name, bounds, *reasons in sections(PAGE)[title]:
        assert len(reasons) == 3, name
        assert all(reasons), f"{name} {bounds} lacks a reason"
        has_ceiling = "<" in bounds or "==" in bounds
        assert not (has_ceiling and reasons[2].startswith("none")), f"why is {name} {bounds}?"


def test_a_missing_row_and_another_bound_would_be_noticed():
    one = sections(PAGE.replace("| `numpy`", "| numpy"))["Base"]
    other = sections(PAGE.replace("`>=2,<3`", "`>=1,<3`"))["Base"]
    assert asked(one) != sorted(WANTED["Base"])
    assert asked(other) != sorted(WANTED["Base"])
