"""Measure how fast pictures come, beside fastai's ordinary way and beside no loading at all.

    python benchmarks/loader.py DATA

DATA holds CelebA's parquet files. "Loader alone" is what lies between the disk and a batch of
uint8 pictures in memory, shuffled, at their own size; "on the device" adds resizing, augmentation
and normalisation of the whole batch there. fastai's `DataBlock` does the same over the same crops
as JPEG files. A training step is that of the recipe, MobileNetV2 on 128 x 104 pixels; beside
it stands the same step on one batch that is on the device already, which is as fast as any loader
can be. Repeats of all ways are interleaved; the medians count. Pictures per second are by the
clock; beside them stands the time of the processor, workers and all, which tells the same on a
machine that has other work. A CPU computes on one thread. Writes benchmarks/results/loader.csv.
"""

import argparse
import csv
import datetime as dt
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.data.block import DataBlock
from fastai.data.core import DataLoaders
from fastai.data.transforms import Normalize, RandomSplitter, get_image_files
from fastai.learner import Learner
from fastai.vision.augment import aug_transforms
from fastai.vision.data import ImageBlock, MultiCategoryBlock
from measure import QUICK, RESULTS
from PIL import Image
from torch import nn

from facelens.files import cache_folder
from facelens.imagenet import MEAN, STD
from facelens.training.augment import Augmentation, augment
from facelens.training.callbacks import HalfPrecision
from facelens.training.data import Batches, Store, open_store
from facelens.training.network import build, parameter_groups

SIZE = (64, 52) if QUICK else (128, 104)
BATCH = 64

Way = Callable[[], int]


def write_jpegs(store: Store, folder: Path) -> None:
    for i, pixels in enumerate(store.images):
        Image.fromarray(pixels).save(folder / f"{i:06}.jpg", quality=90)


def ours(store: Store, device: torch.device, *, finished: bool) -> Way:
    draw = torch.Generator().manual_seed(0)
    batches = Batches(store, BATCH, shuffle=True).to(device)

    def read() -> int:
        batches.epoch += 1
        count = 0
        for images, _ in batches:
            if finished:
                augment(images, SIZE, Augmentation(), draw)
            count += len(images)
        return count

    return read


def fastais(
    store: Store, folder: Path, device: torch.device, workers: int, *, finished: bool
) -> Way:
    names = np.array(store.names)

    def labels(path: Path) -> list:  # fastai cannot read list[str]
        return list(names[store.labels[int(path.stem)]])

    last = [*aug_transforms(size=SIZE, max_warp=0.0), Normalize.from_stats(MEAN, STD)]
    loaders = DataBlock(
        (ImageBlock, MultiCategoryBlock(vocab=list(names))),
        get_items=get_image_files,
        splitter=RandomSplitter(0.0),
        get_y=labels,
        batch_tfms=last if finished else None,
    ).dataloaders(folder, bs=BATCH, num_workers=workers, device=device)
    if not finished:  # even the change from bytes to floats comes later
        loaders.train.after_batch.fs.clear()
    return lambda: sum(len(images) for images, _ in loaders.train)


class Prepare(Callback):
    """Do to the batch what training does."""

    order = 0

    def __init__(self) -> None:
        self.draw = torch.Generator().manual_seed(0)

    def before_batch(self) -> None:
        pictures = augment(self.x, SIZE, Augmentation(), self.draw)
        self.learn.xb = (pictures.contiguous(memory_format=torch.channels_last),)


class Already:
    """The same batch again and again, on the device from the start."""

    def __init__(self, batch: tuple[torch.Tensor, ...], count: int, dataset: Store) -> None:
        self.batch, self.count, self.dataset = batch, count, dataset

    def to(self, _: torch.device) -> "Already":
        return self

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        return iter([self.batch] * self.count)


