"""`facelens dashboard`, `facelens live`: the pages, served on this machine."""

import argparse
from typing import Any

from facelens.arguments import add_detector, add_model, command, port


def add(commands: Any) -> None:
    """Add both commands."""
    pages = (
        ("dashboard", "selfie.ipynb", "open the dashboard in a browser"),
        ("live", "live.ipynb", "open the camera page in a browser: answers while you move"),
    )
    for name, notebook, what in pages:
        parser = command(commands, name, _serve, what)
        parser.set_defaults(notebook=notebook)
        parser.add_argument(
            "--port", type=port, default=8866, metavar="N", help="port (default: 8866)"
        )
        parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
        parser.add_argument(
            "--host", metavar="ADDRESS", type=_address,
            help="serve the page to others too, at this address of the machine; 0.0.0.0 is all of "
            "its addresses",
        )  # fmt: skip
        add_model(parser)
        add_detector(parser)


def _serve(args: argparse.Namespace) -> int:
    from facelens.serve.launch import serve

    return serve(
        args.notebook,
        port=args.port,
        host=args.host,
        browser=not args.no_browser,
        model=args.model,
        detector=args.detector,
    )


def _address(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it must be an address of this machine, or 0.0.0.0")
    return text
