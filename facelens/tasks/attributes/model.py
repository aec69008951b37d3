"""The model of CelebA's 40 attributes, or of any other list of yes/no questions."""

from functools import cached_property

from facelens.bundles.bundle import Bundle
from facelens.errors import BundleError
from facelens.tasks.attributes.curves import Curves
from facelens.tasks.attributes.names import describe
from facelens.tasks.attributes.thresholds import operating_point
from facelens.tasks.base import Style
from facelens.tasks.classifier import Classifier


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

    def measured_on(self, name: str) -> str:  # noqa: ARG002 - a taught word has faces of its own
        """The faces by which the thresholds of `name` have their meaning."""
        return self.data

    def note(self, name: str) -> str:
        """What to know about the answers for `name`; empty if they are as reliable as any."""
        return describe(name).note

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
