"""The interface of all tasks: `Task`, its model, and the words next to a face."""

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from facelens.errors import ThresholdError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from facelens.bundles.bundle import Bundle
    from facelens.faces import Face
    from facelens.tasks.config import Config
    from facelens.tasks.example import Deviation

log = logging.getLogger(__name__)


def probability_text(probability: float) -> str:
    """A probability for readers, in two digits; no network is certain: ">0.99", never "1.00"."""
    text = f"{probability:.2f}"
    return {"1.00": ">0.99", "0.00": "<0.01"}.get(text, text)


class Verdict(StrEnum):
    """A probability compared with a threshold."""

    YES = "yes"
    NO = "no"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True)
class Word:
    """An answer shown next to a face, the same on page, camera, film and terminal.

    `value`: from 0 to 1. `verdict`: None if the task has no verdicts. `text`: replaces the
    verdict if not empty.
    """

    label: str
    value: float
    verdict: Verdict | None = None
    text: str = ""

    def __str__(self) -> str:
        return self.text or self.verdict or ""


@dataclass(frozen=True)
class Figure:
    """A validation figure by which `facelens push` compares two bundles.

    `path`: its keys in `config.metrics`. `better`: 1 if more is better, -1 if less is.
    """

    title: str
    path: tuple[str, ...]
    better: Literal[1, -1]

    def of(self, config: "Config") -> float | None:
        """The figure in `config`; None if it is not there."""
        value: Any = config.metrics
        try:
            for key in self.path:
                value = value[key]
            number = float(value)
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Style:
    """How to put an answer into words, as chosen by a visitor or on the command line.

    `threshold`: an operating point's name or a number. `names`: of the words to show; by default
    all, or the task's own choice. `judgements`: include those about people. `brief`: only what has
    room beside a face that moves.
    """

    threshold: str = "half"
    names: tuple[str, ...] | None = None
    judgements: bool = False
    brief: bool = False

    @property
    def sure(self) -> float:
        """The probability from which the most probable of several classes is said without doubt.

        Raises:
            ThresholdError: the threshold is neither "half" nor a number from 0 to 1.
        """
        try:
            number = 0.5 if self.threshold == "half" else float(self.threshold)
        except ValueError:
            number = math.nan
        if not 0 <= number <= 1:
            raise ThresholdError(
                f"There is no threshold {self.threshold!r}: give half, or a number from 0 to 1."
            )
        return number


@dataclass(frozen=True)
class State:
    """What a film measures the seconds of, face by face, and a camera can warn of.

    `column`: of a film's table. `holds`: whether an answer says that a face is in this state.
    `warning`: a sentence that says so of somebody; no warning is offered if empty.
    """

    column: str
    holds: Callable[[Any], bool]
    warning: str = ""


@dataclass(frozen=True)
class Kind:
    """A class of the boxes that a detector's task draws.

    `letter`: on its boxes, so that nobody has to tell colours apart. `among`: what is said of some
    of several faces, after their number: "with a mask".
    """

    name: str
    letter: str
    among: str


@dataclass(frozen=True, eq=False)
class Layer:
    """Activations of one layer for one face.

    `maps`: float32 (channels, height, width), raw activations.
    """

    name: str
    title: str
    caption: str
    maps: "np.ndarray"


class Model(ABC):
    """A network opened from a bundle.

    `crop_size`: height and width of the crops that it accepts instead of faces.
    `deviation`: from its example's answers on this machine; None before `check`, or without one.
    """

    bundle: "Bundle"
    config: "Config"
    crop_size: tuple[int, int]
    deviation: "Deviation | None" = None

    @property
    def title(self) -> str:
        return f"{self.config.name} {self.config.version}"

    @property
    def place(self) -> "Path":
        """The folder or file that `load_model` opens again."""
        return self.bundle.folder

    @property
    def card(self) -> str:
        """The model card, the bundle's README.md; a sentence if there is none."""
        if "README.md" not in self.bundle.files:
            return f"{self.title} has no model card."
        return self.bundle.read("README.md").decode(errors="replace")

    def crop(self, pixels: "np.ndarray") -> "np.ndarray":
        """Convert a photo uint8 (*crop_size, 3) that is already a crop to an input of `predict`."""
        return pixels

    @abstractmethod
    def predict(self, inputs: "Sequence[Face | np.ndarray]", *, maps: bool = False) -> list[Any]:
        """Predict for each face or crop; with `maps`, return evidence maps too."""

    @abstractmethod
    def blend(self, before: Any, after: Any, share: float) -> Any:
        """Interpolate between two answers of one face, a `share` of the way to `after`."""

    def label(self, name: str) -> str:
        """The label of the answer `name` for readers."""
        return name.replace("_", " ").strip().capitalize()

    def reference(self, face: "Face") -> "np.ndarray":
        """The numbers of the answer about a face, float32, as a bundle's example.json keeps them.

        By default none: nothing to compare.
        """
        import numpy as np

        del face
        return np.zeros(0, np.float32)

    def check_style(self, style: Style) -> None:  # noqa: B027 - not every task has thresholds
        """Refuse a style that does not fit this network.

        Raises:
            ThresholdError: there is no such threshold.
        """

    def check(self) -> None:
        """Run the network once, so that a broken one is refused before it is used.

        Raises:
            BundleError: it does not run.
        """
        import numpy as np

        from facelens.tasks.example import deviation

        black = np.zeros((*self.crop_size, 3), np.uint8)
        self.predict([self.crop(black)])
        self.deviation = found = deviation(self)
        if found and not found.is_fine:
            log.warning(
                "%s answers otherwise here than where it was made: by %.2g on its example.",
                self.title, found.difference,
            )  # fmt: skip


