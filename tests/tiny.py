"""A bundle of a test's own, to damage and to answer with."""

import shutil
from pathlib import Path

from facelens.model.bundle import embedded_folder


def tiny_bundle(folder: Path) -> Path:
    """Copy the embedded bundle, less its training weights, to `folder/bundle`."""
    bundle = folder / "bundle"
    shutil.copytree(embedded_folder(), bundle, ignore=shutil.ignore_patterns("model.safetensors"))
    return bundle
