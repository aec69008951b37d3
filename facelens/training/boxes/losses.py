"""Which points answer for which face (SimOTA), and what their answers cost."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torchvision.ops import box_iou, complete_box_iou_loss

from facelens.training.boxes.networks import BOX, FACE, LOGITS, POINT, STEP

RADIUS = 1.5  # strides around the middle of a face within which points may answer for it
_MOST = 10  # points of a face: the sum of the IoUs of its best ten, at most
_IOU_WEIGHT = 3.0  # in the cost of a match, of -log(IoU)
_OUTSIDE = 1e4  # the cost of a point that is not both in the box and near its middle


def assign(answers: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Match the points of a picture to its faces (Ge et al., 2021: simplified optimal transport).

    A face gets as many points as the IoUs of its best ten sum up to, at least one, of least cost:
    its loss as it is. A point near several answers for the one of least cost.

    Args:
        answers: of a `Detector` for one picture, (points, 8 + …).
        boxes: of the faces, (n, 4), x1, y1, x2, y2.

    Returns:
        The points that answer, int (k,), for which face, int (k,), and the IoU with it, (k,).
    """
    none = torch.zeros(0, dtype=torch.long, device=answers.device)
    if not len(boxes):
        return none, none, answers.new_zeros(0)
    points, steps = answers[:, POINT], answers[:, STEP : STEP + 1]
    x, y = points[:, :1], points[:, 1:]
    inside = (
        (x > boxes[:, 0]) & (x < boxes[:, 2]) & (y > boxes[:, 1]) & (y < boxes[:, 3])
    )  # (points, faces)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    reach = RADIUS * steps
    near = ((x - middle[:, 0]).abs() < reach) & ((y - middle[:, 1]).abs() < reach)
    rows = (inside | near).any(1).nonzero()[:, 0]
    if not len(rows):
        return none, none, answers.new_zeros(0)
    ious = box_iou(answers[rows, BOX], boxes)
    face = F.softplus(-answers[rows, FACE])[:, None]
    cost = face - _IOU_WEIGHT * (ious + 1e-8).log() + _OUTSIDE * ~(inside & near)[rows]
    counts = ious.topk(min(_MOST, len(rows)), 0).values.sum(0).int().clamp_min(1)
    # By falling cost, the first `counts` of each face.
    order = cost.argsort(dim=0, stable=True)
    rank = torch.empty_like(order)
    places = torch.arange(len(rows), device=rows.device)[:, None].expand_as(order)
    rank.scatter_(0, order, places)
    chosen = torch.where(rank < counts, cost, torch.inf)
    least, which = chosen.min(1)
    taken = least.isfinite()
    return rows[taken], which[taken], ious[taken, which[taken]]


class DetectionLoss(nn.Module):
    """Quality focal loss of all points (Li et al., 2020), complete IoU and class of those assigned.

    The target of a point's face logit is the IoU of its box with the face, 0 for the rest.

    Landmarks, where a network answers with some, cost their distance from the true ones as a share
    of the face's size; a face whose landmarks nobody knows costs nothing.

    Args:
        weights: of each class in its cross-entropy; none for a finder of faces.
    """

    weights: Tensor

    def __init__(
        self,
        weights: Sequence[float],
        *,
        iou_weight: float = 2.0,
        class_weight: float = 1.0,
        landmark_weight: float = 5.0,
    ) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float32))
        self.iou_weight, self.class_weight = iou_weight, class_weight
        self.landmark_weight = landmark_weight

    def forward(self, answers: Tensor, targets: Tensor) -> Tensor:
        """The loss of a batch.

        Args:
            answers: of a `Detector`, (n, points, 8 + classes).
            targets: (n, faces, 5): a class, then x1, y1, x2, y2; a class of -1 fills up. With
                landmarks (n, faces, 5 + …): their x and y, NaN if not known.
        """
        quality = torch.zeros_like(answers[..., FACE])
        found: list[Tensor] = []
        wanted: list[Tensor] = []
        with torch.no_grad():
            matches = []
            for of_picture, faces in zip(answers, targets, strict=True):
                faces = faces[faces[:, 0] >= 0]  # noqa: PLW2901 - less what fills up
                matches.append((faces, *assign(of_picture.detach(), faces[:, 1:5])))
        for i, (faces, rows, which, ious) in enumerate(matches):
            quality[i, rows] = ious
            found.append(answers[i, rows])
            wanted.append(faces[which])
        answered, true = torch.cat(found), torch.cat(wanted)
        count = max(len(true), 1)
        loss = _quality_focal(answers[..., FACE], quality).sum() / count
        if len(true):
            box = complete_box_iou_loss(answered[:, BOX], true[:, 1:5], reduction="sum")
            loss = loss + self.iou_weight * box / count
        if len(true) and len(self.weights):
            labels = true[:, 0].long()
            each = F.cross_entropy(answered[:, LOGITS:], labels, reduction="none")
            loss = loss + self.class_weight * (each * self.weights[labels]).sum() / count
        if len(true) and true.shape[1] > 5:
            loss = loss + self.landmark_weight * _distance(answered, true).sum() / count
        return loss


def _distance(answered: Tensor, true: Tensor) -> Tensor:
    """Smooth distances of landmarks, summed over a face: (faces,); 0 where they are not known."""
    wanted = true[:, 5:]
    known = ~wanted.isnan().any(1)
    size = (true[:, 3:5] - true[:, 1:3]).clamp_min(1.0).prod(1).sqrt()[:, None]
    off = (answered[:, -wanted.shape[1] :] - wanted.nan_to_num()) / size
    return F.smooth_l1_loss(off, torch.zeros_like(off), beta=0.05, reduction="none").sum(1) * known


def _quality_focal(logits: Tensor, quality: Tensor) -> Tensor:
    loss = F.binary_cross_entropy_with_logits(logits, quality, reduction="none")
    return loss * (logits.sigmoid() - quality).square()
