"""Commands that write something, on toy data: how each begins, and what it has made in the end.

`kills` ends them at random, `disks` lets them run out of room.
"""

import csv
import hashlib
import http.server
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from measure import ROOT

from attacks._child import Ended, facelens

sys.path.append(str(ROOT / "tests"))

# What depends on the moment or on the machine, in tables and in results.
_OF_THE_MOMENT = {"seconds", "seconds_a_step", "latency_ms", "date"}

Made = dict[str, str]

# A bundle that is there already.
_OLD = {"manifest.json": "{}", "README.md": "old"}


@dataclass
class Work:
    """A command and what belongs to it.

    `arguments`: with paths relative to the place where it runs. `given`: what lies there before,
    links to these folders and files. `old`: an older output that it may replace if `more` is added
    to its arguments. `reset` and `elsewhere`: make what it writes elsewhere as it was before, and
    tell what is there.
    """

    name: str
    arguments: list[str]
    given: list[Path]
    old: dict[str, dict[str, str]] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    reset: Callable[[], None] = lambda: None
    elsewhere: Callable[[], Made] = dict

    def begin(self, place: Path) -> None:
        """Make `place` as it is before the command."""
        place.mkdir(exist_ok=True)
        for path in self.given:
            (place / path.name).symlink_to(path)
        self.reset()

    def age(self, place: Path) -> None:
        """Have an older output lie in `place`."""
        for folder, files in self.old.items():
            (place / folder).mkdir(exist_ok=True)
            for name, text in files.items():
                (place / folder / name).write_text(text)

    def is_old(self, place: Path) -> bool:
        """Whether the older output is as it was."""
        return all(
            (place / folder / name).read_text(errors="replace") == text
            for folder, files in self.old.items()
            for name, text in files.items()
        )

    def run(self, place: Path, said: Path, **options: Any) -> Ended:
        """Run the command in `place`; what it prints lies in `said`."""
        more, over = options.pop("first", None), options.pop("over", False)

        def first() -> None:
            os.chdir(place)
            os.environ.update(self.environment)
            for name in [name for name in sys.modules if name.startswith("huggingface_hub")]:
                del sys.modules[name]  # it reads its settings when it is imported
            if more:
                more()

        arguments = [*self.arguments, *(self.more if over else ())]
        return facelens(arguments, said, first=first, limit=900.0, **options)

    def made(self, place: Path) -> Made:
        """Every file of `place` but what was given, by name, with a checksum of what counts."""
        given = {path.name for path in self.given}
        found = {
            path.relative_to(place).as_posix(): _sum(path)
            for path in sorted(place.rglob("*"))
            if path.is_file() and path.relative_to(place).parts[0] not in given
        }
        return found | self.elsewhere()


def _sum(path: Path) -> str:
    """A checksum of a file, without what the moment decides."""
    data = path.read_bytes()
    if path.name == "history.csv" or (path.suffix == ".csv" and b"seconds_a_step" in data[:2000]):
        rows = list(csv.DictReader(io.StringIO(data.decode())))
        data = repr([{k: v for k, v in row.items() if k not in _OF_THE_MOMENT} for row in rows])
        data = data.encode()
    elif path.name == "result.json":
        row = {k: v for k, v in json.loads(data).items() if k not in _OF_THE_MOMENT}
        data = repr(row).encode()
    elif path.suffix in (".pt", ".npz") or path.name in ("lock", "meta.json"):
        return "there"  # a checkpoint has times and a zip's order; a store's name is its checksum
    return hashlib.sha256(data).hexdigest()


@contextmanager
def works(folder: Path, *, brief: bool) -> Iterator[list[Work]]:
    """Every command, on data that is made in `folder`; the Hub is a stand-in on this machine.

    `brief`: only those that do not train.
    """
    photos = folder / "photos"
    photos.mkdir()
    _photos(photos, 70)
    label = Work(
        "label",
        ["label", "photos", "--aligned", "--workers", "1", "--out", "faces.csv"],
        [photos],
        {".": {"faces.csv": "old", "faces.csv.errors.csv": "old"}},
        ("--force",),
    )
    (folder / "said").mkdir()
    training = [] if brief else list(_training(folder))
    with _publishing(folder) as publishing:
        yield [label, *training, *publishing]


def _training(folder: Path) -> Iterator[Work]:
    """Commands that need torch, which is imported here, once for all."""
    import torch
    from helpers.toy import write_split

    torch.set_num_threads(1)
    data = folder / "data"
    data.mkdir()
    for split, count, seed in (("train", 32, 0), ("valid", 32, 1), ("test", 32, 2)):
        write_split(data, split, count, seed)
    small = ["--size", "64x64", "--batch-size", "16", "--device", "cpu", "--cache", "cache"]
    train = Work(
        "train",
        ["train", "data", "--out", "run", "--arch", "resnet18", "--from-scratch",
         "--epochs", "1", "2", *small],
        [data],
    )  # fmt: skip
    yield train
    yield Work(
        "experiment",
        ["experiment", "published", "data", "--out", "runs", "--limit", "32", "--arch",
         "resnet18", "--weights", "random", "--epochs", "2", "--seeds", "1", *small],
        [data],
    )  # fmt: skip
    whole = folder / "trained"
    train.begin(whole)
    ended = train.run(whole, folder / "said")
    if ended.code != 0:
        raise SystemExit(f"train does not work undisturbed: {ended.code} {ended.err}")
    yield Work(
        "export",
        ["export", "run", "--data", "data", "--out", "bundle", "--cache", "store"],
        [data, whole / "run"],
        {"bundle": _OLD},
    )


@contextmanager
def _publishing(folder: Path) -> Iterator[list[Work]]:
    """Commands that talk to a Hub."""
    from helpers.hub import WRITER, serving

    from facelens.bundles.find import embedded_folder
    from facelens.tasks import DEFAULT, TASKS

    bundle = folder / "bundle"
    shutil.copytree(embedded_folder(TASKS[DEFAULT].default), bundle)
    # A command that is killed hangs up in the middle of an answer.
    http.server.ThreadingHTTPServer.handle_error = lambda *_: None  # type: ignore[method-assign]
    with serving() as hub:
        owned = {
            "HF_ENDPOINT": hub.url,
            "HF_HOME": "hub",
            "HF_TOKEN": WRITER,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
        hub.files.update({f"my/faces/{path.name}": path.read_bytes() for path in bundle.iterdir()})

        def forget() -> None:
            hub.repos.clear()
            hub.large.clear()

        def pushed() -> Made:
            commits = [commit for repo in hub.repos.values() for commit in repo.commits]
            files = commits[-1][1] if commits else {}
            return {"commits": str(len(commits))} | {
                name: hashlib.sha256(data).hexdigest() for name, data in files.items()
            }

        push = ["push", "bundle", "my/network"]
        yield [
            Work("push", push, [bundle], environment=owned, reset=forget, elsewhere=pushed),
            Work("pull", ["pull", "my/faces", "mine"], [], {"mine": _OLD}, environment=owned),
        ]


def _photos(folder: Path, count: int) -> None:
    """Crops of noise, and one file that is no photo."""
    from PIL import Image

    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 256, (28, 23, 3), np.uint8)
        Image.fromarray(noise).resize((178, 218)).save(folder / f"{number:03}.png")
    (folder / "letter.jpg").write_text("not a photo")
