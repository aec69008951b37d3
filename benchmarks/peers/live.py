"""The camera's frames by fastai: each as a whole to `learn.predict`, no face looked for."""

from itertools import cycle
from pathlib import Path

from peers.alone import Job


def fastai(folder: Path, _cores: int) -> Job:
    from fastai.vision.all import PILImage, load_learner

    learn = load_learner(folder / "export.pkl")
    frames = cycle([path.read_bytes() for path in sorted((folder / "frames").glob("*.jpg"))])

    def job() -> object:
        with learn.no_bar():
            return learn.predict(PILImage.create(next(frames)))[2]

    return job
