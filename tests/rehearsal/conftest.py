"""What rehearsals share: the package as it is built, installed where no checkout is near."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from rehearsal import ROOT, copied, fresh_environment, pip

PINS = ROOT / "binder" / "requirements.txt"


def pytest_runtest_setup(item):
    wanted = os.environ.get("FACELENS_STRICT"), os.environ.get("FACELENS_REHEARSE")
    if item.get_closest_marker("install") and "1" not in wanted:
        pytest.skip("makes environments of its own, from the network: set FACELENS_REHEARSE=1")


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A wheel and an sdist; the wheel is made from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="session")
def place():
    """A folder that every user of this machine may enter, with no checkout above it."""
    folder = Path(tempfile.mkdtemp(prefix="facelens-rehearsal-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def pinned(tmp_path_factory):
    """An environment with what Binder and a container pin, for others to be copied from."""
    folder = tmp_path_factory.mktemp("pinned") / "env"
    return fresh_environment(folder, "-r", str(PINS))


@pytest.fixture(scope="session")
def installed(built, pinned, place):
    """An environment with the wheel: what it needs and no pin has named would come along."""
    venv = copied(pinned, place / "env")
    pip(venv, "install", "--quiet", str(built[0]), "--constraint", str(PINS))
    return venv


@pytest.fixture
def visit(browser):
    """Open a page as a new visitor, give it the example and wait for the answer."""
    contexts = []

    def enter(address):
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 800}))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.goto(address)
        page.get_by_role("button", name="Try the example").click()
        page.locator('.intake .status[data-state="done"]').wait_for()
        page.locator(".sentence", has_text="smiling").wait_for()
        return page

    yield enter
    for context in contexts:
        context.close()
