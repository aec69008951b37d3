"""Evaluate a bundle on labelled faces: `facelens evaluate`."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from facelens import metrics
from facelens.data.parquet import column_names
from facelens.data.people import crowd
from facelens.errors import DataError
from facelens.tasks.attributes.answers import Answers, DetectionRate, answer, parquet_paths
from facelens.tasks.attributes.groups import errors_by_group
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.attributes.names import describe
from facelens.tasks.fairness import RULE, gaps, interval, verdict

DRAWS = 1000

METRICS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "accuracy": metrics.accuracy,
    "average_precision": metrics.average_precision,
    "f1": metrics.f1,
    "balanced_accuracy": metrics.balanced_accuracy,
}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures over all attributes with 95 % intervals, and by attribute.

    `unknown`: how many faces have no identity. An interval over a single person is NaN.
    """

    model: str
    faces: int
    people: int
    overall: dict[str, dict[str, float]]
    attributes: dict[str, dict[str, float]]
    groups: dict[str, dict[str, Any]]
    detection: DetectionRate | None
    against: "Comparison | None" = None
    unknown: int = 0

    def asdict(self) -> dict[str, Any]:
        """The evaluation for JSON."""
        detection = None
        if self.detection:
            detection = {
                "detector": self.detection.detector,
                "faces": self.detection.faces,
                "found": self.detection.found,
                "found_share": self.detection.share,
                "extra_boxes": self.detection.extra,
                "extra_share": self.detection.extra_share,
            }
        return metrics.without_nan(
            {
                "model": self.model,
                "faces": self.faces,
                "people": self.people,
                "without_identity": self.unknown,
                "overall": self.overall,
                "detection": detection,
                "groups": self.groups,
                **({"fairness": self.fairness} if self.groups else {}),
                "attributes": self.attributes,
                **({"against": asdict(self.against)} if self.against else {}),
            }
        )

    @property
    def fairness(self) -> dict[str, Any]:
        """Where a group's error is more than twice another's, and by which rule."""
        found = gaps(self.groups)
        return {
            "rule": RULE,
            "warnings": [str(gap) for gap in found],
            "gaps": [asdict(gap) for gap in found],
        }


@dataclass(frozen=True)
class Comparison:
    """How much better `model` is than `other` on the same faces, with paired 95 % intervals.

    `differences`: figure to `value`, `low` and `high`; if positive, `model` is better.
    """

    model: str
    other: str
    faces: int
    differences: dict[str, dict[str, float]]


def evaluate(
    parquet: Path | Sequence[Path],
    model: AttributeModel,
    *,
    loose: bool = False,
    seed: int = 0,
    split_by: Sequence[str] = (),
    detector: str | None = None,
    limit: int | None = None,
    against: AttributeModel | None = None,
) -> Evaluation:
    """Measure `model` on the labelled faces of `parquet`.

    Args:
        parquet: a file, a folder, or several, in the Hub's layout, of 178x218 crops.
        loose: place every crop on a larger canvas at a random position, size and angle, then
            detect and align it again; the figures are for the faces found.
        seed: for the random placement.
        split_by: attributes, or other yes/no columns of the data, whose combinations are reported
            separately.
        detector: as in `find_faces`.
        limit: use only this many faces.
        against: another network, compared on the same faces.
    """
    others = tuple(name for name in dict.fromkeys(split_by) if name not in model.names)
    for path in parquet_paths(parquet) if others else ():
        try:
            lost = set(others) - set(column_names(path))
        except DataError:
            lost = set(others)
        if lost:
            raise DataError(
                f"{model.title} has no attribute {min(lost)!r} to split by, nor has {path} such a "
                "column."
            )

    def answers_of(network: AttributeModel) -> tuple[Answers, DetectionRate | None]:
        return answer(
            parquet, network, loose=loose, seed=seed, detector=detector, limit=limit, others=others
        )

    answers, detection = answers_of(model)
    result = summarise(answers, model.title, split_by=split_by, detection=detection)
    if against is None:
        return result
    rival, _ = answers_of(against)
    return replace(result, against=compare(answers, rival, model.title, against.title))


