"""The table of messages in facelens/ui/README.md says what both sides send and hear."""

import ast
import io
import re
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from helpers.boxes import without_graph
from PIL import Image

from facelens import load_model
from facelens.tasks import TASKS
from facelens.ui import Live, Selfie
from facelens.ui._view import HERE
from facelens.ui.heatmap import WAYS

TO_VIEW, TO_HOST = "→ view", "→ host"
VIEWS = sorted(path.stem for path in (HERE / "built").iterdir())
# What an intake does, a camera does in Python too; in the page it is another script.
# What a panel of a task does stands once.
PARENTS = {"camera": ["intake", "_view"], "classes": ["panel"], "boxes": ["panel"]}
# A camera is asked for no example and for no missed face, and its snapshots are never shrunk: it
# inherits what an intake does then.
INHERITED = {
    ("camera", TO_HOST, "example"),
    ("camera", TO_HOST, "search"),
    ("camera", TO_VIEW, "more"),
}
# The page under Voilà says it, no kernel does.
OF_THE_PAGE = {("intake", TO_VIEW, "awake")}


def rows(text):
    """The table: (view, way, kind) to content, with what may be missing, and buffers."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 5 or cells[1] not in (TO_VIEW, TO_HOST):
            continue
        view, way, kinds, content, buffers = cells
        fields = dict(re.findall(r"`(\w+)`(\??)", content))
        for kind in re.findall(r"`(\w+)`", kinds):
            key = (view, way, kind)
            assert key not in found, f"{key} is there twice"
            found[key] = fields, buffers
    return found


@pytest.fixture(scope="module")
def table():
    return rows((HERE / "README.md").read_text(encoding="utf-8"))


def of_view(table, view, way):
    """The kinds that the table has for `view` alone."""
    return {kind for name, direction, kind in table if (name, direction) == (view, way)}


def in_python(source):
    """The kinds that a module in Python sends and those it hears."""
    sent, heard = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            first = node.args[0] if node.args else None
            if node.func.attr == "show":
                if isinstance(first, ast.Constant):
                    sent.add(first.value)
                elif isinstance(first, ast.Attribute):
                    assert ast.unparse(first) == "where.way"
                    sent |= set(WAYS)
            elif node.func.attr == "send" and isinstance(first, ast.Dict):
                kinds = (v for k, v in zip(first.keys, first.values, strict=True) if _is(k, "kind"))
                sent |= {kind.value for kind in kinds}
        elif isinstance(node, ast.Compare) and ast.unparse(node.left) == "kind":
            heard |= {each.value for each in node.comparators}
    return sent, heard


def _is(node, value):
    return isinstance(node, ast.Constant) and node.value == value


def in_javascript(source):
    """The kinds that a script sends, with their content, and those it hears."""
    sent = defaultdict(set)
    for pattern in (r'\bsend\(\{\s*kind: "(\w+)"([^}]*)', r'\bask\("(\w+)"(?:, \{([^}]*))?'):
        for kind, content in re.findall(pattern, source):
            sent[kind] |= set(re.findall(r"(?:^|,)\s*(\w+)\s*(?=[:,]|$)", content))
    handlers = source.partition("listen(model, el, {\n")[2]
    heard = set(re.findall(r"^    (\w+)(?=[:(])", handlers.partition("\n  });")[0], re.MULTILINE))
    return sent, heard


@pytest.mark.parametrize("view", VIEWS)
def test_the_kernel_says_and_hears_what_the_table_has(table, view):
    sent, heard = in_python((HERE / f"{view}.py").read_text(encoding="utf-8"))
    for parent in PARENTS.get(view, []):
        more = in_python((HERE / f"{parent}.py").read_text(encoding="utf-8"))
        sent, heard = sent | more[0], heard | more[1]
    # What every view has stands once, under "all".
    sent -= {"error", "clear"} | inherited(view)
    assert sent == of_view(table, view, TO_VIEW) - of_the_page(view)
    assert heard - {"ready"} - inherited(view) == of_view(table, view, TO_HOST)


@pytest.mark.parametrize("view", VIEWS)
def test_the_browser_says_and_hears_what_the_table_has(table, view):
    sent, heard = in_javascript((HERE / f"{view}.js").read_text(encoding="utf-8"))
    assert heard, "no handler was found"
    assert heard - {"error", "clear"} == of_view(table, view, TO_VIEW)
    assert set(sent) == of_view(table, view, TO_HOST)
    for kind, content in sent.items():
        fields, _ = table[view, TO_HOST, kind]
        assert content <= set(fields), kind


def of_the_page(view):
    return {kind for name, _, kind in OF_THE_PAGE if name == view}


def inherited(view):
    return {kind for name, _, kind in INHERITED if name == view}


def test_every_row_is_of_a_view_that_there_is(table):
    assert {view for view, _, _ in table} == {*VIEWS, "all"}
    shared = {(way, kind) for view, way, kind in table if view == "all"}
    assert shared == {(TO_HOST, "ready"), (TO_VIEW, "error"), (TO_VIEW, "clear")}
    base, heard = in_python((HERE / "_view.py").read_text(encoding="utf-8"))
    assert (base, heard) == ({"error", "clear"}, {"ready"})
    assert 'send({ kind: "ready", view: ' in (HERE / "shared.js").read_text(encoding="utf-8")


def test_a_kind_that_is_not_in_the_table_is_noticed(table):
    python = 'self.show("dance", {})\nself.send({"kind": "sing"})\nif kind == "jump": pass'
    assert in_python(python) == ({"dance", "sing"}, {"jump"})
    script = """
  const wish = () => model.send({ kind: "jump", high: 1, far });
  return listen(model, el, {
    dance({ text }) { show(text); },
    sing: again,
  });
