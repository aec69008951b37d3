"""Networks from strangers: graphs that never end, ask for terabytes, or answer with no numbers.

Each is put into an otherwise valid bundle, opened and asked about a face in a process of its own,
which may take 30 s and 4 GB more than it has. It should end in one sentence, or in an answer that
is right. Needs the extra `train` (onnx).
"""

import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from attacks.outcome import Outcome
from facelens.bundles.bundle import write_manifest
from facelens.bundles.find import embedded_folder
from facelens.tasks import DEFAULT, TASKS

TRIES, QUICK = 60, 10
SECONDS, MEMORY = 30, 4_000_000_000
PROBE = """
import json, resource, sys
import numpy as np
import facelens
from facelens.photo import Photo  # what a first face loads too
model = None
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (most, most))
try:
    model = facelens.load_model(sys.argv[1])
    crop = np.full((218, 178, 3), 128, np.uint8)
    answers = [*model.predict([crop], maps=True), *model.predict([crop] * 4)]
    assert len(answers) == 5
    for each in answers:
        assert each.probabilities.shape == (len(model.names),)
        json.dumps(each.probabilities.astype(float).tolist(), allow_nan=False)
    print("answered")
except facelens.FacelensError as error:
    assert "\\n" not in str(error) and str(error).endswith("."), error
    print("refused:", error)
"""

NAMES = json.loads((embedded_folder(TASKS[DEFAULT].default) / "config.json").read_bytes())["names"]
N = len(NAMES)


