"""Face detectors behind one interface: YuNet, our own finder, Haar cascades, and dlib's HOG."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from facelens.bundles.graph import check_graph
from facelens.bundles.session import options
from facelens.bundles.trial import try_graph
from facelens.errors import BundleError, DetectorError
from facelens.faces.face import Detection
from facelens.faces.haar import Haar
from facelens.faces.hog import Hog, check_installed
from facelens.faces.own import Own, embedded
from facelens.faces.yunet import Yunet
from facelens.files import cache_folder, read_file, sha256_of

# The same network twice: the newer file takes pictures of any size, the older fixes the size. Each
# with its size in bytes and its sha256.
YUNET = {
    "face_detection_yunet_2026may.onnx": (
        229_738, "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0",
    ),
    "face_detection_yunet_2023mar.onnx": (
        232_589, "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    ),
}  # fmt: skip
YUNET_FILES = tuple(YUNET)
LARGEST_YUNET = 20_000_000  # bytes


class Detector(Protocol):
    """Anything that detects faces in RGB pixels."""

    name: str

    def detect(
        self, pixels: np.ndarray, *, finer: bool = False, eager: bool = False
    ) -> list[Detection]:
        """Detect the faces of a uint8 (height, width, 3) RGB picture.

        With `finer` a large picture is searched for small faces too, as `search.finer` states. With
        `eager` a lower score is enough, so that more of what it gives is no face.
        """


def cached_yunet() -> Path | None:
    """Return the YuNet file that `facelens download detector` has cached, if any."""
    paths = (cache_folder() / name for name in YUNET_FILES)
    return next((path for path in paths if path.is_file()), None)


def resolve(spec: str | None = None) -> tuple[str, Path | None]:
    """Resolve `spec` (or FACELENS_DETECTOR, or `auto`) to a detector and its file.

    The file is None for the cascades and HOG, which OpenCV and dlib bring.

    Raises:
        DetectorError: there is no such detector, or its file is missing.
        MissingExtraError: HOG without dlib.
    """
    spec = spec or os.environ.get("FACELENS_DETECTOR") or "auto"
    if spec == "haar":
        return "haar", None
    if spec == "hog":
        check_installed()
        return "hog", None
    if spec == "own":
        if not embedded().is_file():
            raise DetectorError(f"{embedded()} is missing; reinstall Facelens.")
        return "own", embedded()
    if spec in ("auto", "yunet"):
        path = cached_yunet()
        if path is None and spec == "auto":
            return "haar", None
    elif spec.startswith("yunet:") or spec.endswith(".onnx"):
        path = Path(spec.removeprefix("yunet:")).expanduser()
    else:
        raise DetectorError(
            f"There is no face detector called '{spec}': use auto, own, haar, hog, yunet or "
            "yunet:PATH."
        )
    if path is None:
        raise DetectorError(
            "YuNet's file is not in the cache: run `facelens download detector` or use haar."
        )
    if not path.is_file():
        raise DetectorError(f"There is no YuNet file at {path}.")
    return "yunet", path


def open_detector(spec: str | None = None) -> Detector:
    """Open the detector that `spec` resolves to, once per process."""
    name, path = resolve(spec)
    if path is None:
        return _hog() if name == "hog" else _haar()
    stat = path.stat()
    make = {"yunet": _yunet, "own": _own}[name]
    return make(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2)
def _own(path: Path, _changed: int, _size: int) -> Own:
    return Own(path)


@lru_cache(maxsize=2)
def _yunet(path: Path, _changed: int, _size: int) -> Yunet:
    _check(path)
    return Yunet(path)


def _check(path: Path) -> None:
    """Check and try a detector from a stranger, as a bundle's graph is."""
    try:
        data = read_file(path, LARGEST_YUNET)
        if (len(data), sha256_of(data)) not in YUNET.values():
            check_graph(data, path)
            try_graph(data, [(1, 3, 64, 64), (1, 3, 640, 640)], path, options=options())
    except OSError as error:
        raise DetectorError(f"{path} cannot be read: {error.strerror}.") from error
    except BundleError as error:
        raise DetectorError(
            f"{path} is damaged or is not a YuNet face detector; download it again. {error}"
        ) from error


@lru_cache(maxsize=1)
def _haar() -> Haar:
    return Haar()


@lru_cache(maxsize=1)
def _hog() -> Hog:
    return Hog()
