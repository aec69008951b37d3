"""ONNX Runtime as WebAssembly: from npm, once, by version and checksum."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import facelens
from facelens.errors import DownloadError
from facelens.files import (
    atomic_folder,
    cache_folder,
    folder_aside,
    read_file,
    sha256_of,
    write_bytes,
)

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
# What of the package the page runs, with sha256: WebAssembly on the CPU alone. WebGPU answers int8
# networks wrongly.
FILES = {
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": (
        "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b"
    ),
    "ort-wasm-simd-threaded.wasm": (
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"
    ),
}
LARGEST = 40_000_000  # bytes
MINUTES = 5
MISSING = (
    f"The page runs networks with {PACKAGE} {VERSION}, which is not here: run `npm install` in a "
    "checkout of Facelens, or install Node 18 or later, with which it is fetched once."
)


def runtime() -> dict[str, bytes]:
    """The runtime's files by name, out of `node_modules`, the cache or npm.

    Raises:
        DownloadError: there is no npm to fetch them with, it fails, or they are not those expected.
    """
    kept = cache_folder() / f"{PACKAGE}-{VERSION}"
    for folder in (_node_modules(), kept):
        if found := _read(folder):
            return found
    _fetch(kept)
    if found := _read(kept):
        return found
    raise DownloadError(f"npm's {PACKAGE} {VERSION} holds other files than expected; not used.")


def _node_modules() -> Path:
    return Path(facelens.__file__).parents[1] / "node_modules" / PACKAGE / "dist"


def _read(folder: Path) -> dict[str, bytes] | None:
    """The files in a folder; None if one is missing or is another version's."""
    try:
        found = {name: read_file(folder / name, LARGEST) for name in FILES}
    except OSError:
        return None
    return found if all(sha256_of(found[name]) == known for name, known in FILES.items()) else None


def _fetch(folder: Path) -> None:
    """Have npm fetch the package, and keep what is needed of it in `folder`."""
    npm = shutil.which("npm")
    if npm is None:
        raise DownloadError(MISSING)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder_aside(folder.parent) as aside:
        command = [npm, "pack", "--silent", f"{PACKAGE}@{VERSION}"]
        try:
            subprocess.run(  # noqa: S603  fixed words
                command, cwd=aside, check=True, capture_output=True, timeout=60 * MINUTES
            )
            (packed,) = aside.glob("*.tgz")
            with tarfile.open(packed) as archive:
                members = {name: archive.extractfile(f"package/dist/{name}") for name in FILES}
                data = {name: member.read(LARGEST) for name, member in members.items() if member}
        except (
            subprocess.SubprocessError,
            OSError,
            ValueError,
            KeyError,
            tarfile.TarError,
        ) as error:
            raise DownloadError(
                f"npm could not fetch {PACKAGE} {VERSION}; is there a network?"
            ) from error
        with atomic_folder(folder) as draft:
            for name, content in data.items():
                write_bytes(draft / name, content)
