"""Pages of other sites that ask the server for something, and robots that hold its places.

A site whose name has been made to resolve to this machine (DNS rebinding), sites that load the page
as a picture, a script, a frame or by fetch, and robots that ask for the page and never connect. A
try is one request, lost if a kernel starts for it; robots have won if a visitor finds no place.
"""

import asyncio
import contextlib
import random
from collections import Counter

from measure import EXAMPLE

from attacks._visitor import Server, get, run, serving, visitor
from attacks.outcome import Outcome

TRIES, QUICK = 300, 30
PLACES = 3
EVIL = "https://evil.example"
CROSS = {"Sec-Fetch-Site": "cross-site"}
NAMES = (
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "192.168.0.9",
    "[fe80::1]",
)
# What browsers send with each kind of load (Fetch Metadata Request Headers, W3C).
LOADS: tuple[dict[str, str], ...] = tuple(
    CROSS | {"Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": kind, "Referer": f"{EVIL}/"}
    for mode, kind in (
        ("no-cors", "image"), ("no-cors", "script"), ("no-cors", "style"), ("no-cors", "empty"),
        ("cors", "empty"), ("cors", "font"), ("navigate", "iframe"), ("navigate", "embed"),
        ("navigate", "object"), ("no-cors", "video"),
    )
)  # fmt: skip
OTHERS: tuple[dict[str, str], ...] = (
    {"Upgrade": "websocket", "Connection": "Upgrade", "Origin": EVIL, "Sec-WebSocket-Version": "13",
     "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
    CROSS | {"Sec-Purpose": "prefetch", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
)  # fmt: skip
CLICKED = CROSS | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def attack(tries: int, seed: int) -> list[Outcome]:
    """Send `tries` requests of each kind."""
    random_ = random.Random(seed)  # noqa: S311 - seeded
    return run(_all(tries, random_))


async def _all(tries: int, random_: random.Random) -> list[Outcome]:
    told = []
    with serving(hosted=False) as server:
        names = [{"Host": random_.choice(NAMES)} for _ in range(tries)]
        told.append(await _asked("other names of this machine, local server", server, names))
        loads = [random_.choice((*LOADS, *OTHERS, CLICKED)) for _ in range(tries)]
        told.append(await _asked("other sites' pages, local server", server, loads))
    with serving(places=PLACES) as server:
        loads = [random_.choice((*LOADS, *OTHERS)) for _ in range(tries)]
        told.append(await _asked("other sites' pages, hosted server", server, loads))
    with serving(places=PLACES) as server:
        told.append(await _robots(server, max(tries // 10, 2 * PLACES)))
    return told


async def _asked(what: str, server: Server, requests: list[dict[str, str]]) -> Outcome:
    """Send requests one after another; what they were answered, and how many kernels started."""
    statuses: Counter[int] = Counter()
    before = server.started()
    for headers in requests:
        status, _ = await get(server.address, headers)
        statuses[status] += 1
    started = server.started() - before
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    # A person who opens the page afterwards is served.
    served = False
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with visitor(server.address) as came:
            served = bool(await came.show(EXAMPLE.read_bytes()))
    return Outcome(
        what, len(requests), started + (not served),
        f"{started} kernels started for them (answers: {answers}); "
        f"a visitor afterwards was {'' if served else 'not '}served",
    )  # fmt: skip


async def _robots(server: Server, tries: int) -> Outcome:
    """Ask for the page without ever connecting; whether visitors find a place six seconds later."""
    got = 0
    statuses: Counter[int] = Counter()
    rounds = max(tries // (2 * PLACES), 1)
    for _ in range(rounds):
        for status, _ in await asyncio.gather(*(get(server.address) for _ in range(2 * PLACES))):
            statuses[status] += 1
        await asyncio.sleep(6)
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with visitor(server.address, drawn=False):
                got += 1
    return Outcome(
        f"requests that never connect, {PLACES} places", rounds * 2 * PLACES, rounds - got,
        f"{statuses[200]} pages given, {statuses[503]} refused; {got} of {rounds} visitors found a "
        "place six seconds later",
    )  # fmt: skip