def summarise(
    answers: Answers,
    title: str,
    *,
    split_by: Sequence[str] = (),
    detection: DetectionRate | None = None,
    draws: int = DRAWS,
) -> Evaluation:
    """Compute the figures of answers, with intervals by a bootstrap over people."""
    p, y, known = answers.probabilities.astype(np.float64), answers.labels, answers.known
    table = {name: metrics.of_known(metric, p, y, known=known) for name, metric in METRICS.items()}
    table["prevalence"] = rate = metrics.of_known(metrics.mean, y, known=known)
    table["majority"] = np.maximum(rate, 1 - rate)
    table["ece"] = metrics.of_known(metrics.calibration_error, p, y, known=known)
    table["ece_floor"] = metrics.of_known(metrics.calibration_floor, p, known=known)
    weights = metrics.resample_people(answers.people, draws=draws)
    resampled = {"accuracy": metrics.resampled_mean((p >= 0.5) == y, weights, known)}
    slow = _subset(weights)
    for name in ("average_precision", "f1", "balanced_accuracy"):
        resampled[name] = np.array(
            [_mean(metrics.of_known(METRICS[name], p, y, known=known, rows=i)) for i in slow]
        )
    overall: dict[str, dict[str, float]] = {}
    for name in ("accuracy", "average_precision", "f1", "balanced_accuracy"):
        low, high = interval(resampled[name], answers.people)
        overall[name] = {"value": _mean(table[name]), "low": low, "high": high}
    overall |= {name: {"value": _mean(table[name])} for name in ("majority", "ece", "ece_floor")}
    steady = np.array([not describe(name).shifted for name in answers.names])
    overall |= {
        f"{name}_steady": {"value": _mean(table[name][steady])} for name in ("ece", "ece_floor")
    }
    attributes = {
        name: {column: float(values[i]) for column, values in table.items()}
        for i, name in enumerate(answers.names)
    }
    return Evaluation(
        title, len(y), len(np.unique(answers.people)), overall, attributes,
        errors_by_group(answers, split_by, draws) if split_by else {},
        detection, unknown=answers.unknown,
    )  # fmt: skip


def compare(
    answers: Answers, others: Answers, title: str, other: str, *, draws: int = DRAWS
) -> Comparison:
    """Compare two networks on the same faces, over the attributes that both answer.

    The bootstrap is paired: both are measured on the same resamples of people, so the interval of
    the difference is much narrower than those of the two figures.
    """
    names = [name for name in answers.names if name in others.names]
    if not names:
        raise DataError(f"{title} and {other} answer no question in common.")
    if not np.array_equal(answers.people, others.people):
        raise DataError(f"{title} and {other} have answered other faces.")
    columns = [answers.names.index(name) for name in names]
    labels = answers.labels[:, columns]
    known = None if answers.known is None else answers.known[:, columns]
    first, second = (
        a.probabilities[:, [a.names.index(name) for name in names]].astype(np.float64)
        for a in (answers, others)
    )
    weights = metrics.resample_people(answers.people, draws=draws)
    right = ((first >= 0.5) == labels).astype(float) - ((second >= 0.5) == labels)

    def gain(rows: np.ndarray | slice) -> float:
        """How much larger the macro average precision of these faces is."""
        own, other = (
            metrics.of_known(metrics.average_precision, p, labels, known=known, rows=rows)
            for p in (first, second)
        )
        return _mean(own - other)

    resampled = {
        "accuracy": metrics.resampled_mean(right, weights, known),
        "average_precision": np.array([gain(rows) for rows in _subset(weights)]),
    }
    values = {
        "accuracy": _mean(metrics.of_known(metrics.mean, right, known=known)),
        "average_precision": gain(slice(None)),
    }
    return Comparison(
        title,
        other,
        len(labels),
        {
            name: dict(
                zip(
                    ("value", "low", "high"),
                    (values[name], *interval(drawn, answers.people)),
                    strict=True,
                )
            )
            for name, drawn in resampled.items()
        },
    )


