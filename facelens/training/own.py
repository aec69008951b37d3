"""Your own photos and a table of yes and no, made into a set of faces to learn from."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facelens.download import SPLITS, Sample, write_split
from facelens.errors import DataError, OutputError, PhotoError
from facelens.faces import find_faces
from facelens.photo import printable, read_photo

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from facelens.model import Model
    from facelens.training.data import Store
    from facelens.training.learn import Recipe

SHARES = (0.7, 0.15, 0.15)
YES, NO = {"1", "yes", "y", "true", "t"}, {"0", "no", "n", "false", "f"}
_TRIES = 50
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Line:
    """A photo of the table: its name below the folder, who is on it, and the answers.

    An answer is None where the table leaves it blank.
    """

    photo: str
    person: str
    answers: tuple[bool | None, ...]


@dataclass(frozen=True)
class Prepared:
    """What `prepare` made: a folder of parquet files, and the table of what it left out."""

    out: Path
    names: tuple[str, ...]
    faces: dict[str, int]
    left_out: tuple[tuple[str, str], ...]
    crowded: int

    @property
    def errors_out(self) -> Path:
        return self.out / "errors.csv"

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {split}" for split, count in self.faces.items())
        text = f"{sum(self.faces.values()):,} faces are in {self.out}: {counts}."
        if self.left_out:
            text += f" {len(self.left_out):,} photos were left out; {self.errors_out} says why."
        if self.crowded:
            text += f" Of {self.crowded:,} photos with several faces the largest one was taken."
        return text


def read_table(path: Path) -> tuple[tuple[str, ...], list[Line]]:
    """The names of the questions, and a line a photo.

    `path` is a .csv with a column `photo`, perhaps one `person`, and columns of yes and no (or
    true and false, 1 and 0) under any names; commas, semicolons or tabs between them.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{path} cannot be read; save the table as .csv in UTF-8.") from None
    first = text.partition("\n")[0]
    between = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=between) if any(row)]
    header = [name.strip() for name in rows[0]] if rows else []
    if header.count("photo") != 1 or len(set(header)) < len(header) or "" in header:
        raise DataError(f"{path} needs a first line of names, all different, photo among them.")
    names = tuple(name for name in header if name not in ("photo", "person"))
    if not names or {"image", "celeb_id"} & set(names):
        raise DataError(
            f"{path} needs columns of yes and no besides photo and person, none of them called "
            "image or celeb_id."
        )
    lines, seen = [], set()
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise DataError(f"{path}, row {number}: {len(row)} fields, not {len(header)}.")
        fields = {name: value.strip() for name, value in zip(header, row, strict=True)}
        if not fields["photo"] or fields["photo"] in seen:
            raise DataError(f"{path}, row {number}: every row names a photo of its own.")
        seen.add(fields["photo"])
        answers = tuple(_answer(path, number, name, fields[name]) for name in names)
        lines.append(Line(fields["photo"], fields.get("person", ""), answers))
    return names, lines


def _answer(path: Path, number: int, name: str, value: str) -> bool | None:
    word = value.lower()
    if word and word not in YES | NO:
        raise DataError(
            f"{path}, row {number}: {name} is {value!r}, neither yes nor no; leave blank what "
            "cannot be said, and take out columns that are no question."
        )
    return word in YES if word else None


