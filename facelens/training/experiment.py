"""Tables of training runs: what a choice is worth, every configuration a run of its own.

A finished configuration is not trained again, a killed one goes on; the rows are one csv file,
its plot lies beside it.
"""

import csv
import datetime as dt
import hashlib
import json
import logging
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from facelens import metrics
from facelens.errors import DataError, OutputError
from facelens.stem import MEAN, STD
from facelens.training import learn, recipes
from facelens.training.augment import augment, normalise, plain
from facelens.training.data import Batches, Store, open_store
from facelens.training.network import AttributeNetwork, imagenet_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

Row = dict[str, str]
WEIGHTS = ("imagenet", "cached", "random")

# What fastai's `aug_transforms` does if nobody says otherwise.
FASTAI = {"max_rotate": 10.0, "max_zoom": 1.1, "max_lighting": 0.2, "max_warp": 0.2}

# Published accuracies in percent, ResNet50 from ImageNet after five epochs on a random four
# fifths of CelebA.
PUBLISHED = {
    "Attractive, women": 83.3,
    "Attractive, men": 79.7,
    "Bags_Under_Eyes": 84.4,
    "Mouth_Slightly_Open": 95.0,
}
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
    """A table: what it asks, its configurations, how large it is as published, its plot."""

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


def names() -> dict[str, str]:
    """The experiments there are, and what each asks."""
    return {name: experiment.what for name, experiment in EXPERIMENTS.items()}


def find(name: str) -> Experiment:
    """The experiment called `name`."""
    if name not in EXPERIMENTS:
        raise DataError(f"There is no experiment {name!r}; there are {', '.join(EXPERIMENTS)}.")
    return EXPERIMENTS[name]


def open_faces(name: str, data: Path, *, cache: Path, limit: int | None = None) -> Faces:
    """The splits under `data`; where few faces are wanted, no more than `name` chooses from."""
    experiment = find(name)
    limit = limit or experiment.limit
    if limit and any(t.people != "all" or t.split != "official" for t in experiment.trials):
        limit *= 4
    return Faces(*(open_store(data, split, cache=cache, limit=limit) for split in _SPLIT_NAMES))


