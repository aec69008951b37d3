"""What every view shares: files beside the module, messages with bytes, one place for failures."""

import logging
import os
import re
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np

from facelens.bundles.find import is_repository
from facelens.errors import FacelensError
from facelens.serve.offered import offered

GREETED = 64  # views that are remembered to have what they missed
CALM = "Something went wrong that Facelens did not foresee. Please try again or use another photo."
# Seconds that decoding a photo may take on a page.
PATIENCE = 10
HERE = Path(__file__).parent
log = logging.getLogger(__name__)


def source(*names: str) -> str:
    """Join the files `names` of this folder into one text."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


def script(view: str) -> str:
    """The ES module of `view` with all that it imports, as `make js` joins it."""
    return source(f"built/{view}.js")


def launch_address() -> str | None:
    """Where Binder starts another server like this one; None elsewhere."""
    host, request = (os.environ.get(f"BINDER_{name}", "") for name in ("LAUNCH_HOST", "REQUEST"))
    return f"{host.rstrip('/')}/{request.strip('/')}" if host and request else None


def sentence_of(error: Exception) -> str:
    """What a person reads when `error` happened; the unforeseen goes to the log.

    Where a file lies on the server is nothing to its visitors: a path loses its folders.
    """
    if isinstance(error, FacelensError):
        text = str(error)
        for name in sorted(offered(), key=len, reverse=True):
            if not is_repository(name):
                for path in (name, str(Path(name)), str(Path(name).resolve())):
                    text = text.replace(path, Path(name).name)
        return re.sub(r"(?<![\w.:/])/(?:[^\s/]+/)+", "", text)
    log.error("unforeseen failure on the page", exc_info=error)
    return CALM


class View(anywidget.AnyWidget):
    """A part of the page that gets its content as messages.

    A message sent before the browser has drawn the view is lost, so the last one of each kind
    is kept and sent again to every view that reports `ready`, once for each connection: the word
    costs a browser nothing, the answer is all pictures. Pictures travel as buffers and never as
    traits: a saved notebook holds none of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[str, tuple[dict[str, Any], list[bytes]]] = {}
        self._bare = True  # nothing has been shown since it was cleared
        self._session = ""  # of the connection that the message being dealt with came by
        self._greeted: deque[tuple[str, str]] = deque(maxlen=GREETED)
        self.on_msg(self._receive)

    def show(
        self,
        kind: str,
        content: Mapping[str, Any],
        buffers: Sequence[bytes] = (),
        *,
        part: str = "",
    ) -> None:
        """Send `content` to the browser and keep it for views that are drawn later.

        `part`: what it is about, where a view shows the same kind of several.
        """
        key = f"{kind} {part}".rstrip()
        for stale in (key, "error"):
            self._shown.pop(stale, None)
        self._shown[key] = ({"kind": kind, **content}, list(buffers))
        self._bare = False
        self.send(*self._shown[key])

    def shown(self, kind: str) -> tuple[dict[str, Any], list[bytes]]:
        """Content and buffers of what is shown of a `kind`."""
        content, buffers = self._shown[kind]
        return {name: value for name, value in content.items() if name != "kind"}, list(buffers)

    def clear(self) -> None:
        """Forget what is shown, here and in the browser; a view without anything is not asked."""
        self._shown.clear()
        if not self._bare:
            self.send({"kind": "clear"})
            self._bare = True

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:
        """Act on a message from the browser."""

    def fail(self, error: Exception) -> None:
        """Show an error as its sentence."""
        self.show("error", {"text": sentence_of(error)})

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        self._session = str(msg.get("header", {}).get("session", ""))
        super()._handle_msg(msg)

    def _is_new(self, view: str) -> bool:
        """Note that a view says `ready`; whether it does so for the first time."""
        if (known := (self._session, view)) in self._greeted:
            return False
        self._greeted.append(known)
        return True

    def _receive(self, _: object, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        kind = str(content.get("kind", ""))
        try:
            if kind == "ready" and self._is_new(str(content.get("view", ""))[:GREETED]):
                for message in list(self._shown.values()):
                    self.send(*message)
            self.receive(kind, content, buffers)
        except Exception as error:  # noqa: BLE001  whatever it is, the visitor gets a sentence
            self.fail(error)


def jpeg(pixels: np.ndarray, *, longest: int | None = None, quality: int = 88) -> bytes:
    """Encode uint8 RGB `pixels` as JPEG, shrunk so that no side is over `longest`."""
    import cv2

    if longest and (scale := longest / max(pixels.shape[:2])) < 1:
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def png(pixels: np.ndarray) -> bytes:
    """Encode uint8 RGB `pixels` as PNG."""
    import cv2

    return bytes(cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1])
