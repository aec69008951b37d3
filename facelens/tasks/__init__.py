"""The registry of tasks, and the one way to load a model."""

import os
from collections.abc import Callable, Iterator, MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from facelens.errors import BundleError

if TYPE_CHECKING:
    from pathlib import Path

    from facelens.bundles.hub import Progress
    from facelens.tasks.base import Task

# The task of the page, the camera and the commands unless another is chosen.
DEFAULT = "attributes"


class Tasks(MutableMapping[str, "Task"]):
    """The tasks by name, imported on first use.

    A value is a `Task`, or the name of the module that defines it as TASK.
    """

    def __init__(self, rows: "dict[str, Task | str]") -> None:
        self._rows = rows

    def __getitem__(self, name: str) -> "Task":
        row = self._rows[name]
        if isinstance(row, str):
            row = self._rows[name] = import_module(row).TASK
        return row

    def __setitem__(self, name: str, row: "Task | str") -> None:
        self._rows[name] = row

    def __delitem__(self, name: str) -> None:
        del self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


TASKS = Tasks(
    {
        "attributes": "facelens.tasks.attributes",
        "keypoints": "facelens.tasks.keypoints",
        "expression": "facelens.tasks.expression",
        "mask": "facelens.tasks.mask",
        "identity": "facelens.tasks.identity",
    }
)


def find_task(name: str) -> "Task":
    """Return the task called `name`.

    Raises:
        BundleError: there is no such task.
    """
    if name not in TASKS:
        raise BundleError(f"There is no task {name!r}; there are {', '.join(TASKS)}.")
    return TASKS[name]


def load_model(
    name: str | None = None, *, task: str | None = None, progress: "Progress | None" = None
) -> Any:
    """Load a model.

    Args:
        name: a bundle's folder, an embedded bundle's name, "owner/repo[@revision]" on the
            Hub, or the file that `facelens teach` or `facelens enrol` has written. By default
            `FACELENS_MODEL`, then the embedded default; for a task other than the
            default its embedded bundle, if that answers anything alone.
        task: by default the bundle's own.
        progress: called with the bytes downloaded from the Hub and the total.

    Returns:
        Model: of the bundle's task.

    Raises:
        BundleError: the bundle is missing, damaged, for another task or too new.
        DownloadError: the Hub cannot be reached and the bundle is not cached.
    """
    from facelens.bundles.find import find_bundle

    if not name and (task is None or task == DEFAULT):
        name = os.environ.get("FACELENS_MODEL")
    if name and (found := _head(name)):
        own, path, open_head, kind = found
        if task not in (None, own):
            raise BundleError(f"{name} is {kind}, for the task {own}, not for {task}.")
        return open_head(path, lambda base: load_model(base, task=own, progress=progress))
    if not name and (empty := find_task(task or DEFAULT).empty):
        raise BundleError(empty)
    bundle = find_bundle(name or find_task(task or DEFAULT).default, progress)
    return find_task(task or bundle.task or DEFAULT).model(bundle)


def _head(name: str) -> "tuple[str, Path, Callable[..., Any], str] | None":
    """The task of what was taught, its file, what opens it and what it is, if `name` is such."""
    if not name.isprintable():
        return None
    for task in TASKS.values():
        if task.taught:
            module = import_module(task.taught)
            if path := module.head_file(name):
                return task.name, path, module.open_head, module.KIND
    return None
