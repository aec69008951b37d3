"""A dashboard to visit."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def served(command, port, folder):
    """The address of a page that `command` serves."""
    server = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"JUPYTER_PLATFORM_DIRS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(240):
            if server.poll() is not None:
                pytest.fail(f"the server ended: {server.stdout.read().decode()[-2000:]}")
            try:
                urllib.request.urlopen(f"{address}voila/static/favicon.ico", timeout=5)
            except urllib.error.HTTPError:
                break  # it answers
            except OSError:
                time.sleep(0.5)
            else:
                break
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="session")
def dashboard():
    """The address of a dashboard that `facelens dashboard` serves, or of one that is there."""
    if there := os.environ.get("FACELENS_PAGE"):
        yield there
        return
    port = free_port()
    command = [sys.executable, "-m", "facelens", "dashboard", "--no-browser", "--port", str(port)]
    with served([*command, "--detector", "haar"], port, ROOT) as address:
        yield address


@pytest.fixture
def notebook(tmp_path):
    """Serve a notebook of one cell with the dashboard's template."""
    with contextlib.ExitStack() as stack:

        def serve(source):
            book = nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_markdown_cell("# Ours"), nbformat.v4.new_code_cell(source)],
                metadata={
                    "kernelspec": {"name": "python3", "display_name": "", "language": "python"},
                    "voila": {"template": "facelens"},
                },
            )
            nbformat.write(book, tmp_path / "ours.ipynb")
            port = free_port()
            command = [
                sys.executable,
                "-m",
                "voila",
                "ours.ipynb",
                "--no-browser",
                f"--port={port}",
            ]
            return stack.enter_context(served(command, port, tmp_path))

        yield serve
