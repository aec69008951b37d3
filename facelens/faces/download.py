"""Download the YuNet detector into the cache."""

from pathlib import Path

from facelens.bundles.hub import hub_errors
from facelens.errors import DownloadError
from facelens.faces.detect import YUNET, YUNET_FILES
from facelens.files import cache_folder, folder_aside, sha256, writing

YUNET_REPO = "opencv/face_detection_yunet"


def detector() -> Path:
    """Download YuNet into the cache and verify it, unless it is cached; return its path.

    The file that takes pictures of any size is preferred to the older one.
    """
    from huggingface_hub import HfApi, hf_hub_download

    folder = cache_folder()
    for name in YUNET_FILES:
        if (folder / name).is_file() and _is_yunet(folder / name):
            return folder / name
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with folder_aside(folder) as aside:
            with hub_errors("YuNet", "download"):
                # Asked first: without a network a download would retry for half a minute.
                about = HfApi().model_info(YUNET_REPO, timeout=30)
                there = {file.rfilename for file in about.siblings or ()}
                name = next((name for name in YUNET_FILES if name in there), YUNET_FILES[-1])
                path = hf_hub_download(YUNET_REPO, name, revision=about.sha, local_dir=aside)
            if not _is_yunet(Path(path)):
                raise DownloadError("YuNet arrived damaged, or is another file; nothing was saved.")
            return Path(path).replace(folder / name)


def _is_yunet(path: Path) -> bool:
    return (path.stat().st_size, sha256(path)) == YUNET[path.name]
