"""How good a bundle is on labelled faces: `facelens evaluate`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from facelens import metrics
from facelens.bundles.session import BATCH
from facelens.data.parquet import Row, images
from facelens.errors import DataError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, find_faces
from facelens.photo import Photo, read_photo
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.attributes.names import describe
from facelens.tasks.classifier import Prediction

DRAWS = 1000
_TOO_FEW = 20

METRICS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "accuracy": metrics.accuracy,
    "average_precision": metrics.average_precision,
    "f1": metrics.f1,
    "balanced_accuracy": metrics.balanced_accuracy,
}


@dataclass(frozen=True, eq=False)
class Answers:
    """Probabilities float (n, a) beside labels bool (n, a), and who is on each face."""

    names: tuple[str, ...]
    probabilities: np.ndarray
    labels: np.ndarray
    people: np.ndarray
    logits: np.ndarray


@dataclass(frozen=True)
class Found:
    """How detection did on loosely framed faces."""

    faces: int
    found: int
    extra: int
    detector: str

    @property
    def share(self) -> float:
        return self.found / self.faces

    @property
    def extra_share(self) -> float:
        """Extra boxes per true face."""
        return self.extra / self.faces


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures over all attributes with 95 % intervals, and attribute by attribute."""

    model: str
    faces: int
    people: int
    overall: dict[str, dict[str, float]]
    attributes: dict[str, dict[str, float]]
    groups: dict[str, dict[str, Any]]
    detection: Found | None
    against: "Comparison | None" = None

    def asdict(self) -> dict[str, Any]:
        """The same as JSON has it."""
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
        return _without_nan(
            {
                "model": self.model,
                "faces": self.faces,
                "people": self.people,
                "overall": self.overall,
                "detection": detection,
                "groups": self.groups,
                "attributes": self.attributes,
                **({"against": asdict(self.against)} if self.against else {}),
            }
        )


@dataclass(frozen=True)
class Comparison:
    """How much better `model` is than `other` on the same faces, with paired 95 % intervals.

    `differences`: figure to `value`, `low` and `high`; above zero, `model` is better.
    """

    model: str
    other: str
    faces: int
    differences: dict[str, dict[str, float]]


def _without_nan(value: Any) -> Any:
    """The same with null where a figure is undefined, since JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and np.isnan(value) else value


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
        loose: put every crop at a random place, size and turn on a larger picture, then find
            and straighten it again; figures are of the faces found.
        seed: of the random framing.
        split_by: attributes whose combinations are shown apart.
        detector: which detector finds the faces, as in `find_faces`.
        limit: only the first so many faces.
        against: another network, compared on the same faces.
    """
    unknown = set(split_by) - set(model.names)
    if unknown:
        raise DataError(f"{model.title} knows no attribute {min(unknown)!r} to split by.")

    def said(network: AttributeModel) -> tuple[Answers, Found | None]:
        return answer(parquet, network, loose=loose, seed=seed, detector=detector, limit=limit)

    answers, detection = said(model)
    result = summarise(answers, model.title, split_by=split_by, detection=detection)
    if against is None:
        return result
    others, _ = said(against)
    return replace(result, against=compare(answers, others, model.title, against.title))


def answer(
    parquet: Path | Sequence[Path],
    model: AttributeModel,
    *,
    loose: bool = False,
    seed: int = 0,
    detector: str | None = None,
    limit: int | None = None,
) -> tuple[Answers, Found | None]:
    """What `model` says of the labelled faces of `parquet`; arguments as in `evaluate`."""
    paths = [parquet] if isinstance(parquet, str | Path) else list(parquet)
    if loose:
        return _loose_answers(paths, model, seed, detector, limit)
    return aligned_answers(paths, model, limit=limit), None


def _rows(
    paths: Sequence[Path], model: AttributeModel, limit: int | None
) -> Iterator[tuple[Row, np.ndarray]]:
    rows = ((path, row) for path in paths for row in images(path))
    for parquet, row in islice(rows, limit):
        for name in model.names:
            if name not in row.values:
                raise DataError(f"{parquet} has no column {name!r}, which {model.title} answers.")
            if not isinstance(row.values[name], bool):
                raise DataError(f"The column {name!r} of {parquet} holds more than true and false.")
        pixels = read_photo(row.data, name=row.path).pixels
        if pixels.shape != (CROP_HEIGHT, CROP_WIDTH, 3):
            raise DataError(
                f"{row.path} in {parquet} is {pixels.shape[1]}x{pixels.shape[0]}, not an aligned "
                "178x218 crop."
            )
        yield row, pixels


