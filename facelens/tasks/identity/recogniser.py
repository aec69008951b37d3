"""Open a recogniser: our own embedding network, or another's."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.bundles.find import embedded_folder
from facelens.errors import BundleError
from facelens.tasks.identity import sface
from facelens.tasks.identity.names import DEFAULT

if TYPE_CHECKING:
    from facelens.tasks.identity.model import Recogniser

OWN = "own"
# Opens a bundle of this task by name.
Load = Callable[[str], Any]


def open_recogniser(name: str | None, load: Load) -> "Recogniser":
    """Open a recogniser.

    Args:
        name: "own" for our own, "sface" or "sface:PATH", or a bundle as `load_model` takes it; by
            default FACELENS_RECOGNISER, else our own.
        load: opens a bundle by name.

    Raises:
        BundleError: it is not here, damaged, or another task's.
    """
    chosen = name or os.environ.get(sface.VARIABLE) or OWN
    kind, _, path = chosen.partition(":")
    if kind == sface.NAME and not Path(chosen).exists():
        return sface.SFace(sface.find(path))
    if chosen == OWN:
        if not embedded_folder(DEFAULT).is_dir():
            raise BundleError(
                "Facelens' own embedding network is not embedded yet: give --recogniser sface, "
                "which facelens download recogniser downloads, or a bundle that you have trained."
            )
        chosen = DEFAULT
    model = load(chosen)
    if not hasattr(model, "embed"):
        raise BundleError(f"{model.title} is a gallery, not a network that faces are enrolled by.")
    return model
