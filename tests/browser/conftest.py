"""A dashboard to visit."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def dashboard():
    """The address of a dashboard that `facelens dashboard` serves with the cascades."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "facelens", "dashboard", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--detector", "haar"],
        cwd=ROOT,
        env=os.environ | {"JUPYTER_PLATFORM_DIRS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(240):
            if server.poll() is not None:
                pytest.fail(f"the dashboard ended: {server.stdout.read().decode()[-2000:]}")
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
