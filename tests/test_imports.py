"""What only looks at a photo stays light: no torch, no pandas, nothing of that size."""

import os
import subprocess
import sys

import pytest

HEAVY = {"torch", "torchvision", "fastai", "pandas", "sklearn"}


def loaded(code, **env):
    """The heavy packages that a fresh Python has loaded after running `code`."""
    script = f"import sys\n{code}\nprint('loaded:', *sorted({HEAVY!r} & set(sys.modules)))"
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env=os.environ | env,
    )  # fmt: skip
    return set(said.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(
    "code",
    [
        "import facelens; [getattr(facelens, name) for name in facelens.__all__]",
        "import facelens.bulk.label, facelens.data.parquet, facelens.data.celeba",
        "import facelens.tasks.attributes.evaluate",
        "import facelens.ui.selfie, facelens.ui.live, facelens.video.annotated",
        "import facelens.tasks.keypoints.marks",
    ],
)
def test_importing_is_light(code):
    assert loaded(code) == set()


def test_predicting_is_light(astronaut):
    command = ["predict", str(astronaut)]
    code = f"from facelens.commands.main import main; assert main({command!r}) == 0"
    assert loaded(code) == set()


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_a_heavy_import_would_be_noticed(name, tmp_path):
    """The check itself can fail: a stand-in for each heavy package is seen."""
    (tmp_path / f"{name}.py").write_text("")
    assert loaded(f"import facelens, {name}", PYTHONPATH=str(tmp_path)) == {name}


def test_help_needs_not_even_numpy():
    script = (
        "import sys\n"
        "from facelens.commands.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'numpy', 'cv2', 'onnxruntime', 'PIL'} & set(sys.modules), sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
