"""What a visitor takes home of the face on the page, as a file."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from facelens.explain.maps import Evidence
from facelens.faces import Face
from facelens.photo import Photo
from facelens.report import card, picture, report
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.classifier import Prediction
from facelens.ui.about import repository
from facelens.ui.board import ReportRequest

FORMS = {
    "png": (picture.as_png, "face-{}.png", "image/png"),
    "card": (card.as_card, "card-{}.png", "image/png"),
    "csv": (report.as_csv, "face-{}.csv", "text/csv"),
    "json": (report.as_json, "face-{}.json", "application/json"),
}


class File(NamedTuple):
    """A file for the browser to save: its bytes, its name, its media type."""

    data: bytes
    name: str
    kind: str


def take_home(
    wish: ReportRequest,
    model: AttributeModel,
    *,
    photo: Photo,
    faces: Sequence[Face],
    index: int,
    answer: Prediction,
    where: Evidence,
    chosen: str | None,
    detector: str,
    further: Sequence[report.Further] = (),
) -> File:
    """Write what the page says of face `index` in the form that is wished for.

    Args:
        where: the evidence for all attributes, of which one is shown.
        chosen: the attribute that the visitor has chosen for this face; None if none was.
        detector: in words.
        further: what other tasks say of the face.
    """
    face = faces[index]
    given = [wish.thresholds.get(name) for name in model.names]
    cuts = np.array([np.nan if cut is None else cut for cut in given], np.float32)
    judgements = wish.judgements and wish.form != "card"
    shown = report.subject(model, face, answer, cuts, chosen=chosen, judgements=judgements)
    written, name, kind = FORMS[wish.form]
    data = written(
        report.Report(
            photo=photo,
            face=face,
            number=index + 1,
            count=len(faces),
            prediction=answer,
            thresholds=cuts,
            curves=model.curves,
            model=origin(model),
            detector=detector,
            licence=model.config.licence,
            chosen=shown,
            heat=where.values[model.names.index(shown)],
            way="occlusion" if where.way == "occlusion" else "map",
            project=repository(),
            marks=wish.marks,
            judgements=judgements,
            data=model.data,
            measured_on=model.measured_on,
            metrics=model.config.metrics,
            further=further,
            others=[other.box for i, other in enumerate(faces) if i != index],
        )
    )
    return File(data, f"facelens-{name.format(index + 1)}", kind)


def origin(model: AttributeModel) -> str:
    """The network and where it is from; of a folder its name, since the rest is private."""
    folder = model.bundle.source == str(model.bundle.folder)
    return f"{model.title} ({model.bundle.folder.name if folder else model.bundle.source})"
