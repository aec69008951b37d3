"""A detector's answers to boxes, in torch, as the exported graph gives them."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import nms

from facelens.tasks.mask.figures import Answers, Truth, match
from facelens.tasks.mask.model import FAINT, MOST, every_class
from facelens.tasks.mask.names import NAMES
from facelens.tasks.mask.training.batches import Labelled
from facelens.training.boxes.networks import BOX, FACE, LOGITS

OVERLAP = 0.5  # IoU above which the lower of two boxes goes
MIN_SCORE = FAINT  # below which a box is none at all


def best(answers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Non-maximum suppression on the answers (points, 8 + classes) of a picture.

    Returns:
        The boxes left, (k, 4), their scores (k,) and class logits (k, classes), best first.
    """
    scores = answers[:, FACE].sigmoid()
    answers, scores = answers[scores > MIN_SCORE], scores[scores > MIN_SCORE]
    kept = nms(answers[:, BOX], scores, OVERLAP)[:MOST]
    return answers[kept, BOX], scores[kept], answers[kept, LOGITS:]


def as_answers(answers: Tensor, scale: float) -> Answers:
    """Everything found in a picture, in pixels of the photo that it is `scale` times of.

    Each box once a class; without classes, as the first alone.
    """
    boxes, scores, logits = best(answers)
    shares = logits.softmax(1) if logits.shape[1] else torch.ones(len(logits), 1)
    of_classes = (scores[:, None] * shares).numpy().astype(float)
    return every_class((boxes / scale).numpy().astype(float), of_classes, NAMES[: shares.shape[1]])


class Known:
    """A photo's true boxes as they are measured; a `Truth`.

    Without `classes` all are faces, which have the first name.
    """

    def __init__(self, photo: Labelled, *, classes: bool = True) -> None:
        self.boxes = photo.faces[:, 1:]
        self.labels = [NAMES[int(each) if classes else 0] for each in photo.faces[:, 0]]


def average_precisions(truth: Sequence[Truth], answers: Sequence[Answers]) -> dict[str, np.ndarray]:
    """AP of each class that occurs at each of `figures.IOUS`, float (10,)."""
    matched = match(truth, answers, NAMES)["all"]
    return {
        name: found.average_precision() for name, found in matched.items() if found.counts.any()
    }