@dataclass(frozen=True)
class Task:
    """What a network predicts: a package in `tasks/` and an entry of `TASKS`.

    `sees`: the input of its graph. `default`: the embedded bundle's name.
    `config`, `model`: read a config.json, open a bundle.
    `columns`, `row`: of the table of `facelens label`; a row is for a face or crop and its answer.
    `judgements`: those of its columns that are judgements about people.
    `words`: shown next to a face. `describe`: a face's full answer as a JSON object and as text; by
    default its words.
    `sentence`: a face's answer in one sentence. `caution`: what has to be known before an answer is
    used; it stands wherever the page shows one.
    `state`: whose seconds a film's table counts for each face.
    `title`: what the page calls it; by default its name.
    `kinds`: of a task that sees photos, the classes of its boxes, in the network's order.
    `covers`: the sentence that an answer of such a task adds to a face's hints where it says that
    something covers that face; empty if it does not.
    `figures`: compared by `facelens push` if `measured_on` is the same for both bundles.
    `training`: the module with `train`, `export` and `evaluate` and their options; see
    `facelens.commands.train`.
    `taught`: the module with `head_file`, `open_head` and `KIND`, if the network can be taught a
    word, or people.
    `empty`: what is said where no model is named, if the default one alone answers nothing.
    `commands`: modules with `add(commands)`, for commands of its own.
    `views`: what of the page it uses: board, heatmap, layers, points, or a panel of its own such
    as classes or boxes; see `facelens.ui.panel`.
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
    sentence: "Callable[[Any, Face, Any, Style], str] | None" = None
    caution: str = ""
    judgements: Callable[[Any], tuple[str, ...]] = lambda _: ()
    state: State | None = None
    title: str = ""
    kinds: Callable[[Any], tuple[Kind, ...]] = lambda _: ()
    covers: Callable[[Any], str] = lambda _: ""
    figures: tuple[Figure, ...] = ()
    measured_on: "Callable[[Config], str]" = lambda _: ""
    training: str = ""
    taught: str = ""
    empty: str = ""
    commands: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """The task's columns of a table, all or without the judgements about people.

    `judgements`: the columns in it that are such.
    """

    columns: tuple[str, ...]
    judgements: tuple[str, ...]
    _kept: tuple[int, ...]
    _row: "Callable[[Face | np.ndarray, Any], tuple[Any, ...]]"

    @classmethod
    def of(cls, task: Task, model: Model, *, judgements: bool = True) -> "Table":
        """The table of what `model` answers."""
        names, judged = task.columns(model), task.judgements(model)
        kept = tuple(i for i, name in enumerate(names) if judgements or name not in judged)
        columns = tuple(names[i] for i in kept)
        left = tuple(name for name in columns if name in judged)
        return cls(columns, left, kept, lambda face, answer: task.row(model, face, answer))

    def row(self, face: "Face | np.ndarray", answer: Any) -> tuple[Any, ...]:
        """The values of a face or crop, in the order of `columns`."""
        values = self._row(face, answer)
        return tuple(values[i] for i in self._kept)

    @property
    def judgements_text(self) -> str:
        """Say which columns are judgements about people."""
        one = len(self.judgements) == 1
        return (
            f"{len(self.judgements)} of the {len(self.columns)} answers "
            f"{'is a judgement' if one else 'are judgements'} about people, not "
            f"{'a fact' if one else 'facts'}: {', '.join(self.judgements)}; --no-judgements leaves "
            f"{'it' if one else 'them'} out."
        )
