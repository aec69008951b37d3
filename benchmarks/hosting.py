"""What a visitor costs a server for many, and how soon it answers where several come at once.

    python benchmarks/hosting.py

Serves the page as a container does (`facelens dashboard --host`, one thread a kernel), with two
kernels that wait for visitors and with none. 1, 2, 4 and 8 visitors come at the same moment and
give the example as soon as it can be taken; they speak with the server as the page does, without a
browser, which would take the cores that are measured. Writes benchmarks/results/hosting.csv:
seconds from the request to the last word about the photo, processor seconds a visit (a kernel's
start too), and memory (PSS: what processes share counts once) while all are there and when they
have left; at last the most that a kernel takes for the largest photo that is allowed.
"""

import asyncio
import datetime as dt
import io
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

import psutil
from jupyter_server.services.kernels.connection.base import (
    deserialize_binary_message,
    serialize_binary_message,
)
from measure import EXAMPLE, QUICK, ROOT, share_of_memory, write
from memory import MEGA, below, command
from page import Way, served
from PIL import Image
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

VISITORS = (1,) if QUICK else (1, 2, 4, 8)
WAITING = (0, 2)
ROUNDS = 1 if QUICK else 3
PATIENCE = 120
LARGEST = (924, 693) if QUICK else (9248, 6936)  # pixels: 64 million
HOSTED = Way(
    "facelens", [sys.executable, "-m", "facelens", "dashboard", "--host", "127.0.0.1"], ROOT
)
ENOUGH = {"FACELENS_VISITORS": "100", "FACELENS_THREADS": "1", "OMP_NUM_THREADS": "1"}


def main() -> None:
    os.environ |= ENOUGH
    AsyncHTTPClient.configure(None, max_clients=100)
    rows = []
    for waiting in WAITING:
        os.environ["FACELENS_READY"] = str(waiting)
        with served(HOSTED) as (address, server):
            rows += asyncio.run(crowds(address, server, waiting))
    write("hosting", rows)


def row(waiting: int, visitors: int, what: str, value: float) -> dict[str, Any]:
    digits = 2 if "seconds" in what else 1
    return {
        "waiting": waiting, "visitors": visitors, "what": what, "value": f"{value:.{digits}f}",
    }  # fmt: skip


async def crowds(address: str, server: int, waiting: int) -> list[dict[str, Any]]:
    """Let ever more visitors in; what each crowd costs."""
    rows = [row(waiting, 0, "load of the machine", os.getloadavg()[0])]
    await crowd(address, server, waiting, 1)  # nobody is the first to read a file
    rows.append(row(waiting, 0, "server and kernels that wait, MB", held(below(server))))
    for visitors in VISITORS:
        seen = [await crowd(address, server, waiting, visitors) for _ in range(ROUNDS)]
        rows += [row(waiting, visitors, what, median(e[what] for e in seen)) for what in seen[0]]
    if not waiting:
        most = await largest(address, server)
        rows.append(row(waiting, 1, "a kernel with the largest photo, MB", most))
    return rows


async def crowd(address: str, server: int, waiting: int, visitors: int) -> dict[str, float]:
    """Let visitors in at once, have all answered, and let them go."""
    await settled(server, waiting)
    before = seconds([server])
    came = await asyncio.gather(*(visit(address, EXAMPLE.read_bytes()) for _ in range(visitors)))
    kernels = [pid for each in came for pid in below(server) if each.kernel in command(pid)]
    told = {
        "seconds to the answer, median": median(each.seconds for each in came),
        "seconds to the answer, slowest": max(each.seconds for each in came),
        "processor seconds a visit": (seconds([server]) - before + seconds(kernels)) / visitors,
        "server, MB": held([server]),
        "a kernel, MB": mean(held([pid]) for pid in kernels),
    }
    for each in came:
        await each.leave()
    await settled(server, waiting)
    return told | {"server and kernels that wait, MB": held(below(server))}


async def settled(server: int, waiting: int) -> None:
    """Wait until all visitors' kernels have gone and those that wait have nothing to do."""
    for _ in range(300):
        kernels = [pid for pid in below(server) if "ipykernel" in command(pid)]
        before = seconds(kernels)
        await asyncio.sleep(0.5)
        if len(kernels) == waiting and seconds(kernels) - before < 0.05:
            return
    raise SystemExit(f"{len(kernels)} kernels are there instead of {waiting}.")


