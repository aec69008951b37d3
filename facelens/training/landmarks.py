"""Train the small network that refines five landmarks under a rough warp, and says if it is a face.

    python -m facelens.training.landmarks DATA_DIR --out weights/points

Aligned crops under known random similarity transforms are the training data: the template's five
landmarks, moved by the same transform, are exact labels. What the cascade wrongly takes for a face
in those crops, upright and upside down, teaches it what is none.
"""

import argparse
import json
import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.learner import Learner
from fastai.optimizer import OptimWrapper
from torch import nn
from torch.nn import functional

from facelens.faces import align, landmarks
from facelens.faces.landmarks import PATCH
from facelens.files import write_text
from facelens.training.fit import Schedule, fit
from facelens.training.graph import write_graph
from facelens.training.patches import astray, disturbed, grey_crops, mine, patch_of, rough, texture
from facelens.training.record import Record
from facelens.training.run import Run, open_as

log = logging.getLogger(__name__)

# The network answers in tenths of template pixels, counted from where the template has the point.
UNIT = 10.0
PASSES = 2
CHECKPOINT_EVERY = 100  # steps, or the most below it that divide them all
MIRROR = np.array([[-1, 0, align.TEMPLATE[:2, 0].sum()], [0, 1, 0]], np.float32)


@dataclass(frozen=True)
class Recipe:
    """All settings of one training."""

    steps: int = 1400
    batch: int = 192
    negatives: int = 64
    rate: float = 4e-3
    weight_decay: float = 0.02
    mined: int = 1200
    limit: int = 18691
    seed: int = 0

    def asdict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def fromdict(cls, values: dict[str, Any]) -> "Recipe":
        """Read back what `asdict` wrote."""
        return cls(**values)


