"""A network with a taught word besides its own attributes."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from facelens.bundles.bundle import MANIFEST
from facelens.bundles.session import BATCH
from facelens.errors import BundleError, FacelensError
from facelens.faces import Face
from facelens.tasks.attributes.calibrate import operating_points
from facelens.tasks.attributes.curves import Curves
from facelens.tasks.attributes.head import FILE, JUDGEMENT, Head, last_view, read_head
from facelens.tasks.attributes.model import TAUGHT, AttributeModel
from facelens.tasks.classifier import Prediction, stack

KIND = "a taught word"


class TaughtModel(AttributeModel):
    """The answers of `base` and, after them, the word of `head`.

    `place`: the head's file, None if it has none yet.
    """

    def __init__(self, base: AttributeModel, head: Head, place: Path | None = None) -> None:
        if last_view(base).shape[0] != len(head.weight):
            raise BundleError(
                f"The head for “{head.word}” weighs {len(head.weight)} feature maps; {base.title} "
                f"has {last_view(base).shape[0]}."
            )
        if head.word in base.names:
            raise BundleError(f"{base.title} answers “{head.word}” already.")
        self.base, self.head, self._place = base, head, place
        self.bundle = base.bundle
        points = _points(head)
        own = base.config
        self.config = replace(
            own,
            data={**own.data, TAUGHT: {head.word: f"{head.sentence} {JUDGEMENT}"}},
            names=(*own.names, head.word),
            temperature=_with(own.temperature, 1),
            bias=_with(own.bias, head.bias),
            operating_points={
                name: _with(cuts, points.get(name, np.nan))
                for name, cuts in own.operating_points.items()
            },
        )

    @property
    def title(self) -> str:
        return f"{self.base.title} + {self.head.word}"

    @property
    def place(self) -> Path:
        return self._place or self.base.place

    @property
    def card(self) -> str:
        """What the word is and how well it is told, above the base's card."""
        return (
            f"# {self.head.word}, taught\n\n{self.head.sentence} {JUDGEMENT}\n\n"
            f"It is read from the last feature maps of {self.base.title}.\n\n{self.base.card}"
        )

    @cached_property
    def curves(self) -> Curves:
        """What each threshold means: on validation faces, and for the word on its own photos."""
        both = (self.base.curves, self.head.curves)
        columns = [each.name for each in fields(Curves) if each.name != "names"]
        return Curves(
            self.names,
            **{name: np.concatenate([getattr(each, name) for each in both]) for name in columns},
        )

    def separation(self) -> np.ndarray:
        """Youden's J of each attribute; NaN for a word that cannot be told."""
        found = super().separation()
        return found if self.head.can_tell else _with(found[:-1], np.nan)

    def predict(
        self, inputs: Sequence[Face | np.ndarray] | np.ndarray, *, maps: bool = False
    ) -> list[Prediction]:
        """Predict for each face, or each uint8 (218, 178, 3) crop; see `Classifier.predict`."""
        found: list[Prediction] = []
        for start in range(0, len(inputs), BATCH):
            found += self._predict(stack(inputs[start : start + BATCH]), maps=maps)
        return found

    def _predict(self, crops: np.ndarray, *, maps: bool) -> list[Prediction]:
        view, count = last_view(self.base), len(self.base.names)
        outputs: dict[str, tuple[int | None, ...]] = {"logits": (count,), view.output: view.shape}
        if maps:
            outputs["activation_maps"] = (count, None, None)
        logits, seen, *evidence = self.outputs(outputs, crops)
        own = self._map(seen)
        if self.config.flip_average:
            mirrored = np.ascontiguousarray(crops[:, :, ::-1])
            (seen,) = self.outputs({view.output: view.shape}, mirrored)
            own = (own + self._map(seen)[:, :, ::-1]) / 2
        word = own.mean((1, 2)) + np.float32(self.head.bias)
        logits = np.concatenate([logits, word[:, None]], 1)
        rows = [np.concatenate([evidence[0], own[:, None]], 1)] if evidence else []
        return [
            Prediction(scores, probabilities, self.names, *each)
            for scores, probabilities, *each in zip(
                logits, self._probabilities(logits), *rows, strict=True
            )
        ]

    def _map(self, seen: np.ndarray) -> np.ndarray:
        """The word's activation map, float32 (n, h, w), from the last feature maps."""
        return np.einsum("d,ndhw->nhw", self.head.weight, seen, dtype=np.float32)

    def _run(
        self, outputs: Mapping[str, Sequence[int | None]], crops: np.ndarray
    ) -> list[np.ndarray]:
        return self.base._run(outputs, crops)  # noqa: SLF001 - the base's graph is ours


def _with(values: np.ndarray, last: float) -> np.ndarray:
    return np.append(values, last).astype(np.float32)


def _points(head: Head) -> dict[str, float]:
    """The word's operating points; only one half where the network cannot tell."""
    if not head.can_tell:
        return {"half": 0.5}
    points = operating_points(head.curves, head.yes + head.no)
    return {name: float(cuts[0]) for name, cuts in points.items()}


def head_file(name: str) -> Path | None:
    """The file of the head that `name` names, if it is one: a .safetensors file, or its folder."""
    try:
        path = Path(name)
        if path.suffix.lower() == ".safetensors" and path.is_file():
            return path
        inside = path / FILE
        return inside if inside.is_file() and not (path / MANIFEST).exists() else None
    except OSError:
        return None


def open_head(path: Path, load: Callable[[str], AttributeModel]) -> TaughtModel:
    """Open the head at `path`; `load` opens its base by name.

    Raises:
        BundleError: the head is damaged, or its base is missing or another one.
    """
    head = read_head(path)
    different = ""
    for name in _candidates(head, path):
        try:
            base = load(name)
        except FacelensError:
            continue
        if base.bundle.files["model.onnx"]["sha256"] == head.checksum:
            return TaughtModel(getattr(base, "base", base), head, path)
        different = base.title
    if different:
        raise BundleError(
            f"{path} was taught on another version of {head.base} than {different}, which has "
            "other feature maps; teach it again."
        )
    raise BundleError(
        f"{path} was taught on the network {head.base}, which is not here; put its "
        "folder beside it."
    )


def _candidates(head: Head, path: Path) -> list[str]:
    """Where the base may be: embedded or on the Hub, beside the head, or the one that is set."""
    names = (
        []
        if os.sep in head.base.replace("/", os.sep, 1) or head.base[:1] in "./\\~"
        else [head.base]
    )
    beside = path.parent / Path(head.base).name
    if beside.is_dir():
        names.insert(0, str(beside))
    chosen = os.environ.get("FACELENS_MODEL", "")
    return [*names, *([chosen] if chosen and not head_file(chosen) else [])]
