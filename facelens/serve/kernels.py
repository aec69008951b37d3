"""The page's kernels, and the lines to them: prompt; hosted, some wait, and there are only so many.

Voilà can keep whole pages ready (`preheat_kernel`), but it hands out those whose kernel has died
meanwhile, and shows nothing to a visitor who comes while others are in the making. Here kernels
alone are kept, and whoever finds none gets one as without this.
"""

import asyncio
import datetime as dt
import os
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from voila.tornado import kernel_websocket_handler as voila_socket

# What takes time in a new kernel: Python's start and these.
READY = "--IPKernelApp.exec_lines=import facelens.ui, onnxruntime, cv2"
PAUSE = 6  # seconds in which the cores belong to the visitors who have just come
PATIENCE = 60  # seconds after which a page that no browser has shown loses its kernel
AWAY = 180  # and one that a browser has left, or a phone that was put away
FULL = "All places are taken. Please try again in a few minutes."


class ReadyKernels(AsyncMappingKernelManager):
    """Kernels: `FACELENS_READY` of them wait, and at most `FACELENS_VISITORS` are in use."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.ready = int(os.environ.get("FACELENS_READY", "2"))
        self.most = int(os.environ.get("FACELENS_VISITORS", "20"))
        self.waiting: list[str] = []
        self.given: set[str] = set()
        self.visited: set[str] = set()
        self.refill: Any = None
        self.starting = asyncio.Lock()  # a kernel counts only once it has started
        IOLoop.current().add_callback(self.fill)

    async def fill(self) -> None:
        """Start kernels until enough wait."""
        async with self.starting:
            while len(self.waiting) < self.ready:
                self.waiting.append(await super().start_kernel(extra_arguments=[READY]))

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Give a visitor a kernel that nobody has had."""
        loop = IOLoop.current()
        async with self.starting:
            if len(self.given) >= self.most:
                raise HTTPError(503, reason=FULL)
            while self.waiting:
                kernel = self.waiting.pop(0)
                if await self.is_alive(kernel):
                    # It has been idle on purpose.
                    self.get_kernel(kernel).last_activity = dt.datetime.now(tz=dt.UTC)  # type: ignore[attr-defined]
                    break
            else:
                kernel = await super().start_kernel(**options)
            self.given.add(kernel)
        if self.refill:
            loop.remove_timeout(self.refill)
        self.refill = loop.call_later(PAUSE, self.fill)
        loop.call_later(PATIENCE, self.end_unvisited, kernel)
        return kernel

    def notify_connect(self, kernel_id: str) -> None:
        """Note that a browser speaks with the kernel."""
        self.visited.add(kernel_id)
        super().notify_connect(kernel_id)

    def notify_disconnect(self, kernel_id: str) -> None:
        """Note that a browser speaks no more; it may come back."""
        super().notify_disconnect(kernel_id)
        if kernel_id in self and not self._kernel_connections.get(kernel_id):
            self.visited.discard(kernel_id)
            IOLoop.current().call_later(AWAY, self.end_unvisited, kernel_id)

    async def end_unvisited(self, kernel_id: str) -> None:
        """End a kernel that no browser speaks with: a robot fetched its page, or it was left."""
        if kernel_id in self and kernel_id not in self.visited:
            await self.shutdown_kernel(kernel_id)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel whose visitor does nothing, and none that waits for one."""
        if kernel_id not in self.waiting:
            await super().cull_kernel_if_idle(kernel_id)

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that has ended or died."""
        self.given.discard(kernel_id)
        self.visited.discard(kernel_id)
        if kernel_id in self.waiting:
            self.waiting.remove(kernel_id)
        return super().remove_kernel(kernel_id)


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A browser's line to its kernel on which no message waits for another.

    A kernel says much in small messages, and TCP keeps a small one back until the one before is
    acknowledged, which browsers do 40 ms later: as long as all that is done for a camera's frame.
    """

    def connect(self) -> Any:
        """Open the line."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


_theirs = voila_socket.read_header_from_binary_message


def _header_of(message: bytes) -> dict[str, Any] | None:
    """Read the header of a message in the newer protocol, and of no other.

    Voilà reads what it sends to a client of the older protocol as if it were the newer, finds a
    number of parts without end, and counts until the memory is full: anybody could end the server.
    """
    parts = int.from_bytes(message[:8], "little")
    return _theirs(message) if 8 * parts < len(message) else None


voila_socket.read_header_from_binary_message = _header_of
