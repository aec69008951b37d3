"""YOLO's text folders: images/, and labels/ with a text file a picture, a line a box.

A line is "class x y width height": the number of a class, the middle and the size of its box as
shares of the picture's. The classes' names are in data.yaml or classes.txt. Splits are directories
below images/ and labels/, or above them. A picture without a text file holds no box.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from facelens.data.boxed import (
    SUFFIXES,
    BoxedPhoto,
    as_array,
    check_box,
    check_label,
    number_of,
    read_picture,
    read_text,
)
from facelens.errors import DataError, printable
from facelens.files import write_bytes, write_text

SPLITS = {"train": "train", "valid": "valid", "val": "valid", "test": "test"}
_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "labels/classes.txt")


def is_yolo(folder: Path) -> bool:
    """Whether a directory is laid out like this."""
    return any(True for _ in folder.glob("**/labels")) and any(True for _ in _pictures(folder))


def _pictures(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and "images" in path.relative_to(folder).parts[:-1]
        and path.is_file()
    )


def _exchanged(path: Path, folder: Path, old: str, new: str) -> Path:
    """The same path below `new`, where that below `old` is."""
    parts = list(path.relative_to(folder).parts)
    parts[len(parts) - 2 - parts[-2::-1].index(old)] = new
    return folder.joinpath(*parts)


def read_yolo(folder: Path, classes: Sequence[str] | None = None) -> dict[str, list[BoxedPhoto]]:
    """Read all photos, in the order of their paths, by split; "" if the directory has none.

    Raises:
        DataError: a line is wrong, a picture is missing, or the names of the classes are.
    """
    names = _names(folder)
    used, found = set(), dict[str, list[BoxedPhoto]]()
    for picture in _pictures(folder):
        text = _exchanged(picture, folder, "images", "labels").with_suffix(".txt")
        used.add(text)
        split = next(
            (SPLITS[part] for part in picture.relative_to(folder).parts if part in SPLITS), ""
        )
        found.setdefault(split, []).append(_photo(picture, text, names, classes))
    for text in sorted(folder.glob("**/labels/**/*.txt")):
        if text not in used and text.name != "classes.txt":
            picture = _exchanged(text, folder, "labels", "images").with_suffix("")
            raise DataError(f"{text}: its picture {picture}.jpg or .png is missing.")
    if "" in found and len(found) > 1:
        raise DataError(
            f"{folder}: {printable(found[''][0].name)} is in none of the splits "
            f"{', '.join(sorted(set(found) - {''}))}; move it into one."
        )
    return found


def _photo(
    picture: Path, text: Path, names: list[str], classes: Sequence[str] | None
) -> BoxedPhoto:
    data = read_picture(picture, str(text))
    height, width = BoxedPhoto(picture.name, data, as_array([]), ()).pixels.shape[:2]
    boxes, labels = [], []
    lines = read_text(text).decode("utf-8-sig", "replace").splitlines() if text.exists() else []
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields:
            continue
        where = f"{text}, line {number}"
        if len(fields) != 5:
            raise DataError(
                f"{where}: {len(fields)} fields, not the 5 of a box: class, x, y, width, height."
            )
        of_class, x, y, w, h = (number_of(value, where) for value in fields)
        if of_class not in range(len(names)):
            raise DataError(
                f"{where}: class {printable(fields[0][:40])} is none of the {len(names)} that have "
                f"a name: {', '.join(names) or 'there are none'}."
            )
        if not 0 <= min(x, y, w, h) <= max(x, y, w, h) <= 1:
            raise DataError(f"{where}: a number is not from 0 to 1, a share of the picture.")
        labels.append(check_label(names[int(of_class)], classes, where))
        edges = ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width)
        boxes.append(check_box((*edges, (y + h / 2) * height), (width, height), where))
    return BoxedPhoto(picture.name, data, as_array(boxes), tuple(labels))


def _names(folder: Path) -> list[str]:
    """The names of the classes, in order."""
    for name in _NAMES:
        path = folder / name
        if path.is_file():
            text = read_text(path).decode("utf-8-sig", "replace")
            if path.suffix == ".txt":
                return [line.strip() for line in text.splitlines() if line.strip()]
            return _of_yaml(text)
    raise DataError(f"{folder} has neither data.yaml nor classes.txt, which name the classes.")


def _of_yaml(text: str) -> list[str]:
    """`names` of a data.yaml: [a, b], {0: a, 1: b}, or a line each, with a dash or a number.

    Not the whole of YAML, for which a package would be needed.
    """
    found = re.search(
        r"^names:[ \t]*(?:#.*)?(.*(?:\n(?:[ \t]+.*|-.*|[ \t]*))*)", text, re.MULTILINE
    )
    if not found:
        return []
    body = found[1].strip()
    if body[:1] in ("[", "{"):
        parts = body[1 : body.find("]" if body[0] == "[" else "}")].split(",")
    else:
        parts = [re.sub(r"^\s*-\s+", "", line) for line in body.splitlines()]
    parts = [re.sub(r"^\s*\d+\s*:\s+", "", part) for part in parts]
    names = [re.sub(r"\s+#.*", "", part).strip() for part in parts]
    return [_unquoted(name) for name in names if name and not name.startswith("#")]


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        try:
            return str(json.loads(text))
        except ValueError:
            return text[1:-1]
    return text


def write_yolo(folder: Path, splits: dict[str, list[BoxedPhoto]], classes: Sequence[str]) -> None:
    """Write images/, labels/ and data.yaml, the splits as directories, into a folder."""
    for split, photos in splits.items():
        images, labels = folder / "images" / split, folder / "labels" / split
        for path in (images, labels):
            path.mkdir(parents=True, exist_ok=True)
        for photo in photos:
            name = photo.file_name
            write_bytes(images / name, photo.data)
            text = labels / f"{Path(name).stem}.txt"
            write_text(text, _lines(photo, classes))
    lines = ["path: ."]
    keys = {"train": "train", "valid": "val", "test": "test"}
    lines += [f"{keys[split]}: images/{split}" for split in splits if split]
    lines += ["train: images"] if "" in splits else []
    # A string of JSON is one of YAML too.
    lines += ["names:", *(f"  {i}: {json.dumps(name)}" for i, name in enumerate(classes))]
    yaml = "\n".join(lines) + "\n"
    write_text(folder / "data.yaml", yaml)


def _lines(photo: BoxedPhoto, classes: Sequence[str]) -> str:
    height, width = photo.pixels.shape[:2]
    lines = []
    for (x1, y1, x2, y2), label in zip(photo.boxes.astype(float), photo.labels, strict=True):
        numbers = (
            (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height,
        )  # fmt: skip
        # Nine digits: a millionth of a pixel of the largest photo that is read.
        shares = " ".join(f"{number:.9f}" for number in numbers)
        lines.append(f"{list(classes).index(label)} {shares}\n")
    return "".join(lines)
