"""Photo bytes to 40 probabilities: Facelens beside what people would use instead.

    python benchmarks/answer.py [--rounds N]

The photo is the bundled example on a canvas of 640x480. The network is ResNet50 at 224 for all
(`peers/network.py`), as int8 where that is said; the last ways are the whole road of the default
bundle, which finds and straightens the face too. Each way runs alone in a process, on two cores
and on one, all in turns. The peers' Python is named by FACELENS_PEERS, YuNet's file by
FACELENS_DETECTOR. Writes benchmarks/results/answer.csv; needs the extra `train`.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from measure import EXAMPLE, write
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process
from peers import alone
from peers.alone import Job, in_rounds, run

import facelens
from facelens.bundles.session import open_session
from facelens.faces import detector_in_use
from facelens.imagenet import MEAN, STD
from facelens.training.quantise import KEPT

SIZE = 224
FASTAI = "fastai: load_learner, learn.predict"
# A way of the peers, where it is, and the libraries that it asks for.
PEERS = {
    FASTAI: ("fastai", ["fastai", "torch", "torchvision"]),
    "PyTorch, eager": ("eager", ["torch", "torchvision"]),
    "PyTorch, torch.compile": ("compiled", ["torch", "torchvision"]),
    "Gradio Interface over HTTP, PyTorch eager": ("gradio", ["gradio", "torch", "torchvision"]),
    "ONNX Runtime, fp32": ("onnxruntime", ["onnxruntime"]),
    "ONNX Runtime, int8": ("onnxruntime_int8", ["onnxruntime"]),
    "OpenVINO, fp32": ("openvino", ["openvino", "openvino-telemetry"]),
    "OpenVINO, int8": ("openvino_int8", ["openvino", "openvino-telemetry"]),
}
OURS = {
    "facelens, the same ResNet50 in fp32": "fp32",
    "facelens, the same ResNet50 in int8": "int8",
    "facelens, the whole road with YuNet": "road_yunet",
    "facelens, the whole road with our own finder": "road_own",
    "facelens, the whole road with the cascades": "road_haar",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    theirs = alone.python()
    ways = {name: (theirs, f"peers.answer:{way}") for name, (way, _) in PEERS.items()}
    ours = {name: way for name, way in OURS.items() if way != "road_yunet" or has_yunet()}
    ways |= {name: (sys.executable, f"answer:{way}") for name, way in ours.items()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "photo.jpg").write_bytes(photo())
        run(theirs, "peers.network", folder)
        run(theirs, "peers.learner", folder)
        quantise(folder / "resnet50.onnx", folder / "resnet50_int8.onnx")
        measured = in_rounds(ways, folder, rounds=args.rounds)
    weights = {
        name: float(run(theirs, "peers.alone", "installed", *libraries))
        for name, (_, libraries) in PEERS.items()
    }
    weights |= dict.fromkeys(OURS, float(alone.installed("onnxruntime")))
    write(
        "answer",
        [
            {
                "way": name,
                "cores": cores,
                **_columns(told, measured[FASTAI, cores]["seconds"]),
                "library_megabytes": f"{weights[name] / 1e6:.0f}",
            }
            for (name, cores), told in measured.items()
        ],
    )


def _columns(told: dict[str, Any], fastai: float) -> dict[str, str]:
    return {
        "milliseconds": f"{1e3 * told['seconds']:.1f}",
        "times_as_fast_as_fastai": f"{fastai / told['seconds']:.2f}",
        "cpu_milliseconds": f"{1e3 * told['cpu_seconds']:.1f}",
        "peak_megabytes": f"{told['peak_bytes'] / 1e6:.0f}",
        "seconds_to_first_answer": f"{told['ready']:.1f}",
        "failed": told.get("failed", ""),
    }


def has_yunet() -> bool:
    """Say whether FACELENS_DETECTOR or the cache has YuNet."""
    return detector_in_use() == "yunet"


def photo() -> bytes:
    """The example as a JPEG of 640x480: its upper part, where the face is."""
    picture = cv2.imread(str(EXAMPLE))
    picture = cv2.resize(picture, (640, 640), interpolation=cv2.INTER_CUBIC)[:480]
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


class Crops(quantization.CalibrationDataReader):
    """Pieces of the example, for the ranges of a network that has learnt nothing."""

    def __init__(self) -> None:
        picture = cv2.imread(str(EXAMPLE))
        corners = np.random.default_rng(0).integers(0, min(picture.shape[:2]) - SIZE, (16, 2))
        self.inputs = iter(network_input(picture[y : y + SIZE, x : x + SIZE]) for y, x in corners)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(({"pictures": each} for each in self.inputs), None)


def quantise(path: Path, out: Path) -> None:
    """Static int8 per channel, written as QDQ, as `facelens.training` does for a bundle."""
    folded = path.with_suffix(".folded.onnx")
    quant_pre_process(path, folded, skip_symbolic_shape=True)
    convolutions = [node.name for node in onnx.load(folded).graph.node if node.op_type == "Conv"]
    first = convolutions[:KEPT]
    quantization.quantize_static(
        folded,
        out,
        Crops(),
        quant_format=quantization.QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "Relu", "Add", "MaxPool"],
        per_channel=True,
        nodes_to_exclude=first,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )


def network_input(crop: np.ndarray) -> np.ndarray:
    """RGB uint8 (224, 224, 3) as the network takes it, float32 (1, 3, 224, 224)."""
    picture = np.empty((1, 3, *crop.shape[:2]), np.float32)
    for channel, plane in enumerate(cv2.split(crop)):
        np.multiply(plane, 1 / (255 * STD[channel]), out=picture[0, channel])
        picture[0, channel] -= MEAN[channel] / STD[channel]
    return picture


def fp32(folder: Path, _cores: int) -> Job:
    return _same(folder / "resnet50.onnx", folder)


def int8(folder: Path, _cores: int) -> Job:
    return _same(folder / "resnet50_int8.onnx", folder)


def road_yunet(folder: Path, _cores: int) -> Job:
    return _road(folder, None)


def road_own(folder: Path, _cores: int) -> Job:
    return _road(folder, "own")


def road_haar(folder: Path, _cores: int) -> Job:
    return _road(folder, "haar")


def _same(graph: Path, folder: Path) -> Job:
    """What the peers do: the middle of the picture, no face looked for."""
    session = open_session(graph)
    data = (folder / "photo.jpg").read_bytes()

    def job() -> np.ndarray:
        pixels = facelens.read_photo(data).pixels
        height, width = pixels.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        middle = pixels[top : top + side, left : left + side]
        half = cv2.resize(middle, (side // 2, side // 2), interpolation=cv2.INTER_AREA)
        crop = cv2.resize(half, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
        logits = session.run(["logits"], {"pictures": network_input(crop)})[0]
        return 1 / (1 + np.exp(-logits))

    return job


def _road(folder: Path, detector: str | None) -> Job:
    model = facelens.load_model()
    data = (folder / "photo.jpg").read_bytes()

    def job() -> np.ndarray:
        faces = facelens.find_faces(facelens.read_photo(data), detector=detector)
        return model.predict(faces[:1])[0].probabilities

    return job


if __name__ == "__main__":
    main()
