"""A toy task that any network learns in seconds: bright or not, striped or not."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from facelens.training.augment import Augmentation
from facelens.training.recipe import Recipe, Stage

NAMES = ("Bright", "Striped")
SMALL = ((0, 64, 64),)
RECIPE = Recipe(
    arch="resnet18",
    stages=(
        Stage(1, frozen=True, rate=3e-3, sizes=SMALL),
        Stage(8, frozen=False, rate=2e-3, sizes=SMALL, spread=1.0),
    ),
    batch_size=16,
    mixup=0.0,
    ema=0.5,
    augmentation=Augmentation(rotation=0, light=0.05),
)


def write_split(folder, split, count, seed):
    """Grey pictures, half of them bright, half of them striped, two of each person."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        bright, striped = rng.random(2) < 0.5
        pixels = np.full((218, 178, 3), 170 if bright else 80, np.uint8)
        if striped:
            pixels[(np.arange(218) // 12 % 2).astype(bool)] += 50
        pixels += rng.integers(0, 20, pixels.shape, dtype=np.uint8)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        rows.append(
            {
                "image": {"bytes": stream.getvalue(), "path": f"{split}{i}.png"},
                "celeb_id": i // 2,
                "Bright": bool(bright),
                "Striped": bool(striped),
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{split}-00000-of-00001.parquet")
