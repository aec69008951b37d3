"""Train our own finder of faces, export it, and say how good it is.

    python -m facelens.training.finder DATA... --masks DIR --grounds DIR... --out weights/finder

DATA hold aligned CelebA crops, the faces that are pasted. DIR of --masks holds photos with boxed
faces, of which a fifth of the training photos is held out. DIR of --grounds hold photos without
people. An interrupted training resumes if the same command is given again; with --export what a run
has reached so far is written, and nothing is trained.
"""

import argparse
import json
import logging
from pathlib import Path

import cv2
import torch

from facelens.arguments import count
from facelens.faces.own import Own
from facelens.files import write_text
from facelens.training.finder.graph import export
from facelens.training.finder.grounds import read_grounds
from facelens.training.finder.measure import figures
from facelens.training.finder.train import (
    FinderRun,
    Recipe,
    as_scene,
    held_photos,
    open_run,
    read_crops,
    read_material,
    train,
)

log = logging.getLogger(__name__)


def main() -> None:
    """Train, export, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="+", help="folders with train-*.parquet")
    parser.add_argument("--masks", type=Path, help="folder with photos of boxed faces")
    parser.add_argument("--grounds", type=Path, nargs="*", default=[], help="without people")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run, resumed")
    parser.add_argument(
        "--out", type=Path, help="folder for finder.onnx (default: none is written)"
    )
    parser.add_argument("--export", action="store_true", help="train no further")
    parser.add_argument(
        "--examined", type=count, default=1000, help="validation crops to measure on"
    )
    parser.add_argument("--threads", type=count, default=1)
    for name, value in Recipe().asdict().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    args = parser.parse_args()
    recipe = Recipe(**{name: getattr(args, name) for name in Recipe().asdict()})
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for chatty in ("onnxscript", "onnx_ir"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    if args.export:
        run = open_run(args.run)
    else:
        material = read_material(args.data, args.masks, args.grounds, recipe)
        about = {
            "crops": len(material.crops),
            "photos": len(material.photos),
            "grounds": [len(each) for each in material.grounds],
        }
        run = open_run(args.run, recipe, data=about)
        train(material, run.recipe, run)
    if args.out:
        write(run, args)


def write(run: FinderRun, args: argparse.Namespace) -> None:
    """Write the network of a run and its figures into the folder `args.out`."""
    network = run.load_best(run.recipe.make()).eval()
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "finder.onnx"
    export(network, path)
    crops = read_crops(args.data, "valid", args.examined)
    photos = [as_scene(photo) for photo in held_photos(args.masks)] if args.masks else []
    manifest = {
        "recipe": run.recipe.asdict(),
        "weights": sum(p.numel() for p in network.parameters()),
        "training": run.about["data"],
        "epochs": len(run.history),
        "minutes": round(sum(float(row["seconds"]) for row in run.history) / 60, 1),
        "validation": figures(Own(path), photos, crops, read_grounds(args.grounds)),
    }
    write_text(args.out / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    log.info("%s", json.dumps(manifest["validation"]))
