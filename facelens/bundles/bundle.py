"""A bundle: a folder, or a repository on the Hugging Face Hub, with one trained network."""

import errno
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.errors import BundleError, OutputError
from facelens.files import read_file, sha256, sha256_of, write_json

if TYPE_CHECKING:
    import numpy as np

FORMAT = 2
EMBEDDED = "embedded"  # the source of a bundle that comes with Facelens


def _to_second(values: dict[str, Any]) -> dict[str, Any]:
    """Upgrade format 1: format 2 groups the input's fields as `input` and the outputs as `names`.

    For keypoints format 1 had the x of the `axis` by which they are mirrored, and the `fall` in y;
    format 2 has their `offset`, x and y in pixels of the input.
    """
    values = dict(values)
    crop = values.pop("crop", {"template": "celeba", "height": 218, "width": 178})
    size = values.pop("input_size")
    colours = "points" not in values
    names = values.pop("attributes" if colours else "points")
    if "axis" in values:
        x = float(values.pop("axis")) - (size[1] - 1) / 2
        values["offset"] = [round(x, 6), float(values.pop("fall"))]
    return values | {
        "input": {
            "template": crop["template"],
            "crop": [crop["height"], crop["width"]],
            "frame": values.pop("frame", None),
            "size": size,
            "channels": 3 if colours else 1,
        },
        "activation": "sigmoid" if colours else "none",
        "names": names,
    }


# For each older format the function that upgrades its config.json to the next one.
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _to_second}
MANIFEST = "manifest.json"
NEEDED = ("config.json", "model.onnx")
FILES = (*NEEDED, "curves.json", "example.json", "model.safetensors", "README.md")
LARGEST = 400_000_000  # bytes; a ResNet152 in float32 has 240 MB
# Bytes of what is read as text: as JSON it takes twenty times as much memory. For 40 attributes
# they have 70 kB, 350 kB and 13 kB.
LARGEST_TEXT = {
    MANIFEST: 100_000, "config.json": 2_000_000, "curves.json": 10_000_000, "README.md": 2_000_000,
    "example.json": 1_000_000,
}  # fmt: skip

# What hostile JSON may raise: [[[[… is a RecursionError, Infinity an OverflowError.
GARBLED = (
    OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError,
    OverflowError,
)  # fmt: skip


def write_values(values: dict[str, Any], path: Path) -> None:
    """Write a config.json with its format."""
    write_json(path, {"format": FORMAT, **values})


def read_values(data: bytes, path: Path, task: str) -> dict[str, Any]:
    """Parse the bytes of the config.json at `path`, upgraded to the newest format.

    Raises:
        BundleError: it cannot be read, is too new, or is for another task than `task`.
    """
    try:
        values: dict[str, Any] = json.loads(data)
        newest = int(values["format"])
    except GARBLED as error:
        raise BundleError(f"{path} cannot be read as a bundle's config.json.") from error
    if newest < 1:
        raise BundleError(f"{path} states a format that does not exist: {newest}.")
    _check_age(newest, path.parent)
    try:
        if not _is_printable(values):
            raise BundleError(f"{path} has characters that cannot be shown.")
        for older in range(newest, FORMAT):
            values = UPGRADES[older](values)
        given = values.get("task")
    except GARBLED as error:
        raise BundleError(f"{path} lacks or garbles {error}.") from error
    if given != task:
        raise BundleError(f"{path.parent} is a bundle for {given!r}, not for {task}.")
    return values


def _is_printable(values: Any) -> bool:
    """Whether every text within JSON may be written to a terminal; lines may break."""
    match values:
        case str():
            return values.replace("\n", "").isprintable()
        case dict():
            return all(_is_printable(each) for pair in values.items() for each in pair)
        case list():
            return all(map(_is_printable, values))
    return True


def task_of(data: bytes) -> str:
    """The task that the bytes of a config.json name; empty if they name none."""
    try:
        return str(json.loads(data)["task"])
    except GARBLED:
        return ""


