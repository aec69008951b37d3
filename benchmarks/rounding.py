"""What int8 costs in accuracy: each embedded network beside itself in float32, face by face.

    python benchmarks/rounding.py DATA [--faces N]

DATA holds celeba/. Accuracy on the validation and test faces, with the paired difference; how much
a map in int8 is the map in float32, over the first validation faces; and how well either agrees
with covering parts of the face (as benchmarks/maps.py measures), asked of the network in float32.
Writes benchmarks/results/rounding.csv. Needs the extra `train`.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from maps import alike
from measure import QUICK, write
from networks import embedded

from facelens import load_model
from facelens.bundles.bundle import write_manifest
from facelens.data.parquet import images
from facelens.explain.maps import occlusion
from facelens.photo import read_photo
from facelens.tasks.attributes.evaluate import answer, compare, summarise
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.attributes.training.export import write_exact


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--faces", type=int, default=40, help="for the maps")
    parser.add_argument("--limit", type=int, help="faces of each split, for accuracy")
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in embedded()[: 1 if QUICK else None]:
            whole = load_model(name)
            exact = in_float(whole, Path(folder) / name)
            rows += accuracy(whole, exact, args.data, args.limit)
            rows += maps(whole, exact, args.data, args.faces)
    write("rounding", rows)


def in_float(model: AttributeModel, folder: Path) -> AttributeModel:
    """The same bundle with a graph in float32."""
    shutil.copytree(model.bundle.folder, folder)
    write_exact(model.bundle, folder / "model.onnx")
    write_manifest(folder)
    return load_model(str(folder))


def row(model: AttributeModel, what: str, int8: float, exact: float, **more: Any) -> dict[str, Any]:
    told = {"network": model.title, "what": what, "faces": "", "int8": f"{int8:.4f}"}
    told |= {"float32": f"{exact:.4f}", "difference": f"{int8 - exact:+.4f}", "low": "", "high": ""}
    return told | more


def accuracy(
    whole: AttributeModel, exact: AttributeModel, data: Path, limit: int | None
) -> list[dict[str, Any]]:
    rows = []
    for split in ("valid", "test"):
        faces = sorted((data / "celeba").glob(f"{split}-*.parquet"))
        ours, theirs = (answer(faces, model, limit=limit)[0] for model in (whole, exact))
        figures = [summarise(each, "").overall for each in (ours, theirs)]
        paired = compare(ours, theirs, "int8", "float32").differences["accuracy"]
        span = {key: f"{paired[key]:+.4f}" for key in ("low", "high")}
        both = [figure["accuracy"]["value"] for figure in figures]
        rows.append(row(whole, f"accuracy, {split}", *both, faces=len(ours.labels), **span))
        both = [figure["average_precision"]["value"] for figure in figures]
        rows.append(row(whole, f"macro average precision, {split}", *both, faces=len(ours.labels)))
    return rows


def maps(
    whole: AttributeModel, exact: AttributeModel, data: Path, count: int
) -> list[dict[str, Any]]:
    same, agreed = [], []
    (valid,) = sorted((data / "celeba").glob("valid-*.parquet"))[:1]
    for face in images(valid, columns=(), stop=count):
        crop = read_photo(face.data).pixels
        (ours,), (theirs,) = whole.predict([crop], maps=True), exact.predict([crop], maps=True)
        check = occlusion(exact, crop).values
        for i in np.flatnonzero(theirs.probabilities >= 0.5):
            same.append(alike(ours.maps[i], theirs.maps[i]))
            agreed.append([alike(each.maps[i], check[i]) for each in (ours, theirs)])
    both = np.mean(agreed, 0)
    return [
        row(whole, "correlation of a map with covering", *map(float, both), faces=count),
        row(whole, "correlation of a map with itself in float32", float(np.mean(same)), 1.0,
            faces=count),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
