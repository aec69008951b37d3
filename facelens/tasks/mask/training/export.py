"""A run to a bundle: graph, thresholds, figures, card."""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from facelens.bundles.bundle import Bundle, check_place, write_manifest
from facelens.bundles.session import open_session
from facelens.data.boxes import BoxedPhoto, boxed_photos
from facelens.errors import DataError
from facelens.files import atomic_folder, write_bytes, write_text
from facelens.metrics import without_nan
from facelens.tasks.example import write_example
from facelens.tasks.mask.curves import BoxCurves
from facelens.tasks.mask.figures import Answers, curves, measure
from facelens.tasks.mask.model import (
    MAX_SIDE,
    MIN_SIDE,
    STRIDE,
    MaskConfig,
    MaskModel,
    letterbox,
)
from facelens.tasks.mask.names import NAMES, TERMS
from facelens.tasks.mask.training.calibrate import min_score, temperature
from facelens.tasks.mask.training.card import card
from facelens.tasks.mask.training.detect import average_precisions
from facelens.tasks.mask.training.graph import Dense, add_suppression, head, write_dense
from facelens.tasks.mask.training.run import MaskRun, data_of, read_sides
from facelens.training.boxes.networks import Detector
from facelens.training.float16 import halved, to_float16
from facelens.training.quantise import quantise

LICENCE = f"Those of the photos it was trained on: {TERMS}."
DATASET = "Face Mask Detection (Kaggle)"
# int8 is kept if it costs at most this much of mAP50-95 on the photos that it is measured on.
LOSS = 0.005
_CHECKED = 4  # photos on which the graph is compared with torch
_TOLERANCE = 1e-2  # pixels of a box, and of a score a hundredth of it, that arithmetic explains
_RANGES = 32  # photos from which the ranges of int8 are taken
_AT_ONCE = 2
_SCORE = 0.4  # from which a box is a face, if no photos were held out to find it
_MOST_ASKED = 150  # photos on which precisions are compared

log = logging.getLogger(__name__)


def export(
    run: MaskRun,
    out: Path,
    *,
    data: Path,
    name: str,
    version: str,
    dataset: str = DATASET,
    licence: str = LICENCE,
    precision: str = "best",
    side: int | None = None,
) -> MaskModel:
    """Write the network of `run` as a bundle into the folder `out`.

    Temperature and threshold come from the photos that the run held out, through the graph as it
    is shipped; figures from these and from the test photos under `data`.

    Args:
        precision: "int8", "float16" (float32 whose kernels are stored in half), or "best": both
            are measured, and int8 is kept unless it loses more than `LOSS` of mAP50-95.
        side: pixels of the longest side at which the graph sees photos; by default those of the
            training. More finds smaller faces and takes longer.
    """
    out = out.resolve()
    check_place(out)
    level = run.recipe.how
    if not level.classes:
        raise DataError(f"{run.folder} is a run of {run.recipe.level}, which only finds faces.")
    side = side or level.side
    if side % STRIDE or not MIN_SIDE <= side <= MAX_SIDE:
        raise DataError(
            f"A side of {side} pixels cannot be: give a multiple of {STRIDE} from {MIN_SIDE} to "
            f"{MAX_SIDE}."
        )
    if not run.is_finished:
        raise DataError(
            f"{run.folder} is not trained to its end; give the same facelens train again first."
        )
    sides = read_sides(data, run.recipe.fold)
    if run.about["data"] != data_of(sides):
        log.warning("%s was trained on other photos than %s holds, or on some.", run.folder, data)
    with atomic_folder(out) as draft:
        _write(draft, run, data, sides, (name, version, dataset, licence), (precision, side))
    return MaskModel(Bundle(out, str(out)))


