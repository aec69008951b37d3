"""Where the networks that come with Facelens lie, in a checkout and in an installed wheel."""

from pathlib import Path


def embedded_folder(name: str) -> Path:
    """Find the folder of the embedded network `name`; it need not exist."""
    package = Path(__file__).parent
    wheel, checkout = package / "_weights", package.parent / "weights"
    return (wheel if wheel.is_dir() else checkout) / name
