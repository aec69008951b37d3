"""A server for a page, as long as a test needs it."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

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
