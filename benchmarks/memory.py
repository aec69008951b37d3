"""What a visitor costs in memory, beside a fastai page, and that it stays so.

    FACELENS_PEERS=PYTHON python benchmarks/memory.py FOLDER

A browser gives each page ten photos of FOLDER while the memory of its server and its kernel is
summed every 0.2 s (PSS: what processes share counts once). Then a thousand photos go through one
kernel's page without a browser, its memory read every 50. Writes benchmarks/results/memory.csv.
"""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from statistics import linear_regression
from typing import Any, Self

from measure import share_of_memory, write
from page import Way, answered, choose, launched, peers_python, served, ways
from playwright.sync_api import Browser, sync_playwright

PHOTOS = 10
MANY, EVERY, SETTLED = 1000, 50, 200
MEGA = 1e6


def main() -> None:
    if sys.argv[1:2] == ["--many"]:
        many(sys.argv[2:])
        return
    photos = sorted(map(str, Path(sys.argv[1]).glob("*.jpg")))
    rows = []
    with tempfile.TemporaryDirectory() as place, sync_playwright() as driver:
        browser = launched(driver)
        for way in ways(Path(place), peers_python()):
            if way.name != "plain Voilà page":
                rows += list(used(browser, way, photos))
        browser.close()
    rows += list(thousand(photos))
    write("memory", rows)


def row(page: str, what: str, value: float) -> dict[str, Any]:
    return {"page": page, "what": what, "value": f"{value:.1f}"}


def used(browser: Browser, way: Way, photos: list[str]) -> Iterator[dict[str, Any]]:
    """What server and kernel hold while a browser gives the page ten photos."""
    with served(way) as (address, server), Watch(server) as watch:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(180_000)
        page.goto(address)
        for photo in islice(cycle(photos), PHOTOS):
            if way.name == "facelens" and page.get_by_role("button", name="Clear").is_visible():
                page.get_by_role("button", name="Clear").click()
                page.locator(".board .empty").wait_for()
            page.get_by_role("button", name=way.button).wait_for()
            answered(page, way, lambda photo=photo: choose(page, way.button, photo))
            page.wait_for_timeout(500)
        yield row(way.name, "kernel after ten photos, MB", share_of_memory(watch.kernels) / MEGA)
        page.goto("about:blank")
        page.close()
    yield row(way.name, "server and kernel at most, MB", watch.most / MEGA)


class Watch:
    """The most memory that a server and its kernel have had between them."""

    def __init__(self, server: int) -> None:
        self.server, self.kernels, self.most = server, [], 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.2):
            family = below(self.server)
            self.kernels = [pid for pid in family if "ipykernel" in command(pid)]
            self.most = max(self.most, share_of_memory(family))


def below(pid: int) -> list[int]:
    """A process and all that it has started."""
    family = [pid]
    for parent in family:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                family += map(int, children.read_text().split())
            except OSError:  # it has just ended
                continue
    return family


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def thousand(photos: list[str]) -> Iterator[dict[str, Any]]:
    """Memory every 50 photos, and by how much it grows after the first 200."""
    said = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, __file__, "--many", *photos], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    told = [tuple(map(float, line.split())) for line in said.splitlines()]
    for count, held in told:
        yield row("facelens", f"one kernel after {count:.0f} photos, MB", held)
    late = [(count, held) for count, held in told if count >= SETTLED]
    slope = linear_regression(*zip(*late, strict=True)).slope
    yield row("facelens", f"growth after {SETTLED} photos, kB a photo", slope * 1000)


def many(photos: list[str]) -> None:
    """Take a thousand photos on one page, as its kernel does, and print what it holds."""
    from facelens.ui import selfie

    page = selfie()
    data = [Path(photo).read_bytes() for photo in photos]
    page.warm_up()
    for count, photo in enumerate(islice(cycle(data), MANY), start=1):
        page.take(photo, "photo.jpg")
        if count % EVERY == 0:
            print(count, resident(), flush=True)


def resident() -> float:
    """Megabytes that this process has in memory."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / MEGA


if __name__ == "__main__":
    main()
