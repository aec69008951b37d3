"""What this page is, how it works, where the photo goes, and what the answers are not."""

import os
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, metadata

import numpy as np

from facelens.tasks.attributes.names import JUDGEMENTS_NOTE, describe
from facelens.ui._view import HERE, View, script, source
from facelens.ui.card import card_html
from facelens.ui.intake import PRIVACY

FIGURE = "<!-- figure -->"
WHERE = (
    f"{PRIVACY} If you started Facelens on your own computer, that server is your computer. It is "
    "passed on to no other server."
)
LIBRARIES = """\
- **Pillow** reads the photo, **OpenCV** finds the face and lays it straight, **NumPy** keeps the \
numbers.
- **Voilà**, **ipywidgets** and **anywidget** make this page out of Python and some JavaScript."""


def repository() -> str:
    """The address of the project, from Binder or the installed package, or an empty string."""
    if binder := os.environ.get("BINDER_REPO_URL"):
        return binder
    try:
        stated = metadata("facelens").get_all("Project-URL") or []
    except PackageNotFoundError:  # a checkout on PYTHONPATH
        return ""
    urls = dict(line.split(", ", 1) for line in stated if ", " in line)
    return urls.get("Repository") or urls.get("Homepage") or ""


def text(privacy: str = WHERE, libraries: str = LIBRARIES) -> list[str]:
    """`about.md` as HTML: what stands before the figure, and what after it.

    Args:
        privacy: where the photo goes.
        libraries: what the page itself is made of, a list in Markdown.
    """
    url = repository()
    where = f"[the project]({url})" if url else "the project"
    told = (HERE / "about.md").read_text(encoding="utf-8")
    told = told.replace("{privacy}", privacy).replace("{judgements}", JUDGEMENTS_NOTE)
    told = told.replace("{here}", libraries)
    told = told.replace("{notebooks}", f"the folder `notebooks/` of {where}")
    told = told.replace(" %", "\N{NO-BREAK SPACE}%")
    return [card_html(part) for part in told.split(FIGURE)]


class About(View):
    """A button at the foot of the page, and the text that it opens."""

    _esm = script("about")
    _css = source("shared.css", "sheet.css", "about.css")

    def __init__(self) -> None:
        super().__init__()
        self.show("text", {"parts": text(), "repository": repository()})

    def show_face(self, names: Sequence[str], logits: np.ndarray) -> None:
        """Compare sigmoid and softmax on three attributes of the face on the page.

        Args:
            names: the attributes; the three surest that are no judgements are taken. Of fewer
                than two there is nothing to compare, and the example stays.
            logits: float (attributes,), calibrated (divided by the temperature), so that a
                sigmoid gives the probabilities of the board.
        """
        rows = list(zip(map(describe, names), map(float, logits), strict=True))
        ordinary = [row for row in rows if not row[0].is_judgement]
        if len(ordinary) < 2:
            return
        surest = sorted(ordinary, key=lambda row: -row[1])[:3]
        self.show("face", {"rows": [[attribute.label, logit] for attribute, logit in surest]})

    def clear(self) -> None:
        """Forget the face; the text stays."""
        told = self._shown["text"]
        super().clear()
        self._shown["text"] = told
