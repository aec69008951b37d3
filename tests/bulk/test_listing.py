"""What lies in a folder: photos by their first bytes, and else with the reason to skip it."""

import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from facelens.bulk import listing
from facelens.bulk.listing import SUFFIXES, list_folder
from facelens.errors import DataError


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


def picture(path, kind="JPEG"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path, kind)


def listed(folder):
    found = list_folder(folder, folder.parent / "faces.csv")
    return found.photos, dict(found.skipped)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "MPO"])
@pytest.mark.parametrize("ending", ["", ".dat", ".jpg~", ".2019", "."])
def test_a_photo_is_one_by_its_first_bytes(folder, kind, ending):
    picture(folder / f"photo{ending}", kind)
    assert listed(folder) == ([f"photo{ending}"], {})


def test_a_heic_photo_is_one_without_the_package_that_reads_it(folder):
    (folder / "photo").write_bytes(b"\0\0\0\x24ftypheic\0\0\0\0mif1heic")
    (folder / "film").write_bytes(b"\0\0\0\x24ftypisom\0\0\0\0isommp42")
    photos, skipped = listed(folder)
    assert photos == ["photo"]
    assert list(skipped) == ["film"]


def test_every_entry_is_a_photo_or_has_a_reason(folder):
    picture(folder / "a.JPG")
    picture(folder / "b.tif", "TIFF")
    picture(folder / "more.jpg" / "c.avif", "AVIF")
    (folder / "letter.jpg").write_text("a photo by its name is read, and says what it is")
    (folder / "notes.txt").write_text("no photo")
    (folder / "nothing").touch()
    picture(folder / "raw.NEF", "TIFF")
    picture(folder / ".hidden.jpg")
    picture(folder / ".thumbnails" / "d.jpg")
    (folder / "faces.csv.parts").mkdir()
    (folder / "faces.csv.parts" / "plan.json").touch()
    (folder / "empty").mkdir()
    photos, skipped = listed(folder)
    assert photos == ["a.JPG", "b.tif", "letter.jpg", "more.jpg/c.avif"]
    assert skipped == {
        "notes.txt": "It is not a photo by its first bytes.",
        "nothing": "It is empty.",
        "raw.NEF": "It is a camera's raw file; save it as JPEG or TIFF.",
        ".hidden.jpg": "It is hidden: its name begins with a dot.",
        ".thumbnails/": "It is hidden: its name begins with a dot.",
        "faces.csv.parts/": "It is the unfinished work of another facelens label.",
    }


def test_links_are_read_or_have_a_reason_and_never_loop(folder, tmp_path):
    picture(tmp_path / "elsewhere" / "a.png", "PNG")
    try:
        (folder / "photo").symlink_to(tmp_path / "elsewhere" / "a.png")
    except OSError:
        pytest.skip("may not make links")
    (folder / "again").symlink_to(tmp_path / "elsewhere")
    (folder / "up.jpg").symlink_to(folder)
    (folder / "itself.jpg").symlink_to(folder / "itself.jpg")
    (folder / "nowhere.jpg").symlink_to(folder / "missing.jpg")
    photos, skipped = listed(folder)
    assert photos == ["photo"]
    assert sorted(skipped) == ["again/", "itself.jpg", "nowhere.jpg", "up.jpg/"]
    assert skipped["again/"] == skipped["up.jpg/"]
    assert skipped["again/"] == "Links to folders are not followed; label that folder too."
    assert skipped["itself.jpg"].startswith("This link cannot be read: ")
    assert skipped["nowhere.jpg"] == "This link cannot be read: No such file or directory."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")
def test_pipes_and_devices_are_not_opened(folder):
    os.mkfifo(folder / "photo.jpg")
    os.mkfifo(folder / "photo")
    (folder / "endless.png").symlink_to("/dev/zero")
    photos, skipped = listed(folder)
    assert photos == []
    assert len(skipped) == 3
    assert set(skipped.values()) == {"It is a pipe, a socket or a device, not a file."}


@pytest.mark.skipif(sys.platform == "win32", reason="has other permissions")
def test_what_may_not_be_read_is_said(folder, monkeypatch):
    picture(folder / "photo")
    (folder / "locked").mkdir()
    monkeypatch.setattr(os, "open", refuse)
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: refuse() if "locked" in path else scandir(path))
    photos, skipped = listed(folder)
    assert photos == []
    assert skipped == {
        "photo": "It cannot be read; check its permissions.",
        "locked/": "This folder cannot be read; check its permissions.",
    }
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"photos cannot be read: Permission denied\.$"):
        listed(folder)


def refuse(*_):
    raise PermissionError(13, "Permission denied")


def test_a_folder_within_that_nests_too_deep_is_said(folder, monkeypatch):
    """As os.scandir refuses it: the whole path has more than 4,096 letters."""
    (folder / "deep").mkdir()
    scandir = os.scandir

    def deep(path):
        if path.endswith("deep"):
            raise OSError(36, "File name too long")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", deep)
    assert listed(folder)[1] == {"deep/": "This folder cannot be read: File name too long."}


def test_its_own_tables_are_not_among_what_is_skipped(folder):
    picture(folder / "a.jpg")
    (folder / "sub").mkdir()
    for name in ("faces.csv", "faces.csv.errors.csv", "sub/faces.csv"):
        (folder / name).touch()
    (folder / "faces.csv.parts").mkdir()
    out = folder / "sub" / ".." / "faces.csv"
    found = list_folder(folder / "sub" / "..", out)
    assert found.photos == ["a.jpg"]
    assert found.skipped == [("sub/faces.csv", "It is empty.")]


def test_names_with_a_known_ending_are_not_opened(folder, monkeypatch):
    for number in range(20):
        picture(folder / f"{number}.jpg")
    opened = []
    monkeypatch.setattr(listing, "_no_photo", lambda path: opened.append(Path(path).name) or "")
    (folder / "notes.txt").touch()
    listed(folder)
    assert opened == ["notes.txt"]
    assert {".jpg", ".heic", ".avif", ".tif", ".mpo"} <= SUFFIXES
