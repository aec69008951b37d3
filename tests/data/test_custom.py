"""Your own photos and a table of yes and no, as far as the page."""

import csv
import subprocess
import sys

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test this")

from PIL import Image

from facelens import read_photo
from facelens.commands.main import main
from facelens.data import (
    custom,
    parquet,
)
from facelens.errors import DataError, OutputError


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_a_table_is_read_as_people_write_it(between, tmp_path):
    text = (
        "\ufeffphoto,person,wears glasses,hat\na.jpg,Ann,yes,0\nb.jpg,,No,TRUE\n\nc.jpg,Ann,,1\n"
    ).replace(",", between)
    names, lines = custom.read_table(write(tmp_path / "t.csv", text))
    assert names == ("wears glasses", "hat")
    assert lines == [
        custom.Line("a.jpg", "Ann", (True, False)),
        custom.Line("b.jpg", "", (False, True)),
        custom.Line("c.jpg", "Ann", (None, True)),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "photo among them"),
        ("file,hat\na.jpg,yes\n", "photo among them"),
        ("photo,hat,hat\na.jpg,yes,no\n", "all different"),
        ("photo,person\na.jpg,Ann\n", "columns of yes and no"),
        ("photo,image\na.jpg,yes\n", "none of them called"),
        ("photo,hat\na.jpg,maybe\n", r"line 2: hat is 'maybe', neither yes nor no"),
        ("photo,hat\na.jpg\n", "line 2: 1 fields, not 2"),
        ("photo,hat\n,yes\n", "line 2 names no photo"),
    ],
)
def test_a_table_that_is_none_is_said(text, sentence, tmp_path):
    with pytest.raises(DataError, match=sentence):
        custom.read_table(write(tmp_path / "t.csv", text))


def test_a_table_that_is_not_there_is_said(tmp_path):
    with pytest.raises(DataError, match=r"save the table as \.csv"):
        custom.read_table(tmp_path / "t.csv")


def lines(people, rare=()):
    return [custom.Line(f"{i}.jpg", person, (i in rare,)) for i, person in enumerate(people)]


def test_nobody_is_in_two_parts_and_the_shares_are_near():
    rng = np.random.default_rng(0)
    people = [f"p{n}" for n in rng.integers(0, 60, 300)]
    split, person = custom._split(lines(people), seed=0)
    for n in range(person.max() + 1):
        assert len(set(split[person == n])) == 1
    np.testing.assert_allclose(np.bincount(split) / 300, custom.SHARES, atol=0.05)
    again, _ = custom._split(lines(people), seed=0)
    other, _ = custom._split(lines(people), seed=1)
    np.testing.assert_array_equal(split, again)
    assert (split != other).any()


def test_photos_of_nobody_known_are_people_of_their_own():
    _, person = custom._split(lines([""] * 20), seed=0)
    assert len(set(person)) == 20


def test_a_rare_yes_is_in_every_part():
    split, _ = custom._split(lines([""] * 100, rare=range(8)), seed=0)
    assert set(split[:8]) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(5))
def test_every_part_has_both_answers_where_that_can_be(seed):
    rare = (3, 50, 97)  # three people of a hundred
    split, _ = custom._split(lines([""] * 100, rare=rare), seed=seed)
    assert set(split[list(rare)]) == {0, 1, 2}
    common = set(range(100)) - set(rare)
    split, _ = custom._split(lines([""] * 100, rare=common), seed=seed)
    assert set(split[list(rare)]) == {0, 1, 2}
    split, _ = custom._split(lines([""] * 100, rare=(3, 50)), seed=seed)
    assert set(split) == {0, 1, 2}, "two people do not reach three parts"


