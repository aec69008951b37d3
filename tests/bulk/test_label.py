"""A table of many photos: right rows, no row lost or doubled, whatever is killed in between."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facelens.bulk import label as label_module
from facelens.bulk import work as work_module
from facelens.bulk import workers
from facelens.bulk.label import label
from facelens.bulk.work import _faces
from facelens.bundles.session import BATCH
from facelens.errors import DataError, OutputError, PhotoError
from facelens.tasks.attributes.names import NAMES, describe

HEADER = ["photo", "face", "confidence", "x", "y", "w", "h", *NAMES]
ROOT = Path(__file__).parents[2]


def crop(seed):
    noise = np.random.default_rng(seed).integers(0, 256, (28, 23, 3), np.uint8)
    return Image.fromarray(noise).resize((178, 218))


@pytest.fixture
def crops(tmp_path):
    """Eleven aligned crops in two folders, a letter, a crop of another size, and no photos."""
    folder = tmp_path / "crops"
    (folder / "more").mkdir(parents=True)
    for number in range(11):
        crop(number).save(folder / ("more" if number % 2 else ".") / f"{number:02}.png")
    (folder / "letter.jpg").write_text("not a photo")
    Image.new("RGB", (50, 60)).save(folder / "small.PNG")
    (folder / "notes.txt").write_text("no photo either")
    (folder / ".hidden.jpg").write_text("nor this")
    return folder


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(label_module, "CHUNK", 3)


def table(path):
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def photos(path):
    return [row[0] for row in table(path)[1:]]


EXPECTED = [f"{n:02}.png" for n in range(0, 11, 2)] + [f"more/{n:02}.png" for n in range(1, 11, 2)]


def test_a_row_a_face_and_a_reason_for_the_others(crops, tmp_path):
    out = tmp_path / "faces.csv"
    result = label(crops, out, aligned=True)
    assert table(out)[0] == HEADER
    assert photos(out) == EXPECTED
    assert all(row[1] == "1" for row in table(out)[1:])
    assert all(0 <= float(cell) <= 1 for row in table(out)[1:] for cell in row[7:])
    errors = dict(table(f"{out}.errors.csv")[1:])
    assert set(errors) == {"letter.jpg", "small.PNG", "notes.txt", ".hidden.jpg"}
    assert "not a photo" in errors["letter.jpg"]
    assert "50 x 60" in errors["small.PNG"]
    assert "not a photo" in errors["notes.txt"]
    assert "hidden" in errors[".hidden.jpg"]
    assert (result.photos, result.faces, result.errors, result.skipped) == (13, 11, 2, 2)
    assert not (tmp_path / "faces.csv.parts").exists()


def test_the_probabilities_are_the_models(crops, tmp_path):
    from facelens import load_model, read_photo

    label(crops, tmp_path / "faces.csv", aligned=True)
    (prediction,) = load_model().predict([read_photo(crops / "04.png").pixels])
    (row,) = [row for row in table(tmp_path / "faces.csv") if row[0] == "04.png"]
    assert np.allclose(np.array(row[7:], float), prediction.probabilities, atol=1e-4)


def test_faces_are_found_in_photos(astronaut, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(astronaut, folder / 'a, "b"\n.jpg')
    Image.new("RGB", (200, 200), "white").save(folder / "blank.png")
    label(folder, tmp_path / "faces.csv", detector="haar")
    (row,) = table(tmp_path / "faces.csv")[1:]
    assert row[:2] == ['a, "b"\n.jpg', "1"]
    x, y, w, h = map(float, row[3:7])
    assert 150 < x + w / 2 < 300
    assert 50 < y + h / 2 < 200
    assert table(tmp_path / "faces.csv.errors.csv")[1:] == [["blank.png", "No face was found."]]


def test_parquet_in_and_out(crops, tmp_path):
    pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    import pyarrow.parquet as pq

    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    images = [
        {"bytes": path.read_bytes(), "path": path.name} for path in sorted(crops.glob("0*.png"))
    ]
    pq.write_table(pa.table({"image": pa.array([*images, None], kind)}), tmp_path / "in.parquet")
    result = label(tmp_path / "in.parquet", tmp_path / "out.parquet", aligned=True)
    answer = pq.read_table(tmp_path / "out.parquet")
    assert answer.column_names == HEADER
    assert answer.column("photo").to_pylist() == [image["path"] for image in images]
    assert set(map(str, answer.schema.types[2:])) == {"float"}
    assert answer.column("confidence").to_pylist() == [None] * len(images)
    assert result.errors == 1
    label(crops, tmp_path / "out.csv", aligned=True)
    same = {row[0]: row[7:] for row in table(tmp_path / "out.csv")[1:]}
    for row in answer.to_pylist():
        assert np.allclose(
            [row[name] for name in NAMES], np.array(same[row["photo"]], float), atol=1e-4
        )


def test_two_workers_write_what_one_writes(crops, tmp_path):
    label(crops, tmp_path / "one.csv", aligned=True)
    label(crops, tmp_path / "two.csv", aligned=True, workers=2)
    assert photos(tmp_path / "two.csv") == EXPECTED
    one, two = table(tmp_path / "one.csv"), table(tmp_path / "two.csv")
    for row, other in zip(one[1:], two[1:], strict=True):
        assert np.allclose(np.array(row[7:], float), np.array(other[7:], float), atol=1e-4)


def test_an_interrupted_run_resumes_where_it_stopped(crops, tmp_path, monkeypatch):
    out = tmp_path / "faces.csv"
    work, done = work_module.work, []

    def stumble(job, chunk):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(chunk.index)
        return work(job, chunk)

    monkeypatch.setattr(workers, "work", stumble)
    with pytest.raises(KeyboardInterrupt):
        label(crops, out, aligned=True)
    assert not out.exists()
    monkeypatch.setattr(
        workers, "work", lambda job, chunk: done.append(chunk.index) or work(job, chunk)
    )
    label(crops, out, aligned=True)
    assert done == [0, 1, 2, 3, 4]
    assert photos(out) == EXPECTED


def test_a_run_killed_while_its_table_is_moved_ends_well(crops, tmp_path, monkeypatch):
    out = tmp_path / "faces.csv"
    for killed_at in ("merged", "moved"):

        def die(parts, out, _, killed_at=killed_at):
            if killed_at == "moved":
                (parts / "errors.csv").replace(f"{out}.errors.csv")
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(label_module, "_move_into_place", die)
            with pytest.raises(KeyboardInterrupt):
                label(crops, out, aligned=True)
        assert not out.exists()
        label(crops, out, aligned=True)
        assert photos(out) == EXPECTED
        assert len(table(f"{out}.errors.csv")) == 5
        assert not (tmp_path / "faces.csv.parts").exists()
        out.unlink()


def test_a_finished_table_is_not_overwritten(crops, tmp_path):
    out = tmp_path / "faces.csv"
    out.write_text("precious")
    with pytest.raises(OutputError, match="--force"):
        label(crops, out, aligned=True)
    assert out.read_text() == "precious"
    label(crops, out, aligned=True, force=True)
    assert photos(out) == EXPECTED


def test_other_work_in_progress_is_not_mixed_in(crops, tmp_path, monkeypatch):
    out = tmp_path / "faces.csv"

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(label_module, "_merge", die)
        with pytest.raises(KeyboardInterrupt):
            label(crops, out, aligned=True)
    crop(99).save(crops / "12.png")
    with pytest.raises(OutputError, match="unfinished work"):
        label(crops, out, aligned=True)
    label(crops, out, aligned=True, force=True)
    assert photos(out) == sorted([*EXPECTED, "12.png"])


def test_work_in_progress_with_judgements_is_not_resumed_without(crops, tmp_path, monkeypatch):
    out = tmp_path / "faces.csv"

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(label_module, "_merge", die)
        with pytest.raises(KeyboardInterrupt):
            label(crops, out, aligned=True, judgements=False)
    with pytest.raises(OutputError, match="other settings"):
        label(crops, out, aligned=True)
    done = label(crops, out, aligned=True, judgements=False)
    assert done.table.judgements == ()
    plain = [name for name in NAMES if not describe(name).is_judgement]
    assert table(out)[0][7:] == plain == list(done.table.columns)
    label(crops, tmp_path / "all.csv", aligned=True)
    kept = [table(tmp_path / "all.csv")[0].index(name) for name in table(out)[0]]
    assert table(out) == [[row[i] for i in kept] for row in table(tmp_path / "all.csv")]


def test_a_folder_of_somebody_elses_is_left_alone(crops, tmp_path):
    parts = tmp_path / "faces.csv.parts"
    parts.mkdir()
    (parts / "diary.txt").write_text("dear diary")
    with pytest.raises(OutputError, match="not written by facelens"):
        label(crops, tmp_path / "faces.csv", aligned=True, force=True)
    assert (parts / "diary.txt").read_text() == "dear diary"


def test_one_odd_photo_does_not_end_the_run(crops, tmp_path, monkeypatch):
    faces = _faces

    def odd(job, name, data):
        if name == "04.png":
            raise RuntimeError("cv2 says no")
        return faces(job, name, data)

    monkeypatch.setattr(work_module, "_faces", odd)
    label(crops, tmp_path / "faces.csv", aligned=True)
    assert photos(tmp_path / "faces.csv") == [name for name in EXPECTED if name != "04.png"]
    assert "unexpected" in dict(table(tmp_path / "faces.csv.errors.csv")[1:])["04.png"]


def test_a_damaged_photo_has_its_row_and_a_line(crops, tmp_path, monkeypatch):
    faces = _faces

    def damaged(job, name, data):
        found, _ = faces(job, name, data)
        hints = ("A part of this photo is damaged.",) if name in ("04.png", "06.png") else ()
        return [] if name == "06.png" else found, hints

    monkeypatch.setattr(work_module, "_faces", damaged)
    result = label(crops, tmp_path / "faces.csv", aligned=True)
    assert photos(tmp_path / "faces.csv") == [name for name in EXPECTED if name != "06.png"]
    errors = dict(table(tmp_path / "faces.csv.errors.csv")[1:])
    assert errors["04.png"] == "A part of this photo is damaged."
    assert errors["06.png"] == "No face was found. A part of this photo is damaged."
    assert (result.faces, result.errors) == (10, 4)


def test_hints_of_a_photo_reach_the_errors(crops, tmp_path, monkeypatch):
    import facelens.photo

    read = facelens.photo.read_photo

    def hinted(*arguments, **options):
        photo = read(*arguments, **options)
        return replace(photo, hints=("It is damaged.",) if photo.name == "04.png" else ())

    monkeypatch.setattr(facelens.photo, "read_photo", hinted)
    label(crops, tmp_path / "faces.csv", aligned=True)
    assert dict(table(tmp_path / "faces.csv.errors.csv")[1:])["04.png"] == "It is damaged."


def test_decoding_has_a_time_limit_which_is_a_line(crops, tmp_path, monkeypatch):
    import facelens.photo

    read, asked = facelens.photo.read_photo, []

    def slow(data, *, name, seconds):
        asked.append(seconds)
        if name == "04.png":
            raise PhotoError(f"{name} takes longer than {seconds} seconds.")
        return read(data, name=name)

    monkeypatch.setattr(facelens.photo, "read_photo", slow)
    label(crops, tmp_path / "faces.csv", aligned=True, seconds=7)
    assert set(asked) == {7}
    errors = dict(table(tmp_path / "faces.csv.errors.csv")[1:])
    assert errors["04.png"] == "04.png takes longer than 7 seconds."
    assert "04.png" not in photos(tmp_path / "faces.csv")


def test_what_a_run_left_that_was_killed_at_its_end_is_removed(crops, tmp_path, monkeypatch):
    out, parts = tmp_path / "faces.csv", tmp_path / "faces.csv.parts"

    def die(*_):
        raise KeyboardInterrupt

    for left in (set(), {"merged.json", "part-0000000.csv", "errors.csv"}):
        with monkeypatch.context() as patch:
            patch.setattr(label_module, "_remove", die)
            with pytest.raises(KeyboardInterrupt):
                label(crops, out, aligned=True)
        for path in parts.iterdir():
            if path.name not in left | {"plan.json"}:
                path.unlink()
        before = out.read_bytes()
        with pytest.raises(OutputError, match="exists"):
            label(crops, out, aligned=True)
        assert not parts.exists()
        assert out.read_bytes() == before
        out.unlink()


def test_the_unfinished_work_on_a_finished_table_is_kept(crops, tmp_path, monkeypatch):
    out, parts = tmp_path / "faces.csv", tmp_path / "faces.csv.parts"
    label(crops, out, aligned=True)
    with monkeypatch.context() as patch:

        def die(*_):
            raise KeyboardInterrupt

        patch.setattr(label_module, "_merge", die)
        with pytest.raises(KeyboardInterrupt):
            label(crops, out, aligned=True, force=True)
    kept = sorted(parts.iterdir())
    with pytest.raises(OutputError, match="exists"):
        label(crops, out, aligned=True)
    assert sorted(parts.iterdir()) == kept
    assert len(kept) > 5


def test_what_is_wrong_is_said_before_any_work(crops, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "work", None)
    empty, other = tmp_path / "empty", tmp_path / "other"
    for folder in (empty, other):
        folder.mkdir()
    for name in (".x", "y"):
        (other / name).write_text("no photo")
    crop(1).save(tmp_path / "photo", "PNG")
    for source, out, kind, words in (
        (crops, "faces.txt", OutputError, "faces.txt does not end in .csv or .parquet"),
        (crops, "no/folder/faces.csv", OutputError, "no folder"),
        (crops, "crops/more/../more.csv/../../empty", OutputError, "does not end in"),
        (empty, "faces.csv", DataError, r"holds no photos\.$"),
        (other, "faces.csv", DataError, r"2 entries were skipped, the first, \.x: It is hidden: "),
        (tmp_path / "nowhere", "faces.csv", DataError, "does not exist"),
        (crops / "00.png", "faces.csv", DataError, "facelens predict"),
        (tmp_path / "photo", "faces.csv", DataError, "facelens predict"),
        (Path(os.devnull), "faces.csv", DataError, "neither a folder nor a file"),
        (crops / "notes.txt", "faces.csv", DataError, "not a parquet file"),
    ):
        with pytest.raises(kind, match=words):
            label(source, tmp_path / out, aligned=True)
    assert not list(tmp_path.glob("*.parts"))


def test_few_photos_are_cut_finely_and_many_coarsely(monkeypatch):
    monkeypatch.undo()
    for photos, size in ((1, 16), (1000, 16), (20_000, 78), (10**8, 128)):
        assert label_module._chunk_size(photos) == size


def test_progress_reaches_the_end(crops, tmp_path):
    seen = []
    label(crops, tmp_path / "f.csv", aligned=True, progress=lambda *step: seen.append(step))
    assert seen == [(3, 13), (6, 13), (9, 13), (12, 13), (13, 13)]


def running(parent):
    """The processes that `parent` has started, by /proc."""
    children = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            children.append(int(status.parent.name))
    return children


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_killed_for_good_it_leaves_no_worker_and_resumes(tmp_path):
    """SIGKILL in the middle of a run with two workers, then the same command again."""
    folder, out = tmp_path / "many", tmp_path / "faces.csv"
    folder.mkdir()
    for number in range(36):
        crop(number).save(folder / f"{number:02}.png")
    script = (
        "import sys, time\n"
        "from facelens.bulk import label\n"
        "label.CHUNK = 3\n"
        "if __name__ == '__main__':\n"
        "    label.label(sys.argv[1], sys.argv[2], aligned=True, workers=2)\n"
    )
    (tmp_path / "run.py").write_text(script)
    command = [sys.executable, str(tmp_path / "run.py"), str(folder), str(out)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.Popen(command, env=env, stderr=subprocess.PIPE)
    parts = tmp_path / "faces.csv.parts"
    until = time.monotonic() + 120
    while len(list(parts.glob("part-???????.csv"))) < 2:
        assert run.poll() is None, run.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.01)
    workers = running(run.pid)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert workers
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < until, "workers outlive the run"
        time.sleep(0.05)
    assert not out.exists()
    kept = {path: path.stat().st_mtime_ns for path in parts.glob("part-???????.csv")}
    assert 2 <= len(kept) < 12

    subprocess.run(command, env=env, check=True)
    assert photos(out) == [f"{number:02}.png" for number in range(36)]


def test_a_second_run_on_the_same_table_is_refused(crops, tmp_path, monkeypatch):
    pytest.importorskip("fcntl", reason="locks files on Linux and macOS only")
    out = tmp_path / "faces.csv"
    second = []

    def work(job, chunk):
        if not second:
            second.append(True)
            with pytest.raises(OutputError, match="is running"):
                label(crops, out, aligned=True)
        return original(job, chunk)

    original = work_module.work
    monkeypatch.setattr(workers, "work", work)
    label(crops, out, aligned=True)
    assert photos(out) == EXPECTED


@pytest.fixture
def many(tmp_path):
    """Sixty aligned crops: twenty chunks."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        crop(number).save(folder / f"{number:02}.png")
    return folder


