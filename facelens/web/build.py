"""Write the page without a server: a folder of files that any static host serves."""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.bundles.find import is_repository
from facelens.errors import BundleError, DetectorError, FacelensError, OutputError, printable
from facelens.faces import detect, landmarks
from facelens.files import atomic_folder, sha256_of, write_bytes
from facelens.serve.offered import page_tasks
from facelens.tasks import DEFAULT, TASKS, find_task, load_model
from facelens.ui.intake import EXAMPLES
from facelens.ui.panel import titles
from facelens.web import content, runtime
from facelens.web.boxes import of_boxes
from facelens.web.classes import of_classes
from facelens.web.icons import icons, web_manifest
from facelens.web.lighter import answered, lighter
from facelens.web.rounding import rounded
from facelens.web.terms import licences

if TYPE_CHECKING:
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.base import Model, Task

HERE = Path(__file__).parent
BUILT = HERE / "built"  # the page's JavaScript, as `make js` joins it
PAGE, WORKER = "index.html", "sw.js"  # other pages lie beside it
# What the browser's half can show; a task with another view has no part there yet.
VIEWS = {"board", "boxes", "classes", "heatmap", "layers", "points"}
# What such a page has to know of the network of a task with this panel.
PANELS: dict[str, Callable[[Any, Any], content.Files]] = {"boxes": of_boxes, "classes": of_classes}
TITLE = "What a network reads in a face"
HUB = ("https://huggingface.co", "https://*.hf.co")
SOURCES = {
    "default-src": ["'none'"],
    "script-src": ["'self'", "'wasm-unsafe-eval'"],
    "worker-src": ["'self'", "blob:"],  # a worker from a blob inherits this policy
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "blob:", "data:"],
    "media-src": ["'self'", "blob:", "mediastream:"],
    "connect-src": ["'self'"],
    "manifest-src": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
}
# A host that compresses nothing sends these as they lie, and the page unpacks them.
PACKED = (".onnx", ".wasm", ".bin", "network.json")
PLAIN = "graphs/"  # a few kilobytes each


@dataclass(frozen=True)
class Site:
    """What was written: how many files, and how many bytes a first visit takes."""

    folder: Path
    files: int
    first: int
    has_detector: bool


def build(
    out: Path,
    *,
    models: Sequence[str] = (),
    tasks: Sequence[str] = (),
    allowed: Sequence[str] = (),
    force: bool = False,
) -> Site:
    """Write the page into the folder `out`, all of it or nothing.

    Args:
        out: the folder.
        models: bundles as for `load_model`; by default the embedded one. The page opens on the
            first.
        tasks: the tasks beside attributes; by default those of a hosted page.
        allowed: repositories `owner/name[@revision]` whose graphs stay on the Hub, from which the
            page fetches them when a visitor chooses them.
        force: overwrite another such page.

    Raises:
        OutputError: `out` exists, or may not be overwritten.
        FacelensError: a network, the detector or the runtime cannot be used.
    """
    check_place(out, force=force)
    wanted = [_task(name) for name in tasks] or [
        task for task in page_tasks(hosted=True) if _has_part(task) and _is_there(task)
    ]
    for name in allowed:
        if not is_repository(name):
            raise BundleError(f"{printable(name)} is no repository on the Hub: write owner/name.")
    networks = _networks([*(models or [TASKS[DEFAULT].default]), *allowed])
    detector = _detector()
    files = _code() | _runtime() | _faces(detector) | _examples()
    for name, model in networks.items():
        own = content.of_network(model, name, default=name == next(iter(networks)))
        files |= _bundle(f"networks/{name}", model, own)
        if name not in list(networks)[len(networks) - len(allowed) :] or not allowed:
            _lighten(f"networks/{name}", files)
    others = {task.name: load_model(task=task.name) for task in wanted if task.name != DEFAULT}
    panels = {}
    for name, model in others.items():
        task = find_task(name)
        if panel := next((view for view in task.views if view in PANELS), None):
            panels[name] = titles(task) | {"view": panel}
            files |= _bundle(f"tasks/{name}", model, PANELS[panel](task, model))
            if task.sees == "photo":  # what is compared on a device is crops
                files.pop(f"tasks/{name}/example.json", None)
            _lighten(f"tasks/{name}", files)
        else:
            files |= _bundle(f"tasks/{name}", model, content.of_keypoints(model))
            files[f"tasks/{name}/model.onnx"] = rounded(files[f"tasks/{name}/model.onnx"])
    terms = [
        (model.title, model.config.licence) for model in (*networks.values(), *others.values())
    ]
    files["LICENSES.txt"] = licences(terms, has_detector=detector is not None).encode()

    site = content.of_site(networks, has_detector=detector is not None)
    site["tasks"] = {
        name: {"folder": f"tasks/{name}", "panel": panels.get(name)} for name in others
    }
    site["ort"], site["allow"] = runtime.VERSION, list(allowed)
    lying, listed = _packed(files)
    for name in list(networks)[len(networks) - len(allowed) :] if allowed else []:
        path = f"networks/{name}/model.onnx.gz"
        lying.pop(path)
        del listed[path]
        listed[path.removesuffix(".gz")] = _on_hub(networks[name])
    site["files"] = listed
    version = sha256_of(content.as_json(site), *lying.values())[:12]
    views = [f"{panel['view']}:{name}" for name, panel in panels.items()]
    pages = _pages(site | {"version": version}, version, bool(allowed), views)
    with atomic_folder(out) as draft:
        for path, data in (lying | pages).items():
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            write_bytes(draft / path, data)
    needed = sum(len(lying[path]) for path in _first(listed, site["default"]) if path in lying)
    total = needed + sum(map(len, pages.values()))
    return Site(out, len(lying) + len(pages), total, detector is not None)


