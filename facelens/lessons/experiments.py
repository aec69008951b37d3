"""Lessons 4 to 6: the tables of training runs and their plots."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facelens.errors import DataError
from facelens.imagenet import MEAN, STD
from facelens.training import experiment
from facelens.training.augment import augment
from facelens.training.data import open_store
from facelens.training.experiment import recipe_of
from facelens.training.timed import fastai_augment
from facelens.training.trial import (
    SPLIT_NAMES,
    SPLITS,
    Experiment,
    Faces,
    Row,
    Settings,
    Trial,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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

    from facelens.lessons.plots import AMBER, GREY, TEAL

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

    from facelens.lessons.plots import GREY, TEAL

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
    from facelens.lessons import plots

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

    from facelens.lessons.plots import AMBER, GREY, INK, SERIES

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


EXPERIMENTS = {experiment.name: experiment for experiment in (
    Experiment(
        "architectures",
        "One epoch each of VGG16, VGG19, Inception v3 and ResNet50 on all attributes.",
        _architectures(("vgg16", "vgg19", "inception_v3", "resnet50")),
        pareto,
    ),
    Experiment(
        "men",
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
    Experiment(
        "augmentation",
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
    Experiment(
        "published",
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
    Experiment(
        "one_attribute",
        "One question at a time, with the people of training and test apart, shared, and dealt "
        "at random.",
        _one_attribute(),
        splits,
        epochs=5,
    ),
)}  # fmt: skip


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
    return Faces(*(open_store(data, split, cache=cache, limit=limit) for split in SPLIT_NAMES))


def run(name: str, faces: Faces, **options: Any) -> list[Row]:
    """Train and measure the experiment `name`; `options` as for `training.experiment.run`."""
    return experiment.run(find(name), faces, **options)
