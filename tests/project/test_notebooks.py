"""Every lesson runs from top to bottom on a slice, and is committed without outputs."""

import os
import re
from pathlib import Path

import pytest
from helpers.hub import WRITER, serving

nbformat = pytest.importorskip("nbformat", reason="pip install nbformat nbclient")
nbclient = pytest.importorskip("nbclient", reason="pip install nbformat nbclient")

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
named = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def quick(data_dir, tmp_path_factory):
    """The environment of a lesson on a slice; all share what the first has decoded."""
    folder = tmp_path_factory.mktemp("lessons")
    with serving() as hub:
        yield os.environ | {
            "FACELENS_DATA": str(data_dir),
            "FACELENS_CACHE": str(folder / "cache"),
            "FACELENS_RUNS": str(folder / "runs"),
            "FACELENS_QUICK": "1",
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": WRITER,
            "HF_HOME": str(folder / "hub"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            # On so few faces, threads that wait for each other cost several times what they save.
            "OMP_NUM_THREADS": "1",
        }


@pytest.mark.train
@pytest.mark.data
@named
def test_a_lesson_runs_from_top_to_bottom(path, quick, monkeypatch):
    pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")
    for name, value in quick.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    )
    client.execute()
    drawn = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]  # fmt: skip
    assert drawn, "a lesson shows what it speaks of"


@named
def test_a_lesson_is_committed_without_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


@named
def test_a_lesson_explains_before_it_computes_and_holds_no_logic(path):
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    words = sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    assert words > 30 * len(code), "prose first"
    for source in code:
        assert len(source.splitlines()) <= 15, f"one idea a cell:\n{source}"
        found = re.search(r"^\s*(if|while|try|def|class)\b", source, re.MULTILINE)
        assert not found, f"logic belongs in facelens.training:\n{source}"