def _check_age(newest: int, folder: Path) -> None:
    if newest > FORMAT:
        raise BundleError(
            f"{folder} is a bundle of format {newest}; this Facelens reads up to {FORMAT}: update "
            "Facelens."
        )


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk whose files match its manifest.

    `source`: "embedded", a folder, or "owner/repo@revision".
    """

    folder: Path
    source: str

    @property
    def files(self) -> dict[str, dict[str, Any]]:
        """The manifest: each file's `sha256` and `size`."""
        return read_manifest(self.folder)

    @property
    def task(self) -> str:
        """The task that its config.json names; empty if that cannot be read."""
        return task_of(self.read("config.json"))

    def read(self, name: str) -> bytes:
        """Read the bytes of one file and verify them against the manifest."""
        manifest = self.files
        if name not in manifest:
            raise BundleError(f"{self.folder} has no {name}.")
        data = self._read(name, manifest[name]["size"])
        if sha256_of(data) != manifest[name]["sha256"]:
            raise BundleError(
                f"{self.folder / name} is damaged: it differs from manifest.json. Download it "
                "again."
            )
        return data

    def _read(self, name: str, size: int) -> bytes:
        path = self.folder / name
        if self.source != EMBEDDED and not _is_within(path, self.folder):
            raise BundleError(f"{path} is a link out of its folder; copy the file there.")
        try:
            return read_file(path, size)
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise BundleError(
                    f"{path} is damaged: it is larger than manifest.json says. Download it again."
                ) from error
            raise BundleError(f"{path} cannot be read: {error.strerror}.") from error


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a file lies in its folder, or where the Hub's cache keeps it."""
    try:
        target, folder = path.resolve(), folder.resolve()
    except (OSError, RuntimeError):  # links in a circle
        return False
    # snapshots/COMMIT/model.onnx is a link to ../../blobs/…
    kept = folder.parent.parent / "blobs"
    return target.is_relative_to(folder) or (
        folder.parent.name == "snapshots" and target.is_relative_to(kept)
    )


def read_tensors(bundle: Bundle) -> "dict[str, np.ndarray]":
    """Read the training weights by name, verified, without torch."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(bundle.read("model.safetensors"))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise BundleError("The bundle's model.safetensors cannot be read.") from error


def write_manifest(folder: Path) -> None:
    """Write `manifest.json`: the sha256 and size of each file of the bundle."""
    entries = {
        name: {"sha256": sha256(folder / name), "size": (folder / name).stat().st_size}
        for name in FILES
        if (folder / name).exists()
    }
    write_json(folder / MANIFEST, {"format": FORMAT, "files": entries})


def read_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Read each file's `sha256` and `size` from the manifest.json of `folder`."""
    path = folder / MANIFEST
    if not path.is_file():
        raise BundleError(f"{folder} is not a bundle: it has no {MANIFEST}.")
    try:
        manifest = json.loads(read_file(path, LARGEST_TEXT[MANIFEST]).decode())
        newest = int(manifest.get("format", 1))
        files = manifest["files"]
        sizes = {name: int(entry["size"]) for name, entry in files.items()}
        [str(entry["sha256"]) for entry in files.values()]
    except GARBLED as error:
        raise BundleError(f"{path} cannot be read as a manifest.") from error
    _check_age(newest, folder)
    foreign = set(files) - set(FILES)
    if foreign:
        raise BundleError(f"{folder} lists a file that no bundle has: {min(foreign)}.")
    missing = set(NEEDED) - set(files)
    if missing:
        raise BundleError(f"{folder} lists no {min(missing)}.")
    if min(sizes.values()) < 0:
        raise BundleError(f"{path} cannot be read as a manifest.")
    if sum(sizes.values()) > LARGEST:
        raise BundleError(f"{folder} is larger than {LARGEST // 1_000_000} MB.")
    for name, most in LARGEST_TEXT.items():
        if sizes.get(name, 0) > most:
            raise BundleError(f"{folder / name} is larger than {most:,} bytes.")
    return files


def check_place(folder: Path) -> None:
    """Refuse to overwrite a folder that is not a bundle, or holds more than one."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file; name a folder for the bundle.")
    if Path.cwd().is_relative_to(folder):
        raise OutputError(f"{folder} is the current directory; name a folder for the bundle.")
    names = {path.name for path in folder.iterdir()}
    if names and MANIFEST not in names:
        raise OutputError(f"{folder} is not a bundle to overwrite; name another folder.")
    foreign = names - {MANIFEST, *FILES}
    if foreign:
        raise OutputError(f"{folder} holds more than a bundle ({min(foreign)}); name another.")
