"""The photo with its faces boxed and numbered."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from facelens.faces import Face
from facelens.photo import Photo
from facelens.ui._view import View, jpeg, script, source

LONGEST = 1120
PORTRAIT = 118  # pixels, the longest side of a face by itself


class Picture(View):
    """Show a photo and let the visitor pick a face; `on_pick(index)` gets the choice."""

    _esm = script("picture")
    _css = source("shared.css", "picture.css")

    def __init__(self, on_pick: Callable[[int], None]) -> None:
        super().__init__()
        self._on_pick = on_pick

    def draw(self, photo: Photo, faces: Sequence[Face], *, more: bool = False) -> None:
        """Show `photo` with a box for each of `faces`; with `more` others may be drawn by hand."""
        boxes = [
            [
                face.box.x / photo.width,
                face.box.y / photo.height,
                face.box.w / photo.width,
                face.box.h / photo.height,
            ]
            for face in faces
        ]
        content = {
            "width": photo.width,
            "height": photo.height,
            "boxes": boxes,
            "hints": [list(face.hints) for face in faces],
            "more": more,
        }
        self._shown.pop("hints", None)
        several = faces if len(faces) > 1 else []
        portraits = [jpeg(face.crop, longest=PORTRAIT) for face in several]
        self.show("photo", content, [jpeg(photo.pixels, longest=LONGEST), *portraits])

    def hint(self, faces: Sequence[Face]) -> None:
        """Show what is known by now of `faces`, which are the same."""
        self.show("hints", {"hints": [list(face.hints) for face in faces]})

    def mark(self, index: int) -> None:
        """Mark the face that the page is about."""
        self.show("picked", {"index": index})

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:  # noqa: ARG002
        """Pass the visitor's choice on."""
        if kind == "pick":
            self._on_pick(int(content["index"]))
