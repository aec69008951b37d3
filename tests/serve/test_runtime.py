"""The folder for a hosted server's sockets: made where paths are short, gone with the server."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jupyter_core.paths
import pytest

from facelens.serve import launch


class ReplacedError(Exception):
    """In place of this process by the server."""


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """The folder that a hosted server is given."""

    def replace(_path, _command, env):
        raise ReplacedError(env["JUPYTER_RUNTIME_DIR"])

    monkeypatch.setattr(os, "execve", replace)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(jupyter_core.paths, "jupyter_runtime_dir", lambda: "/" + "long/" * 20)
    with pytest.raises(ReplacedError) as caught:
        launch._host(["voila"], {})
    return Path(str(caught.value))


def test_a_server_that_ends_removes_its_folder(folder, tmp_path):
    assert folder.parent == tmp_path
    assert len(folder.name) < 45
    if os.name == "posix":
        assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "kernel-1-ipc-1").touch()
    env = os.environ | {"JUPYTER_RUNTIME_DIR": str(folder)}
    server = [sys.executable, "-c", "import facelens.serve.kernels"]
    subprocess.run(server, env=env, check=True)
    assert not folder.exists()


def test_a_folder_of_somebody_elses_is_not_removed(tmp_path):
    mine = tmp_path / "runtime"
    mine.mkdir()
    env = os.environ | {"JUPYTER_RUNTIME_DIR": str(mine)}
    subprocess.run([sys.executable, "-c", "import facelens.serve.kernels"], env=env, check=True)
    assert mine.is_dir()