def aligned_answers(
    paths: Sequence[Path], model: AttributeModel, *, limit: int | None = None
) -> Answers:
    """Answers for crops that are straight already."""
    rows: list[Row] = []
    predictions: list[Prediction] = []
    waiting: list[np.ndarray] = []

    def flush() -> None:
        if waiting:
            predictions.extend(model.predict(waiting))
            waiting.clear()

    for row, crop in _rows(paths, model, limit):
        rows.append(row)
        waiting.append(crop)
        if len(waiting) == BATCH:
            flush()
    flush()
    if not rows:
        raise DataError(f"{paths[0]} holds no faces.")
    return _answers(model, rows, predictions)


def _loose_answers(
    paths: Sequence[Path], model: AttributeModel, seed: int, detector: str | None, limit: int | None
) -> tuple[Answers, Found]:
    from facelens.data.synthetic import match, place_on_canvas
    from facelens.faces import detector_in_use

    rows, crops, total, extra = [], [], 0, 0
    for index, (row, crop) in enumerate(_rows(paths, model, limit)):
        framed = place_on_canvas(crop, seed, index)
        face, others = match(framed, find_faces(Photo(framed.canvas, row.path), detector=detector))
        total += 1
        extra += others
        if face is not None:
            rows.append(row)
            crops.append(face)
    if not rows:
        raise DataError(f"No face was found in the loosely framed pictures of {paths[0]}.")
    answers = _answers(model, rows, model.predict(crops))
    return answers, Found(total, len(rows), extra, detector_in_use(detector))


def _answers(model: AttributeModel, rows: list[Row], predictions: list[Prediction]) -> Answers:
    logits = np.stack([prediction.logits for prediction in predictions])
    probabilities = np.stack([prediction.probabilities for prediction in predictions])
    labels = np.array([[row.values[name] for name in model.names] for row in rows])
    # Without names of people every face counts as its own person.
    people = np.array([str(row.values.get("celeb_id", f"face {i}")) for i, row in enumerate(rows)])
    return Answers(model.names, probabilities, labels, people, logits)


def summarise(
    answers: Answers,
    title: str,
    *,
    split_by: Sequence[str] = (),
    detection: Found | None = None,
    draws: int = DRAWS,
) -> Evaluation:
    """Figures from answers, with intervals by a bootstrap over people."""
    p, y = answers.probabilities.astype(np.float64), answers.labels
    table = {name: metric(p, y) for name, metric in METRICS.items()}
    table["majority"] = np.maximum(y.mean(0), 1 - y.mean(0))
    table["prevalence"] = y.mean(0)
    table["ece"] = metrics.calibration_error(p, y)
    table["ece_floor"] = metrics.calibration_floor(p)
    weights = metrics.resample_people(answers.people, draws=draws)
    right = ((p >= 0.5) == y).mean(1)
    resampled = {"accuracy": weights @ right / weights.sum(1)}
    slow = _some(weights)
    for name in ("average_precision", "f1", "balanced_accuracy"):
        resampled[name] = np.array([_mean(METRICS[name](p[i], y[i])) for i in slow])
    overall: dict[str, dict[str, float]] = {}
    for name in ("accuracy", "average_precision", "f1", "balanced_accuracy"):
        low, high = metrics.interval(resampled[name])
        overall[name] = {"value": _mean(table[name]), "low": low, "high": high}
    for name in ("majority", "ece", "ece_floor"):
        overall[name] = {"value": _mean(table[name])}
    steady = np.array([not describe(name).shifted for name in answers.names])
    for name in ("ece", "ece_floor"):
        overall[f"{name}_steady"] = {"value": _mean(table[name][steady])}
    attributes = {
        name: {column: float(values[i]) for column, values in table.items()}
        for i, name in enumerate(answers.names)
    }
    groups = _groups(answers, split_by, draws) if split_by else {}
    return Evaluation(
        title, len(y), len(np.unique(answers.people)), overall, attributes, groups, detection
    )


