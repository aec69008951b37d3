"""Mutated bundles: config.json, manifest, curves, graph, weights, links, sizes, pipes and devices.

Each try is a copy of an embedded bundle with one thing changed, opened and asked about a face in a
process that is given 2 GB more than it has and 40 s a try. It should end in a network that answers
in finite numbers, or in one sentence.
"""

import json
import os
import queue
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

from attacks.outcome import Outcome
from facelens import find_faces, load_model, read_photo
from facelens.bundles.bundle import FILES, MANIFEST, write_manifest
from facelens.bundles.find import embedded_folder
from facelens.errors import FacelensError
from facelens.explain.stem import stem
from facelens.tasks import TASKS
from facelens.tasks.base import Style

TRIES, QUICK = 1050, 28
SECONDS, MEMORY = 40, 2_000_000_000
ASTRONAUT = Path(__file__).parents[2] / "facelens" / "ui" / "astronaut.jpg"


NO_FILES = (
    "pipe", "folder", "socket", "circle", "/dev/zero", "/dev/stdin", "/dev/tty", "/etc/passwd",
    "/proc/self/mem", "/proc/kmsg", "nowhere", "beside",
)  # fmt: skip


# what is put into JSON, and where


def hostile(rng: random.Random) -> Any:
    """A value that nobody expects."""
    text = ["", "\x1b]0;title\x07", "a\nb", "x" * 3000, "\ud800", "../../etc", "<b>", "=1+1", "NaN"]
    return rng.choice(
        [
            None, True, 0, -1, 1e-40, 1e308, 1e999, float("nan"), 10**30, 2**63, 4000, [], {}, [[]],
            [1], [None] * 40, [0.5] * 40, [float("nan")] * 40, list(range(5000)), {"a": {"b": []}},
            *text,
        ]
    )  # fmt: skip


