"""Start Voilà: for this machine alone, or for others."""

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from facelens.errors import BundleError, DownloadError, FacelensError
from facelens.tasks import DEFAULT, TASKS, load_model

if TYPE_CHECKING:
    import subprocess

_ALONE = "127.0.0.1"


def serve(
    notebook: str,
    *,
    port: int,
    host: str | None = None,
    browser: bool = True,
    model: str | None = None,
    detector: str | None = None,
) -> int:
    """Serve a page until Ctrl-C, and return the server's exit code.

    Args:
        notebook: the page's file name in `dashboards/`.
        port: where it is served.
        host: the address at which others see it; this process becomes the server. Without it only
            this machine does.
        browser: whether to open one.
        model: as for `load_model`.
        detector: as for `find_faces`.

    Raises:
        FacelensError: the port is taken, the address is not this machine's, or the page is missing.
        BundleError, DetectorError: the model or detector does not exist or is damaged.
    """
    from facelens.faces.detect import resolve

    if not _is_free(host or _ALONE, port):
        raise FacelensError(f"Port {port} is taken; give another with --port.")
    chosen = model or os.environ.get("FACELENS_MODEL")
    title = _checked(model, chosen, hosted=bool(host))
    name, file = resolve(detector)
    folder = _folder(notebook)
    env = _environment(chosen, f"{name}:{file.resolve()}" if file else name, hosted=bool(host))
    command = [sys.executable, "-m", "voila", notebook, f"--port={port}"]
    if host:
        os.chdir(folder)
        _host([*command, f"--Voila.ip={host}"], env)
    command.append("--Voila.ip=localhost")  # whatever the user's own settings say
    if not browser:
        command.append("--no-browser")
    return _wait(command, folder, env, f"{title} with {name} at http://localhost:{port}/")


def _checked(model: str | None, chosen: str | None, *, hosted: bool) -> str:
    """The title of the network that the page will answer with, which has been opened once."""
    from facelens.bundles.find import is_repository

    try:
        # A wrong name is said here, not by a page that stays empty.
        return str(load_model(model, task=DEFAULT).title)
    except (DownloadError, BundleError) as error:
        # A server for others starts again by itself, whatever has become of a repository.
        if not isinstance(error, DownloadError) and not (hosted and is_repository(chosen or "")):
            raise
        title = str(load_model(TASKS[DEFAULT].default).title)  # as the page does, and says too
        print(f"facelens: {error} Meanwhile {title} answers.", file=sys.stderr)
        return title


def _folder(notebook: str) -> Path:
    """Find the folder of a page: in a checkout, or in an installed package."""
    package = Path(__file__).parents[1]
    pages = [package.parent / "dashboards", package / "_dashboards"]
    folder = next((page for page in pages if (page / notebook).is_file()), None)
    if folder is None:
        raise FacelensError("The page is missing from this installation; install Facelens anew.")
    return folder


def _environment(chosen: str | None, detector: str, *, hosted: bool) -> dict[str, str]:
    """The environment of the page's kernels."""
    from facelens.serve.offered import listed

    env = os.environ | {
        "FACELENS_DETECTOR": detector,
        # A page that answers this machine alone may have its visitor fetch any network.
        "FACELENS_OWN_MACHINE": "" if hosted else "1",
        # Kernels run beside the page: folders are named in full.
        "FACELENS_MODELS": ",".join(_in_full(name) for name in listed()),
    }
    if chosen:
        env["FACELENS_MODEL"] = _in_full(chosen)
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file():
        env["PYTHONPATH"] = os.pathsep.join(
            filter(None, (str(checkout), os.environ.get("PYTHONPATH")))
        )
    return env


def _wait(command: list[str], folder: Path, env: dict[str, str], what: str) -> int:
    """Run the server until it ends, or this process is told to."""
    import signal
    import subprocess

    # Ended from outside, the server must end too: the signal becomes an exception.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server = subprocess.Popen(command, cwd=folder, env=env)  # noqa: S603 - our own interpreter
    try:
        print(f"{what} - Ctrl-C ends it.", flush=True)
        return server.wait()
    finally:
        _end(server)


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End the server, which does not hear of it while it starts."""
    import subprocess

    for _ in range(20):
        server.terminate()
        try:
            server.wait(1)
        except subprocess.TimeoutExpired:
            continue
        return
    server.kill()


def _host(command: list[str], env: dict[str, str]) -> NoReturn:
    """Become the server: what checked the network takes no memory, and signals reach it."""
    import tempfile

    from jupyter_core.paths import jupyter_runtime_dir

    for number in ("FACELENS_READY", "FACELENS_VISITORS"):
        if not env.get(number, "0").isdecimal():
            raise FacelensError(f"{number} must be a whole number, not {env[number]!r}.")
    prefix = "/".join(["", *filter(None, env.get("FACELENS_PREFIX", "").split("/")), ""])
    # A socket's path has 107 letters at most, of which a kernel's name takes half.
    if len(jupyter_runtime_dir()) > 50:
        env["JUPYTER_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="facelens-")
    # None but our settings: dashboards/hosted/voila.json.
    settings = [f"--Voila.base_url={prefix}", "--Voila.config_file_paths=hosted"]
    os.execve(sys.executable, [*command, *settings], env)  # noqa: S606 - our own interpreter


def _in_full(name: str) -> str:
    return str(Path(name).resolve()) if Path(name).is_dir() else name


def _is_free(host: str, port: int) -> bool:
    import socket

    try:
        (family, *_, where), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FacelensError(f"{host} is no address of this machine; give another.") from error
    with socket.socket(family) as listener:
        if os.name == "posix":  # a page that has just ended leaves its port waiting
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(where)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise FacelensError(
                    f"{host} is no address of this machine; give another."
                ) from None
            return False
    return True
