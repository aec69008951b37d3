"""What `facelens train`, `export` and `evaluate` take and do for attributes.

Nothing heavy is imported here: the options are shown on a machine without torch.
"""

import argparse
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.arguments import add_detector, count, count_from_0, fraction, names, seed, size
from facelens.errors import DataError

if TYPE_CHECKING:
    from facelens.training.recipe import Recipe
    from facelens.training.run import Run

PRECISIONS = ("float32", "float16", "int8")

log = logging.getLogger(__name__)


# train


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
        "--start-from", type=Path, metavar="FOLDER", help="fine-tune this bundle or run"
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
        "--maps", choices=("fine", "spread", "coarse"), default="fine",
        help="resolution of the feature maps. fine: stride 1 instead of 2 in the last stage; "
        "coarse: stride 2, which is faster; spread: fine-tune a coarse run at stride 1, with "
        "dilated kernels after it (default: fine)",
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
        "--teacher", action="append", default=[], metavar="M",
        help="bundle for knowledge distillation; may be given several times",
    )  # fmt: skip
    what.add_argument(
        "--teacher-share", type=_share, metavar="S",
        help="weight of the teachers' answers in the targets, from 0 to 1 (default: 0.5)",
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


def train(args: argparse.Namespace) -> None:
    """Train, or resume training."""
    from facelens.files import cache_folder
    from facelens.tasks import load_model
    from facelens.tasks.attributes.training.distill import soften
    from facelens.training import fit, processes
    from facelens.training.data import open_store
    from facelens.training.run import open_run

    recipe = recipe_of(args)
    if not sum(stage.epochs for stage in recipe.stages):
        raise DataError("No epoch is no training; give --epochs 1 9, say.")
    _check(args)
    teachers = [load_model(name, task=args.task).title for name in args.teacher]
    cache = args.cache or cache_folder()
    processes.join(args.device)
    with processes.first_alone():
        train_set = open_store(args.data, "train", cache=cache, limit=args.limit)
        valid_set = open_store(args.data, "valid", cache=cache, limit=args.limit)
        run = open_run(
            args.out,
            recipe,
            data={"train": len(train_set), "valid": len(valid_set), "names": train_set.names},
            start=_start(args),
            teachers=teachers,
        )
        if args.teacher:
            train_set = soften(
                train_set, args.teacher, recipe.teacher_share, kept=run.folder / "teacher.npy"
            )
    fit.train(
        run,
        train_set,
        valid_set,
        backbone_weights=args.backbone_weights,
        from_scratch=args.from_scratch,
        start_from=args.start_from,
        device=args.device,
        compiled=args.compile,
    )
    processes.leave()


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
    if args.rate:
        unfrozen = replace(unfrozen, rate=args.rate)
    if args.still:
        unfrozen = replace(unfrozen, still=args.still)
    return replace(
        recipe,
        stages=(frozen, unfrozen),
        batch_size=args.batch_size or recipe.batch_size,
        accumulate=args.accumulate,
        fine_maps=args.maps != "coarse",
        spread_kernels=args.maps == "spread",
        teacher_share=(args.teacher_share or 0.5) if args.teacher else 0.0,
    )


def _check(args: argparse.Namespace) -> None:
    """Say what cannot work before the pictures are decoded."""
    import torch

    from facelens.training.network import build
    from facelens.training.place import check_place
    from facelens.training.run import weights_file

    starts = [
        f"--{name.replace('_', '-')}"
        for name in ("backbone_weights", "from_scratch", "start_from")
        if getattr(args, name)
    ]
    if len(starts) > 1:
        raise DataError(f"Give {starts[0]} or {starts[1]}: a network starts from one of them.")
    if args.teacher_share and not args.teacher:
        raise DataError("--teacher-share is of a teacher: name one by --teacher.")
    if args.backbone_weights and not args.backbone_weights.is_file():
        raise DataError(f"There is no file {args.backbone_weights}.")
    if args.start_from:
        weights_file(args.start_from)
    with torch.device("meta"):  # shapes only
        build(
            args.arch,
            1,
            from_scratch=True,
            fine_maps=args.maps != "coarse",
            spread_kernels=args.maps == "spread",
        )
    check_place(args.out, args.device)


def _start(args: argparse.Namespace) -> str:
    """What the weights were before, for the model card."""
    from facelens.tasks import load_model
    from facelens.training.run import open_run

    if args.start_from and (args.start_from / "config.json").is_file():
        if (args.start_from / "manifest.json").is_file():
            begun = load_model(str(args.start_from), task=args.task)
            return f"{begun.title}, which began with {begun.config.recipe.get('start', '?')}"
        return _description(open_run(args.start_from))
    return "random" if args.from_scratch else "ImageNet"


def _description(run: "Run") -> str:
    """What a run has done so far, for the card of the run that starts from it."""
    shapes = " and ".join(dict.fromkeys(row["size"] for row in run.history))
    epochs = f"{len(run.history)} {'epoch' if len(run.history) == 1 else 'epochs'}"
    faces = run.about.get("data", {}).get("train", "?")
    teachers = " and ".join(run.about.get("teachers", []))
    return (
        f"a run of {epochs} over {faces} faces with pictures of {shapes}"
        f"{f', taught by {teachers}' if teachers else ''}, which began with "
        f"{run.about.get('start', '?')} weights"
    )


# export


def export_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a bundle for attributes."""
    parser.add_argument("--limit", type=count, metavar="N", help="use only the first N faces")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="float32",
        help="of the graph: float16 halves the file and computes as before; int8 makes it a "
        "quarter as large, and faster on processors with int8 dot products (default: float32)",
    )  # fmt: skip
    parser.add_argument(
        "--no-flip", action="store_true",
        help="no test-time augmentation: do not average with the mirrored face",
    )  # fmt: skip
    parser.add_argument("--cache", type=Path, metavar="DIR", help="directory for decoded images")
    parser.add_argument(
        "--split-by", metavar="A,B", type=names,
        help="yes/no columns whose groups the card compares (default: Male,Young if there are any)",
    )  # fmt: skip


def export(args: argparse.Namespace) -> None:
    """Write a run as a bundle, or a bundle again."""
    from facelens.bundles.find import find_bundle
    from facelens.files import cache_folder
    from facelens.tasks.attributes.training.export import LICENCE, Shipped, export
    from facelens.training.data import open_store
    from facelens.training.quantise import ENOUGH
    from facelens.training.run import open_run

    is_bundle = (args.run / "manifest.json").is_file()
    run: Any = Shipped(find_bundle(str(args.run))) if is_bundle else open_run(args.run)
    cache = args.cache or cache_folder()
    model = export(
        run,
        args.out,
        data=args.data,
        valid_set=open_store(args.data, "valid", cache=cache, limit=args.limit),
        train_set=open_store(args.data, "train", cache=cache, limit=args.limit or ENOUGH)
        if args.precision == "int8"
        else None,
        limit=args.limit,
        name=args.name or run.recipe.arch,
        version=args.version,
        dataset=args.dataset or "CelebA",
        licence=args.licence or LICENCE,
        flip_average=not args.no_flip,
        precision=args.precision,
        split_by=args.split_by,
    )
    log.info("%s is in %s.", model.title, args.out)


def export_head(args: argparse.Namespace, head: Path) -> None:
    """Write a taught word and its base as one bundle."""
    from facelens.tasks import load_model
    from facelens.tasks.attributes.training.whole import export_taught

    taught = load_model(str(head), task=args.task)
    model = export_taught(taught, args.out, name=args.name, version=args.version)
    log.info("%s is in %s.", model.title, args.out)


# evaluate


def evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of measuring attributes."""
    parser.add_argument(
        "--loose", action="store_true",
        help="place each face on a larger canvas, then detect and align it",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="random seed of --loose (default: 0)"
    )
    parser.add_argument(
        "--split-by", metavar="A,B", type=names, default=(),
        help="show errors by these attributes, or other yes/no columns of PARQUET, and warn if a "
        "group's error is more than twice another's: Male,Young",
    )  # fmt: skip
    parser.add_argument(
        "--against", metavar="M", help="another model, compared on the same faces, pair by pair"
    )
    add_detector(parser)


def evaluate(args: argparse.Namespace) -> None:
    """Measure a model on labelled faces and print it."""
    from facelens.tasks import load_model
    from facelens.tasks.attributes.evaluate import as_text, evaluate

    result = evaluate(
        args.parquet,
        load_model(args.model, task=args.task),
        loose=args.loose,
        seed=args.seed,
        split_by=args.split_by,
        detector=args.detector,
        limit=args.limit,
        against=load_model(args.against, task=args.task) if args.against else None,
    )
    print(json.dumps(result.asdict(), indent=1) if args.json else as_text(result))
