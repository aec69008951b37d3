"""A model card for the page: Markdown in, HTML out that cannot do anything."""

import re

import mistune
from mistune.util import safe_entity

LONGEST = 50_000  # characters; a card of ours has 13,000
# Emphasis nested for ever takes the parser minutes; no paragraph or table of a card is this long.
LONGEST_PARAGRAPH = 10_000
TOO_LONG = "\n\n*The card is longer than this; the rest is not shown.*"

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


class _Card(mistune.HTMLRenderer):
    """Emit nothing but text, lists, tables, code and links that say where they lead.

    The card may come from a stranger's repository: no HTML of its own, no style, no picture that
    a third party would see fetched.
    """

    def text(self, text: str) -> str:
        return safe_entity(text)

    def heading(self, text: str, level: int, **_: object) -> str:
        depth = min(level + 2, 6)  # the dialog's own title is the h2
        return f"<h{depth}>{text}</h{depth}>\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002
        if not re.match(r"https?://", url, re.IGNORECASE):
            return text
        address = safe_entity(url)
        return f'<a href="{address}" target="_blank" rel="noopener noreferrer">{text}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002
        return text

    def block_code(self, code: str, info: str | None = None) -> str:  # noqa: ARG002
        return f'<pre tabindex="0"><code>{safe_entity(code)}</code></pre>\n'

    def table(self, text: str) -> str:
        # Wider than a phone: it scrolls by itself, for the keyboard too.
        return (
            '<div class="wide" role="region" aria-label="Table" tabindex="0">'
            f"<table>{text}</table></div>\n"
        )

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:  # noqa: ARG002
        if head:
            return f'<th scope="col">{text}</th>'
        return f'<td class="words">{text}</td>' if len(text) > 32 else f"<td>{text}</td>"


def card_html(markdown: str) -> str:
    """Render a model card, its headings from h3 on, without its front matter."""
    text = markdown.removeprefix("\ufeff").replace("\r\n", "\n")
    text = _FRONT_MATTER.sub("", text)
    if len(text) > LONGEST:
        text = text[:LONGEST] + TOO_LONG
    text = _COMMENT.sub("", text)
    if any(len(paragraph) > LONGEST_PARAGRAPH for paragraph in re.split(r"\n\s*\n", text)):
        return f'<pre tabindex="0">{safe_entity(text)}</pre>'
    render = mistune.create_markdown(renderer=_Card(escape=True), plugins=["table"])
    return str(render(text))
