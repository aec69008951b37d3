"""`facelens experiment`: train a table of networks and compare them."""

import argparse
from pathlib import Path
from typing import Any

from facelens.arguments import command, count, size
from facelens.commands.options import needing_train
from facelens.errors import DataError


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "experiment",
        _experiment,
        "train a table of networks and compare them (needs the extra train)",
        description="Train a table of networks and compare them; what is trained already is "
        "skipped. Without a name, list the tables.",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="which table")
    parser.add_argument(
        "data", metavar="DATA", type=Path, nargs="?", help="directory with train-*.parquet …"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("runs"), metavar="DIR",
        help="directory of the runs (default: runs)",
    )  # fmt: skip
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="the table (default: DIR/NAME.csv)"
    )
    parser.add_argument("--size", type=size, metavar="HxW", help="input size, as 224x192")
    parser.add_argument("--limit", type=count, metavar="N", help="use only N training faces")
    parser.add_argument("--epochs", type=count, metavar="N", help="epochs of each network")
    parser.add_argument("--seeds", type=count, metavar="N", help="runs of each network")
    parser.add_argument("--batch-size", type=count, metavar="N", help="images per batch")
    parser.add_argument("--arch", help="network, if the table does not name any: resnet50")
    parser.add_argument(
        "--weights", choices=("imagenet", "cached", "random"),
        help="initial weights; cached: ImageNet's, if they are on this machine already",
    )  # fmt: skip
    parser.add_argument("--device", help="cuda or cpu (default: cuda if available)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="directory for decoded images")


def _experiment(args: argparse.Namespace) -> int:
    with needing_train("experiment"):
        from facelens.files import cache_folder
        from facelens.lessons import experiments
        from facelens.training.place import check_place
        from facelens.training.trial import Settings

        if args.name is None:
            width = max(map(len, experiments.names()))
            for name, what in experiments.names().items():
                print(f"{name:<{width}}  {what}")
            return 0
        experiments.find(args.name)
        if args.data is None:
            raise DataError(f"DATA is missing: facelens experiment {args.name} DATA.")
        check_place(args.out, args.device)
        chosen = ("size", "limit", "epochs", "seeds", "batch_size", "arch", "weights", "device")
        settings = {name: getattr(args, name) for name in chosen if getattr(args, name) is not None}
        faces = experiments.open_faces(
            args.name, args.data, cache=args.cache or cache_folder(), limit=args.limit
        )
        experiments.run(
            args.name, faces, out=args.out, table=args.csv, settings=Settings(**settings)
        )
    return 0
