"""What lesson 13 computes and draws: three dense layers, embeddings, thresholds, strangers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import nn

from facelens.data import parquet
from facelens.errors import BundleError
from facelens.faces import find_faces
from facelens.lessons.lesson import Lesson
from facelens.lessons.plots import AMBER, GREY, TEAL
from facelens.photo import read_photo
from facelens.tasks import load_model
from facelens.tasks.identity.curves import mean_of
from facelens.tasks.identity.recogniser import open_recogniser
from facelens.training.augment import plain
from facelens.training.network import build

SIZE = (160, 128)
EPOCHS = 3
_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class People:
    """Aligned faces uint8 (n, 218, 178, 3) and who is on each, int (n,), from 0."""

    crops: np.ndarray
    who: np.ndarray

    def __len__(self) -> int:
        return len(self.who)

    def take(self, rows: np.ndarray) -> "People":
        """Some of the faces."""
        return People(self.crops[rows], self.who[rows])


def read(here: Lesson, people: int, photos: int) -> People:
    """Faces of `people` people, at most `photos` of each.

    From people/ beside CelebA's folder if it is there, else of those of CelebA's training faces of
    whom there are most.
    """
    folder = here.data.parent / "people"
    file = folder / "train-00000-of-00001.parquet"
    if not file.is_file():
        return most_seen(here.train.images, here.train.people, people, photos)
    rows = list(parquet.images(file, ["person"]))
    names = sorted({str(row.values["person"]) for row in rows})[:people]
    crops, who = [], []
    for i, name in enumerate(names):
        for row in [row for row in rows if row.values["person"] == name][:photos]:
            faces = find_faces(read_photo(row.data, name=row.path))
            if faces:
                crops.append(faces[0].crop)
                who.append(i)
    return People(np.stack(crops), np.array(who))


def most_seen(crops: np.ndarray, people: np.ndarray, count: int, photos: int) -> People:
    """Of aligned faces those of the `count` people with the most, at most `photos` of each."""
    found, numbers = np.unique(people, return_counts=True)
    chosen = found[np.argsort(-numbers, kind="stable")[:count]]
    rows = [np.flatnonzero(people == person)[:photos] for person in chosen]
    who = np.repeat(np.arange(len(chosen)), [len(each) for each in rows])
    return People(crops[np.concatenate(rows)], who)


def split(people: People, share: float = 0.3, seed: int = 0) -> tuple[People, People]:
    """Faces to learn from, and a share of each person's held out."""
    rng, held = np.random.default_rng(seed), np.zeros(len(people), bool)
    for person in np.unique(people.who):
        mine = rng.permutation(np.flatnonzero(people.who == person))
        held[mine[: max(round(share * len(mine)), 1)]] = True
    return people.take(np.flatnonzero(~held)), people.take(np.flatnonzero(held))


def frozen(people: People, *, from_scratch: bool = False) -> torch.Tensor:
    """The last maps of MobileNetV2's ImageNet body, which stays as it is, flat, float (n, d)."""
    torch.manual_seed(0)
    body = build("mobilenet_v2", 1, from_scratch=from_scratch, fine_maps=False).body.eval()
    pictures = plain(torch.from_numpy(people.crops), SIZE)
    with torch.inference_mode():
        found = torch.cat([body(part).flatten(1) for part in pictures.split(_AT_ONCE)])
    return found.clone()


