"""The engine of all trainings; it knows no task.

OpenMP's threads, which torch computes with, wait spinning unless they are told otherwise before
torch is imported: where other programs want the cores too, they then take from themselves what
they wait for (docs/training.md has the figures). The user's own setting is kept.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
