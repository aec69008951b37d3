"""Tables of training runs: what a choice is worth, every configuration a run of its own.

A finished configuration is not trained again, a killed one goes on; the rows are one csv file,
its plot lies beside it.
"""

import datetime as dt
import json
import logging
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from facelens import metrics
from facelens.errors import DataError
from facelens.files import atomic_write, sha256_of, write_json, writing
from facelens.tables import read_records, write_records
from facelens.training import fit
from facelens.training.augment import normalise, plain
from facelens.training.callbacks import Preprocess
from facelens.training.data import Batches, Store, pick
from facelens.training.network import AttributeNetwork, imagenet_file
from facelens.training.recipe import Recipe, Stage, published
from facelens.training.run import open_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

Row = dict[str, str]
WEIGHTS = ("imagenet", "cached", "random")


SPLITS = {
    "apart": "official split: people apart",
    "shared": "the same faces, people shared",
    "random": "random 80/20, as published",
}

# Networks without batch norm bear smaller steps only.
_RATES = {"vgg16": 2e-4, "vgg19": 2e-4}
# Inception v3 shrinks smaller pictures to nothing.
_LEAST = {"inception_v3": (96, 80)}
_DRAWS = 1000
_COLUMNS = (
    "experiment", "name", "arch", "start", "attributes", "people", "split", "size",
    "train_images", "valid_images", "test_images", "epochs", "batch_size", "seed",
    "valid_accuracy", "valid_low", "valid_high", "valid_macro_ap", "majority",
    "test_accuracy", "test_low", "test_high", "test_macro_ap",
    "against", "difference", "difference_low", "difference_high",
    "seconds_a_step", "parameters", "latency_ms", "date", "machine",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """How large an experiment is; what is None, the experiment knows.

    `size`: height and width of the pictures. `limit`: so many training faces, and at most so many
    validation and test faces. `weights`: where networks start: "imagenet", "random", or "cached",
    from ImageNet where the weights are on this machine and from random ones elsewhere.
    """

    size: tuple[int, int] = (224, 192)
    limit: int | None = None
    epochs: int | None = None
    seeds: int | None = None
    batch_size: int = 64
    arch: str = "resnet50"
    weights: str = "imagenet"
    device: str | None = None


@dataclass(frozen=True)
class Trial:
    """One configuration of a table.

    `attributes`: those that are learnt, all if none is named. `people`: "all", "men" or "women"
    by the label Male. `split`: "official", or one of `SPLITS`. `augmentation`: settings of
    fastai's `aug_transforms`, or "facelens" or "none". `against`: the trial to compare with, on
    the same faces. `schedule`: "one-cycle" over all layers, or "published", frozen and then not.
    """

    name: str
    arch: str | None = None
    attributes: tuple[str, ...] = ()
    people: str = "all"
    split: str = "official"
    augmentation: str | dict[str, Any] = "facelens"
    against: str | None = None
    fine_maps: bool = True
    schedule: str = "one-cycle"
    head: str = "linear"


@dataclass(frozen=True)
class Experiment:
    """A table: what it asks, its configurations, its plot, how large it is as published."""

    name: str
    what: str
    trials: tuple[Trial, ...]
    draw: Callable[[Sequence[Row]], "Figure"]
    epochs: int = 1
    seeds: int = 1
    limit: int | None = None


@dataclass(frozen=True)
class Faces:
    """What a trial learns from, and what it is measured on."""

    train: Store
    valid: Store
    test: Store

    def counts(self) -> dict[str, int]:
        return {f"{split}_images": len(getattr(self, split)) for split in _SPLIT_NAMES}


_SPLIT_NAMES = ("train", "valid", "test")


def run(
    experiment: Experiment,
    faces: Faces,
    *,
    out: Path,
    table: Path | None = None,
    settings: Settings = Settings(),
) -> list[Row]:
    """Train and measure what is not done yet of `experiment`, and return its rows.

    Args:
        out: folder of the runs.
        table: where the csv goes, its plot beside it; by default OUT/NAME.csv.
    """
    name = experiment.name
    settings = replace(
        settings,
        limit=settings.limit or experiment.limit,
        epochs=settings.epochs or experiment.epochs,
        seeds=settings.seeds or experiment.seeds,
    )
    table = Path(table or Path(out) / f"{name}.csv")
    done: dict[tuple[str, int], Path] = {}
    rows: list[Row] = []
    for seed in range(settings.seeds or 1):
        for trial in experiment.trials:
            folder = _do(name, trial, faces, Path(out) / name, settings, seed)
            done[trial.name, seed] = folder
            row = json.loads((folder / "result.json").read_text())
            if trial.against and trial.against != trial.name:
                row |= difference(done[trial.against, seed], folder)
            rows.append({column: _text(row.get(column)) for column in _COLUMNS})
            _write(rows, table)
    _save(experiment.draw(rows), table.with_suffix(".png"))
    return rows


def read(table: Path | str) -> list[Row]:
    """The rows of a csv that `run` wrote."""
    return read_records(Path(table))


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 - NaN is not itself


def _write(rows: list[Row], table: Path) -> None:
    with writing(table):
        table.parent.mkdir(parents=True, exist_ok=True)
    write_records(table, rows, _COLUMNS)


def _save(figure: "Figure", path: Path) -> None:
    """Without the version of matplotlib, so that the same rows give the same file."""
    from matplotlib import pyplot as plt

    with atomic_write(path, keep_suffix=True) as draft:
        figure.savefig(draft, metadata={"Software": None})
    plt.close(figure)


# One trial


def _do(  # noqa: PLR0917 - called once
    experiment: str, trial: Trial, faces: Faces, out: Path, settings: Settings, seed: int
) -> Path:
    """Train and measure a trial, or what a kill has left of it, and return its folder."""
    chosen = choose(trial, faces, settings.limit)
    recipe = recipe_of(trial, settings, seed)
    start = start_of(recipe.arch, settings.weights)
    about = {
        "experiment": experiment,
        "trial": asdict(trial),
        "data": chosen.counts() | {"names": chosen.train.names, "faces": _digest(chosen)},
        "start": start,
    }
    key = sha256_of(json.dumps([recipe.asdict(), about]).encode())[:8]
    slug = "".join(c if c.isalnum() else "-" for c in trial.name.lower()).replace("--", "-")
    folder = out / f"{slug}-{seed}-{key}"
    if (folder / "result.json").exists():
        log.info("%s, seed %d, is done: %s", trial.name, seed, folder)
        return folder
    log.info("%s, seed %d: %d faces", trial.name, seed, len(chosen.train))
    steps: list[float] = []
    opened = open_run(folder, recipe, **about)
    network = fit.train(
        opened,
        chosen.train,
        chosen.valid,
        from_scratch=start == "random",
        device=settings.device,
        progress=False,
        pictures=lambda recipe, stage: Timed(recipe, stage, steps, trial.augmentation),
    )
    if trial.split in SPLITS:
        # The best epoch is chosen on the faces held out: a leak of its own.
        last = torch.load(folder / "last.pt", map_location="cpu", weights_only=True)
        network.load_state_dict(last["average"])
    answers = {
        split: answer(network, getattr(chosen, split), recipe) for split in ("valid", "test")
    }
    with atomic_write(folder / "answers.npz", keep_suffix=True) as draft:
        np.savez(
            draft,
            valid=answers["valid"], labels=chosen.valid.labels, people=chosen.valid.people,
            test=answers["test"],
        )  # fmt: skip
    rate = chosen.valid.labels.mean(0)
    row: dict[str, Any] = {
        "experiment": experiment,
        "name": trial.name,
        "arch": recipe.arch,
        "start": start,
        "attributes": " ".join(trial.attributes) or f"all {len(chosen.train.names)}",
        "people": trial.people,
        "split": trial.split,
        "size": "x".join(map(str, recipe.size)),
        **chosen.counts(),
        "epochs": sum(stage.epochs for stage in recipe.stages),
        "batch_size": recipe.batch_size,
        "seed": seed,
        "majority": round(float(np.maximum(rate, 1 - rate).mean()), 4),
        **_figures("valid", answers["valid"], chosen.valid),
        **_figures("test", answers["test"], chosen.test),
        "against": trial.against,
        "seconds_a_step": round(float(np.median(steps)), 4) if steps else None,
        "parameters": sum(p.numel() for p in network.parameters()),
        "latency_ms": round(1000 * latency(network, recipe.size), 2),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(settings.device),
    }
    # Written last, and whole: its presence says that all is done.
    write_json(folder / "result.json", row)
    (folder / "last.pt").unlink(missing_ok=True)  # four networks large, and nothing goes on
    log.info("%s, seed %d: %.1f %%", trial.name, seed, 100 * row["valid_accuracy"])
    return folder


def recipe_of(trial: Trial, settings: Settings, seed: int) -> Recipe:
    """How a trial is trained: by its schedule, no mixup, all else as `facelens train`."""
    arch = trial.arch or settings.arch
    least = _LEAST.get(arch, (0, 0))
    height, width = (max(pair) for pair in zip(settings.size, least, strict=True))
    if trial.schedule == "published":
        recipe = published(arch, size=(height, width), head=trial.head)
        frozen, unfrozen = recipe.stages
        total = settings.epochs or frozen.epochs + unfrozen.epochs
        first = max(1, round(total * frozen.epochs / (frozen.epochs + unfrozen.epochs)))
        return replace(
            recipe,
            stages=(replace(frozen, epochs=first), replace(unfrozen, epochs=total - first)),
            batch_size=settings.batch_size,
            seed=seed,
        )
    stage = Stage(
        settings.epochs or 1,
        frozen=False,
        rate=_RATES.get(arch, 1e-3),
        sizes=((0, height, width),),
    )
    recipe = Recipe(
        arch=arch,
        stages=(stage,),
        batch_size=settings.batch_size,
        mixup=0.0,
        seed=seed,
        fine_maps=trial.fine_maps,
    )
    if trial.augmentation == "none":
        still = dict.fromkeys(recipe.augmentation.asdict(), 0.0)
        return replace(recipe, augmentation=type(recipe.augmentation)(**still))
    return recipe


def start_of(arch: str, weights: str) -> str:
    """Whether a network starts from "ImageNet" or "random" weights."""
    if weights not in WEIGHTS:
        raise DataError(f"Networks do not start from {weights!r}, but {', '.join(WEIGHTS)}.")
    if weights == "cached":
        return "ImageNet" if imagenet_file(arch).is_file() else "random"
    return "ImageNet" if weights == "imagenet" else "random"


def machine(device: str | None) -> str:
    """What computed a row."""
    if device != "cpu" and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores"


def answer(network: AttributeNetwork, store: Store, recipe: Recipe) -> np.ndarray:
    """Probabilities float32 (n, attributes)."""
    device = next(network.parameters()).device
    network.eval()
    batches = Batches(store, 2 * recipe.batch_size, shuffle=False).to(device)
    with torch.no_grad():
        given = [torch.sigmoid(network(plain(crops, recipe.size))) for crops, _ in batches]
    return torch.cat(given).float().cpu().numpy()


def latency(network: AttributeNetwork, size: tuple[int, int], *, times: int = 15) -> float:
    """Median seconds in which one core, through PyTorch, answers for one picture."""
    network.to("cpu").eval()
    picture = torch.zeros(1, 3, *size).contiguous(memory_format=torch.channels_last)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    seconds = []
    try:
        with torch.no_grad():
            for _ in range(times + 2):
                began = time.thread_time()  # whatever else the machine does
                network(picture)
                seconds.append(time.thread_time() - began)
    finally:
        torch.set_num_threads(threads)
    return float(np.median(seconds[2:]))


def _figures(split: str, probabilities: np.ndarray, store: Store) -> dict[str, float]:
    right = ((probabilities >= 0.5) == store.labels).mean(1)
    low, high = metrics.interval(_resampled(right, store.people))
    precision = metrics.average_precision(probabilities, store.labels)
    known = precision[np.isfinite(precision)]
    return {
        f"{split}_accuracy": round(float(right.mean()), 4),
        f"{split}_low": round(low, 4),
        f"{split}_high": round(high, 4),
        f"{split}_macro_ap": round(float(known.mean()), 4) if len(known) else float("nan"),
    }


def difference(before: Path, after: Path) -> dict[str, float]:
    """How much more accurate `after` is than `before`, two done trials on the same faces.

    With the 95 % interval over people, both asked about the same.
    """
    with np.load(before / "answers.npz") as old, np.load(after / "answers.npz") as new:
        if not np.array_equal(old["people"], new["people"]):
            raise DataError(f"{before.name} and {after.name} were measured on different faces.")
        people = new["people"]
        was, now = (((f["valid"] >= 0.5) == f["labels"]).mean(1) for f in (old, new))
    low, high = metrics.interval(_resampled(now - was, people))
    return {
        "difference": round(float((now - was).mean()), 4),
        "difference_low": round(low, 4),
        "difference_high": round(high, 4),
    }


def _resampled(values: np.ndarray, people: np.ndarray) -> np.ndarray:
    weights = metrics.resample_people(people, draws=_DRAWS)
    return weights @ values / np.maximum(weights.sum(1), 1)


# Which faces


def choose(trial: Trial, faces: Faces, limit: int | None) -> Faces:
    """The faces of a trial: its people, its attributes, its split, at most `limit` of each."""
    stores = [_of(getattr(faces, split), trial.people) for split in _SPLIT_NAMES]
    if trial.attributes:
        stores = [store.only(trial.attributes) for store in stores]
    if trial.split == "official":
        return Faces(*(pick([store], np.arange(len(store))[:limit]) for store in stores))
    train, valid = split_people(stores[0], stores[1], trial.split, limit)
    return Faces(train, valid, pick(stores[2:], np.arange(len(stores[2]))[:limit]))


def _of(store: Store, people: str) -> Store:
    if people == "all":
        return store
    male = store.only(("Male",)).labels[:, 0]
    return pick([store], np.flatnonzero(male if people == "men" else ~male))


def split_people(train: Store, valid: Store, split: str, limit: int | None) -> tuple[Store, Store]:
    """Training faces and faces to measure on, by `split`; as many training faces in each.

    "apart" and "shared" are measured on the same faces: half of the pictures of each person of
    `valid`. "apart" has never seen these people. "shared" has seen the other half of their
    pictures in place of as many of others. "random" deals the pictures of both, whole
    people at a time where `limit` leaves some out, four to one, whoever is on them.
    """
    both, first = [train, valid], len(train)
    people = np.concatenate([train.people, valid.people])
    count = min(limit or len(people), len(train), int(0.8 * len(people)))
    rng = np.random.default_rng(0)
    if split == "random":
        pool = _whole_people(people, np.arange(len(people)), rng)[: round(count / 0.8)]
        pool = rng.permutation(pool)
        return pick(both, np.sort(pool[:count])), pick(both, np.sort(pool[count:]))
    held = _whole_people(people, np.arange(first, len(people)), rng)
    _, begin, of = np.unique(people[held], return_index=True, return_inverse=True)
    nth = np.arange(len(held)) - begin[of]
    alone = np.bincount(of)[of] == 1
    asked, seen = held[(nth % 2 == 0) & ~alone][: count // 2], held[nth % 2 == 1]
    seen = seen[np.isin(people[seen], people[asked])]
    others = _whole_people(people, np.arange(first), rng)
    learnt = others if split == "apart" else np.concatenate([seen, others])
    return pick(both, np.sort(learnt[:count])), pick(both, np.sort(asked))


def _whole_people(people: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`rows` by person, people in random order: what begins it holds all of most people."""
    _, of = np.unique(people[rows], return_inverse=True)
    order = rng.permutation(of.max() + 1 if len(rows) else 0)
    return rows[np.argsort(order[of], kind="stable")]


def _digest(faces: Faces) -> str:
    text = "\n".join(path for split in _SPLIT_NAMES for path in getattr(faces, split).paths)
    return sha256_of(text.encode())[:12]


# Pictures


class Timed(Preprocess):
    """Turn crops into pictures by Facelens' augmentation or fastai's; note each step's seconds."""

    def __init__(
        self,
        recipe: Recipe,
        stage: int,
        steps: list[float],
        augmentation: str | dict[str, Any] = "facelens",
    ) -> None:
        super().__init__(recipe, stage)
        self.steps, self.began = steps, 0.0
        self.change = fastai_augment(augmentation) if isinstance(augmentation, dict) else None

    def before_fit(self) -> None:
        self.learn.logger = lambda _: None  # without a progress bar fastai prints every epoch

    def before_epoch(self) -> None:
        super().before_epoch()
        # fastai draws from torch's own generator: an epoch begins the same in a resumed run.
        torch.manual_seed(self.draw.initial_seed())

    def before_train(self) -> None:
        self.began = 0.0

    def before_batch(self) -> None:
        self._tick()
        if self.change is None or not self.training:
            super().before_batch()
            return
        size = self.recipe.stages[self.stage].size(self.epoch)
        pictures = self.change(self.x, size)
        self.learn.xb = (pictures.contiguous(memory_format=torch.channels_last),)

    def after_train(self) -> None:
        self._tick()

    def _tick(self) -> None:
        """A step lasts from one batch to the next: reading, growing, learning."""
        if not self.learn.training:
            return
        now = time.perf_counter()
        if self.began:
            self.steps.append(now - self.began)
        self.began = now


def fastai_augment(how: dict[str, Any]) -> Callable[[Tensor, tuple[int, int]], Tensor]:
    """Do fastai's own `aug_transforms(**how)`, from crops uint8 (n, 218, 178, 3) to pictures."""
    from fastai.vision.augment import aug_transforms
    from fastai.vision.core import TensorImage

    transforms = aug_transforms(**how)

    def change(crops: Tensor, size: tuple[int, int]) -> Tensor:
        pixels = crops.permute(0, 3, 1, 2).float() / 255
        pixels = F.interpolate(pixels, size, mode="bilinear", align_corners=False)
        image = TensorImage(pixels)
        for transform in transforms:
            image = transform(image, split_idx=0)
        return normalise(Tensor(image.as_subclass(Tensor)).clamp(0, 1))

    return change


# Plots


# The tables
