"""What a newcomer waits for: a clean clone, `make dashboard`, and with --test `make test`.

    python benchmarks/clean.py [--test]

Clones this checkout as it is committed into a temporary folder and gives `make` nothing but Python.
Counts seconds until the page answers and until it has answered a photo in a browser, and the bytes
that .venv then takes; once more with everything installed, where the page is but started. The whole
suite takes half an hour. Writes benchmarks/results/clean.csv. Needs PyPI, Chromium and the extra
`test`.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from measure import EXAMPLE, ROOT, write
from page import choose, launched
from playwright.sync_api import sync_playwright

# What this environment has set for itself must not help.
FOREIGN = ("FACELENS_", "VIRTUAL_ENV", "PYTHON", "CONDA")
PATIENCE = 1800


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--test", action="store_true", help="run `make test` too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "facelens"
        git = shutil.which("git") or "git"
        subprocess.run([git, "clone", "--quiet", ROOT, folder], check=True)  # noqa: S603
        env = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
        here = str(ROOT / ".venv")
        path = [part for part in env["PATH"].split(os.pathsep) if not part.startswith(here)]
        env |= {"PATH": os.pathsep.join(path), "FACELENS_CACHE": str(Path(name) / "cache")}
        rows = []
        for turn in ("clean", "installed"):
            rows += dashboard(folder, env | {"BROWSER": "true"}, f"make dashboard, {turn}")
        if args.test:
            start = time.perf_counter()
            code = subprocess.run(["make", "test"], cwd=folder, env=env, check=False).returncode  # noqa: S607
            rows += [
                row("make test, clean", "seconds", time.perf_counter() - start),
                row("make test, clean", "exit code", code),
                row("make test, clean", "bytes of .venv", size(folder / ".venv")),
            ]
    write("clean", rows)


def row(command: str, what: str, value: float) -> dict[str, Any]:
    return {"command": command, "what": what, "value": f"{value:.1f}" if value % 1 else int(value)}


def dashboard(folder: Path, env: dict[str, str], command: str) -> list[dict[str, Any]]:
    """Have `make` open the page, and a browser give it a photo as soon as it is there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.perf_counter()
    server = subprocess.Popen(  # noqa: S603
        ["make", "dashboard", f"PORT={port}"],  # noqa: S607
        cwd=folder, env=env, start_new_session=True,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}/"
        while not answers(address):
            if server.poll() is not None or time.perf_counter() - start > PATIENCE:
                raise SystemExit("make dashboard serves no page; what it says stands above.")
            time.sleep(0.1)
        page_after = time.perf_counter() - start
        with sync_playwright() as driver:
            browser = launched(driver)
            page = browser.new_page(bypass_csp=True)
            page.set_default_timeout(180_000)
            page.goto(address, wait_until="commit")
            choose(page, "Choose a photo", EXAMPLE)
            page.wait_for_function("() => document.querySelector('.sentence')?.textContent")
            answer_after = time.perf_counter() - start
            page.goto("about:blank")
            browser.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGINT)  # as Ctrl-C does
        server.wait(60)
    return [
        row(command, "seconds until the page answers", page_after),
        row(command, "seconds until it has answered a photo", answer_after),
        row(command, "bytes of .venv", size(folder / ".venv")),
    ]


def answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}voila/static/favicon.ico", timeout=5)  # noqa: S310
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def size(folder: Path) -> int:
    """Bytes of the disk's blocks that a folder takes."""
    return sum(512 * path.lstat().st_blocks for path in folder.rglob("*"))


if __name__ == "__main__":
    main()
