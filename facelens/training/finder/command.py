"""Train our own finder of faces, export it, and say how good it is.

    python -m facelens.training.finder DATA... --masks DIR --grounds DIR... --out weights/finder

DATA hold aligned CelebA crops, the faces that are pasted. DIR of --masks holds photos with boxed
faces, of which a fifth of the training photos is held out. DIR of --grounds hold photos without
people. An interrupted training resumes if the same command is given again.
"""

import argparse
import logging
from pathlib import Path

import cv2
import torch

from facelens.arguments import count
from facelens.training.finder.train import Recipe, open_run, read_material, train


def main() -> None:
    """Train, export, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="+", help="folders with train-*.parquet")
    parser.add_argument("--masks", type=Path, help="folder with photos of boxed faces")
    parser.add_argument("--grounds", type=Path, nargs="*", default=[], help="photos without people")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run, resumed")
    parser.add_argument("--threads", type=count, default=1)
    for name, value in Recipe().asdict().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    args = parser.parse_args()
    recipe = Recipe(**{name: getattr(args, name) for name in Recipe().asdict()})
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    material = read_material(args.data, args.masks, args.grounds, recipe)
    about = {
        "crops": len(material.crops),
        "photos": len(material.photos),
        "grounds": [len(each) for each in material.grounds],
    }
    train(material, recipe, open_run(args.run, recipe, data=about))
