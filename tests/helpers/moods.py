"""A task with one answer of seven: a seeded network, its bundle, and the task's folder.

It stands for any classifier with a softmax and exact maps, without weights of ours, and sees a part
of the aligned face only.
"""

import textwrap
from pathlib import Path

import numpy as np

from facelens.bundles.bundle import write_manifest
from facelens.tasks.config import ClassifierConfig

NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
BIAS = np.linspace(-0.3, 0.3, 7, dtype=np.float32)
TEMPERATURE = 1.5
# Its picture of 48 pixels a side is this square of the crop.
LEFT, TOP, SIDE = 36, 71, 104
CAUTION = "What a face shows is not what a person feels."
TASK = '''
"""Which of seven a face looks like."""

from facelens.tasks.base import Figure, Task, Verdict, Word
from facelens.tasks.classifier import Classifier
from facelens.tasks.config import ClassifierConfig


class Moods(Classifier):
    task = "moods"

    def label(self, name):
        return f"Looks {name}"


def words(model, face, answer, style):
    best = answer.names[answer.probabilities.argmax()]
    names = style.names or ((best,) if style.brief else model.names)
    return [
        Word(model.label(name), answer[name], Verdict.YES if name == best else None)
        for name in names
    ]


TASK = Task(
    name="moods",
    sees="crop",
    default=DEFAULT,
    config=lambda data, path: ClassifierConfig.read(data, path, "moods"),
    model=Moods,
    columns=lambda model: model.names,
    row=lambda model, face, answer: tuple(answer.probabilities.tolist()),
    words=words,
    sentence=lambda model, face, answer, style: (
        f"This face looks {answer.names[answer.probabilities.argmax()]}."
    ),
    caution=CAUTION,
    views=("classes", "heatmap"),
)
'''


def moods_task(folder: Path) -> Path:
    """Write the task as `folder/moods_task`, its bundle beside it; return that bundle."""
    bundle = folder / "moods_bundle"
    bundle.mkdir()
    write_graph(bundle / "model.onnx")
    ClassifierConfig(
        task="moods", name="moods", version="1", architecture="one convolution", names=NAMES,
        input_size=(48, 48), licence="none", frame=_frame(),
        temperature=np.full(7, TEMPERATURE, np.float32), bias=BIAS,
        layers=(), map_layer="maps", flip_average=False, activation="softmax",
    ).save(bundle / "config.json")  # fmt: skip
    write_manifest(bundle)
    package = folder / "moods_task"
    package.mkdir()
    text = TASK.replace("DEFAULT", repr(str(bundle))).replace("CAUTION", repr(CAUTION))
    (package / "__init__.py").write_text(text)
    return bundle


def registering(folder: Path, then: str) -> str:
    """A cell of a notebook that knows the task before it runs `then`."""
    return textwrap.dedent(f"""
        import os, sys
        sys.path.insert(0, {str(folder)!r})
        from facelens.tasks import TASKS
        TASKS["moods"] = "moods_task"
        os.environ["FACELENS_TASKS"] = "attributes,keypoints,moods"
        {then}
    """)


def _frame() -> np.ndarray:
    """The 2x3 from crop to picture."""
    scale = 48 / SIDE
    rows = [[scale, 0, (0.5 - LEFT) * scale - 0.5], [0, scale, (0.5 - TOP) * scale - 0.5]]
    return np.array(rows, np.float32)


def write_graph(path: Path) -> None:
    """Crops to seven maps of 8 x 8 fields by random filters; mean and bias are the logit."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(4)
    filters = rng.normal(0, 0.35, (7, 3, 3, 3)).astype(np.float32)
    filters -= filters.mean((1, 2, 3), keepdims=True)
    constants = {
        "scale": np.array([1 / 32], np.float32),
        "filters": filters,
        "bias": BIAS,
        "side": np.array([2, 3], np.int64),
        "from": np.array([TOP, LEFT], np.int64),
        "to": np.array([TOP + SIDE, LEFT + SIDE], np.int64),
        "axes": np.array([1, 2], np.int64),
    }
    nodes = [
        helper.make_node("Slice", ["crops", "from", "to", "axes"], ["part"]),
        helper.make_node("Cast", ["part"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "scale"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "AveragePool", ["planes"], ["small"], kernel_shape=[13, 13], strides=[13, 13]
        ),
        helper.make_node(
            "Conv",
            ["small", "filters"],
            ["activation_maps"],
            kernel_shape=[3, 3],
            pads=[1, 1, 1, 1],
        ),
        helper.make_node("ReduceMean", ["activation_maps", "side"], ["means"], keepdims=0),
        helper.make_node("Add", ["means", "bias"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "moods",
        [helper.make_tensor_value_info("crops", TensorProto.UINT8, ["n", 218, 178, 3])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 7]),
            helper.make_tensor_value_info("activation_maps", TensorProto.FLOAT, ["n", 7, 8, 8]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(made, path)
