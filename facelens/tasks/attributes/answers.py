"""What a network answers on labelled faces, beside what their labels say."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from facelens.bundles.session import BATCH
from facelens.data.labels import as_array, code_of
from facelens.data.parquet import column_names, images
from facelens.data.people import identities
from facelens.data.yesno import check_no
from facelens.errors import DataError, printable
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, find_faces
from facelens.photo import Photo
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.classifier import Prediction

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Answers:
    """Probabilities float (n, a), labels bool (n, a), and the person of each face.

    `known`: bool (n, a), false where a label is blank, which is then false; None if none is.
    `unknown`: how many faces have no identity; each is a person of its own in `people`.
    `others`: columns of the data that the network does not answer, int8 (n,): 1 for yes, 0 for
    no, -1 for blank.
    """

    names: tuple[str, ...]
    probabilities: np.ndarray
    labels: np.ndarray
    people: np.ndarray
    logits: np.ndarray
    unknown: int = 0
    others: Mapping[str, np.ndarray] = field(default_factory=dict)
    known: np.ndarray | None = None


@dataclass(frozen=True)
class DetectionRate:
    """Detections on loosely framed faces."""

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


# The identity of a face, as the data has it, and the `code` of each column.
_Labels = tuple[object, list[int | None]]


@dataclass(frozen=True, eq=False)
class _Face:
    """A labelled crop: its name, its identity as the data has it, the `code` of each column."""

    pixels: np.ndarray
    name: str
    person: object
    codes: list[int | None]


def parquet_paths(parquet: Path | Sequence[Path]) -> list[Path]:
    return [Path(parquet)] if isinstance(parquet, str | Path) else list(parquet)


def answer(
    parquet: Path | Sequence[Path],
    model: AttributeModel,
    *,
    loose: bool = False,
    seed: int = 0,
    detector: str | None = None,
    limit: int | None = None,
    others: Sequence[str] = (),
) -> tuple[Answers, DetectionRate | None]:
    """Answer the labelled faces of `parquet` with `model`; arguments as in `evaluate`.

    `others`: yes/no columns of the data to keep besides those that `model` answers.
    """
    paths = parquet_paths(parquet)
    if loose:
        faces = _faces(paths, model, limit, others)
        return _loose_answers(paths[0], model, faces, others, seed=seed, detector=detector)
    return aligned_answers(paths, model, limit=limit, others=others), None


def aligned_answers(
    paths: Sequence[Path],
    model: AttributeModel,
    *,
    limit: int | None = None,
    others: Sequence[str] = (),
) -> Answers:
    """Answers for crops that are already aligned."""
    kept: list[_Labels] = []
    predictions: list[Prediction] = []
    waiting: list[np.ndarray] = []

    def flush() -> None:
        if waiting:
            predictions.extend(model.predict(waiting))
            waiting.clear()

    for face in _faces(paths, model, limit, others):
        kept.append((face.person, face.codes))
        waiting.append(face.pixels)
        if len(waiting) == BATCH:
            flush()
    flush()
    if not kept:
        raise DataError(f"{paths[0]} holds no faces.")
    return _answers(paths[0], model, kept, predictions, others)


def _loose_answers(
    path: Path,
    model: AttributeModel,
    faces: Iterator[_Face],
    others: Sequence[str],
    *,
    seed: int,
    detector: str | None,
) -> tuple[Answers, DetectionRate]:
    from facelens.data.synthetic import match, place_on_canvas
    from facelens.faces import detector_in_use

    kept, crops, total, extra = [], [], 0, 0
    for index, face in enumerate(faces):
        placed = place_on_canvas(face.pixels, seed, index)
        found, rest = match(placed, find_faces(Photo(placed.canvas, face.name), detector=detector))
        total += 1
        extra += rest
        if found is not None:
            kept.append((face.person, face.codes))
            crops.append(found)
    if not crops:
        raise DataError(f"No face was found in the loosely framed pictures of {path}.")
    answers = _answers(path, model, kept, model.predict(crops), others)
    return answers, DetectionRate(total, len(crops), extra, detector_in_use(detector))


def _faces(
    paths: Sequence[Path], model: AttributeModel, limit: int | None, others: Sequence[str]
) -> Iterator[_Face]:
    for path in paths:
        there = column_names(path)
        for name in model.names:
            if name not in there:
                raise DataError(f"{path} has no column {name!r}, which {model.title} answers.")
    asked = [*model.names, *others]
    rows = ((path, row) for path in paths for row in images(path, asked, optional=["celeb_id"]))
    for path, row in islice(rows, limit):
        where = f"{printable(row.path)} in {path}"
        codes = [code_of(path, row, name) for name in asked]
        pixels = row.pixels(path)
        if pixels.shape != (CROP_HEIGHT, CROP_WIDTH, 3):
            raise DataError(
                f"{where} is {pixels.shape[1]}x{pixels.shape[0]}, not an aligned 178x218 crop."
            )
        yield _Face(pixels, row.path, row.values.get("celeb_id"), codes)


def _answers(
    path: Path,
    model: AttributeModel,
    kept: list[_Labels],
    predictions: list[Prediction],
    others: Sequence[str],
) -> Answers:
    codes = [each for _, each in kept]
    check_no(str(path), [*model.names, *others], codes)
    said = as_array(codes)
    own = len(model.names)
    known = said[:, :own] >= 0
    if not known.any():
        raise DataError(f"{path} has no label: all answers are blank.")
    if not known.all():
        log.info("%d of %d labels are blank, and in no figure.", (~known).sum(), known.size)
    names, unknown = identities([person for person, _ in kept])
    return Answers(
        model.names,
        np.stack([prediction.probabilities for prediction in predictions]),
        said[:, :own] == 1,
        names,
        np.stack([prediction.logits for prediction in predictions]),
        unknown,
        dict(zip(others, said[:, own:].T, strict=True)),
        None if known.all() else known,
    )
