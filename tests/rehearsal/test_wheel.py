"""The package: what is in it, and that it works where there is no checkout."""

import email
import subprocess
import sys
import tarfile
import zipfile
from collections import defaultdict

import pytest
from rehearsal import ROOT, environment, free_port, server

pytestmark = pytest.mark.install

MEGABYTES = 1e6
TEMPLATE = "data/share/jupyter/voila/templates/facelens/"


@pytest.fixture
def elsewhere(installed, tmp_path):
    """An empty folder to work in, and the variables of somebody who works there."""
    folder, home = tmp_path / "empty", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    return {"cwd": folder, "env": environment(installed, home)}


def run(*command, **elsewhere):
    return subprocess.run(command, capture_output=True, text=True, check=False, **elsewhere)


def test_the_wheel_holds_the_page_and_the_networks_and_is_small(built):
    wheel, sdist = built
    with zipfile.ZipFile(wheel) as archive:
        sizes = {each.filename: each.compress_size for each in archive.infolist()}
    names = list(sizes)
    for name in (
        "facelens/_dashboards/selfie.ipynb", "facelens/_dashboards/live.ipynb",
        "facelens/_dashboards/voila.json", "facelens/_dashboards/hosted/voila.json",
        "facelens/ui/astronaut.jpg", "facelens/ui/built/camera.js", "facelens/ui/heic.txt",
        "facelens/ui/hopper.jpg", "facelens/ui/drawn-1.jpg", "facelens/ui/drawn-2.jpg",
        "facelens/web/built/app.js", "facelens/web/index.html", "facelens/web/graphs/faces.onnx",
    ):  # fmt: skip
        assert name in names
    networks = {
        f"facelens/_weights/{path.relative_to(ROOT / 'weights').as_posix()}"
        for path in (ROOT / "weights").rglob("*")
        if path.is_file() and "resnet50" not in path.parts
    }
    assert networks == {name for name in names if name.startswith("facelens/_weights/")}
    assert "facelens/_weights/mobilenet_v2/model.onnx" in networks
    template = {name.partition(TEMPLATE)[2] for name in names if TEMPLATE in name}
    assert template == {"conf.json", "index.html.j2", "page.css", "page.js"}
    assert not [name for name in names if "resnet50" in name or name.startswith("tests")]
    assert not [name for name in names if "_dashboards/share" in name]
    assert sum(sizes[name] for name in sizes.keys() - networks) < 1.5 * MEGABYTES
    held: dict[str, int] = defaultdict(int)
    for name in networks:
        held[name.split("/")[2]] += sizes[name]
    assert max(held.values()) < 8 * MEGABYTES, held
    with tarfile.open(sdist) as archive:
        beside = [each.size for each in archive if "/weights/" not in each.name]
    assert sum(beside) < 9 * MEGABYTES


def test_the_sdist_holds_what_a_container_is_made_of_and_makes_the_wheel(built, tmp_path):
    wheel, sdist = built
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"Dockerfile", ".dockerignore", "binder/start", "tests/conftest.py", "docs/hosting.md"}
    assert wanted < names
    assert not [name for name in names if "resnet50/" in name]
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, capture_output=True, check=True)
    with zipfile.ZipFile(wheel) as ours, zipfile.ZipFile(tmp_path / wheel.name) as direct:
        assert sorted(ours.namelist()) == sorted(direct.namelist())


def test_the_package_says_that_the_weights_have_a_licence_of_their_own(built):
    with zipfile.ZipFile(built[0]) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        told = email.message_from_bytes(archive.read(path))
        licences = [name for name in archive.namelist() if "/licenses/" in name]
    assert told["License-Expression"] == (
        "Apache-2.0 AND LicenseRef-CelebA-Non-Commercial-Research"
    )
    assert told.get_all("License-File") == ["LICENSE", "weights/LICENSE.md"]
    assert len(licences) == 2


NEEDED = """
import re
from importlib.metadata import distribution, distributions
from pip._vendor.packaging.requirements import Requirement
plain = lambda name: re.sub("[-_.]+", "-", name).lower()
found, todo = set(), [("facelens", "")]
while todo:
    name, extra = todo.pop()
    if (name, extra) not in found:
        found.add((name, extra))
        for each in map(Requirement, distribution(name).requires or ()):
            if not each.marker or each.marker.evaluate({"extra": extra}):
                todo += [(plain(each.name), more) for more in ("", *each.extras)]
there = {plain(each.metadata["Name"]) for each in distributions()}
print(*sorted(there - {name for name, _ in found}))
"""


def test_all_that_is_installed_is_what_the_package_asks_for(elsewhere):
    """It was installed among pinned packages: pip, by itself, would have brought all of them."""
    said = run("python", "-c", NEEDED, **elsewhere)
    assert said.returncode == 0, said.stderr
    assert set(said.stdout.split()) <= {"pip", "setuptools"}


def test_it_answers_where_there_is_no_checkout(elsewhere, astronaut):
    said = run("facelens", "predict", str(astronaut), **elsewhere)
    assert said.returncode == 0, said.stderr
    assert "Smiling" in said.stdout


def test_it_says_where_the_other_network_is(elsewhere, astronaut):
    said = run("facelens", "predict", str(astronaut), "--model", "resnet50", **elsewhere)
    assert said.returncode == 2
    assert "resnet50 comes with a checkout of Facelens" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.browser
def test_the_page_opens_where_there_is_no_checkout(elsewhere, visit):
    address = f"http://127.0.0.1:{(port := free_port())}/"
    command = ["facelens", "dashboard", "--no-browser", "--port", str(port)]
    with server(command, f"{address}voila/static/favicon.ico", **elsewhere):
        page = visit(address)
        assert "mobilenet_v2" in page.locator(".footer").inner_text()
        assert "Haar" in page.locator(".footer").inner_text()
    assert not list(elsewhere["cwd"].iterdir())
