"""What a rehearsal needs: an environment of its own, a copy of the repository, a server."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What a newcomer's machine does not have.
OURS = ("FACELENS_", "PYTHON", "VIRTUAL_ENV", "JUPYTER", "HF_", "TORCH", "OMP_")


def fresh_environment(folder, *wanted):
    """Make a virtual environment with what pip is asked for, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip(folder, "install", "--quiet", *wanted)
    return folder


def copied(made, folder):
    """Give a virtual environment a second place: files are links, what names its place is new."""
    shutil.copytree(made, folder, symlinks=True, copy_function=os.link)
    for path in (folder / "pyvenv.cfg", *(folder / "bin").iterdir()):
        if path.is_symlink() or str(made).encode() not in (data := path.read_bytes()):
            continue
        mode = path.stat().st_mode
        path.unlink()  # else the first one would change too
        path.write_bytes(data.replace(str(made).encode(), str(folder).encode()))
        path.chmod(mode)
    return folder


def pip(venv, *arguments):
    """Run pip of an environment; it has to succeed."""
    command = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def checkout(folder):
    """Copy what a clone of the repository would hold into `folder`."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def environment(venv, home):
    """The variables of somebody whose home is `home` and who works in `venv`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    path = os.pathsep.join([str(venv / "bin"), kept["PATH"]])
    return kept | {"HOME": str(home), "PATH": path, "VIRTUAL_ENV": str(venv)}


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def server(command, address, **options):
    """The process of `command`, once something answers at `address`."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, **options
    )
    try:
        for _ in range(240):
            assert process.poll() is None, process.stdout.read().decode()[-2000:]
            try:
                urllib.request.urlopen(address, timeout=5)
            except urllib.error.HTTPError:
                break  # it answers
            except OSError:
                time.sleep(0.25)
            else:
                break
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):  # a test has ended it
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
