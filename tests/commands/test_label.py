"""`facelens label`: where its table is."""

import pytest
from helpers.terminal import is_one_sentence


def test_label_says_where_its_table_is(run, astronaut, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(astronaut.read_bytes())
    (photos / "b.jpg").write_text("no photo")
    out = tmp_path / "faces.csv"
    code, said, _ = run("label", photos, "--out", out, "--detector", "haar")
    assert code == 0
    assert said.startswith(f"1 faces of 2 photos are in {out}; 1 photos without one")
    code, _, err = run("label", photos, "--out", out)
    assert code == 2
    assert is_one_sentence(err)


@pytest.mark.parametrize("command", ["label", "evaluate"])
def test_data_that_is_not_there_is_said(run, tmp_path, command):
    more = ["--out", tmp_path / "x.csv"] if command == "label" else []
    code, _, err = run(command, tmp_path / "nowhere", *more)
    assert code == 2
    assert is_one_sentence(err)
