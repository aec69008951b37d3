"""Odd inputs that people report: each has a test that gives its right value."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.mark.data
def test_every_case_is_tested(data_dir):
    cases = [path.name for path in (data_dir / "cases").iterdir() if path.suffix != ".md"]
    assert len(cases) >= 14
    texts = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    missing = [name for name in cases if not any(name in text for text in texts)]
    assert missing == []
