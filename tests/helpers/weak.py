"""The embedded network, in a bundle that calls a row often wrong on small faces."""

import json
import shutil

from facelens.bundles.bundle import write_manifest
from facelens.bundles.find import embedded_folder

ROW = "Blurry"
WEAK = {"from": 40, "below": 55, "faces": 6111, "names": {ROW: {"error": 0.1933,
                                                               "overall": 0.0502}}}  # fmt: skip


def weak_bundle(folder):
    """Copy the bundle to `folder` / weak, and return its path."""
    bundle = folder / "weak"
    shutil.copytree(embedded_folder("mobilenet_v2"), bundle)
    config = json.loads((bundle / "config.json").read_text())
    config["metrics"]["weak"] = [WEAK]
    (bundle / "config.json").write_text(json.dumps(config))
    write_manifest(bundle)
    return bundle