class Network(nn.Module):
    """Five convolutions and two linear layers, 98 thousand weights.

    Takes uint8 (n, 64, 64) grey patches and gives `logit` (n,) that there is a face, and `points`
    (n, 5, 2) in template pixels, where the rough warp has put the five points.
    """

    disc: torch.Tensor
    template: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        # Round, so that the edges of the crop tell nothing about the turn in training.
        ramp = torch.arange(PATCH) - (PATCH - 1) / 2
        disc = (ramp[None] ** 2 + ramp[:, None] ** 2 <= (PATCH / 2) ** 2).float()
        self.register_buffer("disc", disc)
        self.register_buffer("template", torch.from_numpy(align.TEMPLATE.copy()))
        self.body = nn.Sequential(
            *_layer(1, 16, 5, 2),
            *_layer(16, 32, 3, 2),
            *_layer(32, 32, 3, 1),
            *_layer(32, 48, 3, 2),
            *_layer(48, 64, 3, 2),
            nn.Flatten(),
            nn.Linear(64 * 16, 40),
            nn.ReLU(),
            nn.Linear(40, 11),
        )

    def forward(self, patch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = patch.float() / 255
        area = self.disc.sum()
        mean = (x * self.disc).sum((1, 2), keepdim=True) / area
        x = (x - mean) * self.disc
        spread = ((x * x).sum((1, 2), keepdim=True) / area + 1e-4).sqrt()
        answer = self.body((x / spread)[:, None])
        return answer[:, 0], answer[:, 1:].reshape(-1, 5, 2) * UNIT + self.template


def _layer(inputs: int, outputs: int, side: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]


class Batches:
    """Drawn batches, `n` an epoch: patches, face or not (n,), the five landmarks (n, 5, 2)."""

    n_inp = 1

    def __init__(self, crops: list[np.ndarray], mined: np.ndarray, recipe: Recipe, n: int) -> None:
        self.crops, self.mined, self.recipe, self.n = crops, mined, recipe, n
        self.random = np.random.default_rng(recipe.seed)

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        for _ in range(self.n):
            yield self.draw()

    def draw(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The next batch: faces under rough warps first, then what shows none."""
        random, recipe = self.random, self.recipe
        patches, where = [], []
        for i in random.integers(len(self.crops), size=recipe.batch):
            warp = rough(random)
            mirror = MIRROR if random.random() < 0.5 else np.eye(2, 3, dtype=np.float32)
            patch = patch_of(self.crops[i], align.compose(warp, mirror))
            patches.append(disturbed(patch, random))
            where.append(align.apply(warp, align.TEMPLATE))
        for i in random.integers(len(self.crops), size=recipe.negatives):
            kind = random.random()
            if kind < 0.45 and len(self.mined):
                patch = self.mined[random.integers(len(self.mined))]
                patch = patch[:, ::-1] if random.random() < 0.5 else patch
            elif kind < 0.9:
                patch = patch_of(self.crops[i], astray(random))
            else:
                patch = texture(random)
            patches.append(disturbed(patch, random))
        face = torch.zeros(len(patches))
        face[: recipe.batch] = 1
        return torch.from_numpy(np.stack(patches)), face, torch.from_numpy(np.stack(where))


class Draws(Callback):
    """Have a resumed run draw on where the last epoch ended."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def checkpoint(self) -> dict[str, str]:
        """Where the generator is; as text, for its numbers are longer than torch's."""
        return {"random": json.dumps(self.batches.random.bit_generator.state)}

    def resume(self, state: dict[str, str]) -> None:
        """Draw on from where `checkpoint` was."""
        self.batches.random.bit_generator.state = json.loads(state["random"])


def loss(
    answer: tuple[torch.Tensor, torch.Tensor], face: torch.Tensor, where: torch.Tensor
) -> torch.Tensor:
    """Distance of the landmarks, and a tenth of the cross-entropy of face or not."""
    distance, wrong = _losses(answer, face, where)
    return distance + 0.1 * wrong


def _losses(
    answer: tuple[torch.Tensor, torch.Tensor], face: torch.Tensor, where: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    logit, five = answer
    distance = functional.smooth_l1_loss(five[: len(where)] / UNIT, where / UNIT, beta=0.1)
    return distance, functional.binary_cross_entropy_with_logits(logit, face)


def train(
    crops: list[np.ndarray], mined: np.ndarray, recipe: Recipe, run: Run[Recipe] | None = None
) -> Network:
    """Train by AdamW under a one-cycle rate, resuming `run` if there is one."""
    torch.manual_seed(recipe.seed)
    # Half the time of the default layout on a CPU.
    network = Network().train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    device = torch.device("cpu")
    each = next(n for n in range(CHECKPOINT_EVERY, 0, -1) if recipe.steps % n == 0)
    batches = Batches(crops, mined, recipe, each)

    def measure(losses: torch.Tensor, _: torch.Tensor, __: int) -> dict[str, float]:
        distance, wrong = losses.mean(0).tolist()
        return {"points": round(distance, 5), "face": round(wrong, 5)}

    def keep(learn: Learner) -> torch.Tensor:
        return torch.stack(_losses(learn.pred, *learn.yb)).detach()

    with run.alone() if run else nullcontext():
        fit(
            network,
            (batches, []),
            epochs=recipe.steps // each,
            loss=loss,
            optimizer=partial(
                OptimWrapper, opt=partial(torch.optim.AdamW, weight_decay=recipe.weight_decay)
            ),
            schedule=one_cycle(recipe.steps, recipe.rate),
            record=Record(measure, run, keep=keep),
            device=device,
            callbacks=[Draws(batches)],
            checkpoint=run.load_last(device) if run else None,
            progress=bool(run),
        )
    return network.eval()


def one_cycle(steps: int, rate: float) -> Schedule:
    """Rate and momentum of torch's `OneCycleLR` with a fifth of the `steps` to warm up."""
    top = 0.2 * steps - 1

    def between(start: float, highest: float, end: float) -> Callable[[float], float]:
        def value(done: float) -> float:
            step = done * steps
            if step <= top:
                return _cosine(start, highest, step / top if top else 1)
            return _cosine(highest, end, (step - top) / (steps - 1 - top))

        return value

    return {"lr": between(rate / 25, rate, rate / 25e4), "mom": between(0.95, 0.85, 0.95)}


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


def export(network: Network, path: Path) -> None:
    """Write the network as one ONNX file."""
    patch = torch.zeros(2, PATCH, PATCH, dtype=torch.uint8)
    write_graph(network, patch, path, takes="patch", gives=("logit", "points"))


def measure(crops: list[np.ndarray], path: Path, seed: int) -> dict[str, float]:
    """Measure the shipped file on crops under rough warps: eye error in template pixels."""
    network = landmarks.LandmarkRefiner(path)
    random = np.random.default_rng(seed)
    figures: dict[str, list[float]] = {"before": [], "after": [], "face": [], "no_face": []}
    for crop in crops:
        warp = rough(random)
        refined, score = network(crop, warp, PASSES)
        for name, under in (("before", warp), ("after", refined)):
            distances = align.apply(under, align.TEMPLATE[:2]) - align.TEMPLATE[:2]
            figures[name].append(float(np.hypot(*distances.T).mean()))
        figures["face"].append(score)
        figures["no_face"].append(network(crop, astray(random), PASSES)[1])
    faces, others = np.array(figures["face"]), np.array(figures["no_face"])
    return {
        "crops": len(crops),
        "eye_error_before_px": round(float(np.mean(figures["before"])), 3),
        "eye_error_after_px": round(float(np.mean(figures["after"])), 3),
        "faces_kept": round(float((faces >= 0.5).mean()), 4),
        "others_kept": round(float((others >= 0.5).mean()), 4),
    }


def main() -> None:
    """Train, export, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with train-*.parquet and valid-*.parquet")
    parser.add_argument("--out", type=Path, required=True, help="folder for points.onnx")
    parser.add_argument("--run", type=Path, help="folder of a run, to resume where it was stopped")
    parser.add_argument("--threads", type=int, default=1)
    for name, value in Recipe().asdict().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    args = parser.parse_args()
    recipe = Recipe(**{name: getattr(args, name) for name in Recipe().asdict()})
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for chatty in ("onnxscript", "onnx_ir"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)

    started = time.monotonic()
    crops = grey_crops(args.data, "train", recipe.limit)
    cascade = cv2.CascadeClassifier(landmarks.CASCADE)
    mined = mine(crops[: recipe.mined], cascade)
    log.info(
        "%d crops, %d patches mined, %.0f s", len(crops), len(mined), time.monotonic() - started
    )
    data = {"crops": len(crops), "mined": len(mined)}
    run = open_as(Recipe, args.run, recipe, data=data) if args.run else None
    network = train(crops, mined, recipe, run)
    args.out.mkdir(parents=True, exist_ok=True)
    export(network, args.out / "points.onnx")
    figures = measure(grey_crops(args.data, "valid", 2044), args.out / "points.onnx", recipe.seed)
    manifest = {
        "recipe": recipe.asdict(),
        "weights": sum(p.numel() for p in network.parameters()),
        "training": f"{len(crops)} CelebA training crops, {len(mined)} mined patches",
        "validation": figures,
        "seconds": round(time.monotonic() - started),
    }
    write_text(args.out / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    log.info("%s", json.dumps(figures))


if __name__ == "__main__":
    main()
