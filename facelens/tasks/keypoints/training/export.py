"""A run to a bundle: graph, where the network's picture lies on a face, figures, card."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from facelens.bundles.bundle import Bundle, check_place, write_manifest
from facelens.errors import DataError
from facelens.faces import align
from facelens.faces.yunet import YUNET_WEIGHTS
from facelens.files import atomic_folder, write_bytes, write_text
from facelens.tasks.example import write_example
from facelens.tasks.fairness import NO_GROUPS
from facelens.tasks.keypoints import marks
from facelens.tasks.keypoints.marks import (
    NAMES,
    PLAIN,
    SIDE,
    TEMPLATE_FIVE,
    Faces,
    mean_face,
)
from facelens.tasks.keypoints.model import NAME, KeypointModel, KeypointsConfig
from facelens.tasks.keypoints.training.ladder import hold_out, predict
from facelens.tasks.keypoints.training.run import KeypointRun, data_of, offset_of, read_faces
from facelens.training.graph import write_graph

LICENCE = "Non-commercial research only, as the frames of YouTube Faces that it was trained on."
DATASET = "YouTube Faces, 96x96, fifteen of 68 machine-made marks"
KAGGLE = "Kaggle's Facial Keypoints Detection"
KAGGLE_TERMS = "As the rules of Kaggle's competition allow for what comes of its data."
_LIMITS = (
    "A network is no better than the marks that it learnt from, and some of them are wrong. It "
    "expects a face that looks towards the camera, detected and aligned; on a profile it answers "
    "all the same, and wrongly. A point that is hidden is guessed."
)
_TOLERANCE = 1e-2  # pixels by which the graph may differ from torch


def terms(data: Path) -> tuple[str, str]:
    """What a card says of the data and of its terms where nobody else does."""
    return (DATASET, LICENCE) if any(data.rglob("*.parquet")) else (KAGGLE, KAGGLE_TERMS)


def frame(faces: Faces) -> np.ndarray:
    """The 2x3 that takes CelebA's template to where faces lie in these pictures on average."""
    # The tip of the nose is not the same place in both.
    return align.similarity(align.TEMPLATE, mean_face(faces)[TEMPLATE_FIVE], YUNET_WEIGHTS)


def export(
    run: KeypointRun,
    out: Path,
    *,
    data: Path,
    name: str,
    version: str,
    dataset: str,
    licence: str,
) -> KeypointModel:
    """Write the network of `run` as a bundle into the folder `out`.

    Figures are measured on the graph as shipped: on the people that were held out in training, and
    on the test faces under `data` where there are some.
    """
    out = out.resolve()
    check_place(out)
    run.network()  # one that is not trained to its end is refused first
    faces = read_faces(data, "train")
    rest, valid = hold_out(faces, seed=run.recipe.seed)
    if run.about["data"] != data_of(rest, valid):
        raise DataError(f"{run.folder} was trained on other faces than {data} holds.")
    with atomic_folder(out) as draft:
        _write(draft, run, (rest, valid), data, (name, version, dataset, licence))
    return KeypointModel(Bundle(out, str(out)))