def comparison_as_text(comparison: Comparison) -> str:
    """A comparison in three lines of plain text."""
    lines = [f"{comparison.model} against {comparison.other}, on the same {comparison.faces} faces"]
    for name, title in (
        ("accuracy", "mean accuracy at 0.5"),
        ("average_precision", "macro average precision"),
    ):
        figure = comparison.differences[name]
        if figure["low"] > 0:
            verdict = "better"
        elif figure["high"] < 0:
            verdict = "worse"
        else:
            verdict = "no significant difference"
        lines.append(
            f"  {title:<26}{figure['value']:+8.4f}   95 % {figure['low']:+.4f} to "
            f"{figure['high']:+.4f}   {verdict}"
        )
    return "\n".join(lines)


def _subset(weights: np.ndarray) -> list[np.ndarray]:
    """The faces of a tenth of the resamples, enough for the intervals of slow metrics."""
    subset = weights[: max(len(weights) // 10, 50)]
    return [np.repeat(np.arange(weights.shape[1]), weight) for weight in subset]


def _mean(values: np.ndarray) -> float:
    """The mean of the finite values, NaN if there are none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _calibration(title: str, error: float, floor: float) -> str:
    return f"  {title:<26}{error:8.4f}   sampling floor {floor:.4f}, ratio {error / floor:.2f}"


def _shifted(result: Evaluation) -> list[str]:
    """Calibration with and without the attributes whose labels shift between the splits."""
    rows = {name: row for name, row in result.attributes.items() if describe(name).shifted}
    if not rows:
        return []
    o = result.overall
    return [
        _calibration(
            f"  of {len(result.attributes) - len(rows)} attributes",
            o["ece_steady"]["value"],
            o["ece_floor_steady"]["value"],
        ),
        *(_calibration(f"  {name}", row["ece"], row["ece_floor"]) for name, row in rows.items()),
        "    (these are labelled by another standard in validation than in test)",
    ]


def _between(figure: dict[str, Any]) -> str:
    """The 95 % interval of a figure; nothing if there is none."""
    if np.isnan(figure["low"]):
        return ""
    return f"   95 % {figure['low']:.4f}-{figure['high']:.4f}"


def as_text(result: Evaluation) -> str:
    """An evaluation as a page of plain text."""
    o = result.overall
    lines = [f"{result.model} on {crowd(result.faces, result.people, result.unknown)}"]
    if result.detection:
        d = result.detection
        lines.append(
            f"loosely framed, {d.detector}: found {d.found} of {d.faces} ({d.share:.1%}), "
            f"{d.extra} extra boxes ({d.extra_share:.1%}); figures below are of the faces found"
        )
    for name, title in (
        ("accuracy", "mean accuracy at 0.5"),
        ("average_precision", "macro average precision"),
        ("f1", "macro F1 at 0.5"),
        ("balanced_accuracy", "balanced accuracy at 0.5"),
    ):
        figure = o[name]
        lines.append(f"  {title:<26}{figure['value']:8.4f}{_between(figure)}")
    lines += [
        f"  {'majority class':<26}{o['majority']['value']:8.4f}",
        _calibration("mean ECE (15 bins)", o["ece"]["value"], o["ece_floor"]["value"]),
        *_shifted(result),
        "",
        f"  {'attribute':<22}{'rate':>7}{'acc':>8}{'AP':>7}{'F1':>7}{'bal':>7}{'ECE':>7}"
        f"{'floor':>7}",
    ]
    for name, row in result.attributes.items():
        lines.append(
            f"  {name:<22}{row['prevalence']:7.3f}{row['accuracy']:8.4f}"
            f"{row['average_precision']:7.3f}{row['f1']:7.3f}{row['balanced_accuracy']:7.3f}"
            f"{row['ece']:7.3f}{row['ece_floor']:7.3f}"
        )
    for title, group in result.groups.items():
        if isinstance(group["error"], str):
            lines.append(f"  {title}: {group['faces']} faces, too few")
        else:
            lines.append(
                f"  {title}: {group['faces']} faces, error {group['error']:.4f}{_between(group)}"
            )
    lines += [f"  {line}" for line in verdict(result.groups)]
    if result.against:
        lines += ["", comparison_as_text(result.against)]
    return "\n".join(lines)
