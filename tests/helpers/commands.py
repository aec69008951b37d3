"""The commands that README, docs and cards name, and a folder in which they can be run."""

import ast
import contextlib
import ctypes
import functools
import io
import multiprocessing
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.hub import WRITER, serving
from PIL import Image

from facelens.commands import main
from facelens.web import runtime

ROOT = Path(__file__).parents[2]
# In a sentence, `code` is a command where it begins with one of these; in a block every line is.
TOOLS = (
    "accelerate|apt|apt-get|brew|cd|conda|curl|dask|docker|export|facelens|git|hf|jupyter|make|"
    "mamba|npm|nvidia-smi|pip|podman|powershell|py|python|python3|set|source|ssh|sudo|tar|tmux|"
    "torchrun|winget|wsl"
)
_INLINE = re.compile(rf"(?<!`)`((?:[A-Z_]+=\S+ )*(?:\.venv\S*/)?(?:{TOOLS}) [^`]+)`(?!`)")
_SHELLS = {"bash", "sh", "shell", "console", "powershell", "bat"}


@dataclass(frozen=True)
class Command:
    """What is to be typed, and the text that says so; `python` is a snippet, not a line."""

    text: str
    file: str
    line: int
    python: bool = False

    @property
    def here(self) -> str:
        """The same where all lies beside it, and `facelens` is the one that is installed."""
        text = self.text.replace("$FACELENS_DATA", "data").replace("$FACELENS_RUNS", "runs")
        return text.replace("/opt/facelens/bin/", "").replace("/var/cache/facelens", "cache")

    @property
    def outputs(self) -> list[str]:
        """The files, folders and repositories that it writes."""
        return re.findall(r"(?:--out|download celeba|facelens (?:pull|push) \S+) (\S+)", self.here)

    def __str__(self) -> str:
        return f"`{self.text}` ({self.file}:{self.line})"


def texts() -> dict[str, str]:
    """Every text by its path: pages, cards, and what each benchmark says about itself."""
    pages = [*ROOT.glob("*.md")]
    for folder in ("docs", "benchmarks", "binder", "docker", "weights", ".github"):
        pages += (ROOT / folder).rglob("*.md")
    found = {path: path.read_text(encoding="utf-8") for path in pages}
    for path in (ROOT / "benchmarks").glob("*.py"):
        found[path] = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return {str(path.relative_to(ROOT)): found[path] for path in sorted(found)}


def commands() -> list[Command]:
    """Every command of every text, each once, where it first stands; pages come first."""
    found: dict[str, Command] = {}
    for file, text in sorted(texts().items(), key=lambda item: not item[0].endswith(".md")):
        for command in commands_of(text, file):
            # A benchmark has two ways to call it.
            same = re.sub(r"facelens bench (\w+)(?: --)?", r"python benchmarks/\1.py", command.text)
            if "benchmarks/" in same:  # one that is shown with other folders is run once
                same = same.replace("data/celeba", "DATA").replace(" --no-file", "")
            found.setdefault(same.replace("--yunet PATH", "--yunet FILE"), command)
    return list(found.values())


def commands_of(text: str, file: str) -> Iterator[Command]:
    """The commands of one text, those of its blocks first."""
    prose = text.splitlines()
    for first, language, lines in blocks(text):
        prose[first - 1 : first - 1 + len(lines)] = [""] * len(lines)
        if language == "ipython":  # what a notebook hands to a shell
            typed = [line[1:] if line.startswith(("!", "%")) else "" for line in lines]
            yield from _lines(typed, file, first, prompted=False)
        elif language == "python" or (not language and re.match(r"(from|import) \w", lines[0])):
            yield Command("\n".join(lines).strip(), file, first, python=True)
        elif language == "":  # a picture or an answer, perhaps with what was typed
            typed = [line if re.match(rf"\$ |({TOOLS}) ", line) else "" for line in lines]
            yield from _lines(typed, file, first, prompted=False)
        elif language is None or language in _SHELLS:
            yield from _lines(lines, file, first, prompted=language == "console")
    # An error's words may name a command, and are quoted in headings.
    told = "\n".join("" if line.startswith("#") else line for line in prose)
    for code in _INLINE.finditer(told):
        line = told[: code.start()].count("\n") + 1
        yield from _each(code[1], file, line)


