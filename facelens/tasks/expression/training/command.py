"""What `facelens train`, `export` and `evaluate` take and do for expressions.

Nothing heavy is imported here: the options are shown on a machine without torch.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facelens.arguments import count, count_from_0
from facelens.errors import DataError

_LEVELS = ("commonest", "neutral", "seven", "deep", "dropout", "ours", "transfer")
_PRECISIONS = ("float32", "float16", "int8")

log = logging.getLogger(__name__)


# train


def train_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a network for expressions."""
    parser.description = (
        "Train a network that says which of seven expressions a face shows: DATA is a directory "
        "with train-*.parquet and valid-*.parquet, or Kaggle's fer2013.csv. An interrupted run "
        "resumes after its last whole epoch if the same command is given again."
    )
    parser.add_argument(
        "--level", metavar="NAME",
        help=f"which network: {', '.join(_LEVELS)} (default: ours); transfer has to "
        "--start-from a face network",
    )  # fmt: skip
    parser.add_argument(
        "--epochs", type=count_from_0, nargs=2, metavar=("0", "N"),
        help="epochs; none is frozen, so the first number is 0 (default: by the level)",
    )  # fmt: skip
    parser.add_argument(
        "--start-from", type=Path, metavar="FOLDER",
        help="the bundle or run whose body transfer begins with",
    )  # fmt: skip
    parser.add_argument("--threads", type=count, metavar="N", help="cores to use (default: all)")


def train(args: argparse.Namespace) -> None:
    """Train, or resume training, and say how good the network is on the validation faces."""
    import torch

    from facelens.tasks.expression.faces import read
    from facelens.tasks.expression.training.ladder import LEVELS, check
    from facelens.tasks.expression.training.run import data_of, open_run
    from facelens.training.place import check_place

    level = args.level or "ours"
    check(level)
    if args.epochs and (args.epochs[0] or not args.epochs[1]):
        raise DataError("For expressions nothing is frozen: give --epochs 0 60, say.")
    if bool(args.start_from) != LEVELS[level].start:
        raise DataError(
            f"{level} begins as a face network: give --start-from its bundle or run."
            if LEVELS[level].start
            else f"{level} starts from nothing; it takes no --start-from."
        )
    data = only(args.data, "train")
    check_place(args.out, args.device)
    if args.threads:
        torch.set_num_threads(args.threads)
    faces = [read(data, split).take(slice(args.limit)) for split in ("train", "valid")]
    run = open_run(
        args.out, level, seed=args.seed, epochs=args.epochs[1] if args.epochs else None,
        data=data_of(*faces), start=args.start_from.name if args.start_from else "",
    )  # fmt: skip
    run.train(*faces, start=args.start_from, device=args.device)
    best = max((float(row["valid_accuracy"]) for row in run.history), default=None)
    if best is not None:
        log.info(
            "%s: %.1f %% of %d validation faces, %.1f minutes.",
            level, 100 * best, len(faces[1]), run.minutes,
        )  # fmt: skip


def only(folders: Sequence[Path], verb: str) -> Path:
    """The one folder that is given; several are refused."""
    first, *others = folders
    if others:
        raise DataError(
            f"facelens {verb} takes one DATA for expressions, not {len(folders)}: put their "
            "parquet files into one directory."
        )
    return first


# export


def export_options(parser: argparse.ArgumentParser) -> None:
    """Add the precision of the graph."""
    parser.description = (
        "Write a training run as a bundle, its temperature from the validation faces beside DATA, "
        "measured on these and on the test faces."
    )
    parser.add_argument(
        "--precision", choices=_PRECISIONS, default="int8",
        help="what the graph computes in; float16 is stored in half and computes in float32 "
        "(default: int8)",
    )  # fmt: skip


def export(args: argparse.Namespace) -> None:
    """Write a run as a bundle."""
    from facelens.tasks.expression.training.export import DATASET, LICENCE, export
    from facelens.tasks.expression.training.run import open_run

    if (args.run / "manifest.json").is_file():
        raise DataError(
            f"{args.run} is a bundle for expressions; export the run that it was made of."
        )
    model = export(
        open_run(args.run),
        args.out,
        data=only(args.data, "export"),
        name=args.name or "expression",
        version=args.version,
        dataset=args.dataset or DATASET,
        licence=args.licence or LICENCE,
        precision=args.precision,
    )
    log.info("%s is in %s.", model.title, args.out)


# evaluate


def evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Add the option of choosing a split of Kaggle's csv."""
    parser.description = (
        "Measure a model on pictures of 48 x 48 with one of seven expressions each: a parquet "
        "file, a directory of them, or Kaggle's fer2013.csv."
    )
    parser.add_argument(
        "--split", choices=("train", "valid", "test"),
        help="only these rows of a csv or files of a directory (default: all)",
    )  # fmt: skip


def evaluate(args: argparse.Namespace) -> None:
    """Measure a model on labelled pictures and print it."""
    from facelens.metrics import without_nan
    from facelens.tasks import load_model
    from facelens.tasks.expression.faces import read
    from facelens.tasks.expression.figures import measure
    from facelens.tasks.expression.model import probabilities

    faces = read(args.parquet, args.split).take(slice(args.limit))
    model = load_model(args.model, task=args.task)
    found = measure(probabilities(model, faces.pictures), faces.labels, faces.repeat)
    if args.json:
        print(json.dumps(without_nan({"model": model.title, **found}), indent=1))
        return
    print(_text(model.title, found))


def _text(title: str, found: dict[str, Any]) -> str:
    """The figures for a terminal."""

    def share(name: str, low: str, high: str) -> str:
        return f"{100 * found[name]:.1f} % ({100 * found[low]:.1f} to {100 * found[high]:.1f})"

    by_chance = 100 * found["ece_floor"]
    rows = [
        ("accuracy", share("accuracy", "low", "high")),
        (
            f"on the {found['faces_without_repeats']:,} that stand nowhere earlier",
            share("accuracy_without_repeats", "low_without_repeats", "high_without_repeats"),
        ),
        ("balanced accuracy", share("balanced_accuracy", "balanced_low", "balanced_high")),
        ("macro F1", share("macro_f1", "f1_low", "f1_high")),
        ("calibration error", f"{100 * found['ece']:.1f} % ({by_chance:.1f} by chance alone)"),
    ]  # fmt: skip
    lines = [f"{title} on {found['faces']:,} faces; in brackets 95 % intervals", ""]
    lines += [f"  {name:<46}{value}" for name, value in rows]
    names = list(found["by_expression"])
    lines += ["", f"  {'shows':<12}" + "".join(f"{name[:8]:>9}" for name in names) + "   answered"]
    for name, counts in zip(names, found["confusion"], strict=True):
        lines.append(f"  {name:<12}" + "".join(f"{number:>9,}" for number in counts))
    return "\n".join(lines)
