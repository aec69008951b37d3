"""The engine of all trainings; it knows no task.

OpenMP's threads, which torch computes with, wait spinning unless they are told otherwise before
torch is imported: where other programs want the cores too, they then take from themselves what
they wait for (`python benchmarks/training_threads.py` measures it). The user's own setting is kept.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
