"""What the page without a server has to know and Python works out: ready messages, constants.

The contents are those that the dashboard's views send to a browser, so both pages say the same.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens import __version__
from facelens.errors import BundleError
from facelens.explain import exchange, maps, whiskers
from facelens.explain.layers import viridis
from facelens.explain.stem import stem
from facelens.faces import align, face, landmarks, quality, search, yunet
from facelens.imagenet import MEAN
from facelens.report import picture, report
from facelens.tasks.attributes.names import JUDGEMENTS_NOTE
from facelens.tasks.attributes.prior import cheapest
from facelens.tasks.attributes.weak import weak_for_page
from facelens.ui import about, camera, compare, heatmap
from facelens.ui.board import Board
from facelens.ui.card import card_html
from facelens.ui.inside import Inside
from facelens.ui.steps import able
from facelens.ui.strengths import compared, strength_of
from facelens.ui.takehome import origin

if TYPE_CHECKING:
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.keypoints.model import KeypointModel

PRIVACY = (Path(__file__).parent / "privacy.txt").read_text(encoding="utf-8").strip()
CAMERA_PRIVACY = (
    "The camera's pictures stay on this device: the network runs in your browser, and no server "
    "gets them. None is kept. Show only yourself, or people who have agreed."
)
LIBRARIES = """\
- **ONNX Runtime**, as WebAssembly, runs them in your browser too, with the face detector YuNet.
- The rest of this page is plain JavaScript. Its full version, with Python behind it, is made with \
**Voilà**, **ipywidgets** and **anywidget**."""
# The costs of a false yes in false noes that `ui/whatif.js` offers.
COSTS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 100)

MASKS = "graphs/masks.bin"

Files = dict[str, bytes]


def of_network(model: "AttributeModel", name: str, *, default: bool) -> Files:
    """The files of one network but for its graph, by name."""
    board = Board(_ignore, _ignore, _ignore)
    board.introduce(model, None if default else name)
    content, (curves,) = board.shown("network")
    inside = Inside(_ignore)
    inside.offer(model, b"")
    config = model.config
    filters, kernels = _filters(model)
    values = {
        "name": name,
        "title": model.title,
        "names": model.names,
        "temperature": floats(config.temperature),
        "bias": floats(config.bias),
        "activation": config.activation,
        "licence": config.licence,
        "origin": origin(model),
        "board": content | {"launch": None},
        "camera": camera.offer(model),
        "heatmap": heatmap.offer(model),
        "inside": inside.shown("layers")[0],
        "layers": [
            {"name": v.name, "output": v.output, "title": v.title, "caption": v.caption,
             "shape": v.shape}
            for v in config.layers
        ],
        "steps": {"able": able(model), "stem": filters},
        "costs": _costs(model),
        "report": _report(model),
        "weak": weak_for_page(config.metrics),
    }  # fmt: skip
    files = {
        "network.json": as_json(values),
        "curves.bin": curves,
        "card.html": card_html(model.card).encode(),
    }
    return files | ({"stem.bin": kernels} if kernels else {})


def _filters(model: "AttributeModel") -> tuple[dict[str, Any] | None, bytes]:
    """The first layer's filters, float32 (channels, side, side, 3) as bytes; None without them."""
    try:
        found = stem(model)
    except BundleError:  # from the Hub it may come without its training weights
        return None, b""
    values = {
        "channels": len(found.filters),
        "side": found.side,
        "stride": found.stride,
        "size": found.size,
        "constants": floats(found.constants),
        "mean": floats(np.asarray(MEAN)),
    }
    return values, np.ascontiguousarray(found.filters, np.float32).tobytes()


def _costs(model: "AttributeModel") -> dict[str, dict[str, list[float | None]]]:
    """The thresholds of least cost for each cost that may be chosen, with their intervals."""
    faces = (model.config.metrics.get("valid") or {}).get("faces")
    answers = {}
    for ratio in COSTS:
        best = cheapest(model.curves, ratio, faces=faces)
        answers[f"{ratio:g}"] = {
            "thresholds": _numbers(best.thresholds),
            "low": _numbers(best.low),
            "high": _numbers(best.high),
        }
    return answers


def _report(model: "AttributeModel") -> dict[str, Any]:
    """What a report says that does not depend on the face."""
    metrics = model.config.metrics
    return {
        "note": report.NOTE,
        "judgements_note": JUDGEMENTS_NOTE,
        "way": picture.WAYS,
        "legend": picture.LEGEND,
        "moves": picture.MOVES,
        "origin": origin(model),
        "project": about.repository(),
        "fairness": [report.fairness_of(metrics, judgements=whether) for whether in (True, False)],
        "gaps": [[gap.what, str(gap)] for gap in report.gaps_of(metrics, judgements=True)],
    }


