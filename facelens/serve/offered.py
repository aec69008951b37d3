"""Which networks a visitor of the page may choose, and loading the one that was chosen."""

import os
import re
from pathlib import Path
from typing import Any, TypeVar

from facelens.bundles.bundle import Bundle, task_of
from facelens.bundles.find import embedded_folder, find_bundle, is_repository
from facelens.bundles.hub import Progress, fetch_bundle
from facelens.errors import BundleError, FacelensError
from facelens.tasks import DEFAULT, TASKS, find_task, load_model
from facelens.tasks.base import Model, Task

M = TypeVar("M", bound=Model)
# What a page that others see asks of a face, where its host does not say otherwise.
DEFAULT_TASKS = ("attributes", "keypoints")


def listed() -> tuple[str, ...]:
    """What the environment's `FACELENS_MODELS` lists, separated by commas or new lines."""
    parts = re.split(r"[,\n]", os.environ.get("FACELENS_MODELS", ""))
    return tuple(filter(None, map(str.strip, parts)))


def page_tasks() -> tuple[Task, ...]:
    """The tasks that the page asks, which `FACELENS_TASKS` lists by name.

    By default those that are the same for every visitor: attributes and keypoints; on one's own
    machine all whose network is embedded.
    """
    wanted = tuple(filter(None, map(str.strip, os.environ.get("FACELENS_TASKS", "").split(","))))
    if not wanted and not may_choose_freely():
        wanted = DEFAULT_TASKS
    if wanted:
        return tuple(find_task(name) for name in wanted)
    return tuple(task for task in TASKS.values() if embedded_folder(task.default).is_dir())


def offered() -> tuple[str, ...]:
    """Name the networks that every visitor may choose, the default first, none twice.

    After `FACELENS_MODEL`, if it is set, come the embedded ones and what `FACELENS_MODELS` lists.
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
    """Whether any repository on the Hub may be chosen: on one's own machine only.

    A network is a stranger's program. On a shared server nobody may have the server run it.
    """
    return os.environ.get("FACELENS_OWN_MACHINE") == "1"


def title_of(name: str) -> str:
    """What to call the network `name` without fetching it: name and version, where it is here."""
    if is_repository(name):
        return name
    try:
        return str(load_model(name, task=DEFAULT).title)
    except FacelensError:
        return Path(name).name


def choose(name: str, progress: Progress | None = None) -> Any:
    """Load the network that a visitor chose, and see that it answers.

    Raises:
        BundleError: It is not offered, or is no sound bundle.
        DownloadError: The Hub cannot be reached.
    """
    return tried(TASKS[DEFAULT].model(_bundle(name, progress)))


def tried(model: M) -> M:
    """See that a network answers: what cannot is refused while the page still has another."""
    model.check()
    return model


def _bundle(name: str, progress: Progress | None) -> Bundle:
    if name in offered():
        return find_bundle(name, progress)
    if not may_choose_freely():
        raise BundleError("That network is not offered on this page; choose one from the list.")
    if not is_repository(name):
        raise BundleError(
            "That is no network on the Hugging Face Hub: write owner/repo, or owner/repo@revision."
        )
    # Not `find_bundle`: what a visitor types is never taken for a folder of this machine.
    return fetch_bundle(name, progress)
