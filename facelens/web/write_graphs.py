"""What surrounds the networks as ONNX graphs, so that a browser computes it as Python does.

Each is held against the Python function that it repeats by a test. They lie in `graphs/`, since
`onnx` comes with the extra `train` alone:

    python -m facelens.web.write_graphs
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from facelens.faces import align, quality, yunet
from facelens.faces.face import CROP_HEIGHT, CROP_WIDTH
from facelens.files import write_bytes
from facelens.web.onnx_graph import Graph, Value

FOLDER = Path(__file__).parent / "graphs"
GREY = (4899 / 16384, 9617 / 16384, 1868 / 16384)  # OpenCV's weights of red, green and blue


def faces() -> bytes:
    """Decode YuNet's outputs and keep the best of overlapping faces, as `Yunet._rows`.

    The outputs under their names, `grid` int64 (2,) the height and width of YuNet's input, `floor`
    float32 () the least score. Gives `scores` (n,), `boxes` (n, 4) and `landmarks` (n, 5, 2) in
    pixels of the input, the best first.
    """
    g = Graph()
    width = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    given = {
        name: g.input(name, np.float32, (1, f"n{name[-2:]}", width[name.split("_")[0]]))
        for name in yunet.YUNET_OUTPUTS
    }
    grid = g.input("grid", np.int64, (2,))
    floor = g.input("floor", np.float32, ())
    scores, corners, sizes, points = [], [], [], []
    for stride in yunet.YUNET_STRIDES:
        face, objectness, box, offsets = (
            given[f"{kind}_{stride}"][0] for kind in ("cls", "obj", "bbox", "kps")
        )
        scores.append(g("Sqrt", face.clip(0, 1) * objectness.clip(0, 1)).reshape(-1))
        columns = grid[1] / stride
        cell = g("Range", g.constant(0, np.int64), face.side(0), g.constant(1, np.int64))
        at = [g("Mod", cell, columns), cell / columns]
        place = g("Concat", *(each.reshape(-1, 1) for each in at), axis=1).cast(np.float32)
        size = g("Exp", box.part(2, 4, 1))
        corners.append((place + box.part(0, 2, 1) - size / 2) * stride)
        sizes.append(size * stride)
        points.append((place.reshape(-1, 1, 2) + offsets.reshape(-1, 5, 2)) * stride)
    score, corner, size, point = (
        g("Concat", *each, axis=0) for each in (scores, corners, sizes, points)
    )
    good = g("NonZero", g("GreaterOrEqual", score, floor, kind=bool), kind=np.int64).reshape(-1)
    score, corner, size, point = (each.take(good, 0) for each in (score, corner, size, point))
    # OpenCV compares boxes of whole pixels.
    whole, sides = (each.cast(np.int64).cast(np.float32) for each in (corner, size))
    ends = g("Concat", whole, whole + sides, axis=1).reshape(1, -1, 4)
    best = g(
        "NonMaxSuppression", ends, score.reshape(1, 1, -1), np.array([2**31 - 1], np.int64),
        np.array([yunet.YUNET_OVERLAP], np.float32), kind=np.int64,
    ).part(2, 3, 1).reshape(-1)  # fmt: skip
    g.output("scores", score.take(best, 0), ("n",))
    g.output("boxes", g("Concat", corner, size, axis=1).take(best, 0), ("n", 4))
    g.output("landmarks", point.take(best, 0), ("n", 5, 2))
    return g.finish("faces")


def looks() -> bytes:
    """What `faces.quality` measures of a crop.

    `crop` uint8 (218, 178, 3). Gives `light`, the mean of the face's grey; `detail`, the variance
    of its Laplacian; and `chin`, `quality.chin_colour`; each float32 ().
    """
    g = Graph()
    pixels = g.input("crop", np.uint8, (CROP_HEIGHT, CROP_WIDTH, 3)).cast(np.float32)
    x, y, w, h = (round(side) for side in align.TEMPLATE_BOX)
    face = pixels.part(y, y + h, 0).part(x, x + w, 1) @ np.array(GREY, np.float32)
    grey = face.round()
    g.output("light", grey.mean(), ())
    around = g(
        "Pad", grey.reshape(1, 1, h, w), np.array([0, 0, 1, 1] * 2, np.int64), mode="reflect"
    )
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)[None, None]
    bent = g("Conv", around, kernel)
    bent = bent - bent.mean()
    g.output("detail", (bent * bent).mean(), ())
    nose, chin = (
        _median_colour(
            g, pixels.part(rows.start, rows.stop, 0).part(columns.start, columns.stop, 1)
        )
        for rows, columns in (quality.NOSE, quality.CHIN)
    )
    apart = nose - chin
    g.output("chin", g("Sqrt", g("ReduceSum", apart * apart, keepdims=0)), ())
    return g.finish("quality")


def _median_colour(g: Graph, pixels: Value) -> Value:
    """The medians of a and b of 8-bit Lab (D65, as OpenCV) over an even number of pixels."""
    colour = pixels.reshape(-1, 3) / 255
    dark = g("LessOrEqual", colour, np.array(0.04045, np.float32), kind=bool)
    curve = g("Pow", (colour + 0.055) / 1.055, np.array(2.4, np.float32))
    linear = g("Where", dark, colour / 12.92, curve, kind=np.float32)
    to_xyz = np.array(
        [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169],
         [0.019334, 0.119193, 0.950227]]
    ) / np.array([[0.950456], [1.0], [1.088754]])  # fmt: skip
    xyz = linear @ to_xyz.T.astype(np.float32)
    root = g("Pow", g("Max", xyz, np.array(1e-9, np.float32)), np.array(1 / 3, np.float32))
    low = g("LessOrEqual", xyz, np.array(0.008856, np.float32), kind=bool)
    bent = g("Where", low, xyz * 7.787 + 16 / 116, root, kind=np.float32)
    to_ab = np.array([[500, -500, 0], [0, 200, -200]], np.float32)
    ab = (bent @ to_ab.T + 128).round().clip(0, 255)
    half = ab.side(0) / 2
    least = g("TopK", ab, (half + 1).reshape(1), axis=0, largest=0, outputs=2)[0]
    return least.part(-2, 2**31 - 1, 0).mean([0])


GRAPHS: dict[str, Callable[[], bytes]] = {"faces": faces, "quality": looks}


def main() -> None:
    """Write them all."""
    for name, build in GRAPHS.items():
        write_bytes(FOLDER / f"{name}.onnx", build())


if __name__ == "__main__":
    main()
