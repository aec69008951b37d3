"""Where a photo comes in: upload, drop, paste, camera or the example that comes with the page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from facelens.ui._view import HERE, View, script, sentence_of, source
from facelens.ui.wipe import taken

EXAMPLE = HERE / "astronaut.jpg"
PRIVACY = source("privacy.txt").strip()


class Intake(View):
    """Take photos from the visitor and say in one line how it goes.

    `on_photo(bytes, name)` gets each photo, `on_clear()` each wish to forget, `on_ready()` the
    first sign of life of the page.

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
    ) -> None:
        super().__init__()
        self._on_photo, self._on_clear, self._on_ready = on_photo, on_clear, on_ready
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
        self.say(sentence_of(error), "error")

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
            self._on_photo(EXAMPLE.read_bytes(), EXAMPLE.name)
        elif kind == "clear":
            self._on_clear()
