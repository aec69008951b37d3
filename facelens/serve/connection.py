"""A browser's connection to its kernel: what comes in is checked, what goes out is bounded."""

import asyncio
import contextlib
import ctypes
import re
from collections import deque
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.ioloop import IOLoop
from tornado.iostream import StreamBufferFullError
from tornado.websocket import WebSocketClosedError
from traitlets import Bool
from voila.tornado import kernel_websocket_handler as voila_socket

from facelens.serve.frames import NEWER, POLICY, Frame, FrameError, check

MOST_UNSENT = 16 << 20  # bytes for a browser that does not read
# Messages and bytes that a kernel has not dealt with: each may be a wish for a large picture.
MOST_WAITING = 8, 12 << 20
PATIENCE = 60  # seconds for which a browser is not listened to, at most
MOST_SOCKETS = 3  # of a visitor's kernel; a page that reconnects has two for a moment
# What a page hears of its kernel. Not what the kernel prints: tracebacks name the server's files.
HEARD = frozenset({
    "comm_close", "comm_info_reply", "comm_msg", "comm_open", "kernel_info_reply", "shutdown_reply",
    "status",
})  # fmt: skip
_FAILED = re.compile(r'File "[^"]*/(facelens/[^"]+)", line (\d+)')
_ERROR = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception|Interrupt|Warning))\b", re.MULTILINE)


class PageConnection(ZMQChannelsWebsocketConnection):
    """A connection that nothing a browser sends, or does not read, can make a burden.

    Frames are checked before they are parsed. A browser is listened to only as fast as its kernel
    answers, and is cut off if it leaves too much unread. Nagle's algorithm is off: a kernel sends
    many small messages, and TCP delays a small one until the one before is acknowledged, which
    browsers do after 40 ms, as long as all the work for a camera frame.
    """

    quiet = Bool(False, help="Keep from the browser what its kernel prints.").tag(config=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._over = False
        self._waiting: deque[Frame] = deque()
        self._room = asyncio.Event()
        self._tell = 10  # failures of the kernel that are still to be logged

    def connect(self) -> Any:
        """Open the connection, unless its kernel has enough of them."""
        handler = self.websocket_handler
        handler.set_nodelay(True)
        if not self._kinds:
            return super().connect()
        line = getattr(handler, "ws_connection", None)
        if line is not None:
            line.stream.max_write_buffer_size = MOST_UNSENT
        handler.on_message = self._take  # type: ignore[method-assign]
        opened = super().connect()
        kernel = self.multi_kernel_manager.kernel_model(self.kernel_id)
        if kernel["connections"] > MOST_SOCKETS:
            self._end(POLICY, "too many connections to one kernel")
        return opened

    @property
    def _kinds(self) -> set[str]:
        """The types of messages that a visitor may send.

        None are listed for the owner of a kernel, in JupyterLab: what they run and show has no
        bounds.
        """
        return {*self.multi_kernel_manager.allowed_message_types} - {"shutdown_request"}

    def disconnect(self) -> Any:
        """Close the connection to the kernel."""
        self._over = True
        self._room.set()
        IOLoop.current().call_later(1, give_back)
        return super().disconnect()

    async def _take(self, message: bytes | str) -> None:
        """Hand a message to the kernel, and wait while too much waits there already."""
        self.handle_incoming_message(message)
        most, bytes_ = MOST_WAITING
        while len(self._waiting) > most or sum(each.size for each in self._waiting) > bytes_:
            self._room.clear()
            if self._over:
                return
            try:
                await asyncio.wait_for(self._room.wait(), PATIENCE)
            except TimeoutError:
                self._waiting.clear()

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Pass a message on if it is sound; close the socket otherwise."""
        if self._over or not self.channels:
            return
        newer = self.subprotocol == NEWER
        try:
            frame = check(incoming_msg, newer=newer, kinds=self._kinds)
            super().handle_incoming_message(incoming_msg)
        except FrameError as error:
            self._end(error.code, str(error))
        except Exception as error:  # noqa: BLE001  what Jupyter cannot read either
            self._end(POLICY, type(error).__name__)
        else:
            if self._kinds:
                self._waiting.append(frame)

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Pass on what the kernel says, if a page hears such messages."""
        try:
            _, parts = self.session.feed_identities(outgoing_msg)
            header, parent, content = (bytes(parts[i]) for i in (1, 2, 4))  # type: ignore[arg-type]
            kind = self.session.unpack(header)["msg_type"]
            if kind == "status" and b"idle" in content:
                self._is_done(self.session.unpack(parent).get("msg_id"))
        except Exception as error:  # noqa: BLE001  it is the kernel's, and it may run anything
            self.log.warning("kernel %s sent what is no message: %s", self.kernel_id, type(error))
            return
        if not self.quiet or kind in HEARD:
            super().handle_outgoing_message(stream, outgoing_msg)
        elif kind == "stream":
            self._log(self.session.unpack(content).get("text", ""))

    def write_message(self, message: Any, *, binary: bool = False) -> Any:  # type: ignore[override]
        """Send a message to the browser, or cut off one that does not read."""
        try:
            sent = self.websocket_handler.write_message(message, binary)
            if sent is not None:  # that it was not read is no news
                sent.add_done_callback(lambda done: done.cancelled() or done.exception())
        except StreamBufferFullError:
            self._end(POLICY, "it does not read", at_once=True)
        except WebSocketClosedError:
            pass  # it has just left
        else:
            return sent
        return None

    def _is_done(self, name: Any) -> None:
        """Forget that `name` waits, and all before it: a kernel takes its messages in order."""
        if any(each.name == name for each in self._waiting):
            while self._waiting.popleft().name != name:
                pass
            self._room.set()

    def _end(self, code: int, why: str, *, at_once: bool = False) -> None:
        """Close the socket, and say why in one line of the log."""
        if self._over:
            return
        self._over = True
        self._room.set()
        self._waiting.clear()
        self.log.warning("closed a connection to kernel %s: %s", self.kernel_id, why)
        handler = self.websocket_handler
        line = handler.ws_connection
        handler.close(code, why)
        if at_once and line and line.stream:
            line.stream.close()

    def _log(self, printed: str) -> None:
        """Log where a kernel failed. Not what it printed: that may name a visitor's photo."""
        if self._tell and "Traceback" in printed:
            self._tell -= 1
            place, error = _FAILED.findall(printed), _ERROR.findall(printed)
            at = ":".join(place[-1]) if place else "an unknown place"
            name = error[-1] if error else "error"
            self.log.warning("kernel %s: %s at %s", self.kernel_id, name, at)


def give_back() -> None:
    """Give freed memory back to the system, where its C library can (glibc)."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


_read_header = voila_socket.read_header_from_binary_message


def _header_of(message: bytes) -> dict[str, Any] | None:
    """Read the header of a message in the newer protocol only.

    Voilà parses messages to clients of the older protocol as if they were in the newer one, reads a
    huge number of parts and fills the memory: any client could crash the server.
    """
    parts = int.from_bytes(message[:8], "little")
    return _read_header(message) if 8 * parts < len(message) else None


voila_socket.read_header_from_binary_message = _header_of