def _lines(lines: list[str], file: str, first: int, *, prompted: bool) -> Iterator[Command]:
    begun = ""
    for number, line in enumerate(lines, first):
        if prompted and not begun and not line.startswith("$ "):
            continue  # what the command says
        begun += f" {line.removeprefix('$ ').strip()}"
        if begun.endswith("\\"):
            begun = begun[:-1]
            continue
        # What it is for stands in a column of its own, or as a comment.
        yield from _each(re.split(r"\s{3,}|\s+# ", begun.strip())[0], file, number)
        begun = ""


def _each(line: str, file: str, number: int) -> Iterator[Command]:
    """What one line asks for, without what may be left out: [--limit N], …"""
    whole = re.sub(r" \[[^]]*\]", "", " ".join(line.split()))
    for text in re.split(r" && ", re.sub(r" (…|\.\.\.)$", "", whole)):
        if text and not text.startswith("#"):
            yield Command(text, file, number)


def blocks(text: str) -> Iterator[tuple[int, str | None, list[str]]]:
    """Code by fences, or by four spaces (no language): its first line's number, its lines."""
    lines = text.splitlines()
    at, inside = 0, 0  # how far the text of a list's item stands in
    while at < len(lines):
        fence = re.match(r"\s*(```+|~~~+)\s*(\w*)", lines[at])
        indent = " " * (4 + inside)
        if fence:
            end = next(i for i in range(at + 1, len(lines)) if lines[i].strip() == fence[1])
            yield at + 2, fence[2], lines[at + 1 : end]
            at = end + 1
        elif lines[at].startswith(indent) and (at == 0 or not lines[at - 1].strip()):
            end = at
            while end < len(lines) and (lines[end].startswith(indent) or not lines[end].strip()):
                end += 1
            while not lines[end - 1].strip():
                end -= 1
            yield at + 1, None, [line[len(indent) :] for line in lines[at:end]]
            at = end
        else:
            if item := re.match(r"\s*([-*+]|\d+\.) +", lines[at]):
                inside = len(item[0])
            elif lines[at].strip() and not lines[at].startswith(" "):
                inside = 0
            at += 1


@dataclass(frozen=True)
class Ended:
    """How a command ended, and all that it printed."""

    code: int | None
    said: str


_WITH_TORCH = multiprocessing.get_context("forkserver")
_WITH_TORCH.set_forkserver_preload(
    [
        "facelens.lessons.experiments",
        "facelens.tasks.attributes.training.export",
        "facelens.tasks.keypoints.training.export",
        "facelens.training.fit",
        "onnxscript",
        "torch._dynamo",
    ]
)


def _facelens(line: str, place: Path, environment: dict[str, str]) -> None:
    """Run a command line of `facelens` in this process."""
    import torch

    from facelens.commands import main

    torch.set_num_threads(1)
    os.chdir(place)
    os.environ.update(environment)
    out = os.open("said", os.O_WRONLY | os.O_CREAT)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.exit(main.main(shlex.split(line)[1:]))


def _aside(folder: str, names: list[str]) -> list[str]:
    """What of a folder is no part of a clone."""
    made = {"data", "runs", "build", "dist"} if Path(folder) == ROOT else set()
    return [name for name in names if name.startswith(".") or name in made | {"__pycache__"}]


