"""Label folders of hundreds of odd entries, made at random: is each a row or a line, once?

Photos of every format under names of every kind, with and without endings; damaged and empty ones
and other files; links to photos, folders, themselves and nothing; locked and hidden files and
folders; in every second folder also pipes, sockets and devices that are named like photos.
"""

import io
import os
import random
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from attacks.outcome import Outcome
from facelens.tables import read_records

TRIES = 20  # folders
QUICK = 2
ENTRIES = 300  # of a folder
LIMIT = 120  # seconds for a folder
FORMATS = {
    "JPEG": (".jpg", ".JPG", ".jpeg", ".jpe", ".jfif"), "PNG": (".png", ".Png"),
    "WEBP": (".webp",), "BMP": (".bmp",), "GIF": (".gif",), "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif",), "MPO": (".mpo",),
}  # fmt: skip
STEMS = (
    "photo", "IMG 0001", "a,b", 'say "cheese"', "two\nlines", "a\rb", "a\tb", "=1+1", "+1", "-1",
    "@SUM(A1)", "\t=1", "\r=1", "'", "'=1", "ä", "\uff1d1", "顔", "😀", "\u202egpj", "back\\slash",
    "100%", "semi;colon", " leading", "trailing ", "x" * 200, "caf\udce9", "$(id)", "*", "~",
)  # fmt: skip
SCRIPT = """\
import sys
from facelens.bulk.label import label
label(sys.argv[1], sys.argv[2], aligned=True)
"""
FACE, LINE, BOTH = "a row", "a line", "a row and a line, or a line"


@dataclass
class Made:
    """A folder and what is to become of each entry, by its path as the tables write it."""

    at: Path
    rng: random.Random
    due: dict[str, str] = field(default_factory=dict)
    locked: list[Path] = field(default_factory=list)

    def name(self, ending: str = "") -> str:
        """A name that the folder does not have yet."""
        return f"{self.rng.choice(STEMS)}{len(self.due)}{ending}"

    def owe(self, path: Path, due: str, *, folder: bool = False) -> None:
        text = path.relative_to(self.at).as_posix() + ("/" if folder else "")
        self.due[text.encode(errors="backslashreplace").decode()] = due


def picture(rng: random.Random, kind: str, size: tuple[int, int] = (178, 218)) -> bytes:
    """A picture of noise in one of FORMATS, as long as an aligned crop."""
    noise = np.frombuffer(rng.randbytes(28 * 23 * 3), np.uint8).reshape(28, 23, 3)
    image, file = Image.fromarray(noise).resize(size), io.BytesIO()
    more: dict[str, Any] = {"save_all": True, "append_images": [image]} if kind == "MPO" else {}
    image.save(file, kind, **more)
    return file.getvalue()


# what may lie in a folder


def photo(made: Made, at: Path) -> None:
    kind = made.rng.choice(list(FORMATS))
    path = at / made.name(made.rng.choice(FORMATS[kind]))
    path.write_bytes(picture(made.rng, kind))
    made.owe(path, FACE)


def unnamed(made: Made, at: Path) -> None:
    """A photo that its name does not show."""
    path = at / made.name(made.rng.choice(("", ".dat", ".txt", ".jpg~", ".2019", ".")))
    path.write_bytes(picture(made.rng, made.rng.choice(list(FORMATS))))
    made.owe(path, FACE)


def misnamed(made: Made, at: Path) -> None:
    """A photo of one format under the ending of another."""
    path = at / made.name(made.rng.choice((".jpg", ".png", ".tif", ".heic")))
    path.write_bytes(picture(made.rng, made.rng.choice(list(FORMATS))))
    made.owe(path, FACE)


def other(made: Made, at: Path) -> None:
    """No photo, or none that is a crop."""
    content = made.rng.choice(
        (b"", b"no photo", b"BMW, 3 series", made.rng.randbytes(999), b"\0" * 99, b"\xff\xd8\xff",
         picture(made.rng, "PNG", (50, 60)))
    )  # fmt: skip
    path = at / made.name(made.rng.choice((".jpg", ".png", "", ".txt", ".xmp", ".mov")))
    path.write_bytes(content)
    made.owe(path, LINE)


def damaged(made: Made, at: Path) -> None:
    data = picture(made.rng, "JPEG")
    path = at / made.name(".jpg")
    path.write_bytes(data[: made.rng.randrange(20, len(data) - 20)])
    made.owe(path, BOTH)


def hidden(made: Made, at: Path) -> None:
    path = at / f".{made.name('.jpg')}"
    folder = made.rng.random() < 0.3
    if folder:
        path.mkdir()
        (path / "inside.jpg").write_bytes(picture(made.rng, "JPEG"))
    else:
        path.write_bytes(picture(made.rng, "JPEG"))
    made.owe(path, LINE, folder=folder)


