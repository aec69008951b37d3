"""Train the small network that says where a face lies under a rough warp, and whether it is one.

    python -m facelens.training.landmarks DATA_DIR --out weights/points

Aligned crops under known random similarity transforms are the training data: the template's five
points, moved by the same transform, are exact labels. What the cascade wrongly takes for a face
in those crops, upright and upside down, teaches it what is none.
"""

import argparse
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from facelens.data import parquet
from facelens.faces import align, landmarks
from facelens.faces.landmarks import PATCH, VIEW_CENTRE
from facelens.files import write_text
from facelens.photo import read_photo
from facelens.training.data import split_files
from facelens.training.graph import write_graph

log = logging.getLogger(__name__)

# The network answers in tenths of template pixels, counted from where the template has the point.
UNIT = 10.0
PASSES = 2
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


def grey_crops(data: Path, split: str, limit: int) -> list[np.ndarray]:
    """Read the first `limit` crops of a split in grey."""
    crops: list[np.ndarray] = []
    for file in split_files(data, split):
        for row in parquet.images(file, []):
            if len(crops) == limit:
                return crops
            crops.append(cv2.cvtColor(read_photo(row.data).pixels, cv2.COLOR_RGB2GRAY))
    return crops


def move(turn: float, growth: float, shift: np.ndarray) -> np.ndarray:
    """Turn by degrees and grow by a factor about the middle of the view, then shift."""
    there = cv2.getRotationMatrix2D(VIEW_CENTRE, turn, growth)
    there[:, 2] += np.asarray(shift)
    return np.asarray(there, np.float32)


def rough(random: np.random.Generator) -> np.ndarray:
    """Draw a rough warp as a detector leaves it (4 of 10), or as a first pass does."""
    turn, growth, shift = (16, 0.14, 7) if random.random() < 0.4 else (4, 0.06, 3)
    return move(
        float(np.clip(random.normal(0, turn), -45, 45)),
        float(np.exp(np.clip(random.normal(0, growth), -0.4, 0.4))),
        np.clip(random.normal(0, shift, 2), -22, 22),
    )


def astray(random: np.random.Generator) -> np.ndarray:
    """Draw a warp that shows no whole upright face: too far off, too large, too small or turned."""
    kind = random.integers(4)
    shift = random.normal(0, 7, 2)
    turn, growth = random.normal(0, 10), np.exp(random.normal(0, 0.3))
    if kind == 0:
        way = random.uniform(0, 2 * np.pi)
        shift = random.uniform(45, 110) * growth * np.array([np.cos(way), np.sin(way)])
    elif kind == 1:
        growth = random.uniform(2.2, 6)
        shift = random.uniform(-60, 60, 2) * growth
    elif kind == 2:
        growth = random.uniform(0.25, 0.45)
    else:
        turn = random.uniform(100, 260)
    return move(float(turn), float(growth), shift)


def patch_of(grey: np.ndarray, warp: np.ndarray) -> np.ndarray:
    """Show the network's view of a picture under a rough warp."""
    return align.align_face(grey, align.compose(landmarks.view(), warp), (PATCH, PATCH))


