"""What `facelens train`, `export` and `evaluate` take and do for keypoints.

Nothing heavy is imported here: the options are shown on a machine without torch.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.arguments import count_from_0, names
from facelens.errors import DataError

if TYPE_CHECKING:
    from facelens.tasks.keypoints.training.networks import Network

_LEVELS = ("mean", "layer", "cnn", "deep", "specialists", "augmented", "ours")

log = logging.getLogger(__name__)


# train


def train_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a network for keypoints."""
    parser.description = (
        "Train a network that finds fifteen keypoints: DATA is a directory with train-*.parquet, "
        "or Kaggle's training.csv. An interrupted run resumes after its last whole epoch if "
        "the same command is given again."
    )
    parser.add_argument(
        "--level", metavar="NAME",
        help=f"which network: {', '.join(_LEVELS)} (default: ours); specialists and augmented "
        "--start-from a run of deep",
    )  # fmt: skip
    parser.add_argument("--rung", dest="level", help=argparse.SUPPRESS)  # as older notes have it
    parser.add_argument(
        "--epochs", type=count_from_0, nargs=2, metavar=("0", "N"),
        help="epochs; none is frozen, so the first number is 0 (default: by the level)",
    )  # fmt: skip
    parser.add_argument(
        "--start-from", type=Path, metavar="FOLDER", help="the run of deep to fine-tune"
    )


def train(args: argparse.Namespace) -> None:
    """Train, or resume training, and say how far off the network is on other people."""
    from facelens.tasks.keypoints.marks import rmse
    from facelens.tasks.keypoints.training import run
    from facelens.tasks.keypoints.training.ladder import hold_out, predict
    from facelens.training.place import check_place

    level = args.level or "ours"
    _check(args, level)
    data_folder = only(args.data, "train")
    check_place(args.out, args.device)
    faces = run.read_faces(data_folder).take(slice(args.limit))
    rest, valid = hold_out(faces, seed=args.seed)
    data = run.data_of(rest, valid)
    start, begun = _start(args, level, data)
    opened = run.open_run(
        args.out,
        level,
        seed=args.seed,
        epochs=args.epochs[1] if args.epochs else None,
        data=data,
        start=begun,
    )
    trained = opened.train(rest, valid, start=start, device=args.device)
    error = rmse(predict(trained.network, valid.pictures), valid.points)
    log.info(
        "%s: %.2f px off on %d faces of other people, %.1f minutes.",
        level, error, len(valid), trained.minutes,
    )  # fmt: skip


def only(folders: Sequence[Path], verb: str) -> Path:
    """The one folder that is given; several are refused."""
    first, *others = folders
    if others:
        raise DataError(
            f"facelens {verb} takes one DATA for keypoints, not {len(folders)}: put their parquet "
            "files into one directory."
        )
    return first


def _check(args: argparse.Namespace, level: str) -> None:
    """Say what cannot work before the faces are read."""
    from facelens.tasks.keypoints.training.ladder import LADDER

    if args.epochs and (args.epochs[0] or not args.epochs[1]):
        raise DataError("For keypoints nothing is frozen: give --epochs 0 60, say.")
    step = LADDER.get(level)
    if step is None:
        raise DataError(f"There is no level {level!r}; there are {', '.join(LADDER)}.")
    if step.start and not args.start_from:
        raise DataError(
            f"{level} starts from {step.start}: train that first, and give --start-from its run."
        )
    if args.start_from and not step.start:
        raise DataError(f"{level} starts from nothing; it takes no --start-from.")
    if args.epochs and not step.epochs:
        raise DataError(f"{level} learns in no epochs; it takes no --epochs.")