def link(made: Made, at: Path) -> None:
    path = at / made.name(made.rng.choice((".jpg", "", ".d")))
    which = made.rng.choice(("photo", "hard", "folder", "up", "itself", "nothing"))
    target = made.at.with_name("elsewhere") / "target.png"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(picture(made.rng, "PNG"))
    to = {"photo": target, "folder": target.parent, "up": made.at, "itself": path}
    if which == "hard":
        path.write_bytes(b"")
        path.unlink()
        os.link(target, path)
    else:
        path.symlink_to(to.get(which, at / "nowhere"))
    is_photo = which in ("photo", "hard")
    made.owe(path, FACE if is_photo else LINE, folder=which in ("folder", "up"))


def locked(made: Made, at: Path) -> None:
    path = at / made.name(made.rng.choice((".jpg", "")))
    folder = made.rng.random() < 0.3
    if folder:
        path.mkdir()
        (path / "inside.jpg").write_bytes(picture(made.rng, "JPEG"))
    else:
        path.write_bytes(picture(made.rng, "JPEG"))
    made.locked.append(path)
    made.owe(path, LINE, folder=folder)


def large(made: Made, at: Path) -> None:
    """A terabyte of nothing."""
    path = at / made.name(".jpg")
    path.touch()
    os.truncate(path, 10**12)
    made.owe(path, LINE)


def device(made: Made, at: Path) -> None:
    """A pipe, a socket, or a link to a device that never ends."""
    path = at / made.name(made.rng.choice((".jpg", "", ".txt")))
    which = made.rng.choice(("pipe", "socket", "zero", "terminal"))
    if which == "pipe":
        os.mkfifo(path)
    elif which == "socket":
        path = at / f"socket{len(made.due)}.jpg"
        here = os.open(at, os.O_RDONLY)  # a socket's path has at most 107 letters
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)
    else:
        path.symlink_to("/dev/zero" if which == "zero" else "/dev/ptmx")
    made.owe(path, LINE)


USUAL: tuple[Callable[[Made, Path], None], ...] = (
    photo, photo, photo, unnamed, unnamed, misnamed, other, other, damaged, hidden, link, link,
    locked,
)  # fmt: skip


def make(at: Path, rng: random.Random, *, devices: bool) -> Made:
    """A folder of ENTRIES entries, some in folders within."""
    made = Made(at, rng)
    at.mkdir()
    within = [at]
    kinds = (*USUAL, device, device) if devices else USUAL
    large(made, at)
    while len(made.due) < ENTRIES:
        where = rng.choice(within)
        if rng.random() < 0.03:
            folder = where / made.name(rng.choice(("", ".jpg", ".parts")))
            if len(os.fsencode(folder)) < 2000:
                folder.mkdir()
                within.append(folder)
        else:
            rng.choice(kinds)(made, where)
    return made


# the attack


def without_privileges() -> None:
    """Have root refused what is locked."""
    if os.geteuid() == 0:
        import ctypes

        libc = ctypes.CDLL(None)
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def labelled(made: Made, out: Path) -> tuple[Counter[str], Counter[str]]:
    """How many rows and how many lines there are of each entry; none if it took too long."""
    for path in made.locked:
        path.chmod(0)
    try:
        subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", SCRIPT, str(made.at), str(out)],
            timeout=LIMIT, check=False, preexec_fn=without_privileges, stderr=subprocess.DEVNULL,
            cwd=out.parent,  # Python would import a package that lies here before any other
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        pass
    finally:
        for path in made.locked:
            path.chmod(0o700)
    if not out.is_file():
        return Counter(), Counter()
    rows, lines = read_records(out), read_records(out.with_name(f"{out.name}.errors.csv"))
    return Counter(r["photo"] for r in rows), Counter(r["photo"] for r in lines)


def attack(tries: int, seed: int) -> list[Outcome]:
    """Label `tries` folders, half of them with devices; an entry is lost unless it is due once."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    outcomes = []
    for devices, what in (
        (False, "entries of folders: odd names, links, locked, hidden, damaged"),
        (True, "entries of such folders with pipes, sockets and devices"),
    ):
        entries = wrong = nowhere = rows = lines = 0
        for number in range(tries // 2):
            with tempfile.TemporaryDirectory(prefix="folders-") as name:
                made = make(Path(name) / f"made{number}", rng, devices=devices)
                faces, errors = labelled(made, Path(name) / "faces.csv")
            entries += len(made.due)
            wrong += sum(not _is_right(due, faces[e], errors[e]) for e, due in made.due.items())
            wrong += len((faces.keys() | errors.keys()) - made.due.keys())
            nowhere += sum(not faces[entry] + errors[entry] for entry in made.due)
            rows, lines = rows + faces.total(), lines + errors.total()
        outcome = f"{rows:,} rows and {lines:,} lines with a reason, {nowhere:,} entries in neither"
        outcomes.append(Outcome(what, entries, wrong, outcome))
    return outcomes


def _is_right(due: str, rows: int, lines: int) -> bool:
    if due == BOTH:
        return lines == 1 and rows <= 1
    return (rows, lines) == ((1, 0) if due == FACE else (0, 1))
