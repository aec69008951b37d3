"""Faces with their points as a data set has them."""

import io

import numpy as np
import pytest
from PIL import Image

from facelens.tasks.keypoints.marks import COLUMNS, PARQUET_OFFSET


def parquet_of(faces, path, names=COLUMNS):
    """The faces as our parquet has them, in PNG: its marks lie beside what they mark."""
    pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]'")
    from pyarrow import parquet

    images = []
    for i, picture in enumerate(faces.pictures):
        file = io.BytesIO()
        Image.fromarray(picture).convert("RGB").save(file, "PNG")
        images.append({"bytes": file.getvalue(), "path": f"{i}.png"})
    columns = {
        name: (faces.points + np.float32(PARQUET_OFFSET)).reshape(-1, 30)[:, k]
        for k, name in enumerate(names)
    }
    table = pa.table({"image": images, "person": faces.people.tolist(), **columns})
    parquet.write_table(table, path)
    return path
