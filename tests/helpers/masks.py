"""Drawn photos with boxed faces: an oval with eyes, and a mask over its lower half, or none."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from facelens.tasks.mask.names import NAMES


def draw(rng, faces, size=(200, 160)):
    """A photo with faces at random, none over another: pixels, boxes x y w h and labels."""
    wide, high = size
    image = Image.new("RGB", size, tuple(int(c) for c in rng.integers(60, 200, 3)))
    pen = ImageDraw.Draw(image)
    for _ in range(6):  # what is no face
        x, y = rng.integers(0, wide), rng.integers(0, high)
        colour = tuple(int(c) for c in rng.integers(0, 255, 3))
        pen.rectangle((int(x), int(y), int(x) + 30, int(y) + 12), fill=colour)
    boxes, labels = [], []
    for i in range(faces):
        column = wide // faces
        w = int(rng.integers(column * 0.4, column * 0.7))
        h = int(min(1.25 * w, high - 4))
        x = int(i * column + rng.integers(0, column - w))
        y = int(rng.integers(0, high - h))
        label = NAMES[int(rng.integers(3))]
        _face(pen, (x, y, w, h), label)
        boxes.append([float(side) for side in (x, y, w, h)])
        labels.append(label)
    return np.asarray(image), boxes, labels


def _face(pen, box, label):
    x, y, w, h = box
    pen.ellipse((x, y, x + w, y + h), fill=(225, 180, 150))
    for eye in (0.3, 0.7):
        at, r = x + eye * w, max(w * 0.07, 1)
        pen.ellipse((at - r, y + 0.35 * h - r, at + r, y + 0.35 * h + r), fill=(20, 20, 20))
    top = {"with_mask": 0.5, "mask_weared_incorrect": 0.8}.get(label)
    if top is None:
        pen.arc((x + 0.3 * w, y + 0.5 * h, x + 0.7 * w, y + 0.8 * h), 20, 160, fill=(150, 20, 20))
    else:
        pen.rectangle((x + 0.1 * w, y + top * h, x + 0.9 * w, y + h), fill=(90, 160, 220))


def write(folder, split, photos, seed, *, faces=2, copies=1):
    """Write SPLIT-00000-of-00001.parquet with drawn photos, each several times if so wished."""
    rng, rows = np.random.default_rng(seed), []
    for i in range(photos):
        pixels, boxes, labels = draw(rng, faces)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        image = {"bytes": stream.getvalue(), "path": f"{split}{i}.png"}
        rows += [{"image": image, "boxes": boxes, "labels": labels}] * copies
    kind = pa.schema({
        "image": pa.struct({"bytes": pa.binary(), "path": pa.string()}),
        "boxes": pa.list_(pa.list_(pa.float32())),
        "labels": pa.list_(pa.string()),
    })  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=kind)
    pq.write_table(table, folder / f"{split}-00000-of-00001.parquet")
