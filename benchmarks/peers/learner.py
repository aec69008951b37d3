"""A fastai learner of 40 attributes, exported as `load_learner` reads it.

    python -m peers.learner FOLDER

Writes FOLDER/export.pkl. The data block is the one of fastai's multi-label lesson; the network
is the peers' own, so that every way runs the same one, and it is not trained.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from fastai.vision.all import (
    BCEWithLogitsLossFlat,
    ColReader,
    DataBlock,
    ImageBlock,
    Learner,
    MultiCategoryBlock,
    Normalize,
    Resize,
    imagenet_stats,
)
from PIL import Image

from peers.network import ATTRIBUTES, SIZE, resnet50


def main() -> None:
    out = Path(sys.argv[1]).absolute()
    names = [f"attribute_{i:02}" for i in range(ATTRIBUTES)]
    with tempfile.TemporaryDirectory() as folder:
        # A picture an attribute, so that the data name each of them.
        for name in names:
            Image.fromarray(np.zeros((218, 178, 3), np.uint8)).save(f"{folder}/{name}.jpg")
        table = pd.DataFrame({"name": names, "labels": names})
        block = DataBlock(
            blocks=(ImageBlock, MultiCategoryBlock(vocab=names)),
            get_x=ColReader("name", pref=f"{folder}/", suff=".jpg"),
            get_y=ColReader("labels", label_delim=" "),
            item_tfms=Resize(SIZE),
            batch_tfms=Normalize.from_stats(*imagenet_stats),
        )
        data = block.dataloaders(table, bs=8, num_workers=0)
        learn = Learner(data, resnet50(), loss_func=BCEWithLogitsLossFlat())
        learn.export(out / "export.pkl")


if __name__ == "__main__":
    main()
