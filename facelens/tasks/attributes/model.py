"""The model that answers CelebA's 40 attributes, or any other list of yes and no."""

from functools import cached_property

from facelens.bundles.bundle import Bundle
from facelens.errors import BundleError
from facelens.tasks.attributes.curves import Curves
from facelens.tasks.attributes.names import describe
from facelens.tasks.attributes.thresholds import operating_point
from facelens.tasks.base import Style
from facelens.tasks.classifier import Classifier


class AttributeModel(Classifier):
    """A network that answers yes/no questions, and knows what each threshold means.

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
        """The name of the data set that it learnt from and was measured on."""
        return str(self.config.data.get("name") or "CelebA")

    @cached_property
    def curves(self) -> Curves:
        """What each threshold means, measured on validation faces."""
        curves = Curves.read(self.bundle.read("curves.json"))
        if curves.names != self.names:
            raise BundleError(f"The curves of {self.bundle.folder} are of other attributes.")
        return curves

    def label(self, name: str) -> str:
        """What a reader calls the attribute `name`."""
        return describe(name).label

    def check_style(self, style: Style) -> None:
        """Refuse a threshold that this network does not have."""
        operating_point(self.config, style.threshold)

    def check(self) -> None:
        """Have the network answer once, and read its curves."""
        super().check()
        _ = self.curves
