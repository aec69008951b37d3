"""CelebA's original files, from the authors or from Kaggle, in the Hub's layout."""

import io

import pytest
from PIL import Image

pq = pytest.importorskip("pyarrow.parquet", reason="pip install 'facelens[bulk]' to test parquet")

from facelens.commands.main import main
from facelens.data import original as data
from facelens.data import parquet
from facelens.errors import DataError, OutputError

NAMES = ["Eyeglasses", "Male", "Smiling"]
ANSWERS = {
    "000001.jpg": (0, 11, [False, True, True]),
    "000002.jpg": (0, 12, [True, False, False]),
    "000003.jpg": (1, 13, [False, False, True]),
    "000004.jpg": (2, 14, [False, False, False]),
}


def jpeg(shade):
    stream = io.BytesIO()
    Image.new("RGB", (178, 218), (shade, shade, 0)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture(params=["txt", "csv"])
def original(request, tmp_path):
    """CelebA as its authors give it out, or as Kaggle does, with four images."""
    folder = tmp_path / "original"
    as_csv = request.param == "csv"
    images = folder / "img_align_celeba"
    images = images / "img_align_celeba" if as_csv else folder / "Img" / images.name
    images.mkdir(parents=True)
    signs = {
        name: ["1" if answer else "-1" for answer in answers]
        for name, (_, _, answers) in ANSWERS.items()
    }
    if as_csv:
        labels = [",".join(["image_id", *NAMES])]
        labels += [",".join([name, *values]) for name, values in signs.items()]
        splits = ["image_id,partition", *(f"{name},{row[0]}" for name, row in ANSWERS.items())]
    else:
        labels = ["4", " ".join(NAMES) + " "]
        labels += [f"{name}  " + "  ".join(values) for name, values in signs.items()]
        splits = [f"{name} {row[0]}" for name, row in ANSWERS.items()]
        people = [f"{name} {row[1]}" for name, row in ANSWERS.items()]
        (folder / "identity_CelebA.txt").write_text("\n".join(people))
    (folder / f"list_attr_celeba.{request.param}").write_text("\n".join(labels) + "\n")
    (folder / f"list_eval_partition.{request.param}").write_text("\n".join(splits) + "\n")
    for shade, name in enumerate(ANSWERS):
        (images / name).write_bytes(jpeg(shade))
    return folder


def rows(folder):
    return {
        path.name: [image["path"] for image in pq.read_table(path).column("image").to_pylist()]
        for path in sorted(folder.glob("*.parquet"))
    }


def image(folder, name):
    return next(folder.rglob(name))


def test_the_original_files_become_the_hubs_layout(original, tmp_path, capsys):
    folder = tmp_path / "celeba"
    assert main(["download", "celeba", str(folder), "--from", str(original)]) == 0
    assert f"4 faces are in {folder}." in capsys.readouterr().out
    assert rows(folder) == {
        "test-00000-of-00001.parquet": ["000004.jpg"],
        "train-00000-of-00001.parquet": ["000001.jpg", "000002.jpg"],
        "valid-00000-of-00001.parquet": ["000003.jpg"],
    }
    known = bool(list(original.glob("identity*")))
    assert parquet.bool_columns(folder) == NAMES
    for row in parquet.images(folder):
        _, person, answers = ANSWERS[row.path]
        assert row.data == image(original, row.path).read_bytes(), "not compressed once more"
        assert [row.values[name] for name in NAMES] == answers
        assert row.values.get("celeb_id") == (person if known else None)
    assert sorted(path.suffix for path in folder.iterdir()) == [".parquet"] * 3


def test_a_slice_of_the_original_files(original, tmp_path, capsys):
    names = tmp_path / "names.txt"
    names.write_text("000002.jpg\n999999.jpg\n")
    folder = tmp_path / "celeba"
    arguments = ["--from", str(original), "--slice", str(names)]
    assert main(["download", "celeba", str(folder), *arguments]) == 0
    assert "999999.jpg" in capsys.readouterr().err
    assert rows(folder)["train-00000-of-00001.parquet"] == ["000002.jpg"]
    assert rows(folder)["test-00000-of-00001.parquet"] == []


@pytest.mark.parametrize("damage", [lambda _: b"", lambda data: data[:-300], lambda _: None])
def test_an_image_that_is_missing_or_cut_short_is_left_out_and_said(damage, original, tmp_path):
    path = image(original, "000002.jpg")
    damaged = damage(path.read_bytes())
    path.unlink() if damaged is None else path.write_bytes(damaged)
    done = []
    fetched = data.convert(original, tmp_path / "x", progress=lambda *now: done.append(now))
    assert (fetched.rows, fetched.unknown) == (3, ("000002.jpg",))
    assert done == [(4, 4)]


@pytest.mark.parametrize(
    ("table", "change", "sentence"),
    [
        ("list_attr_celeba", lambda text: text.replace("-1", "2", 1), r"line \d: not an image"),
        ("list_attr_celeba", lambda text: text.rstrip()[:-4], r"line \d: not an image"),
        ("list_attr_celeba", lambda _: "", "does not begin with the names"),
        ("list_attr_celeba", lambda text: text.replace("Male", "Smiling"), "does not begin"),
        ("list_attr_celeba", lambda text: text.replace("000003", "000009"), "000003.jpg"),
        ("list_attr_celeba", lambda _: "\udcff", "is not text in UTF-8"),
        ("list_attr_celeba", None, "holds no list_attr_celeba.txt"),
        ("list_eval_partition", lambda text: text.rstrip()[:-1] + "3", r"line \d: not an image"),
        ("list_eval_partition", lambda _: "<html>", "line 1: not an image"),
        ("list_eval_partition", None, "holds no list_eval_partition.txt"),
    ],
)
def test_a_garbled_table_is_said(table, change, sentence, original, tmp_path):
    path = next(original.glob(f"{table}.*"))
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change(path.read_text()).encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=sentence):
        data.convert(original, tmp_path / "x")
    assert not list((tmp_path / "x").glob("*.parquet"))


def test_images_that_are_still_packed_are_said(original, tmp_path):
    for path in list(original.rglob("*.jpg")):
        path.unlink()
    with pytest.raises(DataError, match=r"unpack img_align_celeba\.zip"):
        data.convert(original, tmp_path / "x")


def test_another_data_set_is_not_written_over(original, tmp_path):
    folder = tmp_path / "celeba"
    folder.mkdir()
    (folder / "train-00000-of-00019.parquet").write_bytes(b"precious")
    with pytest.raises(OutputError, match="name another folder"):
        data.convert(original, folder)
    assert [path.name for path in folder.iterdir()] == ["train-00000-of-00019.parquet"]
