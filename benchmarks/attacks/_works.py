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
from collections.abc import Callable, Iterator, Mapping
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


@dataclass
class Work:
    """A command and what belongs to it.

    `arguments`: with paths relative to the place where it runs. `given`: what lies there before,
    copied from these folders and files. `outputs`: names that it writes. `reset` and `made`: of
    what it writes elsewhere, make all as before, and tell what is there.
    """

    name: str
    arguments: list[str]
    given: list[Path]
    outputs: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    reset: Callable[[], None] = lambda: None
    elsewhere: Callable[[], Made] = dict

    def begin(self, place: Path, old: Mapping[str, Path] | None = None) -> None:
        """Make `place` as it is before the command, with `old` outputs."""
        place.mkdir()
        for path in self.given:
            (place / path.name).symlink_to(path)
        for name, path in (old or {}).items():
            (shutil.copytree if path.is_dir() else shutil.copy)(path, place / name)
        self.reset()

    def run(self, place: Path, said: Path, **options: Any) -> Ended:
        """Run the command in `place`; what it prints lies in `said`."""
        more = options.pop("first", None)

        def first() -> None:
            os.chdir(place)
            os.environ.update(self.environment)
            for name in [name for name in sys.modules if name.startswith("huggingface_hub")]:
                del sys.modules[name]  # it reads its settings when it is imported
            if more:
                more()

        return facelens(self.arguments, said, first=first, limit=900.0, **options)

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
def works(folder: Path) -> Iterator[list[Work]]:
    """Every command, on data that is made in `folder`; the Hub is a stand-in on this machine."""
    import torch
    from helpers.hub import WRITER, serving
    from helpers.toy import write_split

    torch.set_num_threads(1)
    data, photos = folder / "data", folder / "photos"
    data.mkdir()
    photos.mkdir()
    for split, count, seed in (("train", 32, 0), ("valid", 32, 1), ("test", 32, 2)):
        write_split(data, split, count, seed)
    _photos(photos, 70)
    small = ["--size", "64x64", "--batch-size", "16", "--device", "cpu", "--cache", "cache"]
    train = Work(
        "train",
        ["train", "data", "--out", "run", "--arch", "resnet18", "--from-scratch",
         "--epochs", "1", "2", *small],
        [data],
        ("run", "cache"),
    )  # fmt: skip
    whole, said = folder / "trained", folder / "said"
    said.mkdir()
    train.begin(whole)
    _check(train.run(whole, said))
    export = Work(
        "export",
        ["export", "run", "--data", "data", "--out", "bundle", "--cache", "store"],
        [data, whole / "run"],
        ("bundle", "store"),
    )
    bundled = folder / "exported"
    export.begin(bundled)
    _check(export.run(bundled, said))
    bundle = bundled / "bundle"
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

        yield [
            Work("label", ["label", "photos", "--aligned", "--workers", "1", "--out", "faces.csv"],
                 [photos], ("faces.csv", "faces.csv.errors.csv")),
            train,
            Work("experiment",
                 ["experiment", "published", "data", "--out", "runs", "--limit", "32", "--arch",
                  "resnet18", "--weights", "random", "--epochs", "2", "--seeds", "1", *small],
                 [data], ("runs", "cache")),
            export,
            Work("push", ["push", "bundle", "my/network"], [bundle], (), owned, forget, pushed),
            Work("pull", ["pull", "my/faces", "mine"], [], ("mine",), owned),
        ]  # fmt: skip


def _check(ended: Ended) -> None:
    if ended.code != 0:
        raise SystemExit(f"The attack cannot begin: {ended.code} {ended.err}")


def _photos(folder: Path, count: int) -> None:
    """Crops of noise, and one file that is no photo."""
    from PIL import Image

    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 256, (28, 23, 3), np.uint8)
        Image.fromarray(noise).resize((178, 218)).save(folder / f"{number:03}.png")
    (folder / "letter.jpg").write_text("not a photo")