"""
    assert in_javascript(script) == ({"jump": {"high", "far"}}, {"dance", "sing"})
    assert not {"dance", "sing", "jump"} & {kind for _, _, kind in table}


@pytest.fixture
def messages(sent, astronaut, monkeypatch, tmp_path):
    """All that two pages say to their views while they are used, as (view, content, buffers)."""
    model = load_model()
    again = replace(TASKS["attributes"], name="again", views=("classes", "heatmap"))
    monkeypatch.setitem(TASKS, "again", again)
    masks = replace(TASKS["mask"], default=str(without_graph(tmp_path, monkeypatch)))
    monkeypatch.setitem(TASKS, "mask", masks)
    monkeypatch.setenv("FACELENS_TASKS", "attributes,keypoints,again,mask")

    def say(view, kind, *buffers, **content):
        view._handle_custom_msg({"kind": kind, **content}, [memoryview(data) for data in buffers])

    page, live = Selfie(model, detector="haar"), Live(model, detector="haar")
    for each in (page, live):
        say(each.intake, "ready")
    face = Image.open(astronaut).convert("RGB").crop((100, 0, 340, 240))
    scene = Image.new("RGB", (640, 320), "grey")
    scene.paste(face, (40, 40))
    scene.paste(face.resize((180, 180)), (380, 80))
    file = io.BytesIO()
    scene.save(file, "JPEG")
    say(live.intake, "frame", file.getvalue(), turn="1", seconds=1, anew=True, map="Smiling")
    say(live.intake, "frame", file.getvalue(), turn="2", seconds=2, anew=False, map=None,
        tasks=["mask"])  # fmt: skip
    say(live.intake, "frame", b"no picture", turn="3", seconds=3, anew=False, map=None)
    say(live.intake, "photo", b"no photo", turn="4", name="snapshot", near=None)
    say(page.intake, "photo", file.getvalue(), turn="0", name="small.jpg", shrunk=True)
    say(page.intake, "photo", file.getvalue(), turn="a", name="two.jpg")
    for way in ("finer", "finest"):
        say(page.heatmap, "ask", way=way)
    while "occlusion" not in page.heatmap._shown:
        say(page.heatmap, "ask", way="occlusion")
    say(page.heatmap, "points")
    for panel in page.panels.views:
        say(panel, "ask", key=page._key(0))
    say(page.inside, "ask", name=model.config.layers[0].name)
    say(page.steps, "ask", channel=None)
    say(page.compare, "keep")
    say(page.picture, "pick", index=1)
    say(page.compare, "exchange", region="hair")
    wish = {"thresholds": {}, "marks": {}, "judgements": False}
    say(page.board, "report", form="json", **wish)
    say(page.board, "whiskers", key=page._key(1))
    say(page.board, "cost", ratio=5)
    wear = (np.asarray(face) // 2).astype(np.uint8)
    for i in range(12):
        pixels = wear if i < 6 else np.asarray(face)
        small = io.BytesIO()
        Image.fromarray(np.pad(pixels, ((8 + i, 8), (8, 8 + i), (0, 0)))).save(small, "JPEG")
        say(page.teach, "photo", small.getvalue(), id=str(i), yes=i < 6)
    say(page.teach, "photo", b"no photo", id="bad", yes=True)
    say(page.teach, "current", id="now", yes=False)
    say(page.teach, "learn", word="dim light")
    say(page.teach, "head")
    say(page.teach, "remove", id="1")
    say(page.teach, "forget")
    say(page.network, "card")
    page.network.tell("Half of it is there.")
    say(page.network, "choose", name=page.network.key(page._name))
    say(page.network, "choose", name="no such network")
    say(page.intake, "example", turn="c")
    say(page.panels.views[-1], "ask", key=page._key(0))
    say(page.intake, "clear", turn="b")
    return [(type(view).__name__.lower(), *rest) for view, *rest in sent]


def test_what_is_sent_has_the_content_and_buffers_of_the_table(table, messages):
    met = set()
    for view, content, buffers in messages:
        kind = content["kind"]
        key = (view, TO_VIEW, kind)
        key = key if key in table else ("all", TO_VIEW, kind)
        met.add(key)
        fields, described = table[key]
        assert set(content) - {"kind"} <= set(fields), key
        needed = {field for field, optional in fields.items() if not optional}
        assert needed <= set(content), key
        assert bool(buffers) == bool(described), key
        for buffer in buffers:
            assert isinstance(buffer, bytes), key
    told = {key for key in table if key[1] == TO_VIEW} - OF_THE_PAGE
    # A camera has no other notice than an intake has.
    assert told - met <= {("intake", TO_VIEW, "notice"), ("camera", TO_VIEW, "notice")}
    sizes = {len(b) for v, c, b in messages if (v, c["kind"]) == ("camera", "seen")}
    assert sizes == {2, 3}, "with a map and without"


def test_the_shapes_of_the_table_are_those_of_the_buffers(messages):
    last = {(view, content["kind"]): (content, buffers) for view, content, buffers in messages}
    seen, [probabilities, logits, maps] = next(
        (c, b) for v, c, b in messages if (v, c["kind"]) == ("camera", "seen") and len(b) == 3
    )
    network, [colours] = last["camera", "network"]
    values = len(seen["faces"]) * len(network["attributes"])
    assert values
    assert np.frombuffer(probabilities, np.float32).size == values
    assert np.frombuffer(logits, np.float32).size == values
    assert len(maps) == 4 * len(seen["faces"]) * seen["map"]["height"] * seen["map"]["width"]
    assert len(colours) == 256 * 3
    for way in WAYS:
        content, [data] = last["heatmap", way]
        assert len(data) == 4 * content["count"] * content["height"] * content["width"]
    layer, pictures = last["inside", "layer"]
    assert len(pictures) == len(layer["maps"])
    steps, buffers = last["steps", "steps"]
    assert len(buffers) == 7 + len(steps["channels"])
    side, (height, width) = steps["filter"]["side"], steps["filter"]["size"]
    assert len(buffers[5]) == 2 * 3 * (height + side - 1) * (width + side - 1)
    assert len(buffers[6]) == 4 * 3 * side * side
