"""Where a moving picture comes in: the browser's camera, frame by frame."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.attributes import GROUPS, JUDGEMENTS_NOTE, describe, everyday, group_title
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.faces.align import TEMPLATE_BOX, invert
from facelens.layers import viridis
from facelens.ui._view import sentence_of, source
from facelens.ui.intake import Intake

if TYPE_CHECKING:
    from facelens.model import Model
    from facelens.moving import Seen
    from facelens.photo import Photo

PRIVACY = (
    "The camera's pictures go to the server that runs this page, one at a time. Each is forgotten "
    "when its answer is back; nothing is recorded. A snapshot stays in the server's memory until "
    "you go back to the camera or close the page. Show only yourself, or people who have agreed."
)


class Camera(Intake):
    """Show the browser's camera, and over it what the network says.

    `on_frame(jpeg, seconds, anew, maps)` gets each frame, when it was taken, whether the picture
    before it was of something else, and whether maps are wished for; it answers with the frame and
    who is on it. `on_choose(name)` hears for what a map is wished. The page sends the next frame
    when that answer has come, never before, and nothing of it is kept. A snapshot comes as an
    `Intake`'s photo does.
    """

    privacy = PRIVACY
    _esm = source("shared.js", "lens.js", "camera.js")
    _css = source("shared.css", "camera.css")

    def __init__(
        self,
        on_photo: Callable[[bytes, str], None],
        on_clear: Callable[[], None],
        on_ready: Callable[[], None],
        on_frame: Callable[[bytes, float, bool, bool], "tuple[Photo, list[Seen]]"],
        on_choose: Callable[[str], None],
    ) -> None:
        super().__init__(on_photo, on_clear, on_ready)
        self._on_frame, self._on_choose = on_frame, on_choose
        self._model: Model | None = None

    def introduce(self, model: "Model") -> None:
        """Tell the page what `model` can say."""
        self._model = model
        described = [describe(name) for name in model.names]
        groups = [*GROUPS, *sorted({each.group for each in described} - set(GROUPS))]
        content = {
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
        self.show("network", content, [viridis().tobytes()])

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:
        """Answer a frame; pass a snapshot or a wish on."""
        if kind == "choose":
            self._on_choose(str(content["name"]))
            return
        if kind != "frame" or not buffers:
            super().receive(kind, content, buffers)
            return
        turn = str(content.get("turn", ""))
        try:
            self._answer(turn, content, bytes(buffers[0]))
        except Exception as error:  # noqa: BLE001  the next frame may be better
            self.send({"kind": "failed", "turn": turn, "text": sentence_of(error)})

    def _answer(self, turn: str, content: Mapping[str, Any], data: bytes) -> None:
        start = perf_counter()
        wanted = content.get("map")
        photo, seen = self._on_frame(
            data, float(content.get("seconds") or 0), bool(content.get("anew")), wanted is not None
        )
        names = self._model.names if self._model else ()
        arrays = [
            _together([each.prediction.probabilities for each in seen]),
            _together([each.prediction.logits for each in seen]),
        ]
        about = None
        if wanted in names and seen:
            maps = [each.maps[names.index(wanted)] for each in seen if each.maps is not None]
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
                        "hints": list(each.face.hints),
                    }
                    for each in seen
                ],
            },
            [array.tobytes() for array in arrays],
        )


def _together(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays of one shape as one, float32 (n, …); of none, nothing."""
    return np.stack(arrays).astype(np.float32) if arrays else np.zeros(0, np.float32)
