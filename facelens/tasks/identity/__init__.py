"""Who of those enrolled a face is most like, or that it is nobody of them."""

from typing import TYPE_CHECKING, Any

from facelens.tasks.base import Figure, Style, Task, Word
from facelens.tasks.identity.names import CAUTION, DEFAULT, EMPTY

if TYPE_CHECKING:
    from pathlib import Path

    from facelens.bundles.bundle import Bundle
    from facelens.faces import Face
    from facelens.tasks.config import Config
    from facelens.tasks.identity.answers import Recognition
    from facelens.tasks.identity.model import IdentityConfig, IdentityModel

NAME = "identity"


def _config(data: bytes, path: "Path") -> "IdentityConfig":
    from facelens.tasks.identity.model import IdentityConfig

    return IdentityConfig.read(data, path, NAME)


def _model(bundle: "Bundle") -> "IdentityModel":
    from facelens.tasks.identity.model import IdentityModel

    return IdentityModel(bundle)


def _columns(_: Any) -> tuple[str, ...]:
    from facelens.tasks.identity.describe import COLUMNS

    return COLUMNS


def _row(_: Any, __: Any, answer: "Recognition") -> tuple[Any, ...]:
    from facelens.tasks.identity.describe import row

    return row(answer)


def _words(model: Any, face: "Face", answer: "Recognition", style: Style) -> list[Word]:
    from facelens.tasks.identity.describe import words

    return words(model, face, answer, style)


def _describe(
    model: Any, face: "Face", answer: "Recognition", style: Style
) -> tuple[dict[str, Any], str]:
    from facelens.tasks.identity.describe import describe_face

    return describe_face(model, face, answer, style)


def _sentence(model: Any, face: "Face", answer: "Recognition", style: Style) -> str:
    from facelens.tasks.identity.describe import sentence

    return sentence(model, face, answer, style)


def _measured_on(config: "Config") -> str:
    faces = (config.metrics.get("valid") or {}).get("faces")
    return f"{faces} faces of {config.data.get('name')}"


TASK = Task(
    name=NAME,
    sees="crop",
    default=DEFAULT,
    config=_config,
    model=_model,
    columns=_columns,
    row=_row,
    words=_words,
    describe=_describe,
    sentence=_sentence,
    caution=CAUTION,
    empty=EMPTY,
    figures=(
        Figure("true accepts at 1 % false", ("valid", "true_accept_at_1_percent_false"), 1),
        Figure("AUC of pairs", ("valid", "auc"), 1),
    ),
    measured_on=_measured_on,
    training="facelens.tasks.identity.training.command",
    taught="facelens.tasks.identity.enrolled",
    commands=("facelens.tasks.identity.enrol", "facelens.tasks.identity.verify"),
)
