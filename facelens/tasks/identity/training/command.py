"""What `facelens train`, `export` and `evaluate` take and do for identity.

Nothing heavy is imported here: the options are shown on a machine without torch.
"""

import argparse
import json
import logging
from pathlib import Path
from typing import Any

from facelens.arguments import count, count_from_0, fraction, size
from facelens.errors import DataError

_PRECISIONS = ("auto", "float32", "float16", "int8")
_START = "mobilenet_v2"

log = logging.getLogger(__name__)


# train


def train_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of an embedding network."""
    parser.description = (
        "Train a network that embeds faces so that photos of one person lie close: DATA is a "
        "directory with train-*.parquet and valid-*.parquet of aligned faces, whose column "
        "celeb_id says who is on each. An interrupted run resumes after its last whole epoch if "
        "the same command is given again."
    )
    start = parser.add_argument_group(f"initial weights (default: the face network {_START})")
    start.add_argument(
        "--arch", default="mobilenet_v2", help="a torchvision classifier (default: mobilenet_v2)"
    )
    start.add_argument(
        "--start-from", metavar="M", help="a face network's bundle, by name or directory, or a run"
    )
    start.add_argument(
        "--backbone-weights", type=Path, metavar="FILE", help="ImageNet weights of torchvision"
    )
    start.add_argument("--from-scratch", action="store_true", help="random weights")
    what = parser.add_argument_group("training")
    what.add_argument(
        "--epochs", type=count_from_0, nargs=2, metavar=("FROZEN", "UNFROZEN"), default=(1, 16),
        help="epochs with the backbone frozen, then with all layers trained (default: 1 16)",
    )  # fmt: skip
    what.add_argument(
        "--rate", type=_rate, default=3e-3,
        help="peak learning rate of the unfrozen epochs (default: 0.003)",
    )  # fmt: skip
    what.add_argument(
        "--still", type=count_from_0, metavar="N", default=0,
        help="keep the backbone's first N modules frozen throughout, which is faster (default: 0)",
    )  # fmt: skip
    what.add_argument(
        "--size", type=size, metavar="HxW", default=(128, 104),
        help="input size (default: 128x104)",
    )  # fmt: skip
    what.add_argument(
        "--batch-size", type=count, metavar="N", default=128, help="faces per batch (default: 128)"
    )
    what.add_argument(
        "--margin", type=_share, default=0.3, metavar="M", help="of CosFace (default: 0.3)"
    )
    what.add_argument(
        "--scale", type=_positive, default=32.0, metavar="S",
        help="of the cosines in the softmax (default: 32)",
    )  # fmt: skip
    what.add_argument(
        "--dropout", type=_below_1, default=0.1, metavar="P",
        help="of the pooled features (default: 0.1)",
    )  # fmt: skip
    what.add_argument(
        "--weight-decay", type=_below_1, default=0.02, metavar="W",
        help="of kernels, not of norms and biases (default: 0.02)",
    )  # fmt: skip
    what.add_argument(
        "--fewest", type=count, default=3, metavar="N",
        help="learn from people with at least N photos (default: 3)",
    )  # fmt: skip
    what.add_argument(
        "--ema", type=_share, metavar="D", default=0.998,
        help="decay of the moving average of the weights (default: 0.998)",
    )  # fmt: skip
    what.add_argument(
        "--validate-every", type=count, metavar="N", default=1,
        help="validate every Nth epoch, and the last of each stage (default: 1)",
    )  # fmt: skip
    _add_cache(parser)
    parser.add_argument("--threads", type=count, metavar="N", help="cores to use (default: all)")


def _add_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
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
        value = -1.0
    if not low <= value < high:
        raise argparse.ArgumentTypeError(f"{text!r} is {what}")
    return value


def _below_1(text: str) -> float:
    return _number(text, 0, 1, "not from 0 to below 1")


def _positive(text: str) -> float:
    return _number(text, 1, 1000, "not from 1 to 1000")


def _rate(text: str) -> float:
    return fraction(text, "no learning rate: one is 0.003, say")


def train(args: argparse.Namespace) -> None:
    """Train, or resume training, and say how good the network is on validation people."""
    import torch

    from facelens.files import cache_folder
    from facelens.tasks.identity.training.faces import data_of, to_learn, to_measure
    from facelens.tasks.identity.training.networks import kernels_of
    from facelens.tasks.identity.training.plan import Plan, recipe
    from facelens.tasks.identity.training.run import open_run
    from facelens.training.folders import check_apart
    from facelens.training.place import check_place

    starts = [name for name in ("start_from", "backbone_weights", "from_scratch")
              if getattr(args, name)]  # fmt: skip
    if len(starts) > 1:
        first, second = (f"--{name.replace('_', '-')}" for name in starts[:2])
        raise DataError(f"Give {first} or {second}: a network starts from one of them.")
    if not sum(args.epochs):
        raise DataError("No epoch is no training; give --epochs 1 16, say.")
    check_place(args.out, args.device)
    if args.threads:
        torch.set_num_threads(args.threads)
    start = None if starts and not args.start_from else start_folder(args.start_from or _START)
    plan = Plan(
        recipe(
            tuple(args.epochs), size=args.size, rate=args.rate, still=args.still, arch=args.arch,
            seed=args.seed, ema=args.ema, batch_size=args.batch_size,
            validate_every=args.validate_every, weight_decay=args.weight_decay,
            **(kernels_of(start) if start else {}),
        ),
        margin=args.margin,
        scale=args.scale,
        dropout=args.dropout,
        fewest=args.fewest,
    )  # fmt: skip
    cache = args.cache or cache_folder()
    train_set = to_learn(args.data, cache=cache, fewest=args.fewest, limit=args.limit)
    valid_set = to_measure(args.data, "valid", cache=cache, limit=args.limit)
    check_apart(args.data, limit=args.limit)
    log.info("%d faces of %d people to learn from.", len(train_set), train_set.count)
    about = start.name if start else "random" if args.from_scratch else "ImageNet"
    run = open_run(args.out, plan, data=data_of(train_set, valid_set), start=about)
    run.train(
        train_set, valid_set,
        backbone_weights=args.backbone_weights, start_from=start, from_scratch=args.from_scratch,
        device=args.device,
    )  # fmt: skip
    known = [row for row in run.history if row["missed"]]
    if known:
        best = min(known, key=lambda row: float(row["missed"]))
        log.info(
            "Of pairs of %d validation people %.1f %% are accepted at 1 %% false accepts, %.1f "
            "minutes.", valid_set.count, 100 - 100 * float(best["missed"]), run.minutes,
        )  # fmt: skip


def start_folder(name: str) -> Path:
    """The folder of the bundle or run that --start-from names."""
    from facelens.bundles.find import find_bundle
    from facelens.training.run import weights_file

    folder = Path(name)
    if not folder.is_dir() or (folder / "manifest.json").is_file():
        folder = find_bundle(name).folder
    weights_file(folder)
    return folder


# export


def export_options(parser: argparse.ArgumentParser) -> None:
    """Add the precision of the graph."""
    parser.description = (
        "Write a training run as a bundle: what its similarities mean is measured on the "
        "validation people beside DATA, errors by group on the test people."
    )
    parser.add_argument(
        "--precision", choices=_PRECISIONS, default="auto",
        help="what the graph computes in; auto is int8 unless that loses 2 of 100 true "
        "accepts, else float16 (default: auto)",
    )  # fmt: skip
    parser.add_argument("--limit", type=count, metavar="N", help="use only the first N faces")
    _add_cache(parser)


def export(args: argparse.Namespace) -> None:
    """Write a run as a bundle."""
    from facelens.files import cache_folder
    from facelens.tasks.identity.training.export import DATASET, LICENCE, Shipping, export
    from facelens.tasks.identity.training.run import open_run

    if (args.run / "manifest.json").is_file():
        raise DataError(f"{args.run} is a bundle; export the run that it was made of.")
    model = export(
        open_run(args.run),
        args.out,
        data=args.data,
        cache=args.cache or cache_folder(),
        limit=args.limit,
        shipping=Shipping(
            args.name or "identity", args.version, args.dataset or DATASET,
            args.licence or LICENCE, args.precision,
        ),
    )  # fmt: skip
    log.info("%s is in %s.", model.title, args.out)


# evaluate


def evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Say what is measured."""
    parser.description = (
        "Measure an embedding network on all pairs of aligned faces whose celeb_id is known."
    )


def evaluate(args: argparse.Namespace) -> None:
    """Measure a recogniser on labelled faces and print it."""
    from facelens.metrics import without_nan
    from facelens.tasks.identity.enrol import opened
    from facelens.tasks.identity.faces import read_faces
    from facelens.tasks.identity.figures import summary

    recogniser = opened(args.model)
    embeddings, people = read_faces(args.parquet, recogniser, args.limit)
    found: dict[str, Any] = {"model": recogniser.title, **summary(embeddings, people)}
    if args.json:
        print(json.dumps(without_nan(found), indent=1))
        return
    print(f"{found['model']} on {found['faces']:,} faces of {found['people']:,} people\n")
    for name, title in (
        ("true_accept_at_1_percent_false", "accepted at 1 % false accepts"),
        ("true_accept_at_1_in_1000_false", "accepted at 0.1 %"),
        ("auc", "AUC"),
    ):
        low, high = found.get(f"{name}_interval", (float("nan"),) * 2)
        between = f" ({100 * low:.1f} to {100 * high:.1f})" if low == low else ""  # noqa: PLR0124
        print(f"  {title:<34}{100 * found[name]:.1f} %{between}")
