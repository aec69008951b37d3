"""A trained run to a bundle: graph, temperatures, curves, figures, card."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from facelens.bundles.bundle import Bundle, check_place, write_manifest
from facelens.bundles.session import BATCH, open_session
from facelens.errors import DataError
from facelens.files import atomic_folder, write_bytes
from facelens.tasks import load_model
from facelens.tasks.attributes import calibrate
from facelens.tasks.attributes import evaluate as ev
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.attributes.training import guarantee
from facelens.tasks.attributes.training.card import write_card
from facelens.tasks.attributes.training.small import weak_rows
from facelens.tasks.config import ClassifierConfig, View
from facelens.tasks.example import write_example
from facelens.training.augment import plain
from facelens.training.data import Store, split_files
from facelens.training.float16 import halved, to_float16
from facelens.training.graph import write_graph
from facelens.training.network import AttributeNetwork, build
from facelens.training.quantise import CROPS, quantise
from facelens.training.recipe import Recipe
from facelens.training.run import Run, load_weights

log = logging.getLogger(__name__)

LICENCE = "Non-commercial research only: trained on CelebA, whose terms the weights inherit."
PRECISIONS = ("float32", "float16", "int8")
_CHECKED = 64  # crops on which the graph is compared with torch
_TOLERANCE = 2e-3  # largest difference of a logit that float32 arithmetic explains


class Graph(nn.Module):
    """Crops uint8 (n, 218, 178, 3) to logits, activation maps and viewable feature maps.

    Resizing and normalising are inside. With `flip_average` every crop is seen mirrored too,
    and logits and activation maps are the mean of both; feature maps are of the crop as it is.
    """

    def __init__(self, network: AttributeNetwork, recipe: Recipe, *, flip_average: bool) -> None:
        super().__init__()
        for module in network.modules():
            if hasattr(module, "inplace"):  # a view would show what a later layer wrote over it
                module.inplace = False  # type: ignore[assignment]
        self.size, self.antialias = recipe.size, recipe.antialias
        self.flip_average = flip_average
        self.views = [name for name, _, _ in network.views()]
        self.body = network.body.eval()
        self.head = network.head

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        pictures = plain(crops, self.size, antialias=self.antialias)
        n = pictures.shape[0]
        if self.flip_average:
            pictures = torch.cat([pictures, pictures.flip(3)])
        layers = watch(self.body, self.views, pictures)
        last = layers[-1]
        logits = self.head(last.mean((2, 3)))
        maps = F.conv2d(last, self.head.weight[:, :, None, None])
        if self.flip_average:
            logits = (logits[:n] + logits[n:]) / 2
            maps = (maps[:n] + maps[n:].flip(3)) / 2
            layers = [layer[:n] for layer in layers]
        return (logits, maps, *layers)


def watch(body: nn.Module, names: Sequence[str], pictures: Tensor) -> list[Tensor]:
    """What the modules `names` of `body` give while it looks at `pictures`."""
    seen: dict[str, Tensor] = {}
    hooks = [
        body.get_submodule(name).register_forward_hook(
            lambda _module, _inputs, output, name=name: seen.update({name: output})
        )
        for name in names
    ]
    try:
        body(pictures)
    finally:
        for hook in hooks:
            hook.remove()
    return [seen[name] for name in names]


@dataclass(frozen=True)
class Shipped:
    """A bundle as the run that it came from, so that it can be written in another precision."""

    bundle: Bundle

    @property
    def folder(self) -> Path:
        return self.bundle.folder

    @cached_property
    def config(self) -> ClassifierConfig:
        data = self.bundle.read("config.json")
        return ClassifierConfig.read(data, self.folder / "config.json", self.bundle.task)

    @cached_property
    def recipe(self) -> Recipe:
        known = {"start", "teachers", "versions", "history"}
        try:
            return Recipe.fromdict({k: v for k, v in self.config.recipe.items() if k not in known})
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{self.folder} does not say how it was trained.") from error

    @property
    def about(self) -> dict[str, Any]:
        known = self.config.recipe
        kept: dict[str, Any] = {
            k: known[k] for k in ("start", "teachers", "versions") if k in known
        }
        data = {k: v for k, v in self.config.data.items() if k != "name"}
        return {**kept, "data": {**data, "names": list(self.config.names)}}

    @property
    def history(self) -> list[dict[str, str]]:
        return self.config.recipe.get("history", [])

    def load_best(self, model: AttributeNetwork) -> AttributeNetwork:
        load_weights(model, self.folder)
        return model


def export(
    run: Run | Shipped,
    out: Path,
    *,
    data: Path | Sequence[Path],
    valid_set: Store,
    train_set: Store | None = None,
    name: str,
    version: str,
    dataset: str = "CelebA",
    licence: str = LICENCE,
    flip_average: bool = True,
    precision: str = "float32",
    limit: int | None = None,
    split_by: Sequence[str] | None = None,
) -> AttributeModel:
    """Write the best network of `run` as a bundle into the folder `out`.

    The graph computes in `precision`: "float32", "float16" (kernels stored in half, computed in
    float32) or "int8", whose ranges come from crops of `train_set`.
    Temperatures, operating points and curves come from `valid_set` through the exported graph;
    figures on the test split under `data` are measured on the bundle as shipped, also by groups of
    the labels `split_by`, which are Male and Young if there are such.
    """
    names = run.about.get("data", {}).get("names", list(valid_set.names))
    if names != list(valid_set.names):
        raise DataError(f"{run.folder} was trained on other questions than {_said(data)} answers.")
    out = out.resolve()
    check_place(out)
    if run.recipe.head != "linear":
        raise DataError(
            f"{run.folder} has the head {run.recipe.head!r}, whose maps would not be exact; only "
            "a network with one linear layer can be exported."
        )
    if precision not in PRECISIONS:
        raise DataError(f"There is no precision {precision!r}; there are {', '.join(PRECISIONS)}.")
    if precision == "int8" and train_set is None:
        raise DataError("int8 needs training faces, whose crops set the ranges.")
    # Made aside: a bundle that is half done must not be taken for one.
    with atomic_folder(out) as draft:
        _write(
            draft, run, data, valid_set, train_set, name=name, version=version, dataset=dataset,
            licence=licence, flip_average=flip_average, precision=precision, limit=limit,
            split_by=split_by,
        )  # fmt: skip
    return load_model(str(out))


def _said(data: Path | Sequence[Path]) -> str:
    return " and ".join(map(str, data)) if isinstance(data, list | tuple) else str(data)


def _write(
    out: Path,
    run: Run | Shipped,
    data: Path | Sequence[Path],
    valid_set: Store,
    train_set: Store | None,
    *,
    name: str,
    version: str,
    dataset: str,
    licence: str,
    flip_average: bool,
    precision: str,
    limit: int | None,
    split_by: Sequence[str] | None,
) -> None:
    """Write the bundle of `run` into the empty folder `out`."""
    network = _trained(run, len(valid_set.names))
    graph = Graph(network, run.recipe, flip_average=flip_average).eval()
    views = _write_graph(graph, network, out / "model.onnx")
    metrics = _round(graph, out / "model.onnx", precision, valid_set, train_set)
    logits = _logits(out / "model.onnx", valid_set)
    labels, people, known = valid_set.labels, valid_set.people, valid_set.known
    cross_fitted = calibrate.cross_fit(logits, labels, people, known)
    curves = calibrate.measure(valid_set.names, cross_fitted, labels, known)
    about = {key: value for key, value in run.about.get("data", {}).items() if key != "names"}
    temperature = calibrate.fit_temperature(logits, labels, known)
    sure = guarantee.thresholds(logits, labels, people, temperature, known=known)
    metrics["guarantee"] = guarantee.about(people)
    metrics["weak"] = weak_rows(out / "model.onnx", valid_set, logits)
    faces = len(labels) if known is None else known.sum(0)
    config = ClassifierConfig(
        task="attributes",
        name=name,
        version=version,
        architecture=run.recipe.arch,
        input_size=run.recipe.size,
        names=valid_set.names,
        temperature=temperature,
        bias=network.head.bias.detach().numpy(),
        operating_points=calibrate.operating_points(curves, faces) | {"sure90": sure},
        layers=views,
        map_layer=views[-1].name,
        flip_average=flip_average,
        licence=licence,
        data={"name": dataset, **about},
        recipe={
            **run.recipe.asdict(),
            "start": run.about.get("start", ""),
            "teachers": run.about.get("teachers", []),
            "versions": run.about.get("versions", {}),
            "history": run.history,
        },
        metrics=metrics,
    )
    config.save(out / "config.json")
    curves.save(out / "curves.json")
    write_manifest(out)
    tensors = {key: halved(value) for key, value in network.state_dict().items()}
    # By its bytes: the file that safetensors would write is readable by its owner alone.
    write_bytes(out / "model.safetensors", save(tensors))

    model = load_model(str(out))
    if split_by is None:
        split_by = [n for n in ("Male", "Young") if n in config.names]
    results: dict[str, ev.Evaluation] = {}
    for split in ("valid", "test"):
        try:
            files = split_files(data, split)
        except DataError:
            continue
        results[split] = ev.evaluate(files, model, split_by=split_by, limit=limit)
        config.metrics[split] = results[split].asdict()
    config.save(out / "config.json")
    write_card(out / "README.md", config, results)
    write_manifest(out)
    write_example(load_model(str(out)))


def _round(
    graph: Graph, path: Path, precision: str, valid_set: Store, train_set: Store | None
) -> dict[str, Any]:
    """Bring the graph at `path` to `precision`; say how far it is from torch, and how far moved."""
    few = valid_set.take(slice(_CHECKED))
    exact = _logits(path, few)
    difference = _compare(graph, exact, few)
    log.info("Graph and torch differ by at most %.2g in a logit.", difference)
    metrics: dict[str, Any] = {"graph_difference": difference, "precision": precision}
    if precision == "float32":
        return metrics
    if precision == "float16":
        to_float16(path)
    elif train_set is not None:
        quantise(path, _some(train_set))
    moved = _logits(path, few) - exact
    metrics["rounding"] = float(np.sqrt(np.square(moved).mean()))
    log.info("In %s a logit moves by %.2g.", precision, metrics["rounding"])
    return metrics


def _some(train_set: Store) -> np.ndarray:
    """Crops from all over `train_set`, uint8 (n, 218, 178, 3)."""
    few = np.random.default_rng(0).permutation(len(train_set))[:CROPS]
    return np.asarray(train_set.images[np.sort(few)])


def write_exact(bundle: Bundle, path: Path) -> None:
    """Write the network of `bundle` as a graph in float32, whatever its own computes in."""
    shipped = Shipped(bundle)
    network = _trained(shipped, len(shipped.config.names))
    flip_average = shipped.config.flip_average
    graph = Graph(network, shipped.recipe, flip_average=flip_average).eval()
    _write_graph(graph, network, path)


def _trained(run: Run | Shipped, outputs: int) -> AttributeNetwork:
    network = build(
        run.recipe.arch,
        outputs,
        from_scratch=True,
        fine_maps=run.recipe.fine_maps,
        spread_kernels=run.recipe.spread_kernels,
        narrow_kernels=run.recipe.narrow_kernels,
    )
    return run.load_best(network).eval()


def _write_graph(graph: Graph, network: AttributeNetwork, path: Path) -> tuple[View, ...]:
    crops = torch.zeros(2, 218, 178, 3, dtype=torch.uint8)
    outputs = ["logits", "activation_maps"]
    outputs += [f"layer_{name.replace('.', '_')}" for name in graph.views]
    write_graph(graph, crops, path, takes="crops", gives=outputs)
    with torch.no_grad():
        shapes = [tuple(layer.shape[1:]) for layer in graph(crops)[2:]]
    return tuple(
        View(name, output, title, caption, shape)
        for (name, title, caption), output, shape in zip(
            network.views(), outputs[2:], shapes, strict=True
        )
    )


def _logits(path: Path, store: Store) -> np.ndarray:
    """What the graph at `path` says of every crop, float32 (n, attributes)."""
    session = open_session(path)
    batches = (store.images[i : i + BATCH] for i in range(0, len(store), BATCH))
    return np.concatenate(
        [session.run(["logits"], {"crops": np.ascontiguousarray(crops)})[0] for crops in batches]
    )


def _compare(graph: Graph, logits: np.ndarray, crops: Store) -> float:
    """The largest difference of a logit between torch and the exported graph on real crops."""
    with torch.no_grad():
        expected = graph(torch.from_numpy(np.array(crops.images)))[0].numpy()
    difference = float(np.abs(logits - expected).max())
    if difference > _TOLERANCE:
        raise DataError(f"The exported graph differs from torch by {difference:.3g} in a logit.")
    return difference
