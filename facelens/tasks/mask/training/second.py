"""The other way to find masks: a face detector, then a classifier of the faces that it found.

It stands beside our detector in the table of benchmarks/masks.py and is not shipped. It has its own
short loop, since it is trained in minutes: nothing is resumed.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from facelens.data.boxes import BoxedPhoto
from facelens.imagenet import MEAN, STD
from facelens.tasks.mask.crops import MARGIN, crop_box, enlarged_faces, found_crops
from facelens.tasks.mask.figures import Answers
from facelens.tasks.mask.names import NAMES
from facelens.training.network import build

SIDE = 96
EPOCHS, BATCH, RATE = 12, 32, 5e-4
# Of a box's longer side: how far a training crop is moved, and by what factor it is scaled.
_MOVED, _SCALED = 0.08, 1.2
_LIGHT = 0.3
_RARE_POWER = 0.5  # of a class's share in its weight, as for our detector

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class SecondStage:
    """A classifier of crops, behind a face detector.

    `network`: normalised crops (n, 3, side, side) to logits (n, 3).
    `frame`: float (4,), by how much the set's boxes reach beyond the detector's, as shares of its
    sides: x1, y1, x2, y2.
    """

    network: nn.Module
    frame: np.ndarray
    detector: str | None = None
    enlarge: float = 2.0

    @property
    def weights(self) -> int:
        """How many weights the classifier has."""
        return sum(p.numel() for p in self.network.parameters())

    @classmethod
    def train(
        cls,
        photos: Sequence[BoxedPhoto],
        *,
        epochs: int | None = None,
        detector: str | None = None,
        backbone_weights: Path | None = None,
        from_scratch: bool = False,
        device: str | None = None,
        seed: int = 0,
    ) -> Self:
        """Train on the true boxes and on those that the detector puts around the same faces.

        Args:
            epochs: by default `EPOCHS`.
            backbone_weights, from_scratch: as `facelens.training.network.build` takes them.
        """
        torch.manual_seed(seed)
        chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        network = build(
            "mobilenet_v2", len(NAMES), backbone_weights=backbone_weights,
            from_scratch=from_scratch, fine_maps=False,
        ).to(chosen)  # fmt: skip
        faces, frame = _faces(photos, detector)
        epochs = epochs or EPOCHS
        counts = np.bincount([label for *_, label in faces], minlength=len(NAMES))
        weight = (np.maximum(counts, 1) / counts.sum()) ** -_RARE_POWER
        weight = weight / (weight * counts).sum() * counts.sum()
        weights = torch.tensor(weight, dtype=torch.float32, device=chosen)
        optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.05)
        steps = epochs * -(-len(faces) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
        network.train()
        for epoch in range(epochs):
            rng, losses = np.random.default_rng([seed, epoch]), []
            order = rng.permutation(len(faces))
            for start in range(0, len(order), BATCH):
                rows = [faces[i] for i in order[start : start + BATCH]]
                crops = np.stack([_strayed(pixels, box, rng) for pixels, box, _ in rows])
                labels = torch.tensor([label for *_, label in rows], device=chosen)
                logits = network(_normalised(crops).to(chosen))
                loss = F.cross_entropy(logits, labels, weights, label_smoothing=0.05)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                losses.append(loss.item())
            log.info("Second stage: epoch %d of %d, loss %.3f.", epoch + 1, epochs, np.mean(losses))
        return cls(network.cpu().eval(), frame, detector)

    def answers(self, pixels: np.ndarray) -> Answers:
        """The faces of a photo uint8 (h, w, 3), each box once a class.

        The score of a class is its probability times the detector's confidence.
        """
        faces = enlarged_faces(pixels, self.detector, self.enlarge)
        if not faces:
            return Answers(np.zeros((0, 4)), (), np.zeros(0))
        boxes = np.array([box for box, _ in faces])
        crops = np.stack([crop_box(pixels, box, margin=MARGIN, side=SIDE) for box, _ in faces])
        with torch.inference_mode():
            shares = self.network(_normalised(crops)).softmax(1).numpy()
        scores = np.array([confidence for _, confidence in faces])[:, None] * shares
        sides = (boxes[:, 2:] - boxes[:, :2])[:, [0, 1, 0, 1]]
        boxes = np.clip(boxes + self.frame * sides, 0, np.array(pixels.shape)[[1, 0, 1, 0]])
        return Answers(boxes.repeat(len(NAMES), 0), NAMES * len(faces), scores.reshape(-1))


_Labelled = tuple[np.ndarray, np.ndarray, int]


def _faces(
    photos: Sequence[BoxedPhoto], detector: str | None
) -> tuple[list[_Labelled], np.ndarray]:
    """The photo, box and class of every true box, and of every detected face that is of one.

    Also returns the median of how far true boxes reach beyond detected ones.
    """
    decoded = [photo.pixels for photo in photos]
    faces = [
        (pixels, box, NAMES.index(label))
        for photo, pixels in zip(photos, decoded, strict=True)
        for box, label in zip(photo.boxes, photo.labels, strict=True)
    ]
    found = found_crops(photos, detector=detector, side=8)  # for their boxes alone
    faces += [
        (decoded[photo], box, int(label))
        for photo, box, label in zip(found.photos, found.boxes, found.labels, strict=True)
        if label >= 0
    ]
    sides = (found.boxes[:, 2:] - found.boxes[:, :2])[:, [0, 1, 0, 1]]
    beyond = ((found.truth - found.boxes) / sides)[found.labels >= 0]
    return faces, np.median(beyond, 0) if len(beyond) else np.zeros(4)


def _strayed(pixels: np.ndarray, box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A training crop: moved, scaled, mirrored and in other light."""
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    middle = middle + rng.uniform(-_MOVED, _MOVED, 2) * 2 * half.max()
    half = half * _SCALED ** rng.uniform(-1, 1)
    corners = np.concatenate([middle - half, middle + half])
    crop = crop_box(pixels, corners.tolist(), margin=MARGIN, side=SIDE)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    contrast, light = 1 + rng.uniform(-_LIGHT, _LIGHT), 255 * rng.uniform(-_LIGHT, _LIGHT) / 2
    tinted = (crop - 127.5) * (contrast * (1 + rng.uniform(-_LIGHT, _LIGHT, 3) / 3))
    return np.clip(tinted + 127.5 + light, 0, 255).astype(np.uint8)


def _normalised(crops: np.ndarray) -> Tensor:
    """Crops uint8 (n, side, side, 3) to float32 (n, 3, side, side), as ImageNet's networks take."""
    shares = (crops.astype(np.float32) / 255 - np.array(MEAN, np.float32)) / np.array(
        STD, np.float32
    )
    return torch.from_numpy(shares.astype(np.float32)).permute(0, 3, 1, 2)
