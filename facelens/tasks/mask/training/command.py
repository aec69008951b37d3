"""What `facelens train`, `export` and `evaluate` take and do for masks.

Nothing heavy is imported here: the options are shown on a machine without torch.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facelens.arguments import count, count_from_0, whole
from facelens.errors import DataError
from facelens.tasks.mask.names import TERMS

_LEVELS = ("ours", "small")
_FOLDS = 5
_PRECISIONS = ("best", "float16", "int8")

log = logging.getLogger(__name__)


# train


def train_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a detector."""
    parser.description = (
        "Train a network that finds the faces in a photo and says of each whether it wears a mask: "
        "DATA is a directory with train-*.parquet, or of Pascal VOC or YOLO files. A fifth of its "
        "training photos is held out to be measured on. An interrupted run resumes after its last "
        "whole epoch if the same command is given again."
    )
    parser.add_argument(
        "--level", metavar="NAME",
        help=f"which network: {' or '.join(_LEVELS)}, which finds faces alone (default: ours)",
    )  # fmt: skip
    parser.add_argument(
        "--epochs", type=count_from_0, nargs=2, metavar=("0", "N"),
        help="epochs; none has a frozen body, so the first number is 0 (default: by the level)",
    )  # fmt: skip
    held = parser.add_mutually_exclusive_group()
    held.add_argument(
        "--fold", type=whole(0, _FOLDS - 1, f"a whole number from 0 to {_FOLDS - 1}"), default=0,
        metavar="K", help="which fifth of the photos is held out, from 0 (default: 0)",
    )  # fmt: skip
    held.add_argument(
        "--all",
        action="store_true",
        help="hold out none; valid-*.parquet beside them, if any, are measured on",
    )
    start = parser.add_mutually_exclusive_group()
    start.add_argument(
        "--backbone-weights",
        type=Path,
        metavar="FILE",
        help="torchvision's MobileNetV2, instead of fetching it",
    )
    start.add_argument("--from-scratch", action="store_true", help="begin with random weights")
    parser.add_argument("--threads", type=count, metavar="N", help="cores to use (default: all)")


def train(args: argparse.Namespace) -> None:
    """Train, or resume training, and say how good the network is on the photos held out."""
    import torch

    from facelens.tasks.mask.training.ladder import LEVELS, check
    from facelens.tasks.mask.training.run import data_of, open_run, read_sides
    from facelens.training.place import check_place

    level = args.level or "ours"
    check(level)
    if args.epochs and (args.epochs[0] or not args.epochs[1]):
        raise DataError(
            "For masks the body is not frozen for some epochs: give --epochs 0 60, say."
        )
    scratch = args.from_scratch or LEVELS[level].body != "mobilenet_v2"
    if scratch and args.backbone_weights:
        raise DataError(f"{level} begins with random weights; it takes no --backbone-weights.")
    data = only(args.data, "train")
    check_place(args.out, args.device)
    if args.threads:
        torch.set_num_threads(args.threads)
    fold = None if args.all else args.fold
    sides = read_sides(data, fold, args.limit)
    run = open_run(
        args.out, level, seed=args.seed, fold=fold, epochs=args.epochs[1] if args.epochs else None,
        data=data_of(sides), start="random" if scratch else "ImageNet",
    )  # fmt: skip
    run.train(
        sides, backbone_weights=args.backbone_weights, from_scratch=scratch, device=args.device
    )
    last = next((row for row in reversed(run.history) if row["map50"]), None)
    if last:
        log.info(
            "%s: mAP50 %.3f on %d photos held out, %.1f minutes.",
            level, float(last["map50"]), len(sides[1]), run.minutes,
        )  # fmt: skip


def only(folders: Sequence[Path], verb: str) -> Path:
    """The one folder that is given; several are refused."""
    first, *others = folders
    if others:
        raise DataError(
            f"facelens {verb} takes one DATA for masks, not {len(folders)}: put their parquet "
            "files into one directory."
        )
    return first