@contextmanager
def two_dask_workers(**settings):
    dask = pytest.importorskip("dask", reason="pip install 'facelens[bulk]' for Dask")
    distributed = pytest.importorskip("distributed", reason="pip install 'facelens[bulk]' for Dask")
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
    ):
        cluster.wait_for_workers(2)
        yield cluster


def suspected(cluster):
    """How often a chunk was under way on a worker that died."""
    return sum(prefix.suspicious for prefix in cluster.scheduler.task_prefixes.values())


def kill_a_worker(cluster):
    """SIGKILL the worker that has most to do; its nanny starts another."""
    workers = cluster.scheduler.workers.values()
    busiest = max(workers, key=lambda worker: len(worker.processing))
    os.kill(cluster.workers[busiest.name].pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")
def test_a_dask_worker_killed_midway_loses_and_doubles_nothing(many, tmp_path):
    counted = []

    def progress(done, _):
        counted.append(done)
        if len(counted) == 1:
            kill_a_worker(cluster)

    out = tmp_path / "dask.csv"
    with two_dask_workers() as cluster:
        result = label(
            many, out, aligned=True, scheduler=cluster.scheduler_address, progress=progress
        )
        assert suspected(cluster) > 0, "the worker died idle"
    assert counted == list(range(3, 61, 3))
    assert (result.photos, result.faces, result.errors) == (60, 60, 0)
    assert photos(out) == [f"{number:02}.png" for number in range(60)]
    label(many, tmp_path / "one.csv", aligned=True)
    for row, other in zip(table(out)[1:], table(tmp_path / "one.csv")[1:], strict=True):
        assert row[:7] == other[:7]
        assert np.allclose(np.array(row[7:], float), np.array(other[7:], float), atol=1e-4)
    assert not (tmp_path / "dask.csv.parts").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")
def test_what_a_dask_run_leaves_undone_is_done_when_it_is_begun_again(many, tmp_path):
    """Interrupted once; then a worker dies and Dask, told to, gives its chunks up; then it ends."""
    out, parts = tmp_path / "dask.csv", tmp_path / "dask.csv.parts"
    counted = []

    def interrupt(done, _):
        if done >= 9:
            raise KeyboardInterrupt

    def kill(done, _):
        counted.append(done)
        if len(counted) == 1:
            kill_a_worker(cluster)

    with two_dask_workers(**{"distributed.scheduler.allowed-failures": 0}) as cluster:
        how = {"aligned": True, "scheduler": cluster.scheduler_address}
        with pytest.raises(KeyboardInterrupt):
            label(many, out, progress=interrupt, **how)
        kept = {path: path.stat().st_ino for path in parts.glob("part-???????.csv")}
        assert 3 <= len(kept) < 20
        with pytest.raises(OutputError, match=r"died again and again over .*same command again"):
            label(many, out, progress=kill, **how)
        assert counted[0] > 9
        assert not out.exists()
        undone = 20 - len(list(parts.glob("part-???????.csv")))
        assert undone < 8, "the other chunks were given up too"
        assert kept.items() <= {p: p.stat().st_ino for p in parts.glob("part-???????.csv")}.items()
        label(many, out, **how)
    assert photos(out) == [f"{number:02}.png" for number in range(60)]


def dask_command(*words):
    """Start `dask scheduler` or `dask worker`, as the documentation does."""
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words, "--no-dashboard"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_dask_scheduler_that_dies_is_a_sentence(many, tmp_path, capfd):
    pytest.importorskip("distributed", reason="pip install 'facelens[bulk]' for Dask")
    known = tmp_path / "scheduler.json"
    where = ("--scheduler-file", str(known))
    scheduler = dask_command("scheduler", "--host", "127.0.0.1", "--port", "0", *where)
    worker = None
    try:
        until = time.monotonic() + 60
        while not (known.is_file() and known.read_text().endswith("}")):
            assert time.monotonic() < until, "the scheduler does not start"
            time.sleep(0.05)
        worker = dask_command("worker", *where, "--nthreads", "1", "--no-nanny")
        address = json.loads(known.read_text())["address"]
        with pytest.raises(OutputError, match=r"scheduler at .* has gone.*same command again"):
            label(
                many,
                tmp_path / "dask.csv",
                aligned=True,
                scheduler=address,
                progress=lambda *_: scheduler.kill(),
            )
    finally:
        for process in filter(None, (scheduler, worker)):
            process.kill()
            process.wait()
    assert "Traceback" not in capfd.readouterr().err
    label(many, tmp_path / "dask.csv", aligned=True)
    assert len(photos(tmp_path / "dask.csv")) == 60


def test_no_dask_scheduler_is_said(crops, tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="pip install 'facelens[bulk]' for Dask")
    monkeypatch.setattr(workers, "_PATIENCE", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(OutputError, match="No Dask scheduler answers"):
            label(crops, tmp_path / "dask.csv", aligned=True, scheduler=address)


@pytest.mark.parametrize("workers", [1, 2])
def test_each_process_fills_one_core_and_leaves_the_settings_as_they_were(
    crops, tmp_path, monkeypatch, workers
):
    import cv2

    monkeypatch.setenv("FACELENS_THREADS", "3")
    before, within = cv2.getNumThreads(), []

    def progress(*_):
        within.append((os.environ["FACELENS_THREADS"], cv2.getNumThreads()))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        label(crops, tmp_path / "f.csv", aligned=True, workers=workers, progress=progress)
    assert within == [("1", 1)]
    assert os.environ["FACELENS_THREADS"] == "3"
    assert cv2.getNumThreads() == before


def test_faces_are_asked_about_in_batches_across_photos(crops, tmp_path, monkeypatch):
    from facelens.tasks.attributes.model import AttributeModel

    monkeypatch.setattr(label_module, "CHUNK", 100)
    asked, predict = [], AttributeModel.predict
    monkeypatch.setattr(
        AttributeModel,
        "predict",
        lambda self, faces: asked.append(len(faces)) or predict(self, faces),
    )
    label(crops, tmp_path / "f.csv", aligned=True)
    most = BATCH
    assert asked == [min(most, 11 - start) for start in range(0, 11, most)]


def test_photo_errors_survive_the_way_between_processes():
    import pickle

    error = pickle.loads(pickle.dumps(PhotoError("a sentence.")))
    assert str(error) == "a sentence."
    assert json.dumps(str(error))
