"""A server for an attack, and visitors who speak with it as the page does, without a browser."""

import asyncio
import contextlib
import datetime as dt
import json
import os
import re
import secrets
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Self, TypeVar

from measure import share_of_memory
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

import facelens

T = TypeVar("T")
NEWER = "v1.kernel.websocket.jupyter.org"
KERNEL = re.compile(r'"kernelId": ?"([\w-]+)"')
PATIENCE = 60  # seconds for an answer, after which it counts as lost
MEGA = 1e6


@dataclass
class Server:
    """A server of the page that an attack has started."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def memory(self) -> float:
        """What the server holds, in MB, without its kernels."""
        return share_of_memory([self.process.pid]) / MEGA

    def kernels(self) -> list[int]:
        """The processes of its kernels."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [pid for pid in map(int, children.split()) if "ipykernel" in _command(pid)]

    def started(self) -> int:
        """How many kernels it has started."""
        return self.log.read_text(errors="replace").count("Kernel started")

    def tracebacks(self) -> int:
        """How many tracebacks it has logged."""
        return self.log.read_text(errors="replace").count("Traceback (most recent call last)")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


@contextlib.contextmanager
def serving(*, hosted: bool = True, ready: int = 0, places: int = 20) -> Iterator[Server]:
    """Serve the page of the package that is attacked, with Haar's cascades, on a free port."""
    package = Path(facelens.__file__).parents[1]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {
        "PYTHONPATH": str(package), "JUPYTER_PLATFORM_DIRS": "1", "FACELENS_THREADS": "1",
        "OMP_NUM_THREADS": "1", "FACELENS_READY": str(ready), "FACELENS_VISITORS": str(places),
        "JUPYTER_PATH": str(package / "dashboards" / "share" / "jupyter"),
    }  # fmt: skip
    way = ["--host", "127.0.0.1"] if hosted else ["--no-browser"]
    command = [sys.executable, "-m", "facelens", "dashboard", "--detector", "haar", *way]
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [*command, "--port", str(port)], cwd=place, env=env, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        try:
            _wait(port, process, log)
            server = process
            if not hosted:  # the command has started the server as a process of its own
                (child,) = _children(process.pid)
                server = _Child(child)  # type: ignore[assignment]
            yield Server(f"http://127.0.0.1:{port}/", server, log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:  # its event loop is held
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(15)


@dataclass(frozen=True)
class _Child:
    pid: int


def _children(pid: int) -> list[int]:
    return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise SystemExit(f"The server ended: {log.read_text()[-2000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit("The server does not start.")


def pack(parts: list[bytes]) -> bytes:
    """A message of the newer protocol: how many offsets, the offsets, the parts."""
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets) + b"".join(parts)


def unpack(message: bytes) -> list[bytes]:
    """The parts of a message of the newer protocol."""
    (count,) = struct.unpack_from("<Q", message)
    offsets = struct.unpack_from(f"<{count}Q", message, 8)
    return [message[a:b] for a, b in pairwise(offsets)]


def header(kind: str, session: str) -> dict[str, Any]:
    """The header of a message, as kernel.js writes it."""
    return {
        "msg_id": secrets.token_hex(16), "msg_type": kind, "session": session, "username": "",
        "version": "5.3", "date": dt.datetime.now(tz=dt.UTC).isoformat(),
    }  # fmt: skip


async def get(address: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """The status and the text of an address."""
    request = HTTPRequest(
        address, headers=headers, request_timeout=PATIENCE, connect_timeout=PATIENCE
    )
    try:
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
    except HTTPClientError as error:
        return error.code, ""
    return answer.code, (answer.body or b"").decode(errors="replace")


@dataclass
class Visitor:
    """One visitor: a kernel's name, a socket, and what is on the page."""

    address: str
    kernel: str
    session: str = field(default_factory=lambda: secrets.token_hex(16))
    line: Any = None
    views: dict[str, str] = field(default_factory=dict)  # a view's name, its comm

    @property
    def channels(self) -> str:
        base = self.address.replace("http", "ws", 1)
        return f"{base}api/kernels/{self.kernel}/channels?session_id={self.session}"

    async def connect(self) -> None:
        """Open a socket, and wait until the kernel answers on it."""
        self.line = await asyncio.wait_for(
            websocket_connect(
                self.channels, subprotocols=[NEWER], max_message_size=100 << 20
            ), PATIENCE,
        )  # fmt: skip
        await self.hear(self.say("kernel_info_request", {}), last="kernel_info_reply")

    async def draw(self) -> None:
        """Learn what views there are, and say that they are drawn."""
        comm = secrets.token_hex(16)
        self.say("comm_open", {
            "comm_id": comm, "target_name": "jupyter.widget.control", "data": {},
        })  # fmt: skip
        asked = self.say("comm_msg", {"comm_id": comm, "data": {"method": "request_states"}})
        for heard, data, _ in await self.hear(asked):
            if heard == comm and "states" in data:
                for name, each in data["states"].items():
                    kind = each["state"].get("_anywidget_id", "")
                    if kind.startswith("facelens."):
                        self.views[kind.split(".")[2]] = name
        for view in reversed(self.views):
            asked = self.tell(view, {"kind": "ready", "view": "1"})
        await self.hear(asked)

    def say(self, kind: str, content: dict[str, Any], *buffers: bytes) -> str:
        """Send a message, and return its name."""
        head = header(kind, self.session)
        parts = [head, {}, {"version": "1.0.0"}, content]
        packed = pack([b"shell", *(json.dumps(part).encode() for part in parts), *buffers])
        self.line.write_message(packed, binary=True)
        return head["msg_id"]

    def tell(self, view: str, content: dict[str, Any], *buffers: bytes) -> str:
        """Send a message to a view's widget."""
        data = {"method": "custom", "content": content}
        return self.say("comm_msg", {"comm_id": self.views[view], "data": data}, *buffers)

    async def hear(self, name: str, *, last: str = "status") -> list[tuple[str, Any, list[bytes]]]:
        """What comes until the message `name` has been dealt with: comm, data and buffers."""
        heard = []
        while True:
            said = await asyncio.wait_for(self.line.read_message(), PATIENCE)
            if said is None:
                raise ConnectionError("the socket was closed")
            _, head, parent, _, content, *buffers = unpack(said)
            kind, body = json.loads(head)["msg_type"], json.loads(content)
            if kind == "comm_msg":
                heard.append((body["comm_id"], body["data"], buffers))
            busy = body.get("execution_state", "idle") != "idle"
            if kind == last and not busy and json.loads(parent).get("msg_id") == name:
                return heard

    async def show(self, photo: bytes) -> list[float]:
        """Give a photo; the probabilities of its first face as they come to the board."""
        asked = self.tell("intake", {"kind": "photo", "name": "photo.jpg", "turn": 1}, photo)
        for comm, data, _ in await self.hear(asked):
            content = data.get("content", {})
            if comm == self.views["board"] and content.get("kind") == "face":
                return content["probabilities"]
        return []

    async def leave(self) -> None:
        """End the kernel, as the page does when it is left."""
        end = f"{self.address}voila/api/shutdown/{self.kernel}"
        token = {"Cookie": "_xsrf=token", "X-XSRFToken": "token"}
        await AsyncHTTPClient().fetch(
            end, method="POST", body="", headers=token, raise_error=False, request_timeout=PATIENCE
        )
        if self.line:
            self.line.close()


@contextlib.asynccontextmanager
async def visitor(address: str, *, drawn: bool = True) -> AsyncIterator[Visitor]:
    """Open the page, connect, and leave at the end."""
    status, text = await get(address)
    if not (found := KERNEL.search(text)):
        raise ConnectionError(f"the page was not served: {status}")
    came = Visitor(address, found[1])
    try:
        await came.connect()
        if drawn:
            await came.draw()
        yield came
    finally:
        await came.leave()


@dataclass
class Watch:
    """How others are served meanwhile: a small file, asked for ten times a second."""

    address: str
    slowest: float = 0.0
    failed: int = 0
    asked: int = 0
    _since: float | None = None

    async def run(self) -> None:
        """Ask until cancelled. An answer that takes longer than `PATIENCE` has failed."""
        while True:
            start = self._since = time.perf_counter()
            status, _ = await get(f"{self.address}voila/static/favicon.ico")
            self.asked += 1
            self.failed += status != 200
            self.slowest = max(self.slowest, time.perf_counter() - start)
            self._since = None
            await asyncio.sleep(0.1)

    def longest(self) -> float:
        """The longest wait in seconds, that for an answer which has not come included."""
        return max(self.slowest, time.perf_counter() - self._since if self._since else 0)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own: a browser's driver may have a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
