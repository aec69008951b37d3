"""What each group of tests costs: `pytest --cost` ends with a table of seconds by folder."""

import contextlib
import os
from collections import defaultdict

import pytest


def used() -> float:
    """Processor seconds of this process, of its children that have ended and of those that run."""
    spent = sum(os.times()[:4])
    with contextlib.suppress(ImportError):
        import psutil

        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                spent += sum(child.cpu_times()[:4])
    return spent


def group(nodeid: str) -> str:
    """The folder below tests/ that a test lies in; two levels where tasks are."""
    folders = nodeid.partition("::")[0].removeprefix("tests/").split("/")[:-1]
    return "/".join(folders[: 2 if folders[:1] == ["tasks"] else 1]) or "(top)"


class Cost:
    """Counts as the tests go; with xdist the workers count and their reports carry it."""

    def __init__(self) -> None:
        self.before = used()
        self.rows: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
        self.slow: dict[str, float] = defaultdict(float)

    def pytest_collection_finish(self) -> None:
        self.before = used()

    def pytest_runtest_logstart(self) -> None:
        self.before = used()

    @pytest.hookimpl(tryfirst=True)  # before xdist sends it
    def pytest_runtest_logreport(self, report) -> None:
        if not hasattr(report, "cpu"):  # here, or in a worker
            now = used()
            report.cpu, self.before = max(0.0, now - self.before), now
        row = self.rows[group(report.nodeid)]
        row[0] += report.when == "call"
        row[1] += report.cpu
        row[2] += report.duration
        self.slow[report.nodeid] += report.cpu

    def pytest_terminal_summary(self, terminalreporter) -> None:
        if not self.rows:
            return
        tell = terminalreporter.write_line
        tell("\n| tests/ | tests | processor seconds | seconds |\n|---|---|---|---|")
        for name, (count, cpu, wall) in sorted(self.rows.items(), key=lambda row: -row[1][1]):
            tell(f"| `{name}` | {count} | {cpu:.0f} | {wall:.0f} |")
        count, cpu, wall = (sum(column) for column in zip(*self.rows.values(), strict=True))
        tell(f"| all | {count} | {cpu:.0f} | {wall:.0f} |\n")
        for name in sorted(self.slow, key=self.slow.get, reverse=True)[:30]:
            tell(f"{self.slow[name]:6.1f} {name}")