async def largest(address: str, server: int) -> float:
    """The most that a kernel holds, in MB, while it reads a photo of 64 million pixels."""
    data = io.BytesIO()
    Image.effect_noise((866, 577), 64).resize(LARGEST).convert("RGB").save(data, "JPEG", quality=30)
    asked = asyncio.create_task(visit(address, data.getvalue()))
    most = 0.0
    while not asked.done():
        kernels = [pid for pid in below(server) if "ipykernel" in command(pid)]
        most = max([most, *(held(below(pid)) for pid in kernels)])  # with what decodes for them
        await asyncio.sleep(0.02)
    await (await asked).leave()
    return most


def held(pids: Iterable[int]) -> float:
    return share_of_memory(pids) / MEGA


def seconds(pids: Iterable[int]) -> float:
    """The processor's time that processes have had."""
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


@dataclass
class Visit:
    """A visitor who has been answered: the kernel's name, and seconds since the request."""

    address: str
    kernel: str
    line: Any
    seconds: float

    async def leave(self) -> None:
        """End the kernel, as the page does when it is left."""
        end = f"{self.address}voila/api/shutdown/{self.kernel}"
        await AsyncHTTPClient().fetch(end, method="POST", body="")
        self.line.close()


async def visit(address: str, photo: bytes) -> Visit:
    """Open the page, give it a photo, and hear all that is said about it."""
    start = time.perf_counter()
    page = (await AsyncHTTPClient().fetch(address, request_timeout=120)).body.decode()
    kernel = re.search(r'"kernelId": ?"([\w-]+)"', page)[1]
    socket = f"{address.replace('http', 'ws', 1)}api/kernels/{kernel}/channels"
    line = await websocket_connect(socket, max_message_size=100 << 20)
    say, hear = speaker(line)

    # What the kernel says may pass unheard until it has answered once.
    await hear(say("kernel_info_request", {}), "kernel_info_reply")
    control = uuid.uuid4().hex
    say("comm_open", {"comm_id": control, "target_name": "jupyter.widget.control", "data": {}})
    asked = say("comm_msg", {"comm_id": control, "data": {"method": "request_states"}})
    states = next(
        data["states"] for comm, data in await hear(asked) if comm == control and "states" in data
    )
    views = [name for name, each in states.items() if "_esm" in each["state"]]
    intake = next(name for name in views if "intake" in states[name]["state"]["_anywidget_id"])

    def tell(view: str, content: dict[str, Any], *buffers: bytes) -> str:
        data = {"method": "custom", "content": content}
        return say("comm_msg", {"comm_id": view, "data": data}, *buffers)

    for view in views:
        tell(view, {"kind": "ready"})
    heard = await hear(tell(intake, {"kind": "photo", "name": "photo.jpg", "turn": 1}, photo))
    states = {data["content"].get("state") for comm, data in heard if comm == intake}
    if not states & {"done", "none"}:
        raise SystemExit(f"The page did not answer: {heard[-1]}.")
    return Visit(address, kernel, line, time.perf_counter() - start)


def speaker(line: Any) -> tuple[Callable[..., str], Callable[[str], Any]]:
    """How to send a message to the kernel, and to hear what comes until it has been dealt with."""
    session = uuid.uuid4().hex

    def say(kind: str, content: dict[str, Any], *buffers: bytes) -> str:
        name = uuid.uuid4().hex
        header = {
            "msg_id": name, "msg_type": kind, "session": session, "username": "", "version": "5.3",
            "date": dt.datetime.now(tz=dt.UTC).isoformat(),
        }  # fmt: skip
        message = {
            "header": header, "parent_header": {}, "metadata": {"version": "1.0.0"},
            "content": content, "channel": "shell", "buffers": list(buffers),
        }  # fmt: skip
        if buffers:
            line.write_message(serialize_binary_message(message), binary=True)
        else:
            line.write_message(json.dumps(message))
        return name

    async def hear(name: str, last: str = "status") -> list[tuple[str, dict[str, Any]]]:
        heard = []
        while (said := await asyncio.wait_for(line.read_message(), PATIENCE)) is not None:
            binary = isinstance(said, bytes)
            message = deserialize_binary_message(said) if binary else json.loads(said)
            content = message["content"]
            if message["msg_type"] == "comm_msg":
                heard.append((content["comm_id"], content["data"]))
            ours = message["parent_header"].get("msg_id") == name
            busy = content.get("execution_state", "idle") != "idle"
            if ours and message["msg_type"] == last and not busy:
                return heard
        raise SystemExit("The kernel has gone.")

    return say, hear


if __name__ == "__main__":
    main()
