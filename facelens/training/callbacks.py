"""What happens around fastai's training step: pictures, precision, frozen parts, averages."""

from contextlib import nullcontext

import numpy as np
import torch
from fastai.callback.core import Callback, CancelValidException
from fastai.callback.training import GradientAccumulation
from fastai.distributed import DistributedTrainer
from torch import distributed, nn
from torch.nn import functional

from facelens.training import processes
from facelens.training.augment import augment, plain
from facelens.training.recipe import Recipe


class Preprocess(Callback):
    """Turn uint8 crops into normalised pictures on the device; mix pairs where asked.

    Every epoch draws anew from the recipe's seed, so that a resumed run draws as an unbroken one
    does. Several processes draw for the whole batch and take their rows of it.
    """

    order = 0

    def __init__(self, recipe: Recipe, stage: int) -> None:
        self.recipe, self.stage = recipe, stage

    def before_epoch(self) -> None:
        self.learn.dls.train.epoch = 1000 * self.stage + self.epoch
        self.draw = torch.Generator().manual_seed(
            (self.recipe.seed * 1_000 + self.stage) * 1_000 + self.epoch
        )
        # What is dropped out is drawn from torch's own generator, on each process for its rows.
        torch.manual_seed(self.draw.initial_seed() + (processes.rank() << 40))

    def before_batch(self) -> None:
        if not self.training:
            pictures = plain(self.x, self.recipe.size, antialias=self.recipe.antialias)
        else:
            pictures = augment(
                self.x,
                self.recipe.stages[self.stage].size(self.epoch),
                self.recipe.augmentation,
                self.draw,
                part=(processes.rank(), processes.world()),
                antialias=self.recipe.antialias,
            )
            if self.recipe.mixes(self.stage, self.epoch):
                pictures = self._mix(pictures)
        self.learn.xb = (pictures.contiguous(memory_format=torch.channels_last),)

    def _mix(self, pictures: torch.Tensor) -> torch.Tensor:
        """Blend every picture and its labels with another's (Zhang et al., 2018).

        The other one is found among the pictures of the same process.
        """
        n, rank = len(pictures), processes.rank()
        rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=self.draw)))
        shares = rng.beta(self.recipe.mixup, self.recipe.mixup, n * processes.world())
        share = torch.from_numpy(shares[rank * n : (rank + 1) * n].astype(np.float32))
        share = torch.maximum(share, 1 - share).to(pictures.device)
        other = torch.from_numpy(rng.permutation(n)).to(pictures.device)
        self.learn.yb = (torch.lerp(self.y[other], self.y, share.view(-1, 1)),)
        return torch.lerp(pictures[other], pictures, share.view(-1, 1, 1, 1))


class KnownLoss(nn.Module):
    """Binary cross-entropy with logits, its mean over the targets that are not NaN."""

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        known = ~targets.isnan()
        losses = functional.binary_cross_entropy_with_logits(
            logits, targets.nan_to_num(), reduction="none"
        )
        return (losses * known).sum() / known.sum().clamp_min(1)


class FreezeFirst(Callback):
    """Keep the first modules of the body, and their batch statistics, as they are."""

    order = 5

    def __init__(self, count: int) -> None:
        self.count = count

    @property
    def modules(self) -> list[nn.Module]:
        body = processes.unwrapped(self.learn.model).get_submodule("body")
        return list(body.children())[: self.count]

    def before_fit(self) -> None:
        for module in self.modules:
            module.requires_grad_(requires_grad=False)

    def before_train(self) -> None:
        for module in self.modules:
            module.eval()

    def after_fit(self) -> None:
        for module in self.modules:
            module.requires_grad_(requires_grad=True)


class Accumulate(GradientAccumulation):
    """Sum the gradients of some batches before a step; an odd rest of an epoch is dropped."""

    def before_train(self) -> None:
        self.count = 0
        self.learn.opt.zero_grad()


class HalfPrecision(Callback):
    """Run the network in bfloat16 where the device computes it natively, the loss in float32."""

    order = 10

    def before_batch(self) -> None:
        device = self.learn.xb[0].device
        self.context = (
            torch.autocast(device.type, torch.bfloat16) if has_bf16(device) else nullcontext()
        )
        self.context.__enter__()

    def after_pred(self) -> None:
        self.context.__exit__(None, None, None)
        self.learn.pred = self.pred.float()


def has_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 on `device`."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return device.type == "cpu" and supported()


class Distributed(DistributedTrainer):
    """fastai's distributed training over `Batches`, which are this process's share already."""

    def __init__(self, device: torch.device) -> None:
        self.wrapped: nn.Module | None = None
        # Batch norm over all processes is written for GPUs only.
        super().__init__(sync_bn=device.type == "cuda", cpu=device.type == "cpu")

    def _wrap_dl(self, dl: object) -> object:
        return dl

    def before_validate(self) -> None:
        # Each process has its own number of validation batches: none may wait for the others.
        self.wrapped = self.learn.model
        self.learn.model = processes.unwrapped(self.wrapped)

    def after_validate(self) -> None:
        if self.wrapped is not None:  # else there was no validation
            self.learn.model, self.wrapped = self.wrapped, None


class ValidateEvery(Callback):
    """Measure every n-th epoch, and the last."""

    order = -20  # before anything is made ready for it

    def __init__(self, every: int) -> None:
        self.every = every

    def before_validate(self) -> None:
        if (self.epoch + 1) % self.every and self.epoch + 1 < self.n_epoch:
            raise CancelValidException


class Average(Callback):
    """Keep an exponential moving average of the weights; validate and export that."""

    order = 60

    def __init__(self, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.weights: dict[str, torch.Tensor] = {}
        self._aside: dict[str, torch.Tensor] = {}

    def before_fit(self) -> None:
        if not self.weights:
            self.weights = _copy(self.learn.model)

    def after_step(self) -> None:
        self.steps += 1
        # A young average would remember the random start: let it forget faster at first.
        decay = min(self.decay, self.steps / (self.steps + 10))
        for name, value in processes.unwrapped(self.learn.model).state_dict().items():
            mean = self.weights[name]
            if value.dtype.is_floating_point:
                mean.lerp_(value.detach().to(mean.dtype), 1 - decay)
            else:
                mean.copy_(value)

    def before_validate(self) -> None:
        if processes.world() > 1:  # each has seen other pictures: the first one's statistics count
            for name, _ in self.learn.model.named_buffers():
                distributed.broadcast(self.weights[name], 0)
        self._aside = _copy(self.learn.model)
        self.learn.model.load_state_dict(self.weights)

    def after_validate(self) -> None:
        if self._aside:  # else there was no validation
            processes.unwrapped(self.learn.model).load_state_dict(self._aside)
            self._aside = {}


def _copy(model: nn.Module) -> dict[str, torch.Tensor]:
    state = processes.unwrapped(model).state_dict()
    return {name: value.detach().clone() for name, value in state.items()}