def _write(
    out: Path,
    run: KeypointRun,
    faces: tuple[Faces, Faces],
    data: Path,
    about: tuple[str, str, str, str],
) -> None:
    """Write the bundle of `run` into the empty folder `out`."""
    trained, (rest, valid), (name, version, dataset, licence) = run.load(), faces, about
    network = trained.network.cpu()
    pictures = torch.zeros(2, SIDE, SIDE, dtype=torch.uint8)
    write_graph(network, pictures, out / "model.onnx", takes="pictures", gives=("points",))
    weights = {k: v.contiguous() for k, v in run.network().state_dict().items()}
    write_bytes(out / "model.safetensors", save(weights))
    config = KeypointsConfig(
        task=NAME,
        name=name,
        version=version,
        architecture=trained.name,
        names=NAMES,
        input_size=(SIDE, SIDE),
        frame=frame(rest),
        licence=licence,
        data={
            "name": dataset,
            "train": len(rest),
            "valid": len(valid),
            "offset": list(offset_of(data)),
        },
        recipe={
            **run.recipe.asdict(),
            "start": run.about["start"],
            "versions": run.about["versions"],
            "what": run.recipe.trained.what,
            "minutes": round(trained.minutes, 1),
            "history": _last(trained.curves),
        },
    )
    config.save(out / "config.json")
    write_manifest(out)
    model = KeypointModel(Bundle(out, str(out)))
    answers = answers_of(model, valid.pictures)
    difference = float(np.abs(answers - predict(network, valid.pictures)).max())
    if difference > _TOLERANCE:
        raise DataError(f"The exported graph differs from torch by {difference:.3g} pixels.")
    config.metrics["graph_difference_px"] = difference
    config.metrics["valid"] = marks.measure(answers, valid)
    if any(data.rglob("test-*.parquet")):
        test = read_faces(data, "test")
        config.metrics["test"] = marks.measure(answers_of(model, test.pictures), test)
    config.save(out / "config.json")
    write_text(out / "README.md", card(config))
    write_manifest(out)
    write_example(KeypointModel(Bundle(out, str(out))))


def answers_of(model: KeypointModel, pictures: np.ndarray) -> np.ndarray:
    """What a bundle answers on pictures uint8 (n, 96, 96): points float (n, 15, 2)."""
    return np.array([answer.points for answer in model.predict(pictures)])


def _last(curves: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last epoch of each network."""
    return list({row["network"]: row for row in curves}.values())


def card(config: KeypointsConfig) -> str:
    """The model card: every figure from `config`."""
    from huggingface_hub import ModelCardData

    head = ModelCardData(
        license="other",
        license_name="stated-in-the-card",
        library_name="facelens",
        pipeline_tag="keypoint-detection",
        tags=["face-keypoints", "onnx"],
        model_name=f"{config.name} {config.version}",
    )
    data, recipe = config.data, config.recipe
    parts = [
        f"---\n{head.to_yaml()}\n---",
        f"# {config.name} {config.version}",
        f"Finds fifteen points of a face in a grey picture of {SIDE}x{SIDE}: {recipe['what']}. "
        "What it sees is cut out of an aligned face by `facelens`, which puts the points "
        "back into the photo.",
        "## Use",
        "**Meant for** seeing and teaching how a network finds the parts of a face.",
        "**Not meant for** recognising, measuring or judging anyone.",
        f"**Terms** {config.licence}",
        "## Training",
        f"{data['train']} faces; {data['valid']} others, held out, watched over it. Trained on "
        f"{data['name']}, with seed {recipe['seed']}, in {recipe['minutes']:g} minutes. Marks that "
        "are missing count nowhere.",
        _figures(config),
        "## Error by group",
        NO_GROUPS,
        "## Limits",
        _LIMITS,
    ]
    return "\n\n".join(parts) + "\n"


def _figures(config: KeypointsConfig) -> str:
    there = {n: config.metrics[n] for n in ("valid", "test") if n in config.metrics}
    lines = [
        "## How good",
        "",
        f"Measured on the graph as shipped, in pixels of {SIDE}x{SIDE}; 95 % intervals by "
        "bootstrap over people.",
        "",
        "| | " + " | ".join(f"{n} ({m['faces']} faces, {m['people']} people)" for n, m in
                            there.items()) + " |",
        "|---|" + "---|" * len(there),
        "| root of the mean squared error | " + " | ".join(
            f"{m['rmse_px']:.2f} ({m['low_px']:.2f}-{m['high_px']:.2f})" for m in there.values()
        ) + " |",
        "| mean squared error, coordinates over 48 minus 1 | " + " | ".join(
            f"{m['study_mse']:.5f}" for m in there.values()
        ) + " |",
        "| distance from the mark, of the eyes' distance | " + " | ".join(
            f"{100 * m['eye_error']:.1f} %" for m in there.values()
        ) + " |",
    ]  # fmt: skip
    lines += [
        f"| {PLAIN[name]} | "
        + " | ".join(f"{m['by_point'][name]:.2f}" for m in there.values())
        + " |"
        for name in NAMES
    ]
    return "\n".join(lines)
