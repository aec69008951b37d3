"""The steps between a photo and the networks as ONNX graphs, so that a browser runs them as Python.

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
    return g.save("faces")


def crop() -> bytes:
    """Cut faces out of a photo as `align.align_face` and `explain.whiskers` do.

    `pixels` uint8 (h, w, 4) RGBA, `warp` float32 (2, 3) photo to template, `moves` float32
    (n, 2, 3) template to crop, `light` float32 (n,) factors of the brightness, `size` int64 (2,)
    height and width of a crop, `margin` float32 () as in `align.reduce`. Gives `crops` uint8
    (n, height, width, 3) and `grey` uint8 (n, height, width).
    """
    g = Graph()
    pixels = g.input("pixels", np.uint8, ("h", "w", 4))
    warp = g.input("warp", np.float32, (2, 3)).cast(np.float64)
    moves = g.input("moves", np.float32, ("n", 2, 3)).cast(np.float64)
    light = g.input("light", np.float32, ("n",))
    size = g.input("size", np.int64, (2,))
    margin = g.input("margin", np.float32, ())
    small, to_template = _reduced(g, pixels.part(0, 3, 2), warp, size, margin.cast(np.float64))
    warps = _composed(g, moves, to_template)
    crops = _sampled(g, small, warps, size)
    lit = _uint8(crops.cast(np.float32) * light.reshape(-1, 1, 1, 1))
    g.output("crops", lit, ("n", "height", "width", 3))
    grey = lit.cast(np.float32) @ np.array(GREY, np.float32)
    g.output("grey", _uint8(grey), ("n", "height", "width"))
    return g.save("crop")


def _reduced(
    g: Graph, pixels: Value, warp: Value, size: Value, margin: Value
) -> tuple[Value, Value]:
    """`align.reduce`: what a warp shows, averaged, and the warp from there, float64 (2, 3)."""
    scale = _scale(g, warp)
    factor = g("Min", scale / align.MIN_SCALE, np.array(1.0))
    height, width = (size[i].cast(np.float64) for i in range(2))
    zero = g.constant(0.0, np.float64)
    corners = g(
        "Concat",
        *(
            g("Concat", x.reshape(1, 1), y.reshape(1, 1), axis=1)
            for x, y in ((zero, zero), (width, zero), (zero, height), (width, height))
        ),
        axis=0,
    )
    inverse = _rounded(_inverted(g, warp.reshape(1, 2, 3))[0])
    linear, shift = inverse.part(0, 2, 1), inverse.part(2, 3, 1).reshape(1, 2)
    seen = corners @ linear.turn(1, 0) + shift
    axis = np.zeros(1, np.int64)
    least = g("ReduceMin", seen, axis, keepdims=0) - margin / factor
    most = g("ReduceMax", seen, axis, keepdims=0) + margin / factor
    starts, ends = [], []
    for i, along in enumerate((1, 0)):  # x runs along columns
        limit = pixels.side(along).cast(np.float64)
        start = least[i].floor().clip(0.0, limit - 1)
        starts.append(start)
        ends.append(g("Min", g("Max", most[i].ceil(), start + 1), limit))
    part = pixels
    for i, along in enumerate((1, 0)):
        part = part.part(starts[i].cast(np.int64), ends[i].cast(np.int64), along)
    counts = [g("Max", ((ends[i] - starts[i]) * factor).round(), np.array(1.0)) for i in range(2)]
    x, y = ((ends[i] - starts[i]) / counts[i] for i in range(2))
    rows = _averaged(g, part.cast(np.int32), y, counts[1], 0)
    small = _uint8(_averaged(g, rows, x, counts[0], 1))
    # Pixel centres: photo = (small + 0.5) * factor - 0.5 + corner.
    back = _matrix(g, x, zero, (x - 1) / 2 + starts[0], zero, y, (y - 1) / 2 + starts[1])
    moved = _composed(g, warp.reshape(1, 2, 3), back)[0]
    # Of a face that is no larger Python cuts no part, so there is nothing that it rounds.
    larger = g("Less", factor, np.array(1.0), kind=bool)
    return small, g("Where", larger, _rounded(moved), moved, kind=np.float64)


def _averaged(g: Graph, values: Value, step: Value, count: Value, axis: int) -> Value:
    """Means over `count` intervals of length `step` along an axis, float32: cv2.INTER_AREA."""
    ends = g("Range", g.constant(0.0, np.float64), count + 1, g.constant(1.0, np.float64)) * step
    last = (values.side(axis) - 1).cast(np.float64)
    whole = g("Min", ends.floor(), last)
    index, share = whole.cast(np.int64), (ends - whole).cast(np.float32)
    share = share.reshape(*([-1, 1, 1] if axis == 0 else [1, -1, 1]))
    before = g("CumSum", values, np.array(axis, np.int64), exclusive=1).take(index, axis)
    partial = values.take(index, axis).cast(np.float32) * share
    behind, ahead = (0, -1), (1, 2**31 - 1)
    sums, parts = (
        [each.part(*ahead, axis), each.part(*behind, axis)] for each in (before, partial)
    )
    total = (sums[0] - sums[1]).cast(np.float32) + parts[0] - parts[1]
    return total / step.cast(np.float32)


def _sampled(g: Graph, small: Value, warps: Value, size: Value) -> Value:
    """`align.sample` under float64 (n, 2, 3) warps: float32 (n, height, width, 3), whole numbers.

    Places are rounded to a 32nd of a pixel in the way of cv2.warpAffine.
    """
    inverse = _inverted(g, warps)
    x, y = (
        g("Range", g.constant(0.0, np.float64), size[i].cast(np.float64), g.constant(1.0, np.float64))
        for i in (1, 0)
    )  # fmt: skip
    places = []
    for i, along in enumerate((1, 0)):
        a, b, c = (inverse.part(i, i + 1, 1).part(j, j + 1, 2) for j in range(3))
        across = (a * x.reshape(1, 1, -1) * 1024.0).round()
        down = ((b * y.reshape(1, -1, 1) + c) * 1024.0).round()
        place = ((across + down + 16.0) / 32.0).floor() / 32.0
        # Three pixels of edge stand around the picture, more than a cubic reaches.
        side = small.side(along).cast(np.float64)
        place = place.clip(g.constant(-2.0, np.float64), side + 1) + 3
        place = 2 * (place + 0.5) / (side + 6) - 1
        places.append(place.reshape(1, -1, size[1], 1))
    grid = g("Concat", *places, axis=3).cast(np.float32)
    picture = small.turn(2, 0, 1).cast(np.float32).reshape(1, 3, small.side(0), small.side(1))
    edges = np.array([0, 0, 3, 3, 0, 0, 3, 3], np.int64)
    picture = g("Pad", picture, edges, mode="edge")
    sample = {"padding_mode": "border", "align_corners": 0}
    enlarged = g("Greater", _scale(g, warps[0]), np.array(1.0), kind=bool)
    found = g.choose(
        enlarged,
        lambda: g("GridSample", picture, grid, mode="cubic", **sample),
        lambda: g("GridSample", picture, grid, mode="linear", **sample),
    )
    found = found.reshape(3, -1, size[0], size[1]).turn(1, 2, 3, 0)
    return found.clip(0, 255).round()


def _scale(g: Graph, warp: Value) -> Value:
    """`align.scale_of` a float64 (2, 3)."""
    a, c = warp[0, 0], warp[1, 0]
    return g("Sqrt", a * a + c * c).cast(np.float32).cast(np.float64)


def _inverted(g: Graph, warps: Value) -> Value:
    """Invert 2x3 transforms, float64 (n, 2, 3), as cv2.invertAffineTransform does."""
    (a, b, c), (d, e, f) = (
        [warps.part(i, i + 1, 1).part(j, j + 1, 2) for j in range(3)] for i in range(2)
    )
    share = 1.0 / (a * e - b * d)
    p, q, r, s = e * share, g("Neg", b * share), g("Neg", d * share), a * share
    top = g("Concat", p, q, g("Neg", p * c + q * f), axis=2)
    return g("Concat", top, g("Concat", r, s, g("Neg", r * c + s * f), axis=2), axis=1)  # type: ignore[no-any-return]


def _composed(g: Graph, after: Value, before: Value) -> Value:
    """`align.compose` float64 (n, 2, 3) with (2, 3)."""
    linear = after.part(0, 2, 2) @ before
    return linear + g("Pad", after.part(2, 3, 2), np.array([0, 0, 2, 0, 0, 0], np.int64))


def _rounded(values: Value) -> Value:
    """To float32 and back: warps are rounded where Python rounds them."""
    return values.cast(np.float32).cast(np.float64)


def _matrix(g: Graph, *values: Value) -> Value:
    """Six values of shape () as (2, 3)."""
    return g("Concat", *(each.reshape(1) for each in values), axis=0).reshape(2, 3)  # type: ignore[no-any-return]


def _uint8(values: Value) -> Value:
    return values.clip(0, 255).round().cast(np.uint8)


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
    return g.save("quality")


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


GRAPHS: dict[str, Callable[[], bytes]] = {"faces": faces, "crop": crop, "quality": looks}


def main() -> None:
    """Write them all."""
    for name, build in GRAPHS.items():
        write_bytes(FOLDER / f"{name}.onnx", build())


if __name__ == "__main__":
    main()
