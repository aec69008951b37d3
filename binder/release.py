"""Say what still stands between this checkout and a release; end with 1 if anything does."""

import subprocess
import sys
from pathlib import Path

from badges import PLACEHOLDER, place, released, stale

ROOT = Path(__file__).parents[1]
LARGEST = 100_000_000  # bytes; history keeps weights for ever


def said(root: Path, *command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603


def obstacles(root: Path) -> list[str]:
    """What has to be put right, one sentence each."""
    here = place(root)
    version, day = released(root)
    found = []
    if PLACEHOLDER in (here.repo, here.space):
        found.append(
            "The repository or the Space has no owner: make badges REPO=owner/name "
            f"SPACE=owner/name TAG=v{version}."
        )
    if here.tag != f"v{version}":
        found.append(
            f"Badges open {here.tag}, and the version is {version}: make badges TAG=v{version}."
        )
    if not day:
        found.append(
            f"CHANGELOG.md has no section for {version} with its date: ## {version} - DAY."
        )
    found += [f"{path.relative_to(root)} has other links: make badges." for path in stale(root)]
    state = said(root, "git", "status", "--porcelain")
    if state.returncode or state.stdout:
        found.append("The working tree is not committed: git status says what is left.")
    if said(root, sys.executable, "benchmarks/readme.py", "--check").returncode:
        found.append("Figures in README.md or docs differ: python benchmarks/readme.py.")
    size = sum(path.stat().st_size for path in (root / "weights").rglob("*") if path.is_file())
    if size > LARGEST:
        found.append(f"weights/ has {size / 1e6:.0f} MB; a release may have 100.")
    return found


if __name__ == "__main__":
    left = obstacles(ROOT)
    sys.stdout.writelines(f"{sentence}\n" for sentence in left or ["Ready to be released."])
    sys.exit(bool(left))
