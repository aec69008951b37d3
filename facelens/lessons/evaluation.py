"""What a trained network is worth, in plots and tables: the pages of the seventh lesson."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from facelens import metrics
from facelens.lessons.plots import AMBER, GREY, INK, TEAL
from facelens.tasks.attributes.answers import Answers, aligned_answers
from facelens.tasks.attributes.calibrate import sigmoid
from facelens.tasks.attributes.curves import GRID
from facelens.tasks.attributes.evaluate import Evaluation
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.attributes.names import describe
from facelens.tasks.classifier import Prediction
from facelens.training.data import split_files

if TYPE_CHECKING:
    import pandas as pd

    from facelens.training.run import Run

# MobileNetV2 at 224 px on all 162,770 training faces, official test split: kkaryl/AI6126.
PUBLISHED = Path(__file__).with_name("published.csv")


def published() -> dict[str, float]:
    """The best accuracy by attribute that we know to be reproducible."""
    with PUBLISHED.open(newline="", encoding="utf-8") as file:
        return {row["attribute"]: float(row["accuracy"]) for row in csv.DictReader(file)}


def answers(model: AttributeModel, data: Path, split: str, *, limit: int | None = None) -> Answers:
    """What `model` says of the aligned faces of a split."""
    return aligned_answers(split_files(data, split), model, limit=limit)


def history(runs: "Sequence[Run]", *, names: Sequence[str] = ()) -> Figure:
    """Loss and accuracy epoch by epoch, of one run or several."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2))
    for run, name in zip(runs, names or [run.folder.name for run in runs], strict=True):
        rows = run.history
        epochs = np.arange(1, len(rows) + 1)
        seen = np.array([r["valid_loss"] != "" for r in rows])  # not every epoch is validated
        valid = [float(r["valid_loss"]) for r in rows if r["valid_loss"] != ""]
        (line,) = left.plot(epochs[seen], valid, label=name)
        left.plot(epochs, [float(r["train_loss"]) for r in rows], ":", color=line.get_color())
        right.plot(
            epochs[seen],
            [float(r["accuracy"]) for r in rows if r["accuracy"] != ""],
            color=line.get_color(),
        )
        frozen = sum(r["stage"] == "0" for r in rows)
        if 0 < frozen < len(rows):
            left.axvline(frozen + 0.5, color=GREY, linewidth=0.8)
    left.set(title="loss: on validation, and dotted on training faces", xlabel="epoch")
    right.set(title="mean accuracy on validation faces, at 0.5", xlabel="epoch")
    left.legend()
    return figure


def rate_curve(rates: Sequence[float], losses: Sequence[float], chosen: float) -> Figure:
    """The loss while the learning rate grows, and the rate that was chosen from it."""
    figure, axis = plt.subplots(figsize=(6, 3))
    axis.plot(rates, losses)
    axis.axvline(chosen, color=AMBER, label=f"{chosen:.1g}")
    axis.set(xscale="log", xlabel="learning rate", ylabel="loss, smoothed")
    axis.legend()
    return figure


def sigmoid_or_softmax(answer: Prediction, *, most: int = 10) -> Figure:
    """The same logits through a sigmoid each, and through one softmax for all.

    Judgements about people are left out.
    """
    asked = [(logit, name) for logit, name in zip(answer.logits, answer.names, strict=True)
             if not describe(name).is_judgement]  # fmt: skip
    logits = np.array([logit for logit, _ in asked])
    top = np.argsort(-logits)[:most]
    shares = np.exp(logits - logits.max())
    figure, axes = plt.subplots(1, 2, figsize=(9, 0.6 + 0.26 * most), sharey=True)
    for axis, values, title in (
        (axes[0], sigmoid(logits)[top], "sigmoid: each question by itself"),
        (axes[1], (shares / shares.sum())[top], "softmax: one answer among all"),
    ):
        axis.barh(range(len(top)), values, color=TEAL, height=0.7)
        axis.set_yticks(range(len(top)), [describe(asked[i][1]).label for i in top])
        axis.set(title=title, xlim=(0, 1), ylim=(len(top) - 0.4, -0.6))
        axis.grid(axis="y", visible=False)
    return figure


def hidden(result: Evaluation) -> Figure:
    """What one accuracy hides: how little it adds to guessing, and how many it misses."""
    rows = result.attributes
    names = sorted(rows, key=lambda name: rows[name]["accuracy"] - rows[name]["majority"])
    places = np.arange(len(names))
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(10, 0.6 + 0.2 * len(names)), sharey=True, width_ratios=(3, 2)
    )
    gain = [rows[name]["accuracy"] for name in names]
    floor = [rows[name]["majority"] for name in names]
    left.hlines(places, floor, gain, color=GREY)
    left.plot(floor, places, "|", color=INK, label="the commoner answer for everyone")
    left.plot(gain, places, "o", color=TEAL, markersize=4, label="accuracy of the network")
    left.set_yticks(places, names)
    left.set(ylim=(len(names) - 0.4, -0.6), title="accuracy, at 0.5")
    left.legend(loc="lower left", fontsize=8)
    found = [2 * rows[name]["balanced_accuracy"] - 1 for name in names]
    right.barh(places, found, color=TEAL, height=0.6)
    right.set(xlim=(0, 1), title="share of yes found, less false alarms")
    return figure


