"""What lesson 11 and the documents draw of expressions."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from facelens.lessons.plots import AMBER, GREY, INK, TEAL, bars, pictures
from facelens.tasks.expression import figures
from facelens.tasks.expression.faces import Faces
from facelens.tasks.expression.names import NAMES
from facelens.tasks.expression.training.augment import augment, mix
from facelens.tasks.expression.training.ladder import LEVELS
from facelens.tasks.expression.training.run import ExpressionRun

Rows = Sequence[Mapping[str, str]]


def read(path: str | Path) -> list[dict[str, str]]:
    """The rows of a table of `benchmarks/expressions.py`; none where it is not written yet."""
    if not Path(path).is_file():
        return []
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def some(faces: Faces, each: int = 8, seed: int = 0) -> Figure:
    """A row of faces of each expression."""
    rng = np.random.default_rng(seed)
    chosen = [
        rng.permutation(np.flatnonzero(faces.labels == label))[:each] for label in range(len(NAMES))
    ]
    rows = np.concatenate(chosen)
    titles = [NAMES[label] for label in faces.labels[rows]]
    return pictures(list(faces.pictures[rows]), titles, columns=each, width=0.9)


def counts(faces: Faces) -> Figure:
    """Bars: how many faces of each expression there are."""
    number = np.bincount(faces.labels, minlength=len(NAMES))
    return bars(NAMES, number.tolist(), label=f"of {len(faces):,} faces")


def softmax_steps(logits: np.ndarray) -> Figure:
    """What softmax makes of seven logits: each to its power of e, then shared out."""
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.6), sharey=True)
    steps = (
        ("logits", logits),
        ("powers of e", np.exp(logits)),
        ("shares: they add up to 1", figures.softmax(logits[None])[0]),
    )
    for axis, (title, values) in zip(axes, steps, strict=True):
        axis.barh(NAMES, values, color=TEAL, height=0.7)
        axis.set_title(title)
        axis.grid(axis="y", visible=False)
    axes[0].invert_yaxis()
    return figure


def augmented(faces: Faces, row: int = 0, count: int = 15) -> Figure:
    """A face as it is, and as the network of rung 4 is trained on it; the last row is mixed."""
    draw, how = torch.Generator().manual_seed(1), LEVELS["ours"].augmentation
    same = torch.from_numpy(faces.pictures[[row] * count].copy())
    moved = augment(same, how, 48, draw)
    others = augment(torch.from_numpy(faces.pictures[: count + 1].copy()), how, 48, draw)
    mixed, _ = mix(others, torch.eye(len(others)), LEVELS["ours"].mixup, draw)
    shown = [faces.pictures[row], *moved[:, 0].numpy(), *mixed[:, 0].numpy()]
    return pictures(shown, columns=8, width=0.9)


def curves(runs: Mapping[str, ExpressionRun]) -> Figure:
    """The learning curves of several rungs: loss in training and on validation faces."""
    shown = {name: run.history for name, run in runs.items() if run.history}
    figure, axes = plt.subplots(
        1, len(shown), figsize=(2.9 * len(shown), 2.8), sharey=True, squeeze=False
    )
    for axis, (name, history) in zip(axes.flat, shown.items(), strict=True):
        epochs = [int(row["epoch"]) + 1 for row in history]
        axis.plot(epochs, [float(row["train_loss"]) for row in history], color=GREY)
        axis.plot(epochs, [float(row["valid_loss"]) for row in history], color=TEAL)
        axis.set(title=name, xlabel="epoch")
    axes[0, 0].set_ylabel("cross-entropy")
    axes[0, 0].legend(["training", "validation"])
    return figure


def confusion(answers: np.ndarray, labels: np.ndarray) -> Figure:
    """The confusion matrix: of a row's faces, the share that gets each answer."""
    table = figures.confusion(answers, labels)
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    figure, axis = plt.subplots(figsize=(5.4, 4.6))
    axis.imshow(shares, vmin=0, vmax=1)
    for row in range(len(NAMES)):
        for column in range(len(NAMES)):
            value = shares[row, column]
            axis.text(
                column, row, f"{100 * value:.0f}", ha="center", va="center",
                color="white" if value < 0.6 else INK, fontsize=9,
            )  # fmt: skip
    axis.set_xticks(range(len(NAMES)), NAMES, rotation=45, ha="right")
    axis.set_yticks(range(len(NAMES)), NAMES)
    axis.set(xlabel="answered", ylabel="labelled", title="shares in %")
    axis.grid(visible=False)
    return figure


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> Figure:
    """How often the first answer is right, by how sure it is."""
    sure, right = probabilities.max(1), probabilities.argmax(1) == labels
    bins = np.minimum((sure * 10).astype(int), 9)
    known = [b for b in range(10) if (bins == b).any()]
    figure, axis = plt.subplots(figsize=(4.2, 3.6))
    axis.plot([0, 1], [0, 1], color=GREY, lw=1)
    axis.plot(
        [sure[bins == b].mean() for b in known], [right[bins == b].mean() for b in known],
        "o-", color=TEAL,
    )  # fmt: skip
    axis.set(xlabel="says", ylabel="is right", xlim=(0, 1), ylim=(0, 1))
    return figure


