"""How OpenMP's threads wait is settled before torch is imported, and the user's word holds."""

import os
import subprocess
import sys

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
