"""Lesson 9: a network of one's own labels."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facelens.data.custom import read_table
from facelens.errors import PhotoError
from facelens.faces import find_faces
from facelens.files import atomic_write, write_text
from facelens.photo import printable, read_photo
from facelens.tables import write_table
from facelens.training.recipe import Recipe, Stage

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from facelens.tasks.attributes.model import AttributeModel
    from facelens.training.data import Store


def backbone(model: "AttributeModel", folder: Path) -> Path:
    """Write what a bundle's network knows of faces as a file to start from.

    Pass it to `learn.train` as `backbone_weights`, with a recipe of the same architecture.
    """
    import torch
    import torchvision
    from safetensors.torch import load

    from facelens.training.network import build, fitted

    arch = model.config.architecture
    whole = build(arch, 1, from_scratch=True)
    learnt = fitted(load(model.bundle.read("model.safetensors")), whole)
    net = torchvision.models.get_model(arch)
    state, prefix = net.state_dict(), "features." if hasattr(net, "features") else ""
    for name, value in whole.body.state_dict().items():
        state[f"{prefix}{name}"] = learnt[f"body.{name}"].to(value.dtype)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{model.config.name}.pt"
    with atomic_write(path, failures=(RuntimeError,)) as draft:
        torch.save(state, draft)
    return path


def recipe(
    train: "Store", arch: str, *, epochs: int = 8, size: tuple[int, int] = (160, 128)
) -> "Recipe":
    """A schedule for some hundreds of faces: the head alone, then all, gently."""
    sizes = ((0, *size),)
    batch = max(4, min(32, len(train) // 4))
    return Recipe(
        arch=arch,
        stages=(
            Stage(max(1, epochs // 2), frozen=True, rate=5e-3, sizes=sizes),
            Stage(epochs, frozen=False, rate=5e-4, sizes=sizes),
        ),
        batch_size=batch,
        ema=0.9,
        mixup=0.0,
    )


def example(
    store: "Store",
    folder: Path,
    *,
    count: int = 400,
    names: dict[str, str] | None = None,
    seed: int = 0,
) -> tuple[Path, Path]:
    """Make a folder of photos and a table of `store`, as if they were your own.

    Each face lies somewhere on a larger picture, turned and scaled, so that it has to be found.
    One photo shows nobody, one is no photo and one answer is blank: that happens.

    Args:
        names: the table's columns and which of the store's attributes they are.

    Returns:
        The folder of photos, and the table.
    """
    from PIL import Image

    from facelens.data.synthetic import place_on_canvas

    names = names or {"glasses": "Eyeglasses", "smile": "Smiling"}
    photos, table = folder / "photos", folder / "table.csv"
    photos.mkdir(parents=True, exist_ok=True)
    labels = store.only(list(names.values())).labels
    chosen = _balanced(labels, count, seed)
    rows = []
    for number, i in enumerate(chosen):
        framed = place_on_canvas(np.asarray(store.images[i]), seed, int(i))
        Image.fromarray(_around(framed.canvas, framed.centre, framed.width)).save(
            photos / f"photo{number:04}.jpg", quality=92
        )
        answers = ["yes" if answer else "no" for answer in labels[i]]
        rows.append([f"photo{number:04}.jpg", f"person {store.people[i]}", *answers])
    nothing = ["no"] * len(names)
    Image.new("RGB", (320, 240), "steelblue").save(photos / "sky.jpg")
    write_text(photos / "notes.jpg", "not a photo")
    rows[-1][2] = ""
    rows += [["sky.jpg", "", *nothing], ["notes.jpg", "", *nothing]]
    write_table(table, rows, ["photo", "person", *names])
    return photos, table


def _balanced(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Rows of which about a third says yes to the rarest question, where there are enough."""
    draw = np.random.default_rng(seed)
    rare = labels[:, labels.mean(0).argmin()]
    yes, no = (draw.permutation(np.flatnonzero(side)) for side in (rare, ~rare))
    yes = yes[: count // 3]
    return draw.permutation(np.concatenate([yes, no[: count - len(yes)]]))


def _around(canvas: np.ndarray, centre: tuple[float, float], width: float) -> np.ndarray:
    """The part of a canvas around a face, as large as a portrait would be."""
    x, y = centre
    top, bottom = max(0, int(y - 1.6 * width)), int(y + 1.6 * width)
    return canvas[top:bottom, max(0, int(x - 1.6 * width)) : int(x + 1.6 * width)]


def shown(photos: Path, table: Path, *, count: int = 4, detector: str | None = None) -> "Figure":
    """The first photos of a table, the face that is found in each, and its aligned crop."""
    from matplotlib import pyplot as plt

    from facelens.lessons import plots

    _, lines = read_table(table)
    figure, axes = plt.subplots(2, count, figsize=(2.2 * count, 4.6), squeeze=False)
    for (above, below), line in zip(axes.T, lines, strict=False):
        above.axis("off")
        below.axis("off")
        try:
            photo = read_photo(photos / line.photo)
        except PhotoError as error:
            above.set_title(printable(str(error))[:30], fontsize=8)
            continue
        above.imshow(photo.pixels)
        above.set_title(line.photo, fontsize=8)
        for face in find_faces(photo, detector=detector)[:1]:
            x, y, w, h = face.box
            above.add_patch(plt.Rectangle((x, y), w, h, fill=False, color=plots.TEAL, linewidth=2))
            below.imshow(face.crop)
    return figure


def answers_plot(stores: "dict[str, Store]") -> "Figure":
    """How many of 100 faces have a yes, question by question and split by split."""
    from matplotlib import pyplot as plt

    from facelens.lessons import plots

    names = next(iter(stores.values())).names
    figure, axis = plt.subplots(figsize=(7, 0.8 + 0.5 * len(names)))
    for place, (split, store) in enumerate(stores.items()):
        rows = np.arange(len(names)) + (place - 1) * 0.25
        label = f"{split}, {len(store):,} faces"
        axis.barh(rows, 100 * store.rates, 0.22, color=plots.SERIES[place], label=label)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.set_xlabel("of 100 faces: yes")
    axis.legend()
    return figure


def scores(model: "AttributeModel", test: "Store", *, draws: int = 400) -> "pd.DataFrame":
    """How good the answers on `test` are, with 95 % intervals by bootstrap over people."""
    import pandas as pd

    from facelens import metrics

    answers = model.predict(list(test.images))
    said = np.stack([answer.probabilities for answer in answers]) >= 0.5
    weights = metrics.resample_people(test.people, draws=draws)
    rows = []
    for a, name in enumerate(test.names):
        there = np.ones(len(test), bool) if test.known is None else test.known[:, a]
        yes, called = test.labels[there, a], said[there, a]
        right, drawn = called == yes, weights[:, there]
        low, high = metrics.interval(drawn @ right / np.maximum(drawn.sum(1), 1))
        rows.append(
            {
                "question": name,
                "faces": len(yes),
                "yes": int(yes.sum()),
                "found": int((called & yes).sum()),
                "called wrongly": int((called & ~yes).sum()),
                "accuracy": right.mean(),
                "low": low,
                "high": high,
                "constant answer": max(yes.mean(), 1 - yes.mean()),
            }
        )
    return pd.DataFrame(rows)


def scores_plot(table: "pd.DataFrame") -> "Figure":
    """Accuracy with its interval, and what a constant answer would have reached."""
    from facelens.lessons import plots

    figure = plots.bars(
        list(table["question"]),
        list(table["accuracy"]),
        errors=list(zip(table["low"], table["high"], strict=True)),
        label="accuracy on the test faces; grey: a constant answer",
    )
    axis = figure.axes[0]
    axis.plot(table["constant answer"], range(len(table)), "|", color=plots.GREY, markersize=18,
              markeredgewidth=3)  # fmt: skip
    axis.set_xlim(0, 1)
    return figure


def answered(model: "AttributeModel", test: "Store", *, count: int = 6) -> "Figure":
    """Some test faces with each answer, and where the network looks for the first question."""
    from matplotlib import pyplot as plt

    crops = list(test.images[:count])
    figure, axes = plt.subplots(2, len(crops), figsize=(1.9 * len(crops), 5), squeeze=False)
    for (above, below), crop, answer in zip(axes.T, crops, model.predict(crops), strict=True):
        chances = zip(answer.names, answer.probabilities, strict=True)
        above.set_title("\n".join(f"{name} {chance:.2f}" for name, chance in chances), fontsize=8)
        above.imshow(crop)
        below.imshow(crop)
        height, width, _ = crop.shape
        heat = model.predict([crop], maps=True)[0].evidence(model.names[0])
        below.imshow(heat, alpha=0.5, extent=(0, width, height, 0), interpolation="bilinear")
        below.set_title(model.names[0], fontsize=8)
        above.axis("off")
        below.axis("off")
    return figure