def test_blanks_are_dealt_as_no_answer():
    """Eight of a hundred answer at all, and every part gets some of them."""
    told = [custom.Line(f"{i}.jpg", "", (i % 2 == 0 if i < 8 else None, True)) for i in range(100)]
    split, _ = custom._split(told, seed=0)
    assert set(split[:8:2]) == set(split[1:8:2]) == {0, 1, 2}
    np.testing.assert_allclose(np.bincount(split) / 100, custom.SHARES, atol=0.05)
    with pytest.raises(DataError, match="has an answer"):
        custom._split([], seed=0)


def test_an_answer_that_a_part_lacks_is_said(album, tmp_path):
    made = custom.prepare(*album, tmp_path / "faces", detector="haar")
    assert {(name, answer) for _, name, answer in made.lacking} >= {("space", "no")}
    assert {split for split, name, _ in made.lacking if name == "space"} == {
        "train", "valid", "test",
    }  # fmt: skip
    assert "In valid nobody has a no for space." in str(made)
    assert "add photos that have that answer" in str(made)
    whole = custom.Prepared(tmp_path, ("a",), {"train": 1}, (), 0)
    assert "nobody" not in str(whole)


@pytest.mark.parametrize("people", [3, 4, 5])
def test_even_few_people_reach_every_part(people):
    split, _ = custom._split(lines([f"p{n % people}" for n in range(12)]), seed=0)
    assert set(split) == {0, 1, 2}


def test_too_few_people_are_said():
    with pytest.raises(DataError, match="1 person is too few"):
        custom._split(lines(["Ann"] * 9), seed=0)


@pytest.fixture
def album(tmp_path, astronaut):
    """Seven copies of one portrait as seven people, and four photos that must be left out.

    The last of the seven has one answer only.
    """
    photos = tmp_path / "photos"
    (photos / "more").mkdir(parents=True)
    rows = []
    with Image.open(astronaut) as portrait:
        for i in range(6):
            name = f"{i}.jpg" if i else "more/0.jpg"
            portrait.resize((300 + i, 300 + i)).save(photos / name)
            rows.append([name, f"person {i}", "yes" if i % 2 else "no", "1"])
        portrait.resize((310, 310)).save(photos / "blank.jpg")
        portrait.resize((311, 311)).save(photos / "half.jpg")
    Image.new("RGB", (200, 200)).save(photos / "dark.jpg")
    (photos / "text.jpg").write_text("no photo")
    rows += [["blank.jpg", "", "", "?"], ["dark.jpg", "x", "no", "0"]]
    rows += [["half.jpg", "person 6", "no", ""]]
    rows += [["text.jpg", "y", "no", "0"], ["gone.jpg", "z", "no", "0"]]
    table = tmp_path / "table.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([["photo", "person", "odd", "space"], *rows])
    return photos, table


def test_photos_become_faces_in_celebas_layout(album, tmp_path, capsys):
    photos, table = album
    out = tmp_path / "faces"
    for _ in range(2):  # a second call writes over the first one's files
        assert main(["prepare", str(photos), str(table), "--out", str(out)]) == 0
        said = capsys.readouterr().out
        assert said.startswith(f"7 faces are in {out}: ")
        assert "4 photos were left out" in said
        assert "1 answer is blank: nothing is learnt or measured from those." in said
    rows = list(parquet.images(out))
    whole = {"more/0.jpg", *(f"{i}.jpg" for i in range(1, 6))}
    assert {row.path for row in rows} == whole | {"half.jpg"}
    assert parquet.bool_columns(out) == ["odd", "space"]
    for row in rows:
        assert read_photo(row.data).pixels.shape == (218, 178, 3)
        odd = row.path in whole and int(row.path[-5]) % 2 == 1
        assert row.values["odd"] is odd
        assert row.values["space"] is (True if row.path in whole else None)
    assert len({row.values["celeb_id"] for row in rows}) == 7
    with (out / "errors.csv").open() as file:
        reasons = {row["photo"]: row["reason"] for row in csv.DictReader(file)}
    assert set(reasons) == {"blank.jpg", "dark.jpg", "gone.jpg", "text.jpg"}
    assert reasons["blank.jpg"] == "No answer."
    assert reasons["dark.jpg"] == "No face was found."
    assert "does not exist" in reasons["gone.jpg"]


