"""Twenty visitors at once on one hosted server, each with photos of their own, for ten minutes.

A visitor opens the page, gives a photo every ten seconds or so (5 to 15), up to ten, leaves, and
another comes. Every photo is different, and its right answer is computed beforehand by the library
in a process of its own. A try is one photo; it is lost if no answer comes within a minute, or one
that is not its own. Seconds run from the photo to the last word about it. Two kernels wait and
there are twenty places, as by default. Needs about 4 GB of memory.
"""

import asyncio
import contextlib
import io
import json
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from measure import EXAMPLE
from PIL import Image, ImageEnhance

from attacks._visitor import PATIENCE, Server, run, serving, visitor
from attacks.outcome import Outcome

TRIES, QUICK = 1200, 8  # photos: ten minutes of twenty visitors
VISITORS = 20
PHOTOS = 10  # of a visitor, at most
PAUSE = 5, 15  # seconds between two photos of a visitor
QUIET = 8  # seconds before the first comes and after the last has left
NEAR = 0.005  # how far a probability may lie from the library's: threads add up in another order
LIBRARY = """
import json, sys
import facelens
model = facelens.load_model()
for path in sys.argv[1:]:
    faces = facelens.find_faces(facelens.read_photo(open(path, "rb").read()), detector="haar")
    answers = model.predict(faces[:1])
    print(json.dumps([float(p) for each in answers for p in each.probabilities]))
"""


@dataclass
class Tally:
    """What the visitors had."""

    left: int
    right: int = 0
    wrong: int = 0
    lost: int = 0
    refused: int = 0
    seconds: list[float] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)


def attack(tries: int, seed: int) -> list[Outcome]:
    """Give `tries` photos."""
    return run(_all(tries, seed))


async def _all(tries: int, seed: int) -> list[Outcome]:
    crowd = min(VISITORS, max(tries // 4, 2))
    photos = _photos(min(tries, 60), seed)
    tally = Tally(tries)
    with serving(ready=2, places=VISITORS) as server:
        await asyncio.sleep(QUIET)  # until kernels wait
        before = server.memory()
        start = time.perf_counter()
        visits = [
            asyncio.create_task(_come_and_go(server, photos, tally, f"{seed} {n}"))
            for n in range(crowd)
        ]
        peak = before
        while not all(each.done() for each in visits):
            peak = max(peak, server.memory())
            await asyncio.sleep(1)
        for each in visits:
            await each
        took = time.perf_counter() - start
        await asyncio.sleep(QUIET)
        after = server.memory()
        left = len(server.kernels())
        tracebacks = server.tracebacks()
    cuts = statistics.quantiles(tally.seconds or [0.0, 0.0], n=20)
    lost = tally.wrong + tally.lost + tally.refused + tracebacks
    seconds, arrivals = tally.seconds or [0.0], tally.arrivals or [0.0]
    told = (
        f"{tally.right} answers right, {tally.wrong} wrong, {tally.lost} lost in {took / 60:.1f} "
        f"minutes; {statistics.median(seconds):.2f} s median, {cuts[-1]:.2f} s in 95 of 100 (p95), "
        f"{max(seconds):.2f} s at most; a page was drawn after {statistics.median(arrivals):.1f} s "
        f"(median); {tally.refused} visits refused; server {before:.0f} MB before, {peak:.0f} MB "
        f"at most, {after:.0f} MB after, {left} kernels left waiting"
    )
    return [Outcome(f"{crowd} visitors at once", tries, lost, told)]


async def _come_and_go(
    server: Server, photos: list[tuple[bytes, list[float]]], tally: Tally, seed: str
) -> None:
    """Visit again and again until enough photos have been given."""
    random_ = random.Random(seed)  # noqa: S311 - seeded
    await asyncio.sleep(random_.uniform(0, PAUSE[1]))
    while tally.left > 0:
        try:
            start = time.perf_counter()
            async with visitor(server.address) as came:
                tally.arrivals.append(time.perf_counter() - start)
                for _ in range(random_.randint(1, PHOTOS)):
                    if tally.left <= 0:
                        break
                    tally.left -= 1
                    await _give(came, random_.choice(photos), tally)
                    await asyncio.sleep(random_.uniform(*PAUSE))
        except (ConnectionError, TimeoutError):
            tally.refused += 1
            await asyncio.sleep(5)


async def _give(came, photo: tuple[bytes, list[float]], tally: Tally) -> None:  # noqa: ANN001
    data, right = photo
    start = time.perf_counter()
    try:
        said = await asyncio.wait_for(came.show(data), PATIENCE)
    except (ConnectionError, TimeoutError):
        tally.lost += 1
        raise
    tally.seconds.append(time.perf_counter() - start)
    near = len(said) == len(right) and all(
        abs(a - b) < NEAR for a, b in zip(said, right, strict=True)
    )
    tally.right += near
    tally.wrong += not near


def _photos(count: int, seed: int) -> list[tuple[bytes, list[float]]]:
    """Photos that all have other answers, each with the library's."""
    import tempfile

    random_ = random.Random(seed)  # noqa: S311 - seeded
    whole = Image.open(EXAMPLE).convert("RGB")
    with tempfile.TemporaryDirectory() as place:
        paths = []
        for number in range(count):
            photo = whole.rotate(random_.uniform(-12, 12), Image.Resampling.BICUBIC)
            for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
                photo = kind(photo).enhance(random_.uniform(0.6, 1.5))
            if random_.random() < 0.5:
                photo = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            data = io.BytesIO()
            photo.save(data, "JPEG", quality=random_.randint(60, 95))
            path = Path(place) / f"{number}.jpg"
            path.write_bytes(data.getvalue())
            paths.append(path)
        said = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", LIBRARY, *map(str, paths)], stdout=subprocess.PIPE, text=True,
            check=True,
        ).stdout  # fmt: skip
        answers = [json.loads(line) for line in said.splitlines()]
        with contextlib.suppress(ValueError):
            return [(p.read_bytes(), a) for p, a in zip(paths, answers, strict=True)]
    raise SystemExit("The library did not answer every photo.")
