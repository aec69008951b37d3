"""Where the network is often wrong: attributes on small and on turned faces.

    python benchmarks/doubtful.py DATA [--detector yunet:PATH] [--write BUNDLE]

Answers the aligned validation faces of DATA/celeba and DATA/celeba_more (never the test faces) as
they are, and averaged down to the pixels that a small face has in a photo; YuNet's landmarks say
how far a head is turned. "unusual": a twentieth of the faces, farthest from the others by
Mahalanobis distance in the first principal components of the pooled features; components and
distances come from different halves. A row of a bucket is wrong often if even the lower end of its
error's 95 % Wilson interval is above twice the error over all faces. Writes
benchmarks/results/doubtful.csv, and with --write what was found of small faces into the
config.json of a bundle's folder, as an export does.
"""

import argparse
from pathlib import Path

import numpy as np
from measure import QUICK, write

from facelens import load_model
from facelens.bundles.bundle import write_manifest
from facelens.data.labels import as_array, code_of
from facelens.data.parquet import images
from facelens.faces import detect, detector_in_use
from facelens.faces.quality import LARGEST_OFFSET, nose_offset
from facelens.metrics import wilson
from facelens.tasks.attributes.training import small
from facelens.tasks.attributes.weak import BUCKETS, measured, often_wrong
from facelens.tasks.classifier import stack

BATCH = 64
# The nose's offset, of which LARGEST_OFFSET makes everything doubtful.
OFFSETS = {"turned a little": (0.12, 0.25), "turned": (0.25, LARGEST_OFFSET)}
UNUSUAL, COMPONENTS = 0.05, 128


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--detector")
    parser.add_argument("--model")
    parser.add_argument("--write", type=Path, metavar="BUNDLE")
    args = parser.parse_args()
    model = load_model(str(args.write) if args.write else args.model)
    crops, labels = faces(args.data, model.names)
    last = model.config.layers[-1]

    def both(some: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, features = model._run(  # noqa: SLF001 - both from one look
            {"logits": (40,), last.output: last.shape}, stack(some)
        )
        return logits, features.mean((2, 3))

    looks = [both(crops[i : i + BATCH]) for i in range(0, len(crops), BATCH)]
    logits, features = (np.concatenate(each) for each in zip(*looks, strict=True))
    whole = (logits >= 0) != labels
    shrunk = {
        bucket: (small.answers(lambda some: both(some)[0], crops, bucket.width) >= 0) != labels
        for bucket in BUCKETS
    }
    buckets = {"all": whole}
    buckets |= {f"{each.low} to {each.high} px": errors for each, errors in shrunk.items()}
    # The cascades have no landmarks of their own, so they do not show a turned head.
    turned = detector_in_use(args.detector) == "yunet"
    offsets = np.array([offset(crop, args.detector) for crop in crops] if turned else [])
    for name, (low, high) in OFFSETS.items() if turned else ():
        buckets[name] = whole[(offsets >= low) & (offsets < high)]
    buckets["unusual"] = whole[unusual(features)]
    write(
        "doubtful",
        [row for name, errors in buckets.items() for row in rows(name, errors, whole, model.names)],
    )
    if args.write:
        model.config.metrics["weak"] = measured(
            model.names, whole, shrunk, np.full(len(model.names), len(whole))
        )
        model.config.save(args.write / "config.json")
        write_manifest(args.write)


def faces(data: Path, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """All validation crops uint8 (n, 218, 178, 3), and their labels bool (n, attributes)."""
    crops, codes = [], []
    for folder in ("celeba", "celeba_more"):
        for path in sorted((data / folder).glob("valid-*.parquet")):
            for row in images(path, list(names), stop=BATCH if QUICK else None):
                crops.append(row.pixels(path))
                codes.append([code_of(path, row, name) for name in names])
    return np.stack(crops), as_array(codes) == 1


def unusual(features: np.ndarray) -> np.ndarray:
    """Which faces are far from what the network usually sees: bool (faces,)."""
    far = np.zeros(len(features), bool)
    for fitted, asked in ((0, 1), (1, 0)):
        known, new = features[fitted::2], features[asked::2]
        middle = known.mean(0)
        _, sizes, axes = np.linalg.svd(known - middle, full_matrices=False)
        deviation = sizes[:COMPONENTS] / np.sqrt(len(known))
        distance = np.square((new - middle) @ axes[:COMPONENTS].T / deviation).sum(1)
        far[asked::2] = distance >= np.quantile(distance, 1 - UNUSUAL)
    return far


def offset(crop: np.ndarray, detector: str | None) -> float:
    """How far the nose is off the middle; NaN if no face is found."""
    found = detect.open_detector(detector).detect(crop)
    return nose_offset(found[0].landmarks) if found else np.nan


def rows(bucket: str, errors: np.ndarray, whole: np.ndarray, names: tuple[str, ...]) -> list[dict]:
    faces = np.full(len(names), len(errors))
    wrong, often = errors.sum(0), often_wrong(errors, whole.mean(0), faces)
    low, high = wilson(wrong, faces)
    return [
        {
            "bucket": bucket,
            "attribute": name,
            "faces": len(errors),
            "error": f"{wrong[i] / max(len(errors), 1):.4f}",
            "low": f"{low[i]:.4f}",
            "high": f"{high[i]:.4f}",
            "overall": f"{whole[:, i].mean():.4f}",
            "often_wrong": int(often[i]),
        }
        for i, name in enumerate(names)
    ]


if __name__ == "__main__":
    main()
