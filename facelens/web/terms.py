"""LICENSES.txt: on what terms each part of the page without a server is given."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from facelens.bundles.find import embedded_folder
from facelens.web import runtime

YUNET = """\
Copyright 2018-2022 OpenMMLab. All rights reserved.
Copyright 2022 OpenMMLab. All rights reserved.
Copyright (c) 2022 Shiqi Yu <shiqi.yu@gmail.com>

Apache License 2.0: the text stands below, under "Facelens"."""
MIT = """\
Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software
and associated documentation files (the "Software"), to deal in the Software without
restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING
BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""
PHOTOS = """\
astronaut.jpg: an official portrait by NASA, in the public domain.
hopper.jpg: an official portrait of the US Navy, in the public domain as a work of the US
government.
drawn-1.jpg, drawn-2.jpg: nobody, drawn by formulas; as Facelens."""


def licences(networks: Iterable[tuple[str, str]], *, has_detector: bool) -> str:
    """The text of LICENSES.txt.

    `networks`: title and licence of each.
    """
    parts = [
        ("The networks", "\n".join(f"{title}: {licence}" for title, licence in networks)),
        ("Networks that come with Facelens", _weights()),
        *([("YuNet, the face detector (faces/yunet.onnx)", YUNET)] if has_detector else []),
        (f"ONNX Runtime {runtime.VERSION} (ort/): the MIT License", MIT),
        ("The example photos (examples/)", PHOTOS),
        ("Facelens, all the rest: the Apache License 2.0", _code()),
    ]
    text = "\n\n".join(f"{title}\n{'=' * len(title)}\n\n{body.strip()}" for title, body in parts)
    return f"On what terms each part of this page is given.\n\n{text}\n"


def _weights() -> str:
    path = embedded_folder("LICENSE.md")
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return text.partition("\n")[2].replace("**", "").replace("`", "")


def _code() -> str:
    path = Path(__file__).parents[2] / "LICENSE"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    try:
        return distribution("facelens").read_text("licenses/LICENSE") or ""
    except PackageNotFoundError:
        return ""
