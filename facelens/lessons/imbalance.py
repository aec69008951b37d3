"""What imbalance does, and what resampling does about it."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import nn

from facelens import metrics
from facelens.errors import DataError
from facelens.files import sha256_of, write_array
from facelens.lessons import plots
from facelens.training.augment import plain
from facelens.training.data import Store
from facelens.training.network import build

log = logging.getLogger(__name__)

# From as many yes as no down to two in a hundred.
UNEQUAL = ("Smiling", "Wearing_Necklace", "Eyeglasses", "Double_Chin", "Mustache", "Bald")


METHODS = {
    "constant": "always the commoner answer",
    "nothing": "the data as they are, cut at 0.5",
    "moved cut": "the data as they are, cut at the base rate",
    "over": "rare faces repeated, cut at 0.5",
    "under": "common faces left out, cut at 0.5",
    "SMOTE": "rare faces made up between neighbours, cut at 0.5",
}


_COLOURS = dict(zip(METHODS, (plots.GREY, *plots.SERIES[:3], *plots.SERIES[4:]), strict=True))


# Strong, since there are almost as many features as faces.
_STRENGTH = 0.01


def features(
    store: Store,
    arch: str,
    size: tuple[int, int],
    cache: Path,
    *,
    device: str = "cpu",
    seed: int = 0,
    batch_size: int = 64,
    **start: Any,
) -> np.ndarray:
    """What the frozen body of `arch` says of each face, pooled: float32 (n, channels).

    Computed once and kept in `cache`. The body answers none of the 40 questions yet: it is
    ImageNet's, or random, as `start` tells `build`.
    """
    torch.manual_seed(seed)
    network = build(arch, 1, fine_maps=False, **start)
    first = next(network.body.parameters()).detach().numpy().tobytes()
    about = json.dumps([arch, size, store.paths, sha256_of(first)])
    path = Path(cache) / f"features-{sha256_of(about.encode())[:16]}.npy"
    if path.exists():
        return np.load(path)
    found = _pooled(network.body.to(device).eval(), store, size, device, batch_size)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_array(path, found)
    return found


def _pooled(
    body: nn.Module, store: Store, size: tuple[int, int], device: str, batch_size: int
) -> np.ndarray:
    found = []
    with torch.inference_mode():
        for i in range(0, len(store), batch_size):
            crops = torch.from_numpy(np.array(store.images[i : i + batch_size])).to(device)
            found.append(body(plain(crops, size)).mean((2, 3)).float().cpu().numpy())
    return np.concatenate(found)


def imbalance(
    train: tuple[np.ndarray, np.ndarray],
    valid: tuple[np.ndarray, np.ndarray],
    names: Sequence[str],
    *,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """What each of the `METHODS` does to one logistic regression an attribute.

    Args:
        train: features float (n, channels) and labels bool (n, names) to learn from.
        valid: the same of other people, to measure on.
        names: of the attributes.

    Returns:
        A row an attribute and method: accuracy, precision, recall, average precision (ap),
        calibration error (ece), the mean probability beside the true rate, and the rows learnt.
    """
    scaler = StandardScaler().fit(train[0])
    seen, unseen = scaler.transform(train[0]), scaler.transform(valid[0])
    rows = []
    for a, name in enumerate(names):
        truth = train[1][:, a]
        if truth.sum() < 2 or (~truth).sum() < 2:
            raise DataError(f"Of {len(truth)} faces too few are different in {name} to learn it.")
        for method, (x, y) in _sampled(seen, truth, seed).items():
            if method == "constant":
                probability = np.full(len(unseen), truth.mean())
            else:
                fit = LogisticRegression(C=_STRENGTH, max_iter=500).fit(x, y)
                probability = fit.predict_proba(unseen)[:, 1]
            row = {"attribute": name, "method": method, "train_rate": float(truth.mean())}
            rows.append({**row, "train_rows": len(y), **_score(probability, valid[1][:, a])})
            if method == "nothing":
                score = _score(probability, valid[1][:, a], cut=float(truth.mean()))
                rows.append({**row, "method": "moved cut", "train_rows": len(y), **score})
        log.info("%s is done.", name)
    return rows


def _sampled(x: np.ndarray, y: np.ndarray, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    neighbours = min(5, int(min(y.sum(), (~y).sum())) - 1)
    return {
        "constant": (x, y),
        "nothing": (x, y),
        "over": RandomOverSampler(random_state=seed).fit_resample(x, y),
        "under": RandomUnderSampler(random_state=seed).fit_resample(x, y),
        "SMOTE": SMOTE(k_neighbors=neighbours, random_state=seed).fit_resample(x, y),
    }


def _score(probability: np.ndarray, truth: np.ndarray, *, cut: float = 0.5) -> dict[str, float]:
    called = probability >= cut
    column, labels = probability[:, None], truth[:, None]
    return {
        "accuracy": float((called == truth).mean()),
        "precision": _share(truth[called]),
        "recall": _share(called[truth]),
        "ap": float(metrics.average_precision(column, labels)[0]),
        "ece": float(metrics.calibration_error(column, labels)[0]),
        "mean_probability": float(probability.mean()),
        "rate": float(truth.mean()),
    }


def imbalance_plot(rows: Iterable[Mapping[str, Any]]) -> Figure:
    """Accuracy, recall, precision, average precision and calibration of each method."""
    table = pd.DataFrame(rows)
    shown = {
        "accuracy": "accuracy",
        "recall": "recall: found, of those there",
        "precision": "precision: right, of those called",
        "ap": "average precision",
        "ece": "calibration error (less is better)",
    }
    for column in (*shown, "train_rate"):
        table[column] = [float(value) for value in table[column]]
    order = table.groupby("attribute")["train_rate"].first().sort_values(ascending=False)
    figure, axes = plt.subplots(1, len(shown), figsize=(14, 1.6 + 0.62 * len(order)), sharey=True)
    for axis, (column, title) in zip(axes, shown.items(), strict=True):
        for place, method in enumerate(METHODS):
            values = table[table["method"] == method].set_index("attribute")[column]
            rows_at = np.arange(len(order)) + (place - 2.5) * 0.12
            axis.plot(
                values.reindex(order.index), rows_at, "o", markersize=5,
                color=_COLOURS[method], label=f"{method}: {METHODS[method]}",
            )  # fmt: skip
        axis.set_title(title, fontsize=9)
        axis.set_xlim(-0.03, 0.53 if column == "ece" else 1.03)
        axis.grid(axis="y", visible=False)
        for line in np.arange(len(order) - 1) + 0.5:
            axis.axhline(line, color="#e6eaec", linewidth=1)
    axes[0].set_yticks(
        range(len(order)), [f"{name}\n{100 * rate:.1f} % yes" for name, rate in order.items()]
    )
    axes[0].set_ylim(len(order) - 0.5, -0.5)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)
    return figure


def imbalance_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The same figures as a table to read."""
    table = pd.DataFrame(rows).set_index(["attribute", "method"])
    columns = ["accuracy", "recall", "precision", "ap", "ece", "mean_probability", "rate"]
    return table[columns].astype(float).round(3)


def _share(values: np.ndarray) -> float:
    """The mean, NaN where there is nothing."""
    return float(values.mean()) if len(values) else float("nan")
