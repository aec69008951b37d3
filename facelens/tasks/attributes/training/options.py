"""The options of `facelens train` for attributes, and the recipe that they describe.

Nothing heavy is imported here: the options are shown on a machine without torch.
"""

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from facelens.arguments import count, count_from_0, fraction, size

if TYPE_CHECKING:
    from facelens.training.recipe import Recipe


def train_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a network for attributes."""
    parser.description = (
        "Train a network on aligned crops: DATA is a directory with train-*.parquet and "
        "valid-*.parquet. An interrupted run resumes after its last complete epoch if the same "
        "command is given again."
    )
    parser.epilog = (
        "Several GPUs: accelerate launch -m facelens train ... (docs/training.md has more)."
    )
    start = parser.add_argument_group("initial weights (default: ImageNet, downloaded)")
    start.add_argument(
        "--arch", default="mobilenet_v2", help="a torchvision classifier (default: mobilenet_v2)"
    )
    start.add_argument(
        "--backbone-weights", type=Path, metavar="FILE", help="ImageNet weights of torchvision"
    )
    start.add_argument("--from-scratch", action="store_true", help="random weights")
    start.add_argument(
        "--start-from",
        metavar="M",
        help="fine-tune a bundle, by name or directory, or a run; for other attributes its "
        "backbone, and of its head what both answer",
    )
    what = parser.add_argument_group("training")
    what.add_argument(
        "--epochs", type=count_from_0, nargs=2, metavar=("FROZEN", "UNFROZEN"),
        help="epochs with the backbone frozen, then with all layers trained (default: 1 9)",
    )  # fmt: skip
    what.add_argument(
        "--rate", type=_rate, help="peak learning rate of the unfrozen epochs (default: 0.002)"
    )
    what.add_argument(
        "--still", type=count_from_0, metavar="N",
        help="keep the backbone's first N modules frozen throughout (default: 0)",
    )  # fmt: skip
    what.add_argument(
        "--size", type=sizes, metavar="HxW|E:HxW,…",
        help="input size, as 160x128, or from unfrozen epoch E on, as 0:96x80,4:160x128 "
        "(default: 96x80 while frozen, then 0:128x104,3:160x128)",
    )  # fmt: skip
    what.add_argument(
        "--antialias", action="store_true",
        help="shrink crops with antialiasing, in training and in the exported graph",
    )  # fmt: skip
    what.add_argument(
        "--maps", choices=("fine", "spread", "narrow", "coarse"), default="fine",
        help="resolution of the feature maps. fine: stride 1 instead of 2 in the last stage; "
        "coarse: stride 2, which is faster; spread: fine-tune a coarse run at stride 1, with "
        "dilated kernels after it; narrow: fine-tune a fine run with 1x1 kernels from there on "
        "(default: fine)",
    )  # fmt: skip
    what.add_argument(
        "--batch-size", type=count, metavar="N",
        help="images per batch, over all GPUs (default: 64)",
    )  # fmt: skip
    what.add_argument(
        "--accumulate", type=count, metavar="N", default=1,
        help="batches per optimiser step, if a larger batch does not fit (default: 1)",
    )  # fmt: skip
    what.add_argument(
        "--spread", type=_positive, metavar="F",
        help="the early backbone learns F times more slowly than the head (default: 5, from random "
        "weights 1)",
    )  # fmt: skip
    what.add_argument(
        "--weight-decay", type=_not_negative, metavar="W",
        help="of kernels, not of norms and biases (default: 0.02)",
    )  # fmt: skip
    what.add_argument(
        "--mixup", type=_not_negative, metavar="A",
        help="parameter of the beta distribution of shares; 0 mixes nothing (default: 0.2)",
    )  # fmt: skip
    what.add_argument(
        "--unmixed", type=count_from_0, metavar="N", default=0,
        help="no mixup in the last N epochs (default: 0)",
    )  # fmt: skip
    what.add_argument(
        "--ema", type=_below_1, metavar="D",
        help="decay of the moving average of the weights; 0 averages nothing (default: 0.998)",
    )  # fmt: skip
    what.add_argument(
        "--validate-every", type=count, metavar="N", default=1,
        help="validate every Nth epoch, and the last of each stage (default: 1)",
    )  # fmt: skip
    what.add_argument(
        "--teacher", action="append", default=[], metavar="M",
        help="bundle for knowledge distillation; may be given several times",
    )  # fmt: skip
    what.add_argument(
        "--teacher-share", type=_share, metavar="S",
        help="weight of the teachers' answers in the targets, from 0 to 1 (default: 0.5)",
    )  # fmt: skip
    what.add_argument(
        "--teacher-view", action="store_true",
        help="ask the teachers about the augmented pictures that the network sees, instead of once "
        "about each crop",
    )  # fmt: skip
    maps = parser.add_argument_group("maps that lie on the evidence")
    maps.add_argument(
        "--local", type=_positive, metavar="WEIGHT",
        help="penalise maps of parts of a face that differ from those of the whole (default: off)",
    )  # fmt: skip
    maps.add_argument(
        "--local-cut", choices=("tiles", "window", "both", "swap"),
        help="tiles: the face cut elsewhere in each step, as Puzzle-CAM; window: a part of it, "
        "moved and scaled, as SEAM; swap: a box of another face in it (default: tiles)",
    )  # fmt: skip
    maps.add_argument(
        "--local-margin", type=count_from_0, metavar="N",
        help="fields around a tile or within a window's edge that are seen and not compared "
        "(default: 1)",
    )  # fmt: skip
    how = parser.add_argument_group("computation")
    how.add_argument(
        "--compile", action="store_true",
        help="use torch.compile; pays on a GPU in runs of many minutes",
    )  # fmt: skip
    how.add_argument(
        "--cache", type=Path, metavar="DIR",
        help="directory for decoded images, 116 kB each (default: FACELENS_CACHE or "
        "~/.cache/facelens)",
    )  # fmt: skip


def _share(text: str) -> float:
    return fraction(text, "not above 0 and at most 1")


def _number(text: str, low: float, high: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value < high:  # nor is nan
        raise argparse.ArgumentTypeError(f"{text!r} is {what}")
    return value


def _positive(text: str) -> float:
    return _number(text, 1e-9, math.inf, "not above 0")


def _not_negative(text: str) -> float:
    return _number(text, 0, math.inf, "not 0 or more")


def _below_1(text: str) -> float:
    return _number(text, 0, 1, "not from 0 to below 1")


def _rate(text: str) -> float:
    return fraction(text, "no learning rate: one is 0.002, say")


def sizes(text: str) -> tuple[tuple[int, int, int], ...]:
    """Sizes by epoch: "0:96x80,4:160x128", or one size for all."""
    steps = [step.rpartition(":") for step in text.split(",")]
    found = [(count_from_0(first or "0"), *size(each)) for first, _, each in steps]
    firsts = [first for first, _, _ in found]
    if firsts[0] != 0 or firsts != sorted(set(firsts)):
        raise argparse.ArgumentTypeError("epochs begin with 0 and go up, as 0:96x80,4:160x128")
    return tuple(found)


def recipe_of(args: argparse.Namespace) -> "Recipe":
    """The recipe that the options describe."""
    from facelens.training.recipe import Recipe

    recipe = Recipe(arch=args.arch, seed=args.seed)
    frozen, unfrozen = recipe.stages
    if args.epochs:
        frozen = replace(frozen, epochs=args.epochs[0])
        unfrozen = replace(unfrozen, epochs=args.epochs[1])
    if args.size:
        frozen, unfrozen = replace(frozen, sizes=args.size[:1]), replace(unfrozen, sizes=args.size)
    if args.from_scratch:  # early layers have as much to learn as late ones
        unfrozen = replace(unfrozen, spread=1.0)
    if args.spread:
        unfrozen = replace(unfrozen, spread=args.spread)
    if args.rate:
        unfrozen = replace(unfrozen, rate=args.rate)
    if args.still:
        unfrozen = replace(unfrozen, still=args.still)
    given = {
        name: value
        for name in ("weight_decay", "mixup", "ema", "local", "local_cut", "local_margin")
        if (value := getattr(args, name)) is not None
    }
    return replace(
        recipe,
        **given,
        stages=(frozen, unfrozen),
        batch_size=args.batch_size or recipe.batch_size,
        unmixed=args.unmixed,
        validate_every=args.validate_every,
        teacher_view=args.teacher_view,
        antialias=args.antialias,
        accumulate=args.accumulate,
        fine_maps=args.maps != "coarse",
        spread_kernels=args.maps == "spread",
        narrow_kernels=args.maps == "narrow",
        teacher_share=(args.teacher_share or 0.5) if args.teacher else 0.0,
    )