def table(result: Evaluation) -> "pd.DataFrame":
    """Every attribute's figures beside the published accuracy, the farthest behind first."""
    import pandas as pd

    frame = pd.DataFrame.from_dict(result.attributes, orient="index")
    frame["published"] = pd.Series(published())
    frame["behind"] = frame["published"] - frame["accuracy"]
    columns = ["prevalence", "majority", "accuracy", "published", "behind",
               "average_precision", "f1", "balanced_accuracy", "ece", "ece_floor"]  # fmt: skip
    return frame[columns].sort_values("behind", ascending=False).round(3)


def excerpt(card: str, most: int = 1500) -> str:
    """The beginning of a model card without what the Hub reads, ended after a whole line.

    Args:
        card: the text of a bundle's README.md.
        most: characters, or a few more if a table's first row would be cut off.
    """
    lines = card.split("---", 2)[2].strip().splitlines()
    kept = max(1, int((np.cumsum([len(line) + 1 for line in lines]) <= most).sum()))
    # A table is none without its first row, below the head and the rule.
    begun = next((i for i in reversed(range(kept)) if not lines[i].startswith("|")), -1) + 1
    if lines[kept - 1].startswith("|") or (kept < len(lines) and lines[kept].startswith("|")):
        kept = max(kept, begun + 3)
    return "\n".join([*lines[:kept], *(["", "…"] if kept < len(lines) else [])])


def reliability(answers: Answers, names: Sequence[str]) -> Figure:
    """How often a yes is right where the network says 30 %, 60 %, …, with 95 % intervals."""
    figure, axes = plt.subplots(1, len(names), figsize=(2.6 * len(names), 2.8), sharey=True)
    edges = np.linspace(0, 1, 11)
    for axis, name in zip(np.atleast_1d(axes), names, strict=True):
        column = answers.names.index(name)
        p, y = answers.probabilities[:, column], answers.labels[:, column]
        if answers.known is not None:
            p, y = p[answers.known[:, column]], y[answers.known[:, column]]
        bins = np.minimum((p * 10).astype(int), 9)
        total = np.bincount(bins, minlength=10)
        hits = np.bincount(bins, y, minlength=10)
        low, high = metrics.wilson(hits, total)
        with np.errstate(invalid="ignore"):
            centre, share = np.bincount(bins, p, minlength=10) / total, hits / total
        axis.plot(edges, edges, color=GREY, linewidth=0.8)
        axis.vlines(centre, low, high, color=AMBER)
        axis.plot(centre, share, "o", color=TEAL, markersize=4)
        error = metrics.calibration_error(p[:, None], y[:, None])[0]
        floor = metrics.calibration_floor(p[:, None])[0]
        axis.set(title=f"{name}\nECE {error:.3f}, floor {floor:.3f}", xlabel="says")
    np.atleast_1d(axes)[0].set_ylabel("is")
    return figure


def threshold_curves(model: AttributeModel, name: str) -> Figure:
    """Precision and recall of one attribute at every threshold, and the named thresholds."""
    row = model.names.index(name)
    curves = model.curves
    figure, axis = plt.subplots(figsize=(7, 3.2))
    for title, colour in (("precision", TEAL), ("recall", AMBER)):
        axis.plot(GRID, getattr(curves, title)[row], color=colour, label=title)
        axis.fill_between(
            GRID, getattr(curves, f"{title}_low")[row], getattr(curves, f"{title}_high")[row],
            color=colour, alpha=0.15, linewidth=0,
        )  # fmt: skip
    for point, cuts in model.config.operating_points.items():
        axis.axvline(cuts[row], color=GREY, linewidth=0.8)
        axis.text(cuts[row], 1.02, point, rotation=45, fontsize=8)
    axis.set(xlabel=f"threshold of {name}", ylim=(0, 1), xlim=(0, 1))
    axis.legend(loc="lower left")
    return figure


def groups(result: Evaluation) -> Figure:
    """Share of wrong answers by group, with 95 % intervals; small groups say so."""
    titles = list(result.groups)
    figure, axis = plt.subplots(figsize=(7, 0.8 + 0.35 * len(titles)))
    for place, group in enumerate(result.groups.values()):
        if isinstance(group["error"], str):
            axis.text(0, place, f" {group['error']}: {group['faces']} faces", va="center")
            continue
        axis.barh(place, group["error"], color=TEAL, height=0.6)
        axis.hlines(place, group["low"], group["high"], color=AMBER, linewidth=2)
    axis.set_yticks(range(len(titles)), titles)
    axis.set(ylim=(len(titles) - 0.4, -0.6), xlabel="share of wrong answers over all attributes")
    axis.grid(axis="y", visible=False)
    return figure


def found_by_group(result: Evaluation, names: Sequence[str]) -> "pd.DataFrame":
    """The share of yes that is found in each group; "too few" under 20 faces with a yes."""
    import pandas as pd

    found = {title: group.get("recall", {}) for title, group in result.groups.items()}
    return pd.DataFrame(
        [[_cell(recall.get(name, "too few")) for recall in found.values()] for name in names],
        index=list(names),
        columns=list(found),
    )


def _cell(found: dict[str, float] | str) -> str:
    if isinstance(found, str):
        return found
    return f"{found['value']:.2f} ({found['low']:.2f}-{found['high']:.2f})"
