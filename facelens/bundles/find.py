"""Find a bundle by its name: on disk, embedded, or on the Hub."""

import re
from pathlib import Path

from facelens.bundles.bundle import EMBEDDED, Bundle, read_manifest
from facelens.bundles.hub import Progress, download_bundle
from facelens.errors import BundleError

# A repository's name as the Hub allows it, except what could be a path: no leading dot, no "..".
_REPOSITORY = re.compile(r"(?!.*\.\.)\w[\w.-]*/\w[\w.-]*(@\w[\w.-]*)?", re.ASCII)


def find_bundle(name: str, progress: Progress | None = None) -> Bundle:
    """The bundle called `name`: a folder, an embedded one, or "owner/repo[@revision]".

    `progress` as in `download_bundle`.
    """
    if len(name) > 1000 or not name.isprintable():
        raise BundleError("That is not the name of a model: give a bundle's folder, or owner/repo.")
    if name.replace("_", "").replace("-", "").isalnum() and _is_folder(str(embedded_folder(name))):
        bundle = Bundle(embedded_folder(name), EMBEDDED)
    elif _is_folder(name):
        bundle = Bundle(Path(name), str(Path(name)))
    elif is_repository(name):
        bundle = download_bundle(name, progress)
    elif name == "resnet50":  # too large for a wheel
        raise BundleError(
            "The network resnet50 comes with a checkout of Facelens, not with the package; clone "
            "it and give the folder weights/resnet50."
        )
    else:
        raise BundleError(
            f"There is no model {name!r}: give a bundle's folder, or owner/repo on the Hub."
        )
    read_manifest(bundle.folder)
    return bundle


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # a name longer than the file system allows
        return False


def is_repository(name: str) -> bool:
    """Whether `name` has the form owner/repo or owner/repo@revision."""
    return len(name) <= 300 and bool(_REPOSITORY.fullmatch(name))


def embedded_folder(name: str) -> Path:
    """Return the folder of the embedded network `name`; it need not exist."""
    package = Path(__file__).parents[1]
    wheel, checkout = package / "_weights", package.parent / "weights"
    return (wheel if wheel.is_dir() else checkout) / name
