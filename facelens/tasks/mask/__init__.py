"""Faces in a photo: with a mask, without, or with one worn wrongly."""

from typing import TYPE_CHECKING, Any

from facelens.tasks.base import Figure, Kind, State, Style, Task, Word
from facelens.tasks.mask.names import (
    AMONG,
    BARE,
    CAUTION,
    COVERED,
    LETTERS,
    NAMES,
    WARNING,
    WORN,
)

if TYPE_CHECKING:
    from pathlib import Path

    from facelens.bundles.bundle import Bundle
    from facelens.tasks.config import Config
    from facelens.tasks.mask.model import MaskConfig, MaskedFace, MaskModel

NAME = "mask"


def _config(data: bytes, path: "Path") -> "MaskConfig":
    from facelens.tasks.mask.model import MaskConfig

    return MaskConfig.read(data, path, NAME)


def _model(bundle: "Bundle") -> "MaskModel":
    from facelens.tasks.mask.model import MaskModel

    return MaskModel(bundle)


def _row(_: Any, __: Any, face: "MaskedFace") -> tuple[float, ...]:
    return tuple(face.probabilities.tolist())


def _words(model: "MaskModel", _: Any, face: "MaskedFace", style: Style) -> list[Word]:
    from facelens.tasks.mask.describe import words

    return words(model, face, style)


def _describe(
    model: "MaskModel", _: Any, face: "MaskedFace", style: Style
) -> tuple[dict[str, Any], str]:
    from facelens.tasks.mask.describe import describe_face

    return describe_face(model, face, style)


def _sentence(_: Any, __: Any, face: "MaskedFace", style: Style) -> str:
    from facelens.tasks.mask.describe import sentence

    return sentence(face, style)


def _measured_on(config: "Config") -> str:
    photos = (config.metrics.get("valid") or {}).get("photos")
    return f"{photos} photos of {config.data.get('name')}"


TASK = Task(
    name=NAME,
    sees="photo",
    default="mask",
    config=_config,
    model=_model,
    columns=lambda model: model.names,
    row=_row,
    words=_words,
    describe=_describe,
    sentence=_sentence,
    caution=CAUTION,
    state=State("seconds_without_mask", lambda face: face.name == BARE, WARNING),
    title="Masks",
    kinds=lambda _: tuple(Kind(name, LETTERS[name], AMONG[name]) for name in NAMES),
    covers=lambda face: COVERED if face.name == WORN else "",
    figures=(
        Figure("mAP50", ("valid", "map50"), 1),
        Figure("mAP50-95", ("valid", "map50_95"), 1),
    ),
    measured_on=_measured_on,
    training="facelens.tasks.mask.training.command",
    views=("boxes",),
)
