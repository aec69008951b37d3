"""A model card from a stranger's repository can be read and can do nothing."""

import time
from html.parser import HTMLParser

import pytest

from facelens.bundles.find import embedded_folder
from facelens.ui.card import LONGEST, LONGEST_PARAGRAPH, card_html

TAGS = {
    "h3", "h4", "h5", "h6", "p", "strong", "em", "a", "ul", "ol", "li", "code", "pre", "div",
    "table", "thead", "tbody", "tr", "th", "td", "blockquote", "hr", "br",
}  # fmt: skip
ATTRIBUTES = {
    "href", "target", "rel", "class", "role", "aria-label", "tabindex", "scope", "start",
}  # fmt: skip


class Page(HTMLParser):
    """What a browser would make of it: tags, attributes and the words that are read."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.links, self.words = [], set(), [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data):
        self.words += data


def read(markdown):
    page = Page(card_html(markdown))
    assert set(page.tags) <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert all(link.lower().startswith(("http://", "https://")) for link in page.links)
    return page


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50"])
def test_our_own_cards_are_whole(name):
    page = read((embedded_folder(name) / "README.md").read_text(encoding="utf-8"))
    assert page.tags[0] == "h3", "the dialog's title is the h2"
    assert "license_name" not in page.words
    assert "Error by group" in page.words
    assert page.tags.count("tr") > 45
    assert page.tags.count("table") == page.tags.count("div")


@pytest.mark.parametrize(
    "nasty",
    [
        "<script>alert(1)</script>",
        "words <script src='http://x.invalid/a.js'></script> words",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<style>@import 'http://x.invalid'</style>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](<\x01javascript:alert(1)>)",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x) [y](file:///etc/passwd) [z](//x.invalid) [w](/etc) [v](README.md)",
        "<javascript:alert(1)>",
        "[x][y]\n\n[y]: javascript:alert(1)",
        '[x](https://a.invalid/"onmouseover="alert(1))',
        '[x](https://a.invalid "\\" onmouseover=alert(1)")',
        "![x](http://x.invalid/pixel.png)",
        "[![x](http://x.invalid/pixel.png)](javascript:alert(1))",
        '![" onerror="alert(1)](x)',
        '```"><script>alert(1)</script>\ncode </code></pre><script>\n```',
        "`</code><script>alert(1)</script>`",
        "| a | <script> |\n|---|:-:|\n| <img src=x onerror=y> | [x](javascript:z) |",
        "# <script>x</script>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<!-- --!> <script>alert(1)</script> -->",
        "<!-- never closed <script>",
        "<details open ontoggle=alert(1)>",
        "---\na: b\n---\n<script>\n---\n",
    ],
)
def test_nothing_nasty_comes_through(nasty):
    read(nasty)
    read(f"> - {nasty}\n\nand then **{nasty}**")


def test_links_open_elsewhere_and_tell_nobody_where_from():
    html = card_html("[Paper](https://example.org/a?b=1&c=2) <https://example.org>")
    assert html.count('target="_blank" rel="noopener noreferrer"') == 2
    assert Page(html).links == ["https://example.org/a?b=1&c=2", "https://example.org"]


def test_a_picture_becomes_its_words():
    page = read("Before ![a *graph* of errors](graph.png) after")
    assert page.words.strip() == "Before a graph of errors after"


def test_comments_and_front_matter_are_not_shown():
    page = read("\ufeff---\r\nlicense: other\r\n---\r\n\r\nOne <!-- hidden --> two --- three")
    assert page.words.strip() == "One  two --- three"
    assert read("A line\n\n---\n\nafter").words.split() == ["A", "line", "after"]


def test_headings_keep_the_dialogs_order():
    page = read("# a\n## b\n### c\n#### d\n##### e\n###### f\n\ng\n=")
    assert page.tags == ["h3", "h4", "h5", "h6", "h6", "h6", "h3"]


def test_entities_are_read_as_they_are_meant():
    assert read("a &amp; b &lt; c < d &eacute;").words.strip() == "a & b < c < d é"


@pytest.mark.parametrize(
    "piece", ["[", "[a](", "![", "*a ", "**", "*a **b ", "a**b", "> ", "- ", "`", "<a ", "<!--",
              "|a", "_a_", "&#", "[a]: /b '\n", "|a|b|\n|-|-|\n", "---\n", "  - a\n", "(", "1. "],
)  # fmt: skip
def test_endless_nesting_ends(piece):
    begun = time.monotonic()
    read((piece * LONGEST)[: 2 * LONGEST])
    # The most that a paragraph may hold, opened and closed, as often as a card may have it.
    closed = f"{piece * 800}a{piece.strip()[::-1] * 800}"[: LONGEST_PARAGRAPH - 1]
    read("\n\n".join([closed] * (LONGEST // len(closed))))
    assert time.monotonic() - begun < 60


def test_what_is_too_long_is_cut_and_said():
    assert "the rest is not shown" in read("word " * LONGEST).words
    assert "the rest is not shown" not in read("word").words
