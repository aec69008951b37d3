"""What another task says of the face: a bar a word, with its verdict where there is one."""

from collections.abc import Sequence

from facelens.tasks.base import Task, Word
from facelens.ui._view import View, script, source


class Classes(View):
    """Show the words of one task about the face that is on the page."""

    _esm = script("classes")
    _css = source("shared.css", "classes.css")

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = task

    def read(self, words: Sequence[Word], title: str) -> None:
        """Show `words`, which the network called `title` has said."""
        rows = [
            {"label": word.label, "value": word.value, "verdict": word.verdict, "text": str(word)}
            for word in words
        ]
        self.show("words", {"task": self.task.name.capitalize(), "title": title, "rows": rows})