def _write(  # noqa: PLR0917 - what `export` was given
    out: Path,
    run: MaskRun,
    data: Path,
    sides: tuple[Sequence[BoxedPhoto], Sequence[BoxedPhoto]],
    about: tuple[str, str, str, str],
    how: tuple[str, int],
) -> None:
    """Write the bundle of `run` into the empty folder `out`."""
    (train, valid), (name, version, dataset, licence) = sides, about
    network, (precision, side) = run.network(), how
    tensors = {key: halved(value) for key, value in network.state_dict().items()}
    write_bytes(out / "model.safetensors", save(tensors))
    config = MaskConfig(
        task="mask",
        name=name,
        version=version,
        architecture=run.recipe.level,
        names=NAMES,
        input_size=(side, side),
        licence=licence,
        min_score=_SCORE,
        temperature=np.ones(1, np.float32),
        data={"name": dataset, **run.about["data"]},
        recipe={
            **run.recipe.asdict(),
            "start": run.about.get("start", ""),
            "versions": run.about.get("versions", {}),
            "minutes": round(run.minutes, 1),
            "weights": sum(p.numel() for p in network.parameters()),
            "history": run.history[-1:],
        },
    )
    config.metrics.update(_round(network, out, config, (train, valid or train), precision))
    if valid:
        model = _opened(out, config)
        faces = [model.predict([photo.pixels], min_score=0.0)[0] for photo in valid]
        config.temperature[:] = temperature(faces, valid)
        config = replace(config, min_score=min_score(faces, valid))
    model = _opened(out, config)
    for split, photos in {"valid": valid, "test": _test(data)}.items():
        if photos:
            config.metrics[split] = without_nan(measure(photos, _answers(model, photos), NAMES))
    if valid:
        found = curves(valid, [model.drawn(photo.pixels) for photo in valid], NAMES)
        classes = config.metrics["valid"]["classes"]
        boxes = {kind: each["count"] for kind, each in classes.items()}
        table = BoxCurves.of(found, photos=len(valid), boxes=boxes)
        table.save(out / "curves.json")
    config.save(out / "config.json")
    write_text(out / "README.md", card(config))
    write_manifest(out)
    write_example(_opened(out, config))


def _test(data: Path) -> list[BoxedPhoto]:
    try:
        return boxed_photos(data, "test", NAMES)
    except DataError:
        return []


def _opened(out: Path, config: MaskConfig) -> MaskModel:
    """The bundle as it is so far."""
    config.save(out / "config.json")
    write_manifest(out)
    return MaskModel(Bundle(out, str(out)))


def _answers(model: MaskModel, photos: Sequence[BoxedPhoto]) -> list[Answers]:
    return [model.answers(photo.pixels) for photo in photos]


def _round(
    network: Detector,
    out: Path,
    config: MaskConfig,
    photos: tuple[Sequence[BoxedPhoto], Sequence[BoxedPhoto]],
    precision: str,
) -> dict[str, Any]:
    """Write the graph in the best precision, or the one asked for, and say what each is worth."""
    (learnt, asked), side = photos, config.input_size[0]
    asked = asked[:_MOST_ASKED]
    # Beside the bundle's files while it is a draft; none of them stays.
    dense, kept = out / "dense.onnx", out / "model.onnx"
    write_dense(network, dense, side)
    difference = _difference(dense, network, asked[:_CHECKED], side)
    if difference > _TOLERANCE:
        raise DataError(f"The exported graph differs from torch by {difference:.3g} pixels.")
    tried: dict[str, Any] = {}
    for kind in ("float16", "int8") if precision == "best" else (precision,):
        path = out / f"{kind}.onnx"
        shutil.copy(dense, path)
        if kind == "int8":
            few = np.random.default_rng(0).permutation(len(learnt))[:_RANGES]
            ranges = [letterbox(learnt[i].pixels, side, square=True)[0] for i in np.sort(few)]
            quantise(path, np.stack(ranges), head=head, batch=_AT_ONCE)
        else:
            to_float16(path)
        add_suppression(path)
        shutil.copy(path, kept)
        found = average_precisions(asked, _answers(_opened(out, config), asked))
        tried[kind] = {
            "map50": float(np.mean([each[0] for each in found.values()])),
            "map50_95": float(np.mean(list(found.values()))),
            "bytes": path.stat().st_size,
        }
        log.info("In %s: mAP50 %.3f, mAP50-95 %.3f.", kind, *list(tried[kind].values())[:2])
    chosen = next(iter(tried))
    if len(tried) > 1:
        loss = tried["float16"]["map50_95"] - tried["int8"]["map50_95"]
        chosen = "int8" if loss <= LOSS else "float16"
    shutil.copy(out / f"{chosen}.onnx", kept)
    for path in (dense, *(out / f"{kind}.onnx" for kind in tried)):
        path.unlink()
    return {"graph_difference": difference, "precision": chosen, "tried": tried}


def _difference(dense: Path, network: Detector, photos: Sequence[BoxedPhoto], side: int) -> float:
    """How far the graph's boxes are from torch's, in pixels; scores and logits count a hundred.

    Before suppression: among boxes of nearly the same score it may take either.
    """
    session, worst = open_session(dense), 0.0
    for photo in photos:
        picture = letterbox(photo.pixels, side)[0][None]
        with torch.no_grad():
            expected = Dense(network)(torch.from_numpy(picture))
        found = session.run(None, {"photos": picture})
        for one, other, weight in zip(found, expected, (1, 100, 100), strict=True):
            worst = max(worst, weight * float(np.abs(one - other.numpy()).max()))
    return worst
