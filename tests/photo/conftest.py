"""The makers of odd files that the attacks use: `from attacks.heavy import …`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