def places(values: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything within JSON."""
    found = [path] if path else []
    if isinstance(values, dict):
        pairs: Any = values.items()
    elif isinstance(values, list):
        pairs = enumerate(values[:3])
    else:
        pairs = ()
    for key, value in pairs:
        found += places(value, (*path, key))
    return found


def mutated(values: Any, rng: random.Random) -> Any:
    """JSON in which one to three things are changed, dropped or doubled."""
    for _ in range(rng.randint(1, 3)):
        paths = places(values)
        if not paths:
            return values
        # The fields at the top matter more than the figures of the card.
        *way, last = rng.choice([p for p in paths if len(p) <= rng.choice([1, 2, 3, 9])] or paths)
        inner = values
        for key in way:
            inner = inner[key]
        how = rng.random()
        if how < 0.15:
            del inner[last]
        elif how < 0.3 and isinstance(inner[last], list) and inner[last]:
            inner[last] = inner[last] * rng.choice([2, 50])
        elif how < 0.4 and isinstance(inner[last], int | float):
            inner[last] = -inner[last] * rng.choice([1, 0, 1e20])
        else:
            inner[last] = hostile(rng)
    return values


def change_json(path: Path, rng: random.Random) -> None:
    """Mutate a file of JSON, as values or as bytes."""
    if rng.random() < 0.7:
        values = mutated(json.loads(path.read_bytes()), rng)
        path.write_text(json.dumps(values), encoding="utf-8", errors="surrogatepass")
    elif rng.random() < 0.5:
        change_bytes(path, rng)
    else:
        count = rng.choice([1000, 200_000])
        text = ["[" * count, '{"a":' * count, "9" * count, "[" + "[]," * count + "[]]", "\0", ""]
        path.write_text(rng.choice(text))


def change_bytes(path: Path, rng: random.Random) -> None:
    """Flip, cut, double or insert bytes."""
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 4, 64])):
        at = rng.randrange(len(data)) if rng.random() < 0.5 else rng.randrange(min(400, len(data)))
        how = rng.randrange(5)
        if how == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            data[at] = rng.choice([0, 127, 128, 255])
        elif how == 2:
            del data[at : at + rng.choice([1, 8, 1000])]
        elif how == 3:
            data[at:at] = data[at : at + rng.choice([1, 8, 1000])]
        else:
            data[at : at + 8] = rng.randbytes(8)
        if not data:
            break
    path.write_bytes(data)


# one kind of change each; all but of the manifest's own are covered by a new manifest


def config(folder: Path, rng: random.Random) -> None:
    change_json(folder / "config.json", rng)
    write_manifest(folder)


def manifest(folder: Path, rng: random.Random) -> None:
    change_json(folder / MANIFEST, rng)


def curves(folder: Path, rng: random.Random) -> None:
    path = folder / "curves.json"
    change_json(path if path.exists() else folder / "config.json", rng)
    write_manifest(folder)


def graph(folder: Path, rng: random.Random) -> None:
    change_bytes(folder / "model.onnx", rng)
    write_manifest(folder)


def weights(folder: Path, rng: random.Random) -> None:
    change_bytes(folder / "model.safetensors", rng)
    write_manifest(folder)


def sizes(folder: Path, rng: random.Random) -> None:
    """A manifest that states other sizes, or files that are larger than it states."""
    name = rng.choice([name for name in FILES if (folder / name).exists()])
    if rng.random() < 0.5:
        values = json.loads((folder / MANIFEST).read_bytes())
        wrong = rng.choice([0, -1, 1, 2**31, 2**40, 10**30])
        values["files"][name]["size"] = wrong
        (folder / MANIFEST).write_text(json.dumps(values))
    else:
        os.truncate(folder / name, rng.choice([0, 1, 10**9, 10**12]))  # sparse: no disk is needed
        if rng.random() < 0.3:
            values = json.loads((folder / MANIFEST).read_bytes())
            values["files"][name]["size"] = (folder / name).stat().st_size
            (folder / MANIFEST).write_text(json.dumps(values))


def no_file(folder: Path, rng: random.Random) -> None:
    """A link, a pipe, a device, a folder or a socket in a file's place."""
    path = folder / rng.choice([MANIFEST, *(name for name in FILES if (folder / name).exists())])
    path.unlink()
    how = rng.choice(NO_FILES)
    if how == "pipe":
        os.mkfifo(path)
    elif how == "folder":
        path.mkdir()
    elif how == "socket":
        with socket.socket(socket.AF_UNIX) as bound, suppress(OSError):
            bound.bind(str(path))
    elif how == "circle":
        path.symlink_to(path.name)
    elif how == "beside":
        path.symlink_to("config.json" if path.name != "config.json" else MANIFEST)
    else:
        path.symlink_to(how)


KINDS: dict[str, Callable[[Path, random.Random], None]] = {
    "config.json mutated": config,
    "manifest.json mutated": manifest,
    "curves.json mutated": curves,
    "graph mutated": graph,
    "training weights mutated": weights,
    "sizes that are not so, sparse files of a terabyte": sizes,
    "links, pipes, devices and sockets": no_file,
}


def attack(tries: int, seed: int) -> list[Outcome]:
    ends: dict[str, list[tuple[str, float]]] = {kind: [] for kind in KINDS}
    halves = [range(tries)[half::2] for half in range(2)]
    found: list[list[tuple[str, str, float]]] = [[], []]
    threads = [
        threading.Thread(target=lambda h=h: found[h].extend(tried(halves[h], seed))) for h in (0, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for kind, end, seconds in [*found[0], *found[1]]:
        ends[kind].append((end, seconds))
    return [outcome(kind, ended) for kind, ended in ends.items() if ended]


def outcome(kind: str, ends: list[tuple[str, float]]) -> Outcome:
    counts = Counter(end for end, _ in ends)
    lost = sum(count for end, count in counts.items() if end not in ("answers", "a sentence"))
    said = ", ".join(f"{count} {end}" for end, count in counts.most_common(6))
    slowest = max(seconds for _, seconds in ends)
    return Outcome(kind, len(ends), lost, f"{said}; slowest {slowest:.1f} s")


def kind_of(number: int) -> str:
    return list(KINDS)[number % len(KINDS)]


def tried(numbers: range, seed: int) -> list[tuple[str, str, float]]:
    """How each try ends. The process that makes them is begun anew if one ends or holds it."""
    left, found = list(numbers), []
    while left:
        with tempfile.TemporaryDirectory() as place:
            command = [sys.executable, __file__, place, str(seed), *map(str, left)]
            process = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )  # fmt: skip
            lines: queue.Queue[str] = queue.Queue()
            threading.Thread(target=listen, args=(process, lines), daemon=True).start()
            while left:
                start = perf_counter()
                try:
                    line = lines.get(timeout=SECONDS)
                except queue.Empty:
                    found.append((kind_of(left.pop(0)), f"held for {SECONDS} s", float(SECONDS)))
                    break
                if not line:
                    seconds = perf_counter() - start
                    found.append((kind_of(left.pop(0)), "ended the process", seconds))
                    break
                end, seconds = json.loads(line)
                found.append((kind_of(left.pop(0)), end, seconds))
            process.kill()
            process.wait()
    return found


def listen(process: "subprocess.Popen[str]", lines: "queue.Queue[str]") -> None:
    assert process.stdout
    for line in process.stdout:
        if line.startswith("["):
            lines.put(line)
    lines.put("")


# in the process that makes the tries


def main() -> None:
    place, seed, numbers = Path(sys.argv[1]), int(sys.argv[2]), list(map(int, sys.argv[3:]))
    warnings.simplefilter("error")
    faces = find_faces(read_photo(ASTRONAUT), detector="haar")
    tasks = [name for name in TASKS if embedded_folder(TASKS[name].default).is_dir()]
    for task in tasks:
        ask(embedded_folder(TASKS[task].default), faces)  # whatever is loaded once is loaded
    bound()
    for number in numbers:
        rng = random.Random(f"{seed}-{number}")  # noqa: S311
        folder = place / f"bundle{number}"
        task = rng.choice(tasks)
        shutil.copytree(embedded_folder(TASKS[task].default), folder)
        KINDS[kind_of(number)](folder, rng)
        start = perf_counter()
        end = ending(folder, faces)
        seconds = perf_counter() - start
        print(json.dumps([end, seconds]), flush=True)
        if end not in ("answers", "a sentence"):
            print(f"{kind_of(number)}, try {number} of seed {seed}: {end}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)


def bound() -> None:
    with suppress(ImportError, OSError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def ending(folder: Path, faces: list[Any]) -> str:
    try:
        ask(folder, faces)
    except FacelensError as error:
        text = str(error)
        return "a sentence" if text.endswith(".") and "\n" not in text else "no sentence"
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return type(error).__name__
    return "answers"


def ask(folder: Path, faces: list[Any]) -> None:
    """All that page and command line ask of a network, with numbers that JSON knows."""
    model = load_model(str(folder))
    task = TASKS[model.config.task]
    model.check()
    told = [model.title.isprintable(), model.card, list(map(model.label, model.config.names))]
    for face, answer in zip(faces, model.predict(faces), strict=True):
        told.append([str(each) for each in task.words(model, face, answer, Style())])
        if task.describe:
            told.append(task.describe(model, face, answer, Style()))
        model.blend(answer, answer, 0.5)
    if hasattr(model, "layers"):
        told += [model.predict(faces, maps=True)[0].maps.tolist(), model.config.bias.tolist()]
        told += [layer.maps.mean().item() for layer in model.layers(faces[0])]
        with suppress(FacelensError):
            stem(model).picture(faces[0].crop)
    if hasattr(model, "curves"):
        from facelens.tasks.attributes.curves import curves_for_page

        told.append(curves_for_page(model.curves))
    for figure in task.figures:
        told.append(figure.of(model.config))
    task.measured_on(model.config)
    json.dumps(told, allow_nan=False)
    "".join(map(str, told)).encode()


if __name__ == "__main__":
    main()
