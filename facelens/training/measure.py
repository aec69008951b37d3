"""How good a trained network is on other faces, and how fast."""

import os
import platform
import time
from pathlib import Path

import numpy as np
import torch

from facelens import metrics
from facelens.errors import DataError
from facelens.training.augment import plain
from facelens.training.data import Batches, Store
from facelens.training.network import AttributeNetwork
from facelens.training.recipe import Recipe

_DRAWS = 1000


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
        given = [
            torch.sigmoid(network(plain(crops, recipe.size, antialias=recipe.antialias)))
            for crops, _ in batches
        ]
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


def figures(split: str, probabilities: np.ndarray, store: Store) -> dict[str, float]:
    right = (probabilities >= 0.5) == store.labels
    weights = metrics.resample_people(store.people, draws=_DRAWS)
    low, high = metrics.interval(metrics.resampled_mean(right, weights, store.known))
    accuracy, precision = (
        metrics.of_known(metric, probabilities, store.labels, known=store.known)
        for metric in (metrics.accuracy, metrics.average_precision)
    )
    known = precision[np.isfinite(precision)]
    return {
        f"{split}_accuracy": round(float(np.nanmean(accuracy)), 4),
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
        people, known = new["people"], new.get("known")
        was, now = ((f["valid"] >= 0.5) == f["labels"] for f in (old, new))
    gain = now.astype(float) - was
    weights = metrics.resample_people(people, draws=_DRAWS)
    low, high = metrics.interval(metrics.resampled_mean(gain, weights, known))
    value = np.nanmean(metrics.of_known(metrics.mean, gain, known=known))
    return {
        "difference": round(float(value), 4),
        "difference_low": round(low, 4),
        "difference_high": round(high, 4),
    }
