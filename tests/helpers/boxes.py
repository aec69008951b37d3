"""A bundle for masks whose graph finds the same boxes in each photo, without weights of ours.

It stands for any detector's task: what it answers is known, so a page can be held against it.
"""

import textwrap
from pathlib import Path

import numpy as np

from facelens.bundles.bundle import write_manifest
from facelens.tasks.mask.curves import COLUMNS, GRID, BoxCurves
from facelens.tasks.mask.model import MOST, MaskConfig, MaskModel
from facelens.tasks.mask.names import NAMES

SIDE = 416
MIN_SCORE = 0.4
# In pixels of a picture of 416, each with its score and the logits of mask, none, worn wrongly. The
# first is the face of the example photo; the third is below the threshold.
BOXES = np.array(
    [[140, 56, 226, 160], [20, 250, 70, 310], [330, 240, 372, 290], [250, 250, 290, 300]],
    np.float32,
)
SCORES = np.array([0.95, 0.8, 0.2, 0.6], np.float32)
LOGITS = np.array([[4, 0, 0], [0, 4, 0], [0, 0, 4], [0.6, 0.5, 0]], np.float32)
COUNTS = (50, 20, 3)
PHOTOS = 40


def without_graph(folder: Path, monkeypatch) -> Path:
    """Such a bundle where onnx is not installed, which writes the graph: all boxes are faces."""
    bundle = boxes_bundle(folder / "bundle", graph=b"no graph")
    found = BOXES, np.full(len(BOXES), 0.9, np.float32), LOGITS
    monkeypatch.setattr(MaskModel, "raw", lambda *_: found)
    return bundle


def boxes_bundle(
    folder: Path, *, tilt: float = 0.0, few: int | None = None, graph: bytes = b""
) -> Path:
    """Write the bundle; return its folder.

    `tilt`: by how much "without" gains and "with" loses in all boxes for each step of the photo's
    mean brightness above 128. `few`: only the first so many boxes. `graph`: instead.
    """
    folder.mkdir()
    if graph:
        (folder / "model.onnx").write_bytes(graph)
    else:
        write_graph(folder / "model.onnx", tilt=tilt, few=few)
    MaskConfig(
        task="mask", name="mask", version="1", architecture="constants", names=NAMES,
        input_size=(SIDE, SIDE), licence="none", min_score=MIN_SCORE,
        temperature=np.ones(1, np.float32),
    ).save(folder / "config.json")  # fmt: skip
    curves().save(folder / "curves.json")
    write_manifest(folder)
    return folder


def curves() -> BoxCurves:
    """Curves that differ by class and threshold; the last class is not drawn from 0.5 on."""
    rows = np.arange(3)[:, None]
    precision = 0.5 + 0.4 * GRID - 0.1 * rows
    precision[2, 50:] = np.nan
    recall = (0.9 - 0.2 * rows) * (1 - GRID)
    tables = {
        "precision": precision, "precision_low": precision - 0.1, "precision_high": precision + 0.1,
        "recall": recall, "recall_low": recall / 2, "recall_high": (1 + recall) / 2,
    }  # fmt: skip
    assert tables.keys() == set(COLUMNS)
    values = {name: table.astype(np.float32) for name, table in tables.items()}
    return BoxCurves(NAMES, PHOTOS, np.array(COUNTS), **values)


def registering(bundle: Path, then: str) -> str:
    """A cell of a notebook whose page has this network, before it runs `then`."""
    return textwrap.dedent(f"""
        import os
        from dataclasses import replace
        from facelens.tasks import TASKS
        TASKS["mask"] = replace(TASKS["mask"], default={str(bundle)!r})
        os.environ["FACELENS_TASKS"] = "attributes,keypoints,mask"
        {then}
    """)


def write_graph(path: Path, *, tilt: float = 0.0, few: int | None = None) -> None:
    """Photos uint8 (n, h, w, 3) to `BOXES`, `SCORES` and `LOGITS`, filled up to `MOST`."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kept = slice(few)
    boxes, scores, logits = (
        np.zeros((1, MOST, *each.shape[1:]), np.float32) for each in (BOXES, SCORES, LOGITS)
    )
    for filled, each in ((boxes, BOXES), (scores, SCORES), (logits, LOGITS)):
        filled[0, : len(each[kept])] = each[kept]
    constants = {
        "some_boxes": boxes,
        "some_scores": scores,
        "some_logits": logits,
        "middle": np.array(128, np.float32),
        "tilt": tilt * np.array([-1, 1, 0], np.float32),
        "zero": np.array(0, np.float32),
        "sides": np.array([1, 2, 3], np.int64),
        "one": np.array([1], np.int64),
        "last": np.array([2], np.int64),
    }
    node = helper.make_node
    nodes = [
        node("Cast", ["photos"], ["float"], to=TensorProto.FLOAT),
        node("ReduceMean", ["float", "sides"], ["mean"], keepdims=0),
        node("Unsqueeze", ["mean", "one"], ["rows"]),
        node("Mul", ["rows", "zero"], ["nothing"]),
        node("Add", ["some_scores", "nothing"], ["scores"]),
        node("Unsqueeze", ["nothing", "last"], ["nowhere"]),
        node("Add", ["some_boxes", "nowhere"], ["boxes"]),
        node("Unsqueeze", ["rows", "last"], ["planes"]),
        node("Sub", ["planes", "middle"], ["light"]),
        node("Mul", ["light", "tilt"], ["tilted"]),
        node("Add", ["some_logits", "tilted"], ["logits"]),
    ]
    gives = {"boxes": [MOST, 4], "scores": [MOST], "logits": [MOST, 3]}
    graph = helper.make_graph(
        nodes,
        "boxes",
        [helper.make_tensor_value_info("photos", TensorProto.UINT8, ["n", "h", "w", 3])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])
            for name, shape in gives.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(made, path)
