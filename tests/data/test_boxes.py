"""Photos with boxes in three layouts: what is read, what is refused, what comes back."""

import contextlib
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from facelens.commands.main import main
from facelens.data import boxes
from facelens.data.alike import folds, groups
from facelens.data.boxes import BoxedPhoto, boxed_photos
from facelens.errors import DataError, OutputError

CLASSES = ("with_mask", "without_mask", "mask_weared_incorrect")


def picture(seed=0, size=(60, 40), kind="PNG", orientation=None):
    """The bytes of a picture of (width, height), unlike any of another seed."""
    rough = np.random.default_rng(seed).integers(0, 255, (16, 17, 3), np.uint8)
    stream, image = io.BytesIO(), Image.fromarray(rough).resize(size)
    options = {}
    if orientation:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif
    image.save(stream, kind, **options)
    return stream.getvalue()


def photo(name="a.png", *labelled, seed=0, **options):
    corners = [box for box, _ in labelled]
    return BoxedPhoto(
        name, picture(seed), np.array(corners, np.float32).reshape(-1, 4),
        tuple(label for _, label in labelled), **options,
    )  # fmt: skip


def parquet(folder, boxed, labels, data=None, name="train-00000-of-00001.parquet"):
    row = {"image": {"bytes": data or picture(), "path": "a.png"}, "boxes": boxed, "labels": labels}
    pq.write_table(pa.Table.from_pylist([row]), folder / name)
    return folder


def voc(
    folder, xml=None, data=None, box="<xmin>5</xmin><ymin>6</ymin><xmax>25</xmax><ymax>31</ymax>"
):
    for name in ("images", "annotations"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "images" / "a.png").write_bytes(data or picture())
    xml = (
        xml
        if xml is not None
        else (
            "<annotation>\n<filename>a.png</filename>\n<size><width>60</width><height>40</height>"
            f"</size>\n<object><name>with_mask</name>\n<bndbox>{box}</bndbox></object>\n</annotation>"
        )
    )
    (folder / "annotations" / "a.xml").write_text(xml)
    return folder


def yolo(folder, text="0 0.25 0.5 0.2 0.5\n", names="names: [with_mask, without_mask]\n"):
    for name in ("images", "labels"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "images" / "a.png").write_bytes(picture())
    (folder / "labels" / "a.txt").write_text(text)
    (folder / "data.yaml").write_text(names)
    return folder


def test_a_box_is_corners_in_pixels_in_every_layout(tmp_path):
    for make in (parquet, voc, yolo):
        (tmp_path / make.__name__).mkdir()
    parquet(tmp_path / "parquet", [[5, 6, 20, 25]], ["with_mask"])
    voc(tmp_path / "voc")
    yolo(tmp_path / "yolo", "0 0.25 0.4625 0.333333333 0.625\n")
    for name in ("parquet", "voc", "yolo"):
        (found,) = boxed_photos(tmp_path / name, classes=CLASSES)
        assert np.allclose(found.boxes, [[5, 6, 25, 31]], atol=1e-4), name
        assert (found.boxes.dtype, found.labels) == (np.float32, ("with_mask",))
        assert found.pixels.shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("boxed", "labels", "sentence"),
    [
        ([[5, 6, 0, 25]], ["with_mask"], "row 1, box 1: its size is 0 x 25"),
        ([[5, 6, 4, -3]], ["with_mask"], "row 1, box 1: its size is 4 x -3"),
        ([[5, 6, 4, 5], [50, 6, 20, 5]], ["with_mask"] * 2, "box 2: 50, 6 to 70, 11 lies outside"),
        ([[5, 6, 4, 5]], ["masked"], "'masked' is none of the classes with_mask, "),
        ([[5, 6, 4, 5]], [""], "its label '' is not a name"),
        ([[5, 6, 4, 5]], [], "row 1: 1 boxes and 0 labels"),
        ([[5, 6, 4]], ["with_mask"], "it must be x, y, width and height"),
        ([[5, 6, 4, float("nan")]], ["with_mask"], "'nan' is not a number"),
    ],
)
def test_a_wrong_row_of_parquet_is_named(tmp_path, boxed, labels, sentence):
    with pytest.raises(DataError, match=sentence) as error:
        boxed_photos(parquet(tmp_path, boxed, labels), "train", CLASSES)
    assert "train-00000-of-00001.parquet, row 1" in str(error.value)