def _start(
    args: argparse.Namespace, level: str, data: dict[str, Any]
) -> tuple["Network | None", str]:
    """The network to fine-tune and what it is, from a run on the same faces."""
    from facelens.tasks.keypoints.training import run
    from facelens.tasks.keypoints.training.ladder import LADDER

    if not args.start_from:
        return None, ""
    before = run.open_run(args.start_from)
    wanted = LADDER[level].start
    if before.level != wanted:
        raise DataError(f"{args.start_from} is a run of {before.level}, not of {wanted}.")
    if before.about["data"] != data:
        raise DataError(
            f"{args.start_from} learnt from other faces, or with another --seed, which says "
            "who is held out: some of these would be known to it."
        )
    return before.network(), before.description


# export


def export_options(parser: argparse.ArgumentParser) -> None:
    """Add nothing: a bundle for keypoints has no options of its own."""
    parser.description = (
        "Write a training run as a bundle, measured on the people held out in training and on "
        "the test faces beside DATA."
    )


def export(args: argparse.Namespace) -> None:
    """Write a run as a bundle."""
    from facelens.tasks.keypoints.training.export import export, terms
    from facelens.tasks.keypoints.training.run import open_run

    if (args.run / "manifest.json").is_file():
        raise DataError(f"{args.run} finds points: only a bundle for attributes is written anew.")
    data = only(args.data, "export")
    model = export(
        open_run(args.run),
        args.out,
        data=data,
        name=args.name or "keypoints",
        version=args.version,
        dataset=args.dataset or terms(data)[0],
        licence=args.licence or terms(data)[1],
    )
    log.info("%s is in %s.", model.title, args.out)


# evaluate


def evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Add the option of measuring keypoints by group."""
    parser.description = (
        "Measure a model on faces of 96 x 96 with fifteen keypoints marked, in pixels of these."
    )
    parser.add_argument(
        "--split-by", metavar="A,B", type=names, default=(),
        help="show errors by these yes/no columns of PARQUET, and warn if a group's error is more "
        "than twice another's",
    )  # fmt: skip


def evaluate(args: argparse.Namespace) -> None:
    """Measure a model on marked faces and print it."""
    import numpy as np

    from facelens.data.labels import read_labels
    from facelens.data.people import crowd
    from facelens.metrics import without_nan
    from facelens.tasks import load_model
    from facelens.tasks.fairness import RULE, gaps, verdict
    from facelens.tasks.keypoints.groups import UNIT, errors_by_group
    from facelens.tasks.keypoints.marks import measure, read_parquet

    faces = read_parquet(args.parquet)
    labels = read_labels(args.parquet, args.split_by) if args.split_by else {}
    faces = faces.take(slice(args.limit))
    model = load_model(args.model, task=args.task)
    points = np.stack([answer.points for answer in model.predict(faces.pictures)])
    figures = measure(points, faces)
    if labels:
        first = {name: column[: len(faces)] for name, column in labels.items()}
        groups = errors_by_group(points, faces, first)
        warnings = [str(gap) for gap in gaps(groups, UNIT, "all points")]
        figures |= {"groups": groups, "fairness": {"rule": RULE, "warnings": warnings}}
    if args.json:
        print(json.dumps(without_nan({"model": model.title, **figures}), indent=1))
        return
    measured = crowd(figures["faces"], figures["people"], figures["without_identity"])
    between = (
        f" (95 % interval {figures['low_px']:.2f} to {figures['high_px']:.2f})"
        if np.isfinite(figures["low_px"])
        else ""
    )
    of_eyes = f", {100 * figures['eye_error']:.1f} % of the eyes' distance"
    print(
        f"{model.title} on {measured}; RMSE {figures['rmse_px']:.2f} px{between}"
        f"{of_eyes if np.isfinite(figures['eye_error']) else ''}\n"
    )
    for name, error in figures["by_point"].items():
        print(f"  {name:<28}{error:>6.2f} px")
    for title, group in figures.get("groups", {}).items():
        error = group["error"]
        said = error if isinstance(error, str) else f"{100 * error:.1f} % {UNIT}"
        print(f"  {title}: {group['faces']} faces, {said}")
    for line in verdict(figures.get("groups", {}), UNIT, "all points"):
        print(f"  {line}")
