"""A bundle of a test's own, to damage and to answer with."""

import shutil
from pathlib import Path

from facelens.bundles.find import embedded_folder
from facelens.tasks import DEFAULT, TASKS


def tiny_bundle(folder: Path) -> Path:
    """Copy the embedded bundle, less its training weights, to `folder/bundle`."""
    bundle = folder / "bundle"
    shutil.copytree(
        embedded_folder(TASKS[DEFAULT].default),
        bundle,
        ignore=shutil.ignore_patterns("model.safetensors"),
    )
    return bundle
