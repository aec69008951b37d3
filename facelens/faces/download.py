"""Download the YuNet detector into the cache."""

from pathlib import Path

from facelens.bundles.hub import download_known
from facelens.faces.detect import YUNET

YUNET_REPO = "opencv/face_detection_yunet"


def detector() -> Path:
    """Download YuNet into the cache and verify it, unless it is cached; return its path.

    The file that takes pictures of any size is preferred to the older one.
    """
    return download_known(YUNET_REPO, YUNET, "YuNet")
