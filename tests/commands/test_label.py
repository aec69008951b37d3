"""`facelens label`: where its table is."""

import pytest
from helpers.terminal import is_one_sentence

from facelens.tasks.attributes.names import NAMES, describe


def test_label_says_where_its_table_is(run, astronaut, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(astronaut.read_bytes())
    (photos / "b.jpg").write_text("no photo")
    out = tmp_path / "faces.csv"
    code, said, _ = run("label", photos, "--out", out, "--detector", "haar")
    assert code == 0
    assert said.startswith(f"1 face of 2 photos is in {out}; 1 photo without one")
    code, _, err = run("label", photos, "--out", out)
    assert code == 2
    assert is_one_sentence(err)


JUDGEMENTS = (
    "facelens: 8 of the 40 answers are judgements about people, not facts: Attractive, Big_Lips, "
    "Big_Nose, Chubby, Double_Chin, Male, Pale_Skin, Young; --no-judgements leaves them out.\n"
)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_label_names_the_judgements_or_leaves_them_out(run, astronaut, tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    photos, out = tmp_path / "photos", tmp_path / f"faces.{ending}"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(astronaut.read_bytes())
    code, _, err = run("label", photos, "--out", out, "--detector", "haar")
    assert (code, err.splitlines(keepends=True)[-1]) == (0, JUDGEMENTS)
    assert set(NAMES) <= set(names_of(out))
    options = ["--no-judgements", "--detector", "haar", "--force"]
    code, _, err = run("label", photos, "--out", out, *options)
    assert (code, "judgement" in err) == (0, False)
    assert names_of(out)[7:] == [name for name in NAMES if not describe(name).is_judgement]


def names_of(out):
    if out.suffix == ".csv":
        return out.read_text().splitlines()[0].split(",")
    from pyarrow.parquet import read_schema

    return read_schema(out).names


@pytest.mark.parametrize("command", ["label", "evaluate"])
def test_data_that_is_not_there_is_said(run, tmp_path, command):
    more = ["--out", tmp_path / "x.csv"] if command == "label" else []
    code, _, err = run(command, tmp_path / "nowhere", *more)
    assert code == 2
    assert is_one_sentence(err)
