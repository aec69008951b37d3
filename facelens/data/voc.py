"""Pascal VOC folders: a picture, and an XML file of the same name that says what is boxed in it.

As Kaggle's "Face Mask Detection" has them, images/ and annotations/, or with VOC's own names. The
XML comes from strangers: no document type, so no entities and nothing outside; bounded in size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

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

PICTURES, ANNOTATIONS = ("images", "JPEGImages"), ("annotations", "Annotations")
LISTS = Path("ImageSets", "Main")
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_DEPTH = 16


@dataclass
class _Element:
    """An element of an XML file: its name, the line on which it begins, text, what is in it."""

    name: str
    line: int
    text: str = ""
    inside: "list[_Element]" = field(default_factory=list)

    def find(self, name: str) -> "_Element | None":
        return next((each for each in self.inside if each.name == name), None)

    def text_of(self, name: str) -> str:
        found = self.find(name)
        return found.text.strip() if found else ""


def is_voc(folder: Path) -> bool:
    """Whether a directory is laid out like this."""
    return _either(folder, ANNOTATIONS) is not None and _either(folder, PICTURES) is not None


def _either(folder: Path, names: Sequence[str]) -> Path | None:
    # By listing: on a file system that ignores case, both spellings exist.
    there = {path.name: path for path in folder.iterdir() if path.is_dir()}
    return next((there[name] for name in names if name in there), None)


def read_voc(folder: Path, classes: Sequence[str] | None = None) -> list[BoxedPhoto]:
    """Read all photos of a directory, in the order of their names.

    Raises:
        DataError: an XML file is damaged or wrong, or a picture or an XML file is missing.
    """
    annotations, pictures = _either(folder, ANNOTATIONS), _either(folder, PICTURES)
    if annotations is None or pictures is None:
        raise DataError(f"{folder} needs the folders images and annotations of Pascal VOC.")
    names = {path.name for path in pictures.iterdir() if path.suffix.lower() in SUFFIXES}
    stems = {Path(name).stem: name for name in sorted(names)}
    photos = []
    for file in sorted(annotations.glob("*.xml")):
        root = parse(read_text(file), file)
        said = root.text_of("filename").replace("\\", "/").rpartition("/")[2]
        name = said if said in names else stems.get(file.stem, said or file.stem)
        photos.append(_photo(root, file, pictures / name, classes))
    left = names - {photo.name for photo in photos}
    if left:
        name = min(left)
        missing = annotations / f"{Path(name).stem}.xml"
        raise DataError(f"{pictures / name} has no {missing}, which says what is boxed in it.")
    return photos


def read_lists(folder: Path) -> dict[str, set[str]]:
    """The names without suffix that each split of a directory lists, if it has such lists."""
    found = {}
    for split, name in (("train", "train"), ("valid", "val"), ("test", "test")):
        path = folder / LISTS / f"{name}.txt"
        if path.is_file():
            lines = read_text(path).decode("utf-8-sig", "replace").splitlines()
            found[split] = {line.strip() for line in lines} - {""}
    return found


def _photo(root: _Element, file: Path, picture: Path, classes: Sequence[str] | None) -> BoxedPhoto:
    data = read_picture(picture, str(file))
    empty = BoxedPhoto(picture.name, data, as_array([]), ())
    height, width = empty.pixels.shape[:2]
    if size := root.find("size"):
        where = f"{file}, line {size.line}"
        stated = [number_of(size.text_of(side) or 0, where) for side in ("width", "height")]
        if all(stated) and stated != [width, height]:
            raise DataError(
                f"{where}: it says {stated[0]:g}x{stated[1]:g}, but its picture is "
                f"{width}x{height} when upright."
            )
    boxes, labels, difficult = [], [], []
    for each in root.inside:
        if each.name != "object":
            continue
        where = f"{file}, line {each.line}"
        labels.append(check_label(each.text_of("name"), classes, where))
        bounds = each.find("bndbox")
        if bounds is None:
            raise DataError(f"{where}: the object has no bndbox.")
        where = f"{file}, line {bounds.line}"
        x1, y1, x2, y2 = (number_of(bounds.text_of(edge), where) for edge in _EDGES)
        boxes.append(check_box((x1, y1, x2, y2), (width, height), where))
        difficult.append(each.text_of("difficult") == "1")
    return BoxedPhoto(
        picture.name, data, as_array(boxes), tuple(labels),
        tuple(difficult) if any(difficult) else (),
    )  # fmt: skip


def parse(data: bytes, file: Path) -> _Element:
    """The root of an annotation.

    Raises:
        DataError: it is damaged, not an annotation, or states a document type.
    """
    parser = expat.ParserCreate()
    top = _Element("", 0)
    stack = [top]

    def start(name: str, _: Any) -> None:
        if len(stack) > _DEPTH:
            raise DataError(f"{file}, line {parser.CurrentLineNumber}: it is nested too deeply.")
        element = _Element(name, parser.CurrentLineNumber)
        stack[-1].inside.append(element)
        stack.append(element)

    def end(_: str) -> None:
        stack.pop()

    def text(more: str) -> None:
        stack[-1].text += more

    def refuse(*_: Any) -> None:
        raise DataError(
            f"{file}, line {parser.CurrentLineNumber}: it states a document type, which may hold "
            "entities; remove that line."
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        why = expat.ErrorString(error.code)
        raise DataError(f"{file}, line {error.lineno}: the XML is damaged ({why}).") from None
    except (LookupError, ValueError):
        raise DataError(f"{file}, line 1: its encoding is unknown; save it in UTF-8.") from None
    (root,) = top.inside
    if root.name != "annotation":
        name = printable(root.name[:40])
        raise DataError(f"{file}, line {root.line}: the XML is <{name}>, not <annotation>.")
    return root


def write_voc(folder: Path, splits: dict[str, list[BoxedPhoto]]) -> None:
    """Write images/, annotations/ and, where there are splits, ImageSets/Main/ into a folder."""
    for name in ("images", "annotations"):
        (folder / name).mkdir()
    for split, photos in splits.items():
        for photo in photos:
            name = photo.file_name
            write_bytes(folder / "images" / name, photo.data)
            xml = folder / "annotations" / f"{Path(name).stem}.xml"
            write_text(xml, _xml(photo, name))
        if split:
            (folder / LISTS).mkdir(parents=True, exist_ok=True)
            lines = "".join(f"{Path(photo.file_name).stem}\n" for photo in photos)
            path = folder / LISTS / f"{'val' if split == 'valid' else split}.txt"
            write_text(path, lines)


def _xml(photo: BoxedPhoto, name: str) -> str:
    height, width = photo.pixels.shape[:2]
    lines = [
        "<annotation>",
        "    <folder>images</folder>",
        f"    <filename>{escape(name)}</filename>",
        f"    <size><width>{width}</width><height>{height}</height><depth>3</depth></size>",
        "    <segmented>0</segmented>",
    ]
    difficult = photo.difficult or (False,) * len(photo.labels)
    for box, label, hard in zip(photo.boxes, photo.labels, difficult, strict=True):
        # Three digits: what another format rounded comes back as the whole number that it was.
        edges = (
            f"<{edge}>{float(value):.3f}".rstrip("0").rstrip(".") + f"</{edge}>"
            for edge, value in zip(_EDGES, box, strict=True)
        )
        lines += [
            "    <object>",
            f"        <name>{escape(label)}</name>",
            "        <pose>Unspecified</pose><truncated>0</truncated>",
            f"        <difficult>{int(hard)}</difficult>",
            f"        <bndbox>{''.join(edges)}</bndbox>",
            "    </object>",
        ]
    return "\n".join([*lines, "</annotation>", ""])
