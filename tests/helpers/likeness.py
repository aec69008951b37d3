"""A stand-in for an embedding network: whose tint is alike, is alike. And tinted photos."""

from pathlib import Path

import cv2
import numpy as np

from facelens.bundles.bundle import write_manifest
from facelens.tasks.identity.curves import RATES, Curve, Curves
from facelens.tasks.identity.model import TASK, IdentityConfig

WIDTH = 8
MIDDLE = 60.0  # what is neither bright nor dark
TINTS = {"Anna": (1.0, 0.35, 0.35), "Ben": (0.35, 1.0, 0.35), "Cleo": (0.35, 0.35, 1.0)}

LIGHTS = np.array([(0, 0, 0), (-0.2, 0.3, 0), (-0.2, 0, 0.3), (0, 0.3, 0.3)])


def curves(margin=0.02):
    """Strangers' similarities from 0.5 at a fifth of them to 0.9 at one in a hundred thousand."""
    cuts = np.linspace(0.5, 0.9, len(RATES))
    curve = Curve(cuts, cuts - 0.01, cuts + 0.01, 1000)
    return Curves(curve, curve, margin, "a few tints")


def likeness_bundle(folder: Path, *, width=WIDTH, name="likeness") -> Path:
    """Write the bundle `folder/likeness`."""
    bundle = folder / name
    bundle.mkdir()
    write_graph(bundle / "model.onnx", width)
    IdentityConfig(
        task=TASK, name=name, version="1", architecture="a mean", input_size=(16, 16),
        names=tuple(f"e{i}" for i in range(width)), licence="none", curves=curves(),
        flip_average=False,
    ).save(bundle / "config.json")  # fmt: skip
    (bundle / "README.md").write_text("---\nlicense: mit\n---\n# Tints\n")
    write_manifest(bundle)
    return bundle


def write_graph(path: Path, width: int) -> None:
    """Crops to maps of the colours of 16 x 16 fields, as `width` numbers, and their means."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    mixed = np.linalg.qr(np.random.default_rng(1).normal(size=(width, width)))[0][:, :3]
    constants = {
        "middle": np.array([MIDDLE], np.float32),
        "filters": (mixed / 64).astype(np.float32)[:, :, None, None],
        "side": np.array([2, 3], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["crops"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["float", "middle"], ["centred"]),
        helper.make_node("Transpose", ["centred"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "AveragePool", ["planes"], ["small"], kernel_shape=[13, 11], strides=[13, 11]
        ),
        helper.make_node("Conv", ["small", "filters"], ["embedding_maps"], kernel_shape=[1, 1]),
        helper.make_node("ReduceMean", ["embedding_maps", "side"], ["embeddings"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "likeness",
        [helper.make_tensor_value_info("crops", TensorProto.UINT8, ["n", 218, 178, 3])],
        [
            helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", width]),
            helper.make_tensor_value_info(
                "embedding_maps", TensorProto.FLOAT, ["n", width, 16, 16]
            ),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(made, path)


def tinted(pixels: np.ndarray, tint) -> np.ndarray:
    """A photo uint8 (h, w, 3) RGB in another light."""
    return np.rint(pixels * np.asarray(tint)).astype(np.uint8)


def album(folder: Path, photo: Path, people=("Anna", "Ben", "Cleo"), count=4) -> Path:
    """A folder a person, `count` photos of each, in lights that differ a little."""
    pixels = cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB)[:280, 80:360]
    for turn, name in enumerate(people):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            lit = tinted(pixels, np.clip(TINTS[name] + np.roll(LIGHTS[i], turn), 0.2, 1))
            cv2.imwrite(str(folder / name / f"{i}.jpg"), lit[..., ::-1])
    return folder
