"""SFace, another recogniser (Zhong et al., 2021; OpenCV's model zoo, Apache-2.0).

Its file is downloaded by its users and is not part of Facelens.
"""

import json
import os
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from facelens.errors import BundleError
from facelens.faces import Face, align
from facelens.files import cache_folder, sha256
from facelens.tasks.classifier import stack
from facelens.tasks.identity.curves import Curves
from facelens.tasks.identity.model import TASK, IdentityConfig, unit

NAME = "sface"
REPO = "opencv/face_recognition_sface"
VARIABLE = "FACELENS_RECOGNISER"
# Size and sha256 of each file that is SFace, the best first: in float32, and in int8 by blocks.
FILES = {
    "face_recognition_sface_2021dec.onnx": (
        38_696_353,
        "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    ),
    "face_recognition_sface_2021dec_int8bq.onnx": (
        10_667_852,
        "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    ),
}
SIDE, WIDTH = 112, 128
# The five points of ArcFace's crop of 112 pixels, which OpenCV's FaceRecognizerSF aligns to.
POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
     [70.7299, 92.2041]], np.float32,
)  # fmt: skip
# What its similarities mean, on CelebA's validation people: `python benchmarks/identity.py curves`.
_CURVES = Path(__file__).with_name("sface.json")
LICENCE = "Apache-2.0 (OpenCV's model zoo); its training faces have terms of their own."


class SFace:
    """SFace as a recogniser; it sees the aligned crop of a face, cut anew.

    `path`: its file.
    """

    name = NAME
    title = "SFace 2021dec"
    card = f"# SFace\n\nA recogniser of OpenCV's model zoo, {REPO} on the Hub. {LICENCE}\n"

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, threading.Lock()
        known = {entry: name for name, entry in FILES.items()}
        try:
            found = (path.stat().st_size, sha256(path))
        except OSError as error:
            raise BundleError(f"{path} cannot be read: {error.strerror}.") from error
        if found not in known:
            raise BundleError(f"{path} is not SFace: its checksum is another.")
        self.checksum = found[1]
        if "int8" in known[found]:
            self.title = "SFace 2021dec, int8"

    @cached_property
    def curves(self) -> Curves:
        """What its similarities mean."""
        return Curves.from_json(json.loads(_CURVES.read_text(encoding="utf-8")))

    @property
    def config(self) -> IdentityConfig:
        return IdentityConfig(
            task=TASK, name="SFace", version=self.title.removeprefix("SFace "),
            architecture="MobileFaceNet", names=tuple(f"e{i + 1}" for i in range(WIDTH)),
            input_size=(SIDE, SIDE), licence=LICENCE, curves=self.curves, flip_average=False,
        )  # fmt: skip

    def embed(self, inputs: Sequence[Face | np.ndarray] | np.ndarray) -> np.ndarray:
        """Unit embeddings float32 (n, 128) of faces, or of crops uint8 (218, 178, 3)."""
        return self.embed_with_maps(inputs)[0]

    def embed_with_maps(
        self, inputs: Sequence[Face | np.ndarray] | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, None]:
        """Unit embeddings and their lengths; there are no maps, for its head is no pooling."""
        found = [np.zeros((0, WIDTH), np.float32)]
        found += [self._run(cut(stack([each])[0])) for each in inputs]
        return (*unit(np.concatenate(found)), None)

    def _run(self, picture: np.ndarray) -> np.ndarray:
        """The raw embedding float32 (1, 128) of a picture uint8 (112, 112, 3) RGB."""
        with self._lock:  # a net of OpenCV has one input for all threads
            self._net.setInput(cv2.dnn.blobFromImage(picture))
            return np.asarray(self._net.forward(), np.float32).reshape(1, WIDTH)

    @cached_property
    def _net(self) -> "cv2.dnn.Net":
        # By OpenCV, not ONNX Runtime: its int8 file declares inputs that only OpenCV leaves out.
        try:
            return cv2.dnn.readNetFromONNX(str(self.path))
        except cv2.error as error:
            raise BundleError(f"{self.path} cannot be run.") from error


def cut(crop: np.ndarray) -> np.ndarray:
    """ArcFace's crop uint8 (112, 112, 3) out of ours uint8 (218, 178, 3), averaged down."""
    warp = align.similarity(align.TEMPLATE, POINTS)
    return align.align_face(crop, warp, (SIDE, SIDE))


def find(path: str = "") -> Path:
    """SFace's file: `path`, else what FACELENS_RECOGNISER names, else the cache's.

    Raises:
        BundleError: there is none.
    """
    kind, _, named = os.environ.get(VARIABLE, "").partition(":")
    chosen = path or (named if kind == NAME else "")
    if chosen:
        if not Path(chosen).is_file():
            raise BundleError(f"There is no file {chosen}.")
        return Path(chosen)
    for name in FILES:
        if (cached := cache_folder() / name).is_file():
            return cached
    raise BundleError("SFace is not here: facelens download recogniser downloads it.")


def download() -> Path:
    """Download SFace into the cache and verify it, unless it is cached; return its path."""
    from facelens.bundles.hub import download_known

    return download_known(REPO, FILES, "SFace")
