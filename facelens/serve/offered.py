"""Which networks a visitor of the page may choose, and loading the one that was chosen."""

import os
import re
from pathlib import Path

import numpy as np

from facelens.bundles.bundle import DEFAULT, Bundle
from facelens.bundles.find import embedded_folder, find_bundle, is_repository
from facelens.bundles.hub import Progress, fetch_bundle
from facelens.errors import BundleError, FacelensError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.tasks.classifier import Model


def listed() -> tuple[str, ...]:
    """What the environment's `FACELENS_MODELS` lists, separated by commas or new lines."""
    parts = re.split(r"[,\n]", os.environ.get("FACELENS_MODELS", ""))
    return tuple(filter(None, map(str.strip, parts)))


def offered() -> tuple[str, ...]:
    """Name the networks that every visitor may choose, the default first, none twice.

    After `FACELENS_MODEL`, if it is set, come the embedded ones and what `FACELENS_MODELS` lists.
    """
    weights = embedded_folder(DEFAULT).parent
    # Every bundle for attributes has curves; the networks that find points in a face have none.
    embedded = sorted(curves.parent.name for curves in weights.glob("*/curves.json"))
    default = os.environ.get("FACELENS_MODEL", "")
    names = [default, *(name for name in [DEFAULT] if name in embedded), *embedded, *listed()]
    return tuple(dict.fromkeys(filter(None, names)))


def may_choose_freely() -> bool:
    """Whether any repository on the Hub may be chosen: on one's own machine only.

    A network is a stranger's program. On a shared server nobody may have the server run it.
    """
    return os.environ.get("FACELENS_OWN_MACHINE") == "1"


def title_of(name: str) -> str:
    """What to call the network `name` without fetching it: name and version, where it is here."""
    if is_repository(name):
        return name
    try:
        return Model(find_bundle(name)).title
    except FacelensError:
        return Path(name).name


def choose(name: str, progress: Progress | None = None) -> Model:
    """Load the network that a visitor chose, and see that it answers.

    Raises:
        BundleError: It is not offered, or is no sound bundle.
        DownloadError: The Hub cannot be reached.
    """
    return tried(Model(_bundle(name, progress)))


def tried(model: Model) -> Model:
    """See that a network answers: what cannot is refused while the page still has another."""
    model.predict([np.zeros((CROP_HEIGHT, CROP_WIDTH, 3), np.uint8)])
    return model


def _bundle(name: str, progress: Progress | None) -> Bundle:
    if name in offered():
        return find_bundle(name, progress)
    if not may_choose_freely():
        raise BundleError("That network is not offered on this page; choose one from the list.")
    if not is_repository(name):
        raise BundleError(
            "That is no network on the Hugging Face Hub: write owner/repo, or owner/repo@revision."
        )
    # Not `find_bundle`: what a visitor types is never taken for a folder of this machine.
    return fetch_bundle(name, progress)
