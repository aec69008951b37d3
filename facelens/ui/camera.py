"""Where a moving picture comes in: the browser's camera, frame by frame."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from facelens.explain.layers import viridis
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.faces.align import TEMPLATE_BOX, invert
from facelens.tasks.attributes.names import GROUPS, JUDGEMENTS_NOTE, describe, everyday, group_title
from facelens.tasks.attributes.weak import weak
from facelens.ui._view import script, sentence_of, source
from facelens.ui.intake import Intake
from facelens.ui.wipe import release, taken, wipe

if TYPE_CHECKING:
    from facelens.photo import Photo
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.ui.beside import Beside
    from facelens.video.stream import Observation

PRIVACY = (
    "The camera's pictures go to the server that runs this page, one at a time. Each is forgotten "
    "when its answer is back; nothing is recorded. A snapshot stays in the server's memory until "
    "you go back to the camera or close the page, a face that you keep to compare until you let it "
    "go. Show only yourself, or people who have agreed."
)


class CameraHandler(Protocol):
    """Who answers the camera."""

    @property
    def beside(self) -> "Beside":
        """The other tasks that can be asked about each frame."""

    def take(self, data: bytes, name: str) -> None:
        """Read a snapshot."""

    def see(
        self, data: bytes, seconds: float, *, anew: bool, maps: bool, tasks: Sequence[str] = ()
    ) -> "tuple[Photo, list[Observation]]":
        """Say who is on a frame that was taken at `seconds`.

        `anew`: the frame before it was of something else. `maps`: with evidence. `tasks`: others
        that are asked too.
        """

    def found(self, seen: "Sequence[Observation]") -> dict[str, Any]:
        """Say what else was found on the frame, see `Beside.found`."""

    def choose(self, name: str) -> None:
        """Turn to the attribute that is looked for over the face."""

    def rest(self) -> None:
        """Forget the faces that the camera saw."""

    def go_back(self) -> None:
        """Let go of the snapshot: the camera goes on."""

    def forget(self) -> None:
        """Let go of everything."""

    def warm_up(self) -> None:
        """Make ready to answer."""


class Camera(Intake):
    """Show the browser's camera, and over it what the network says.

    The page sends a frame when the one before it is answered, never before, and nothing of it is
    kept. A snapshot comes as an `Intake`'s photo does; `near` is then the middle of the face that
    was picked, in shares of the picture, or None.
    """

    privacy = PRIVACY
    _esm = script("camera")
    _css = source("shared.css", "camera.css")

    def __init__(self, handler: CameraHandler) -> None:
        super().__init__(handler.take, handler.forget, handler.warm_up)
        self._handler = handler
        self._model: AttributeModel | None = None
        self.near: tuple[float, float] | None = None

    def introduce(self, model: "AttributeModel", tasks: Sequence[Mapping[str, str]] = ()) -> None:
        """Tell the page what `model` can say, and which other `tasks` can be asked."""
        self._model = model
        content = offer(model) | {"tasks": list(tasks)}
        self.show("network", content, [viridis().tobytes()])

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:
        """Answer a frame; pass a snapshot or a wish on."""
        if kind == "frame" and buffers:
            turn, data = str(content.get("turn", "")), taken(buffers)
            try:
                self._answer(turn, content, data)
            except Exception as error:  # noqa: BLE001  the next frame may be better
                self.send({"kind": "failed", "turn": turn, "text": sentence_of(error)})
        elif kind == "choose":
            self._handler.choose(str(content["name"]))
        elif kind == "rest":
            self._handler.rest()
            release()
        elif kind == "back":
            self._handler.go_back()
        else:
            if kind == "photo":
                near = content.get("near")
                self.near = (float(near[0]), float(near[1])) if near else None
            super().receive(kind, content, buffers)

    def _answer(self, turn: str, content: Mapping[str, Any], data: bytes) -> None:
        start = perf_counter()
        wanted = content.get("map")
        photo, seen = self._handler.see(
            data,
            float(content.get("seconds") or 0),
            anew=bool(content.get("anew")),
            maps=wanted is not None,
            tasks=[str(name) for name in content.get("tasks") or ()],
        )
        names = self._model.names if self._model else ()
        metrics = self._model.config.metrics if self._model else {}
        arrays = [
            _together([each.answer.probabilities for each in seen]),
            _together([each.answer.logits for each in seen]),
        ]
        about = None
        if wanted in names and seen:
            index = names.index(wanted)
            maps = [each.answer.maps[index] for each in seen]
            arrays.append(_together(maps))
            about = {"name": wanted, "height": maps[0].shape[0], "width": maps[0].shape[1]}
        self.send(
            {
                "kind": "seen",
                "turn": turn,
                "width": photo.width,
                "height": photo.height,
                "milliseconds": 1000 * (perf_counter() - start),
                "map": about,
                "faces": [
                    {
                        "number": each.number,
                        # From the template to the frame: where box and map lie.
                        "place": invert(each.face.warp).ravel().tolist(),
                        "weak": weak(metrics, each.face),
                        **self._handler.beside.said(each),
                    }
                    for each in seen
                ],
                **self._handler.found(seen),
            },
            [array.tobytes() for array in arrays],
        )
        wipe(photo.pixels, *(each.face.crop for each in seen))


def _together(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays of one shape as one, float32 (n, …); of none, nothing."""
    return np.stack(arrays).astype(np.float32) if arrays else np.zeros(0, np.float32)


def offer(model: "AttributeModel") -> dict[str, Any]:
    """What the page has to know of the answers of `model`."""
    described = [describe(name) for name in model.names]
    groups = [*GROUPS, *sorted({each.group for each in described} - set(GROUPS))]
    return {
        "size": [CROP_WIDTH, CROP_HEIGHT],
        "box": list(TEMPLATE_BOX),
        "attributes": [
            {
                "name": each.name,
                "label": each.label,
                "note": each.note,
                "group": each.group,
                "judgement": each.is_judgement,
            }
            for each in described
        ],
        "groups": [[group, group_title(group)] for group in groups],
        "judgements": {"title": GROUPS["judgements"], "note": JUDGEMENTS_NOTE},
        "everyday": list(everyday(model.names)),
    }
