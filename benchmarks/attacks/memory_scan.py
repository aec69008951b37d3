"""What of a photo is left in the memory of the page's process after Clear.

A photo with a pattern that no other bytes have is sent to a page in a kernel of its own, face and
all. Then /proc/PID/mem is searched for sixteen pieces of it in each form: the file's bytes, rows of
pixels in both orders, planes, grey, the aligned crop. `tries` is the number of pieces searched for;
`lost` how many are found when none should be. Linux only.
"""

import random
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from jupyter_client.manager import start_new_kernel
from PIL import Image

from attacks.outcome import Outcome
from facelens import find_faces, read_photo

TRIES, QUICK = 16, 4
PART = 1 << 24
PIECE = 40  # bytes; as many of a random pattern are nowhere by chance
ASTRONAUT = Path(__file__).parents[2] / "facelens" / "ui" / "astronaut.jpg"
STEPS = ("before Clear", "after Clear", "after the next photo")
# What the page's process does first; it says its number, and how messages reach the page.
PAGE = """
import os, facelens
from facelens.ui import Selfie

page = Selfie(detector="haar")
print(os.getpid(), page.intake.comm.comm_id)
"""
KEEP = """
page.compare._handle_custom_msg({"kind": "keep"}, [])
page.inside._handle_custom_msg({"kind": "ask", "name": page.model.config.layers[0].name}, [])
page.locate()
assert page._faces, "no face was found"
"""


def attack(tries: int, seed: int) -> list[Outcome]:
    return [row for form in ("JPEG", "PNG") for row in scanned(form, tries, seed)]


def scanned(form: str, tries: int, seed: int) -> list[Outcome]:
    """Search the page's process at each step for pieces of a photo in the format `form`."""
    data = photo(form, seed)
    pieces = pieces_of(data, tries, random.Random(seed))  # noqa: S311
    # A folder of its own: Python would import from the current one first.
    with tempfile.TemporaryDirectory() as place, Page(place) as page:
        page.send("ready")
        page.send("photo", [data], name="photo", turn=1)
        page.run(KEEP)
        hits = [search(page.pid, pieces)]
        page.send("clear", turn=2)
        hits.append(search(page.pid, pieces))
        page.send("example", turn=3)
        hits.append(search(page.pid, pieces))
    return [
        outcome(f"a {form} photo, {step}", found, pieces, wanted=step == STEPS[0])
        for step, found in zip(STEPS, hits, strict=True)
    ]


