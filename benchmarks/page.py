"""What the page weighs and how soon it answers, beside a plain Voilà page of one button.

    python benchmarks/page.py

Opens both in Chromium from an empty cache, one after the other, and writes
benchmarks/results/page.csv: requests, bytes and seconds until it can be used, each with its ratio
to the plain page; for ours also the seconds from the example's click to its answer.
"""

import contextlib
import csv
import datetime as dt
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, sync_playwright

RESULT = Path(__file__).parent / "results" / "page.csv"
TIMES = 5
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


def main() -> None:
    chromium = os.environ.get("FACELENS_CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        (Path(folder) / "plain.ipynb").write_text(json.dumps(PLAIN))
        browser = driver.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        own = [sys.executable, "-m", "facelens", "dashboard", "--no-browser"]
        plain = [sys.executable, "-m", "voila", "plain.ipynb", "--no-browser"]
        with served(own, Path.cwd()) as ours, served(plain, Path(folder)) as peer:
            visits: dict[str, list[dict[str, float]]] = {"facelens": [], "plain Voilà page": []}
            for _ in range(TIMES):
                visits["facelens"].append(visit(browser, ours, answer=True))
                visits["plain Voilà page"].append(visit(browser, peer))
        browser.close()
    middle = {
        page: {what: median(each[what] for each in seen) for what in seen[0]}
        for page, seen in visits.items()
    }
    peers = middle["plain Voilà page"]
    rows = [
        {
            "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
            "machine": f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores",
            "page": page,
            "what": what,
            "median": f"{value:.0f}" if what in {"requests", "bytes"} else f"{value:.2f}",
            "visits": TIMES,
            "ratio_to_plain": f"{value / peers[what]:.2f}" if what in peers else "",
        }
        for page, measured in middle.items()
        for what, value in measured.items()
    ]
    with RESULT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@contextlib.contextmanager
def served(command: list[str], folder: Path) -> Iterator[str]:
    """Serve a page as `command` does, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(  # noqa: S603 - our own interpreter
        [*command, f"--port={port}"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"JUPYTER_PLATFORM_DIRS": "1"},
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}voila/static/favicon.ico", timeout=5)  # noqa: S310
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def visit(browser: Browser, address: str, *, answer: bool = False) -> dict[str, float]:
    """Open a page with nothing in the cache and count what it takes."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    counted = {"requests": 0.0, "bytes": 0.0}
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")

    def loaded(event: dict[str, Any]) -> None:
        counted["requests"] += 1
        counted["bytes"] += event["encodedDataLength"]

    wire.on("Network.loadingFinished", loaded)
    start = time.perf_counter()
    page.goto(address)
    page.get_by_role("button", name="Choose a photo").wait_for(timeout=120_000)
    counted["seconds until it can be used"] = time.perf_counter() - start
    page.wait_for_load_state("networkidle")
    told = dict(counted)
    if answer:
        # The network is loaded while the visitor looks for a photo.
        page.wait_for_timeout(3000)
        start = time.perf_counter()
        page.get_by_role("button", name="Try the example").click()
        page.locator(".sentence:not(:empty)").wait_for(timeout=120_000)
        told["seconds from the click to the answer"] = time.perf_counter() - start
    page.goto("about:blank")
    context.close()
    return told


if __name__ == "__main__":
    main()
