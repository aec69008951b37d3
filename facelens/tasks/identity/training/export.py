"""A run to a bundle: graph, curves of false accepts, figures, errors by group, card."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from facelens.bundles.bundle import Bundle, check_place, write_manifest
from facelens.errors import DataError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.files import atomic_folder, write_bytes, write_text
from facelens.tasks.example import write_example
from facelens.tasks.fairness import titles
from facelens.tasks.identity import figures
from facelens.tasks.identity.curves import DEFAULT_RATE, Curve, Curves, measure
from facelens.tasks.identity.model import TASK, IdentityConfig, IdentityModel
from facelens.tasks.identity.training.card import GROUPS, card
from facelens.tasks.identity.training.faces import People, data_of, to_learn, to_measure
from facelens.tasks.identity.training.networks import EmbeddingNetwork
from facelens.tasks.identity.training.run import IdentityRun
from facelens.training.augment import plain
from facelens.training.float16 import halved, to_float16
from facelens.training.graph import write_graph
from facelens.training.quantise import CROPS, quantise

LICENCE = "Non-commercial research only: trained on CelebA, whose terms the weights inherit."
DATASET = "CelebA"
LARGEST = 8_000_000  # bytes of graph and weights together
LOSS = 0.02  # of true accepts, that int8 may cost: float16 is too large for weights/
_CHECKED, _COMPARED = 32, 2000  # faces that are compared with torch, and between precisions
_TOLERANCE = 2e-3
_AT_ONCE = 64

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shipping:
    """What a bundle is called, and how its graph computes.

    `precision`: "float32", "float16", "int8", or "auto" for int8 unless it costs true accepts.
    """

    name: str
    version: str
    dataset: str = DATASET
    licence: str = LICENCE
    precision: str = "auto"


class Graph(nn.Module):
    """Crops uint8 (n, 218, 178, 3) to embeddings (n, d), and the maps that they are the means of.

    Resizing and normalising are inside. Every crop is seen mirrored too; both outputs are the mean
    of the two.
    """

    def __init__(
        self, network: EmbeddingNetwork, size: tuple[int, int], *, antialias: bool
    ) -> None:
        super().__init__()
        self.body, self.size, self.antialias = network.body.eval(), size, antialias
        weight, bias = network.head.projection()
        self.register_buffer("weight", weight.detach()[:, :, None, None].clone())
        self.register_buffer("bias", bias.detach().clone())

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        pictures = plain(crops, self.size, antialias=self.antialias)
        n = pictures.shape[0]
        last = self.body(torch.cat([pictures, pictures.flip(3)]))
        maps = F.conv2d(last, self.weight, self.bias)  # type: ignore[arg-type]
        maps = (maps[:n] + maps[n:].flip(3)) / 2
        return maps.mean((2, 3)), maps


def export(
    run: IdentityRun,
    out: Path,
    *,
    data: Sequence[Path],
    cache: Path,
    shipping: Shipping,
    limit: int | None = None,
) -> IdentityModel:
    """Write the network of `run` as a bundle into the folder `out`.

    The curves come from validation faces through the graph as shipped; int8 takes its ranges from
    training faces.
    """
    out = out.resolve()
    check_place(out)
    network = run.network()
    train = to_learn(data, cache=cache, fewest=run.recipe.fewest, limit=limit)
    valid = to_measure(data, "valid", cache=cache, limit=limit)
    if run.about["data"] != data_of(train, valid):
        log.warning("%s was trained on other faces than DATA holds, or on some.", run.folder)
    with atomic_folder(out) as draft:
        model = _graph(draft, run, network, (train, valid), shipping)
        config = model.config
        embeddings = _embed(model, valid)
        people = valid.store.people
        title = f"{len(valid):,} faces of {valid.count:,} validation people of {shipping.dataset}"
        object.__setattr__(config, "curves", measure(embeddings, people, title))
        config.metrics["valid"] = figures.summary(embeddings, people)
        try:
            test = to_measure(data, "test", cache=cache, limit=limit)
        except DataError as error:
            log.warning("Nothing is measured on test faces: %s", error)
        else:
            config.metrics["test"] = _tested(model, test, config.curves)
        config.save(draft / "config.json")
        write_text(draft / "README.md", card(config))
        write_manifest(draft)
        write_example(_opened(draft))
    size = sum((out / name).stat().st_size for name in ("model.onnx", "model.safetensors"))
    if size > LARGEST:
        log.warning(
            "Graph and weights have %.1f MB, over the %d MB of a bundle in weights/: export int8.",
            size / 1e6, LARGEST // 1_000_000,
        )  # fmt: skip
    return IdentityModel(Bundle(out, str(out)))


def _graph(
    out: Path,
    run: IdentityRun,
    network: EmbeddingNetwork,
    faces: tuple[People, People],
    shipping: Shipping,
) -> IdentityModel:
    """Write graph and weights in the precision that is asked for, and a config without figures."""
    plan, (train, valid) = run.recipe, faces
    recipe = plan.recipe
    graph = Graph(network, recipe.size, antialias=recipe.antialias).eval()
    crops = torch.zeros(2, CROP_HEIGHT, CROP_WIDTH, 3, dtype=torch.uint8)
    path = out / "model.onnx"
    write_graph(graph, crops, path, takes="crops", gives=["embeddings", "embedding_maps"])
    kept = {k: halved(v) for k, v in network.state_dict().items() if k != "head.classes"}
    write_bytes(out / "model.safetensors", save(kept))
    nothing = Curve(np.zeros(17), np.zeros(17), np.zeros(17), 0)
    config = IdentityConfig(
        task=TASK,
        name=shipping.name,
        version=shipping.version,
        architecture=recipe.arch,
        names=tuple(f"e{i + 1}" for i in range(plan.width)),
        input_size=recipe.size,
        licence=shipping.licence,
        curves=Curves(nothing, nothing, 0.0),
        data={"name": shipping.dataset, **data_of(train, valid)},
        recipe={
            **plan.asdict(),
            "start": run.about.get("start", ""),
            "versions": run.about.get("versions", {}),
            "minutes": round(run.minutes, 1),
            "history": run.history[-1:],
        },
    )
    config.save(out / "config.json")
    few = np.sort(np.random.default_rng(0).permutation(len(train))[:CROPS])
    some = train.store.images[few]
    exact = _check(out, graph, some[:_CHECKED])
    config.metrics.update({"graph_difference": exact, "precision": "float32"})
    wanted = shipping.precision
    before = _true_accepts(_opened(out), valid) if wanted == "auto" else 0.0
    plain_graph = path.read_bytes()
    if wanted in ("auto", "int8"):
        quantise(path, some, head=_projection)
        to_float16(path)  # the projection, a fifth of the graph
        config.metrics["precision"] = "int8"
        if wanted == "auto":
            after = _true_accepts(_opened(out), valid)
            log.info("In int8 true accepts go from %.3f to %.3f.", before, after)
            config.metrics["true_accepts_lost"] = round(before - after, 4)
            if before - after > LOSS:
                write_bytes(path, plain_graph)
                wanted = "float16"
    if wanted == "float16":
        to_float16(path)
        config.metrics["precision"] = "float16"
    config.save(out / "config.json")
    return _opened(out)


def _projection(graph: onnx.GraphProto) -> set[str]:
    """What the last convolution takes: projection and pooling stay in float32."""
    return {[node for node in graph.node if node.op_type == "Conv"][-1].input[0]}


def _opened(out: Path) -> IdentityModel:
    """The bundle as it is so far."""
    write_manifest(out)
    return IdentityModel(Bundle(out, str(out)))


def _check(out: Path, graph: Graph, crops: np.ndarray) -> float:
    """How far a unit embedding of the written graph is from torch's, at most."""
    with torch.no_grad():
        raw = graph(torch.from_numpy(np.ascontiguousarray(crops)))[0]
    found = _opened(out).embed(crops)
    difference = float(np.abs(F.normalize(raw).numpy() - found).max())
    if difference > _TOLERANCE:
        raise DataError(f"The exported graph differs from torch by {difference:.3g}.")
    return difference


def _true_accepts(model: IdentityModel, valid: People) -> float:
    """True accepts at 1 % false, on the first validation faces."""
    some = People(valid.store.take(slice(_COMPARED)), valid.owner[:_COMPARED])
    found = figures.of_faces(_embed(model, some), some.store.people)
    return found["true_accept_at_1_percent_false"]


def _embed(model: IdentityModel, people: People) -> np.ndarray:
    """Unit embeddings of all faces, a few read at a time."""
    starts = range(0, len(people), _AT_ONCE)
    return np.concatenate([model.embed(people.store.images[at : at + _AT_ONCE]) for at in starts])


def _tested(model: IdentityModel, test: People, curves: Curves) -> dict[str, object]:
    """The figures of the test faces, and errors by group at the usual threshold of two photos."""
    embeddings, people = _embed(model, test), test.store.people
    found = figures.summary(embeddings, people)
    if not set(GROUPS) <= set(test.store.names):
        return found
    labels = test.store.only(GROUPS).labels
    groups = {title: (labels == wanted).all(1) for title, wanted in titles(GROUPS)}
    cut = curves.photo.threshold(DEFAULT_RATE)
    return found | {
        "threshold": cut,
        "groups": figures.by_group(embeddings, people, groups, cut),
    }
