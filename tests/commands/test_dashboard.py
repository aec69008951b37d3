"""`facelens dashboard`: served until Ctrl-C, and one sentence if it cannot be."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
from helpers.commands import free_port
from helpers.terminal import is_one_sentence
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from nbformat.sign import NotebookNotary

from facelens.serve import launch
from facelens.serve.server import PageServer

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "facelens"]


def test_a_port_that_is_taken_is_said(run):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, _, err = run("dashboard", "--no-browser", "--port", port)
    assert code == 2
    assert is_one_sentence(err)
    assert f"Port {port} is taken" in err


def test_a_task_that_there_is_not_is_said_before_a_page_stays_empty(run, monkeypatch):
    monkeypatch.setenv("FACELENS_TASKS", "attributes,dreams")
    code, _, err = run("dashboard", "--no-browser", "--port", free_port())
    assert code == 2
    assert is_one_sentence(err)
    assert "FACELENS_TASKS: There is no task 'dreams'; there are attributes, " in err


def test_a_page_for_others_says_what_is_wrong_with_its_address(run):
    for host in ("nonsense.invalid", "192.0.2.1"):
        code, _, err = run("dashboard", "--host", host)
        assert code == 2
        assert is_one_sentence(err)
        assert "is not an address of this machine" in err
    assert run("dashboard", "--host", "")[0] == 2, "an empty variable does not open it to this one"


def test_the_dashboard_is_served_until_ctrl_c():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    run = subprocess.Popen(
        [*COMMAND, "dashboard", "--no-browser", "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert f"http://localhost:{port}/" in run.stdout.readline()
        page = None
        until = time.monotonic() + 180
        while page is None:
            assert run.poll() is None, run.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.2)
            with contextlib.suppress(OSError):
                page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=180)
        assert page.status == 200
        assert b"Facelens" in page.read()
    finally:
        run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert (out, err) == ("", ""), "a normal start says nothing but its one line"


def test_sockets_lie_where_their_paths_are_short_enough(monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/tmp")
    ipc = "--KernelManager.transport=ipc"
    assert launch._own_sockets() == [ipc, "--Voila.connection_dir_root=/tmp"]
    monkeypatch.setattr("tempfile.gettempdir", lambda: f"/var/folders/{'x' * 40}/T")
    assert launch._own_sockets() == [ipc, "--Voila.connection_dir_root=/tmp"]


def test_our_pages_are_trusted_without_touching_the_users_list(tmp_path):
    server = PageServer(notebook_path=str(ROOT / "dashboards" / "selfie.ipynb"))
    server.contents_manager = LargeFileManager(root_dir=str(tmp_path))
    server._trust([ROOT / "dashboards" / "selfie.ipynb"])
    notary = server.contents_manager.notary
    page = nbformat.read(ROOT / "dashboards" / "selfie.ipynb", as_version=4)
    assert notary.check_signature(page)
    assert not NotebookNotary(db_file=str(tmp_path / "trusted.db")).check_signature(page)


def test_the_dashboard_opens_without_the_hub(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    env = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    run = subprocess.Popen(
        [*COMMAND, "dashboard", "--no-browser", "--port", str(port), "--model", "someone/faces"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
    )  # fmt: skip
    try:
        assert run.stdout.readline().startswith("mobilenet_v2 ")
    finally:
        run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert "The Hub cannot be reached and someone/faces is not in the cache" in err
    assert "Meanwhile mobilenet_v2" in err
