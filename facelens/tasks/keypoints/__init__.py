"""Fifteen keypoints of a face, as in Kaggle's Facial Keypoints Detection."""

from typing import TYPE_CHECKING, Any

from facelens.tasks.base import Figure, Style, Task, Word

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from facelens.bundles.bundle import Bundle
    from facelens.faces import Face
    from facelens.tasks.config import Config
    from facelens.tasks.keypoints.model import KeypointModel, Keypoints, KeypointsConfig

NAME = "keypoints"


def _config(data: bytes, path: "Path") -> "KeypointsConfig":
    from facelens.tasks.keypoints.model import KeypointsConfig

    return KeypointsConfig.read(data, path, NAME)


def _model(bundle: "Bundle") -> "KeypointModel":
    from facelens.tasks.keypoints.model import KeypointModel

    return KeypointModel(bundle)


def _columns(_: Any) -> tuple[str, ...]:
    from facelens.tasks.keypoints.marks import COLUMNS

    return COLUMNS


def _row(
    model: "KeypointModel", seen: "Face | np.ndarray", answer: "Keypoints"
) -> tuple[float, ...]:
    # A face that came as a data set's own crop is set beside that set's marks.
    points = answer.points if hasattr(seen, "crop") else model.as_marked(answer.points)
    return tuple(points.ravel().tolist())


def _words(_: Any, __: Any, ___: Any, ____: Style) -> list[Word]:
    return []  # points are drawn, not told


def _describe(
    model: "KeypointModel", _: "Face", answer: "Keypoints", __: Style
) -> tuple[dict[str, Any], str]:
    rows = [(name, *answer[name]) for name in answer.names]
    lines = [f"    {model.label(name):<34}{x:>8.1f}{y:>8.1f}" for name, x, y in rows]
    error = round(answer.error, 4) if answer.error == answer.error else None
    as_json = [{"name": name, "x": round(x, 1), "y": round(y, 1)} for name, x, y in rows]
    text = "\n".join(["  Fifteen keypoints, x and y in pixels of the photo", *lines])
    if error is not None:
        text += f"\n  They lie {error:.1%} of the eyes' distance off, on average on test people."
    return {"keypoints": as_json, "error": error}, text


def _measured_on(config: "Config") -> str:
    faces = (config.metrics.get("valid") or {}).get("faces")
    return f"{faces} faces of {config.data.get('name')} (seed {config.recipe.get('seed')})"


TASK = Task(
    name=NAME,
    sees="crop",
    default="keypoints",
    config=_config,
    model=_model,
    columns=_columns,
    row=_row,
    words=_words,
    describe=_describe,
    figures=(Figure("error in pixels", ("valid", "rmse_px"), -1),),
    measured_on=_measured_on,
    training="facelens.tasks.keypoints.training.command",
    views=("points",),
)