class Page:
    """A page in a kernel, as Voilà runs one, and its visitor's messages."""

    def __init__(self, folder: str) -> None:
        self._manager, self._client = start_new_kernel(
            kernel_name="python3", cwd=folder, stderr=subprocess.DEVNULL
        )
        pid, self._comm = self.run(PAGE).split()
        self.pid = int(pid)

    def run(self, code: str) -> str:
        """Run code in the kernel and wait; what it prints."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            if message["msg_type"] == "error":
                raise RuntimeError(message["content"]["evalue"])
            if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
                said.append(message["content"]["text"])

        self._client.execute_interactive(code, timeout=300, output_hook=hear, store_history=False)
        return "".join(said)

    def send(self, kind: str, buffers: Sequence[bytes] = (), **content: object) -> None:
        """Send a message as the browser does, and wait until it is answered."""
        data = {"method": "custom", "content": {"kind": kind, **content}}
        session = self._client.session
        message = session.msg("comm_msg", {"comm_id": self._comm, "data": data})
        session.send(self._client.shell_channel.socket, message, buffers=list(buffers))
        self.run("pass")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


def outcome(
    attack: str, found: dict[str, int], pieces: dict[str, list[bytes]], *, wanted: bool
) -> Outcome:
    count, total = sum(found.values()), sum(map(len, pieces.values()))
    counted = ", ".join(f"{count} of {kind}" for kind, count in found.items() if count)
    said = f"{count} of {total} pieces in memory" + (f" ({counted})" if counted else "")
    return Outcome(attack, total, 0 if wanted else count, said)


def photo(form: str, seed: int) -> bytes:
    """A face beside and under noise that is nowhere else."""
    pixels = np.array(Image.open(ASTRONAUT).convert("RGB"))
    noise = np.random.default_rng(seed).integers(0, 256, pixels.shape, np.uint8)
    face = find_faces(read_photo(ASTRONAUT), detector="haar")[0].box
    bottom, left = int(face.y + 1.02 * face.h), int(face.x)
    pixels[bottom:, :] = noise[bottom:, :]
    pixels[:, : max(0, left - 60)] = noise[:, : max(0, left - 60)]
    file = BytesIO()
    Image.fromarray(pixels).save(file, form, **({"quality": 95} if form == "JPEG" else {}))
    return file.getvalue()


def pieces_of(data: bytes, count: int, rng: random.Random) -> dict[str, list[bytes]]:
    """Pieces of the photo in every form that it may have on its way."""
    import cv2

    read = read_photo(data)
    crop = find_faces(read, detector="haar")[0].crop
    pixels = read.pixels
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    low = pixels.shape[0] - 60
    rows = [rng.randrange(low, pixels.shape[0]) for _ in range(count)]
    starts = [rng.randrange(pixels.shape[1] - PIECE) for _ in range(count)]
    places = list(zip(rows, starts, strict=True))
    noisy = noisy_places(crop, count, rng)
    scaled = crop.astype(np.float32)
    at = [rng.randrange(len(data) // 4, len(data) - 2 * PIECE) for _ in range(count)]
    return {
        "the file's bytes": [data[i : i + PIECE] for i in at],
        "rows of pixels": [pixels[y, x : x + PIECE].tobytes()[:PIECE] for y, x in places],
        "rows in the other order": [
            pixels[y, x : x + PIECE, ::-1].tobytes()[:PIECE] for y, x in places
        ],
        "planes": [pixels[y, x : x + PIECE, i % 3].tobytes() for i, (y, x) in enumerate(places)],
        "grey": [grey[y, x : x + PIECE].tobytes() for y, x in places],
        "rows of the crop": [crop[y, x : x + PIECE].tobytes()[:PIECE] for y, x in noisy],
        "the crop in float": [scaled[y, x : x + PIECE].tobytes()[2 : PIECE + 2] for y, x in noisy],
        "planes of the crop in float": [
            np.ascontiguousarray(scaled[y, x : x + PIECE, 0]).tobytes()[2 : PIECE + 2]
            for y, x in noisy
        ],
    }


def noisy_places(crop: np.ndarray, count: int, rng: random.Random) -> list[tuple[int, int]]:
    """Places of the crop whose bytes are not found elsewhere: those of most contrast."""
    contrast = np.abs(np.diff(crop.astype(int), axis=1)).sum(2)
    sums = np.stack([contrast[:, x : x + 14].sum(1) for x in range(crop.shape[1] - PIECE - 14)], 1)
    order = np.argsort(-sums, axis=None)[: 40 * count]
    chosen = rng.sample(list(order), count)
    return [tuple(map(int, np.unravel_index(each, sums.shape))) for each in chosen]  # type: ignore[misc]


def search(pid: int, pieces: dict[str, list[bytes]]) -> dict[str, int]:
    """How many of the pieces of each kind lie in the memory of a process."""
    wanted = {piece for each in pieces.values() for piece in each}
    begins = np.zeros(1 << 16, bool)
    begins[[piece[0] << 8 | piece[1] for piece in wanted]] = True
    there: set[bytes] = set()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            # Code and files that are mapped cannot be written and hold no photo.
            if rights.startswith("rw"):
                start, end = (int(each, 16) for each in span.split("-"))
                for part in parts(memory, start, end):
                    there |= found(part, wanted, begins)
    return {kind: sum(piece in there for piece in each) for kind, each in pieces.items()}


def parts(memory: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """What a process has between two addresses, pieces over the seams included."""
    for at in range(start, end, PART):
        try:
            memory.seek(at)
            yield memory.read(min(PART + PIECE, end - at))
        except (OSError, ValueError, OverflowError):  # the kernel's own pages
            return


def found(data: bytes, wanted: set[bytes], begins: np.ndarray) -> set[bytes]:
    """Which of the pieces lie in `data`; `begins`: whether any begins with two bytes."""
    values = np.frombuffer(data, np.uint8).astype(np.uint16)
    at = np.flatnonzero(begins[values[:-1] << 8 | values[1:]]) if values.any() else ()
    return wanted.intersection(data[i : i + PIECE] for i in at)
