"""What a newcomer meets first: make, Binder's and conda's environments, no stray paths."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def wanted(*extras):
    packaging = pytest.importorskip("packaging.requirements", reason="pip install packaging")
    texts = [*PROJECT["dependencies"]]
    for extra in extras:
        texts += PROJECT["optional-dependencies"][extra]
    return [packaging.Requirement(text) for text in texts]


def pins(text):
    found = re.findall(r"^[\s-]*([A-Za-z0-9._-]+)==([^\s#]+)$", text, re.MULTILINE)
    return {name.lower().replace("_", "-").replace(".", "-"): version for name, version in found}


def test_binder_installs_what_the_dashboard_needs():
    text = (ROOT / "binder" / "requirements.txt").read_text()
    pinned = pins(text)
    assert len(pinned) == len(text.split()), "every line is a name and an exact version"
    for requirement in wanted():
        version = pinned[requirement.name.lower()]
        assert requirement.specifier.contains(version), f"{requirement} against {version}"
    assert not {"torch", "fastai", "pandas", "scikit-learn"} & set(pinned)


def test_binder_runs_a_python_that_facelens_takes():
    packaging = pytest.importorskip("packaging.specifiers", reason="pip install packaging")
    version = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert packaging.SpecifierSet(PROJECT["requires-python"]).contains(f"{version}.0")


def test_the_conda_environment_agrees_with_the_package():
    text = (ROOT / "environment.yml").read_text()
    pinned = pins(text)
    assert {"torch", "torchvision", "fastai"} == set(pinned)
    for requirement in wanted("train"):
        if requirement.name in pinned:
            assert requirement.specifier.contains(pinned[requirement.name]), requirement
    extras = re.search(r"-e \.\[(.+)\]", text)[1].split(",")
    assert set(extras) <= set(PROJECT["optional-dependencies"])


@pytest.mark.parametrize("script", ["binder/postBuild", "binder/start", ".ci/run"])
def test_scripts_can_be_run(script):
    path = ROOT / script
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_start_hands_over_to_the_server():
    said = subprocess.run(
        [str(ROOT / "binder" / "start"), "sh", "-c", "echo $OMP_NUM_THREADS $FACELENS_THREADS"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout == "1 1\n"
    assert "set -e" in (ROOT / "binder" / "postBuild").read_text()


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_alone_says_what_it_can_do():
    said = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True)
    for target in ("help", "dashboard", "test", "test-app", "lint"):
        assert f"make {target} " in said.stdout


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_says_that_a_python_is_missing_or_too_old(tmp_path):
    old = tmp_path / "python-old"
    old.write_text('#!/bin/sh\ncase "$*" in *version_info*) exit 1;; esac\nexit 0\n')
    old.chmod(0o755)
    for python, words in (("no-such-python", "install Python 3.11"), (old, "is older")):
        said = subprocess.run(
            ["make", "-C", str(ROOT), "dashboard", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert said.returncode != 0
        assert words in said.stderr
        assert not (tmp_path / "venv").exists()


def committed():
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout: clone the repository to run this")
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_committed_file_names_a_place_on_somebodys_machine():
    foreign = re.compile(r"\.\./shared|/(?:work|root|home/\w+|Users/\w+)/|find-links|index-url")
    for path in committed():
        if path in (ROOT / ".ci" / "run", Path(__file__)) or path.suffix in (
            ".onnx",
            ".jpg",
            ".png",
        ):
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        found = foreign.search(text)
        assert not found, f"{path.relative_to(ROOT)} has {found[0]}"


def test_nothing_heavy_is_committed():
    sizes = {path: path.stat().st_size for path in committed()}
    weights = sum(size for path, size in sizes.items() if path.is_relative_to(ROOT / "weights"))
    assert weights <= 100_000_000
    for path, size in sizes.items():
        assert path.suffix != ".parquet", path
        if not path.is_relative_to(ROOT / "weights"):
            assert size < 2_000_000, f"{path} has {size:,} bytes"


def test_the_changelog_knows_this_version():
    from facelens import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_readmes_figures_are_those_that_were_measured():
    done = subprocess.run(
        [sys.executable, "benchmarks/readme.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_no_committed_graph_names_a_file_of_the_machine_it_was_made_on():
    for graph in (ROOT / "weights").rglob("*.onnx"):
        data = graph.read_bytes()
        assert not re.search(rb"/\w+\.py", data), graph
        assert b"site-packages" not in data, graph