class Graph:
    """A small graph that answers as a classifier of 40 attributes does."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.constant("mean_axes", np.array([1, 2, 3]))
        self.node("Cast", ["crops"], "pixels", to=TensorProto.FLOAT)
        self.node("ReduceMean", ["pixels", "mean_axes"], "mean", keepdims=0)  # (n,)
        self.constant("weights", np.linspace(-0.01, 0.01, N, dtype=np.float32)[None])
        self.constant("last", np.array([1]))
        self.node("Unsqueeze", ["mean", "last"], "column")
        self.node("MatMul", ["column", "weights"], "honest")  # (n, 40)
        self.constant("grid", np.array([0, N, 1, 1]))
        self.node("Reshape", ["honest", "grid"], "honest_maps")

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def bytes(self, logits: str = "honest", maps: str = "honest_maps", *, names: int = N) -> bytes:
        """The graph whose answers are the values called `logits` and `maps`."""
        self.node("Identity", [logits], "logits")
        self.node("Identity", [maps], "activation_maps")
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "graph",
            [value("crops", TensorProto.UINT8, ["n", 218, 178, 3])],
            [
                value("logits", TensorProto.FLOAT, ["n", names]),
                value("activation_maps", TensorProto.FLOAT, ["n", names, "h", "w"]),
            ],
            self.constants,
        )
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        return model.SerializeToString()

    def added(self, extra: str) -> str:
        """The honest answer, with a value that is scaled to nothing: it has to be computed."""
        self.constant("nothing", np.array(0, np.float32))
        self.node("ReduceMax", [extra], "largest", keepdims=0)
        self.node("Mul", ["largest", "nothing"], "no_more")
        return self.node("Add", ["honest", "no_more"], "with_more")


def honest(_: random.Random) -> bytes:
    return Graph().bytes()


def endless(rng: random.Random) -> bytes:
    """A loop that never ends, by its count or by its condition."""
    graph = Graph()
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Sin", ["before"], ["after"]),
        ],
        "body",
        [
            value("i", TensorProto.INT64, []),
            value("go", TensorProto.BOOL, []),
            value("before", TensorProto.FLOAT, ["n", N]),
        ],
        [value("go_on", TensorProto.BOOL, []), value("after", TensorProto.FLOAT, ["n", N])],
    )
    count = graph.constant("count", np.array(2**62)) if rng.random() < 0.5 else ""
    go = graph.constant("always", np.array(True))
    graph.node("Loop", [count, go, "honest"], "looped", body=body)
    return graph.bytes("looped")


def endless_branch(rng: random.Random) -> bytes:
    """The same within a branch, out of sight of who looks at the top only."""
    del rng
    graph = Graph()
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Sin", ["before"], ["after"]),
        ],
        "body",
        [
            value("i", TensorProto.INT64, []),
            value("go", TensorProto.BOOL, []),
            value("before", TensorProto.FLOAT, ["n", N]),
        ],
        [value("go_on", TensorProto.BOOL, []), value("after", TensorProto.FLOAT, ["n", N])],
    )
    branches = [
        helper.make_graph(
            [helper.make_node("Loop", ["", "always", "honest"], [f"loop{i}"], body=body)],
            f"branch{i}",
            [],
            [value(f"loop{i}", TensorProto.FLOAT, ["n", N])],
        )
        for i in range(2)
    ]
    graph.constant("always", np.array(True))
    graph.node("If", ["always"], "branched", then_branch=branches[0], else_branch=branches[1])
    return graph.bytes("branched")


def huge(rng: random.Random) -> bytes:
    """A kilobyte that asks for gigabytes to petabytes, by one of six operators."""
    graph = Graph()
    side = 2 ** rng.randint(17, 25)
    way = rng.choice(["constant", "expand", "tile", "outer", "pad", "resize"])
    one = graph.constant("one", np.ones((1, 1), np.float32))
    if way == "constant":
        size = graph.constant("size", np.array([side, side]))
        big = graph.node("ConstantOfShape", [size], "big")
    elif way == "expand":
        big = graph.node("Expand", [one, graph.constant("size", np.array([side, side]))], "big")
    elif way == "tile":
        big = graph.node("Tile", [one, graph.constant("size", np.array([side, side]))], "big")
    elif way == "outer":
        row = graph.node("Expand", [one, graph.constant("row", np.array([1, side]))], "long_row")
        rise = graph.node("Expand", [one, graph.constant("rise", np.array([side, 1]))], "tall")
        big = graph.node("Mul", [row, rise], "big")
    elif way == "pad":
        pads = graph.constant("pads", np.array([0, 0, side, side]))
        big = graph.node("Pad", ["honest", pads], "big")
    else:
        sizes = graph.constant("sizes", np.array([1, 1, side, side]))
        graph.constant("first", np.array([0, 0, 0, 0]))
        graph.constant("then", np.array([1, 1, 1, 1]))
        small = graph.node("Slice", ["honest_maps", "first", "then"], "small")
        big = graph.node("Resize", [small, "", "", sizes], "big")
    return graph.bytes(graph.added(big))


def growing(rng: random.Random) -> bytes:
    """Doubled and doubled again: every step is harmless."""
    graph = Graph()
    before = graph.constant("start", np.ones((1, 64), np.float32))
    if rng.random() < 0.5:
        before = "honest"
    for i in range(rng.randint(28, 45)):
        before = graph.node("Concat", [before, before], f"twice{i}", axis=1)
    return graph.bytes(graph.added(before))


def slow(rng: random.Random) -> bytes:
    """Minutes to years of arithmetic in one operator, in little memory."""
    graph = Graph()
    side = rng.choice([4_000, 6_000, 20_000])
    one = graph.constant("one", np.ones((1, 1, 1, 1), np.float32))
    size = graph.constant("size", np.array([1, 1, side, side]))
    picture = graph.node("Expand", [one, size], "picture")
    pads = [side // 2] * 4
    big = graph.node("Conv", [picture, picture], "big", pads=pads)
    return graph.bytes(graph.added(big))


def by_value(rng: random.Random) -> bytes:
    """Harmless for a black picture, huge or endless for another: a trial would not see it."""
    graph = Graph()
    graph.constant("first", np.array(0))
    bright = graph.node("ReduceMax", ["mean"], "brightest", keepdims=0)
    times = graph.node("Mul", [bright, graph.constant("much", np.array(2e9, np.float32))], "much_x")
    side = graph.node("Cast", [times], "side", to=TensorProto.INT64)
    if rng.random() < 0.5:
        one = graph.constant("one", np.array(1))
        big = graph.node("Range", ["first", side, one], "numbers")
        big = graph.node("Cast", [big], "big", to=TensorProto.FLOAT)
    else:
        graph.node("Unsqueeze", [side, graph.constant("zero", np.array([0]))], "sides")
        tiny = graph.constant("tiny", np.ones((1,), np.float32))
        big = graph.node("Expand", [tiny, "sides"], "big")
    return graph.bytes(graph.added(big))


def no_numbers(rng: random.Random) -> bytes:
    """NaN or infinity, always or for some names only, in logits or in maps."""
    graph = Graph()
    bad = np.zeros(N, np.float32)
    which = rng.sample(range(N), rng.choice([1, 3, N]))
    bad[which] = rng.choice([np.nan, np.inf, -np.inf, 3e38])
    graph.constant("bad", bad)
    wrong = graph.node("Add", ["honest", "bad"], "wrong")
    if rng.random() < 0.3:
        return graph.bytes(maps=graph.node("Reshape", [wrong, "grid"], "wrong_maps"))
    return graph.bytes(wrong)


def other_shape(rng: random.Random) -> bytes:
    """No rows, too many, of another width, a number alone, or another type than stated."""
    graph = Graph()
    way = rng.choice(["none", "twice", "narrow", "scalar", "flat maps", "no maps"])
    if way == "none":
        graph.constant("from", np.array([0]))
        return graph.bytes(graph.node("Slice", ["honest", "from", "from"], "wrong"))
    if way == "twice":
        return graph.bytes(graph.node("Concat", ["honest", "honest"], "wrong", axis=0))
    if way == "narrow":
        graph.constant("from", np.array([0]))
        graph.constant("to", np.array([rng.randint(0, N - 1)]))
        return graph.bytes(graph.node("Slice", ["honest", "from", "to", "last"], "wrong"))
    if way == "scalar":
        return graph.bytes(graph.node("ReduceMean", ["honest"], "wrong", keepdims=0))
    if way == "flat maps":
        return graph.bytes(maps="honest")
    graph.constant("nowhere", np.array([0, N, 0, 1]))
    graph.constant("from", np.array([0]))
    nothing = graph.node("Slice", ["honest_maps", "from", "from", "last"], "nothing")
    return graph.bytes(maps=graph.node("Reshape", [nothing, "nowhere"], "wrong"))


def foreign(rng: random.Random) -> bytes:
    """Operators that are not ONNX's own, and such as no network for faces needs."""
    graph = Graph()
    if rng.random() < 0.5:
        model = onnx.load_from_string(graph.bytes())
        model.graph.node[0].domain = rng.choice(["com.microsoft", "evil", "ai.onnx.ml"])
        return model.SerializeToString()
    listed = graph.node("SequenceConstruct", ["honest"], "listed")
    graph.constant("first", np.array(0))
    return graph.bytes(graph.node("SequenceAt", [listed, "first"], "taken"))