def extremes(probabilities: np.ndarray, faces: Faces, count: int = 8) -> Figure:
    """The most certain faces that are right, the most certain that are wrong, the least certain."""
    sure, answers = probabilities.max(1), probabilities.argmax(1)
    right, order = answers == faces.labels, np.argsort(-sure)
    groups = (order[right[order]], order[~right[order]], order[::-1])
    chosen = [row for group in groups for row in group[:count]]
    titles = [f"{NAMES[answers[i]]} {sure[i]:.2f}\n({NAMES[faces.labels[i]]})" for i in chosen]
    return pictures(list(faces.pictures[chosen]), titles, columns=count, width=1.1)


def films(faces: Faces, people: int = 8, frames: int = 24, seed: int = 0) -> Faces:
    """Films made of still faces: each of several people shows each expression for some frames.

    A still is moved by up to two pixels, lit and grained from frame to frame, as one who keeps
    still before a camera. Who is on it is invented: FER2013 does not say.
    """
    rng = np.random.default_rng(seed)
    shots, labels, owners = [], [], []
    for label in range(len(NAMES)):
        stills = rng.permutation(np.flatnonzero((faces.labels == label) & ~faces.repeat))[:people]
        for person, still in enumerate(stills):
            for _ in range(frames):
                moved = np.roll(faces.pictures[still], rng.integers(-2, 3, 2), (0, 1)).astype(float)
                lit = moved * rng.uniform(0.85, 1.15) + rng.normal(0, 6, moved.shape)
                shots.append(np.clip(lit, 0, 255).astype(np.uint8))
                labels.append(label)
                owners.append(person)
    none = np.zeros(len(labels), bool)
    return Faces(np.stack(shots), np.array(labels), none, np.array(owners))


def split(film: Faces, *, by_person: bool, seed: int = 0) -> tuple[Faces, Faces]:
    """Three quarters of the frames to train on and the rest, by person or by chance."""
    rng = np.random.default_rng(seed)
    if by_person:
        people = rng.permutation(np.unique(film.people))
        held = np.isin(film.people, people[: len(people) // 4])
    else:
        held = rng.permutation(len(film)) < len(film) // 4
    return film.take(~held), film.take(held)


def ladder(rows: Rows) -> Figure:
    """Bars: accuracy of each rung with seven classes, mean of the seeds, a dot a seed."""
    levels = [name for name in LEVELS if any(row["level"] == name for row in rows)]
    levels = [name for name in levels if not LEVELS[name].yes_no]
    each = [
        [100 * float(row["accuracy"]) for row in rows if row["level"] == name] for name in levels
    ]
    figure, axis = plt.subplots(figsize=(9, 0.8 + 0.34 * max(len(levels), 1)))
    bars(
        [f"{LEVELS[name].rung}: {LEVELS[name].what}" for name in levels],
        [float(np.mean(values)) for values in each],
        label="% of test faces; a dot a seed; people reach 65 ± 5",
        axis=axis,
    )
    for place, values in enumerate(each):
        axis.plot(values, [place] * len(values), "o", color=AMBER, ms=4)
    axis.axvspan(60, 70, color=GREY, alpha=0.2, zorder=0)
    return figure


def table(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a ladder with what tells most, shares in per cent."""

    def percent(value: Any) -> str:
        return "" if value in ("", None) else f"{100 * float(value):.1f}"

    return [
        {
            "rung": row["rung"],
            "what": row["what"],
            "accuracy": percent(row["accuracy"]),
            "without repeats": percent(row["accuracy_without_repeats"]),
            "balanced": percent(row.get("balanced_accuracy")),
            "macro F1": percent(row.get("macro_f1")),
            "ECE": percent(row.get("ece")),
            "its floor": percent(row.get("ece_floor")),
            "weights": row["weights"],
            "minutes": row["minutes"],
        }
        for row in rows
    ]
