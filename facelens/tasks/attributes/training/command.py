"""What `facelens train`, `export` and `evaluate` take and do for attributes.

Nothing heavy is imported here: the options are shown on a machine without torch.
"""

import argparse
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.arguments import add_detector, count, names, seed
from facelens.errors import DataError
from facelens.tasks.attributes.training.options import recipe_of, sizes, train_options

if TYPE_CHECKING:
    from facelens.training.run import Run

__all__ = [
    "evaluate", "evaluate_options", "export", "export_options", "recipe_of", "sizes", "train",
    "train_options",
]  # fmt: skip

PRECISIONS = ("float32", "float16", "int8")

log = logging.getLogger(__name__)


# train


def train(args: argparse.Namespace) -> None:
    """Train, or resume training."""
    from facelens.files import cache_folder
    from facelens.tasks import load_model
    from facelens.tasks.attributes.training.distill import ask, soften
    from facelens.training import fit, processes
    from facelens.training.folders import check_apart, open_joined
    from facelens.training.run import TEACHER, open_run
    from facelens.training.start import facts

    recipe = recipe_of(args)
    if not sum(stage.epochs for stage in recipe.stages):
        raise DataError("No epoch is no training; give --epochs 1 9, say.")
    _check_start(args)
    args.start_from = start_folder(args.start_from)
    _check(args)
    teachers = [load_model(name, task=args.task).title for name in args.teacher]
    cache = args.cache or cache_folder()
    processes.join(args.device)
    with processes.first_alone():
        train_set = open_joined(args.data, "train", cache=cache, limit=args.limit)
        valid_set = open_joined(args.data, "valid", cache=cache, limit=args.limit)
        if not processes.rank():
            check_apart(args.data, limit=args.limit)
        run = open_run(
            args.out, recipe, **facts(train_set, valid_set, _start(args), teachers=teachers)
        )
        if args.teacher and not args.teacher_view:
            train_set = soften(
                train_set, args.teacher, recipe.teacher_share, kept=run.folder / TEACHER
            )
    asked = ask(args.teacher, train_set.names, recipe.teacher_share) if args.teacher_view else None
    fit.train(
        run,
        train_set,
        valid_set,
        backbone_weights=args.backbone_weights,
        from_scratch=args.from_scratch,
        start_from=args.start_from,
        device=args.device,
        compiled=args.compile,
        more=[asked] if asked else [],
    )
    processes.leave()


def start_folder(name: str | None) -> Path | None:
    """The folder of the bundle or run that --start-from names."""
    from facelens.bundles.find import find_bundle
    from facelens.training.run import weights_file

    if name is None:
        return None
    folder = Path(name)
    try:
        is_bundle = not folder.is_dir() or (folder / "manifest.json").is_file()
    except OSError:  # too long a name
        is_bundle = True
    if is_bundle:
        folder = find_bundle(str(name)).folder
    weights_file(folder)
    return folder


def _check_start(args: argparse.Namespace) -> None:
    """Refuse two beginnings for one network."""
    starts = [
        f"--{name.replace('_', '-')}"
        for name in ("backbone_weights", "from_scratch", "start_from")
        if getattr(args, name)
    ]
    if len(starts) > 1:
        raise DataError(f"Give {starts[0]} or {starts[1]}: a network starts from one of them.")


def _check(args: argparse.Namespace) -> None:
    """Say what cannot work before the pictures are decoded."""
    import torch

    from facelens.training.network import build
    from facelens.training.place import check_place

    for option in ("teacher_share", "teacher_view"):
        if getattr(args, option) and not args.teacher:
            raise DataError(f"--{option.replace('_', '-')} is of a teacher: name one by --teacher.")
    if not args.local and (args.local_cut or args.local_margin is not None):
        raise DataError("--local-cut and --local-margin are of --local: give it a weight, say 1.")
    if args.local and args.compile:
        raise DataError("--local looks into the network, which --compile hides: give one of them.")
    if args.backbone_weights and not args.backbone_weights.is_file():
        raise DataError(f"There is no file {args.backbone_weights}.")
    with torch.device("meta"):  # shapes only
        build(
            args.arch,
            1,
            from_scratch=True,
            fine_maps=args.maps != "coarse",
            spread_kernels=args.maps == "spread",
            narrow_kernels=args.maps == "narrow",
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
    from facelens.training.folders import open_joined
    from facelens.training.quantise import ENOUGH
    from facelens.training.run import open_run

    is_bundle = (args.run / "manifest.json").is_file()
    run: Any = Shipped(find_bundle(str(args.run))) if is_bundle else open_run(args.run)
    cache = args.cache or cache_folder()
    model = export(
        run,
        args.out,
        data=args.data,
        valid_set=open_joined(args.data, "valid", cache=cache, limit=args.limit),
        train_set=open_joined(args.data, "train", cache=cache, limit=args.limit or ENOUGH)
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
