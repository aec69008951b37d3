"""Where a photo comes in: upload, drop, paste, camera or the examples that come with the page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from facelens.photo.decoding import HEIC
from facelens.ui._view import HERE, View, script, sentence_of, source
from facelens.ui.wipe import taken

EXAMPLES = tuple(
    HERE / name for name in ("astronaut.jpg", "hopper.jpg", "drawn-1.jpg", "drawn-2.jpg")
)
EXAMPLE = EXAMPLES[0]
# What a visitor can do whose browser cannot read HEIC, on a server that cannot either.
HEIC_HERE = source("heic.txt").strip()
PRIVACY = source("privacy.txt").strip()


class Intake(View):
    """Take photos from the visitor and say in one line how it goes.

    `on_photo(bytes, name)` gets each photo, `on_clear()` each wish to forget, `on_ready()` the
    first sign of life of the page, `on_search(how, box)` each wish to look for a missed face.

    Messages are answered in order, one at a time. The page gives each wish a `turn`, and every
    status repeats the turn it answers, so the page can pass over what it no longer waits for.
    """

    privacy = PRIVACY
    _esm = script("intake")
    _css = source("shared.css", "intake.css")

    def __init__(
        self,
        on_photo: Callable[[bytes, str], None],
        on_clear: Callable[[], None],
        on_ready: Callable[[], None],
        on_search: Callable[[str, tuple[float, float, float, float] | None], None] | None = None,
    ) -> None:
        super().__init__()
        self._on_photo, self._on_clear, self._on_ready = on_photo, on_clear, on_ready
        self._on_search = on_search
        self._turn: dict[str, Any] = {}
        self._shrunk = False
        self.show("text", {"privacy": self.privacy})

    def say(self, text: str, state: str = "busy") -> None:
        """Show a status line; `state` is empty, busy, done, none (no face) or error."""
        self.show("status", {"text": text, "state": state, **self._turn})

    def tell(self, text: str) -> None:
        """Show what is to be known of the network, whatever photo comes; "" takes it away."""
        self.show("notice", {"text": text})

    def more(self) -> bool:
        """Ask for the photo again, with as many of its pixels as one message carries.

        False if it was sent as large as it is; then there is nothing to wait for.
        """
        if self._shrunk:
            self.send({"kind": "more", **self._turn})
        return self._shrunk

    def clear(self) -> None:
        """Ask for a photo again."""
        self.say("", "empty")

    def fail(self, error: Exception) -> None:
        """Show an error in the status line."""
        text = sentence_of(error)
        if text.endswith(HEIC):
            text = text.removesuffix(HEIC) + HEIC_HERE
        self.say(text, "error")

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:
        """Pass the visitor's photo or wish on."""
        if kind == "ready":
            self._on_ready()
            return
        self._turn = {"turn": content["turn"]} if "turn" in content else {}
        self._shrunk = bool(content.get("shrunk"))
        if kind == "photo" and buffers:
            self._on_photo(taken(buffers), str(content.get("name") or "photo"))
        elif kind == "example":
            example = EXAMPLES[(int(content.get("number") or 1) - 1) % len(EXAMPLES)]
            self._on_photo(example.read_bytes(), example.name)
        elif kind == "search" and self._on_search:
            x, y, w, h = content.get("box") or (0, 0, 0, 0)
            box = (float(x), float(y), float(w), float(h)) if content.get("box") else None
            self._on_search(str(content.get("how")), box)
        elif kind == "clear":
            self._on_clear()
