"""Which face detector is used: YuNet, or the Haar cascades that OpenCV brings."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from facelens.errors import DetectorError
from facelens.faces.face import Detection
from facelens.faces.haar import Haar
from facelens.faces.yunet import Yunet
from facelens.files import cache_folder

# The same network twice: the newer file takes pictures of any size, in the older the size is fixed.
YUNET_FILES = ("face_detection_yunet_2026may.onnx", "face_detection_yunet_2023mar.onnx")


class Detector(Protocol):
    """Anything that finds faces in RGB pixels."""

    name: str

    def find(self, pixels: np.ndarray) -> list[Detection]:
        """Find the faces of a uint8 (height, width, 3) RGB picture."""


def cached_yunet() -> Path | None:
    """Find the YuNet file that `facelens download detector` has put into the cache."""
    paths = (cache_folder() / name for name in YUNET_FILES)
    return next((path for path in paths if path.is_file()), None)


def resolve(spec: str | None = None) -> tuple[str, Path | None]:
    """Say which detector `spec` (or FACELENS_DETECTOR, or `auto`) means, and YuNet's file.

    Raises:
        DetectorError: there is no such detector, or YuNet's file is not there.
    """
    spec = spec or os.environ.get("FACELENS_DETECTOR") or "auto"
    if spec == "haar":
        return "haar", None
    if spec in ("auto", "yunet"):
        path = cached_yunet()
        if path is None and spec == "auto":
            return "haar", None
    elif spec.startswith("yunet:") or spec.endswith(".onnx"):
        path = Path(spec.removeprefix("yunet:")).expanduser()
    else:
        raise DetectorError(
            f"There is no face detector called '{spec}': use auto, haar, yunet or yunet:PATH."
        )
    if path is None:
        raise DetectorError(
            "YuNet's file is not in the cache: run `facelens download detector` or use haar."
        )
    if not path.is_file():
        raise DetectorError(f"There is no YuNet file at {path}.")
    return "yunet", path


def open_detector(spec: str | None = None) -> Detector:
    """Open the detector that `spec` means, once in a process."""
    _, path = resolve(spec)
    if path is None:
        return _haar()
    stat = path.stat()
    return _yunet(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2)
def _yunet(path: Path, _changed: int, _size: int) -> Yunet:
    return Yunet(path)


@lru_cache(maxsize=1)
def _haar() -> Haar:
    return Haar()