class World:
    """A copy of the checkout with all that the texts speak of: photos, data, a Hub.

    A command runs in a folder of its own that leads there, so what it writes disturbs no other.
    """

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.done: dict[str, tuple[Ended, Path]] = {}
        self.checkout, self.given = folder / "checkout", folder / "given"
        shutil.copytree(ROOT, self.checkout, ignore=_aside)
        self.hub = stack.enter_context(serving())
        self.env = os.environ | {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "PYTHONPATH": str(self.checkout),
            "HOME": str(folder),
            "FACELENS_CACHE": str(folder / "cache"),
            "FACELENS_BENCH": "quick",
            "FACELENS_RESULTS": str(folder / "results"),
            "HF_ENDPOINT": self.hub.url,
            "HF_TOKEN": WRITER,
            "HF_HOME": str(folder / "hub"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "JUPYTER_PLATFORM_DIRS": "1",
            # A kernel's sockets lie there, and a socket's path is short.
            "JUPYTER_RUNTIME_DIR": stack.enter_context(tempfile.TemporaryDirectory()),
            "MPLBACKEND": "agg",
            "BROWSER": "true",
            "OMP_NUM_THREADS": "1",  # for so little, threads would only wait for each other
        }
        (folder / "cache").mkdir()
        # What `facelens site` would have npm fetch.
        here = ROOT / "node_modules" / runtime.PACKAGE / "dist"
        if here.is_dir():
            kept = folder / "cache" / f"{runtime.PACKAGE}-{runtime.VERSION}"
            kept.symlink_to(here.resolve())
        # Tables that a benchmark reads are there, and are not the committed ones.
        shutil.copytree(ROOT / "benchmarks" / "results", folder / "results")
        self._photos()
        bundle = self.checkout / "weights" / "mobilenet_v2"
        for name in ("my_bundle", "bundles/mine"):
            shutil.copytree(bundle, self.given / name)
        points = self.checkout / "weights" / "keypoints"
        shutil.copytree(points, self.given / "bundles" / "points")
        for path in bundle.iterdir():
            self.hub.files[f"owner/repo/{path.name}"] = path.read_bytes()

    def _photos(self) -> None:
        photo = (self.checkout / "facelens" / "ui" / "astronaut.jpg").read_bytes()
        for folder in ("FOLDER", "PHOTOS", "photos", "holiday", "shared/photos"):
            (self.given / folder).mkdir(parents=True)
            for name in "abcdef":
                (self.given / folder / f"{name}.jpg").write_bytes(photo)
        for name in ("PHOTO", "photo.jpg"):
            (self.given / name).write_bytes(photo)
        self._taught(photo)
        self._film(photo)
        self._kaggle()
        rows = [
            f"{name}.jpg,{name},{answer}" for name, answer in zip("abcdef", "101010", strict=True)
        ]
        (self.given / "TABLE").write_text("\n".join(["photo,person,Smiling", *rows]))

    def _taught(self, photo: bytes) -> None:
        """Folders of dim and of bright photos, and what is taught by them."""
        with Image.open(io.BytesIO(photo)) as opened:
            for folder, low in (("YES_FOLDER", 50), ("NO_FOLDER", 90)):
                (self.given / folder).mkdir()
                for i in range(6):
                    dimmed = opened.convert("RGB").point(lambda v, share=low + i: v * share // 100)
                    dimmed.save(self.given / folder / f"{i}.jpg")
        head = self.given / "smirk.safetensors"
        folders = (self.given / "YES_FOLDER", self.given / "NO_FOLDER")
        asked = ("teach", *folders, "--word", "smirk", "--out", head, "--detector", "haar")
        assert main.main([str(each) for each in asked]) == 0

    def _kaggle(self) -> None:
        """Kaggle's three files about fifteen points, with a few faces of noise, and such faces."""
        import numpy as np
        from PIL import Image

        from facelens.tasks.keypoints.marks import COLUMNS

        kaggle = self.given / "data" / "kaggle"
        for folder in (kaggle, self.given / "faces"):
            folder.mkdir(parents=True)
        random = np.random.default_rng(0)
        pictures = random.integers(0, 256, (24, 96, 96), np.uint8)
        Image.fromarray(pictures[0]).save(self.given / "faces" / "a.png")
        as_text = [" ".join(map(str, picture.ravel())) for picture in pictures]
        points = [",".join(f"{v:.1f}" for v in random.uniform(30, 60, 30)) for _ in pictures]
        tables = {
            "training.csv": [
                ",".join([*COLUMNS, "Image"]),
                *map(",".join, zip(points, as_text, strict=True)),
            ],
            "test.csv": ["ImageId,Image", *(f"{i},{t}" for i, t in enumerate(as_text[:4], 1))],
            "IdLookupTable.csv": ["RowId,ImageId,FeatureName,Location", "1,4,nose_tip_x,"],
        }
        for name, lines in tables.items():
            (kaggle / name).write_text("\n".join(lines) + "\n")

    def _film(self, photo: bytes) -> None:
        """A film of half a second, in which the face does not move."""
        import cv2
        import numpy as np

        pixels = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
        film = self.given / "film.mp4"
        writer = cv2.VideoWriter(
            str(film), cv2.VideoWriter.fourcc(*"mp4v"), 24, pixels.shape[1::-1]
        )
        for _ in range(12):
            writer.write(pixels)
        writer.release()
        shutil.copy(film, self.given / "FILM")
        for name in ("happy", "sad"):  # whoever is on them: a film's name says so
            (self.given / "films" / name).mkdir(parents=True)
            for person in ("anna", "ben", "cleo"):
                shutil.copy(film, self.given / "films" / name / f"{person}.mp4")

    def give_yunet(self, file: Path) -> None:
        """Have YuNet in the cache and on the Hub."""
        from facelens.faces.download import YUNET_REPO

        for copy in (self.folder / "cache" / file.name, self.given / "FILE", self.given / "PATH"):
            shutil.copy(file, copy)
        self.hub.files[f"{YUNET_REPO}/{file.name}"] = file.read_bytes()

    def give_sface(self, file: Path) -> None:
        """Have SFace in the cache and on the Hub, photos of two people, and these enrolled."""
        from facelens.tasks.identity.sface import REPO

        if (self.given / "gallery.npz").exists():
            return
        shutil.copy(file, self.folder / "cache" / file.name)
        self.hub.files[f"{REPO}/{file.name}"] = file.read_bytes()
        for name in ("astronaut", "hopper"):
            folder = self.given / "people" / name
            folder.mkdir(parents=True)
            with Image.open(self.checkout / "facelens" / "ui" / f"{name}.jpg") as opened:
                photo = opened.convert("RGB")
                for i, (low, high) in enumerate(((0, 255), (0, 150), (60, 255))):
                    lit = photo.point(lambda v, a=low, b=high: a + v * (b - a) // 255)
                    lit.save(folder / f"{i}.jpg")
        out = self.given / "gallery.npz"
        words = ("enrol", self.given / "people", "--out", out, "--recogniser", f"sface:{file}",
                 "--detector", "haar")  # fmt: skip
        assert main.main([str(word) for word in words]) == 0

    def give_data(self, data: Path, faces: int = 96) -> None:
        """Have some real faces of each split, in the folders that the texts name and on the Hub."""
        if (self.given / "DATA").exists():
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        from facelens.data.celeba import CELEBA_CONFIG, CELEBA_REPO

        celeba = self.given / "data" / "celeba"
        celeba.mkdir(parents=True)
        for split in ("train", "valid", "test"):
            whole = min((data / "celeba").glob(f"{split}-*.parquet"))
            path = celeba / f"{split}-00000-of-00001.parquet"
            pq.write_table(pq.ParquetFile(whole).read_row_group(0).slice(0, faces), path)
            (self.given / path.name).symlink_to(path)
            self.hub.files[f"{CELEBA_REPO}/{CELEBA_CONFIG}/{path.name}"] = path.read_bytes()
        for name, splits in {
            "keypoints": ("train", "test"), "expressions": ("train", "valid", "test"),
            "masks": ("train", "test"),
        }.items():  # fmt: skip
            folder = self.given / "data" / name
            folder.mkdir()
            for split in splits:
                whole = min((data / name).glob(f"{split}-*.parquet"))
                few = next(pq.ParquetFile(whole).iter_batches(16 if name == "masks" else faces))
                pq.write_table(pa.Table.from_batches([few]), folder / whole.name)
        people = self.given / "data" / "people"
        shutil.copytree(data / "people", people, copy_function=shutil.copyfile)
        lines = (data / "people" / "pairs.csv").read_text().splitlines(keepends=True)
        (people / "pairs.csv").unlink()
        (people / "pairs.csv").write_text("".join(lines[:13]))
        (self.given / "DATA").symlink_to(self.given / "data")
        shutil.copytree(data / "portraits", self.given / "data" / "portraits")

    def place(self, command: Command) -> Path:
        """A folder in which all is there but what the command is to write."""
        place = Path(tempfile.mkdtemp(dir=self.folder))
        written = {out.partition("/")[0] for out in command.outputs}
        for path in (*self.checkout.iterdir(), *self.given.iterdir()):
            if path.name not in written:
                (place / path.name).symlink_to(path)
        if not command.text.startswith(("make ", "source ")):
            return place
        # Installed already, as `make` sees it.
        (place / ".venv").mkdir()
        for path in Path(sys.prefix).iterdir():
            (place / ".venv" / path.name).symlink_to(path)
        for stamp in (".made", ".app", ".test", ".train"):
            (place / ".venv" / stamp).unlink(missing_ok=True)
            (place / ".venv" / stamp).touch()
        return place

    @functools.cached_property
    def cluster(self) -> str:
        """The address of a Dask scheduler with a worker."""
        alone = "--host 127.0.0.1 --no-dashboard"
        place = Path(tempfile.mkdtemp(dir=self.folder))
        scheduler = self.serving(f"dask scheduler --port 0 {alone}", place, r"Scheduler at: *(\S+)")
        address = self.stack.enter_context(scheduler)[1]
        place = Path(tempfile.mkdtemp(dir=self.folder))
        worker = self.serving(f"dask worker {address} --no-nanny {alone}", place, "Registered to")
        self.stack.enter_context(worker)
        return address

    def run(self, line: str, place: Path, **more: str) -> "Ended":
        """What a shell makes of a command line."""
        with (place / "said").open("wb") as out:
            if re.match(r"facelens (train|export|experiment)\b", line):
                # torch takes longer to import than all that these do: they are forks of a process
                # that has it.
                run = _WITH_TORCH.Process(target=_facelens, args=(line, place, self.env | more))
                run.start()
                run.join(180)
                run.kill()
                return Ended(run.exitcode, (place / "said").read_text())
            done = subprocess.run(
                ["bash", "-ec", line], cwd=place, env=self.env | more, stdout=out, stderr=out,
                timeout=180, check=False,
            )  # fmt: skip
        return Ended(done.returncode, (place / "said").read_text())

    @contextlib.contextmanager
    def serving(self, line: str, place: Path, ready: str) -> Iterator[re.Match[str]]:
        """Run what ends by Ctrl-C alone, from when its output shows `ready` on."""
        said = place / "said"
        with said.open("wb") as out:
            server = subprocess.Popen(
                ["bash", "-ec", line], cwd=place, env=self.env, stdout=out, stderr=out,
                start_new_session=True, preexec_fn=_end_with_us,  # noqa: PLW1509
            )  # fmt: skip
        try:
            until = time.monotonic() + 60
            while not (found := re.search(ready, said.read_text())):
                assert server.poll() is None, said.read_text()
                assert time.monotonic() < until, said.read_text()
                time.sleep(0.1)
            yield found
        finally:
            # As Ctrl-C does: to all that the command has started.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGINT)
            try:
                server.wait(20)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(server.pid, signal.SIGKILL)


def _end_with_us() -> None:
    """Have Linux end this process with the tests, should somebody kill them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answer(address: str) -> str:
    """What a page says, waited for until it is there."""
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=60) as page:
                return page.read().decode()
        except OSError:
            assert time.monotonic() < until, f"nothing answers at {address}"
            time.sleep(0.2)