def of_keypoints(model: "KeypointModel") -> Files:
    """The files of the network of fifteen points but for its graph."""
    config = model.config
    values = {
        "name": config.name,
        "title": model.title,
        "names": config.names,
        "labels": [model.label(name) for name in config.names],
        "size": config.input_size,
        "frame": config.frame.tolist(),
        "offset": config.offset,
        "error": model.error if np.isfinite(model.error) else None,
        "licence": config.licence,
    }
    return {"network.json": as_json(values), "card.html": card_html(model.card).encode()}


def of_site(models: "Mapping[str, AttributeModel]", *, has_detector: bool) -> dict[str, Any]:
    """What belongs to no single network; the first of `models` answers at first."""
    default = next(iter(models))
    titles = {name: model.title for name, model in models.items()}
    strengths = {
        name: strength
        for name, model in models.items()
        if (strength := strength_of(model.config)) is not None
    }
    return {
        "facelens": __version__,
        "networks": list(models),
        "default": default,
        "titles": titles,
        "messages": {
            "intake": {"text": {"privacy": PRIVACY}},
            "camera": {"text": {"privacy": CAMERA_PRIVACY}},
            "about": {
                "text": {
                    "parts": about.text(PRIVACY, LIBRARIES),
                    "repository": about.repository(),
                }
            },
            "network": {
                "networks": {
                    "networks": [list(pair) for pair in titles.items()],
                    "figures": compared(strengths),
                    "free": False,
                    "used": default,
                }
            },
        },
        "footer": {
            "facts": ["faces found by YuNet"] if has_detector else ["faces drawn by hand"],
            "terms": "LICENSES.txt",
            "version": f"Facelens {__version__}",
        },
        "words": {"judgements_note": JUDGEMENTS_NOTE, "exchanged": compare.EXCHANGED},
        "faces": _faces(),
        "viridis": b64encode(viridis().tobytes()).decode(),
        "whiskers": {
            "changes": [asdict(change) for change in whiskers.CHANGES],
            "REACH": whiskers.REACH,
        },
        "occlusion": {
            "PATCH": maps.PATCH, "ROWS": maps.ROWS, "COLUMNS": maps.COLUMNS, "TIMES": maps.TIMES,
        },
        "exchange": {
            "CHEEKS": exchange.CHEEKS, "MOST": exchange.MOST, "masks": f"{MASKS}.gz",
        },
    }  # fmt: skip


def masks() -> bytes:
    """How much of each region is exchanged, float32 (3, 218, 178): eyes, mouth, hair."""
    return np.stack([exchange.mask(region) for region in exchange.REGIONS]).tobytes()


_CONSTANTS = {
    align: ("TEMPLATE_BOX", "MIN_SCALE"),
    face: ("MIN_SCORE", "SURE_SCORE"),
    landmarks: ("PATCH", "VIEW_CENTRE", "TURNED_PASSES", "HAAR_CENTRE", "HAAR_SIDE"),
    search: ("FINEST", "STEP", "TILE", "WORTHWHILE", "LARGE", "SHARED", "AGAIN"),
    yunet: (
        "YUNET_SIDE", "YUNET_CONFIDENCE", "EAGER_CONFIDENCE", "UNREFINED", "NARROWEST",
        "YUNET_PASSES",
    ),
}  # fmt: skip
_QUALITY = (
    "SMALLEST_WIDTH", "DARKEST_MEAN", "LEAST_DETAIL", "LARGEST_OFFSET", "LARGEST_OUTSIDE",
    "COVERED_LOGIT", "COVERED_COLOUR",
)  # fmt: skip


def _faces() -> dict[str, Any]:
    """The constants of `facelens.faces` under their names, so that none is written twice."""
    plain = {name: getattr(module, name) for module, names in _CONSTANTS.items() for name in names}
    return plain | {
        "CROP": (face.CROP_HEIGHT, face.CROP_WIDTH),
        "TEMPLATE": align.TEMPLATE.tolist(),
        "VIEW": landmarks.view().tolist(),
        "TURNS": list(landmarks.TURNS),
        "YUNET_WEIGHTS": yunet.YUNET_WEIGHTS.tolist(),
        "yunet": {"input": "input", "outputs": yunet.YUNET_OUTPUTS},
        "quality": {name: getattr(quality, name) for name in _QUALITY},
    }


def as_json(values: Any) -> bytes:
    """JSON without what is not a number in it."""
    return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _ignore(*_: Any) -> None:
    """What a view would tell the page: nobody is there."""


def floats(values: np.ndarray) -> list[float]:
    """Nine digits each: float32 and no more."""
    return [float(f"{value:.9g}") for value in values]


def _numbers(values: Sequence[float] | np.ndarray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
