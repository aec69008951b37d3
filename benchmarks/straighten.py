"""Align faces by the fifteen points of the keypoints network, not by the landmark network.

    python benchmarks/straighten.py DATA [--limit N]

DATA holds celeba/. Test crops are framed loosely, found by each detector (whose file for YuNet
FACELENS_DETECTOR names, else the cached one), and aligned in both ways from the same rough
place; eye error and accuracy are of the faces that both ways find. Where each of the fifteen lies
on the template is their mean on training crops. Writes benchmarks/results/straighten.csv.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from unittest import mock

import numpy as np
from faces import eye_error, turn_error
from measure import in_turns, write

from facelens import load_model
from facelens.data import parquet
from facelens.data.synthetic import Placed, match, place_on_canvas
from facelens.faces import Face, align, detect, find_faces
from facelens.faces.landmarks import LandmarkRefiner, load
from facelens.metrics import accuracy, interval, resample_people
from facelens.photo import Photo, read_photo
from facelens.tasks.keypoints.model import KeypointModel

LEARNT = 1000  # training crops that say where the points lie
# The tip of the nose moves when a head turns, the eyes move least, as with YuNet's five.
WEIGHTS = np.array([2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0.3, 1, 1, 1, 0.3])


class Fifteen(LandmarkRefiner):
    """The place of the landmark network in a detector, taken by the keypoints network.

    It cannot say whether there is a face: that is still asked of the landmark network.
    """

    def __init__(self, model: KeypointModel, canon: np.ndarray) -> None:
        self.model, self.canon, self.own = model, canon, load()
        self._session = self.own._session  # noqa: SLF001 - for what is asked of a turned face

    def __call__(self, grey: np.ndarray, warp: np.ndarray, passes: int) -> tuple[np.ndarray, float]:
        """Return the refined photo-to-template warp and the score."""
        _, score = self.own(grey, warp, passes)
        for _ in range(passes):
            seen = on_template(self.model, grey, warp)
            warp = align.compose(align.similarity(seen, self.canon, WEIGHTS), warp)
        return warp, score


def on_template(model: KeypointModel, grey: np.ndarray, warp: np.ndarray) -> np.ndarray:
    """The fifteen points (15, 2) in pixels of the template, of a face under a warp."""
    picture = align.align_face(grey, align.compose(model.config.frame, warp), (96, 96))
    points = model.predict([picture])[0].points
    return align.apply(align.invert(model.config.frame), points)


def rows(data: Path, split: str, names: tuple[str, ...]) -> Iterator[tuple[np.ndarray, str, list]]:
    """The crops of a split, who is on each, and the answers to `names`."""
    for file in sorted((data / "celeba").glob(f"{split}-*.parquet")):
        for row in parquet.images(file):
            labels = [bool(row.values[name]) for name in names]
            yield read_photo(row.data).pixels, str(row.values["celeb_id"]), labels


def grey(pixels: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


def canon(model: KeypointModel, data: Path) -> np.ndarray:
    """Where each point lies on the template, on average."""
    crops = (crop for crop, _, _ in islice(rows(data, "train", ()), LEARNT))
    straight = np.eye(2, 3, dtype=np.float32)
    return np.mean([on_template(model, grey(crop), straight) for crop in crops], 0)


def found(framed: list[Placed], spec: str | None) -> list[Face | None]:
    return [match(f, find_faces(Photo(f.canvas, ""), detector=spec))[0] for f in framed]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, help="only the first so many test faces")
    args = parser.parse_args()
    attributes, model = load_model(), load_model(task="keypoints")
    ways = {"point network": load(), "fifteen points": Fifteen(model, canon(model, args.data))}
    test = list(islice(rows(args.data, "test", attributes.names), args.limit))
    framed = [place_on_canvas(crop, 0, i) for i, (crop, _, _) in enumerate(test)]
    people = np.array([who for _, who, _ in test])
    labels = np.array([label for _, _, label in test])
    # From one rough place, as a detector leaves it.
    picture, start = grey(framed[0].canvas), framed[0].warp
    seconds = in_turns(
        {name: lambda way=way: way(picture, start, 2) for name, way in ways.items()}, turns=60
    )
    table = []
    for spec in ("yunet", "haar"):
        wanted = None if spec == "yunet" else spec
        if detect.resolve(wanted)[0] != spec:
            print("YuNet is left out: there is no file of it.")
            continue
        detector = detect.open_detector(wanted)
        answers = {}
        for name, way in ways.items():
            with mock.patch.object(detector, "_refiner", way):
                answers[name] = found(framed, wanted)
        both = [i for i in range(len(test)) if all(faces[i] for faces in answers.values())]
        draws = resample_people(people[both], draws=1000)
        right = {}
        for name, faces in answers.items():
            kept = [faces[i] for i in both]
            predictions = np.stack([p.probabilities for p in attributes.predict(kept)])
            right[name] = ((predictions >= 0.5) == labels[both]).mean(1)
            eyes = [eye_error(f.warp, framed[i].warp) for f, i in zip(kept, both, strict=True)]
            turns = [turn_error(f.warp, framed[i].warp) for f, i in zip(kept, both, strict=True)]
            gain = right[name] - right["point network"]
            low, high = interval(draws @ gain / draws.sum(1))
            table.append(
                {
                    "detector": spec,
                    "way": name,
                    "faces": len(both),
                    "eye_error_px": f"{np.mean(eyes):.3f}",
                    "eye_error_median_px": f"{np.median(eyes):.3f}",
                    "turn_error_degrees": f"{np.std(turns):.2f}",
                    "accuracy": f"{accuracy(predictions, labels[both]).mean():.5f}",
                    "gain_low": f"{low:.5f}",
                    "gain_high": f"{high:.5f}",
                    "milliseconds": f"{1000 * seconds[name]:.2f}",
                }
            )
    write("straighten", table)


if __name__ == "__main__":
    main()