def check_place(out: Path, *, force: bool) -> None:
    """Refuse a folder that exists, or with `force` one that is no such page."""
    shown = printable(str(out))
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir():
        raise OutputError(f"{shown} is a file; name a folder for the page.")
    if Path.cwd().is_relative_to(out.resolve()):
        raise OutputError(f"{shown} is the current directory; name a folder for the page.")
    if not any(out.iterdir()):
        return
    if not force:
        raise OutputError(f"{shown} exists; name another folder, or give --force to overwrite it.")
    if not {"site.json", PAGE} <= {path.name for path in out.iterdir()}:
        raise OutputError(f"{shown} is not such a page to overwrite; name another folder.")


def policy(*, hub: bool = False) -> str:
    """The page's Content-Security-Policy; with `hub` it may fetch from the Hub."""
    sources = SOURCES | ({"connect-src": ["'self'", *HUB]} if hub else {})
    return "; ".join(" ".join([name, *each]) for name, each in sources.items())


# what goes in


def _has_part(task: "Task") -> bool:
    return task.sees != "noise" and bool(task.views) and set(task.views) <= VIEWS


def _is_there(task: "Task") -> bool:
    from facelens.bundles.find import embedded_folder

    return embedded_folder(task.default).is_dir()


def _task(name: str) -> "Task":
    task = find_task(name)
    if not _has_part(task):
        there = " yet; it is on the page that `facelens dashboard` opens" if task.views else " yet"
        raise FacelensError(f"The task {task.name} has no part in the browser{there}.")
    return task


def _networks(wanted: Sequence[str]) -> "dict[str, AttributeModel]":
    """The networks that answer, by what the page's folders and addresses call them."""
    found: dict[str, AttributeModel] = {}
    for name in dict.fromkeys(wanted):
        model = load_model(name)
        task = getattr(model, "task", None) or model.bundle.task
        if task != DEFAULT:
            _task(task)
            raise BundleError(f"{printable(name)} is for {task}; --model takes {DEFAULT}.")
        if hasattr(model, "head"):
            raise BundleError(
                f"{printable(name)} is a taught word; the page without a server has none: give its "
                "base."
            )
        short = (
            name.partition("@")[0].rpartition("/")[2] if is_repository(name) else Path(name).name
        )
        key = short = re.sub(r"[^\w.-]", "-", short or model.config.name)
        number = 1
        while key in found:
            number += 1
            key = f"{short}-{number}"
        model.check()
        found[key] = model
    return found


def _detector() -> tuple[bytes, str] | None:
    """YuNet's file and its input's name; None where it is not in the cache."""
    import onnxruntime

    _, path = detect.resolve()
    if path is None:
        return None
    detect.open_detector(f"yunet:{path}")  # checks it
    data = path.read_bytes()
    (put,) = onnxruntime.InferenceSession(data).get_inputs()
    if any(isinstance(side, int) for side in put.shape[2:]):
        raise DetectorError(
            f"{path} takes pictures of one size only; the page without a server needs the newer "
            "file: run `facelens download detector`."
        )
    return data, put.name