def disturbed(patch: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Blur, cover, darken or roughen a patch, now and then."""
    if random.random() < 0.25:
        patch = cv2.GaussianBlur(patch, (0, 0), random.uniform(0.3, 1.2))
    if random.random() < 0.15:
        x, y = random.integers(0, PATCH - 12, 2)
        w, h = random.integers(8, 24, 2)
        patch = patch.copy()
        patch[y : y + h, x : x + w] = random.integers(256)
    if random.random() < 0.5:
        ramp = np.linspace(-1, 1, PATCH) * random.uniform(-60, 60)
        light = ramp[:, None] if random.random() < 0.5 else ramp[None]
        noise = random.normal(0, random.uniform(0, 8), patch.shape)
        patch = np.clip(patch * random.uniform(0.5, 1.3) + light + noise, 0, 255).astype(np.uint8)
    return patch


def mine(crops: list[np.ndarray], cascade: cv2.CascadeClassifier) -> np.ndarray:
    """Collect patches that the cascade takes for faces although the truth lies elsewhere."""
    patches = []
    middle = np.array([landmarks.HAAR_CENTRE], np.float32)
    for crop in crops:
        for picture, upright in ((crop, True), (crop[::-1, ::-1].copy(), False)):
            boxes = cascade.detectMultiScale(picture, 1.1, 0, minSize=(24, 24))
            for x, y, side, _ in list(boxes)[:: max(len(boxes) // 6, 1)]:
                warp = landmarks.guess(x, y, side)
                away = np.hypot(*(align.apply(align.invert(warp), middle) - middle)[0])
                growth = align.scale_of(warp)
                if not upright or away > 45 or not 0.5 < growth < 2:
                    patches.append(patch_of(picture, warp))
    return np.array(patches, np.uint8)


def texture(random: np.random.Generator) -> np.ndarray:
    """Draw a patch of noise that is as rough at every size as photos are."""
    waves = np.fft.rfft2(random.normal(size=(PATCH, PATCH)))
    rate = np.hypot(np.fft.fftfreq(PATCH)[:, None], np.fft.rfftfreq(PATCH)[None])
    rate[0, 0] = 1
    grey = np.fft.irfft2(waves / rate ** random.uniform(0.5, 2), s=(PATCH, PATCH))
    return np.asarray(np.clip(128 + 50 * grey / grey.std(), 0, 255), np.uint8)


Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def batches(crops: list[np.ndarray], mined: np.ndarray, recipe: Recipe) -> Iterator[Batch]:
    """Draw patches, face or not (n,), and where the five points lie (n, 5, 2)."""
    random = np.random.default_rng(recipe.seed)
    for _ in range(recipe.steps):
        patches, where = [], []
        for i in random.integers(len(crops), size=recipe.batch):
            warp = rough(random)
            mirror = MIRROR if random.random() < 0.5 else np.eye(2, 3, dtype=np.float32)
            patches.append(disturbed(patch_of(crops[i], align.compose(warp, mirror)), random))
            where.append(align.apply(warp, align.TEMPLATE))
        for i in random.integers(len(crops), size=recipe.negatives):
            kind = random.random()
            if kind < 0.45 and len(mined):
                patch = mined[random.integers(len(mined))]
                patch = patch[:, ::-1] if random.random() < 0.5 else patch
            elif kind < 0.9:
                patch = patch_of(crops[i], astray(random))
            else:
                patch = texture(random)
            patches.append(disturbed(patch, random))
        face = torch.zeros(len(patches))
        face[: recipe.batch] = 1
        yield torch.from_numpy(np.stack(patches)), face, torch.from_numpy(np.stack(where))


def train(crops: list[np.ndarray], mined: np.ndarray, recipe: Recipe) -> Network:
    """Train by AdamW under a one-cycle rate."""
    torch.manual_seed(recipe.seed)
    # Half the time of the default layout on a CPU.
    network = Network().train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(
        network.parameters(), recipe.rate, weight_decay=recipe.weight_decay
    )
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, recipe.steps, pct_start=0.2)
    for step, (patch, face, where) in enumerate(batches(crops, mined, recipe)):
        logit, five = network(patch)
        apart = functional.smooth_l1_loss(five[: len(where)] / UNIT, where / UNIT, beta=0.1)
        wrong = functional.binary_cross_entropy_with_logits(logit, face)
        optimiser.zero_grad()
        (apart + 0.1 * wrong).backward()
        optimiser.step()
        cycle.step()
        if step % 100 == 99:
            log.info("step %d: points %.4f, face %.4f", step + 1, apart.item(), wrong.item())
    return network.eval()


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
        refined, sure = network(crop, warp, PASSES)
        for name, under in (("before", warp), ("after", refined)):
            apart = align.apply(under, align.TEMPLATE[:2]) - align.TEMPLATE[:2]
            figures[name].append(float(np.hypot(*apart.T).mean()))
        figures["face"].append(sure)
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
    parser.add_argument("--threads", type=int, default=1)
    for name, value in asdict(Recipe()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    args = parser.parse_args()
    recipe = Recipe(**{name: getattr(args, name) for name in asdict(Recipe())})
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
    network = train(crops, mined, recipe)
    args.out.mkdir(parents=True, exist_ok=True)
    export(network, args.out / "points.onnx")
    figures = measure(grey_crops(args.data, "valid", 2044), args.out / "points.onnx", recipe.seed)
    manifest = {
        "recipe": asdict(recipe),
        "weights": sum(p.numel() for p in network.parameters()),
        "training": f"{len(crops)} CelebA training crops, {len(mined)} mined patches",
        "validation": figures,
        "seconds": round(time.monotonic() - started),
    }
    write_text(args.out / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    log.info("%s", json.dumps(figures))


if __name__ == "__main__":
    main()
