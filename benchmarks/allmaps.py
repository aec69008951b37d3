"""Where the network looks, for all 40 attributes of one face: beside pytorch-grad-cam.

    python benchmarks/allmaps.py [--rounds N]

Grad-CAM takes a forward and a backward pass an attribute; with a head of global average pooling
and one linear layer the class activation maps are exact and come with the answer, in one pass.
Every way gives its maps at the size of its input. Each runs alone in a process, on two cores and
on one, all in turns. The peers' Python is named by FACELENS_PEERS. Writes
benchmarks/results/allmaps.csv.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from measure import EXAMPLE, write
from peers import alone
from peers.alone import Job, in_rounds, run
from PIL import Image

import facelens
from facelens.bundles.session import open_session
from facelens.imagenet import MEAN, STD

SIZE = 224
FIRST = "pytorch-grad-cam, ResNet50 at 224, one target at a time"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    theirs = alone.python()
    ways = {
        FIRST: (theirs, "peers.gradcam:one_by_one"),
        "pytorch-grad-cam, ResNet50 at 224, a batch of all targets": (
            theirs,
            "peers.gradcam:batch",
        ),
        "exact maps, the same ResNet50 at 224 in fp32": (sys.executable, "allmaps:same"),
        f"exact maps, facelens ({facelens.load_model().title})": (sys.executable, "allmaps:look"),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        crop = facelens.find_faces(facelens.read_photo(EXAMPLE), detector="haar")[0].crop
        Image.fromarray(crop).save(folder / "crop.png")
        run(theirs, "peers.network", folder)
        measured = in_rounds(ways, folder, rounds=args.rounds)
    write(
        "allmaps",
        [
            {
                "way": name,
                "cores": cores,
                "milliseconds": f"{1e3 * told['seconds']:.1f}",
                "times_as_fast_as_grad_cam": (
                    f"{measured[FIRST, cores]['seconds'] / told['seconds']:.1f}"
                ),
                "peak_megabytes": f"{told['peak_bytes'] / 1e6:.0f}",
            }
            for (name, cores), told in measured.items()
        ],
    )


def same(folder: Path, _cores: int) -> Job:
    session = open_session(folder / "resnet50_maps.onnx")
    crop = cv2.imread(str(folder / "crop.png"))[:, :, ::-1]

    def job() -> np.ndarray:
        picture = cv2.resize(crop, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
        pictures = (picture / np.float32(255) - np.float32(MEAN)) / np.float32(STD)
        inputs = {"pictures": pictures.transpose(2, 0, 1)[None]}
        return enlarged(session.run(["maps"], inputs)[0][0], (SIZE, SIZE))

    return job


def look(folder: Path, _cores: int) -> Job:
    model = facelens.load_model()
    crop = np.array(Image.open(folder / "crop.png"))
    return lambda: enlarged(model.predict([crop], maps=True)[0].maps, crop.shape[1::-1])


def enlarged(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps float32 (attributes, h, w) at the picture's size (width, height)."""
    return np.stack([cv2.resize(each, size, interpolation=cv2.INTER_LINEAR) for each in maps])


if __name__ == "__main__":
    main()
