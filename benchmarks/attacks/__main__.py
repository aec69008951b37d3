"""Attack Facelens, and write what came of it to benchmarks/results/attack_NAME.csv.

    python benchmarks/attacks NAME [--tries N] [--seed S]

The rows fill docs/reliability.md. Ends with 1 if anything was lost. FACELENS_BENCH=quick tries each
a few times. `--before PACKAGE` attacks another checkout, named by its folder, for comparison.
"""

import argparse
import os
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path[:1] = [str(FOLDER.parent)]

from measure import QUICK  # noqa: E402

NAMES = sorted(m.name for m in pkgutil.iter_modules([str(FOLDER)]) if m.name[0] != "_")
NAMES.remove("outcome")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/attacks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", choices=NAMES, help=", ".join(NAMES))
    parser.add_argument("--tries", type=int, help="how often; by default as in the documents")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--before", metavar="FOLDER", type=Path)
    parser.add_argument("--version", default="after", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.before:
        return again(args.before.resolve())
    from attacks.outcome import record

    module = import_module(f"attacks.{args.name}")
    tries = args.tries or (module.QUICK if QUICK else module.TRIES)
    outcomes = module.attack(tries, args.seed)
    record(
        args.name, outcomes, version=args.version, command=f"python benchmarks/attacks {args.name}"
    )
    return int(any(each.lost for each in outcomes))


def again(checkout: Path) -> int:
    """Run this command with the package of another checkout."""
    at = sys.argv.index("--before")
    env = os.environ | {"PYTHONPATH": str(checkout)}
    rest = [*sys.argv[1:at], *sys.argv[at + 2 :], "--version", "before"]
    command = [sys.executable, str(FOLDER), *rest]
    return subprocess.run(command, env=env, check=False).returncode  # noqa: S603 - ourselves


if __name__ == "__main__":
    sys.exit(main())
