"""Parquet in the Hub's layout to a uint8 memory map, decoded once."""

import json
import logging
import queue
import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.torch_core import to_detach

from facelens import metrics
from facelens.bundles.session import cores
from facelens.data import parquet
from facelens.data.people import numbered
from facelens.errors import DataError, OutputError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.files import sha256_of, write_array, write_text
from facelens.training import processes

log = logging.getLogger(__name__)

KNOWN = "known.npy"  # only where a label is blank
PIXELS = CROP_HEIGHT * CROP_WIDTH * 3


@dataclass(frozen=True, eq=False)
class Store:
    """A split of a data set, decoded.

    `images`: uint8 (n, 218, 178, 3) RGB, a read-only memory map.
    `labels`: bool (n, attributes), false where blank. `people`: int64 (n,), who is on each picture.
    `targets`: float32 (n, attributes), what to learn where that is softer than the labels.
    `known`: bool (n, attributes), false where a label is blank; None if none is.
    """

    images: np.ndarray
    labels: np.ndarray
    people: np.ndarray
    paths: tuple[str, ...]
    names: tuple[str, ...]
    targets: np.ndarray | None = None
    known: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def blanks(self) -> int:
        """How many labels are blank."""
        return 0 if self.known is None else int((~self.known).sum())

    @property
    def rates(self) -> np.ndarray:
        """The share of yes of each attribute among the labels that there are; NaN if none is."""
        return metrics.of_known(metrics.mean, self.labels, known=self.known)

    def take(self, rows: np.ndarray | slice) -> "Store":
        """The same split, these rows only."""
        paths = tuple(np.asarray(self.paths, object)[rows])
        targets, known = (
            None if table is None else table[rows] for table in (self.targets, self.known)
        )
        return Store(
            self.images[rows], self.labels[rows], self.people[rows], paths, self.names, targets,
            known,
        )  # fmt: skip

    def only(self, names: Sequence[str]) -> "Store":
        """The same faces, these attributes only."""
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise DataError(f"The data has no attribute {unknown[0]!r}.")
        columns = [self.names.index(name) for name in names]
        targets, known = (
            None if table is None else table[:, columns] for table in (self.targets, self.known)
        )
        return replace(
            self, labels=self.labels[:, columns], names=tuple(names), targets=targets, known=known
        )


def split_files(data: Path | Sequence[Path], split: str) -> list[Path]:
    """The parquet files of `split` ("train", "valid", "test") under `data`, one folder or more."""
    if isinstance(data, list | tuple):
        having = [folder for folder in data if any(Path(folder).rglob(f"{split}-*.parquet"))]
        return [file for folder in having or data[:1] for file in split_files(folder, split)]
    files = sorted(Path(data).rglob(f"{split}-*.parquet"))  # type: ignore[arg-type]
    if not files:
        raise DataError(
            f"No {split}-*.parquet under {data}: fetch CelebA with `facelens download celeba DIR`."
        )
    return files


def open_store(data: Path, split: str, *, cache: Path, limit: int | None = None) -> Store:
    """Open `split` of the data set under `data`, decoding it into `cache` the first time.

    Args:
        data: folder of parquet files: a column `image` {bytes, path}, boolean columns, null where
            nobody knows, and optionally `celeb_id`.
        cache: folder for memory maps, 116 kB a picture.
        limit: take, and decode, only the first `limit` pictures.
    """
    files = split_files(data, split)
    key = sha256_of(
        json.dumps([[f.name, f.stat().st_size, f.stat().st_mtime_ns] for f in files]).encode()
    )[:12]
    folder = Path(cache) / f"{split}-{key}"
    if limit and not (folder / "meta.json").exists():
        folder = folder.with_name(f"{folder.name}-{limit}")
    if not (folder / "meta.json").exists():
        _decode(files, folder, limit)
    try:
        meta = json.loads((folder / "meta.json").read_text())
        shape = (meta["count"], CROP_HEIGHT, CROP_WIDTH, 3)
        store = Store(
            np.memmap(folder / "images.u8", np.uint8, "r", shape=shape),
            np.load(folder / "labels.npy"),
            np.load(folder / "people.npy"),
            tuple(meta["paths"]),
            tuple(meta["names"]),
            known=np.load(folder / KNOWN) if (folder / KNOWN).exists() else None,
        )
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise DataError(f"{folder} is damaged: remove it, and it is decoded again.") from error
    return store.take(slice(limit)) if limit else store