def compare(
    answers: Answers, others: Answers, title: str, other: str, *, draws: int = DRAWS
) -> Comparison:
    """Two networks on the same faces, over the attributes that both answer.

    Both are measured on the same resamples of people: what is hard for both cancels, and far
    smaller differences show than the intervals of each alone would let through.
    """
    names = [name for name in answers.names if name in others.names]
    if not names:
        raise DataError(f"{title} and {other} answer no question in common.")
    if not np.array_equal(answers.people, others.people):
        raise DataError(f"{title} and {other} have answered other faces.")
    labels = answers.labels[:, [answers.names.index(name) for name in names]]
    mine, theirs = (
        a.probabilities[:, [a.names.index(name) for name in names]].astype(np.float64)
        for a in (answers, others)
    )
    weights = metrics.resample_people(answers.people, draws=draws)
    right = ((mine >= 0.5) == labels).mean(1) - ((theirs >= 0.5) == labels).mean(1)
    resampled = {"accuracy": weights @ right / weights.sum(1)}
    slow = _some(weights)
    precision = metrics.average_precision
    resampled["average_precision"] = np.array(
        [_mean(precision(mine[i], labels[i]) - precision(theirs[i], labels[i])) for i in slow]
    )
    values = {
        "accuracy": float(right.mean()),
        "average_precision": _mean(precision(mine, labels) - precision(theirs, labels)),
    }
    return Comparison(
        title,
        other,
        len(labels),
        {
            name: dict(zip(("value", "low", "high"), (values[name], *ends), strict=True))
            for name, ends in ((n, metrics.interval(drawn)) for n, drawn in resampled.items())
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
            verdict = "no difference that so few faces show"
        lines.append(
            f"  {title:<26}{figure['value']:+8.4f}   95 % {figure['low']:+.4f} to "
            f"{figure['high']:+.4f}   {verdict}"
        )
    return "\n".join(lines)


def _some(weights: np.ndarray) -> list[np.ndarray]:
    """The faces of a tenth of the resamples, plenty for the ends of what is slow to compute."""
    few = weights[: max(len(weights) // 10, 50)]
    return [np.repeat(np.arange(weights.shape[1]), weight) for weight in few]


def _mean(values: np.ndarray) -> float:
    """The mean of what is defined, NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _groups(answers: Answers, split_by: Sequence[str], draws: int) -> dict[str, dict[str, Any]]:
    """Error by combination of the attributes `split_by`, with intervals.

    `recall` holds the share of positive faces that are found, with its interval, for those
    attributes of which the group has at least 20 positives; the others are "too few".
    """
    columns = answers.labels[:, [answers.names.index(name) for name in split_by]]
    groups: dict[str, dict[str, Any]] = {}
    for code in range(2 ** len(split_by)):
        wanted = [bool(code >> bit & 1) for bit in range(len(split_by))]
        inside = (columns == wanted).all(1)
        title = ", ".join(
            name if yes else f"not {name}" for name, yes in zip(split_by, wanted, strict=True)
        )
        n = int(inside.sum())
        if n < _TOO_FEW:
            groups[title] = {"faces": n, "error": "too few"}
            continue
        p, y = answers.probabilities[inside], answers.labels[inside]
        wrong = ((p >= 0.5) != y).mean(1)
        weights = metrics.resample_people(answers.people[inside], draws=draws)
        low, high = metrics.interval(weights @ wrong / weights.sum(1))
        found = {
            name: _found((p[:, a] >= 0.5)[y[:, a]])
            for a, name in enumerate(answers.names)
            if name not in split_by
        }
        groups[title] = {
            "faces": n, "error": float(wrong.mean()), "low": low, "high": high, "recall": found,
        }  # fmt: skip
    return groups


def _found(called: np.ndarray) -> dict[str, float] | str:
    """The share of a group's positive faces that are called, with its 95 % interval."""
    if len(called) < _TOO_FEW:
        return "too few"
    low, high = metrics.wilson(called.sum(), np.array(len(called)))
    return {"value": float(called.mean()), "low": float(low), "high": float(high)}


def _calibration(title: str, error: float, floor: float) -> str:
    return f"  {title:<26}{error:8.4f}   sampling floor {floor:.4f}, ratio {error / floor:.2f}"


def _shifted(result: Evaluation) -> list[str]:
    """Calibration without the attributes that no calibration on validation faces can meet."""
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


def as_text(result: Evaluation) -> str:
    """An evaluation as a page of plain text."""
    o = result.overall
    lines = [f"{result.model} on {result.faces} faces of {result.people} people"]
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
        lines.append(
            f"  {title:<26}{figure['value']:8.4f}   95 % {figure['low']:.4f}-{figure['high']:.4f}"
        )
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
                f"  {title}: {group['faces']} faces, error {group['error']:.4f} "
                f"(95 % {group['low']:.4f}-{group['high']:.4f})"
            )
    if result.against:
        lines += ["", comparison_as_text(result.against)]
    return "\n".join(lines)
