"""The page's kernels: a pool of started kernels, at most a number of visitors.

Voilà can keep whole pages ready (`preheat_kernel`), but it also serves pages whose kernel has died
in the meantime, and an empty page while others are being prepared. Here only kernels are started in
advance; a visitor who finds none ready waits for one to start, as without the pool.
"""

import asyncio
import atexit
import datetime as dt
import os
import shutil
import time
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import IOLoop
from tornado.web import HTTPError

# The slow part of a new kernel is Python's start and these imports.
IMPORTS = "--IPKernelApp.exec_lines=import facelens.ui, onnxruntime, cv2"
# A visitor can have a kernel log tracebacks without end: whatever it cannot read.
SILENT = "--IPKernelApp.log_level=CRITICAL"
PAUSE = 6  # seconds before the pool is refilled; until then a new visitor has the cores
GRACE = 5  # seconds for which a page that no browser has opened holds a place
PATIENCE = 60  # seconds until its kernel is shut down, if nobody needs the place before
BREAK = 60  # seconds for which a page whose browser has left holds a place
AWAY = 180  # seconds until its kernel is shut down, if nobody needs the place before
MOST_BUFFERED = 8 << 20  # bytes that are kept for a browser that is away
FULL = "All places are taken. Please try again in a few minutes."

# The folder that `launch` has made for this server.
if (_runtime := os.environ.get("JUPYTER_RUNTIME_DIR", "")).endswith(".aside"):
    atexit.register(shutil.rmtree, _runtime, ignore_errors=True)


class PageKernels(AsyncMappingKernelManager):
    """Kernels of pages: one for each visitor, and at most as many as there are places.

    A page holds its place once its browser has opened a socket, and for `GRACE` seconds before:
    requests without a browser cannot keep visitors out.
    """

    PLACES, READY = 12, 0
    arguments: tuple[str, ...] = ()  # of a kernel's command

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.most = self.PLACES
        self.ready = self.READY
        self.waiting: list[str] = []
        self.given: dict[str, float] = {}  # when each was given, or left by its browser
        self.visited: set[str] = set()
        self.refill: Any = None
        self.coming = 0  # requests that wait for a kernel
        self.starting = asyncio.Lock()  # a kernel counts only once it has started

    async def fill(self) -> None:
        """Start kernels until the pool is full."""
        async with self.starting:
            while len(self.waiting) < self.ready:
                self.waiting.append(
                    await super().start_kernel(extra_arguments=[IMPORTS, *self.arguments])
                )

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Give a visitor an unused kernel from the pool, or start one."""
        loop = IOLoop.current()
        if self.coming >= self.most:
            raise HTTPError(503, reason=FULL)
        self.coming += 1
        try:
            async with self.starting:
                await self._make_room()
                options = {"extra_arguments": [*self.arguments], **options}
                kernel = await self._unused() or await super().start_kernel(**options)
                self.given[kernel] = time.monotonic()
        finally:
            self.coming -= 1
        if self.refill:
            loop.remove_timeout(self.refill)
        self.refill = loop.call_later(PAUSE, self.fill)
        loop.call_later(PATIENCE, self.end_unvisited, kernel)
        return kernel

    async def _make_room(self) -> None:
        """Free a place if none is left: that of the page whose browser has been away longest."""
        if len(self.given) < self.most:
            return
        now = time.monotonic()
        overdue = {
            kernel: since
            for kernel, since in self.given.items()
            if not self._kernel_connections.get(kernel)
            and now - since > (BREAK if kernel in self.visited else GRACE)
        }
        if not overdue:
            raise HTTPError(503, reason=FULL)
        kernel = min(overdue, key=overdue.__getitem__)
        if kernel in self:
            await self.shutdown_kernel(kernel, now=True)

    async def _unused(self) -> str | None:
        """Take a kernel that is alive from the pool."""
        while self.waiting:
            kernel = self.waiting.pop(0)
            if await self.is_alive(kernel):
                # Its time in the pool does not count as idle.
                self.get_kernel(kernel).last_activity = dt.datetime.now(tz=dt.UTC)  # type: ignore[attr-defined]
                return kernel
        return None

    def notify_connect(self, kernel_id: str) -> None:
        """Note that a browser has connected to the kernel."""
        self.visited.add(kernel_id)
        super().notify_connect(kernel_id)

    def notify_disconnect(self, kernel_id: str) -> None:
        """Note that a browser has disconnected; it may reconnect."""
        super().notify_disconnect(kernel_id)
        if kernel_id in self and not self._kernel_connections.get(kernel_id):
            if kernel_id in self.given:
                self.given[kernel_id] = time.monotonic()
            IOLoop.current().call_later(AWAY, self.end_left, kernel_id)

    async def end_unvisited(self, kernel_id: str) -> None:
        """Shut down a kernel to which no browser has come: a robot loaded its page."""
        if kernel_id in self and kernel_id not in self.visited:
            await self.shutdown_kernel(kernel_id)

    async def end_left(self, kernel_id: str) -> None:
        """Shut down a kernel whose browser has left and not come back."""
        absent = time.monotonic() - self.given.get(kernel_id, 0)
        if (
            kernel_id in self
            and not self._kernel_connections.get(kernel_id)
            and absent > AWAY * 0.9
        ):
            await self.shutdown_kernel(kernel_id)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """Shut down a kernel whose visitor is idle, but none that waits in the pool."""
        if kernel_id not in self.waiting:
            await super().cull_kernel_if_idle(kernel_id)

    def start_buffering(self, kernel_id: str, session_key: str, channels: Any) -> None:
        """Keep what a kernel says while its browser is away, up to `MOST_BUFFERED` bytes."""
        super().start_buffering(kernel_id, session_key, channels)
        self._kernel_buffers[kernel_id]["buffer"] = _Bounded()

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that has been shut down or has died."""
        self.given.pop(kernel_id, None)
        self.visited.discard(kernel_id)
        if kernel_id in self.waiting:
            self.waiting.remove(kernel_id)
        return super().remove_kernel(kernel_id)


class ReadyKernels(PageKernels):
    """A hosted page's: `FACELENS_READY` wait, and at most `FACELENS_VISITORS` are in use."""

    PLACES, READY = 20, 2
    arguments = (SILENT,)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.most = int(os.environ.get("FACELENS_VISITORS", self.PLACES))
        self.ready = int(os.environ.get("FACELENS_READY", self.READY))
        IOLoop.current().add_callback(self.fill)


class _Bounded(list[Any]):
    """Messages for a browser that is away; those that are too many are lost, the oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def append(self, item: Any) -> None:
        """Keep a message, a channel and its parts."""
        super().append(item)
        self.size += sum(map(len, item[1]))
        while self.size > MOST_BUFFERED:
            self.size -= sum(map(len, self.pop(0)[1]))
