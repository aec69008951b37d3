"""Damaged and hostile films end in an answer or a sentence."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_nothing_is_lost(tmp_path):
    """As a command: what it forks must not have what other tests have started."""
    env = {"FACELENS_BENCH": "quick", "FACELENS_RESULTS": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "benchmarks/attacks", "films"],
        cwd=ROOT, env=os.environ | env | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with (tmp_path / "attack_films.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["lost"] for row in rows} == {"0"}
    assert all(int(row["tries"]) for row in rows)
