"""Download the YuNet detector into the cache."""

import tempfile
from pathlib import Path

from facelens.bundles.hub import hub_errors
from facelens.errors import DownloadError
from facelens.faces.detect import YUNET_FILES
from facelens.files import cache_folder, sha256, writing

YUNET_REPO = "opencv/face_detection_yunet"
# Of the files named in `facelens.faces.detect`: bytes, and sha256.
YUNET = {
    "face_detection_yunet_2026may.onnx": (
        229_738, "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0",
    ),
    "face_detection_yunet_2023mar.onnx": (
        232_589, "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    ),
}  # fmt: skip


def detector() -> Path:
    """Download YuNet into the cache, checked, unless it is there; give its path.

    The file that takes pictures of any size, or the older one where the Hub has no other.
    """
    from huggingface_hub import HfApi, hf_hub_download

    folder = cache_folder()
    for name in YUNET_FILES:
        if (folder / name).is_file() and _is_yunet(folder / name):
            return folder / name
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            with hub_errors("YuNet", "download"):
                # Asked first, since a download would go on trying for half a minute.
                about = HfApi().model_info(YUNET_REPO, timeout=30)
                there = {file.rfilename for file in about.siblings or ()}
                name = next((name for name in YUNET_FILES if name in there), YUNET_FILES[-1])
                path = hf_hub_download(YUNET_REPO, name, revision=about.sha, local_dir=aside)
            if not _is_yunet(Path(path)):
                raise DownloadError("YuNet arrived damaged, or is another file; nothing was kept.")
            return Path(path).replace(folder / name)


def _is_yunet(path: Path) -> bool:
    return (path.stat().st_size, sha256(path)) == YUNET[path.name]
