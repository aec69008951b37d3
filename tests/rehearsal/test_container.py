"""The container, as far as that goes without an engine: its recipe, and the server it runs."""

import asyncio
import contextlib
import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import time
import tomllib
import urllib.error
import urllib.request
import warnings
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from rehearsal import ROOT, environment, free_port, server
from tornado.websocket import websocket_connect

KERNEL_ID = "JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"
# Nothing can be written but below $1, which is as empty as a container's /tmp, and root is nobody.
READ_ONLY = (
    "mount -o remount,bind,ro / && mount -t tmpfs -o mode=1777 tmpfs $1 && shift"
    ' && exec setpriv --bounding-set -all --inh-caps -all "$@"'
)


def recipe():
    """The Dockerfile's instructions, each with what it is given."""
    text = re.sub(r"\\\n", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def given(name):
    """What the last instruction `name` is given."""
    return [words for instruction, words in recipe() if instruction == name][-1]


def left_out(path):
    """Whether .dockerignore keeps a path out of the image."""
    parts = path.split("/")
    for pattern in (ROOT / ".dockerignore").read_text().splitlines():
        anywhere = parts if pattern.startswith("**/") else parts[:1]
        wanted = pattern.removeprefix("**/")
        if any(fnmatch.fnmatch(part, wanted) for part in anywhere):
            return True
    return False


def test_the_container_runs_as_nobody_special_and_can_be_asked_for_its_health():
    assert given("USER") == "1000"
    assert ("RUN", "useradd --uid 1000 --no-create-home facelens") in recipe()
    assert given("EXPOSE") == "7860"
    assert "HEALTHCHECK" in dict(recipe())
    assert json.loads(given("CMD"))[-1] == "7860"
    assert "app_port: 7860" in (ROOT / "docs" / "space.md").read_text()
    runtime = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert given("FROM") == f"python:{runtime}-slim"


def test_the_image_gets_all_that_it_is_made_of():
    sources = [words.split()[0] for instruction, words in recipe() if instruction == "COPY"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [
        *sources, "pyproject.toml", "facelens/commands/main.py", "dashboards/hosted/voila.json",
        "binder/postBuild", "binder/start", "binder/model.txt", project["project"]["readme"],
        *project["project"]["license-files"], *wheel["only-include"], *wheel["shared-data"],
    ]  # fmt: skip
    for path in needed:
        assert (ROOT / path).exists(), path
        assert path == "." or not left_out(path), path
    for path in (".git", ".venv", "tests", "benchmarks", "facelens/__pycache__"):
        assert left_out(path), path


def confined(command, writable):
    """`command` as a container runs it, as far as this machine lets us."""
    if os.geteuid() or not all(map(shutil.which, ("unshare", "setpriv"))):
        return command
    inside = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(writable)]
    can = subprocess.run([*inside, "true"], capture_output=True, check=False).returncode == 0
    if not can:
        warnings.warn("the container's server runs unconfined: no mount namespaces", stacklevel=2)
    return [*inside, *command] if can else command


@pytest.fixture(scope="module")
def container(installed, place):
    """The address of the page as the container serves it, under a prefix, and its process."""
    writable = place / "tmp"
    writable.mkdir()
    shutil.copytree(ROOT / "binder", place / "binder")
    env = environment(installed, writable) | {
        "TMPDIR": str(writable), "FACELENS_PREFIX": "faces", "FACELENS_VISITORS": "2",
    }  # fmt: skip
    port = free_port()
    words = json.loads(given("CMD"))
    words[words.index("7860")] = str(port)
    address = f"http://127.0.0.1:{port}/faces/"
    command = confined([str(place / "binder" / "start"), *words], writable)
    with server(command, f"{address}voila/static/favicon.ico", cwd=place, env=env) as process:
        yield address, psutil.Process(process.pid)


def kernels(process):
    """The commands of the kernels that the server keeps."""
    found = []
    for child in process.children(recursive=True):
        try:
            found.append(shlex.join(child.cmdline()))
        except psutil.NoSuchProcess:
            continue
    return [command for command in found if "ipykernel" in command]


def settled(process, count):
    """Wait until the server keeps `count` kernels."""
    for _ in range(100):
        if len(found := kernels(process)) == count:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{len(found)} kernels instead of {count}")


@pytest.mark.install
@pytest.mark.browser
def test_the_container_serves_visitors_apart_from_kernels_that_wait(container, visit):
    address, process = container
    waiting = settled(process, 2)
    first, second = visit(address), visit(f"{address}?network=mobilenet_v2")
    ids = {page.evaluate(KERNEL_ID) for page in (first, second)}
    assert len(ids) == 2, "each visitor has a kernel of their own"
    for each in ids:
        assert each in str(waiting), "it had been started before they came"

    with pytest.raises(urllib.error.HTTPError, match="Please try again") as full:
        urllib.request.urlopen(address)
    assert full.value.code == 503
    found = settled(process, 4)
    first.goto("about:blank")
    second.goto("about:blank")
    left = settled(process, 2)
    assert set(left) == set(found) - {each for each in found if any(i in each for i in ids)}


@pytest.mark.install
@pytest.mark.browser
def test_whoever_comes_after_kernels_have_died_is_served(container, visit):
    address, process = container
    settled(process, 2)
    for child in process.children(recursive=True):
        child.kill()
    visit(address).goto("about:blank")
    settled(process, 2)


@pytest.mark.install
@pytest.mark.browser
def test_a_client_of_the_older_protocol_does_not_end_the_server(container, visit):
    address, process = container
    page = visit(address)
    channels = f"{address.replace('http', 'ws')}api/kernels/{page.evaluate(KERNEL_ID)}/channels"
    with ThreadPoolExecutor(1) as pool:
        heard = pool.submit(asyncio.run, listen(channels, 8))
        page.wait_for_timeout(1000)
        page.get_by_role("button", name="Example", exact=True).click()
        page.locator('.intake .status[data-state="done"]').wait_for()
        page.goto("about:blank")
        assert heard.result(30), "pictures are what Voilà misread"
    settled(process, 2)


async def listen(address, seconds):
    """How many messages with pictures a client gets that names no protocol."""
    count = 0
    line = await websocket_connect(address, max_message_size=100 << 20)
    with contextlib.suppress(asyncio.TimeoutError):
        while (said := await asyncio.wait_for(line.read_message(), seconds)) is not None:
            count += isinstance(said, bytes)
    line.close()
    return count


@pytest.mark.install
def test_the_container_says_that_it_is_well_and_who_may_frame_it(container):
    address, process = container
    test = json.loads(given("HEALTHCHECK").partition("CMD ")[2])
    port = re.search(r":(\d+)/", address)[1]
    test[2] = test[2].replace("7860", port)
    for prefix, code in (("faces", 0), ("/faces/", 0), ("elsewhere", 1)):
        env = os.environ | {"FACELENS_PREFIX": prefix}
        assert subprocess.run(test, env=env, capture_output=True, check=False).returncode == code

    with urllib.request.urlopen(address) as page:
        policy = page.headers["Content-Security-Policy"]
        assert policy.endswith("; frame-ancestors 'self' https://huggingface.co")
        assert policy.startswith("default-src 'none'")
        kernel = re.search(r'"kernelId": ?"([\w-]+)"', page.read().decode())[1]
    # A page in a frame has no cookies; it ends its kernel without.
    leave = urllib.request.Request(f"{address}voila/api/shutdown/{kernel}", method="POST")
    with urllib.request.urlopen(leave) as done:
        assert done.status == 204
    settled(process, 2)


@pytest.mark.install
def test_the_container_shows_one_page_in_one_way(container):
    address, _ = container
    with urllib.request.urlopen(f"{address}?template=lab&theme=dark") as page:
        assert 'id="early"' in page.read().decode()
    for path, code in (
        ("voila/files/selfie.ipynb", 403), ("voila/files/voila.json", 403),
        ("voila/render/selfie.ipynb", 403), ("voila/tree", 403), ("api/kernels", 403),
        ("api/terminals", 403), ("api/contents", 403),
    ):  # fmt: skip
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{address}{path}")
        assert refused.value.code == code, path


@pytest.mark.install
def test_ending_the_container_ends_its_kernels_and_leaves_nothing(container, place):
    _, process = container
    children = process.children(recursive=True)
    assert children
    process.terminate()
    _, alive = psutil.wait_procs([process, *children], timeout=20)
    assert not alive
    assert {path.name for path in place.iterdir()} == {"env", "tmp", "binder"}