def _code() -> dict[str, bytes]:
    """The page's JavaScript and styles, graphs and icons."""
    if not (BUILT / WORKER).is_file():
        raise FacelensError("The page's JavaScript is not joined here; run `make js`.")
    scripts = {
        path.relative_to(BUILT).as_posix(): path.read_bytes()
        for path in sorted(BUILT.rglob("*"))
        if path.is_file() and path.name != WORKER
    }
    graphs = {f"graphs/{path.name}": path.read_bytes() for path in (HERE / "graphs").glob("*.onnx")}
    drawn = {f"icons/{name}": data for name, data in icons().items()}
    return scripts | graphs | {content.MASKS: content.masks()} | drawn


def _runtime() -> dict[str, bytes]:
    return {f"ort/{name}": data for name, data in runtime.runtime().items()}


def _faces(detector: tuple[bytes, str] | None) -> dict[str, bytes]:
    files = {"faces/points.onnx": rounded(landmarks.embedded().read_bytes())}
    return files | ({"faces/yunet.onnx": detector[0]} if detector else {})


def _examples() -> dict[str, bytes]:
    return {f"examples/{path.name}": path.read_bytes() for path in EXAMPLES}


def _bundle(folder: str, model: "Model", own: Mapping[str, bytes]) -> dict[str, bytes]:
    """A bundle's own graph and example, and what the page has to know of it."""
    taken = [name for name in ("model.onnx", "example.json") if name in model.bundle.files]
    files = {name: model.bundle.read(name) for name in taken} | dict(own)
    files["manifest.json"] = (model.bundle.folder / "manifest.json").read_bytes()
    return {f"{folder}/{name}": data for name, data in files.items()}


def _lighten(folder: str, files: dict[str, bytes]) -> None:
    """Give a network's graph float activations, and its example the answers of that graph."""
    graph, example = f"{folder}/model.onnx", f"{folder}/example.json"
    before = files[graph]
    files[graph] = lighter(before)
    if files[graph] != before and example in files:
        files[example] = answered(files[example], files[graph])


def _on_hub(model: "Model") -> dict[str, Any]:
    """Where the graph of a network lies on the Hub, at one commit, and what it is."""
    repo, _, _ = model.bundle.source.partition("@")
    stated = model.bundle.files["model.onnx"]
    return {
        "url": f"{HUB[0]}/{repo}/resolve/{model.bundle.folder.name}/model.onnx",
        "bytes": stated["size"],
        "sha256": stated["sha256"],
    }


# how it lies there


def _packed(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], dict[str, dict[str, Any]]]:
    """The files as they lie in the folder, the large ones packed; what site.json says of each."""
    lying, listed = {}, {}
    for path, data in files.items():
        entry: dict[str, Any] = {"bytes": len(data), "sha256": sha256_of(data)}
        if path.endswith(PACKED) and not (path.startswith(PLAIN) and path.endswith(".onnx")):
            small = gzip.compress(data, 9, mtime=0)
            lying[f"{path}.gz"] = small
            listed[f"{path}.gz"] = {
                "bytes": len(small), "sha256": sha256_of(small), "unpacked": entry,
            }  # fmt: skip
        else:
            lying[path] = data
            listed[path] = entry
    return lying, listed


def _first(listed: Mapping[str, Any], default: str) -> list[str]:
    """The files that the first answer needs; a service worker keeps them at once."""
    own = f"networks/{default}/"
    first = ("app.", "worker.", "ort/", "graphs/", "faces/", own, "examples/astro")
    return [path for path in listed if path.startswith(first) and "card.html" not in path]


def _pages(
    site: Mapping[str, Any], version: str, hub: bool, panels: Iterable[str]
) -> dict[str, bytes]:
    """The files that name all others."""
    first = _first(site["files"], site["default"])
    lie_here = [path for path, entry in site["files"].items() if "url" not in entry]
    known: dict[str, Any] = {
        "version": version,
        "first": ["./", "site.json", *first],
        "later": [path for path in lie_here if path not in first],
    }
    values = {"csp": policy(hub=hub), "title": TITLE, "version": version, "lang": "en"}
    values["panels"] = " ".join(panels)
    pages = {}
    for path in sorted(HERE.glob("*.html")):
        page = path.read_text(encoding="utf-8")
        for name, value in values.items():
            page = page.replace(f"{{{name}}}", value)
        pages[path.name] = page.encode()
    known["later"] += [name for name in pages if name != PAGE]
    worker = (BUILT / WORKER).read_text(encoding="utf-8")
    return pages | {
        WORKER: f"const SITE = {json.dumps(known)};\n{worker}".encode(),
        "site.json": content.as_json(site),
        "manifest.webmanifest": content.as_json(web_manifest()),
        "README.md": (HERE / "space.md").read_bytes(),  # the settings of a static Space
    }
