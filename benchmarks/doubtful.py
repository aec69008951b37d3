"""Where the network is often wrong: attributes on small and on turned faces.

    python benchmarks/doubtful.py DATA [--detector yunet:PATH]

Answers the aligned validation faces of DATA/celeba (never the test faces) as they are, and averaged
down to the pixels that a small face has in a photo; YuNet's landmarks say how far a head is turned.
A row of a bucket is wrong often if even the lower end of its error's 95 % Wilson interval is above
twice the error over all faces. Writes benchmarks/results/doubtful.csv.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from measure import QUICK, write

from facelens import load_model
from facelens.data.labels import as_array, code_of
from facelens.data.parquet import images
from facelens.faces import detect, detector_in_use
from facelens.faces.align import TEMPLATE_BOX
from facelens.faces.quality import LARGEST_OFFSET, SMALLEST_WIDTH, nose_offset
from facelens.metrics import wilson
from facelens.tasks.attributes.model import AttributeModel

BATCH = 64
TIMES = 2.0  # as often wrong as over all faces
# Pixels of a face's width, the middle of each bucket; below SMALLEST_WIDTH everything is doubtful.
WIDTHS = {"40 to 55 px": 47, "55 to 70 px": 62}
# The nose's offset, of which LARGEST_OFFSET makes everything doubtful.
OFFSETS = {"turned a little": (0.12, 0.25), "turned": (0.25, LARGEST_OFFSET)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--detector")
    args = parser.parse_args()
    model = load_model()
    path = args.data / "celeba" / "valid-00000-of-00001.parquet"
    crops, codes = [], []
    for row in images(path, list(model.names)):
        crops.append(row.pixels(path))
        codes.append([code_of(path, row, name) for name in model.names])
        if QUICK and len(crops) == BATCH:
            break
    labels = as_array(codes) == 1
    assert min(WIDTHS.values()) > SMALLEST_WIDTH
    whole = wrong(model, crops, labels)
    buckets = {"all": whole}
    for name, width in WIDTHS.items():
        buckets[name] = wrong(model, [smaller(crop, width) for crop in crops], labels)
    # The cascades have no landmarks of their own, so they do not show a turned head.
    turned = detector_in_use(args.detector) == "yunet"
    offsets = np.array([offset(crop, args.detector) for crop in crops] if turned else [])
    for name, (low, high) in OFFSETS.items() if turned else ():
        buckets[name] = whole[(offsets >= low) & (offsets < high)]
    write(
        "doubtful",
        [row for name, errors in buckets.items() for row in rows(name, errors, whole, model.names)],
    )


def smaller(crop: np.ndarray, width: float) -> np.ndarray:
    """The crop of a face that is `width` pixels wide in its photo."""
    height, across = crop.shape[:2]
    share = width / TEMPLATE_BOX.w
    size = (round(across * share), round(height * share))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (across, height), interpolation=cv2.INTER_LINEAR)


def wrong(model: AttributeModel, crops: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Whether each answer at one half is wrong, bool (faces, attributes)."""
    answers = [
        answer.probabilities
        for start in range(0, len(crops), BATCH)
        for answer in model.predict(crops[start : start + BATCH])
    ]
    return (np.stack(answers) >= 0.5) != labels


def offset(crop: np.ndarray, detector: str | None) -> float:
    """How far the nose is off the middle; NaN if no face is found."""
    found = detect.open_detector(detector).detect(crop)
    return nose_offset(found[0].landmarks) if found else np.nan


def rows(bucket: str, errors: np.ndarray, whole: np.ndarray, names: tuple[str, ...]) -> list[dict]:
    made = []
    for i, name in enumerate(names):
        count, faces = int(errors[:, i].sum()), len(errors)
        low, high = (float(each[0]) for each in wilson(np.array([count]), np.array([faces])))
        overall = whole[:, i].mean()
        made.append(
            {
                "bucket": bucket,
                "attribute": name,
                "faces": faces,
                "error": f"{count / max(faces, 1):.4f}",
                "low": f"{low:.4f}",
                "high": f"{high:.4f}",
                "overall": f"{overall:.4f}",
                "often_wrong": int(low > TIMES * overall),
            }
        )
    return made


if __name__ == "__main__":
    main()
