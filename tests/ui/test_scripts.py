"""The joined JavaScript that is committed is what its sources make."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UI = Path("facelens/ui")
BUILT = (UI / "built", Path("dashboards/share/jupyter/voila/templates/facelens"))


def joined(root):
    """What esbuild has written under `root`, by its path there."""
    files = [*(root / BUILT[0]).iterdir(), *(root / BUILT[1]).glob("page.*")]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def copy(node):
    """The sources elsewhere, beside the tools."""
    ignore = shutil.ignore_patterns("built", "*.py", "__pycache__")
    shutil.copytree(ROOT / UI, node / UI, ignore=ignore)
    return node


def build(copy):
    subprocess.run([shutil.which("npm"), "run", "--silent", "build"], cwd=copy, check=True)
    return joined(copy)


def test_the_joined_files_are_those_of_the_sources(copy):
    committed, built = joined(ROOT), build(copy)
    assert built.keys() == committed.keys()
    stale = [name for name in built if built[name] != committed[name]]
    assert stale == [], "`make js` joins them anew"
    # An edit shows in what takes it in, and in nothing else.
    source = copy / UI / "link.js"
    text = source.read_text()
    source.write_text(text.replace("encodeURIComponent", "encodeURI"))
    edited = build(copy)
    source.write_text(text)
    changed = {Path(name).stem for name in built if edited[name] != built[name]}
    assert changed == {"board", "footer"}


def test_the_tools_are_pinned_to_one_version_and_nothing_names_a_registry():
    package = json.loads((ROOT / "package.json").read_text())
    for version in package["devDependencies"].values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    for name in ("package.json", ".npmrc", "biome.json"):
        assert "http" not in (ROOT / name).read_text()


def test_every_view_runs_the_file_that_was_joined_for_it():
    from facelens import ui
    from facelens.tasks import TASKS
    from facelens.ui.classes import Classes

    page = ui.Live(detector="haar")
    views = [page.board, page.compare, page.inside, page.steps, page.network, page.about]
    views += [
        page.footer,
        page.picture,
        page.heatmap,
        page.intake,
        ui.Selfie(detector="haar").intake,
        Classes(TASKS["keypoints"]),
    ]
    for view in views:
        name = type(view).__name__.lower()
        assert view._esm == (ROOT / BUILT[0] / f"{name}.js").read_text(), name
    assert len(views) == len(list((ROOT / BUILT[0]).iterdir()))