def _decode(files: list[Path], folder: Path, limit: int | None) -> None:
    """Decode a few hundred pictures at a time: all of CelebA's bytes would not fit in memory."""
    names = parquet.bool_columns(files[0])
    if not names:
        raise DataError(f"{files[0]} has no yes/no columns, of true and false.")
    count = sum(map(parquet.count, files))
    count = min(count, limit or count)
    log.info("Decoding %d pictures into %s (%.1f GB).", count, folder, count * PIXELS / 1e9)
    folder.mkdir(parents=True, exist_ok=True)
    # Writing to a map of a file on a full disk ends a process with no word.
    if shutil.disk_usage(folder).free < count * PIXELS:
        raise OutputError(
            f"{folder} needs {count * PIXELS / 1e9:.1f} GB for {count} decoded pictures, and its "
            "disk has less: make room, or name another folder by --cache or FACELENS_CACHE."
        )
    images = np.memmap(
        folder / "images.u8", np.uint8, "w+", shape=(count, CROP_HEIGHT, CROP_WIDTH, 3)
    )
    labels = np.empty((count, len(names)), bool)
    known = np.ones((count, len(names)), bool)
    people: list[object] = []
    paths: list[str] = []
    with ProcessPoolExecutor(cores()) as pool:
        for rows in _batches(files, names, count):
            start = len(paths)
            paths += [row.path for row in rows]
            for i, pixels in enumerate(pool.map(_pixels, rows, chunksize=64), start):
                images[i] = pixels
                said = [rows[i - start].values[name] for name in names]
                labels[i] = [bool(each) for each in said]
                known[i] = [each is not None for each in said]
            people += [row.values.get("celeb_id") for row in rows]
    images.flush()
    for name, values in (("labels", labels), ("people", numbered(people))):
        write_array(folder / f"{name}.npy", values)
    if not known.all():
        write_array(folder / KNOWN, known)
    # Written last: its presence says that the folder is whole.
    write_text(folder / "meta.json", json.dumps({"count": count, "names": names, "paths": paths}))


def _batches(files: list[Path], names: Sequence[str], count: int) -> Iterator[list[parquet.Row]]:
    """The first `count` rows of the files, some at a time."""
    every = (r for file in files for r in parquet.images(file, names, optional=["celeb_id"]))
    rows = islice(every, count)
    while batch := list(islice(rows, 512)):
        for row in batch:
            if row.missing:
                raise DataError(f"{row.path}: {row.missing}")
        yield batch


def _pixels(row: parquet.Row) -> np.ndarray:
    pixels = row.pixels("the data")
    if pixels.shape != (CROP_HEIGHT, CROP_WIDTH, 3):
        raise DataError(f"{row.path} is {pixels.shape[1]}x{pixels.shape[0]}, not a 178x218 crop.")
    return pixels


