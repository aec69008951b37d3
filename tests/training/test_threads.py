"""How OpenMP's threads wait is settled before torch is imported, and the user's word holds."""

import csv
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ENTRIES = (
    "facelens.training",
    "facelens.tasks.attributes.training",
    "facelens.tasks.keypoints.training",
    "facelens.lessons",
)
SHOWN = (
    "import os, sys; print('torch' in sys.modules, os.environ['OMP_WAIT_POLICY'], "
    "os.environ['GOMP_SPINCOUNT'])"
)


def told(entry, **chosen):
    """Whether torch is there, and how threads wait, when `entry` has been imported."""
    env = {k: v for k, v in os.environ.items() if k not in {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}}
    run = subprocess.run(
        [sys.executable, "-c", f"import {entry}; {SHOWN}"],
        env=env | chosen, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return run.stdout.split()


@pytest.mark.parametrize("entry", ENTRIES)
def test_threads_wait_asleep_before_torch_comes(entry):
    assert told(entry) == ["False", "PASSIVE", "0"]


def test_the_users_own_setting_is_kept():
    chosen = {"OMP_WAIT_POLICY": "ACTIVE", "GOMP_SPINCOUNT": "100"}
    assert told("facelens.training", **chosen) == ["False", "ACTIVE", "100"]


@pytest.fixture
def bench(monkeypatch, tmp_path):
    """The benchmark, whose measurements cost nothing and fail after the fourth."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    module = importlib.import_module("training_threads")
    asked = []

    def trained(_network, _size, _seconds, case):
        asked.append(case)
        if len(asked) == 5:
            raise KeyboardInterrupt
        return float(len(asked))

    monkeypatch.setattr(module, "trained", trained)
    monkeypatch.setattr("measure.RESULTS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["training_threads", *map(str, args)])
        module.main()
        return asked

    return run


def test_the_measurement_resumes_where_it_was_interrupted(bench, tmp_path):
    how = ("--kept", tmp_path, "--rounds", 2)
    with pytest.raises(KeyboardInterrupt):
        bench(*how)
    table = tmp_path / "training_threads.csv"
    assert not table.exists(), "a table is whole"
    asked = bench(*how)
    # Six cases in each of two rounds; the fifth was begun twice.
    assert len(asked) == 2 * 6 + 1
    assert asked[4] == asked[5]
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert rows[0]["images_per_second"] == "4.5", "the median of the first and the eighth"
    bench(*how)
    assert len(asked) == 2 * 6 + 1, "all is known"


def test_the_measurement_stops_in_time_and_says_what_is_left(bench, tmp_path, capsys):
    bench("--kept", tmp_path, "--rounds", 1, "--minutes", 0)
    assert "0 of 6" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        bench("--minutes", 5)