def test_one_pixel_over_the_edge_is_clipped_as_vocs_counting_makes_it(tmp_path):
    (found,) = boxed_photos(parquet(tmp_path, [[-1, 6, 62, 35]], ["with_mask"]))
    assert found.boxes.tolist() == [[0, 6, 60, 40]]
    with pytest.raises(DataError, match="outside of its picture of 60x40"):
        boxed_photos(parquet(tmp_path, [[-1.1, 6, 62, 35]], ["with_mask"]))
    with pytest.raises(DataError, match="outside"):  # within the pixel, and nothing is left
        boxed_photos(parquet(tmp_path, [[60, 6, 1, 9]], ["with_mask"]))


@pytest.mark.parametrize(
    ("box", "sentence"),
    [
        ("<xmin>5</xmin>", "line 5: '' is not a number"),
        ("<xmin>5</xmin><ymin>6</ymin><xmax>five</xmax><ymax>9</ymax>", "line 5: 'five' is not"),
        ("<xmin>5</xmin><ymin>6</ymin><xmax>5</xmax><ymax>9</ymax>", "line 5: its size is 0 x 3"),
        ("<xmin>5</xmin><ymin>6</ymin><xmax>65</xmax><ymax>9</ymax>", "line 5: 5, 6 to 65, 9 lies"),
    ],
)
def test_a_wrong_line_of_xml_is_named(tmp_path, box, sentence):
    with pytest.raises(DataError, match=sentence) as error:
        boxed_photos(voc(tmp_path, box=box))
    assert "a.xml, line 5" in str(error.value)


BOMB = """<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
<annotation><filename>&b;</filename></annotation>"""


@pytest.mark.parametrize(
    ("xml", "sentence"),
    [
        (BOMB, "a.xml, line 2: it states a document type"),
        ("<annotation>\n<object>\n</annotation>", r"a.xml, line 3: the XML is damaged \(mism"),
        ("", "a.xml, line 1: the XML is damaged"),
        ("<html></html>", "a.xml, line 1: the XML is <html>, not <annotation>"),
        ("<?xml version='1.0' encoding='x-9'?><annotation/>", "line 1"),
        ("<annotation>" + "<a>" * 90 + "</a>" * 90 + "</annotation>", "nested too deeply"),
        ("<annotation>\n<object><name>hat</name></object></annotation>", "line 2: 'hat' is none"),
        ("<annotation>\n<object><name>with_mask</name></object></annotation>", "has no bndbox"),
        ("<annotation><filename>b.png</filename>\n<size><width>40</width><height>60</height>"
         "</size></annotation>", "line 2: it says 40x60, but its picture is 60x40"),
    ],
)  # fmt: skip
def test_xml_of_a_stranger_is_refused_with_its_line(tmp_path, xml, sentence):
    with pytest.raises(DataError, match=sentence):
        boxed_photos(voc(tmp_path, xml), classes=CLASSES)


def test_what_is_missing_is_said(tmp_path):
    voc(tmp_path)
    (tmp_path / "images" / "b.png").write_bytes(picture(1))
    with pytest.raises(DataError, match=r"b\.png has no .*b\.xml"):
        boxed_photos(tmp_path)
    (tmp_path / "images" / "b.png").unlink()
    (tmp_path / "images" / "a.png").unlink()
    with pytest.raises(DataError, match=r"a\.xml: its picture .*a\.png is missing"):
        boxed_photos(tmp_path)
    for folder, sentence in (("nowhere", "does not exist"), ("annotations", "holds no photos")):
        with pytest.raises(DataError, match=sentence):
            boxed_photos(tmp_path / folder)