# export


def export_options(parser: argparse.ArgumentParser) -> None:
    """Add the precision of the graph."""
    parser.description = (
        "Write a training run as a bundle, measured on the photos that were held out and on the "
        "test photos, as shipped."
    )
    parser.add_argument(
        "--precision", choices=_PRECISIONS, default="best",
        help="what the graph computes in: int8, or float32 stored as float16; best tries both and "
        "keeps int8 unless it loses accuracy (default: best)",
    )  # fmt: skip
    parser.add_argument(
        "--side", type=count, metavar="N",
        help="pixels of the longest side at which the graph sees a photo, a multiple of 32; more "
        "finds smaller faces and takes longer (default: as it was trained)",
    )  # fmt: skip


def export(args: argparse.Namespace) -> None:
    """Write a run as a bundle."""
    from facelens.tasks.mask.training.export import DATASET, LICENCE, export
    from facelens.tasks.mask.training.run import open_run

    if (args.run / "manifest.json").is_file():
        raise DataError(f"{args.run} is a bundle for masks; export the run that it was made of.")
    model = export(
        open_run(args.run),
        args.out,
        data=only(args.data, "export"),
        name=args.name or "mask",
        version=args.version,
        dataset=args.dataset or DATASET,
        licence=args.licence or LICENCE,
        precision=args.precision,
        side=args.side,
    )
    log.info("%s is in %s.", model.title, args.out)


# evaluate


def evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Add the option of choosing a split."""
    parser.description = (
        "Measure a model on photos with boxed faces: a parquet file, a directory of them, or of "
        f"Pascal VOC or YOLO files. Prints mean average precision. The common set is {TERMS}."
    )
    parser.add_argument(
        "--split", choices=("train", "valid", "test"), help="only these photos (default: all)"
    )


def evaluate(args: argparse.Namespace) -> None:
    """Measure a model on boxed photos and print it."""
    from facelens.data.boxes import boxed_photos
    from facelens.metrics import without_nan
    from facelens.tasks import load_model
    from facelens.tasks.mask.figures import measure
    from facelens.tasks.mask.names import NAMES

    photos = boxed_photos(args.parquet, args.split, NAMES)[: args.limit]
    model = load_model(args.model, task=args.task)
    found = measure(photos, [model.answers(photo.pixels) for photo in photos], NAMES)
    if args.json:
        print(json.dumps(without_nan({"model": model.title, **found}), indent=1))
        return
    print(_text(model, found))


def _text(model: Any, found: dict[str, Any]) -> str:
    """The figures for a terminal."""

    def cell(values: dict[str, Any], key: str) -> str:
        value, low, high = (values[f"{key}{end}"] for end in ("", "_low", "_high"))
        if value != value:  # noqa: PLR0124 - NaN
            return f"{'-':>20}"
        return f"{value:.3f} ({low:.3f} to {high:.3f})".rjust(20)

    lines = [
        f"{model.title} on {found['photos']:,} photos with {found['boxes']:,} boxes; in brackets "
        "95 % intervals by bootstrap over photos",
        "",
        f"{'':<28}{'boxes':>6}  {'AP50':>22}  {'AP50-95':>22}",
    ]
    sizes = {"all sizes": found} | {
        name.replace("_", " ") + " px": values for name, values in found["by_size"].items()
    }
    for title, values in sizes.items():
        total = sum(each["count"] for each in values["classes"].values())
        row = f"{title:<28}{total:>6}  {cell(values, 'map50'):>22}  {cell(values, 'map50_95'):>22}"
        lines.append(row)
        lines += [
            f"    {model.label(name):<24}{each['count']:>6}  {cell(each, 'ap50'):>22}  "
            f"{cell(each, 'ap50_95'):>22}"
            for name, each in values["classes"].items()
        ]
    return "\n".join(lines)