def steps(store: Store, device: torch.device) -> dict[str, Way]:
    """The same network trained from both sources: two networks differ by where they lie."""
    batches = Batches(store, BATCH, shuffle=True).to(device)
    one = next(iter(batches))
    network = build("mobilenet_v2", len(store.names), from_scratch=True).to(device)
    network.to(memory_format=torch.channels_last)

    def training(source: Any) -> Way:
        learn = Learner(
            DataLoaders(source, Already(one, 0, store), device=device),
            network,
            loss_func=nn.BCEWithLogitsLoss(),
            splitter=lambda net: list(parameter_groups(net)),
            cbs=[Prepare(), HalfPrecision()],
        )
        learn.remove_cb(learn.progress)
        learn.create_opt()

        def train() -> int:
            with learn.no_logging():
                learn.fit(1, 1e-4)
            return len(source) * BATCH

        return train

    return {
        "Batches": training(batches),
        "one batch, on the device already": training(Already(one, len(batches), store)),
    }


def processor() -> float:
    """Seconds of all cores that this process and its finished workers have had."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def cost(way: Way, device: torch.device) -> tuple[float, float]:
    """Seconds a picture: by the clock, and of the processor."""
    started, used = time.perf_counter(), processor()
    count = way()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - started) / count, (processor() - used) / count


def compare(
    ways: dict[str, Way], repeats: int, device: torch.device
) -> dict[str, tuple[float, float]]:
    """Median costs of each way, in turns after one round to warm up."""
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for turn in range(1 + repeats):
        # To and fro, so that no way always comes after the same other one.
        for name, way in list(ways.items())[:: 1 if turn % 2 else -1]:
            costs[name].append(cost(way, device))
            print(f"{name}: {1 / costs[name][-1][0]:.0f} pictures per second", flush=True)
    return {
        name: tuple(statistics.median(column) for column in zip(*values[1:], strict=True))
        for name, values in costs.items()
    }


def table(
    measured: dict[str, dict[str, tuple[float, float]]], pictures: dict[str, int]
) -> list[dict[str, Any]]:
    """One row a way; a ratio of 5 says that it costs 5 times what `Batches` costs."""
    return [
        {
            "what": what,
            "way": name,
            "pictures": pictures[what],
            "pictures_per_second": round(1 / clock, 1),
            "ratio": round(clock / values["Batches"][0], 3),
            "processor_ms": round(1000 * used, 3),
            "processor_ratio": round(used / values["Batches"][1], 3),
        }
        for what, values in measured.items()
        for name, (clock, used) in values.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=2000, help="crops to load")
    parser.add_argument("--trained", type=int, default=128, help="crops to train on")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--cache", type=Path, default=cache_folder())
    parser.add_argument("--no-file", action="store_true", help="print the rows, write no file")
    args = parser.parse_args()
    device = torch.device(args.device)
    torch.set_num_threads(1)
    store = open_store(args.data, "train", cache=args.cache, limit=args.limit)
    few = store.take(slice(args.trained))
    measured = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_jpegs(store, folder)
        for what, finished in (("loader alone", False), ("ready for the network", True)):
            ways = {"Batches": ours(store, device, finished=finished)}
            for workers in (0, 2)[: 1 if QUICK else 2]:
                ways[f"fastai DataBlock over JPEG, num_workers={workers}"] = fastais(
                    store, folder, device, workers, finished=finished
                )
            measured[what] = compare(ways, args.repeats, device)
    turns = args.repeats if QUICK else 4 * args.repeats
    measured["training step"] = compare(steps(few, device), turns, device)
    stamp = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": torch.cuda.get_device_name()
        if device.type == "cuda"
        else f"{platform.machine()} {platform.system()}, 1 thread",
        "torch": torch.__version__,
    }
    counts = {what: len(store) for what in measured} | {"training step": len(few)}
    rows = [{**stamp, **row} for row in table(measured, counts)]
    for row in rows:
        print(row)
    if not args.no_file:
        with (RESULTS / "loader.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
