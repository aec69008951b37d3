"""`facelens crop`: a JPEG for each face, and a sentence for whatever has none."""

import shutil

import cv2
import numpy as np
import pytest
from helpers.terminal import is_one_sentence

from facelens.faces import find_faces
from facelens.photo import read_photo


@pytest.fixture
def two_faces(astronaut, tmp_path):
    """A photo with one face twice, the right one smaller."""
    face = cv2.imread(str(astronaut))[0:300, 100:400]
    small = np.full_like(face, 128)
    small[100:300, 50:250] = cv2.resize(face, (200, 200), interpolation=cv2.INTER_AREA)
    path = tmp_path / "two.png"
    cv2.imwrite(str(path), np.concatenate([face, small], 1))
    return path


def test_each_face_is_a_file_the_largest_first(run, two_faces, tmp_path):
    out = tmp_path / "made" / "faces"
    code, printed, err = run("crop", two_faces, "--out", out, "--detector", "haar")
    assert (code, err) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == ["two-1.jpg", "two-2.jpg"]
    assert [line.split(": ")[0] for line in printed.splitlines()] == [
        str(out / "two-1.jpg"), str(out / "two-2.jpg"),
    ]  # fmt: skip
    first, second = (read_photo(out / f"two-{n}.jpg") for n in (1, 2))
    assert first.height > second.height
    faces = find_faces(read_photo(two_faces), detector="haar")
    box = faces[1].box
    assert second.height == pytest.approx(box.h + 0.8 * max(box.w, box.h), abs=2)
    for photo in (first, second):  # and it is a face
        assert len(find_faces(photo, detector="haar")) == 1


def test_the_margin_and_the_aligned_crop(run, astronaut, tmp_path):
    tight, aligned = tmp_path / "tight", tmp_path / "aligned"
    run("crop", astronaut, "--out", tight, "--margin", "0", "--detector", "haar")
    run("crop", astronaut, "--out", aligned, "--aligned", "--detector", "haar")
    (face,) = find_faces(read_photo(astronaut), detector="haar")
    cropped = read_photo(tight / "astronaut-1.jpg")
    assert abs(cropped.width - face.box.w) < 2
    assert abs(cropped.height - face.box.h) < 2
    seen = read_photo(aligned / "astronaut-1.jpg").pixels.astype(int)
    assert np.abs(seen - face.crop).mean() < 2


def test_a_file_that_is_there_stays_unless_forced(run, astronaut, tmp_path):
    (tmp_path / "astronaut-1.jpg").write_bytes(b"mine")
    code, out, err = run("crop", astronaut, "--out", tmp_path, "--detector", "haar")
    assert (code, out) == (2, "")
    assert is_one_sentence(err)
    assert "exists; --force" in err
    assert (tmp_path / "astronaut-1.jpg").read_bytes() == b"mine"
    code, _, _ = run("crop", astronaut, "--out", tmp_path, "--force", "--detector", "haar")
    assert code == 0
    assert read_photo(tmp_path / "astronaut-1.jpg").width > 50


def test_what_has_no_face_is_named_and_the_others_are_cut(run, astronaut, tmp_path):
    grey, text = tmp_path / "grey.png", tmp_path / "notes.jpg"
    cv2.imwrite(str(grey), np.full((200, 200, 3), 128, np.uint8))
    text.write_text("no photo")
    out = tmp_path / "out"
    code, printed, err = run("crop", grey, astronaut, "--out", out, "--detector", "haar")
    assert code == 3
    assert is_one_sentence(err)
    assert "No face was found in" in err
    assert "astronaut-1.jpg" in printed
    nothing = tmp_path / "nothing"
    code, printed, err = run("crop", text, "--out", nothing, "--detector", "haar")
    assert (code, printed) == (2, "")
    assert is_one_sentence(err)
    assert not nothing.exists(), "a folder for nothing"


@pytest.mark.parametrize(
    "bad", [("--margin", "wide"), ("--margin", "-1"), ("--margin", "nan"), ("--margin", "11")]
)
def test_a_margin_that_cannot_be_is_refused(run, astronaut, tmp_path, bad):
    code, _, err = run("crop", astronaut, "--out", tmp_path / "out", *bad)
    assert code == 2
    assert "is not a share" in err
    assert not (tmp_path / "out").exists()


def test_two_photos_of_one_name_and_an_out_that_is_a_file(run, astronaut, tmp_path):
    other = tmp_path / "astronaut.png"
    shutil.copy(astronaut, other)
    code, _, err = run("crop", astronaut, other, "--out", tmp_path / "out", "--detector", "haar")
    assert code == 2
    assert is_one_sentence(err)
    assert "the same files" in err
    assert not (tmp_path / "out").exists()
    code, _, err = run("crop", astronaut, "--out", other)
    assert code == 2
    assert is_one_sentence(err)
