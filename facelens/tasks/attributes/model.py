"""The model of CelebA's 40 attributes, or of any other list of yes/no questions."""

from functools import cached_property
from typing import Any

import numpy as np

from facelens.bundles.bundle import Bundle
from facelens.errors import BundleError
from facelens.tasks.attributes.curves import Curves, separation
from facelens.tasks.attributes.names import describe
from facelens.tasks.attributes.thresholds import operating_point
from facelens.tasks.base import Style
from facelens.tasks.classifier import Classifier

# The key of `config.data` with the words that were taught, and what to know of each: "of 100 taught
# faces that get a yes here …".
TAUGHT = "taught"


class AttributeModel(Classifier):
    """A network that answers yes/no questions, with curves of what each threshold means.

    Example:
        >>> model = facelens.load_model()
        >>> model.predict(facelens.find_faces(photo))[0]["Smiling"]
        0.97
    """

    task = "attributes"

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        if "curves.json" not in bundle.files:
            raise BundleError(f"{bundle.folder} has no curves.json.")

    @property
    def data(self) -> str:
        """The name of the data set on which it was trained and measured."""
        return str(self.config.data.get("name") or "CelebA")

    @property
    def _taught(self) -> dict[str, Any]:
        """What is known of words that were taught, by word."""
        words = self.config.data.get(TAUGHT)
        return words if isinstance(words, dict) else {}

    def measured_on(self, name: str) -> str:
        """The faces by which the thresholds of `name` have their meaning: a word's are its own."""
        return TAUGHT if name in self._taught else self.data

    def note(self, name: str) -> str:
        """What to know about the answers for `name`; empty if they are as reliable as any."""
        return str(self._taught.get(name) or describe(name).note)

    def separation(self) -> np.ndarray:
        """Youden's J of each attribute, float32 (attributes,), see `curves.separation`."""
        return separation(self.curves)

    @cached_property
    def curves(self) -> Curves:
        """What each threshold means, measured on validation faces."""
        curves = Curves.read(self.bundle.read("curves.json"))
        if curves.names != self.names:
            raise BundleError(f"The curves of {self.bundle.folder} are for other attributes.")
        return curves

    def label(self, name: str) -> str:
        """The label of the attribute `name` for readers."""
        return describe(name).label

    def check_style(self, style: Style) -> None:
        """Refuse a threshold that this network does not have."""
        operating_point(self.config, style.threshold)

    def check(self) -> None:
        """Run the network once, and read its curves."""
        super().check()
        _ = self.curves
