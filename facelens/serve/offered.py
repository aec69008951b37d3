"""The networks that a visitor of the page may choose, and how the chosen one is loaded."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from facelens.bundles.bundle import Bundle, task_of
from facelens.bundles.find import embedded_folder, is_repository
from facelens.bundles.hub import Progress, download_bundle
from facelens.errors import BundleError, FacelensError
from facelens.tasks import DEFAULT, TASKS, find_task, load_model
from facelens.tasks.base import Model, Task
from facelens.tasks.config import Config

M = TypeVar("M", bound=Model)
# The tasks of a hosted page, unless its host chooses others.
DEFAULT_TASKS = ("attributes", "keypoints")


def listed() -> tuple[str, ...]:
    """The names in `FACELENS_MODELS`, separated by commas or new lines."""
    parts = re.split(r"[,\n]", os.environ.get("FACELENS_MODELS", ""))
    return tuple(filter(None, map(str.strip, parts)))


def page_tasks(*, hosted: bool | None = None) -> tuple[Task, ...]:
    """The page's tasks, which `FACELENS_TASKS` lists by name.

    By default attributes and keypoints; on the visitor's own machine all tasks with an embedded
    network. `hosted`: whether it is for others; by default whether this server is.

    Raises:
        BundleError: it lists a task that there is not.
    """
    names = map(str.strip, os.environ.get("FACELENS_TASKS", "").split(","))
    wanted = tuple(dict.fromkeys(filter(None, names)))
    if not wanted and (not may_choose_freely() if hosted is None else hosted):
        wanted = DEFAULT_TASKS
    if wanted:
        try:
            return tuple(find_task(name) for name in wanted)
        except BundleError as error:
            raise BundleError(f"FACELENS_TASKS: {error}") from None
    return tuple(task for task in TASKS.values() if embedded_folder(task.default).is_dir())


def offered() -> tuple[str, ...]:
    """The networks that every visitor may choose, the default first, without duplicates.

    They are `FACELENS_MODEL`, if set, the embedded ones, and those in `FACELENS_MODELS`.
    """
    first = TASKS[DEFAULT].default
    weights = embedded_folder(first).parent
    embedded = sorted(
        config.parent.name
        for config in weights.glob("*/config.json")
        if task_of(config.read_bytes()) == DEFAULT
    )
    default = os.environ.get("FACELENS_MODEL", "")
    names = [default, *(name for name in [first] if name in embedded), *embedded, *listed()]
    return tuple(dict.fromkeys(filter(None, names)))


def may_choose_freely() -> bool:
    """Whether a visitor may choose any repository on the Hub: only on their own machine.

    A network from the Hub is an untrusted program; a shared server must not run it.
    """
    return os.environ.get("FACELENS_OWN_MACHINE") == "1"


@dataclass(frozen=True, eq=False)
class Offer:
    """What the page says of a network before anybody chose it.

    `title`: name and version, if it is local. `config`: its config.json, None if it is not local.
    """

    title: str
    config: Config | None = None


def offer_of(name: str) -> Offer:
    """What is known of the network `name` without downloading it."""
    if is_repository(name):
        return Offer(name)
    try:
        model: Model = load_model(name, task=DEFAULT)
    except FacelensError:
        return Offer(Path(name).name)
    return Offer(str(model.title), model.config)


def choose(name: str, progress: Progress | None = None) -> Any:
    """Load the network that a visitor chose, and check that it runs.

    Raises:
        BundleError: it is not offered, or not a valid bundle.
        DownloadError: the Hub cannot be reached.
    """
    if name in offered():
        return tried(load_model(name, task=DEFAULT, progress=progress))
    return tried(TASKS[DEFAULT].model(_bundle(name, progress)))


def tried(model: M) -> M:
    """Check that a network runs here, and rightly, while the page still has another.

    Raises:
        BundleError: it does not run, or its answers on its example are not those it came with.
    """
    if model.deviation is None:  # once a process
        model.check()
    if (found := model.deviation) and not found.is_fine:
        raise BundleError(
            f"This machine does not compute as it should: on the example {model.title} is "
            f"{found.difference:.2f} off, so it answers nothing here. Another machine may."
        )
    return model


def _bundle(name: str, progress: Progress | None) -> Bundle:
    """The bundle on the Hub that a visitor wants."""
    if not may_choose_freely():
        raise BundleError("That network is not offered on this page; choose one from the list.")
    if not is_repository(name):
        raise BundleError(
            "That is not a network on the Hugging Face Hub: write owner/repo, or "
            "owner/repo@revision."
        )
    # Not `find_bundle`: a visitor's text must never be resolved as a folder of this machine.
    return download_bundle(name, progress)
