"""`facelens train`, `export`, `experiment`: the commands that need torch."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from facelens import __version__
from facelens.bundles.bundle import task_of
from facelens.errors import DataError, OutputError
from facelens.files import cache_folder
from facelens.tasks import load_model
from facelens.tasks.attributes.training.distill import soften
from facelens.training import fit, processes
from facelens.training.data import open_store
from facelens.training.network import build
from facelens.training.recipe import Recipe
from facelens.training.run import Run, open_run, weights_file


def main(argv: Sequence[str]) -> int:
    """Run one of the training commands."""
    args = _parser().parse_args(argv)
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("facelens").setLevel(logging.INFO)
    return int(args.call(args))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="facelens", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_train(
        commands.add_parser("train", help="train a network on aligned crops", allow_abbrev=False)
    )
    _add_export(commands.add_parser("export", help="write a run as a bundle", allow_abbrev=False))
    _add_experiment(
        commands.add_parser("experiment", help="train a table of networks", allow_abbrev=False)
    )
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Train a network on aligned crops. Stop it, or let it be killed, and give the same "
        "command again: it goes on after its last whole epoch."
    )
    parser.epilog = (
        "Several GPUs: accelerate launch -m facelens train ... (docs/training.md has more)."
    )
    parser.add_argument(
        "data", type=Path,
        help="folder with train-*.parquet and valid-*.parquet; for keypoints of train-*.parquet, "
        "or Kaggle's training.csv",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, metavar="RUN",
        help="folder of the run; one that is there is gone on with",
    )  # fmt: skip
    parser.add_argument(
        "--task", choices=("attributes", "keypoints"), default="attributes",
        help="what it is to answer (default: attributes); keypoints takes --rung, --epochs, "
        "--start-from, --seed and --device, and no other option",
    )  # fmt: skip
    parser.add_argument(
        "--rung", metavar="NAME",
        help="of the ladder of keypoints: mean, layer, cnn, deep, specialists, augmented, ours "
        "(default: ours); specialists and augmented --start-from a run of deep",
    )  # fmt: skip
    start = parser.add_argument_group("where it starts (default: ImageNet weights, fetched)")
    start.add_argument(
        "--arch", default="mobilenet_v2", help="a torchvision classifier (default: mobilenet_v2)"
    )
    start.add_argument(
        "--backbone-weights", type=Path, metavar="FILE", help="ImageNet weights of torchvision"
    )
    start.add_argument("--from-scratch", action="store_true", help="random weights")
    start.add_argument(
        "--start-from", type=Path, metavar="FOLDER", help="a bundle or a run to go on from"
    )
    what = parser.add_argument_group("what it learns")
    what.add_argument(
        "--epochs", type=_none, nargs=2, metavar=("FROZEN", "UNFROZEN"),
        help="passes over the faces with the body frozen, then with all free (default: 1 9; "
        "for keypoints the rung's own, of which none is frozen: 0 60, say)",
    )  # fmt: skip
    what.add_argument(
        "--rate", type=_rate, help="peak learning rate of the unfrozen epochs (default: 0.002)"
    )
    what.add_argument(
        "--still", type=_none, metavar="N",
        help="the body's first N modules stay as they are (default: 0)",
    )  # fmt: skip
    what.add_argument(
        "--size", type=_growing, metavar="HxW|E:HxW,…",
        help="of the pictures, as 160x128, or from unfrozen epoch E on, as 0:96x80,4:160x128 "
        "(default: 96x80 while frozen, then 0:128x104,3:160x128)",
    )  # fmt: skip
    what.add_argument(
        "--maps", choices=("fine", "spread", "coarse"), default="fine",
        help="fine: the last stride is 1; coarse: it stays, which is faster; spread: to go on "
        "from a coarse run, 1 again, and the kernels after it look where they looked",
    )  # fmt: skip
    what.add_argument(
        "--batch-size", type=_count, metavar="N", help="pictures at once, of all GPUs (default: 64)"
    )
    what.add_argument(
        "--accumulate", type=_count, metavar="N", default=1,
        help="batches that make a step, where a larger one finds no room (default: 1)",
    )  # fmt: skip
    what.add_argument(
        "--teacher", action="append", default=[], metavar="M",
        help="a bundle to learn from beside the labels; may be given several times",
    )  # fmt: skip
    what.add_argument(
        "--teacher-share", type=_share, metavar="S",
        help="how much of it is the teachers', from 0 to 1 (default: 0.5)",
    )  # fmt: skip
    what.add_argument("--limit", type=_count, metavar="N", help="only the first N pictures")
    what.add_argument(
        "--seed", type=_seed, default=0, help="of everything that is drawn (default: 0)"
    )
    how = parser.add_argument_group("how it computes")
    how.add_argument("--device", help="cuda or cpu (default: cuda where there is one)")
    how.add_argument(
        "--compile", action="store_true",
        help="let torch.compile make the network faster; pays on a GPU in runs of many minutes",
    )  # fmt: skip
    how.add_argument(
        "--cache", type=Path, metavar="DIR",
        help="for decoded pictures, 116 kB each (default: FACELENS_CACHE or ~/.cache/facelens)",
    )  # fmt: skip
    parser.set_defaults(call=_train)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _none(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def _share(text: str) -> float:
    value = _float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0 and at most 1")
    return value


def _rate(text: str) -> float:
    value = _float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no learning rate: one is 0.002, say")
    return value


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**20:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 1048575")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) >= 32 and int(width) >= 32):
        raise argparse.ArgumentTypeError("give height x width, each 32 or more, as 160x128")
    return int(height), int(width)


def _growing(text: str) -> tuple[tuple[int, int, int], ...]:
    """Sizes by epoch: "0:96x80,4:160x128", or one size for all."""
    steps = [step.rpartition(":") for step in text.split(",")]
    sizes = [(_none(first or "0"), *_size(size)) for first, _, size in steps]
    firsts = [first for first, _, _ in sizes]
    if firsts[0] != 0 or firsts != sorted(set(firsts)):
        raise argparse.ArgumentTypeError("epochs begin with 0 and go up, as 0:96x80,4:160x128")
    return tuple(sizes)


def _check(args: argparse.Namespace) -> None:
    """Say what cannot work before the pictures are decoded."""
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
    _check_place(args)


def _check_place(args: argparse.Namespace) -> None:
    try:
        torch.zeros(1, device=args.device or "cpu")
    except (RuntimeError, AssertionError) as error:
        raise DataError(f"There is no device {args.device!r} here; try cpu.") from error
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{args.out} cannot be written: {error.strerror}.") from error


def _recipe(args: argparse.Namespace) -> Recipe:
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


def _start(args: argparse.Namespace) -> str:
    if args.start_from and (args.start_from / "config.json").is_file():
        if (args.start_from / "manifest.json").is_file():
            begun = load_model(str(args.start_from))
            return f"{begun.title}, which began with {begun.config.recipe.get('start', '?')}"
        return _told(open_run(args.start_from))
    return "random" if args.from_scratch else "ImageNet"


def _told(run: Run) -> str:
    """What a run has done so far, for the card of the run that goes on from it."""
    sizes = " and ".join(dict.fromkeys(row["size"] for row in run.history))
    epochs = f"{len(run.history)} {'epoch' if len(run.history) == 1 else 'epochs'}"
    faces = run.about.get("data", {}).get("train", "?")
    teachers = " and ".join(run.about.get("teachers", []))
    return (
        f"a run of {epochs} over {faces} faces with pictures of {sizes}"
        f"{f', taught by {teachers}' if teachers else ''}, which began with "
        f"{run.about.get('start', '?')} weights"
    )


def _train(args: argparse.Namespace) -> int:
    if args.task == "keypoints":
        return _train_keypoints(args)
    if args.rung:
        raise DataError("--rung is of --task keypoints.")
    recipe = _recipe(args)
    if not sum(stage.epochs for stage in recipe.stages):
        raise DataError("No epoch is no training; give --epochs 1 9, say.")
    _check(args)
    teachers = [load_model(name).title for name in args.teacher]
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
    return 0


def _train_keypoints(args: argparse.Namespace) -> int:
    from facelens.tasks.keypoints.marks import rmse
    from facelens.tasks.keypoints.training import run
    from facelens.tasks.keypoints.training.ladder import LADDER, hold_out, predict

    _refuse(
        args, _add_train, {"data", "out", "task", "rung", "epochs", "start_from", "seed", "device"}
    )
    if args.epochs and (args.epochs[0] or not args.epochs[1]):
        raise DataError("For keypoints nothing is frozen: give --epochs 0 60, say.")
    rung = args.rung or "ours"
    step = LADDER.get(rung)
    if step is None:
        raise DataError(f"There is no rung {rung!r}; there are {', '.join(LADDER)}.")
    if step.start and not args.start_from:
        raise DataError(
            f"{rung} goes on from {step.start}: train that first, and give --start-from its run."
        )
    if args.start_from and not step.start:
        raise DataError(f"{rung} starts from nothing; it takes no --start-from.")
    if args.epochs and not step.epochs:
        raise DataError(f"{rung} learns in no epochs; it takes no --epochs.")
    _check_place(args)
    rest, valid = hold_out(run.read_faces(args.data), seed=args.seed)
    data = run.data_of(rest, valid)
    start, begun = None, ""
    if args.start_from:
        before = run.open_run(args.start_from)
        if before.level != step.start:
            raise DataError(f"{args.start_from} is a run of {before.level}, not of {step.start}.")
        if before.about["data"] != data:
            raise DataError(
                f"{args.start_from} learnt from other faces, or with another --seed, which says "
                "who is held out: some of these would be known to it."
            )
        start, begun = before.network(), before.description
    opened = run.open_run(
        args.out,
        rung,
        seed=args.seed,
        epochs=args.epochs[1] if args.epochs else None,
        data=data,
        start=begun,
    )
    trained = opened.train(rest, valid, start=start, device=args.device)
    error = rmse(predict(trained.network, valid.pictures), valid.points)
    logging.getLogger(__name__).info(
        "%s: %.2f px off on %d faces of other people, %.1f minutes.",
        rung, error, len(valid), trained.minutes,
    )  # fmt: skip
    return 0


def _refuse(args: argparse.Namespace, add: Callable[[Any], None], taken: set[str]) -> None:
    """Refuse options that the task does not take."""
    parser = argparse.ArgumentParser()
    add(parser)
    for name, value in vars(args).items():
        if name not in taken | {"command", "call"} and value != parser.get_default(name):
            raise DataError(f"--task keypoints takes no --{name.replace('_', '-')}.")


def _add_export(parser: argparse.ArgumentParser) -> None:
    from facelens.tasks.attributes.training.export import PRECISIONS

    parser.add_argument(
        "run", type=Path, help="folder of a training run, or of a bundle to write anew"
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="what it was trained on, with test faces beside"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    parser.add_argument("--name", help="default: the architecture")
    parser.add_argument("--limit", type=_count, help="use only the first so many pictures")
    parser.add_argument("--version", default=__version__)
    parser.add_argument("--dataset", help="what the card calls the data; default: CelebA")
    parser.add_argument("--licence", help="terms of the weights; default: CelebA's")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="float32",
        help="of the graph: float16 halves the file and computes as before; int8 makes it a "
        "quarter as large, and faster on processors that multiply bytes at once",
    )  # fmt: skip
    parser.add_argument("--no-flip", action="store_true", help="do not average with the mirror")
    parser.add_argument("--cache", type=Path, help="folder for decoded pictures")
    parser.set_defaults(call=_export)


def _export(args: argparse.Namespace) -> int:
    from facelens.bundles.find import find_bundle
    from facelens.tasks.attributes.training.export import LICENCE, Shipped, export
    from facelens.tasks.keypoints.training.run import is_run
    from facelens.training.quantise import ENOUGH

    if is_run(args.run):
        return _export_keypoints(args)
    is_bundle = (args.run / "manifest.json").is_file()
    if is_bundle and task_of((args.run / "config.json").read_bytes()) == "keypoints":
        raise DataError(f"{args.run} finds points: only a bundle for attributes is written anew.")
    run = Shipped(find_bundle(str(args.run))) if is_bundle else open_run(args.run)
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
    )
    logging.getLogger(__name__).info("%s is in %s.", model.title, args.out)
    return 0


def _export_keypoints(args: argparse.Namespace) -> int:
    from facelens.tasks.keypoints.training.export import export, terms
    from facelens.tasks.keypoints.training.run import open_run

    _refuse(args, _add_export, {"run", "data", "out", "name", "version", "dataset", "licence"})
    model = export(
        open_run(args.run),
        args.out,
        data=args.data,
        name=args.name or "keypoints",
        version=args.version,
        dataset=args.dataset or terms(args.data)[0],
        licence=args.licence or terms(args.data)[1],
    )
    logging.getLogger(__name__).info("%s is in %s.", model.title, args.out)
    return 0


def _add_experiment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="of the table; without it a list of them")
    parser.add_argument("data", type=Path, nargs="?", help="folder with train-*.parquet …")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="folder of the runs")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="default: OUT/NAME.csv")
    parser.add_argument("--size", type=_size, metavar="HxW", help="of the pictures: 224x192")
    parser.add_argument("--limit", type=_count, metavar="N", help="so many training faces")
    parser.add_argument("--epochs", type=_count, metavar="N")
    parser.add_argument("--seeds", type=_count, metavar="N", help="so many runs of each")
    parser.add_argument("--batch-size", type=_count, metavar="N")
    parser.add_argument("--arch", help="where the table does not name networks: resnet50")
    parser.add_argument(
        "--weights", choices=("imagenet", "cached", "random"),
        help="networks start from ImageNet's; cached: where they are on this machine already",
    )  # fmt: skip
    parser.add_argument("--device", help="cuda or cpu; default: cuda where there is one")
    parser.add_argument("--cache", type=Path, help="folder for decoded pictures")
    parser.set_defaults(call=_experiment)


def _experiment(args: argparse.Namespace) -> int:
    from facelens.lessons import experiments
    from facelens.training.experiment import Settings

    if args.name is None:
        width = max(map(len, experiments.names()))
        for name, what in experiments.names().items():
            sys.stdout.write(f"{name:<{width}}  {what}\n")
        return 0
    experiments.find(args.name)
    if args.data is None:
        raise DataError(f"Which faces? Give a folder: facelens experiment {args.name} DATA.")
    _check_place(args)
    chosen = ("size", "limit", "epochs", "seeds", "batch_size", "arch", "weights", "device")
    settings = {name: getattr(args, name) for name in chosen if getattr(args, name) is not None}
    faces = experiments.open_faces(
        args.name, args.data, cache=args.cache or cache_folder(), limit=args.limit
    )
    experiments.run(args.name, faces, out=args.out, table=args.csv, settings=Settings(**settings))
    return 0
