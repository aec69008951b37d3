"""What every task shares: the `Task` itself, its model, and the words beside a face."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from facelens.bundles.bundle import Bundle
    from facelens.faces import Face
    from facelens.tasks.config import Config


class Verdict(StrEnum):
    """What a threshold makes of a probability."""

    YES = "yes"
    NO = "no"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True)
class Word:
    """What is written beside a face: page, camera, film and terminal draw the same.

    `value`: from 0 to 1. `verdict`: None where the task decides nothing. `text`: what is written in
    the verdict's place, where that would not say it.
    """

    label: str
    value: float
    verdict: Verdict | None = None
    text: str = ""

    def __str__(self) -> str:
        return self.text or self.verdict or ""


@dataclass(frozen=True)
class Figure:
    """A figure of a bundle's validation faces, by which `facelens push` compares two bundles.

    `path`: the keys that lead to it in `config.metrics`. `better`: 1 if more is better, -1 if less.
    """

    title: str
    path: tuple[str, ...]
    better: Literal[1, -1]

    def of(self, config: "Config") -> float | None:
        """The figure as `config` states it; None where it does not."""
        value: Any = config.metrics
        try:
            for key in self.path:
                value = value[key]
            return float(value)
        except (KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True)
class Style:
    """How an answer is to be put into words: what a visitor or a command line chose.

    `threshold`: an operating point's name or a number. `names`: the words wanted, all or the
    task's own choice if None. `judgements`: those about people too.
    """

    threshold: str = "half"
    names: tuple[str, ...] | None = None
    judgements: bool = False


@dataclass(frozen=True, eq=False)
class Layer:
    """What one layer of the network computed for one face.

    `maps`: float32 (channels, height, width), raw activations.
    """

    name: str
    title: str
    caption: str
    maps: "np.ndarray"


class Model(ABC):
    """A network ready to answer, opened from a bundle.

    `crop_size`: height and width of the crops that it takes instead of faces.
    """

    bundle: "Bundle"
    config: "Config"
    crop_size: tuple[int, int]

    @property
    def title(self) -> str:
        return f"{self.config.name} {self.config.version}"

    @property
    def card(self) -> str:
        """The model card, README.md of the bundle; a sentence where there is none."""
        if "README.md" not in self.bundle.files:
            return f"{self.title} came without a model card."
        return self.bundle.read("README.md").decode(errors="replace")

    def crop(self, pixels: "np.ndarray") -> "np.ndarray":
        """A photo uint8 (*crop_size, 3) that is a crop already, as `predict` takes it."""
        return pixels

    @abstractmethod
    def predict(self, inputs: "Sequence[Face | np.ndarray]", *, maps: bool = False) -> list[Any]:
        """Answer for each face or crop; with `maps`, say where the evidence lies too."""

    @abstractmethod
    def blend(self, before: Any, after: Any, share: float) -> Any:
        """The answer that lies between two of one face, a `share` of the way to `after`."""

    def label(self, name: str) -> str:
        """What a reader calls the answer `name`."""
        return name.replace("_", " ").strip().capitalize()

    def check_style(self, style: Style) -> None:  # noqa: B027 - not every task has thresholds
        """Refuse a style that this network's words cannot have.

        Raises:
            ThresholdError: there is no such threshold.
        """

    def check(self) -> None:
        """Have the network answer once: what cannot is refused before it is used.

        Raises:
            BundleError: it does not answer.
        """
        import numpy as np

        black = np.zeros((*self.crop_size, 3), np.uint8)
        self.predict([self.crop(black)])


@dataclass(frozen=True)
class Task:
    """What a network is asked: a folder of `tasks/`, and a row of `TASKS`.

    `sees`: what its graph takes. `default`: the embedded bundle's name.
    `config`, `model`: read a config.json, open a bundle.
    `columns`, `row`: of `facelens label`; a row is of a face or crop and the answer to it.
    `words`: what is written beside a face. `describe`: a face's answer at length, as JSON has it
    and as text; by default its words.
    `figures`: what `facelens push` compares, where `measured_on` says the same of both bundles.
    `training`: the module with `train`, `export` and `evaluate` and their options, as
    `facelens.commands.train` says.
    `commands`: modules with `add(commands)`, for commands of its own.
    `views`: the panels of the page that it uses: board, heatmap, layers, classes, points, boxes.
    """

    name: str
    sees: Literal["crop", "photo", "noise"]
    default: str
    config: "Callable[[bytes, Path], Config]"
    model: "Callable[[Bundle], Model]"
    columns: Callable[[Any], tuple[str, ...]]
    row: "Callable[[Any, Face | np.ndarray, Any], tuple[Any, ...]]"
    words: "Callable[[Any, Face, Any, Style], list[Word]]"
    describe: "Callable[[Any, Face, Any, Style], tuple[dict[str, Any], str]] | None" = None
    figures: tuple[Figure, ...] = ()
    measured_on: "Callable[[Config], str]" = lambda _: ""
    training: str = ""
    commands: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
