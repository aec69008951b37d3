"""How soon the page can be used and answers, beside a plain Voilà page and a fastai one.

    FACELENS_PEERS=PYTHON python benchmarks/page.py [PHOTO PHOTO]

Opens each in Chromium from an empty cache, in turns, on a server that has had visitors (warm) and
on one that has just been started (cold; as root also with the machine's file cache dropped), no
kernel being started ahead of its visitor. Writes benchmarks/results/page.csv, each row with its
ratio to the plain page (one button) and to the fastai page (a ResNet50 by `load_learner`,
`FileUpload` and a slider for each of 40 attributes).

A photo can be chosen when the page has its button and what is chosen then is answered without being
chosen again. To prove it half of the visits choose one at that very moment and wait for the answer:
the sentence, or the first probability. The other half wait three seconds after the last request, as
for a visitor who looks for a photo first.
"""

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from measure import EXAMPLE, ROOT, write
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
VISITS, STARTS = 5, 3
PAINT = "seconds until the first paint"
USABLE = "seconds until a photo can be chosen"
AT_ONCE = "seconds from the request to the answer, a photo chosen at once"
CLICK = "seconds from the click to the answer"
UPLOAD = "seconds from the upload to the answer"
NO_PEERS = """FACELENS_PEERS names no Python with fastai. Make one and try again:
    python -m venv .venv-peers && .venv-peers/bin/pip install -r benchmarks/peers/requirements.txt
    FACELENS_PEERS=.venv-peers/bin/python python benchmarks/page.py"""
