"""The page of troubles is headed by words that are met: ours, or those of a known package."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEADINGS = re.findall(
    r"^#{2,3} (.*`.*)",
    (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
SENTENCES = [quoted for heading in HEADINGS for quoted in re.findall("`([^`]+)`", heading)]
# Words that are not ours, and who says them.
FOREIGN = {
    "make: command not found": "bash",
    "'make' is not recognized": "Windows",
    "externally-managed-environment": "pip",
    "No space left on device": "the system",
    "Pip failed": "conda",
    "No Jupyter kernel for language 'python' found": "voila",
    "Failed to connect to event stream": "BinderHub",
    "Launch attempt … failed, retrying": "BinderHub",
    "WebSocket connection to … failed": "Chromium",
    "CUDA out of memory": "torch",
    "The NVIDIA driver on your system is too old": "torch",
    "no kernel image is available for execution on the device": "CUDA",
    "No module named 'facelens'": "Python",
}


def said() -> list[str]:
    """All that Facelens may say, with … for what is filled in."""
    found = []
    for path in (ROOT / "facelens").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else "…" for p in node.values]
                found.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    for folder, kind in (("facelens", "*.js"), ("dashboards", "*.js"), ("dashboards", "*.j2")):
        for path in (ROOT / folder).rglob(kind):
            found += path.read_text(encoding="utf-8").splitlines()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return [*found, *re.sub(r"\$\(\w+\)", "…", makefile).splitlines()]


SAID = said()


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_heading_is_what_somebody_reads(sentence):
    if sentence in FOREIGN:
        return
    # Numbers are filled in too, and commands in a sentence are quoted by backquotes.
    parts = [part.strip() for part in re.split(r"…|\d+", sentence) if part.strip()]
    wanted = re.compile(".*?".join(map(re.escape, parts)), re.DOTALL)
    assert max(map(len, parts)) >= 8, "too little to know it by"
    assert any(wanted.search(text.replace("`", "")) for text in SAID), (
        f"nothing says {sentence!r}: quote it anew, or name who says it in FOREIGN"
    )


def test_whoever_else_speaks_is_quoted():
    assert not set(FOREIGN) - set(SENTENCES), "no heading has these words"


def test_a_heading_that_nobody_says_is_noticed():
    with pytest.raises(AssertionError, match="nothing says"):
        test_a_heading_is_what_somebody_reads("The moon is missing from this installation")
