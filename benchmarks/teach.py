"""Measure how well a word is taught by a few photos, on small grey faces with seven expressions.

    python benchmarks/teach.py DATA

DATA holds expressions/: FER2013's faces of 48 x 48 pixels, valid without repeats. For each
expression and number of photos, heads are taught with as many faces of yes and of no, drawn by
--seeds, and measured on all other faces. "shuffled" has labels by lot. Writes
benchmarks/results/teach.csv; --kept FILE.npz keeps the features for another run.
"""

import argparse
import io
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from measure import QUICK, write
from PIL import Image

from facelens import load_model
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.tasks.attributes import ridge
from facelens.tasks.attributes.head import features

PHOTOS = (5, 10, 20, 50)
MOST = 110  # faces of an expression
# Takes FER2013's pixels, whose eyes are about at (15, 19) and (33, 19), onto CelebA's template.
SCALE, MIDDLE, EYES = 2.2, (24, 19), (88.5, 111)


def crop(data: bytes) -> np.ndarray:
    """A face of 48 x 48 pixels as a crop uint8 (218, 178, 3), its edge repeated around it."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    shift = [EYES[i] - SCALE * MIDDLE[i] for i in (0, 1)]
    warp = np.array([[SCALE, 0, shift[0]], [0, SCALE, shift[1]]], np.float32)
    size = (CROP_WIDTH, CROP_HEIGHT)
    return cv2.warpAffine(
        pixels, warp, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


def faces(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Features float32 (n, d) of the faces, and the expression of each."""
    rng, model = np.random.default_rng(0), load_model()
    rows = [
        row
        for path in sorted(folder.glob("valid-*.parquet"))
        for row in pq.read_table(path).to_pylist()
        if not row["repeat"]
    ]
    named = np.array([row["expression"] for row in rows])
    chosen = [
        int(i)
        for name in np.unique(named)
        for i in rng.permutation(np.flatnonzero(named == name))[: 12 if QUICK else MOST]
    ]
    seen = [features(model, crop(rows[i]["image"]["bytes"])[None])[0] for i in chosen]
    return np.stack(seen), named[chosen]


def taught(seen: np.ndarray, yes: np.ndarray, each: int, seed: int) -> tuple[float, float, bool]:
    """AUC on other faces, by leave-one-out, and whether the word is said to be told."""
    rng = np.random.default_rng(seed)
    ones, zeros = (rng.permutation(np.flatnonzero(yes == answer)) for answer in (True, False))
    few = np.concatenate([ones[:each], zeros[:each]])
    rest = np.setdiff1d(np.arange(len(yes)), few)
    found = ridge.fit(seen[few], yes[few])
    area = ridge.auc(found.left_out, yes[few])
    others = ridge.auc(seen[rest] @ found.weight + found.bias, yes[rest])
    return others, area, ridge.auc_interval(area, each, each)[0] > 0.5


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--kept", type=Path, help="file for the features, read if it is there")
    parser.add_argument("--seeds", type=int, default=20)
    args = parser.parse_args()
    if args.kept and args.kept.is_file():
        seen, named = np.load(args.kept).values()
    else:
        seen, named = faces(args.data / "expressions")
        if args.kept:
            np.savez(args.kept, seen=seen, named=named)
    seeds = range(1 if QUICK else args.seeds)
    words = {name: named == name for name in np.unique(named)}
    words["shuffled"] = np.random.default_rng(1).permutation(named == "happy")
    rows = []
    for name, yes in words.items():
        for each in PHOTOS:
            if yes.sum() < each + 5:
                continue
            found = np.array([taught(seen, yes, each, seed) for seed in seeds])
            low, high = np.percentile(found[:, 0], [10, 90])
            rows.append(
                {
                    "network": load_model().title,
                    "word": name,
                    "photos_each": each,
                    "seeds": len(seeds),
                    "faces": len(named),
                    "auc": f"{found[:, 0].mean():.3f}",
                    "low": f"{low:.3f}",
                    "high": f"{high:.3f}",
                    "leave_one_out": f"{found[:, 1].mean():.3f}",
                    "told": f"{found[:, 2].mean():.2f}",
                }
            )
    write("teach", rows)


if __name__ == "__main__":
    main()
