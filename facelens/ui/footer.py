"""Small print: which network answered, how long it took, on what terms."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from facelens import __version__
from facelens.serve.offered import may_choose_freely
from facelens.ui._view import View, launch_address, script, source

if TYPE_CHECKING:
    from facelens.tasks.base import Model


def agreement(model: "Model") -> list[str]:
    """How closely this machine answers the bundled example as the one did that made the network."""
    if model.deviation is None:
        return []
    within = max(model.deviation.difference, 0.001)
    return [f"this machine agrees with the reference within {within:.3f}"]


class Footer(View):
    """Show model, version, detector, milliseconds a stage and terms.

    It also watches the connection and says so when the kernel has gone: Voilà says nothing.
    """

    _esm = script("footer")
    _css = source("shared.css", "footer.css")

    def __init__(self, page: str = "") -> None:
        """Watch over `page`, "selfie" or "live", which links to the other where both are served."""
        super().__init__()
        self._page = page
        self._facts: list[str] = []
        self._show({})

    def introduce(self, facts: Sequence[str]) -> None:
        """Show `facts` about the network, one phrase each."""
        self._facts = list(facts)
        self._show({})

    def time(self, stages: Mapping[str, float]) -> None:
        """Show the milliseconds that each of `stages` took."""
        self._show(stages)

    def clear(self) -> None:
        """Forget the last photo's times."""
        self._show({})

    def _show(self, stages: Mapping[str, float]) -> None:
        times = [f"{stage} {max(1, round(value))} ms" for stage, value in stages.items()]
        lines = [*self._facts, *([", ".join(times)] if times else []), f"Facelens {__version__}"]
        # `facelens dashboard` and `facelens live` serve one at the root, and both by name.
        page = self._page if may_choose_freely() else None
        self.show("facts", {"lines": lines, "launch": launch_address(), "page": page})