def run(
    name: str,
    faces: Faces,
    *,
    out: Path,
    table: Path | None = None,
    settings: Settings = Settings(),
) -> list[Row]:
    """Train and measure what is not done yet of the experiment `name`, and return its rows.

    Args:
        out: folder of the runs.
        table: where the csv goes, its plot beside it; by default `out`/`name`.csv.
    """
    experiment = find(name)
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
    try:
        with Path(table).open(newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise DataError(f"{table} cannot be read: {error.strerror}.") from error


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 - NaN is not itself


def _write(rows: list[Row], table: Path) -> None:
    try:
        table.parent.mkdir(parents=True, exist_ok=True)
        with table.open("w", newline="") as file:
            writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise OutputError(f"{table} cannot be written: {error.strerror}.") from error


def _save(figure: "Figure", path: Path) -> None:
    """Without the version of matplotlib, so that the same rows give the same file."""
    from matplotlib import pyplot as plt

    figure.savefig(path, metadata={"Software": None})
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
    key = hashlib.sha256(json.dumps([recipe.asdict(), about]).encode()).hexdigest()[:8]
    slug = "".join(c if c.isalnum() else "-" for c in trial.name.lower()).replace("--", "-")
    folder = out / f"{slug}-{seed}-{key}"
    if (folder / "result.json").exists():
        log.info("%s, seed %d, is done: %s", trial.name, seed, folder)
        return folder
    log.info("%s, seed %d: %d faces", trial.name, seed, len(chosen.train))
    steps: list[float] = []
    opened = learn.open_run(folder, recipe, **about)
    network = learn.train(
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
    np.savez(
        folder / "answers.npz",
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
    partial = folder / "result.json.part"
    partial.write_text(json.dumps(row, indent=1) + "\n")
    partial.replace(folder / "result.json")
    (folder / "last.pt").unlink(missing_ok=True)  # four networks large, and nothing goes on
    log.info("%s, seed %d: %.1f %%", trial.name, seed, 100 * row["valid_accuracy"])
    return folder


def recipe_of(trial: Trial, settings: Settings, seed: int) -> learn.Recipe:
    """How a trial is trained: by its schedule, no mixup, all else as `facelens train`."""
    arch = trial.arch or settings.arch
    least = _LEAST.get(arch, (0, 0))
    height, width = (max(pair) for pair in zip(settings.size, least, strict=True))
    if trial.schedule == "published":
        published = recipes.published(arch, size=(height, width), head=trial.head)
        frozen, unfrozen = published.stages
        total = settings.epochs or frozen.epochs + unfrozen.epochs
        first = max(1, round(total * frozen.epochs / (frozen.epochs + unfrozen.epochs)))
        return replace(
            published,
            stages=(replace(frozen, epochs=first), replace(unfrozen, epochs=total - first)),
            batch_size=settings.batch_size,
            seed=seed,
        )
    stage = learn.Stage(
        settings.epochs or 1,
        frozen=False,
        rate=_RATES.get(arch, 1e-3),
        sizes=((0, height, width),),
    )
    recipe = learn.Recipe(
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


def answer(network: AttributeNetwork, store: Store, recipe: learn.Recipe) -> np.ndarray:
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
    return Store(
        Rows(tuple(store.images for store in stores), rows),  # type: ignore[arg-type]
        np.concatenate([store.labels for store in stores])[rows],
        np.concatenate([store.people for store in stores])[rows],
        tuple(paths[rows]),
        first.names,
    )


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
    return hashlib.sha256(text.encode()).hexdigest()[:12]


# Pictures


class Timed(learn.Pictures):
    """Turn crops into pictures by Facelens' augmentation or fastai's; note each step's seconds."""

    def __init__(
        self,
        recipe: learn.Recipe,
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


def variants(
    crop: np.ndarray,
    *,
    name: str = "augmentation",
    count: int = 8,
    size: tuple[int, int] = (160, 128),
) -> "Figure":
    """One face as each configuration of the table `name` shows it to the network."""
    from matplotlib import pyplot as plt

    trials = find(name).trials
    crops = torch.from_numpy(np.array(crop)[None].repeat(count, 0))
    figure, axes = plt.subplots(
        len(trials), count, figsize=(1.05 * count, 1.4 * len(trials)), squeeze=False
    )
    for row, trial in zip(axes, trials, strict=True):
        torch.manual_seed(0)
        if isinstance(trial.augmentation, dict):
            pictures = fastai_augment(trial.augmentation)(crops, size)
        else:
            how = recipe_of(trial, Settings(), 0).augmentation
            pictures = augment(crops, size, how, torch.Generator().manual_seed(0))
        pixels = pictures * torch.tensor(STD).view(3, 1, 1) + torch.tensor(MEAN).view(3, 1, 1)
        for axis, picture in zip(row, pixels.clamp(0, 1), strict=True):
            axis.imshow(picture.permute(1, 2, 0).numpy())
            axis.axis("off")
        row[0].set_title(trial.name, fontsize=9, loc="left")
    return figure


def table(rows: Sequence[Row], *columns: str) -> "pd.DataFrame":
    """Some columns of the rows, or those that tell most, to look at."""
    import pandas as pd

    shown = columns or (
        "name", "start", "size", "train_images", "epochs", "valid_accuracy", "majority",
        "seconds_a_step", "parameters", "latency_ms",
    )  # fmt: skip
    frame = pd.DataFrame(rows)[list(shown)]
    return frame.apply(lambda column: pd.to_numeric(column, errors="coerce").fillna(column))


def about(rows: Sequence[Row]) -> str:
    """The sizes of an experiment, in a line for a plot."""

    def span(column: str) -> str:
        values = sorted({row[column] for row in rows}, key=lambda value: (len(value), value))
        return values[0] if len(values) == 1 else f"{values[0]} to {values[-1]}"

    epochs = span("epochs")
    return (
        f"{span('train_images')} training faces of {span('size')} px, "
        f"{epochs} {'epoch' if epochs == '1' else 'epochs'}"
    )


def pareto(rows: Sequence[Row]) -> "Figure":
    """Accuracy against the time for one picture; a line joins what nothing beats in both."""
    from matplotlib import pyplot as plt

    from facelens.training.plots import AMBER, GREY, TEAL

    figure, axis = plt.subplots(figsize=(7, 4.4))
    points = sorted((float(row["latency_ms"]), -_percent(row, "valid_accuracy")) for row in rows)
    best = [p for i, p in enumerate(points) if all(p[1] < q[1] for q in points[:i])]
    axis.plot([x for x, _ in best], [-y for _, y in best], color=GREY, zorder=1)
    for row in rows:
        x, y = float(row["latency_ms"]), _percent(row, "valid_accuracy")
        colour = TEAL if row["start"] == "ImageNet" else AMBER
        _whisker(axis, (x, y), row, colour)
        axis.annotate(row["name"], (x, y), xytext=(6, 6), textcoords="offset points", fontsize=9)
    starts = {"ImageNet": TEAL, "random": AMBER}
    for start in sorted({row["start"] for row in rows}):
        axis.plot([], [], "o", color=starts[start], label=f"starts from {start} weights")
    majority = float(np.mean([_percent(row, "majority") for row in rows]))
    axis.axhline(majority, color=GREY, linestyle=":", label="always the commoner answer")
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter("{x:g}")
    axis.margins(x=0.2)
    axis.set_xlabel("milliseconds for one picture on one CPU core (PyTorch)")
    axis.set_ylabel("validation accuracy, %")
    axis.set_title(f"{_question(rows[0])}: {about(rows)}", fontsize=10)
    axis.legend(loc="best", fontsize=8)
    return figure


def seeds(rows: Sequence[Row]) -> "Figure":
    """Mean accuracy of each configuration, a bar of one standard deviation, a dot a seed."""
    from matplotlib import pyplot as plt

    from facelens.training.plots import GREY, TEAL

    order = list(dict.fromkeys(row["name"] for row in rows))
    figure, axis = plt.subplots(figsize=(7, 0.9 + 0.4 * len(order)))
    for y, name in enumerate(order):
        found = np.array([_percent(row, "valid_accuracy") for row in rows if row["name"] == name])
        axis.plot(found, np.full(len(found), y), "o", color=GREY, markersize=4)
        spread = found.std(ddof=1) if len(found) > 1 else 0.0
        axis.errorbar(found.mean(), y, xerr=spread, fmt="D", color=TEAL, capsize=4)
    axis.set_yticks(range(len(order)), order)
    axis.invert_yaxis()
    axis.set_xlabel("validation accuracy, %: a dot a seed, their mean and standard deviation")
    axis.set_title(f"{_question(rows[0])}: {about(rows)}", fontsize=10)
    return figure


def heads(rows: Sequence[Row]) -> "Figure":
    """Accuracy of each configuration on validation faces, with its 95 % interval."""
    from facelens.training import plots

    figure = plots.bars(
        [row["name"] for row in rows],
        [_percent(row, "valid_accuracy") for row in rows],
        errors=[(_percent(row, "valid_low"), _percent(row, "valid_high")) for row in rows],
        label="validation accuracy, %",
    )
    axis = figure.axes[0]
    majority = _percent(rows[0], "majority")
    axis.axvline(majority, color=plots.GREY, linestyle=":", label="always the commoner answer")
    axis.set_xlim(majority - 1, None)
    axis.set_title(f"{rows[0]['arch']} from {rows[0]['start']}: {about(rows)}", fontsize=10)
    axis.legend(fontsize=8, loc="lower right")
    return figure


def splits(rows: Sequence[Row]) -> "Figure":
    """Accuracy on held-out faces by split, and what seeing the people beforehand adds."""
    from matplotlib import pyplot as plt

    from facelens.training.plots import AMBER, GREY, INK, SERIES

    tasks = list(dict.fromkeys(_question(row) for row in rows))
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 1.2 + 0.75 * len(tasks)), sharey=True, width_ratios=(3, 2)
    )
    for row in rows:
        kind = list(SPLITS).index(row["split"])
        y = tasks.index(_question(row)) + 0.22 * (kind - 1)
        low, high = _percent(row, "valid_low"), _percent(row, "valid_high")
        value = _percent(row, "valid_accuracy")
        reach = [[value - low], [high - value]]
        left.errorbar(value, y, xerr=reach, fmt="o", color=SERIES[kind], capsize=2)
        if row["difference"]:
            value, low, high = (_percent(row, f"difference{end}") for end in ("", "_low", "_high"))
            reach = [[value - low], [high - value]]
            right.errorbar(value, y, xerr=reach, fmt="o", color=SERIES[kind], capsize=2)
    for y, task in enumerate(tasks):
        if task in PUBLISHED:
            left.plot(PUBLISHED[task], y, "|", color=INK, markersize=26)
        majority = np.mean([_percent(row, "majority") for row in rows if _question(row) == task])
        left.plot(majority, y, "|", color=GREY, markersize=26)
    for kind, label in enumerate(SPLITS.values()):
        left.plot([], [], "o", color=SERIES[kind], label=label)
    left.plot([], [], "|", color=INK, markersize=10, label="published")
    left.plot([], [], "|", color=GREY, markersize=10, label="always the commoner answer")
    left.set_yticks(range(len(tasks)), tasks)
    left.set_ylim(len(tasks) - 0.5, -0.5)
    left.set_xlabel("accuracy on held-out faces, %")
    right.axvline(0, color=AMBER, linewidth=1)
    right.set_xlabel("shared minus apart, points")
    left.set_title(about(rows), fontsize=10)
    right.set_title("What leakage adds", fontsize=10)
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8
    )
    return figure


def _whisker(axis: "Axes", at: tuple[float, float], row: Row, colour: str) -> None:
    x, y = at
    reach = [[y - _percent(row, "valid_low")], [_percent(row, "valid_high") - y]]
    axis.errorbar(x, y, yerr=reach, fmt="o", color=colour, ecolor=colour, alpha=0.9, capsize=2)


def _percent(row: Row, column: str) -> float:
    return 100 * float(row[column])


def _question(row: Row) -> str:
    return row["attributes"] + ("" if row["people"] == "all" else f", {row['people']}")


# The tables


def _architectures(archs: Sequence[str], **rest: Any) -> tuple[Trial, ...]:
    return tuple(Trial(arch, arch=arch, fine_maps=False, **rest) for arch in archs)


def _one_attribute() -> tuple[Trial, ...]:
    return tuple(
        Trial(
            f"{attribute}, {people}, {split}",
            attributes=(attribute,),
            people=people,
            split=split,
            against=f"{attribute}, {people}, apart" if split == "shared" else None,
        )
        for attribute, people in (
            ("Attractive", "women"),
            ("Attractive", "men"),
            ("Bags_Under_Eyes", "all"),
            ("Mouth_Slightly_Open", "all"),
        )
        for split in SPLITS
    )


EXPERIMENTS = {
    "architectures": Experiment(
        "One epoch each of VGG16, VGG19, Inception v3 and ResNet50 on all attributes.",
        _architectures(("vgg16", "vgg19", "inception_v3", "resnet50")),
        pareto,
    ),
    "men": Experiment(
        "Six networks on Attractive, as annotators clicked it, on the faces labelled Male.",
        _architectures(
            ("resnet18", "resnet34", "resnet50", "mobilenet_v2", "efficientnet_b0",
             "convnext_tiny"),
            attributes=("Attractive",),
            people="men",
        ),
        pareto,
        epochs=5,
    ),
    "augmentation": Experiment(
        "fastai's augmentation with one thing changed at a time, over three seeds.",
        tuple(
            Trial(name, augmentation=how, against="fastai's default")
            for name, how in (
                ("fastai's default", FASTAI),
                ("no warp", FASTAI | {"max_warp": 0.0}),
                ("no zoom", FASTAI | {"max_zoom": 1.0}),
                ("lighting 40 %", FASTAI | {"max_lighting": 0.4}),
                ("rotation 20°", FASTAI | {"max_rotate": 20.0}),
                ("Facelens' default", "facelens"),
                ("none at all", "none"),
            )
        ),
        seeds,
        epochs=5,
        seeds=3,
        limit=5000,
    ),
    "published": Experiment(
        "4 epochs frozen and 10 unfrozen at 1e-2 on 5,000 faces, with our head and with fastai's.",
        (
            Trial("one linear layer", schedule="published"),
            Trial("fastai's head", schedule="published", head="fastai", fine_maps=False,
                  against="one linear layer"),
        ),
        heads,
        epochs=14,
        limit=5000,
    ),
    "one_attribute": Experiment(
        "One question at a time, with the people of training and test apart, shared, and dealt "
        "at random.",
        _one_attribute(),
        splits,
        epochs=5,
    ),
}  # fmt: skip