def test_a_file_name_in_xml_leads_nowhere_else(tmp_path):
    (tmp_path / "secret.png").write_bytes(picture(5))
    xml = "<annotation><filename>../../secret.png</filename></annotation>"
    (tmp_path / "set").mkdir()
    (found,) = boxed_photos(voc(tmp_path / "set", xml))
    assert found.name == "a.png"


def test_boxes_are_about_the_upright_photo(tmp_path):
    turned = picture(0, (60, 40), "JPEG", orientation=6)  # upright: 40 wide, 60 high
    (found,) = boxed_photos(parquet(tmp_path, [[0, 0, 40, 60]], ["with_mask"], turned))
    assert found.pixels.shape == (60, 40, 3)
    assert found.boxes.tolist() == [[0, 0, 40, 60]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0 0.5 0.5 0.2 0.2\n\n0 0.5 0.5 0.2\n", "a.txt, line 3: 4 fields, not the 5"),
        (
            "2 0.5 0.5 0.2 0.2\n",
            "line 1: class 2 is none of the 2 that have a name: with_mask, wit",
        ),
        ("-1 0.5 0.5 0.2 0.2\n", "line 1: class -1 is none"),
        ("0.5 0.5 0.5 0.2 0.2\n", "line 1: class 0.5 is none"),
        ("0 0.5 0.5 x 0.2\n", "line 1: 'x' is not a number"),
        ("0 0.5 0.5 0 0.2\n", "line 1: its size is 0 x 8"),
        ("0 30 20 12 12\n", "line 1: a number is not from 0 to 1"),
        ("0 0.95 0.5 0.3 0.2\n", "line 1: 48, 16 to 66, 24 lies outside"),
    ],
)
def test_a_wrong_line_of_yolo_is_named(tmp_path, text, sentence):
    with pytest.raises(DataError, match=sentence):
        boxed_photos(yolo(tmp_path, text))


@pytest.mark.parametrize(
    "names",
    [
        "nc: 2\nnames: ['with_mask', \"without_mask\"]\n",
        "names:\n  0: with_mask\n  1: without_mask  # none\ntrain: x\n",
        "path: .\nnames:\n- with_mask\n- without_mask\nnc: 2\n",
        "names: {0: with_mask, 1: without_mask}",
        'names:\n  - "with_mask"\n\n  - without_mask\n',
    ],
)
def test_the_names_in_a_yaml(tmp_path, names):
    (found,) = boxed_photos(yolo(tmp_path, "1 0.5 0.5 0.2 0.2\n", names))
    assert found.labels == ("without_mask",)


def test_yolo_by_classes_txt_with_splits_and_a_picture_without_a_box(tmp_path):
    yolo(tmp_path)
    (tmp_path / "data.yaml").unlink()
    with pytest.raises(DataError, match=r"neither data\.yaml nor classes\.txt"):
        boxed_photos(tmp_path)
    (tmp_path / "labels" / "classes.txt").write_text("with_mask\n")
    (tmp_path / "images" / "b.png").write_bytes(picture(1))
    assert [each.labels for each in boxed_photos(tmp_path)] == [("with_mask",), ()]
    for name in ("images", "labels"):
        (tmp_path / name / "val").mkdir()
    (tmp_path / "images" / "a.png").rename(tmp_path / "images" / "val" / "a.png")
    (tmp_path / "labels" / "a.txt").unlink()
    with pytest.raises(DataError, match=r"b\.png is in none of the splits valid"):
        boxed_photos(tmp_path)
    (tmp_path / "images" / "b.png").unlink()
    (tmp_path / "labels" / "a.txt").write_text("")
    with pytest.raises(DataError, match=r"a\.txt: its picture .*a\.jpg or \.png is missing"):
        boxed_photos(tmp_path)