class Batches:
    """Shuffled batches of a `Store` as uint8 tensors, prefetched by one thread.

    Targets are float32, NaN where a label is blank: what is mixed with it is NaN too, and
    `callbacks.KnownLoss` leaves it out.

    The order depends on `seed` and `epoch` alone, so a resumed run sees what an unbroken one
    would have seen. Of several processes each reads its share: of every batch where they are
    shuffled, else of the whole. fastai iterates this in place of a DataLoader.
    """

    def __init__(
        self,
        store: Store,
        batch_size: int,
        *,
        shuffle: bool,
        seed: int = 0,
        prefetch: int = 4,
        rank: int | None = None,
        world: int | None = None,
    ) -> None:
        self.dataset, self.bs, self.shuffle, self.seed, self.prefetch = (
            store, batch_size, shuffle, seed, prefetch,
        )  # fmt: skip
        self.rank = processes.rank() if rank is None else rank
        self.world = processes.world() if world is None else world
        self.epoch = 0
        self.device = torch.device("cpu")

    @property
    def n(self) -> int:
        return len(self.dataset)

    def to(self, device: torch.device) -> "Batches":
        """Send batches to `device`."""
        self.device = torch.device(device)
        return self

    def to_detach(self, value: Any, cpu: bool = True, gather: bool = False) -> Any:  # noqa: ARG002
        """Keep fastai from waiting for the other processes after every batch."""
        return to_detach(value, cpu=cpu, gather=False)

    def __len__(self) -> int:
        return len(self._rows())

    def _rows(self) -> list[np.ndarray]:
        """The rows of each batch that are this process's, in the order in which they lie."""
        rows = np.arange(self.n)
        if not self.shuffle:
            mine = np.array_split(rows, self.world)[self.rank]
            return [mine[i : i + self.bs] for i in range(0, len(mine), self.bs)]
        np.random.default_rng((self.seed, self.epoch)).shuffle(rows)
        # An odd rest of a shuffled epoch is dropped: a batch of one breaks batch norm.
        whole = np.sort(rows[: self.n // self.bs * self.bs].reshape(-1, self.bs), 1)
        return list(np.split(whole, self.world, 1)[self.rank])

    def _targets(self, rows: np.ndarray) -> np.ndarray:
        """What to learn of some rows, float32 (rows, attributes), NaN where a label is blank."""
        store = self.dataset
        found = (store.labels if store.targets is None else store.targets)[rows]
        found = found.astype(np.float32)
        if store.known is not None:
            found[~store.known[rows]] = np.nan
        return found

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        ready: queue.Queue = queue.Queue(self.prefetch)
        stop = threading.Event()

        def read() -> None:
            try:
                for rows in self._rows():
                    if stop.is_set():
                        return
                    images = torch.from_numpy(np.ascontiguousarray(self.dataset.images[rows]))
                    if self.device.type == "cuda":  # only so does the copy run beside the network
                        images = images.pin_memory()
                    ready.put((images, torch.from_numpy(self._targets(rows))))
                ready.put(None)
            except Exception as error:  # noqa: BLE001  # raised again where it is seen
                ready.put(error)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        try:
            while (batch := ready.get()) is not None:
                if isinstance(batch, Exception):
                    raise batch
                yield tuple(part.to(self.device, non_blocking=True) for part in batch)
        finally:
            stop.set()
            while thread.is_alive():
                while not ready.empty():
                    ready.get_nowait()
                thread.join(0.01)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of several memory maps as one array, read when they are asked for."""

    parts: tuple[np.ndarray, ...]
    rows: np.ndarray
    shape: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", (len(self.rows), *self.parts[0].shape[1:]))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = np.atleast_1d(self.rows[index])
        found = np.empty((len(rows), *self.shape[1:]), np.uint8)
        start = 0
        for part in self.parts:
            here = (rows >= start) & (rows < start + len(part))
            found[here] = part[rows[here] - start]
            start += len(part)
        return found if np.ndim(self.rows[index]) else found[0]


def pick(stores: Sequence[Store], rows: np.ndarray) -> Store:
    """These rows of `stores` laid end to end, without reading a picture."""
    first = stores[0]
    paths = np.concatenate([np.asarray(store.paths, object) for store in stores])
    known = None
    if any(store.known is not None for store in stores):
        known = np.concatenate(
            [np.ones_like(s.labels) if s.known is None else s.known for s in stores]
        )[rows]
    return Store(
        Rows(tuple(store.images for store in stores), rows),  # type: ignore[arg-type]
        np.concatenate([store.labels for store in stores])[rows],
        np.concatenate([store.people for store in stores])[rows],
        tuple(paths[rows]),
        first.names,
        known=known,
    )
