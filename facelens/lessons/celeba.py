"""What is in a labelled set of faces: counts, pairs, contradictions, and what imbalance does."""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from facelens import metrics
from facelens.data import parquet
from facelens.data.celeba import OUR_SLICE, celeba, need
from facelens.data.dataset import SPLITS
from facelens.data.original import convert
from facelens.errors import DataError, many
from facelens.lessons import plots
from facelens.training.data import Store

log = logging.getLogger(__name__)

# Validation and test faces were labelled by different standards here.
RELABELLED = ("Big_Lips", "Narrow_Eyes")

# What does not change from one photo of a person to the next, or little.
LASTING = (
    "Male", "Bushy_Eyebrows", "Arched_Eyebrows", "Big_Nose", "Pointy_Nose", "Big_Lips",
    "Narrow_Eyes", "Oval_Face", "High_Cheekbones", "Double_Chin", "Receding_Hairline", "Bald",
)  # fmt: skip


# getting the faces


def offer(folder: Path, *, names: Path | None = OUR_SLICE, shards: int | None = None) -> str:
    """Say that the faces are in `folder`, or what it takes to fetch them."""
    if there := _there(folder):
        return f"{many(there, 'face is', 'faces are')} in {folder}; nothing needs to be fetched."
    return need(folder, names=None if shards else names, shards=shards)


def fetch(
    folder: Path,
    *,
    names: Path | None = OUR_SLICE,
    shards: int | None = None,
    source: Path | None = None,
) -> str:
    """Fetch CelebA into `folder` unless faces are there, or convert the original files.

    Args:
        names: a list of the images to keep; by default those of our figures, None for all.
        shards: instead, the first `shards` training files with all of validation and test.
        source: fetch nothing; this folder holds the original files, or Kaggle's copy of them.
    """
    if not _there(folder):
        if source is not None:
            convert(source, folder, names=names)
        else:
            celeba(folder, names=None if shards else names, shards=shards)
    return offer(folder)


def _there(folder: Path) -> int:
    """How many faces there are, 0 unless all three splits have some."""
    files = [list(Path(folder).rglob(f"{split}-*.parquet")) for split in SPLITS]
    return sum(map(parquet.count, itertools.chain(*files))) if all(files) else 0


# counting


def count_plot(store: Store) -> Figure:
    """How many of 100 faces have each attribute, the commonest first."""
    rates = 100 * store.labels.mean(0)
    order = np.argsort(-rates)
    return plots.bars(
        [store.names[a] for a in order],
        list(rates[order]),
        label=f"of 100 faces, {len(store):,} counted",
    )


def samples(store: Store, name: str, *, count: int = 8, seed: int = 0) -> Figure:
    """Faces with the attribute `name` in the upper row, without it in the lower."""
    has = _column(store, name)
    draw = np.random.default_rng(seed)
    rows = [
        draw.choice(rows, count, replace=len(rows) < count)
        for rows in (np.flatnonzero(has), np.flatnonzero(~has))
        if len(rows)
    ]
    figure = plots.pictures([store.images[i] for i in np.concatenate(rows)], columns=count)
    figure.suptitle(
        f"{name}: {'yes above, no below' if len(rows) > 1 else 'all alike'}", fontsize=11
    )
    return figure


def constant_answers(store: Store) -> pd.DataFrame:
    """What one scores who gives each question its commoner answer and looks at no picture."""
    rate = store.labels.mean(0)
    return pd.DataFrame(
        {
            "attribute": store.names,
            "always says": np.where(rate > 0.5, "yes", "no"),
            "accuracy": np.maximum(rate, 1 - rate),
            "balanced accuracy": 0.5,
        }
    ).sort_values("accuracy", ascending=False, ignore_index=True)


def constant_plot(store: Store) -> Figure:
    """The accuracy of constant answers, attribute by attribute, and their mean."""
    table = constant_answers(store)
    figure = plots.bars(
        list(table["attribute"]),
        list(100 * table["accuracy"]),
        label="accuracy of a constant answer, %",
    )
    axis, mean = figure.axes[0], 100 * table["accuracy"].mean()
    axis.axvline(mean, color=plots.AMBER)
    axis.set_title(f"Without one look at a face: {mean:.1f} % on average")
    return figure


# pairs


