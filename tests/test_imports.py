"""What only looks at a photo stays light: no torch, no pandas, nothing of that size."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.terminal import command_parsers

from facelens.tasks import TASKS

PACKAGE = Path(__file__).parents[1] / "facelens"
HEAVY = {"torch", "torchvision", "fastai", "pandas", "sklearn"}
BEHIND_THE_WALL = {"training", "lessons"}  # where a path says so, torch may be imported
# What no --help loads either.
WORK = {*HEAVY, "numpy", "cv2", "onnxruntime", "PIL", "pyarrow", "huggingface_hub", "voila"}


def light(package=PACKAGE):
    """Every module of the package whose path does not lead behind the wall, by name."""
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        if not BEHIND_THE_WALL & set(parts):
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def offender(steps, heavy=HEAVY, **env):
    """The first of these lines of Python after which a fresh one has a heavy package, and which."""
    script = (
        "import contextlib, io, json, sys\n"
        "for step in json.load(sys.stdin):\n"
        "    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "        exec(step)\n"
        f"    if found := {heavy!r} & set(sys.modules):\n"
        "        print(json.dumps([step, sorted(found)]))\n"
        "        break\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(list(steps)), capture_output=True,
        text=True, check=False, env=os.environ | env,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout) if said.stdout else None


def test_no_module_outside_training_and_lessons_loads_torch():
    modules = list(light())
    assert {"facelens.commands.train", "facelens.ui.selfie", "facelens.serve.kernels"} < {*modules}
    assert offender(f"import {name}" for name in modules) is None


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_a_heavy_import_would_be_noticed(name, tmp_path):
    """The check itself can fail: a module that imports a stand-in is found and named."""
    package = tmp_path / "toy"
    for room in ("", "ui", "training", "lessons"):
        (package / room).mkdir()
        (package / room / "__init__.py").touch()
    (tmp_path / f"{name}.py").touch()
    for room in ("training", "lessons"):
        (package / room / "heavy.py").write_text(f"import {name}")
    steps = [f"import {module}" for module in light(package)]
    assert steps == ["import toy", "import toy.ui"]
    assert offender(steps, PYTHONPATH=str(tmp_path)) is None
    (package / "ui" / "bad.py").write_text(f"def f():\n    pass\n\n\nimport {name}")
    steps = [f"import {module}" for module in light(package)]
    assert offender(steps, PYTHONPATH=str(tmp_path)) == ["import toy.ui.bad", [name]]


def test_predicting_is_light(astronaut):
    command = ["predict", str(astronaut)]
    step = f"from facelens.commands.main import main; assert main({command!r}) == 0"
    assert offender([step]) is None


def test_no_help_needs_torch_or_numpy():
    lines = [[], *([name] for name in command_parsers())]
    lines += [["download", what] for what in ("detector", "recogniser", "celeba")]
    lines += [[verb, "--task", name] for verb in ("train", "evaluate") for name in TASKS]
    step = "from facelens.commands.main import main; main({!r})"
    assert offender([step.format([*line, "--help"]) for line in lines], WORK) is None
    assert offender([step.format(["predict", "nowhere.jpg"])], WORK) is not None
