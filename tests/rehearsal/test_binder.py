"""Binder, as far as that goes without a container engine: its environment, scripts and server."""

import contextlib
import os
import re
import shutil
import subprocess
import sys

import pytest
from rehearsal import ROOT, checkout, copied, environment, free_port, server

sys.path.append(str(ROOT / "benchmarks"))
pytestmark = pytest.mark.install

GUARANTEED = 450e6  # bytes of memory that mybinder.org promises
PREFIX = "/user/someone-facelens-x1y2z3/"
TOKEN = "a-token-of-binder"
SLEEPS_AFTER = 15  # seconds; mybinder.org waits ten minutes
PAGE = "voila/render/dashboards/selfie.ipynb"
VISITS = "slider_turns or no_photo or dropped or another_network or compared"


def test_repo2docker_reads_our_files(tmp_path):
    said = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(checkout(tmp_path))],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for words in (
        'pip install --no-cache-dir -r "binder/requirements.txt"',
        "RUN ./binder/postBuild",
        'R2D_ENTRYPOINT="${REPO_DIR}/binder/start"',
    ):
        assert words in said, words
    assert "environment.yml" not in said, "the large environment is for a GPU"


@pytest.fixture(scope="module")
def image(tmp_path_factory, pinned):
    """What Binder builds: a home with the repository in it, and the environment around it."""
    home = checkout(tmp_path_factory.mktemp("binder") / "home")
    env = environment(copied(pinned, tmp_path_factory.mktemp("env") / "env"), home)
    built = subprocess.run(
        [str(home / "binder" / "postBuild")], env=env, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    assert "Smiling" in built.stdout, "the network has answered while the image was built"
    return home, env


def test_what_is_installed_fits_together(image):
    home, env = image
    said = subprocess.run(
        ["python", "-m", "pip", "check"], env=env, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stdout
    installed = subprocess.run(
        ["python", "-m", "pip", "freeze", "--exclude-editable"],
        env=env, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    names = lambda text: {line.lower().replace("_", "-") for line in text.split() if "==" in line}  # noqa: E731
    wanted = names((home / "binder" / "requirements.txt").read_text())
    assert names(installed) - wanted == set(), "something came along that is not pinned"


@pytest.fixture(scope="module")
def binder(image):
    """The address of the page on a server that was started as Binder starts it, and its process."""
    home, env = image
    port = free_port()
    command = [
        str(home / "binder" / "start"), "jupyter", "server", "--allow-root", "--no-browser",
        "--ip=127.0.0.1", f"--port={port}", f"--ServerApp.base_url={PREFIX}",
        f"--IdentityProvider.token={TOKEN}", "--ServerApp.allow_origin=*",
        "--ServerApp.trust_xheaders=True", "--MappingKernelManager.cull_connected=True",
        f"--MappingKernelManager.cull_idle_timeout={SLEEPS_AFTER}",
        "--MappingKernelManager.cull_interval=1",
    ]  # fmt: skip
    env = env | {"BINDER_LAUNCH_HOST": "https://binder.example/", "BINDER_REQUEST": "v2/gh/a/b/c"}
    with server(command, f"http://127.0.0.1:{port}{PREFIX}api", cwd=home, env=env) as process:
        yield f"http://127.0.0.1:{port}{PREFIX}{PAGE}?token={TOKEN}", process


@contextlib.contextmanager
def seen(page):
    """Say what was on the page when a wait ended in vain."""
    from playwright.sync_api import TimeoutError as InVain

    try:
        yield
    except InVain:
        pytest.fail(f"{page.url}\n{page.locator('body').inner_text()[:2000]}")


@pytest.mark.browser
def test_the_page_opens_under_a_prefix_and_a_token_within_the_memory_and_says_that_it_sleeps(
    browser, binder, astronaut
):
    from memory import Watch

    address, process = binder
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(60_000)
    with Watch(process.pid) as watch:
        page.goto(address)
        for turn in ("Choose a photo", "Another photo"):
            with page.expect_file_chooser() as chooser:
                page.get_by_role("button", name=turn).click()
            chooser.value.set_files(astronaut)
            page.locator('.intake .status[data-state="done"]').wait_for()
        page.locator(".inside").scroll_into_view_if_needed()
        page.locator(".inside .grid button").first.wait_for()
    assert watch.kernels
    assert 50e6 < watch.most < GUARANTEED
    assert "sleep" not in page.locator(".footer").inner_text()
    banner = page.locator(".footer .gone")
    banner.wait_for()
    assert "gone to sleep" in banner.inner_text()
    assert banner.get_by_role("button", name="Start it again").is_visible()
    page.goto(address)
    page.get_by_role("button", name="Try the example").click()
    page.locator('.intake .status[data-state="done"]').wait_for()
    # By the keyboard: a click may miss while the page below the answer still grows.
    page.get_by_role("link", name="Live, with your camera").press("Enter")
    page.wait_for_url("**/live.ipynb*")
    camera = page.get_by_role("button", name="Start the camera")
    with seen(page):
        camera.click()
        page.get_by_text("No camera was found here.").wait_for()
    assert page.get_by_role("link", name="With a photo").get_attribute("href") == "selfie.ipynb"
    page.close()


@pytest.mark.browser
def test_the_browsers_tests_pass_through_it(binder):
    address, _ = binder
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "tests/browser/test_selfie.py", "-k", VISITS],
        cwd=ROOT, env=os.environ | {"FACELENS_PAGE": address}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"\b[5-9] passed", done.stdout), done.stdout[-300:]


def test_nobody_enters_without_the_token(binder):
    import urllib.error
    import urllib.request

    address, _ = binder
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address.partition('?')[0].rpartition(PAGE)[0]}api/kernels")
    assert refused.value.code == 403


def test_a_fork_shows_its_own_network_by_one_line(image, published, tmp_path):
    home, env = image
    fork = tmp_path / "fork"
    shutil.copytree(home, fork)
    line = fork / "binder" / "model.txt"
    line.write_text(re.sub(r"(?m)^mobilenet_v2$", "someone/faces", line.read_text()))
    env = env | {
        "HF_ENDPOINT": published.url, "HF_HOME": str(tmp_path / "hub"), "HF_HUB_DISABLE_XET": "1",
    }  # fmt: skip
    source = "import facelens; print(facelens.load_model().bundle.source)"
    ask = [str(fork / "binder" / "start"), "python", "-c", source]
    fetched = subprocess.run(
        ask, env=env | {"HF_HUB_OFFLINE": "0"}, capture_output=True, text=True, check=True
    )
    published.url = "http://127.0.0.1:9"  # a launch has all that the image holds and asks nobody
    published.asked.clear()
    launched = subprocess.run(ask, env=env, capture_output=True, text=True, check=True)
    assert launched.stdout == fetched.stdout == f"someone/faces@{published.commit[:12]}\n"
    assert published.asked == []
