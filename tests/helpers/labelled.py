"""Small data sets in the Hub's layout, as strangers write them."""

import io

import numpy as np
from PIL import Image

from facelens.tasks.attributes.names import NAMES


def crops(n, *, seed=0):
    """The bytes of `n` aligned crops of noise, all different."""
    rng = np.random.default_rng(seed)
    encoded = []
    for _ in range(n):
        stream = io.BytesIO()
        small = Image.fromarray(rng.integers(0, 256, (14, 11, 3), np.uint8))
        small.resize((178, 218)).save(stream, "JPEG")
        encoded.append(stream.getvalue())
    return encoded


def labelled(path, n=10, *, label=bool, people=None, image=None, **columns):
    """Write `n` crops with labels of forty attributes, as `label` writes True and False.

    Args:
        people: Arrow array for `celeb_id`; no such column if None.
        image: Arrow array in place of the bytes and paths.
        columns: further columns, or other labels of an attribute.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    if image is None:
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        rows = [{"bytes": data, "path": f"{i}.jpg"} for i, data in enumerate(crops(n))]
        image = pa.array(rows, kind)
    table = {"image": image}
    if people is not None:
        table["celeb_id"] = people
    for name in NAMES:
        table[name] = pa.array([label(bool(value)) for value in rng.integers(0, 2, n)])
    pq.write_table(pa.table(table | columns), path)
    return path
