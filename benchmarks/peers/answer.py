"""Photo bytes to 40 probabilities, the ways of the peers' own documents.

Each takes the folder that holds photo.jpg and the networks, and gives the job; see `peers.alone`.
Libraries are imported where they are used, since each way is weighed alone.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from peers.alone import Job

if TYPE_CHECKING:
    import numpy as np
    from torch import nn


def fastai(folder: Path, _cores: int) -> Job:
    from fastai.vision.all import PILImage, load_learner

    learn = load_learner(folder / "export.pkl")
    data = (folder / "photo.jpg").read_bytes()

    def job() -> object:
        with learn.no_bar():
            return learn.predict(PILImage.create(data))[2]

    return job


def eager(folder: Path, _cores: int) -> Job:
    from peers.network import resnet50

    return _torch(resnet50(), folder)


def compiled(folder: Path, _cores: int) -> Job:
    import torch

    from peers.network import resnet50

    return _torch(torch.compile(resnet50()), folder)


def gradio(folder: Path, cores: int) -> Job:
    """An Interface of the same torch model, asked over HTTP by its own client."""
    import gradio
    import torch
    from gradio_client import Client, handle_file

    from peers.network import ATTRIBUTES, prepare, resnet50

    network, ready = resnet50(), prepare()
    names = [f"attribute_{i:02}" for i in range(ATTRIBUTES)]

    def predict(image: object) -> dict[str, float]:
        with torch.inference_mode():
            scores = torch.sigmoid(network(ready(image)[None]))[0]
        return dict(zip(names, scores.tolist(), strict=True))

    page = gradio.Interface(predict, gradio.Image(type="pil"), gradio.Label())
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True)
    # The server's worker threads begin with torch's own count, not with this process's.
    torch.set_num_threads(cores)
    client = Client(address, verbose=False)
    photo = str(folder / "photo.jpg")
    return lambda: client.predict(handle_file(photo), api_name="/predict")


def onnxruntime(folder: Path, cores: int) -> Job:
    return _onnxruntime(folder, "resnet50.onnx", cores)


def onnxruntime_int8(folder: Path, cores: int) -> Job:
    return _onnxruntime(folder, "resnet50_int8.onnx", cores)


def _onnxruntime(folder: Path, graph: str, cores: int) -> Job:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores
    session = onnxruntime.InferenceSession(
        folder / graph, options, providers=["CPUExecutionProvider"]
    )
    data = (folder / "photo.jpg").read_bytes()
    return lambda: _sigmoid(session.run(["logits"], {"pictures": pixels(data)})[0])


def openvino(folder: Path, cores: int) -> Job:
    return _openvino(folder, "resnet50.onnx", cores)


def openvino_int8(folder: Path, cores: int) -> Job:
    return _openvino(folder, "resnet50_int8.onnx", cores)


def pixels(data: bytes) -> "np.ndarray":
    """What the network takes, float32 (1, 3, 224, 224), without torch."""
    import io

    import numpy as np
    from PIL import Image

    image = Image.open(io.BytesIO(data)).convert("RGB")
    times = 224 / min(image.size)
    image = image.resize([round(side * times) for side in image.size], Image.Resampling.BILINEAR)
    left, top = ((side - 224) // 2 for side in image.size)
    crop = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32) / 255
    mean, std = np.float32((0.485, 0.456, 0.406)), np.float32((0.229, 0.224, 0.225))
    return np.ascontiguousarray(((crop - mean) / std).transpose(2, 0, 1)[None])


def _torch(network: "nn.Module", folder: Path) -> Job:
    import torch

    from peers.network import picture, prepare

    data, ready = (folder / "photo.jpg").read_bytes(), prepare()

    def job() -> object:
        with torch.inference_mode():
            return torch.sigmoid(network(ready(picture(data))[None]))[0].numpy()

    return job


def _openvino(folder: Path, graph: str, cores: int) -> Job:
    from openvino import Core

    # Left to itself, OpenVINO computes in bfloat16 where the processor can.
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": cores,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    network = Core().compile_model(str(folder / graph), "CPU", settings)
    data = (folder / "photo.jpg").read_bytes()
    return lambda: _sigmoid(network(pixels(data))[0])


def _sigmoid(logits: "np.ndarray") -> "np.ndarray":
    import numpy as np

    return 1 / (1 + np.exp(-logits))