@pytest.fixture
def splits():
    rng = np.random.default_rng(0)
    photos = []
    for i in range(6):
        corner = rng.integers(0, 20, (i, 2))
        size = rng.integers(1, 20, (i, 2))
        labelled = [
            ((*c, *(c + s)), CLASSES[j % 3])
            for j, (c, s) in enumerate(zip(corner, size, strict=True))
        ]
        hard = {"difficult": (True, *(False,) * (i - 1))} if i == 3 else {}
        photos.append(photo(f"photo {i}.png", *labelled, seed=i, **hard))
    return {"train": photos[:3], "valid": photos[3:4], "test": photos[4:]}


def equal(one, other, *, difficult=True):
    assert list(one) == list(other)
    for split in one:
        for a, b in zip(one[split], other[split], strict=True):
            assert (a.name, a.data, a.labels) == (b.name, b.data, b.labels)
            assert np.allclose(a.boxes, b.boxes, atol=1e-3), a.name
            assert not difficult or a.difficult == b.difficult or not any(a.difficult)


@pytest.mark.parametrize("whole", [False, True])
def test_round_trips_keep_photos_boxes_classes_and_splits(tmp_path, splits, whole):
    if whole:
        splits = {"": [each for photos in splits.values() for each in photos]}
    for layout in boxes.LAYOUTS:
        boxes.write(tmp_path / layout, splits, layout)
        equal(splits, boxes.read_splits(tmp_path / layout), difficult=layout != "yolo")
    # And from each to each.
    for one in boxes.LAYOUTS:
        for other in boxes.LAYOUTS:
            boxes.convert(tmp_path / one, tmp_path / f"{one}-{other}", other)
            found = boxes.read_splits(tmp_path / f"{one}-{other}")
            equal(splits, found, difficult="yolo" not in (one, other))
    text = next((tmp_path / "yolo-voc" / "annotations").glob("photo 5.xml")).read_text()
    first = splits["" if whole else "test"][-1].boxes[0].astype(int)
    assert f"<xmin>{first[0]}</xmin><ymin>{first[1]}</ymin>" in text  # whole numbers again


def test_a_photo_is_in_one_list_of_vocs(tmp_path, splits):
    boxes.write(tmp_path / "voc", splits, "voc")
    lists = tmp_path / "voc" / "ImageSets" / "Main"
    (lists / "val.txt").write_text("photo 3\nphoto 0\n")
    with pytest.raises(DataError, match=r"photo 0\.png is in both train and valid"):
        boxed_photos(tmp_path / "voc")
    (lists / "val.txt").write_text("")
    with pytest.raises(DataError, match=r"photo 3\.png is in no split"):
        boxed_photos(tmp_path / "voc")


def test_the_command_converts_and_never_loses_anything(tmp_path, splits, capsys):
    boxes.write(tmp_path / "voc", splits, "voc")
    out = tmp_path / "yolo"
    line = ["boxes", str(tmp_path / "voc"), "--to", "yolo", "--out", str(out)]
    assert main(line) == 0
    assert capsys.readouterr().out == f"6 photos with 15 boxes are in {out}.\n"
    assert main(line) == 2
    assert "exists" in capsys.readouterr().err
    assert main([*line, "--force"]) == 0
    (out / "thesis.txt").write_text("years of work")
    assert main([*line, "--force"]) == 2
    assert "holds thesis.txt" in capsys.readouterr().err
    assert (out / "thesis.txt").exists()
    assert main([*line[:-1], str(tmp_path / "voc"), "--force"]) == 2
    assert main([*line[:-1], str(tmp_path), "--force"]) == 2
    assert main([*line[:-1], str(tmp_path / "other"), "--classes", "hat"]) == 2
    assert "is none of the classes hat" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
    with pytest.raises(OutputError, match="is a file"):
        boxes.write(out / "data.yaml", splits, "voc", force=True)