def phi(labels: np.ndarray) -> np.ndarray:
    """Correlation of every two columns of bool (n, attributes); 0 where a column is constant."""
    centred = labels - labels.mean(0)
    length = np.sqrt((centred**2).sum(0))
    return (centred.T @ centred) / np.maximum(np.outer(length, length), 1e-12)


def pair_map(store: Store) -> Figure:
    """A heat map of the correlation of every two attributes, alike ones side by side."""
    matrix = phi(store.labels)
    order = np.argsort(np.linalg.eigh(matrix)[1][:, -1])
    names = [store.names[a] for a in order]
    figure, axis = plt.subplots(figsize=(9, 8))
    image = axis.imshow(matrix[np.ix_(order, order)], cmap="BrBG", vmin=-1, vmax=1)
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axis.set_yticks(range(len(names)), names, fontsize=7)
    axis.grid(visible=False)
    figure.colorbar(image, shrink=0.7, label="correlation: together (1), never together (-1)")
    return figure


def strongest_pairs(store: Store, count: int = 12) -> pd.DataFrame:
    """The pairs of attributes with the largest correlation either way."""
    matrix = phi(store.labels)
    first, second = np.triu_indices(len(store.names), 1)
    order = np.argsort(-np.abs(matrix[first, second]), kind="stable")[:count]
    rows = []
    for a, b in zip(first[order], second[order], strict=True):
        with_a, without_a = (
            store.labels[store.labels[:, a], b],
            store.labels[~store.labels[:, a], b],
        )
        rows.append(
            {
                "this": store.names[a],
                "that": store.names[b],
                "correlation": matrix[a, b],
                "% that, of those with this": 100 * _mean(with_a),
                "% that, of those without": 100 * _mean(without_a),
            }
        )
    return pd.DataFrame(rows).round({"correlation": 2, **dict.fromkeys(list(rows[0])[3:], 1)})


# labels that cannot be right, and labels that people disagree about


@dataclass(frozen=True)
class Rule:
    """Labels of which a face can have only one."""

    names: tuple[str, ...]
    why: str

    @property
    def title(self) -> str:
        return " + ".join(self.names) if len(self.names) == 2 else self.why

    def broken(self, store: Store) -> np.ndarray:
        """Which faces have more, bool (n,)."""
        return np.sum([_column(store, name) for name in self.names], 0) > 1


RULES = (
    Rule(("No_Beard", "Goatee"), "a goatee is a beard"),
    Rule(("No_Beard", "Sideburns"), "sideburns are counted as a beard"),
    Rule(("No_Beard", "5_o_Clock_Shadow"), "a shadow is a beard of a day"),
    Rule(("No_Beard", "Mustache"), "a mustache is counted as a beard"),
    Rule(("Bald", "Bangs"), "bangs are hair"),
    Rule(("Bald", "Wavy_Hair"), "wavy hair is hair"),
    Rule(("Bald", "Straight_Hair"), "straight hair is hair"),
    Rule(("Straight_Hair", "Wavy_Hair"), "hair is one or the other"),
    Rule(("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair"), "two colours of hair"),
)


def contradictions(store: Store) -> pd.DataFrame:
    """How many faces break each of the `RULES`, the most broken first."""
    rows = []
    for rule in RULES:
        faces = int(rule.broken(store).sum())
        rarest = min(_column(store, name).sum() for name in rule.names)
        rows.append(
            {
                "labels together": rule.title,
                "why not": rule.why,
                "faces": faces,
                "of 1,000 faces": round(1000 * faces / len(store), 1),
                "% of the rarer label": round(100 * faces / max(rarest, 1), 1)
                if len(rule.names) == 2
                else None,
            }
        )
    return pd.DataFrame(rows).sort_values("faces", ascending=False, ignore_index=True)


def contradicting(store: Store, *, columns: int = 8) -> Figure:
    """A face for each rule that some face breaks, the most broken rules first."""
    broken = sorted(
        ((rule.broken(store), rule) for rule in RULES), key=lambda pair: -int(pair[0].sum())
    )
    shown = [(np.flatnonzero(mask)[0], rule) for mask, rule in broken if mask.any()][:columns]
    if not shown:
        raise DataError("No face here has labels that contradict each other.")
    figure = plots.pictures(
        [store.images[face] for face, _ in shown],
        [rule.title.replace(" + ", "\n") for _, rule in shown],
        columns=columns,
    )
    figure.set_figheight(figure.get_figheight() + 0.3)  # titles of two lines
    return figure


