"""A network to measure, of a bundle or of a run whose best weights are all that there is yet."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from facelens import load_model
from facelens.bundles.bundle import Bundle, write_manifest
from facelens.data.parquet import bool_columns
from facelens.tasks.attributes.training.export import Graph
from facelens.tasks.classifier import Classifier
from facelens.tasks.config import ClassifierConfig
from facelens.training.graph import write_graph
from facelens.training.network import build
from facelens.training.recipe import Recipe
from facelens.training.run import load_weights, open_run


class Bare(Classifier):
    """A network whose answers nobody has calibrated."""

    task = "attributes"


@dataclass(frozen=True)
class Opened:
    """A network that can be asked, and how it came about."""

    model: Classifier
    recipe: dict[str, Any]  # empty if nobody knows
    train_faces: int | None
    epochs: int
    start: str


def opened(folder: Path, like: Path, aside: Path) -> Opened:
    """Open a bundle, the folder of a run, or one with weights and nothing else.

    Args:
        like: a parquet file, whose yes/no columns are the attributes of a network that names none.
        aside: an empty folder, for the graph of what is not a bundle.
    """
    if (folder / "manifest.json").is_file():
        model = load_model(str(folder))
        about = model.config.recipe
        stages = sum(stage["epochs"] for stage in about.get("stages", ()))
        return Opened(
            model, about, model.config.data.get("train"),
            len(about.get("history", ())) or stages, about.get("start", ""),
        )  # fmt: skip
    if (folder / "config.json").is_file():
        run = open_run(folder)
        data = run.about.get("data", {})
        names = tuple(data.get("names", ())) or tuple(bool_columns(like))
        return Opened(
            bare(folder, run.recipe, names, aside), run.recipe.asdict(), data.get("train"),
            len(run.history), run.about.get("start", ""),
        )  # fmt: skip
    # Weights alone: a network as `facelens train` makes it if it is told nothing.
    model = bare(folder, Recipe(), tuple(bool_columns(like)), aside)
    return Opened(model, {}, None, len(_rows(folder / "history.csv")), "")


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def bare(folder: Path, recipe: Recipe, names: tuple[str, ...], aside: Path) -> Bare:
    """The weights in `folder` as a graph in float32, averaged over both sides as an export is."""
    network = build(
        recipe.arch,
        len(names),
        from_scratch=True,
        fine_maps=recipe.fine_maps,
        spread_kernels=recipe.spread_kernels,
        narrow_kernels=recipe.narrow_kernels,
    )
    load_weights(network, folder)
    graph = Graph(network.eval(), recipe, flip_average=True).eval()
    outputs = ["logits", "activation_maps", *(f"layer_{i}" for i in range(len(graph.views)))]
    crops = torch.zeros(2, 218, 178, 3, dtype=torch.uint8)
    write_graph(graph, crops, aside / "model.onnx", takes="crops", gives=outputs)
    ones = np.ones(len(names), np.float32)
    ClassifierConfig(
        task=Bare.task, name=folder.name, version="0", architecture=recipe.arch, names=names,
        input_size=recipe.size, licence="", temperature=ones,
        bias=network.head.bias.detach().numpy(), layers=(), map_layer="", flip_average=True,
    ).save(aside / "config.json")  # fmt: skip
    write_manifest(aside)
    return Bare(Bundle(aside, str(aside)))
