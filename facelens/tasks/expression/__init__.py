"""What a face shows, one of seven expressions, as in FER2013."""

from typing import TYPE_CHECKING, Any

from facelens.tasks.base import Figure, Style, Task, Word
from facelens.tasks.expression.names import CAUTION

if TYPE_CHECKING:
    from pathlib import Path

    from facelens.bundles.bundle import Bundle
    from facelens.faces import Face
    from facelens.tasks.classifier import Prediction
    from facelens.tasks.config import Config
    from facelens.tasks.expression.model import ExpressionConfig, ExpressionModel

NAME = "expression"


def _config(data: bytes, path: "Path") -> "ExpressionConfig":
    from facelens.tasks.expression.model import ExpressionConfig

    return ExpressionConfig.read(data, path, NAME)


def _model(bundle: "Bundle") -> "ExpressionModel":
    from facelens.tasks.expression.model import ExpressionModel

    return ExpressionModel(bundle)


def _row(_: Any, __: Any, prediction: "Prediction") -> tuple[float, ...]:
    return tuple(prediction.probabilities.tolist())


def _words(
    model: "ExpressionModel", face: "Face", prediction: "Prediction", style: Style
) -> list[Word]:
    from facelens.tasks.expression.describe import words

    return words(model, face, prediction, style)


def _describe(
    model: "ExpressionModel", face: "Face", prediction: "Prediction", style: Style
) -> tuple[dict[str, Any], str]:
    from facelens.tasks.expression.describe import describe_face

    return describe_face(model, face, prediction, style)


def _sentence(_: "ExpressionModel", face: "Face", prediction: "Prediction", style: Style) -> str:
    from facelens.tasks.expression.describe import looks_like

    return looks_like(face, prediction, style)


def _measured_on(config: "Config") -> str:
    faces = (config.metrics.get("valid") or {}).get("faces")
    return f"{faces} faces of {config.data.get('name')}"


TASK = Task(
    name=NAME,
    sees="crop",
    default="expression",
    config=_config,
    model=_model,
    columns=lambda model: model.names,
    row=_row,
    words=_words,
    describe=_describe,
    sentence=_sentence,
    caution=CAUTION,
    figures=(
        Figure("accuracy", ("valid", "accuracy"), 1),
        Figure("macro F1", ("valid", "macro_f1"), 1),
        Figure("calibration error", ("valid", "ece"), -1),
    ),
    measured_on=_measured_on,
    training="facelens.tasks.expression.training.command",
    views=("classes", "heatmap", "layers"),
)
