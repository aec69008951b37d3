"""What Python knows and the page without a server says once more: numbers and sentences."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from facelens.faces import align, quality

WEB = Path(__file__).parents[2] / "facelens" / "web"
# Module of the page: the modules in Python that know its constants, and other names there.
SAME: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "align.js": (("faces.face", "faces.align"), {"WIDTH": "CROP_WIDTH", "HEIGHT": "CROP_HEIGHT"}),
    "camera.js": (("faces.track", "video.stream"), {}),
    "desk.js": (("ui.picture", "ui._view"), {"BROKEN": "CALM"}),
    "detect.js": (
        ("faces.search", "faces.yunet"),
        {
            "SIDE": "YUNET_SIDE", "CONFIDENCE": "YUNET_CONFIDENCE", "WEIGHTS": "YUNET_WEIGHTS",
            "PASSES": "YUNET_PASSES",
        },
    ),
    "faces.js": (
        ("faces.drawn", "faces.quality", "faces.thorough", "ui.missed"),
        {"DARKEST": "DARKEST_MEAN", "LEAST_SIDE": "SMALLEST", "SMALLEST": "SMALLEST_WIDTH"},
    ),
    "landmarks.js": (
        ("faces.face", "faces.landmarks"),
        {"SQUARE_CENTRE": "HAAR_CENTRE", "SQUARE_SIDE": "HAAR_SIDE"},
    ),
    "quality.js": (("faces.face", "faces.quality"), {}),
}  # fmt: skip
# What has no counterpart by itself, or follows from others.
OWN = {"SLICE", "VIEWS", "DETECT_EVERY", "BOX", "CENTRE", "SEEN", "AGAIN", "ALPHA", "BETA"}


def constants(script: str) -> dict[str, str]:
    text = (WEB / script).read_text(encoding="utf-8")
    return dict(re.findall(r"(?m)^(?:export )?const ([A-Z_]+) = ([^;]+);", text))


@pytest.mark.parametrize("script", SAME)
def test_its_constants_are_those_of_python(script):
    modules, renamed = SAME[script]
    known = [importlib.import_module(f"facelens.{name}") for name in modules]
    compared = 0
    for name, text in constants(script).items():
        if name in OWN:
            continue
        there = renamed.get(name, name)
        own = next((getattr(module, there) for module in known if hasattr(module, there)), None)
        assert own is not None, f"{script} has {name}, which no module of {modules} knows"
        said = json.loads(re.sub(r"\b(\d+)e(\d+)\b", lambda m: m[1] + "0" * int(m[2]), text))
        if isinstance(own, str):
            assert said == own, name
        else:
            wanted = list(own) if isinstance(own, range) else own
            assert np.array_equal(np.array(said, np.float32), np.array(wanted, np.float32)), name
        compared += 1
    assert compared >= 2


def test_a_face_s_box_in_the_template_is_that_of_python():
    numbers = re.findall(r"\b([xywh]): ([\d.]+)", constants("align.js")["BOX"])
    assert {side: float(value) for side, value in numbers} == align.TEMPLATE_BOX._asdict()


def test_reasons_to_trust_a_face_less_are_worded_alike():
    python = (WEB.parent / "faces" / "quality.py").read_text(encoding="utf-8")
    script = (WEB / "quality.js").read_text(encoding="utf-8")
    reasons = re.findall(r'reasons\.append\(f?"([^"]+)"\)', python)
    assert len(reasons) >= 5
    for reason in (*reasons, quality.COVERED):
        assert re.sub(r"\{[^}]*\}", "${Math.round(width)}", reason) in script, reason


def test_what_is_written_alike_is_found_at_all():
    assert constants("quality.js")["LEAST_DETAIL"] == "50"
    assert len(constants("detect.js")) >= 12


def test_every_view_that_is_drawn_brings_its_style():
    host = (WEB / "host.js").read_text(encoding="utf-8")
    drawn = re.findall(r'from "\.\./ui/(\w+)\.js"', host)
    taken = re.findall(r'@import "\.\./ui/(\w+)\.css"', (WEB / "app.css").read_text())
    dressed = {path.stem for path in (WEB.parent / "ui").glob("*.css")}
    assert len(drawn) > 12
    assert set(drawn) & dressed <= set(taken)
