"""Does Facelens run on the newest versions of what it depends on, and is any of them known unsafe?

    python benchmarks/newest.py [--beyond] [--extras bulk,train] [TESTS …]

Makes a fresh environment with the newest versions within the bounds of pyproject.toml, or without
its upper bounds (--beyond), runs TESTS there (by default those that need neither torch nor a
browser), and asks pip-audit about known vulnerabilities. Names each version that
docs/dependencies.md does not call tested. Ends with 1 if a test fails, versions contradict each
other or a vulnerability is known. Needs a package index.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
# Of the extra `test` what the tests below import.
TOOLS = ("hypothesis", "nbformat", "packaging", "pillow-heif", "psutil", "pytest")
TESTS = ("tests/attacks", "tests/bundles", "tests/explain", "tests/faces", "tests/report",
         "tests/serve", "tests/tasks", "tests/ui", "tests/video", "tests/test_files.py",
         "tests/test_photo.py", "tests/test_tables.py")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--beyond", action="store_true", help="leave the upper bounds out")
    parser.add_argument("--extras", default="bulk", help="by default bulk; train is 6 GB")
    parser.add_argument("tests", nargs="*", default=TESTS, metavar="TESTS")
    args = parser.parse_args()
    wanted = requirements(args.extras.split(","), beyond=args.beyond)
    with tempfile.TemporaryDirectory(prefix="facelens-newest-") as place:
        python = installed(Path(place) / "env", wanted)
        versions = installed_versions(python)
        for line in untested(versions):
            print(line)
        ends: dict[str, bool | None] = {
            "pip check": run(python, "-m", "pip", "check"),
            "tests": tested(python, args.tests, train="train" in args.extras),
            "pip-audit": audited(Path(place), python),
        }
    words = {True: "fails", False: "passes", None: "could not look"}
    for what, failed in ends.items():
        print(f"{what}: {words[failed]}")
    return int(any(ends.values()))


def requirements(extras: list[str], *, beyond: bool) -> list[str]:
    """What pyproject.toml asks for, and the tests' tools; without upper bounds if `beyond`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    lines = list(project["dependencies"])
    for extra in filter(None, extras):
        lines += optional[extra]
    lines += [line for line in optional["test"] if Requirement(line).name in TOOLS]
    return [unbounded(line) if beyond else line for line in lines]


def unbounded(line: str) -> str:
    """A requirement without upper bound: from its lowest version on."""
    wanted = Requirement(line)
    lowest = [f">={s.version}" for s in wanted.specifier if s.operator in (">=", "==", "~=")]
    wanted.specifier = SpecifierSet(",".join(lowest))
    return str(wanted)


def installed(folder: Path, wanted: list[str]) -> Path:
    """The Python of a fresh environment with the newest versions of what is wanted."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    options = ("--quiet", "--disable-pip-version-check", "--upgrade")
    if run(python, "-m", "pip", "install", *options, *wanted):
        sys.exit("The newest versions cannot be installed together.")
    return python


def installed_versions(python: Path) -> dict[str, Version]:
    """The version of each package of an environment."""
    done = subprocess.run(  # noqa: S603
        [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    rows = json.loads(done.stdout)
    return {canonicalize_name(row["name"]): Version(row["version"]) for row in rows}


def untested(versions: dict[str, Version]) -> list[str]:
    """A line for each package that is newer than docs/dependencies.md calls tested."""
    lines = []
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    for name, row in re.findall(r"(?m)^\| `([\w-]+)[^`]*` (\|.*)$", page):
        known = [Version(each) for each in re.findall(r"tested up to ([\d.]*\d)", row)]
        own = versions.get(canonicalize_name(name))
        if own and known and own > max(known):
            lines.append(f"{name} {own}: the page says tested up to {max(known)}")
    return sorted(set(lines))


def tested(python: Path, tests: list[str], *, train: bool) -> bool:
    """Whether a test fails."""
    marked = "not browser and not data and not install" + ("" if train else " and not train")
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return run(
        python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", marked, *tests, env=env
    )


def audited(place: Path, python: Path) -> bool | None:
    """Whether pip-audit knows of a vulnerability; None if it could look up no package."""
    listed = place / "requirements.txt"
    lines = [f"{name}=={version}\n" for name, version in installed_versions(python).items()]
    listed.write_text("".join(lines), encoding="utf-8")
    tool = place / "audit"
    venv.create(tool, with_pip=True)
    auditor = tool / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if run(auditor, "-m", "pip", "install", "--quiet", "pip-audit"):
        return None
    done = subprocess.run(  # noqa: S603
        [auditor, "-m", "pip_audit", "-r", listed, "--disable-pip", "--no-deps", "-f", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    try:
        rows = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return None
    skipped = [row["name"] for row in rows if "skip_reason" in row]
    known = [
        (row["name"], row["version"], each["id"]) for row in rows for each in row.get("vulns", ())
    ]
    for name, version, what in known:
        print(f"{name} {version}: {what}")
    print(f"pip-audit: {len(rows) - len(skipped)} packages audited, {len(skipped)} could not be")
    return bool(known) if len(skipped) < len(rows) else None


def run(*command: object, env: dict[str, str] | None = None) -> bool:
    """Run a command in the checkout; whether it failed."""
    return bool(subprocess.run(list(map(str, command)), cwd=ROOT, env=env, check=False).returncode)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