KINDS: dict[str, tuple[Callable[[random.Random], bytes], bool | None]] = {
    "an honest small network": (honest, True),
    "a loop without end": (endless, False),
    "a loop without end within a branch": (endless_branch, False),
    "a kilobyte that asks for gigabytes to petabytes": (huge, False),
    "tensors doubled again and again": (growing, False),
    "years of arithmetic in one operator": (slow, False),
    "sizes that follow from the picture": (by_value, False),
    "answers that are no numbers": (no_numbers, False),
    "answers without rows, or of another shape": (other_shape, False),
    "operators that are not ONNX's own, lists": (foreign, None),
}


def attack(tries: int, seed: int) -> list[Outcome]:
    rng = random.Random(seed)  # noqa: S311
    each = max(1, tries // len(KINDS))
    graphs = [(kind, make(rng)) for kind, (make, _) in KINDS.items() for _ in range(each)]
    # The longest first, so that two at a time end together.
    graphs.sort(key=lambda pair: "arithmetic" not in pair[0])
    ends: dict[str, list[tuple[str, float]]] = {kind: [] for kind in KINDS}
    with ThreadPoolExecutor(2) as pool:
        for (kind, _), end in zip(graphs, pool.map(asked, (g for _, g in graphs)), strict=True):
            ends[kind].append(end)
    return [outcome(kind, ended) for kind, ended in ends.items()]


def outcome(kind: str, ends: list[tuple[str, float]]) -> Outcome:
    """What came of the graphs of one kind: each should answer, or be refused, as KINDS says."""
    wanted = {True: ("answered",), False: ("refused",), None: ("answered", "refused")}
    counts = Counter(end for end, _ in ends)
    lost = sum(count for end, count in counts.items() if end not in wanted[KINDS[kind][1]])
    said = ", ".join(f"{count} {end}" for end, count in counts.items())
    slowest = max(seconds for _, seconds in ends)
    return Outcome(kind, len(ends), lost, f"{said}; slowest {slowest:.1f} s")


def asked(graph: bytes) -> tuple[str, float]:
    """How a network ends that is asked about a face, and after how many seconds."""
    with tempfile.TemporaryDirectory() as place:
        folder = bundle(Path(place), graph)
        start = perf_counter()
        try:
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-P", "-c", PROBE, str(folder), str(MEMORY)],
                capture_output=True, text=True, timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"stopped after {SECONDS} s", SECONDS
        seconds = perf_counter() - start
    if done.returncode < 0:
        return "killed the process", seconds
    if done.returncode:
        return done.stderr.strip().rpartition("\n")[2].partition(":")[0][:60], seconds
    return done.stdout.strip().rpartition("\n")[2].partition(":")[0], seconds


def bundle(place: Path, graph: bytes) -> Path:
    """A bundle with this graph, valid apart from it, without layers."""
    folder = place / "bundle"
    leave = shutil.ignore_patterns("model.*", "README.md")
    shutil.copytree(embedded_folder(TASKS[DEFAULT].default), folder, ignore=leave)
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_bytes()) | {"layers": []}))
    (folder / "model.onnx").write_bytes(graph)
    write_manifest(folder)
    return folder
