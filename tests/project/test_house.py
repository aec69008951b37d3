"""Rules of the house that no linter knows: tasks are not named outside, files stay short."""

import ast
import functools
import re
from pathlib import Path

import pytest

from facelens.tasks import TASKS

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "facelens").rglob("*.py"))
SCRIPTS = sorted((ROOT / "benchmarks").rglob("*.py"))

# A task's folder knows its own name, and a lesson is about one task.
MAY_NAME_A_TASK = ("facelens/tasks/", "facelens/lessons/")


def named(node, constants):
    """The strings that an expression is: written there, or under a name of this file."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Name() | ast.Attribute(value=ast.Name()):
            return constants.get(ast.unparse(node), set())
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return set().union(*(named(part, constants) for part in parts))
        case ast.Dict(keys=keys):
            return set().union(*(named(key, constants) for key in keys))
        case ast.Call(args=args, func=ast.Name(id="frozenset" | "set" | "tuple")):
            return set().union(*(named(arg, constants) for arg in args))
    return set()


def constants_of(tree):
    """What each name of a file, at its top or within a function, is a word for."""
    found = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    pairs = [(target, value)]
                    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                        pairs = list(zip(target.elts, value.elts, strict=False))
                    for name, what in pairs:
                        if isinstance(name, ast.Name):
                            found[name.id] = found.get(name.id, set()) | named(what, {})
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = found.get(name, set()) | named(value, {})
    return found


# Not the name of a task but a part that one plays: another could play it.
ROLES = {("facelens.tasks", "DEFAULT")}


def imported(tree):
    """The same of what a file imports from the package, by what it is called there."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("facelens"):
            for name in node.names:
                called = name.asname or name.name
                words = top(node.module).get(name.name)
                if words is not None and (node.module, name.name) not in ROLES:
                    found[called] = words
                for word, words in top(f"{node.module}.{name.name}").items():
                    found[f"{called}.{word}"] = words
    return found


@functools.cache
def top(module):
    """What each name at the top of a module of ours is a word for."""
    path = ROOT.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return constants_of(ast.parse(file.read_text(encoding="utf-8")))
    return {}


def decided_by_a_task(source, tasks):
    """The lines of a source on which something is decided by a task's name."""
    tree = ast.parse(source)
    constants, lines = imported(tree) | constants_of(tree), set()
    for node in ast.walk(tree):
        words = set()
        match node:
            case ast.Compare(left=left, comparators=others):
                words = set().union(*(named(part, constants) for part in (left, *others)))
            case ast.MatchValue(value=value):
                words = named(value, constants)
            # {"attributes": this, "keypoints": that}[task] is an `if` in other clothes.
            case (
                ast.Subscript(value=ast.Dict() as chosen)
                | ast.Call(func=ast.Attribute(value=ast.Dict() as chosen, attr="get"))
            ):
                words = named(chosen, constants)
            case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
                for part in ast.walk(test):
                    match part:
                        case ast.Subscript(slice=key):
                            words |= named(key, constants)
                        case ast.Call(
                            func=ast.Attribute(attr="get" | "startswith" | "endswith"), args=args
                        ):
                            words |= set().union(*(named(arg, constants) for arg in args))
        if words & set(tasks):
            lines.add(getattr(node, "lineno", 0))
    return sorted(lines)


def test_nobody_outside_tasks_and_lessons_decides_by_a_tasks_name():
    found = {}
    for path in SOURCES:
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(MAY_NAME_A_TASK):
            lines = decided_by_a_task(path.read_text(encoding="utf-8"), TASKS)
            if lines:
                found[name] = lines
    assert found == {}, "ask TASKS instead, or have the task say it"


@pytest.mark.parametrize(
    "source",
    [
        'if task == "keypoints": pass',
        'x = 1 if "attributes" != model.config.task else 2',
        'KEYPOINTS = "keypoints"\nif task == KEYPOINTS: pass',
        'ONE, TWO = "attributes", "keypoints"\nif job.task is TWO: pass',
        'CROPS = ("attributes", "expression")\nif task in CROPS: pass',
        'CROPS = frozenset({"attributes"})\nif task in CROPS: pass',
        "from facelens.serve.offered import DEFAULT_TASKS\nif task in DEFAULT_TASKS: pass",
        "from facelens.serve import offered\nif task not in offered.DEFAULT_TASKS: pass",
        'match task:\n    case "keypoints" | "mask": pass',
        'match model:\n    case Model(task="keypoints"): pass',
        'if found["keypoints"]: pass',
        'while chosen.get("attributes"): pass',
        'if task.startswith("keypoints"): pass',
        'open = {"attributes": Model, "keypoints": PointModel}[task]',
        'open = {"attributes": Model}.get(task)',
    ],
)
def test_a_decision_by_a_tasks_name_would_be_noticed(source):
    assert decided_by_a_task(source, TASKS)


@pytest.mark.parametrize(
    "source",
    [
        'DEFAULT = "attributes"\nmodel = load_model(task=DEFAULT)',
        'columns = row["attributes"]',
        "from facelens.tasks import DEFAULT\nif task == DEFAULT: pass",
        'if task == "of another house": pass',
        'if "attributes of a face" in text: pass',
    ],
)
def test_naming_a_task_decides_nothing(source):
    assert decided_by_a_task(source, TASKS) == []


def private_names(source):
    """What a source takes of facelens that begins with an underscore: imported, or of a module."""
    tree, modules, found = ast.parse(source), set(), []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("facelens"):
            modules |= {name.asname or name.name for name in node.names}
            found += [name.name for name in node.names if name.name.startswith("_")]
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in modules:
                found += [attr] if re.match(r"_(?!_)", attr) else []
    return found


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_benchmark_measures_what_anybody_can_call(path):
    assert private_names(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "from facelens.bulk.work import _found",
        "from facelens.ui import _view",
        "from facelens.bulk import label as labelling\nlabelling._chunks()",
    ],
)
def test_a_private_name_would_be_noticed(source):
    assert private_names(source)


LONG, TOO_LONG = 350, 500


def lengths():
    """The lines of every source that a person writes, where there are many."""
    paths = [*SOURCES, *(ROOT / "facelens").rglob("*.js")]
    counts = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in paths
        if not is_built(path)
    }
    return {name: count for name, count in counts.items() if count > LONG}


def is_built(path):
    """Whether esbuild has joined this file from others."""
    return "built" in path.parts


def test_no_file_is_too_long():
    assert {name: n for name, n in lengths().items() if n > TOO_LONG} == {}


def test_long_files_are_listed_with_a_reason():
    page = ROOT / "docs" / "architecture.md"
    assert page.is_file(), f"docs/architecture.md has to list {sorted(lengths())}, each with why"
    listed = re.findall(r"(?m)^- `(facelens/\S+)` \((\d+)\): \S", page.read_text(encoding="utf-8"))
    assert {name: int(count) for name, count in listed} == lengths()