def test_another_data_set_is_not_overwritten(album, tmp_path):
    out = tmp_path / "celeba"
    out.mkdir()
    (out / "train-00000-of-00001.parquet").write_bytes(b"precious")
    with pytest.raises(OutputError, match="holds another data set"):
        custom.prepare(*album, out)
    assert (out / "train-00000-of-00001.parquet").read_bytes() == b"precious"


def test_photos_without_a_face_are_no_set(tmp_path):
    for width, name in enumerate("abc", 80):
        Image.new("RGB", (width, 80)).save(tmp_path / f"{name}.jpg")
    table = write(tmp_path / "t.csv", "photo,hat\na.jpg,yes\nb.jpg,no\nc.jpg,no\n")
    with pytest.raises(DataError, match="No face is left for train"):
        custom.prepare(tmp_path, table, tmp_path / "out")


def test_preparing_needs_no_torch(tmp_path):
    """The extra `bulk` is enough for `facelens prepare`."""
    script = (
        "import sys\nfrom facelens.commands.main import main\n"
        f"assert main(['prepare', 'x', {str(tmp_path / 't.csv')!r}, '--out', 'y']) == 2\n"
        "assert 'facelens.data.custom' in sys.modules\n"
        "assert not {'torch', 'fastai', 'pandas', 'sklearn'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


@pytest.mark.train
@pytest.mark.data
def test_from_photos_to_a_network(data_dir, tmp_path):
    """Thirty snapshots of CelebA faces: detected, aligned, learnt; the lesson goes on."""
    pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")
    from facelens import load_model
    from facelens.lessons.custom import backbone, example, recipe
    from facelens.training import fit
    from facelens.training.data import open_store
    from facelens.training.run import open_run

    cache = tmp_path / "cache"
    faces = open_store(data_dir / "celeba", "valid", cache=cache, limit=200)
    photos, table = example(faces, tmp_path, count=30)
    made = custom.prepare(photos, table, tmp_path / "faces", detector="haar")
    assert made.names == ("glasses", "smile")
    assert sum(made.faces.values()) > 20
    assert {"sky.jpg", "notes.jpg"} < {photo for photo, _ in made.left_out}

    train, valid, test = (
        open_store(tmp_path / "faces", split, cache=cache) for split in ("train", "valid", "test")
    )
    for one, other in ((train, valid), (train, test), (valid, test)):
        assert not set(one.people) & set(other.people)
    with table.open() as file:
        rows = {row["photo"]: row for row in csv.DictReader(file)}
    there = np.ones_like(train.labels) if train.known is None else train.known
    for path, (glasses, _), (known, _) in zip(train.paths, train.labels, there, strict=True):
        assert rows[path]["glasses"] == (("yes" if glasses else "no") if known else "")
    small = recipe(train, "mobilenet_v2", epochs=1, size=(64, 64))
    run = open_run(tmp_path / "run", small, start="faces")
    body = backbone(load_model("mobilenet_v2"), tmp_path)
    network = fit.train(run, train, valid, backbone_weights=body, device="cpu", progress=False)
    assert len(network.head.bias) == 2
    assert len(run.history) == 2


@pytest.mark.train
def test_the_backbone_is_what_the_bundle_knows(tmp_path):
    torch = pytest.importorskip("torch", reason="needs the extra `train`")
    from safetensors.torch import load

    from facelens import load_model
    from facelens.lessons.custom import backbone
    from facelens.training.network import build, fitted

    model = load_model("mobilenet_v2")
    network = build("mobilenet_v2", 2, backbone_weights=backbone(model, tmp_path))
    learnt = fitted(load(model.bundle.read("model.safetensors")), network)
    for name, value in network.body.state_dict().items():
        torch.testing.assert_close(value, learnt[f"body.{name}"].to(value.dtype))
