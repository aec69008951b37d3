"""Start Voilà, for this machine only or for others too."""

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from facelens.errors import BundleError, DownloadError, FacelensError
from facelens.files import new_folder_aside
from facelens.tasks import DEFAULT, TASKS, load_model

if TYPE_CHECKING:
    import subprocess

_LOCAL = "127.0.0.1"
# A socket's path has at most 103 letters on macOS, of which /voila_…/kernel-…-ipc-1 takes 65.
LONGEST_SOCKET_ROOT = 38


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
        port: TCP port.
        host: the address at which others can open it; this process becomes the server. Without it
            only this machine can.
        browser: open a browser.
        model: as for `load_model`.
        detector: as for `find_faces`.

    Raises:
        FacelensError: the port is taken, the address is not this machine's, or the page is missing.
        BundleError, DetectorError: the model, detector or a task does not exist or is damaged.
    """
    from facelens.faces.detect import resolve
    from facelens.serve.offered import page_tasks

    if not _is_free(host or _LOCAL, port):
        raise FacelensError(f"Port {port} is taken; give another with --port.")
    chosen = model or os.environ.get("FACELENS_MODEL")
    page_tasks()  # a name that there is not fails here too
    title = _checked(model, chosen, hosted=bool(host))
    name, file = resolve(detector)
    folder = _folder(notebook)
    env = _environment(chosen, f"{name}:{file.resolve()}" if file else name, hosted=bool(host))
    command = [sys.executable, "-m", "facelens.serve.server", notebook, f"--port={port}"]
    if host:
        os.chdir(folder)
        _host([*command, f"--Voila.ip={host}", "--PageServer.local=False"], env)
    # Override the user's own settings.
    command += ["--Voila.ip=localhost", "--PageServer.local=True", "--Voila.log_level=WARN"]
    command += _own_sockets()
    if not browser:
        command.append("--no-browser")
    return _wait(command, folder, env, f"{title} with {name} at http://localhost:{port}/")


def _checked(model: str | None, chosen: str | None, *, hosted: bool) -> str:
    """Open the page's network once and return its title."""
    from facelens.bundles.find import is_repository

    try:
        # A wrong name fails here, not on a page that stays empty.
        return str(load_model(model, task=DEFAULT).title)
    except (DownloadError, BundleError) as error:
        # A hosted server restarts unattended, so it must start even if a repository is gone.
        if not isinstance(error, DownloadError) and not (hosted and is_repository(chosen or "")):
            raise
        title = str(load_model(TASKS[DEFAULT].default).title)  # as the page does too
        print(f"facelens: {error} Meanwhile {title} answers.", file=sys.stderr)
        return title


def _folder(notebook: str) -> Path:
    """Return the folder of a page, in a checkout or an installed package."""
    package = Path(__file__).parents[1]
    pages = [package.parent / "dashboards", package / "_dashboards"]
    folder = next((page for page in pages if (page / notebook).is_file()), None)
    if folder is None:
        raise FacelensError("The page is missing from this installation; reinstall Facelens.")
    return folder


def _environment(chosen: str | None, detector: str, *, hosted: bool) -> dict[str, str]:
    """The environment of the page's kernels."""
    from facelens.serve.offered import listed

    env = os.environ | {
        "FACELENS_DETECTOR": detector,
        # Only a page for this machine lets its visitor download any network.
        "FACELENS_OWN_MACHINE": "" if hosted else "1",
        # Kernels run in the page's folder, so paths must be absolute.
        "FACELENS_MODELS": ",".join(_absolute(name) for name in listed()),
    }
    if chosen:
        env["FACELENS_MODEL"] = _absolute(chosen)
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file():
        env["PYTHONPATH"] = os.pathsep.join(
            filter(None, (str(checkout), os.environ.get("PYTHONPATH")))
        )
    return env


def _wait(command: list[str], folder: Path, env: dict[str, str], what: str) -> int:
    """Run the server until it exits, or this process is terminated."""
    import signal
    import subprocess

    # The signal becomes an exception, so that the server is terminated too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server = subprocess.Popen(command, cwd=folder, env=env)  # noqa: S603 - our own interpreter
    try:
        print(f"{what} - Ctrl-C ends it.", flush=True)
        return server.wait()
    finally:
        _end(server)


def _own_sockets() -> list[str]:
    """Settings that have server and kernels speak through files of this user, not over TCP.

    Others on this machine could listen there. Empty where the system has no such sockets.
    """
    import tempfile

    if os.name != "posix":
        return []
    folders = [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - Voilà makes a folder in it
    fitting = [folder for folder in folders if len(str(folder)) <= LONGEST_SOCKET_ROOT]
    if not fitting:
        return []
    return ["--KernelManager.transport=ipc", f"--Voila.connection_dir_root={fitting[0]}"]


def _end(server: "subprocess.Popen[bytes]") -> None:
    """Terminate the server, which ignores signals while it starts."""
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
    """Replace this process by the server: it frees the memory, and signals reach the server."""
    import tempfile

    from jupyter_core.paths import jupyter_runtime_dir

    for number in ("FACELENS_READY", "FACELENS_VISITORS"):
        if not env.get(number, "0").isdecimal():
            raise FacelensError(f"{number} must be a whole number, not {env[number]!r}.")
    prefix = "/".join(["", *filter(None, env.get("FACELENS_PREFIX", "").split("/")), ""])
    # A socket's path has at most 107 letters, of which a kernel's name takes half.
    if len(jupyter_runtime_dir()) > 50:
        # `kernels` removes it when the server exits, and the next one if that was killed.
        env["JUPYTER_RUNTIME_DIR"] = str(new_folder_aside(Path(tempfile.gettempdir())))
    if os.name == "posix":  # a visitor's sockets take some ten files
        import resource

        files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 1 << 16), most))
    # Only our settings: dashboards/hosted/voila.json.
    settings = [f"--Voila.base_url={prefix}", "--Voila.config_file_paths=hosted"]
    os.execve(sys.executable, [*command, *settings], env)  # noqa: S606 - our own interpreter


def _absolute(name: str) -> str:
    return str(Path(name).resolve()) if Path(name).exists() else name


def _is_free(host: str, port: int) -> bool:
    import socket

    try:
        (family, *_, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FacelensError(f"{host} is not an address of this machine; give another.") from error
    with socket.socket(family) as probe:
        if os.name == "posix":  # the port of a server that has just exited is in TIME_WAIT
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise FacelensError(
                    f"{host} is not an address of this machine; give another."
                ) from None
            return False
    return True
