"""The page's kernels and connections: a pool of started kernels, at most a number of visitors.

Voilà can keep whole pages ready (`preheat_kernel`), but it also serves pages whose kernel has died
in the meantime, and an empty page while others are being prepared. Here only kernels are started in
advance; a visitor who finds none ready waits for one to start, as without the pool.
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

# The slow part of a new kernel is Python's start and these imports.
READY = "--IPKernelApp.exec_lines=import facelens.ui, onnxruntime, cv2"
PAUSE = 6  # seconds before the pool is refilled; until then a new visitor has the cores
PATIENCE = 60  # seconds until the kernel of a page that no browser has opened is shut down
AWAY = 180  # seconds until that of a page that a browser has left is
FULL = "All places are taken. Please try again in a few minutes."


class ReadyKernels(AsyncMappingKernelManager):
    """A pool of kernels: `FACELENS_READY` wait, and at most `FACELENS_VISITORS` are in use."""

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
        """Start kernels until the pool is full."""
        async with self.starting:
            while len(self.waiting) < self.ready:
                self.waiting.append(await super().start_kernel(extra_arguments=[READY]))

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Give a visitor an unused kernel from the pool, or start one."""
        loop = IOLoop.current()
        async with self.starting:
            if len(self.given) >= self.most:
                raise HTTPError(503, reason=FULL)
            while self.waiting:
                kernel = self.waiting.pop(0)
                if await self.is_alive(kernel):
                    # Its time in the pool does not count as idle.
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
        """Note that a browser has connected to the kernel."""
        self.visited.add(kernel_id)
        super().notify_connect(kernel_id)

    def notify_disconnect(self, kernel_id: str) -> None:
        """Note that a browser has disconnected; it may reconnect."""
        super().notify_disconnect(kernel_id)
        if kernel_id in self and not self._kernel_connections.get(kernel_id):
            self.visited.discard(kernel_id)
            IOLoop.current().call_later(AWAY, self.end_unvisited, kernel_id)

    async def end_unvisited(self, kernel_id: str) -> None:
        """Shut down a kernel without a browser: a robot loaded its page, or the visitor left."""
        if kernel_id in self and kernel_id not in self.visited:
            await self.shutdown_kernel(kernel_id)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """Shut down a kernel whose visitor is idle, but none that waits in the pool."""
        if kernel_id not in self.waiting:
            await super().cull_kernel_if_idle(kernel_id)

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that has been shut down or has died."""
        self.given.discard(kernel_id)
        self.visited.discard(kernel_id)
        if kernel_id in self.waiting:
            self.waiting.remove(kernel_id)
        return super().remove_kernel(kernel_id)


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A browser's connection to its kernel without Nagle's algorithm.

    A kernel sends many small messages, and TCP delays a small one until the one before is
    acknowledged, which browsers do after 40 ms: as long as all the work for a camera frame.
    """

    def connect(self) -> Any:
        """Open the connection."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


_read_header = voila_socket.read_header_from_binary_message


def _header_of(message: bytes) -> dict[str, Any] | None:
    """Read the header of a message in the newer protocol only.

    Voilà parses messages to clients of the older protocol as if they were in the newer one, reads a
    huge number of parts and fills the memory: any client could crash the server.
    """
    parts = int.from_bytes(message[:8], "little")
    return _read_header(message) if 8 * parts < len(message) else None


voila_socket.read_header_from_binary_message = _header_of
