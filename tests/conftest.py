"""What the tests stand on: real data and a browser where there are, the example photo always."""

import http.server
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from helpers.cost import Cost
from helpers.hub import Hub
from helpers.tiny import tiny_bundle

ROOT = Path(__file__).parents[1]

# A shell that runs the tests in the background has Ctrl-C ignored, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Every machine finds faces in the same way and reads the same model, whatever its user has chosen.
_DETECTOR = os.environ.pop("FACELENS_DETECTOR", "")
_RECOGNISER = os.environ.pop("FACELENS_RECOGNISER", "")
os.environ.pop("FACELENS_MODEL", None)
_CACHE = tempfile.TemporaryDirectory(prefix="facelens-tests-")
os.environ["FACELENS_CACHE"] = _CACHE.name


def pytest_addoption(parser):
    parser.addoption("--cost", action="store_true", help="end with what each folder's tests cost")


def pytest_configure(config):
    if config.getoption("--cost"):
        config.pluginmanager.register(Cost(), "cost")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes():
    """Give workers the environment that we were given, and one core each."""
    os.environ["FACELENS_DETECTOR"] = _DETECTOR
    os.environ["FACELENS_RECOGNISER"] = _RECOGNISER
    for name in ("OMP_NUM_THREADS", "FACELENS_THREADS"):
        os.environ.setdefault(name, "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from helpers.shares import Shares

    config.option.loadscopereorder = False
    return Shares(config, log)


def pytest_collection_modifyitems(config, items):
    """Have workers begin with what is slow, so that they end together."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not any(map(item.get_closest_marker, ("install", "train"))))


def missing(sentence: str) -> None:
    """Skip, or fail where FACELENS_STRICT says that everything has to be there."""
    if os.environ.get("FACELENS_STRICT") == "1":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with celeba/, keypoints/ and portraits/."""
    folder = os.environ.get("FACELENS_DATA")
    if not folder:
        missing(
            "FACELENS_DATA is not set: fetch the faces with `facelens download celeba DIR/celeba` "
            "and set FACELENS_DATA=DIR"
        )
    path = Path(folder).resolve()
    if not path.is_dir():
        missing(
            f"FACELENS_DATA={folder} is not a folder: `facelens download celeba {folder}/celeba`"
        )
    return path


@pytest.fixture(scope="session")
def portraits(data_dir) -> Path:
    """A folder of seventeen public-domain portraits and what is visible in them, labels.csv."""
    folder = data_dir / "portraits"
    if not folder.is_dir():
        missing(f"{folder} is missing: put frontal portraits and their labels.csv there")
    return folder


@pytest.fixture(scope="session")
def yunet() -> Path:
    """The YuNet file that FACELENS_DETECTOR named when the tests began."""
    if not _DETECTOR.startswith("yunet:"):
        missing(
            "FACELENS_DETECTOR names no YuNet file: `facelens download detector`, then set "
            "FACELENS_DETECTOR=yunet:PATH"
        )
    path = Path(_DETECTOR.removeprefix("yunet:")).resolve()
    if not path.is_file():
        missing(f"{path} is missing: download it with `facelens download detector`")
    return path


@pytest.fixture(scope="session")
def recogniser() -> Path:
    """The SFace file that FACELENS_RECOGNISER named when the tests began."""
    if not _RECOGNISER.startswith("sface:"):
        missing(
            "FACELENS_RECOGNISER names no SFace file: `facelens download recogniser`, then set "
            "FACELENS_RECOGNISER=sface:PATH"
        )
    path = Path(_RECOGNISER.removeprefix("sface:")).resolve()
    if not path.is_file():
        missing(f"{path} is missing: download it with `facelens download recogniser`")
    return path


@pytest.fixture(scope="session")
def astronaut() -> Path:
    return ROOT / "facelens" / "ui" / "astronaut.jpg"


@pytest.fixture
def hub():
    """A stand-in for the Hugging Face Hub on this machine."""
    handler = type("ThisHub", (Hub,), {"files": {}, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()


@pytest.fixture
def published(hub, tmp_path):
    """That Hub with the embedded bundle as someone/faces."""
    for path in tiny_bundle(tmp_path).iterdir():
        hub.files[f"someone/faces/{path.name}"] = path.read_bytes()
    return hub


@pytest.fixture(scope="session")
def browser():
    """A Chromium that talks to nobody but the pages under test."""
    try:
        from playwright import sync_api as playwright
    except ImportError:
        missing("Playwright is not installed: `pip install playwright`")
    chromium = os.environ.get("FACELENS_CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if not chromium or not Path(chromium).is_file():
        missing(
            "no Chromium: `apt-get install chromium` on Debian, or set FACELENS_CHROMIUM to one"
        )
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                # Another machine's address, which plain http makes insecure as loopback is not.
                "--host-resolver-rules=MAP another.test 127.0.0.1",
            ],
        )
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def node(tmp_path_factory) -> Path:
    """A folder with the tools that package.json pins."""
    npm = shutil.which("npm")
    if not npm:
        missing("there is no Node: `apt-get install nodejs npm` on Debian")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", ".npmrc"):
        shutil.copy(ROOT / name, folder)
    command = [npm, "install", "--no-save", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        missing(f"npm could not install what package.json pins: {done.stderr.strip()[:300]}")
    return folder


@pytest.fixture
def run(capsys):
    """Run a command in this process; give its exit code, stdout and stderr."""

    from facelens.commands import main

    def call(*arguments):
        capsys.readouterr()
        try:
            code = main.main([str(argument) for argument in arguments])
        except SystemExit as error:
            code = error.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def sent(monkeypatch):
    """Every message that would have reached the browser: (view, content, buffers)."""
    from facelens.ui._view import View

    messages = []
    monkeypatch.setattr(
        View, "send", lambda self, content, buffers=(): messages.append((self, content, buffers))
    )
    return messages