def prepare(
    photos: Path,
    table: Path,
    out: Path,
    *,
    detector: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Prepared:
    """Find and straighten the face on each photo and write it with its answers.

    The faces are split 70/15/15 into train, valid and test; all photos of one person go to one
    split. Where a photo shows several faces the largest is taken. A photo with a blank answer,
    without a face or that cannot be read is left out, and errors.csv says so.

    Args:
        photos: the folder that the table's names start from.
        table: as for `read_table`.
        out: a folder for train-, valid- and test-*.parquet, in CelebA's layout.
        detector: as for `find_faces`.
        seed: decides the split.
        progress: called with the photos done and all photos.
    """
    from facelens import parquet

    parquet.need_pyarrow()
    names, lines = read_table(table)
    whole = [line for line in lines if None not in line.answers]
    left_out = [
        (line.photo, f"No answer to {names[line.answers.index(None)]}.")
        for line in lines
        if None in line.answers
    ]
    chosen, person = _split(whole, seed)
    crowded, done = 0, len(left_out)

    def samples(split: int) -> Iterator[Sample]:
        nonlocal crowded, done
        for i in np.flatnonzero(chosen == split):
            line = whole[i]
            crop, faces, reason = _look(photos, line.photo, detector)
            done += 1
            if progress:
                progress(done, len(lines))
            if reason:
                left_out.append((line.photo, reason))
                continue
            crowded += faces > 1
            yield Sample(crop, line.photo, int(person[i]), [bool(a) for a in line.answers])

    _open(out)
    try:
        faces = {
            split: write_split(out / f"{split}-00000-of-00001.parquet", samples(index), names)
            for index, split in enumerate(SPLITS)
        }
        left_out.sort()
        with (out / "errors.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([("photo", "reason"), *left_out])
    except OSError as error:
        raise OutputError(f"{out} could not be written: {error.strerror or error}.") from error
    for split, count in faces.items():
        if not count:
            why = left_out[-1][1] if left_out else ""
            raise DataError(f"No face is left for {split}; give more photos. {why}".strip())
    return Prepared(out, names, faces, tuple(left_out), crowded)


def _open(out: Path) -> None:
    """Make `out`; write over what an earlier call left there and over nothing else."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        others = any(out.glob("*.parquet")) and not (out / "errors.csv").is_file()
    except OSError as error:
        raise OutputError(f"{out} could not be written: {error.strerror or error}.") from error
    if others:
        raise OutputError(f"{out} holds another data set; name another folder.")


def _look(photos: Path, name: str, detector: str | None) -> tuple[bytes, int, str]:
    """The straightened crop of the largest face as PNG, how many faces, or why there is none."""
    from PIL import Image

    try:
        faces = find_faces(read_photo(photos / name, name=name), detector=detector)
    except PhotoError as error:
        return b"", 0, str(error)
    if not faces:
        return b"", 0, "No face was found."
    stream = io.BytesIO()
    Image.fromarray(faces[0].crop).save(stream, "PNG")
    return stream.getvalue(), len(faces), ""


def _split(lines: Sequence[Line], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The split 0, 1 or 2 of each line, and the number of its person.

    Of some seeded shuffles the one whose splits resemble each other most: a rare yes should not
    all land in one of them.
    """
    if not lines:
        raise DataError("No photo of the table has all its answers.")
    known = [line.person or f"\0{line.photo}" for line in lines]
    people, person = np.unique(known, return_inverse=True)
    if len(people) < len(SHARES):
        raise DataError(
            f"{len(people)} {'person is' if len(people) == 1 else 'people are'} too few: train, "
            "valid and test need different ones."
        )
    answers = np.array([line.answers for line in lines], float)
    photos = np.bincount(person)
    best, least = person, np.inf
    draw = np.random.default_rng(seed)
    for _ in range(_TRIES):
        order = draw.permutation(len(people))
        reached = (np.cumsum(photos[order]) - photos[order] / 2) / len(lines)
        of_person = np.empty(len(people), int)
        of_person[order] = np.searchsorted(np.cumsum(SHARES)[:-1], reached)
        # Even with few people each split has one.
        of_person[order[-1]], of_person[order[0]] = 2, 0
        if 1 not in of_person:
            of_person[order[-2]] = 1
        split = of_person[person]
        means = np.stack([answers[split == index].mean(0) for index in range(3)])
        sizes = np.bincount(split, minlength=3) / len(lines)
        unlike = np.abs(means - answers.mean(0)).max() + np.abs(sizes - SHARES).max()
        if unlike < least:
            best, least = split, unlike
    return best, person


# from the faces to a network


def backbone(model: "Model", folder: Path) -> Path:
    """Write what a bundle's network knows of faces as a file to start from.

    Pass it to `learn.train` as `backbone_weights`, with a recipe of the same architecture.
    """
    import torch
    import torchvision
    from safetensors.torch import load

    from facelens.training.network import build

    learnt = load(model.bundle.read("model.safetensors"))
    arch = model.config.architecture
    net = torchvision.models.get_model(arch)
    state, prefix = net.state_dict(), "features." if hasattr(net, "features") else ""
    for name, value in build(arch, 1, from_scratch=True).body.state_dict().items():
        state[f"{prefix}{name}"] = learnt[f"body.{name}"].to(value.dtype)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{model.config.name}.pt"
    torch.save(state, path)
    return path


def recipe(
    train: "Store", arch: str, *, epochs: int = 8, size: tuple[int, int] = (160, 128)
) -> "Recipe":
    """A schedule for some hundreds of faces: the head alone, then all, gently."""
    from facelens.training import learn

    sizes = ((0, *size),)
    batch = max(4, min(32, len(train) // 4))
    return learn.Recipe(
        arch=arch,
        stages=(
            learn.Stage(max(1, epochs // 2), frozen=True, rate=5e-3, sizes=sizes),
            learn.Stage(epochs, frozen=False, rate=5e-4, sizes=sizes),
        ),
        batch_size=batch,
        ema=0.9,
        mixup=0.0,
    )


# to look at


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

    from facelens.loose import frame

    names = names or {"glasses": "Eyeglasses", "smile": "Smiling"}
    photos, table = folder / "photos", folder / "table.csv"
    photos.mkdir(parents=True, exist_ok=True)
    labels = store.only(list(names.values())).labels
    chosen = _balanced(labels, count, seed)
    rows = []
    for number, i in enumerate(chosen):
        framed = frame(np.asarray(store.images[i]), seed, int(i))
        Image.fromarray(_around(framed.canvas, framed.centre, framed.width)).save(
            photos / f"photo{number:04}.jpg", quality=92
        )
        answers = ["yes" if answer else "no" for answer in labels[i]]
        rows.append([f"photo{number:04}.jpg", f"person {store.people[i]}", *answers])
    nothing = ["no"] * len(names)
    Image.new("RGB", (320, 240), "steelblue").save(photos / "sky.jpg")
    (photos / "notes.jpg").write_text("not a photo")
    rows[-1][2] = ""
    rows += [["sky.jpg", "", *nothing], ["notes.jpg", "", *nothing]]
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["photo", "person", *names], *rows])
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
    """The first photos of a table, the face that is found in each, and its straightened crop."""
    from matplotlib import pyplot as plt

    from facelens.training import plots

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

    from facelens.training import plots

    names = next(iter(stores.values())).names
    figure, axis = plt.subplots(figsize=(7, 0.8 + 0.5 * len(names)))
    for place, (split, store) in enumerate(stores.items()):
        rows = np.arange(len(names)) + (place - 1) * 0.25
        label = f"{split}, {len(store):,} faces"
        axis.barh(rows, 100 * store.labels.mean(0), 0.22, color=plots.SERIES[place], label=label)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.set_xlabel("of 100 faces: yes")
    axis.legend()
    return figure


def scores(model: "Model", test: "Store", *, draws: int = 400) -> "pd.DataFrame":
    """How good the answers on `test` are, with 95 % intervals by bootstrap over people."""
    import pandas as pd

    from facelens import metrics

    answers = model.predict(list(test.images))
    said = np.stack([answer.probabilities for answer in answers]) >= 0.5
    weights = metrics.resample_people(test.people, draws=draws)
    rows = []
    for a, name in enumerate(test.names):
        right = said[:, a] == test.labels[:, a]
        low, high = metrics.interval(weights @ right / np.maximum(weights.sum(1), 1))
        yes = test.labels[:, a]
        rows.append(
            {
                "question": name,
                "faces": len(test),
                "yes": int(yes.sum()),
                "found": int((said[:, a] & yes).sum()),
                "called wrongly": int((said[:, a] & ~yes).sum()),
                "accuracy": right.mean(),
                "low": low,
                "high": high,
                "constant answer": max(yes.mean(), 1 - yes.mean()),
            }
        )
    return pd.DataFrame(rows)


def scores_plot(table: "pd.DataFrame") -> "Figure":
    """Accuracy with its interval, and what a constant answer would have reached."""
    from facelens.training import plots

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


def answered(model: "Model", test: "Store", *, count: int = 6) -> "Figure":
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
        heat = model.activation_map(crop, model.names[0])
        below.imshow(heat, alpha=0.5, extent=(0, width, height, 0), interpolation="bilinear")
        below.set_title(model.names[0], fontsize=8)
        above.axis("off")
        below.axis("off")
    return figure
