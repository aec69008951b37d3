"""A network that knows other attributes, and few of them."""

from dataclasses import fields, replace

from facelens import load_model
from facelens.bundles.bundle import Bundle
from facelens.tasks.attributes.curves import Curves
from facelens.tasks.attributes.model import AttributeModel


class WithoutExample(Bundle):
    """A bundle whose example is not compared: it is of other answers."""

    @property
    def files(self):
        return {name: entry for name, entry in super().files.items() if name != "example.json"}


class FewAnswers(AttributeModel):
    """The embedded network, of which only some answers are heard, under other names."""

    def __init__(self, names):
        whole = load_model().bundle
        super().__init__(WithoutExample(whole.folder, whole.source))
        kept = slice(0, len(names))
        points = {name: cuts[kept] for name, cuts in self.config.operating_points.items()}
        whole = super().curves
        self.config = replace(
            self.config,
            names=tuple(names),
            temperature=self.config.temperature[kept],
            bias=self.config.bias[kept],
            operating_points=points,
        )
        columns = {f.name: getattr(whole, f.name)[kept] for f in fields(whole) if f.name != "names"}
        self.__dict__["curves"] = Curves(tuple(names), **columns)

    def _run(self, outputs, crops):
        few, whole = ("logits", "activation_maps"), load_model()
        shapes = {
            name: (len(whole.names), *shape[1:]) if name in few else shape
            for name, shape in outputs.items()
        }
        found = AttributeModel._run(whole, shapes, crops)
        return [
            values[:, : len(self.names)] if name in few else values
            for name, values in zip(outputs, found, strict=True)
        ]
