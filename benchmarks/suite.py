"""What each group of tests costs: processor seconds, by folder of tests/.

`python benchmarks/suite.py` runs all tests, two at a time; with --log FILE it reads what
`pytest --cost` has printed.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import measure

# As tests/helpers/cost.py prints them.
ROW = re.compile(r"^\| (`[^`]+`|all) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)


def run() -> str:
    """What the suite says of itself."""
    what = ["tests/test_metrics.py"] if measure.QUICK else ["-n", "2"]
    line = [sys.executable, "-m", "pytest", "--cost", *what]
    done = subprocess.run(line, cwd=measure.ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.exit(f"The tests fail:\n{done.stdout[-2000:]}")
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", type=Path, help="what pytest --cost has printed")
    log = parser.parse_args().log
    found = ROW.findall(log.read_text(encoding="utf-8") if log else run())
    if not found:
        sys.exit("There is no table in it; was it pytest --cost?")
    measure.write(
        "suite",
        [
            {"folder": name.strip("`"), "tests": tests, "processor_seconds": cpu, "seconds": wall}
            for name, tests, cpu, wall in found
        ],
    )


if __name__ == "__main__":
    main()
