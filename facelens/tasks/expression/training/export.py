"""A run to a bundle: graph, temperature, figures, card."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from facelens.bundles.bundle import Bundle, check_place, write_manifest
from facelens.errors import DataError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.files import atomic_folder, write_bytes, write_text
from facelens.tasks.config import View
from facelens.tasks.example import write_example
from facelens.tasks.expression import figures
from facelens.tasks.expression.faces import Faces, read, splits
from facelens.tasks.expression.model import (
    FRAME,
    LUMA,
    SIDE,
    ExpressionConfig,
    ExpressionModel,
    embed,
    filters,
    probabilities,
)
from facelens.tasks.expression.names import NAMES
from facelens.tasks.expression.training.card import card
from facelens.tasks.expression.training.networks import Mapped
from facelens.tasks.expression.training.run import ExpressionRun, data_of
from facelens.training.float16 import to_float16
from facelens.training.graph import write_graph
from facelens.training.quantise import CROPS, quantise

LICENCE = (
    "Research only, no sale: trained on FER2013, whose pictures were found by web search and have "
    "no known licence."
)
DATASET = "FER2013"
_CHECKED = 64  # pictures on which the graph is compared with torch
_TOLERANCE = 2e-3  # largest difference of a logit that float32 arithmetic explains

log = logging.getLogger(__name__)


class Graph(nn.Module):
    """Crops uint8 (n, 218, 178, 3) to logits, activation maps and viewable feature maps.

    Inside, the crop turns grey and its part in the frame is averaged to 48x48. With `both_ways`
    the picture is seen mirrored too; logits and activation maps are the mean of both.
    """

    def __init__(self, network: Mapped, *, both_ways: bool) -> None:
        super().__init__()
        for module in network.modules():
            if hasattr(module, "inplace"):  # a view would show what a later layer wrote over it
                module.inplace = False  # type: ignore[assignment]
        self.network, self.both_ways = network.eval(), both_ways
        rows, columns = filters(FRAME)
        self.register_buffer("rows", torch.from_numpy(rows))
        self.register_buffer("columns", torch.from_numpy(columns.T.copy()))
        self.register_buffer("luma", torch.tensor(LUMA).view(3, 1))

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        grey = (crops.float() @ self.luma)[..., 0] / 255  # type: ignore[operator]
        pictures = (self.rows @ grey @ self.columns)[:, None]  # type: ignore[operator]
        n = pictures.shape[0]
        if self.both_ways:
            pictures = torch.cat([pictures, pictures.flip(3)])
        layers = self._watch(self.network.prepare(pictures))
        last, head = layers[-1], self.network.head
        logits = head(last.mean((2, 3)))
        maps = F.conv2d(last, head.weight[:, :, None, None])
        if self.both_ways:
            logits = (logits[:n] + logits[n:]) / 2
            maps = (maps[:n] + maps[n:].flip(3)) / 2
            layers = [layer[:n] for layer in layers]
        return (logits, maps, *layers)

    def _watch(self, pictures: Tensor) -> list[Tensor]:
        """What the viewable modules of the body give; the last is what the head reads."""
        seen: dict[str, Tensor] = {}
        names = [name for name, _, _ in self.network.views]
        hooks = [
            self.network.body.get_submodule(name).register_forward_hook(
                lambda _module, _inputs, output, name=name: seen.update({name: output})
            )
            for name in names
        ]
        try:
            self.network.body(pictures)
        finally:
            for hook in hooks:
                hook.remove()
        return [seen[name] for name in names]


def export(
    run: ExpressionRun,
    out: Path,
    *,
    data: Path,
    name: str,
    version: str,
    dataset: str = DATASET,
    licence: str = LICENCE,
    precision: str = "int8",
) -> ExpressionModel:
    """Write the network of `run` as a bundle into the folder `out`.

    The graph is of `precision`: "float32", "float16" (kernels stored in half) or "int8", whose
    ranges come from training pictures. The temperature comes from the validation faces under
    `data` through the graph; figures, of the test faces too, are measured on the bundle as shipped.
    """
    out = out.resolve()
    check_place(out)
    network = run.network()
    if not isinstance(network, Mapped):
        raise DataError(
            f"{run.folder} is a run of {run.recipe.level}, whose maps would not be exact; only "
            "ours and transfer can be exported."
        )
    train, valid = read(data, "train"), read(data, "valid")
    if run.about["data"] != data_of(train, valid):
        log.warning("%s was trained on other faces than %s holds, or on some.", run.folder, data)
    with atomic_folder(out) as draft:
        _write(
            draft, run, network, data,
            faces=(train, valid), about=(name, version, dataset, licence), precision=precision,
        )  # fmt: skip
    return ExpressionModel(Bundle(out, str(out)))


def _write(
    out: Path,
    run: ExpressionRun,
    network: Mapped,
    data: Path,
    *,
    faces: tuple[Faces, Faces],
    about: tuple[str, str, str, str],
    precision: str,
) -> None:
    """Write the bundle of `run` into the empty folder `out`."""
    (train, valid), (name, version, dataset, licence) = faces, about
    graph = Graph(network, both_ways=run.recipe.how.both_ways).eval()
    views = _write_graph(graph, out / "model.onnx")
    tensors = {key: _halved(value) for key, value in network.state_dict().items()}
    write_bytes(out / "model.safetensors", save(tensors))
    config = ExpressionConfig(
        task="expression",
        name=name,
        version=version,
        architecture=run.recipe.level,
        names=NAMES,
        input_size=(SIDE, SIDE),
        frame=FRAME,
        licence=licence,
        temperature=np.ones(len(NAMES), np.float32),
        bias=network.head.bias.detach().numpy(),
        layers=views,
        map_layer=views[-1].name,
        flip_average=run.recipe.how.both_ways,
        activation="softmax",
        data={"name": dataset, "train": len(train), "valid": len(valid)},
        recipe={
            **run.recipe.asdict(),
            "start": run.about.get("start", ""),
            "versions": run.about.get("versions", {}),
            "minutes": round(run.minutes, 1),
            "weights": sum(p.numel() for p in network.parameters()),
            "history": run.history[-1:],
        },
    )
    config.metrics.update(_round(graph, out, config, train, precision))
    model = _opened(out, config)
    logits = np.concatenate(
        [[each.logits for each in model.predict(crops)] for crops in _crops(valid.pictures)]
    )
    config.temperature[:] = figures.fit_temperature(logits, valid.labels)
    model = _opened(out, config)
    for split, each in splits(data):
        if split != "train":
            config.metrics[split] = figures.measure(
                probabilities(model, each.pictures), each.labels, each.repeat
            )
    config.save(out / "config.json")
    write_text(out / "README.md", card(config))
    write_manifest(out)
    write_example(_opened(out, config))


def _opened(out: Path, config: ExpressionConfig) -> ExpressionModel:
    """The bundle as it is so far."""
    config.save(out / "config.json")
    write_manifest(out)
    return ExpressionModel(Bundle(out, str(out)))


def _crops(pictures: np.ndarray) -> list[np.ndarray]:
    """Crops with the pictures, a few at a time: together they are fifty times as large."""
    return [embed(pictures[start : start + 256], FRAME) for start in range(0, len(pictures), 256)]


def _write_graph(graph: Graph, path: Path) -> tuple[View, ...]:
    crops = torch.zeros(2, CROP_HEIGHT, CROP_WIDTH, 3, dtype=torch.uint8)
    outputs = ["logits", "activation_maps"]
    outputs += [f"layer_{name.replace('.', '_')}" for name, _, _ in graph.network.views]
    write_graph(graph, crops, path, takes="crops", gives=outputs)
    with torch.no_grad():
        shapes = [tuple(layer.shape[1:]) for layer in graph(crops)[2:]]
    return tuple(
        View(name, output, title, caption, shape)
        for (name, title, caption), output, shape in zip(
            graph.network.views, outputs[2:], shapes, strict=True
        )
    )


def _round(
    graph: Graph, out: Path, config: ExpressionConfig, train: Faces, precision: str
) -> dict[str, Any]:
    """Bring the graph to `precision`; say how far it is from torch, and how far a logit moves."""
    few = np.random.default_rng(0).permutation(len(train))[:CROPS]
    crops = embed(train.pictures[np.sort(few)], FRAME)
    checked = crops[:_CHECKED]
    exact = np.array([each.logits for each in _opened(out, config).predict(checked)])
    with torch.no_grad():
        expected = graph(torch.from_numpy(checked))[0].numpy()
    difference = float(np.abs(exact - expected).max())
    if difference > _TOLERANCE:
        raise DataError(f"The exported graph differs from torch by {difference:.3g} in a logit.")
    metrics = {"graph_difference": difference, "precision": precision}
    if precision == "float16":
        to_float16(out / "model.onnx")
    elif precision == "int8":
        quantise(out / "model.onnx", crops)
    if precision != "float32":
        moved = np.array([each.logits for each in _opened(out, config).predict(checked)]) - exact
        metrics["rounding"] = float(np.sqrt(np.square(moved).mean()))
        log.info("In %s a logit moves by %.2g.", precision, metrics["rounding"])
    return metrics


def _halved(value: Tensor) -> Tensor:
    """Kernels as float16, half the size; statistics and biases, few but delicate, as they are."""
    return value.half().contiguous() if value.ndim > 1 else value.contiguous()