PLAIN = {
    "cells": [
        {
            "cell_type": "code",
            "id": "one",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": "import ipywidgets\nipywidgets.Button(description='Choose a photo')",
        }
    ],
    "metadata": {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}
# All of an answer is on the page, and it is no older one.
ANSWERED = {
    "facelens": "() => document.querySelector('.sentence')?.textContent",
    "fastai page": """() => [...document.querySelectorAll("pre:not([data-old])")].some(
        (pre) => pre.textContent.match(/\\(\\d\\.\\d+\\)/g)?.length === 40)""",
}
AGE = 'document.querySelectorAll("pre").forEach((pre) => { pre.dataset.old = ""; })'


@dataclass(frozen=True)
class Way:
    """A page: its name, its command, the folder it is started in, its button for a photo."""

    name: str
    command: list[str]
    folder: Path
    button: str = "Choose a photo"


def ways(folder: Path, peers: str) -> list[Way]:
    """The three pages, the peers' made ready in `folder`."""
    (folder / "plain.ipynb").write_text(json.dumps(PLAIN))
    fastai = folder / "fastai"
    shutil.copytree(HERE / "peers" / "fastai_page", fastai)
    subprocess.run([peers, "-m", "peers.learner", fastai], cwd=HERE, check=True)  # noqa: S603
    notebook = next(fastai.glob("*.ipynb")).name
    voila = ["-m", "voila", "--no-browser"]
    return [
        Way("facelens", [sys.executable, "-m", "facelens", "dashboard", "--no-browser"], ROOT),
        Way("plain Voilà page", [sys.executable, *voila, "plain.ipynb"], folder),
        Way("fastai page", [peers, *voila, notebook], fastai, button="Upload"),
    ]


def main() -> None:
    photos = sys.argv[1:3] if len(sys.argv) > 2 else [EXAMPLE, EXAMPLE]
    seen: dict[tuple[str, str], list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as driver:
        pages = ways(Path(place), peers_python())
        browser = launched(driver)
        with contextlib.ExitStack() as stack:
            addresses = {way.name: stack.enter_context(served(way))[0] for way in pages}
            for turn in range(1 + VISITS):
                for way in pages:
                    patient = visit(browser, way, addresses[way.name], photos, at_once=False)
                    hasty = visit(browser, way, addresses[way.name], photos, at_once=True)
                    if turn:  # the first visit to a server is never a warm one
                        seen.setdefault((way.name, "warm"), []).append(patient | hasty)
        for _ in range(STARTS):
            for way in pages:
                drop_file_cache()
                with served(way) as (address, _):
                    found = visit(browser, way, address, photos, at_once=True)
                seen.setdefault((way.name, "cold"), []).append(found)
        browser.close()
    write("page", list(rows(seen)))


def rows(seen: dict[tuple[str, str], list[dict[str, float]]]) -> Iterator[dict[str, Any]]:
    """A row for each median, with its ratios."""
    middle = {
        key: {what: median(each[what] for each in visits) for what in visits[0]}
        for key, visits in seen.items()
    }
    for (page, server), measured in middle.items():
        for what, value in measured.items():
            ratios = {
                f"ratio_to_{short}": f"{value / other:.3g}"
                # The plain page's button does nothing: to compare when it is there says little.
                if (other := middle[peer, server].get(what)) and (short, what) != ("plain", USABLE)
                else ""
                for short, peer in (("plain", "plain Voilà page"), ("fastai", "fastai page"))
            }
            yield {
                "page": page,
                "server": server,
                "what": what,
                "median": f"{value:.2f}" if what.startswith("seconds") else f"{value:.0f}",
                "visits": len(seen[page, server]),
                **ratios,
            }


def peers_python() -> str:
    """The Python that has fastai, or a sentence that says how to get one."""
    peers = shutil.which(os.environ.get("FACELENS_PEERS", ""))
    if not peers:
        print(NO_PEERS, file=sys.stderr)
        raise SystemExit(2)
    return str(Path(peers).absolute())


def launched(driver: Any) -> Browser:
    return driver.chromium.launch(
        executable_path=os.environ.get("FACELENS_CHROMIUM") or shutil.which("chromium"),
        args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    )


def drop_file_cache() -> None:
    """Let the machine read every file from its disk again, where we may."""
    with contextlib.suppress(OSError):
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")


@contextlib.contextmanager
def served(way: Way) -> Iterator[tuple[str, int]]:
    """Serve a page; its address and its server's process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(  # noqa: S603 - our own interpreter
        [*way.command, f"--port={port}"],
        cwd=way.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"JUPYTER_PLATFORM_DIRS": "1"},
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{address}voila/static/favicon.ico", timeout=5)  # noqa: S310
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        yield address, server.pid
    finally:
        server.terminate()
        server.wait(60)


def visit(
    browser: Browser, way: Way, address: str, photos: list[Any], *, at_once: bool
) -> dict[str, float]:
    """Open a page with nothing in the cache, count what it takes, and have a photo answered."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(180_000)
    counted = count(page)
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_role("button", name=way.button).wait_for()
    told = {USABLE: time.perf_counter() - start}
    if at_once and way.name in ANSWERED:
        answered(page, way, lambda: choose(page, way.button, photos[0]))
        told[AT_ONCE] = time.perf_counter() - start
    paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    page.wait_for_function(f"() => {paint.removesuffix('.startTime')}")  # it may be usable before
    told[PAINT] = page.evaluate(paint) / 1000
    if not at_once:
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(3000)
        told |= counted
        if way.name == "facelens":
            click = page.get_by_role("button", name="Try the example").click
            told[CLICK] = answered(page, way, click)
            page.get_by_role("button", name="Clear").click()
            page.locator(".board .empty").wait_for()
        if way.name in ANSWERED:
            told[UPLOAD] = answered(page, way, lambda: choose(page, way.button, photos[1]))
    page.goto("about:blank")
    context.close()
    return told


def count(page: Page) -> dict[str, float]:
    """Requests, and bytes that come in, of answers and over the websocket."""
    counted = {"requests": 0.0, "bytes": 0.0}
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")

    def loaded(event: dict[str, Any]) -> None:
        # What the page has made itself (blob:, data:) crosses no wire.
        if event["encodedDataLength"]:
            counted["requests"] += 1
            counted["bytes"] += event["encodedDataLength"]

    def message(event: dict[str, Any]) -> None:
        frame = event["response"]
        data = frame["payloadData"]
        counted["bytes"] += len(base64.b64decode(data) if frame["opcode"] == 2 else data.encode())

    wire.on("Network.loadingFinished", loaded)
    wire.on("Network.webSocketFrameReceived", message)
    return counted


def choose(page: Page, button: str, photo: Any) -> None:
    """Press the button and choose a photo, as a visitor does."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=button).click()
    chooser.value.set_files(photo)


def answered(page: Page, way: Way, act: Callable[[], Any]) -> float:
    """The seconds from `act` until its answer is there; Facelens has been cleared before."""
    page.evaluate(AGE)
    start = time.perf_counter()
    act()
    page.wait_for_function(ANSWERED[way.name])
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
