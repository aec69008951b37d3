"""See what a neural network reads in a face, and how.

The road from photo to picture, each step a module:
`photo` → `faces` → `model` → `thresholds` → `ui`.
"""

from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "Face": "facelens.faces",
    "FacelensError": "facelens.errors",
    "Layer": "facelens.tasks.base",
    "Model": "facelens.tasks.base",
    "Photo": "facelens.photo",
    "Prediction": "facelens.tasks.classifier",
    "find_faces": "facelens.faces",
    "load_model": "facelens.tasks",
    "read_photo": "facelens.photo",
}
__all__ = [*_WHERE, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `import facelens` costs nothing."""
    if name in _WHERE:
        from importlib import import_module

        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'facelens' has no attribute {name!r}")
