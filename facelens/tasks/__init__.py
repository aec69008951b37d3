"""What a network can be asked: one table of tasks, one way to load a model."""

from typing import TYPE_CHECKING

from facelens.bundles.bundle import Bundle
from facelens.bundles.find import find_bundle
from facelens.tasks.base import Look, Prediction
from facelens.tasks.classifier import Model

if TYPE_CHECKING:
    from facelens.bundles.hub import Progress

__all__ = [
    "Bundle",
    "Look",
    "Model",
    "Prediction",
    "load_model",
]


def load_model(name: str | None = None, *, progress: "Progress | None" = None) -> Model:
    """Load a network: the only way in.

    Args:
        name: a bundle's folder, an embedded bundle's name, or "owner/repo[@revision]" on the
            Hub. Without it `FACELENS_MODEL`, then the embedded default.
        progress: gets the bytes that have come from the Hub and all that will.

    Raises:
        BundleError: The bundle is missing, damaged, for another task or too new.
        DownloadError: The Hub cannot be reached and its cache does not hold the bundle.
    """
    return Model(find_bundle(name, progress))
