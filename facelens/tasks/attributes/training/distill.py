"""Learn from a trained network beside the labels, which are noisy (Hinton et al., 2015)."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from fastai.callback.core import Callback
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from facelens.errors import DataError
from facelens.files import write_array
from facelens.tasks import DEFAULT, load_model
from facelens.tasks.classifier import Classifier
from facelens.training.callbacks import has_bf16
from facelens.training.data import Store
from facelens.training.network import AttributeNetwork, build
from facelens.training.run import load_weights

log = logging.getLogger(__name__)


def soften(store: Store, teachers: Sequence[str], share: float, *, kept: Path) -> Store:
    """The same faces, each target a mixture of its label and the teachers' mean probability.

    Args:
        store: the faces to learn from.
        teachers: bundles that answer the same questions; their probabilities are averaged.
        share: weight of the teachers, from 0 to 1; the labels have the rest.
        kept: a .npy file for the teachers' answers, read back where it is there.
    """
    if not 0 < share <= 1:
        raise DataError(f"A teacher's share is above 0 and at most 1, not {share:g}.")
    if kept.exists():
        answers = np.load(kept)
    else:
        answers = np.mean([_answers(store, name) for name in teachers], 0, dtype=np.float32)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_array(kept, answers)
    if answers.shape != store.labels.shape:
        raise DataError(f"{kept} holds answers to other faces; remove it.")
    return replace(store, targets=(1 - share) * store.labels + share * answers)


def _answers(store: Store, name: str) -> np.ndarray:
    model = load_model(name, task=DEFAULT)
    columns = _columns(model, store.names)
    log.info("%s answers %d faces.", model.title, len(store))
    return np.stack([answer.probabilities[columns] for answer in model.predict(store.images)])


def _columns(model: Classifier, names: Sequence[str]) -> list[int]:
    """Where the answers of `model` to `names` are."""
    missing = [name for name in names if name not in model.names]
    if missing:
        raise DataError(f"{model.title} cannot teach {missing[0]!r}: it does not answer that.")
    return [model.names.index(name) for name in names]


class Teacher(nn.Module):
    """A bundle's network in torch: normalised pictures (n, 3, h, w) to probabilities of `names`."""

    def __init__(self, model: Classifier, names: Sequence[str]) -> None:
        super().__init__()
        self.columns = _columns(model, names)
        self.size = model.config.input_size
        self.network = rebuilt(model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.register_buffer("temperature", torch.tensor(np.asarray(model.config.temperature)))

    @torch.no_grad()
    def forward(self, pictures: Tensor) -> Tensor:
        if pictures.shape[2:] != self.size:
            pictures = F.interpolate(pictures, self.size, mode="bilinear", antialias=True)
        device = pictures.device
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bf16(device)):
            logits = self.network(pictures.contiguous(memory_format=torch.channels_last))
        return torch.sigmoid(logits.float() / self.temperature.float())[:, self.columns]


class AskTeachers(Callback):
    """Mix into the targets what teachers say of the pictures as the network sees them.

    Stored answers are about the crop as it is; a picture that is turned, lit and mixed with another
    has its own (Beyer et al., 2022, "a good teacher is patient and consistent").
    """

    order = 1  # after the pictures are made

    run_valid = False

    def __init__(self, teachers: Sequence[Teacher], share: float) -> None:
        self.teachers, self.share = teachers, share

    def before_fit(self) -> None:
        for teacher in self.teachers:
            teacher.to(self.dls.device).eval()

    def before_batch(self) -> None:
        answers = torch.stack([teacher(self.x) for teacher in self.teachers]).mean(0)
        self.learn.yb = (torch.lerp(self.y, answers, self.share),)


def ask(teachers: Sequence[str], names: Sequence[str], share: float) -> AskTeachers:
    """The callback that asks these bundles about every picture."""
    models = [load_model(name, task=DEFAULT) for name in teachers]
    return AskTeachers([Teacher(model, names) for model in models], share)


def rebuilt(model: Classifier) -> AttributeNetwork:
    """A bundle's network in torch, from its training weights."""
    recipe = model.config.recipe
    network = build(
        model.config.architecture,
        len(model.names),
        from_scratch=True,
        fine_maps=bool(recipe.get("fine_maps", True)),
        spread_kernels=bool(recipe.get("spread_kernels")),
        narrow_kernels=bool(recipe.get("narrow_kernels")),
    )
    load_weights(network, model.bundle.folder)
    return network.eval()
