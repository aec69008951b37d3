"""Downloads through the real client of the Hub, from a small server on this machine."""

import hashlib
import os
import subprocess
import sys

import pytest

from facelens.data import celeba as data
from facelens.data import parquet
from facelens.errors import OutputError
from facelens.faces import download
from facelens.faces.detect import YUNET_FILES
from facelens.faces.download import YUNET_REPO
from facelens.files import sha256

pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test downloads")
pq = pytest.importorskip("pyarrow.parquet")

YUNET = bytes(1000)
DETECTORS = YUNET_FILES


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
    config = f"{data.CELEBA_REPO}/{data.CELEBA_CONFIG}"
    hub.files |= {
        f"{config}/train-00000-of-00002.parquet": shard(tmp_path, 0, 10),
        f"{config}/train-00001-of-00002.parquet": shard(tmp_path, 10, 10),
        f"{config}/valid-00000-of-00001.parquet": shard(tmp_path, 20, 5),
        f"{config}/test-00000-of-00001.parquet": shard(tmp_path, 25, 5),
        f"{data.CELEBA_REPO}/other/train-00000-of-00001.parquet": shard(tmp_path, 90, 5),
        f"{data.CELEBA_REPO}/README.md": b"# CelebA",
    }
    return hub


def test_a_wrong_detector_is_not_kept(hub, tmp_path):
    hub.files[f"{YUNET_REPO}/face_detection_yunet_2023mar.onnx"] = YUNET
    said = facelens("download", "detector", url=hub.url, tmp_path=tmp_path)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.strip().splitlines()[-1].startswith("facelens: YuNet arrived damaged")
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize(
    ("there", "kept"),
    [(DETECTORS, DETECTORS[0]), (DETECTORS[1:], DETECTORS[1])],
    ids=["both", "only the older"],
)
def test_the_detector_lands_in_the_cache(hub, tmp_path, monkeypatch, there, kept):
    for name in there:
        hub.files[f"{YUNET_REPO}/{name}"] = YUNET
    script = (
        "from facelens.commands.main import main\nfrom facelens.faces import download\n"
        f"about = ({len(YUNET)}, '{hashlib.sha256(YUNET).hexdigest()}')\n"
        "download.YUNET = dict.fromkeys(download.YUNET, about)\n"
        "for _ in range(2): assert main(['download', 'detector']) == 0\n"
    )
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setenv("FACELENS_CACHE", str(tmp_path / "cache"))
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [kept]
    assert sum(asked.startswith("GET") and "resolve" in asked for asked in hub.asked) == 1


def test_every_detector_that_is_looked_for_has_its_checksum():
    assert tuple(download.YUNET) == DETECTORS


@pytest.mark.data
def test_the_checksum_is_that_of_the_real_file(yunet):
    """The one file of the two that the tests have."""
    assert (yunet.stat().st_size, sha256(yunet)) == download.YUNET[yunet.name]


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
    assert "to download, about 1 minute at 10 Mbit/s" in said.stdout
    assert "on disk in 4 files" in said.stdout
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
    downloaded = [asked for asked in celeba.asked if asked.startswith("GET") and "resolve" in asked]
    assert len(downloaded) == 1
    assert "train-00001" in downloaded[0]


def test_some_files_of_celeba_and_later_more(celeba, tmp_path):
    folder = tmp_path / "celeba"
    command = ("download", "celeba", folder, "--shards")
    said = facelens(*command, "1", url=celeba.url, tmp_path=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "20 faces are in" in said.stdout
    assert [len(paths) for paths in rows(folder).values()] == [5, 10, 5]
    celeba.asked.clear()
    said = facelens(*command, "2", url=celeba.url, tmp_path=tmp_path)
    assert "30 faces are in" in said.stdout
    downloaded = [asked for asked in celeba.asked if asked.startswith("GET") and "resolve" in asked]
    assert len(downloaded) == 1, "what is there is not downloaded again"


def test_two_cuts_of_celeba_do_not_share_a_folder(celeba, tmp_path):
    """Together they would train on the same face twice."""
    folder = tmp_path / "celeba"
    said = facelens("download", "celeba", folder, url=celeba.url, tmp_path=tmp_path)
    assert said.returncode == 0, said.stderr
    said = facelens(
        "download", "celeba", folder, "--slice", "facelens", url=celeba.url, tmp_path=tmp_path
    )
    assert said.returncode == 2
    assert "name another folder" in said.stderr


def test_minutes_and_room_are_stated_for_the_real_size(monkeypatch, tmp_path):
    """25 files of 480 MB, as on the Hub: 12 GB take 160 minutes at 10 Mbit/s."""
    shards = [data.Shard(f"train-{i:05}-of-00019", 480_000_000, None) for i in range(19)]
    shards += [data.Shard(f"{s}-{i}", 480_000_000, None) for s in "vt" for i in range(3)]
    monkeypatch.setattr(data, "_shards", lambda: shards)
    said = data.need(tmp_path)
    assert "12.0 GB to download, about 160 minutes at 10 Mbit/s and 16 minutes at 100" in said
    assert "3.8 GB on disk in 8 files" in data.need(tmp_path, shards=2)
    slice_ = data.need(tmp_path, names=data.OUR_SLICE)
    assert "about 1.3 GB on disk for 21,723 images, 2.2 GB during the download" in slice_


def test_the_slice_of_our_figures_is_known_by_name(celeba, tmp_path):
    folder = tmp_path / "ours"
    said = facelens(
        "download", "celeba", "--slice", "facelens", folder, url=celeba.url, tmp_path=tmp_path
    )
    assert said.returncode == 0, said.stderr
    named = set(data.OUR_SLICE.read_text().split())
    kept = {path for paths in rows(folder).values() for path in paths}
    assert kept == {f"{n:06}.jpg" for n in range(30)} & named
    assert kept, "some of the first thirty are among them"


@pytest.mark.data
def test_the_slice_is_the_faces_that_our_figures_are_about(data_dir):
    paths = [path for part in parquet.files(data_dir / "celeba") for path in data._paths(part)]
    assert sorted(paths) == data.OUR_SLICE.read_text().split()


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


def test_a_slice_resumes_where_it_stopped(celeba, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("000003.jpg\n000012.jpg\n")
    folder = tmp_path / "slice"
    command = ("download", "celeba", "--slice", names, folder)
    lost = f"{data.CELEBA_REPO}/{data.CELEBA_CONFIG}/valid-00000-of-00001.parquet"
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


def test_too_little_room_is_said_before_anything_is_downloaded(celeba, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "_shards", lambda: [data.Shard("a/train-0.parquet", 10**18, None)])
    with pytest.raises(OutputError, match=r"1000000000.0 GB are needed"):
        data.celeba(tmp_path / "x")
    assert not celeba.asked
