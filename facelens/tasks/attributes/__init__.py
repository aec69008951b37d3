"""CelebA's 40 attributes, or any other list of yes/no questions."""

from typing import TYPE_CHECKING, Any

from facelens.tasks.base import Figure, Style, Task, Word

if TYPE_CHECKING:
    from pathlib import Path

    from facelens.bundles.bundle import Bundle
    from facelens.faces import Face
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.classifier import Prediction
    from facelens.tasks.config import ClassifierConfig, Config

NAME = "attributes"


def _config(data: bytes, path: "Path") -> "ClassifierConfig":
    from facelens.tasks.config import ClassifierConfig

    return ClassifierConfig.read(data, path, NAME)


def _model(bundle: "Bundle") -> "AttributeModel":
    from facelens.tasks.attributes.model import AttributeModel

    return AttributeModel(bundle)


def _row(_: Any, __: Any, prediction: "Prediction") -> tuple[float, ...]:
    return tuple(prediction.probabilities.tolist())


def _judgements(model: "AttributeModel") -> tuple[str, ...]:
    from facelens.tasks.attributes.names import describe

    return tuple(name for name in model.names if describe(name).is_judgement)


def _words(
    model: "AttributeModel", face: "Face", prediction: "Prediction", style: Style
) -> list[Word]:
    from facelens.tasks.attributes.describe import words

    return words(model, face, prediction, style)


def _describe(
    model: "AttributeModel", face: "Face", prediction: "Prediction", style: Style
) -> tuple[dict[str, Any], str]:
    from facelens.tasks.attributes.describe import describe_face

    return describe_face(model, face, prediction, style)


def _measured_on(config: "Config") -> str:
    faces = (config.metrics.get("valid") or {}).get("faces")
    return f"{faces} faces of {config.data.get('name')}"


TASK = Task(
    name=NAME,
    sees="crop",
    default="mobilenet_v2",
    config=_config,
    model=_model,
    columns=lambda model: model.names,
    row=_row,
    judgements=_judgements,
    words=_words,
    describe=_describe,
    figures=(
        Figure("mean accuracy", ("valid", "overall", "accuracy", "value"), 1),
        Figure("macro average precision", ("valid", "overall", "average_precision", "value"), 1),
        Figure("mean calibration error", ("valid", "overall", "ece", "value"), -1),
    ),
    measured_on=_measured_on,
    training="facelens.tasks.attributes.training.command",
    taught="facelens.tasks.attributes.taught",
    views=("board", "heatmap", "layers"),
)