def dense(
    learnt: tuple[torch.Tensor, People],
    held: tuple[torch.Tensor, People],
    *,
    epochs: int = EPOCHS,
    drop: float = 0.0,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Train three dense layers on features; a row an epoch: shares right of both parts."""
    torch.manual_seed(seed)
    count = int(max(learnt[1].who.max(), held[1].who.max())) + 1
    head = nn.Sequential(
        nn.Linear(learnt[0].shape[1], 256), nn.ReLU(), nn.Dropout(drop),
        nn.Linear(256, 128), nn.ReLU(), nn.Dropout(drop), nn.Linear(128, count),
    )  # fmt: skip
    optimizer = torch.optim.Adam(head.parameters(), 1e-3)
    answers = torch.from_numpy(learnt[1].who)
    rows = []
    for epoch in range(epochs):
        head.train()
        for part in torch.randperm(len(answers)).split(8):
            loss = nn.functional.cross_entropy(head(learnt[0][part]), answers[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        head.eval()
        with torch.no_grad():
            train, valid = (
                float((head(seen).argmax(1).numpy() == people.who).mean())
                for seen, people in (learnt, held)
            )
        rows.append({"epoch": epoch + 1, "training": train, "validation": valid})
    return rows


def history_figure(histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Shares right by epoch, in training and in validation."""
    figure, axes = plt.subplots(
        1, len(histories), figsize=(3.4 * len(histories), 2.8), sharey=True, squeeze=False
    )
    for axis, (name, rows) in zip(axes.flat, histories.items(), strict=True):
        epochs = [row["epoch"] for row in rows]
        axis.plot(epochs, [row["training"] for row in rows], "o-", color=GREY)
        axis.plot(epochs, [row["validation"] for row in rows], "o-", color=TEAL)
        axis.set(title=name, xlabel="epoch", ylim=(0, 1.02))
    axes[0, 0].set_ylabel("share right")
    axes[0, 0].legend(["training", "validation"])
    return figure


def embed(crops: np.ndarray) -> tuple[str, np.ndarray]:
    """Unit embeddings float32 (n, d) of crops, and by what.

    By the recogniser that is here; without one by the forty answers of the network that comes with
    Facelens, brought to a mean of 0: a face in forty words.
    """
    try:
        network = open_recogniser(None, lambda name: load_model(name, task="identity"))
    except BundleError:
        answers = load_model().predict(crops)
        table = np.stack([each.logits for each in answers]).astype(np.float64)
        table -= table.mean(0)
        lengths = np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
        return "forty attributes", (table / lengths).astype(np.float32)
    return network.title, network.embed(crops)


def nearest(table: np.ndarray, who: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The number of the person whose mean is nearest to each of `asked`."""
    means = np.stack([mean_of(table[who == person]) for person in range(int(who.max()) + 1)])
    return np.asarray((asked @ means.T).argmax(1))


def pairs(table: np.ndarray, who: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The similarity of every pair of faces, and whether both are one person."""
    first, second = np.triu_indices(len(who), 1)
    return np.einsum("nd,nd->n", table[first], table[second]), who[first] == who[second]


def threshold(scores: np.ndarray, same: np.ndarray, rate: float) -> float:
    """The similarity that a share `rate` of pairs of two people exceeds."""
    return float(np.quantile(scores[~same], 1 - rate))


def rates(scores: np.ndarray, same: np.ndarray) -> list[dict[str, Any]]:
    """A row for each rate of false accepts: the threshold, and how many of one person it keeps."""
    rows = []
    for rate in (0.2, 0.1, 0.05, 0.01):
        cut = threshold(scores, same, rate)
        kept = float((scores[same] > cut).mean())
        rows.append(
            {"false accepts": f"{rate:.0%}", "threshold": f"{cut:.3f}",
             "one person accepted": f"{kept:.0%}"}
        )  # fmt: skip
    return rows


def similarity_figure(scores: np.ndarray, same: np.ndarray, cut: float) -> Figure:
    """Similarities of pairs of two people and of one, and a threshold."""
    figure, axis = plt.subplots(figsize=(6, 2.8))
    bins = np.linspace(-1, 1, 61).tolist()
    for chosen, colour, name in ((~same, GREY, "two people"), (same, TEAL, "one person")):
        axis.hist(scores[chosen], bins, density=True, color=colour, alpha=0.7, label=name)
    axis.axvline(cut, color=AMBER)
    axis.set(xlabel="similarity", yticks=[])
    axis.legend()
    return figure
