"""One training in several processes, as `accelerate launch` or `torchrun` starts them."""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import distributed, nn

# While one process decodes CelebA, the others wait.
PATIENCE = dt.timedelta(hours=6)


def rank() -> int:
    """Which of the processes this is, from 0."""
    return int(os.environ.get("RANK", "0"))


def world() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def join(device: str | None = None) -> torch.device:
    """Meet the other processes, if there are any; say on which device this one computes."""
    wanted = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if world() > 1:
        from accelerate import PartialState

        PartialState(cpu=wanted.type == "cpu", timeout=PATIENCE)
    if wanted.type == "cuda" and wanted.index is None:
        wanted = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if wanted.type == "cuda":
        torch.cuda.set_device(wanted)
    return wanted


def leave() -> None:
    """Let go of the other processes."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def wait() -> None:
    """Go on when every process has come here."""
    if world() > 1:
        distributed.barrier()


@contextmanager
def first_alone() -> Iterator[None]:
    """Let the first process of each machine through, then the others, who find its files."""
    behind = os.environ.get("LOCAL_RANK", "0") != "0"
    if behind:
        wait()
    yield
    if not behind:
        wait()


@contextmanager
def one_of_them(block: AbstractContextManager[Any]) -> Iterator[None]:
    """Enter `block` in the first of all processes alone."""
    with nullcontext() if rank() else block:
        yield


def gather(mine: Any) -> list[Any]:
    """The values of all processes, by rank."""
    if world() == 1:
        return [mine]
    values: list[Any] = [None] * world()
    distributed.all_gather_object(values, mine)
    return values


def unwrapped(model: nn.Module) -> nn.Module:
    """The network within what shares its gradients out."""
    return model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model