def test_names_that_cannot_stand_side_by_side(tmp_path):
    twice = {"": [photo("a.png"), photo("x/a.png", seed=1)]}
    with pytest.raises(DataError, match="Two photos are called a"):
        boxes.write(tmp_path / "out", twice, "voc")
    for name in ("..", "", "x/", "a\n.png"):
        with pytest.raises(DataError, match="cannot be the name of a photo"):
            boxes.write(tmp_path / "out", {"": [photo(name)]}, "yolo")
    boxes.write(tmp_path / "out", {"": [photo("../../up.jpeg")]}, "voc")
    assert [path.name for path in (tmp_path / "out" / "images").iterdir()] == ["up.png"]


def test_photos_that_look_alike_are_in_one_fold():
    photos = [photo(f"{i}.png", ((0, 0, 9, 9), CLASSES[i % 3]), seed=i) for i in range(20)]
    small = io.BytesIO()
    Image.open(io.BytesIO(photos[3].data)).resize((45, 30)).save(small, "JPEG", quality=80)
    again = BoxedPhoto("again.jpg", small.getvalue(), photos[3].boxes, photos[3].labels)
    group = groups([*photos, again])
    assert group[3] == group[20]
    assert len(set(group.tolist())) == 20
    fold = folds([*photos, again], 5, 1)
    assert fold[3] == fold[20]
    assert sorted(np.bincount(fold)) == [4, 4, 4, 4, 5]
    assert (fold == folds([*photos, again], 5, 1)).all()
    assert (fold != folds([*photos, again], 5, 2)).any()
    assert groups([]).shape == (0,)


def test_a_set_without_splits_is_split(tmp_path):
    photos = [photo(f"{i:02}.png", seed=i) for i in range(20)]
    boxes.write(tmp_path / "set", {"": photos}, "yolo")
    test, train = boxed_photos(tmp_path / "set", "test"), boxed_photos(tmp_path / "set", "train")
    assert (len(test), len(train)) == (2, 18)
    assert len({each.name for each in (*test, *train)}) == 20
    with pytest.raises(DataError, match="no photo of valid"):
        boxed_photos(tmp_path / "set", "valid")


MALFORMED = st.one_of(
    st.binary(max_size=60),
    st.text("<>/&;!?annotationxmlobject[]0123456789. -\n", max_size=120).map(str.encode),
    st.text("0123456789. -+einfna\n:,{}[]'#", max_size=60).map(str.encode),
)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(MALFORMED)
def test_whatever_a_file_holds_there_is_a_sentence_or_a_box(tmp_path, data):
    for name, make, path in (
        ("voc", voc, "annotations/a.xml"), ("yolo", yolo, "labels/a.txt"),
        ("names", yolo, "data.yaml"),
    ):  # fmt: skip
        (tmp_path / name).mkdir(exist_ok=True)
        folder = make(tmp_path / name)
        (folder / path).write_bytes(data)
        with contextlib.suppress(DataError):
            assert boxed_photos(folder)[0].boxes.shape[1] == 4


@pytest.mark.data
def test_the_real_set_comes_back_from_voc_and_yolo(data_dir, tmp_path):
    """853 photos less the folder's test part: the boxes of all three layouts are the same."""
    before = boxes.read_splits(data_dir / "masks", CLASSES)
    assert {name: len(photos) for name, photos in before.items()} == {"train": 682, "test": 85}
    boxes.convert(data_dir / "masks", tmp_path / "voc", "voc")
    boxes.convert(tmp_path / "voc", tmp_path / "parquet", "parquet")
    boxes.convert(tmp_path / "parquet", tmp_path / "yolo", "yolo")
    boxes.convert(tmp_path / "yolo", tmp_path / "again", "voc")
    after = boxes.read_splits(tmp_path / "again", CLASSES)

    def by_name(splits, split):
        return {split: sorted(splits[split], key=lambda each: each.name)}

    for split in before:
        equal(by_name(before, split), by_name(after, split))
    for one in sorted((tmp_path / "voc").rglob("*.xml")):
        other = tmp_path / "again" / one.relative_to(tmp_path / "voc")
        assert one.read_text() == other.read_text()
