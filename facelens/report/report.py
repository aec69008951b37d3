"""A report about one face, to download: a picture, a table or a JSON object."""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from facelens import __version__
from facelens.tables import escaped
from facelens.tasks import fairness
from facelens.tasks.attributes.curves import Curves
from facelens.tasks.attributes.names import Attribute, describe, group_title
from facelens.tasks.attributes.telling import most_telling, telling_yeses
from facelens.tasks.attributes.thresholds import meaning, sentence, verdicts
from facelens.tasks.attributes.weak import weak
from facelens.tasks.base import Verdict, Word

if TYPE_CHECKING:
    from facelens.faces import Box, Face
    from facelens.photo import Photo
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.classifier import Prediction

NOTE = "Answers are about the labels of celebrity photos, not about the person."
COLUMNS = (
    "attribute", "label", "group", "probability", "low", "high", "threshold", "verdict", "you_say",
    "meaning",
)  # fmt: skip
OUT_OF_REACH = "out of reach"
YOU_SAY = {True: "yes", False: "no", None: ""}


@dataclass(frozen=True)
class Row:
    """One attribute's answer; `threshold` is NaN if out of reach.

    `low`, `high`: between which the probability moves when the picture changes a little, if that
    was measured.
    `you_say`: the visitor's own answer, None if there is none.
    """

    attribute: Attribute
    logit: float
    probability: float
    threshold: float
    verdict: Verdict
    meaning: str
    you_say: bool | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Further:
    """What another task says of the face; `caution` goes with it wherever it is shown."""

    task: str
    model: str
    sentence: str
    caution: str
    words: tuple[Word, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """All answers about face `number` of `count`.

    `thresholds`: float32 (attributes,), NaN if out of reach.
    `heat`: float32 (h, w), signed evidence for the attribute `chosen`; `way` says how it was found.
    `marks`: attribute to the visitor's own answer.
    `data`: the data set whose validation faces give a threshold its meaning.
    `measured_on`: the same by an attribute's name, where they differ.
    `judgements`: include the judgements about people.
    `metrics`: of the bundle's `config.json`, whose errors by group come with the answers.
    `project`: the address of the project, to be found again; empty where it is not known.
    `others`: boxes of the photo's other faces, which the picture crops out or blurs.
    `further`: what other tasks say of the face, as far as they were asked.
    """

    photo: "Photo"
    face: "Face"
    number: int
    count: int
    prediction: "Prediction"
    thresholds: np.ndarray
    curves: Curves
    model: str
    detector: str
    licence: str
    chosen: str
    heat: np.ndarray
    marks: Mapping[str, bool]
    judgements: bool = False
    data: str = "CelebA"
    measured_on: Callable[[str], str] | None = None
    others: Sequence["Box"] = ()
    further: Sequence[Further] = ()
    way: Literal["map", "occlusion"] = "map"
    project: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    made: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def gaps(self) -> list[fairness.Gap]:
        """Where the network errs more than twice as often on some people as on others."""
        return gaps_of(self.metrics, judgements=self.judgements)

    @cached_property
    def fairness(self) -> list[str]:
        """What is known of errors by group: a sentence, or a warning a gap."""
        return fairness_of(self.metrics, judgements=self.judgements)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """Yes, no or doubtful for every attribute, judgements included."""
        return verdicts(
            self.prediction, self.thresholds, self.curves, hints=self.face.hints,
            weak=weak(self.metrics, self.face),
        )  # fmt: skip

    @property
    def sentence(self) -> str:
        """A sentence about what the network is fairly sure of, and what is doubtful."""
        return sentence(
            self.prediction, self.verdicts, self.thresholds, self.curves, hints=self.face.hints
        )

    @property
    def words(self) -> list[str]:
        """Labels of what gets a yes, the most telling first, judgements left out."""
        found = telling_yeses(self.prediction, self.verdicts, self.curves)
        return [describe(name).label for name in found]

    @property
    def _moves(self) -> list[tuple[float | None, float | None]]:
        """The whiskers of every attribute; None where nobody has measured them."""
        spread = self.prediction.spread
        if spread is None:
            return [(None, None)] * len(self.prediction.names)
        return [(_number(float(low)), _number(float(high))) for low, high in spread.T]

    def _data_of(self, name: str) -> str:
        return self.measured_on(name) if self.measured_on else self.data

    @cached_property
    def rows(self) -> list[Row]:
        """The answers to include, in the bundle's order."""
        prediction = self.prediction
        rows = [
            Row(
                describe(name), float(logit), float(probability), float(threshold), verdict,
                meaning(name, float(threshold), self.curves, data=self._data_of(name)),
                self.marks.get(name), low, high,
            )
            for name, logit, probability, threshold, verdict, (low, high) in zip(
                prediction.names, prediction.logits, prediction.probabilities, self.thresholds,
                self.verdicts, self._moves, strict=True,
            )
        ]  # fmt: skip
        return [row for row in rows if self.judgements or not row.attribute.is_judgement]


def gaps_of(metrics: Mapping[str, Any], *, judgements: bool) -> list[fairness.Gap]:
    """Where a network errs more than twice as often on some people, by its `metrics`."""
    return [
        gap
        for gap in fairness.gaps(fairness.measured(metrics))
        if judgements or not describe(gap.what).is_judgement
    ]


def fairness_of(metrics: Mapping[str, Any], *, judgements: bool) -> list[str]:
    """What `metrics` say of errors by group: a sentence, or a warning a gap."""
    groups, gaps = fairness.measured(metrics), gaps_of(metrics, judgements=judgements)
    if not groups:
        return [fairness.NO_GROUPS]
    if not gaps and fairness.gaps(groups):
        return []  # only of judgements, which are left out
    return [f"Warning: {gap}." for gap in gaps] or fairness.verdict(groups)


def subject(
    model: "AttributeModel",
    face: "Face",
    prediction: "Prediction",
    thresholds: np.ndarray,
    *,
    chosen: str | None,
    judgements: bool,
) -> str:
    """The attribute whose map a report shows: the visitor's choice, or the strongest yes.

    The strongest is the one farthest above its base rate: "no beard" is likely on most faces.

    Args:
        thresholds: float32 (attributes,), NaN if out of reach.
        chosen: by the visitor, for this face; None if nothing was.
        judgements: whether a judgement about people may be shown.
    """
    if chosen is not None and (judgements or not describe(chosen).is_judgement):
        return chosen
    said = verdicts(
        prediction, thresholds, model.curves, hints=face.hints,
        weak=weak(model.config.metrics, face),
    )  # fmt: skip
    yeses = telling_yeses(prediction, said, model.curves)
    return next(iter(yeses), None) or most_telling(model, prediction) or model.names[0]


def as_json(report: Report) -> bytes:
    """Write the report as one JSON object; a threshold out of reach is null."""
    content: dict[str, Any] = {
        "made": {
            "facelens": __version__,
            "date": f"{report.made.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        },
        "model": report.model,
        "detector": report.detector,
        "licence": report.licence,
        **({"project": report.project} if report.project else {}),
        "note": NOTE,
        "fairness": report.fairness,
        "face": {
            "number": report.number,
            "count": report.count,
            "box": {
                side: round(float(value), 1) for side, value in report.face.box._asdict().items()
            },
            "hints": list(report.face.hints),
        },
        "sentence": report.sentence,
        "attributes": [
            {
                "name": row.attribute.name,
                "label": row.attribute.label,
                "group": group_title(row.attribute.group),
                "logit": _number(row.logit),
                "probability": _number(row.probability),
                **({} if row.low is None else {"low": row.low, "high": row.high}),
                "threshold": _number(row.threshold),
                "verdict": str(row.verdict),
                "meaning": row.meaning,
                "you_say": row.you_say,
            }
            for row in report.rows
        ],
        **(
            {"tasks": [_further_as_json(each) for each in report.further]} if report.further else {}
        ),
    }
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _further_as_json(each: Further) -> dict[str, Any]:
    return {
        "task": each.task,
        "model": each.model,
        "sentence": each.sentence,
        "caution": each.caution,
        "words": [
            {
                "label": word.label,
                "value": _number(float(word.value)),
                "verdict": word.verdict and str(word.verdict),
            }
            for word in each.words
        ],
    }


def as_csv(report: Report) -> bytes:
    """Write the report as a table for a spreadsheet, a row per attribute, then other tasks' words.

    UTF-8 with a byte order mark: without it Excel assumes an older encoding.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in report.rows:
        threshold = _number(row.threshold)
        writer.writerow(
            [
                escaped(row.attribute.name),
                escaped(row.attribute.label),
                escaped(group_title(row.attribute.group)),
                _number(row.probability),
                row.low,
                row.high,
                OUT_OF_REACH if threshold is None else threshold,
                row.verdict,
                YOU_SAY[row.you_say],
                escaped(_with_gaps(report, row)),
            ]
        )
    for each in report.further:
        for word in each.words:
            writer.writerow(
                [
                    escaped(each.task), escaped(word.label), escaped(each.task.capitalize()),
                    _number(float(word.value)), None, None, "", str(word), "",
                    escaped(each.caution),
                ]
            )  # fmt: skip
    return file.getvalue().encode("utf-8-sig")


def _with_gaps(report: Report, row: Row) -> str:
    """The meaning of an answer, and on whom the network errs more with it."""
    about = [gap for gap in report.gaps if gap.what == row.attribute.name]
    return "; ".join(filter(None, (row.meaning, *(f"warning: {gap}" for gap in about))))


def _number(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
