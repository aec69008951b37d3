"""The page without a server beside the page with a kernel: bytes, seconds, answers a second.

    python benchmarks/static.py [PHOTO …] [--visits N]

`facelens site` is built and served as Python's http.server does, which compresses nothing; beside
it runs `facelens dashboard`, on this machine and in turns. Chromium opens each from an empty cache:
bytes and requests over the wire, seconds until a photo can be chosen, seconds from the click on the
example to its answer (the first, and once more), seconds for a PHOTO (by default the example). Then
both live pages see the film of `benchmarks/live.py`: answers a second, milliseconds from a frame to
its box. At last the site alone on a phone's screen, its processor slowed four times. YuNet's file
is named by FACELENS_DETECTOR. Writes benchmarks/results/static.csv, each row with its ratio to the
kernel's page. (As site.py it would hide Python's own module of that name.)
"""

import argparse
import contextlib
import http.server
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from live import LATE, answers, shoot, started, watching, way_of
from measure import EXAMPLE, QUICK, ROOT, write
from page import CLICK, PAINT, UPLOAD, USABLE, Way, answered, choose, count, launched, served
from playwright.sync_api import Browser, Page, sync_playwright

from facelens.web.build import build

AGAIN = "seconds from the click to the answer, once more"
KERNEL = Way("facelens", [sys.executable, "-m", "facelens", "dashboard", "--no-browser"], ROOT)
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SLOWER = 4
WITHOUT, WITH = "without a server", "with a kernel"
SECONDS = 2 if QUICK else 20


class Counting(http.server.SimpleHTTPRequestHandler):
    """A bare file server that knows how much it has sent: a page's worker asks it too."""

    protocol_version = "HTTP/1.1"
    sent: dict[str, float]

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self.sent["requests"] += 1
        super().do_GET()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        data = source.read()
        self.sent["bytes"] += len(data)
        outputfile.write(data)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="*", metavar="PHOTO", type=Path, default=[EXAMPLE])
    parser.add_argument("--visits", type=int, default=1 if QUICK else 5)
    args = parser.parse_args()
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        build(folder / "site")
        shoot(folder)
        with hosted(folder / "site") as (address, sent):
            browser = launched(driver)
            with served(KERNEL) as (other, _):
                for turn in range(1 + args.visits):
                    told = {
                        WITHOUT: visit(browser, address, args.photos, sent),
                        WITH: visit(browser, other, args.photos),
                    }
                    for page, each in told.items():
                        if turn:  # the first visit to a server is never a warm one
                            found.setdefault(("photo", page), []).append(each)
            for _ in range(args.visits):
                each = visit(browser, address, args.photos, sent, phone=True)
                found.setdefault((f"phone, {SLOWER} times slower", WITHOUT), []).append(each)
            browser.close()
            browser = watching(driver, folder / "one.mjpeg")
            found["camera", WITHOUT] = [watched(browser, f"{address}live.html")]
            with served(way_of("yunet")) as (other, _):
                found["camera", WITH] = [watched(browser, other)]
            browser.close()
    write("static", list(rows(found)))


@contextlib.contextmanager
def hosted(folder: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """Serve a folder; its address, and what it has sent."""
    sent = {"requests": 0.0, "bytes": 0.0}
    handler = type("Here", (Counting,), {"sent": sent})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(handler, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", sent
    finally:
        server.shutdown()


def visit(
    browser: Browser,
    address: str,
    photos: list[Path],
    sent: dict[str, float] | None = None,
    *,
    phone: bool = False,
) -> dict[str, float]:
    """Open a page with nothing in the cache; `sent` is what its host counts, else Chromium does."""
    context = browser.new_context(
        viewport=PHONE if phone else DESK, has_touch=phone, is_mobile=phone, bypass_csp=True
    )
    page = context.new_page()
    page.set_default_timeout(180_000)
    if phone:
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    counted = count(page) if sent is None else sent
    before = dict(counted)
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_role("button", name=KERNEL.button).wait_for()
    told = {USABLE: time.perf_counter() - start}
    told[CLICK] = example(page)
    paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    told[PAINT] = page.evaluate(paint) / 1000
    told[AGAIN] = example(page)
    times = [answered(page, KERNEL, lambda p=p: choose(page, KERNEL.button, p)) for p in photos]
    told[UPLOAD] = median(times)
    page.wait_for_timeout(3000)
    told |= {what: counted[what] - before[what] for what in counted}
    page.goto("about:blank")
    context.close()
    return told


def example(page: Page) -> float:
    """The seconds from a click on the example to its answer; then the page is cleared."""
    taken = answered(page, KERNEL, page.get_by_role("button", name="Try the example").click)
    page.get_by_role("button", name="Clear").click()
    page.locator(".board .empty").wait_for()
    return taken


def watched(browser: Browser, address: str) -> dict[str, float]:
    """Answers a second of a live page, and how late they are."""
    page = started(browser, address)
    seen = answers(page, SECONDS)
    page.goto("about:blank")
    page.close()
    rate = (len(seen) - 1) / (seen[-1]["when"] - seen[0]["when"]) * 1000
    return {"answers a second": rate, LATE: median(each["late"] for each in seen)}


def rows(found: dict[tuple[str, str], list[dict[str, float]]]) -> Iterator[dict[str, Any]]:
    """A row for each median, with its ratio to the page with a kernel."""
    middle = {
        key: {what: median(each[what] for each in visits) for what in visits[0]}
        for key, visits in found.items()
    }
    for (part, page), measured in middle.items():
        for what, value in measured.items():
            other = middle.get((part, WITH), {}).get(what)
            yield {
                "part": part,
                "page": page,
                "what": what,
                "median": f"{value:.2f}" if what.startswith(("seconds", "ans")) else f"{value:.0f}",
                "visits": len(found[part, page]),
                "ratio_to_kernel": f"{value / other:.3g}" if other else "",
            }


if __name__ == "__main__":
    main()
