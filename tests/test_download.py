"""Downloads through the real client of the Hub, from a small server on this machine."""

import hashlib
import os
import subprocess
import sys

import pytest

from facelens import download

pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test downloads")
pq = pytest.importorskip("pyarrow.parquet")

YUNET = bytes(download.YUNET_SIZE)


def facelens(*arguments, url, tmp_path):
    """Run the command in a process of its own: the client reads HF_ENDPOINT when it is imported."""
    return subprocess.run(
        [sys.executable, "-m", "facelens", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {
            "HF_ENDPOINT": url,
            "HF_HOME": str(tmp_path / "hub"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "FACELENS_CACHE": str(tmp_path / "cache"),
        },
    )


def shard(folder, first, rows):
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    numbers = range(first, first + rows)
    images = [{"bytes": b"face %d" % n, "path": f"{n:06}.jpg"} for n in numbers]
    table = pa.table({"image": pa.array(images, kind), "Smiling": [n % 2 == 0 for n in numbers]})
    path = folder / "shard.parquet"
    pq.write_table(table, path, row_group_size=4)
    return path.read_bytes()


@pytest.fixture
def celeba(hub, tmp_path):
    """Two train files of ten rows, one valid and one test file of five, and another config."""
    config = f"{download.CELEBA_REPO}/{download.CELEBA_CONFIG}"
    hub.files |= {
        f"{config}/train-00000-of-00002.parquet": shard(tmp_path, 0, 10),
        f"{config}/train-00001-of-00002.parquet": shard(tmp_path, 10, 10),
        f"{config}/valid-00000-of-00001.parquet": shard(tmp_path, 20, 5),
        f"{config}/test-00000-of-00001.parquet": shard(tmp_path, 25, 5),
        f"{download.CELEBA_REPO}/other/train-00000-of-00001.parquet": shard(tmp_path, 90, 5),
        f"{download.CELEBA_REPO}/README.md": b"# CelebA",
    }
    return hub


def test_a_wrong_detector_is_not_kept(hub, tmp_path):
    hub.files[f"{download.YUNET_REPO}/face_detection_yunet_2023mar.onnx"] = YUNET
    said = facelens("download", "detector", url=hub.url, tmp_path=tmp_path)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.strip().splitlines()[-1].startswith("facelens: YuNet arrived damaged")
    assert not list((tmp_path / "cache").iterdir())


def test_the_detector_lands_in_the_cache(hub, tmp_path, monkeypatch):
    hub.files[f"{download.YUNET_REPO}/face_detection_yunet_2023mar.onnx"] = YUNET
    script = (
        "from facelens import download, cli\n"
        f"download.YUNET_SHA256 = '{hashlib.sha256(YUNET).hexdigest()}'\n"
        "for _ in range(2): assert cli.main(['download', 'detector']) == 0\n"
    )
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setenv("FACELENS_CACHE", str(tmp_path / "cache"))
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    files = [path.name for path in (tmp_path / "cache").iterdir()]
    assert files == ["face_detection_yunet_2023mar.onnx"]
    assert sum(asked.startswith("GET") and "resolve" in asked for asked in hub.asked) == 1


def test_the_real_detector_is_what_is_asked_for():
    """The figures that the project states for the 2023mar file."""
    assert download.YUNET_SIZE == 232_589
    assert download.YUNET_SHA256.startswith("8f2383e4dd3cfbb4553ea8718107fc04")


@pytest.mark.parametrize("what", [["detector"], ["celeba", "DIR"]])
def test_without_a_network_it_is_said(what, tmp_path):
    what = [str(tmp_path / "celeba") if word == "DIR" else word for word in what]
    said = facelens("download", *what, url="http://127.0.0.1:9", tmp_path=tmp_path)
    assert said.returncode == 2
    assert "could not be reached" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_missing_repository_is_said(hub, tmp_path):
    said = facelens("download", "celeba", tmp_path / "celeba", url=hub.url, tmp_path=tmp_path)
    assert said.returncode == 2
    assert "has no img_align+identity+attr" in said.stderr


def rows(folder):
    return {
        path.name: [image["path"] for image in pq.read_table(path).column("image").to_pylist()]
        for path in sorted(folder.glob("*.parquet"))
    }


def test_all_of_celeba(celeba, tmp_path):
    folder = tmp_path / "data" / "celeba"
    said = facelens("download", "celeba", folder, url=celeba.url, tmp_path=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "non-commercial research" in said.stdout
    assert "30 faces are in" in said.stdout
    assert list(rows(folder)) == [
        "test-00000-of-00001.parquet",
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
        "valid-00000-of-00001.parquet",
    ]
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []

    # One file is lost: the same command fetches that one and no other.
    (folder / "train-00001-of-00002.parquet").unlink()
    celeba.asked.clear()
    said = facelens("download", "celeba", folder, url=celeba.url, tmp_path=tmp_path)
    assert said.returncode == 0, said.stderr
    fetched = [asked for asked in celeba.asked if asked.startswith("GET") and "resolve" in asked]
    assert len(fetched) == 1
    assert "train-00001" in fetched[0]


def test_a_slice_of_celeba(celeba, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("000027.jpg\n000003.jpg\n\n000012.jpg\n999999.jpg\n")
    folder = tmp_path / "slice"
    said = facelens(
        "download", "celeba", "--slice", names, folder, url=celeba.url, tmp_path=tmp_path
    )
    assert said.returncode == 0, said.stderr
    assert rows(folder) == {
        "test-00000-of-00001.parquet": ["000027.jpg"],
        "train-00000-of-00001.parquet": ["000003.jpg", "000012.jpg"],
        "valid-00000-of-00001.parquet": [],
    }
    assert "999999.jpg" in said.stderr
    table = pq.read_table(folder / "train-00000-of-00001.parquet")
    assert table.column("Smiling").to_pylist() == [False, True]
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_a_slice_goes_on_where_it_stopped(celeba, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("000003.jpg\n000012.jpg\n")
    folder = tmp_path / "slice"
    command = ("download", "celeba", "--slice", names, folder)
    lost = f"{download.CELEBA_REPO}/{download.CELEBA_CONFIG}/valid-00000-of-00001.parquet"
    whole = celeba.files[lost]
    celeba.files[lost] = whole[:-1] + b"?"
    honest = celeba.info
    celeba.info = lambda self, repo: {
        **honest(self, repo),
        "siblings": [
            file | {"lfs": file["lfs"] | {"sha256": hashlib.sha256(whole).hexdigest()}}
            if "valid" in file["rfilename"]
            else file
            for file in honest(self, repo)["siblings"]
        ],
    }
    said = facelens(*command, url=celeba.url, tmp_path=tmp_path)
    assert said.returncode == 2
    assert "valid-00000-of-00001.parquet arrived damaged" in said.stderr
    assert not list(folder.glob("*.parquet"))

    celeba.files[lost] = whole
    celeba.asked.clear()
    said = facelens(*command, url=celeba.url, tmp_path=tmp_path)
    assert said.returncode == 0, said.stderr
    assert not any("train" in asked and "resolve" in asked for asked in celeba.asked)
    assert rows(folder)["train-00000-of-00001.parquet"] == ["000003.jpg", "000012.jpg"]


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\0"])
def test_a_list_of_names_that_is_none(content, celeba, tmp_path):
    names = tmp_path / "names.txt"
    if content is not None:
        names.write_bytes(content)
    said = facelens(
        "download", "celeba", "--slice", names, tmp_path / "x", url=celeba.url, tmp_path=tmp_path
    )
    assert said.returncode == 2
    assert "names.txt" in said.stderr
    assert "Traceback" not in said.stderr
    assert not celeba.asked


def test_too_little_room_is_said_before_anything_is_fetched(celeba, tmp_path, monkeypatch):
    monkeypatch.setattr(
        download, "_shards", lambda: [download.Shard("a/train-0.parquet", 10**18, None)]
    )
    with pytest.raises(download.OutputError, match=r"1000000000.0 GB are needed"):
        download.celeba(tmp_path / "x")
    assert not celeba.asked