def agreement(store: Store, names: Sequence[str] = LASTING) -> pd.DataFrame:
    """How well the labels of two photos of one person agree, where they ought to.

    `agreement` is Cohen's kappa over all pairs of photos of one person: 1 where the labels never
    differ, 0 where they agree as often as those of two strangers would.
    """
    _, person = np.unique(store.people, return_inverse=True)
    photos = np.bincount(person)
    pairs = (photos * (photos - 1) / 2).sum()
    rows = []
    for name in names:
        has = _column(store, name)
        yes = np.bincount(person, has).astype(float)
        no = photos - yes
        alike = (yes * (yes - 1) + no * (no - 1)).sum() / 2
        weight = (photos - 1)[person]
        rate = float(has @ weight / max(weight.sum(), 1))
        chance = rate**2 + (1 - rate) ** 2
        sure = pairs and chance < 1
        rows.append(
            {
                "attribute": name,
                "pairs": int(pairs),
                "alike, %": 100 * alike / pairs if pairs else np.nan,
                "agreement": (alike / pairs - chance) / (1 - chance) if sure else np.nan,
            }
        )
    return pd.DataFrame(rows).sort_values("agreement", ascending=False, ignore_index=True)


def agreement_plot(store: Store) -> Figure:
    """Bars of `agreement`, the most dependable label first."""
    table = agreement(store).dropna()
    figure = plots.bars(
        list(table["attribute"]),
        list(table["agreement"]),
        label="agreement beyond chance between two photos of one person",
    )
    figure.axes[0].set_xlim(min(0, *table["agreement"]), 1)
    return figure


# train, validation, test


def rates(train: Store, valid: Store, test: Store, *, draws: int = 200) -> pd.DataFrame:
    """How common each attribute is in each split, in per cent.

    `distance` is how far validation and test differ, in standard errors of that difference by
    bootstrap over people.
    """
    means, errors = [], []
    for store in (train, valid, test):
        means.append(store.labels.mean(0))
        weights = metrics.resample_people(store.people, draws=draws).astype(np.float32)
        drawn = weights @ store.labels.astype(np.float32) / weights.sum(1, keepdims=True)
        errors.append(drawn.std(0))
    spread = np.sqrt(errors[1] ** 2 + errors[2] ** 2)
    return pd.DataFrame(
        {
            "attribute": train.names,
            **{
                split: (100 * mean).round(1)
                for split, mean in zip(("train", "valid", "test"), means, strict=True)
            },
            "distance": ((means[2] - means[1]) / np.maximum(spread, 1e-9)).round(1),
        }
    ).sort_values("distance", key=np.abs, ascending=False, ignore_index=True)


def rates_plot(table: pd.DataFrame) -> Figure:
    """The three rates of each attribute on one line; those labelled by two standards in amber."""
    table = table.sort_values("train", ignore_index=True)
    figure, axis = plt.subplots(figsize=(7.5, 0.6 + 0.22 * len(table)))
    rows = np.arange(len(table))
    colours = [plots.AMBER if n in RELABELLED else plots.GREY for n in table["attribute"]]
    low, high = (table[["train", "valid", "test"]].agg(how, axis=1) for how in ("min", "max"))
    axis.hlines(rows, low, high, colors=colours, linewidth=2.5)
    for split, marker in (("train", "o"), ("valid", "D"), ("test", "s")):
        axis.plot(
            table[split], rows, marker, color=plots.TEAL, markersize=4.5, label=split,
            markerfacecolor=plots.TEAL if split == "train" else "white",
        )  # fmt: skip
    axis.set_yticks(rows, table["attribute"])
    for label, colour in zip(axis.get_yticklabels(), colours, strict=True):
        label.set_color(plots.AMBER if colour == plots.AMBER else plots.INK)
    axis.set_ylim(-0.6, len(table) - 0.4)
    axis.grid(axis="y", visible=False)
    axis.set_xlabel("of 100 faces")
    axis.legend(loc="lower right")
    return figure


# imbalance


def _column(store: Store, name: str) -> np.ndarray:
    if name not in store.names:
        raise DataError(f"The data has no attribute {name!r}.")
    return store.labels[:, store.names.index(name)]


def _mean(values: np.ndarray) -> float:
    """The mean, NaN where there is nothing."""
    return float(values.mean()) if len(values) else float("nan")
