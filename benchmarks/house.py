"""The package before and after it was rebuilt: modules, lines, circles, writers of files.

`python benchmarks/house.py` counts the commit before the rebuild and the files that are here.
"""

import ast
import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

import measure

BEFORE = "f6cab81"
# The commits that brought the second task, keypoints.
SECOND_TASK = ("56f039b~1", "f6cab81")


def git(*words: str) -> bytes:
    line = ["git", "-C", str(measure.ROOT), *words]
    return subprocess.run(line, capture_output=True, check=True).stdout  # noqa: S603


def sources(root: Path) -> dict[str, ast.Module]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted((root / "facelens").rglob("*.py")):
        words = path.relative_to(root).with_suffix("").parts
        name = ".".join(words[:-1] if words[-1] == "__init__" else words)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imports(modules: dict[str, ast.Module]) -> dict[str, set[str]]:
    """The modules that each one imports anywhere, for type annotations too."""
    found: dict[str, set[str]] = {name: set() for name in modules}
    for name, tree in modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names} & set(modules)
            elif isinstance(node, ast.ImportFrom) and node.module in modules:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    found[name].add(inner if inner in modules else node.module)
        found[name].discard(name)
    return found


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The groups of modules that import each other, directly or by way of others."""
    reached = {}
    for name, its_own in graph.items():
        seen, new = set(), set(its_own)
        while new:
            seen |= new
            new = set().union(*(graph[other] for other in new)) - seen
        reached[name] = seen
    found = []
    for name, seen in reached.items():
        circle = {name} | {other for other in seen if name in reached[other]}
        if name in seen and circle not in found:
            found.append(circle)
    return found


def moves_a_file(node: ast.AST) -> bool:
    """Whether a finished draft is put in its place: path.rename(there), path.replace(there)."""
    match node:
        case ast.Call(func=ast.Attribute(attr="rename" | "replace"), args=[_], keywords=[]):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="rename" | "replace")):
            return True
    return False


def defines(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Assign(targets=[ast.Name(id=found)]):
            return found == name
    return False


def counted(root: Path) -> dict[str, int]:
    folder, modules = root / "facelens", sources(root)
    lengths = [len(path.read_text(encoding="utf-8").splitlines()) for path in folder.rglob("*.py")]
    nodes = [node for tree in modules.values() for node in ast.walk(tree)]
    return {
        "modules in facelens/": len([*folder.glob("[!_]*.py")]),
        "folders in facelens/": len([p for p in folder.glob("[!_]*") if p.is_dir()]),
        "modules in all rooms": len(modules),
        "lines of Python": sum(lengths),
        "the longest file, lines": max(lengths),
        "files over 350 lines": sum(length > 350 for length in lengths),
        "circles of imports": len(circles(imports(modules))),
        "places that rename a finished file into place": sum(map(moves_a_file, nodes)),
        "definitions of Progress": sum(defines(node, "Progress") for node in nodes),
    }


def touched() -> int:
    """Existing code files of the package and its benchmarks that the second task changed."""
    names = git(
        "diff", "--name-only", "--diff-filter=M", *SECOND_TASK, "--", "facelens", "benchmarks"
    )
    return sum(name.endswith((".py", ".js", ".css")) for name in names.decode().split())


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as old:
        if measure.QUICK:  # perhaps outside Git
            before, commit, changed = measure.ROOT, "", 0
        else:
            with tarfile.open(fileobj=io.BytesIO(git("archive", BEFORE, "facelens"))) as archive:
                archive.extractall(old, filter="data")
            before, commit = Path(old), git("rev-parse", "--short", "HEAD").decode().strip()
            changed = touched()
        for when, root in ((BEFORE, before), (commit, measure.ROOT)):
            rows += [{"commit": when, "what": k, "count": v} for k, v in counted(root).items()]
        rows.append(
            {"commit": BEFORE, "what": "code files changed for a second task", "count": changed}
        )
    measure.write("house", rows)


if __name__ == "__main__":
    main()
