"""A file is whole or not there, whoever writes it and whatever happens meanwhile."""

import ast
import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from facelens import files
from facelens.errors import OutputError
from facelens.files import (
    atomic_folder,
    atomic_write,
    cache_folder,
    check_out,
    only_one,
    sha256,
    sha256_of,
    write_array,
    write_json,
    write_text,
)

ROOT = Path(__file__).parents[1]
LINUX = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    return path


def break_off(draft, error):
    draft.write_text("half")
    raise error


# whole or not at all


def test_a_file_takes_the_place_of_the_old_one_when_it_is_whole(old):
    with atomic_write(old) as draft:
        draft.write_text("new")
        assert old.read_text() == "old"
    assert old.read_text() == "new"
    assert names(old.parent) == [old.name]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(old, error):
    with pytest.raises(error), atomic_write(old) as draft:
        break_off(draft, error)
    assert old.read_text() == "old"
    assert names(old.parent) == [old.name]


def test_a_writer_that_is_killed_leaves_the_old_file(old):
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from facelens.files import atomic_write\n"
        "with atomic_write(Path(sys.argv[1])) as draft:\n"
        "    draft.write_text('half')\n"
        f"    os.kill(os.getpid(), {int(signal.SIGTERM)})\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(old)], check=False)
    assert done.returncode != 0
    assert old.read_text() == "old"
    write_text(old, "new")
    assert old.read_text() == "new", "what the killed one left is in nobody's way"
    if sys.platform != "win32":
        assert names(old.parent) == [old.name], "nor does it stay"


@LINUX
def test_drafts_of_the_living_and_files_of_others_stay(old):
    strangers = ("x.draft", f"{old.name}.draft", f"{old.name}.{'0' * 15}g.draft")
    for name in strangers:
        old.with_name(name).touch()
    with atomic_write(old) as one:
        one.write_text("one")
        write_text(old, "two")
    assert old.read_text() == "one"
    assert names(old.parent) == sorted([old.name, *strangers])


MOMENTS = {
    "at first": "",
    "before it is whole": "(draft / 'config.json').write_text('half')\n",
    "between its last steps": "(draft / 'config.json').write_text('new')\n"
    "    out.rename(draft.with_name('before'))\n",
}


@LINUX
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_folder_whose_writer_was_killed_is_as_it_was_and_nothing_stays(tmp_path, moment):
    out = tmp_path / "bundle"
    write_there(out, "old")
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from facelens.files import atomic_folder\n"
        "out = Path(sys.argv[1])\n"
        "with atomic_folder(out) as draft:\n"
        f"    {MOMENTS[moment]}\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(out)], check=False)
    files._remove_left.cache_clear()
    (tmp_path / ".bundle-mine").mkdir()
    assert len(names(tmp_path)) >= 2
    with pytest.raises(KeyboardInterrupt), atomic_folder(out) as draft:
        break_off(draft / "config.json", KeyboardInterrupt)
    assert (out / "config.json").read_text() == "old"
    assert names(tmp_path) == [".bundle-mine", "bundle"]


def test_two_writers_never_share_a_draft(old):
    with atomic_write(old) as one, atomic_write(old) as two:
        assert one != two
        one.write_text("one")
        two.write_text("two")
    assert old.read_text() == "one", "who ends last"


def test_a_draft_ends_as_the_file_does_only_where_an_encoder_asks_for_it(tmp_path):
    with atomic_write(tmp_path / "train.parquet") as draft:
        assert draft.suffix == ".draft", "no reader takes it for data"
        draft.touch()
    with atomic_write(tmp_path / "film.MP4", keep_suffix=True) as draft:
        assert draft.suffix == ".mp4"
        draft.touch()
    write_array(tmp_path / "labels.npy", [1, 2])
    assert names(tmp_path) == ["film.MP4", "labels.npy", "train.parquet"]


@LINUX
def test_a_full_disk_is_a_sentence(old, monkeypatch):
    monkeypatch.setattr(files, "_unique", lambda: "0")
    old.with_name(f"{old.name}.0.draft").symlink_to("/dev/full")
    with pytest.raises(OutputError) as caught:
        write_text(old, "new")
    assert str(caught.value) == f"{old} cannot be written: No space left on device."
    assert old.read_text() == "old"
    assert names(old.parent) == [old.name]


def test_what_another_library_raises_becomes_a_sentence_if_it_is_named(old):
    with (
        pytest.raises(OutputError, match=r"table\.csv cannot be written: is the disk full\? Go\.$"),
        atomic_write(old, advice="Go.", failures=(RuntimeError,)),
    ):
        raise RuntimeError("[enforce fail at inline_container.cc:603] . PytorchStreamWriter")
    with pytest.raises(RuntimeError), atomic_write(old):
        raise RuntimeError


def test_a_place_that_cannot_be_written_is_said_before_the_work(tmp_path):
    reached = []
    with (
        pytest.raises(OutputError, match="cannot be written: No such file or directory"),
        atomic_write(tmp_path / "no" / "x.csv"),
    ):
        reached.append(True)
    assert not reached


def test_a_folder_takes_the_place_of_the_old_one_when_it_is_whole(tmp_path):
    out = tmp_path / "more" / "bundle"
    for text in ("old", "new"):
        with atomic_folder(out) as draft:
            (draft / "config.json").write_text(text)
            draft.with_name("fetched").mkdir()
        assert names(out.parent) == ["bundle"]
    assert (out / "config.json").read_text() == "new"
    with pytest.raises(KeyboardInterrupt), atomic_folder(out) as draft:
        break_off(draft / "config.json", KeyboardInterrupt)
    assert (out / "config.json").read_text() == "new"
    assert names(out.parent) == ["bundle"]


def test_a_folder_that_cannot_be_moved_leaves_the_old_one(tmp_path, monkeypatch):
    out = tmp_path / "bundle"
    write_there(out, "old")
    honest = Path.rename

    def refuse(path, target):
        if path.name == "draft":
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return honest(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="bundle cannot be written: Permission denied"):
        write_there(out, "new")
    assert (out / "config.json").read_text() == "old"
    assert names(tmp_path) == ["bundle"]


def write_there(out, text):
    with atomic_folder(out) as draft:
        (draft / "config.json").write_text(text)


def test_checksums_are_sha256(tmp_path):
    write_json(tmp_path / "x.json", {"a": "ä"})
    data = (tmp_path / "x.json").read_bytes()
    assert data == b'{\n "a": "\\u00e4"\n}\n'
    assert sha256(tmp_path / "x.json") == sha256_of(data) == hashlib.sha256(data).hexdigest()
    assert sha256_of(data[:3], data[3:]) == sha256_of(data)


# what a killed process leaves

SCRIPT = """
import os, signal, sys
from pathlib import Path
from facelens.files import atomic_folder, atomic_write, folder_aside
folder = Path(sys.argv[1])
with atomic_write(folder / "a.csv"), atomic_write(folder / "b.mp4", keep_suffix=True):
    with atomic_folder(folder / "bundle") as draft, folder_aside(folder) as aside:
        (draft / "config.json").write_text("half")
        (aside / "file").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
"""
needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills with SIGKILL")


def killed(folder, script=SCRIPT):
    done = subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.fixture(autouse=True)
def sweeps():
    """Each folder is looked at once in a process."""
    files._remove_left.cache_clear()
    yield
    files._remove_left.cache_clear()


@needs_kill
def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    write_there(tmp_path / "bundle", "old")
    killed(tmp_path)
    assert len(names(tmp_path)) == 5
    files._remove_left.cache_clear()
    write_text(tmp_path / "other.csv", "new")
    assert names(tmp_path) == ["bundle", "other.csv"]
    assert (tmp_path / "bundle" / "config.json").read_text() == "old"


@needs_kill
def test_a_folder_whose_writer_was_killed_between_two_renames_is_restored(tmp_path):
    write_there(tmp_path / ".bundle", "old")
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from facelens.files import atomic_folder\n"
        "honest = Path.rename\n"
        "def rename(path, target):\n"
        "    if path.name == 'draft':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    honest(path, target)\n"
        "Path.rename = rename\n"
        "with atomic_folder(Path(sys.argv[1]) / '.bundle') as draft:\n"
        "    (draft / 'config.json').write_text('new')\n"
    )
    killed(tmp_path, script)
    assert not (tmp_path / ".bundle").exists()
    files._remove_left.cache_clear()
    write_text(tmp_path / "other.csv", "new")
    assert names(tmp_path) == [".bundle", "other.csv"]
    assert (tmp_path / ".bundle" / "config.json").read_text() == "old"


def test_the_drafts_of_processes_that_live_are_left_alone(tmp_path):
    ours = tmp_path / f"a.csv.{files._unique()}.draft"
    parent = tmp_path / ours.name.replace(f"-{os.getpid()}-", f"-{os.getppid()}-")
    elsewhere = tmp_path / "a.csv.abcdef-99999999-abcdef12.draft"
    others = tmp_path / "a.csv.draft"
    for path in (ours, parent, elsewhere, others):
        path.touch()
    folder = tmp_path / "b.abcdef-99999999-abcdef12.aside"
    folder.mkdir()
    write_text(tmp_path / "new.csv", "new")
    assert len(names(tmp_path)) == 6
    week = time.time() - 8 * 24 * 3600
    for path in (elsewhere, folder):
        os.utime(path, (week, week))
    files._remove_left.cache_clear()
    write_text(tmp_path / "new.csv", "new")
    assert sorted(names(tmp_path)) == sorted(
        path.name for path in (ours, parent, others, tmp_path / "new.csv")
    )


def test_a_folder_of_many_files_is_looked_at_once(tmp_path, monkeypatch):
    scanned = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: scanned.append(path) or scandir(path))
    for number in range(5):
        write_text(tmp_path / f"{number}.txt", "x")
    assert scanned == [tmp_path]


# one run at a time


def test_a_second_run_in_a_folder_is_refused_and_a_later_one_is_not(tmp_path):
    with only_one(tmp_path):
        with pytest.raises(OutputError, match="Another facelens is running in"), only_one(tmp_path):
            pass
        said = []

        def try_it():
            try:
                with only_one(tmp_path):
                    said.append("in")
            except OutputError:
                said.append("out")

        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
        assert said == ["out"]
    with only_one(tmp_path):
        pass


def test_the_lock_goes_with_the_process_and_its_file_locks_nothing(tmp_path):
    script = (
        "import os, sys, time; from pathlib import Path\n"
        "from facelens.files import only_one\n"
        "with only_one(Path(sys.argv[1])):\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(60)\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "locked\n"
    with pytest.raises(OutputError, match="is running"), only_one(tmp_path):
        pass
    other.kill()
    other.wait()
    other.stdout.close()
    (tmp_path / "lock").touch()
    with only_one(tmp_path):
        pass


# where


def test_the_cache_is_where_the_environment_or_the_system_says(monkeypatch, tmp_path):
    monkeypatch.setenv("FACELENS_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("FACELENS_CACHE")
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
        assert cache_folder() == tmp_path / "x" / "facelens"
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", str(tmp_path))
        assert cache_folder() == tmp_path / ".cache" / "facelens"
    assert cache_folder().name == "facelens"


@pytest.mark.parametrize(
    ("name", "kinds", "words"),
    [
        ("x.txt", None, r"x\.txt does not end in \.csv or \.parquet; change it\.$"),
        ("x.csv", {"film": (".avi",)}, r"x\.csv does not end in \.avi; change it\.$"),
        (
            "x",
            {"table": (".csv",), "film": (".mp4", ".webm", ".avi")},
            r"in \.csv \(a table\) or in \.mp4, \.webm or \.avi \(a film\); change it\.$",
        ),
        ("no/x.csv", None, "There is no folder .*no; make it first"),
        ("folder.csv", None, "is a folder; name a file"),
        ("there.CSV", None, "exists; name another file, or give --force to overwrite it"),
    ],
)
def test_where_nothing_may_be_written_is_said(tmp_path, name, kinds, words):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "there.CSV").touch()
    with pytest.raises(OutputError, match=words):
        check_out(tmp_path / name, kinds, force=False)


def test_force_overwrites_but_not_what_is_read(tmp_path):
    there = tmp_path / "there.csv"
    there.touch()
    check_out(there, force=True)
    check_out(there, source=tmp_path / "other.csv", force=True)
    with pytest.raises(OutputError, match="is read for this"):
        check_out(there, source=tmp_path / ".." / tmp_path.name / "there.csv", force=True)


# no fourteenth way

WRITERS = {
    "write_text", "write_bytes", "savez", "savez_compressed", "savetxt", "save_file", "savefig",
    "to_csv", "to_parquet", "to_json", "tofile", "dump", "ParquetWriter", "imwrite", "VideoWriter",
    "NamedTemporaryFile", "TemporaryDirectory", "mkstemp", "mkdtemp", "copyfile", "copytree",
}  # fmt: skip
OURS = {  # whose `save` goes by facelens.files
    "config", "curves", "gallery", "lesson.head", "table", "taught.curves",
}  # fmt: skip
DRAFTS = {"atomic_write", "atomic_folder", "written"}
ELSEWHERE = {
    "commands/streams.py": "the null device, in place of a stream that is closed",
    "lessons/custom.py": "a folder of photos made up for the lesson",
    "lessons/learning_rate.py": "runs that nobody keeps",
    "training/data.py": "a memory map of gigabytes: meta.json, written last, says that it is whole",
    "training/float16.py": "rewrites a graph in the folder that an export makes aside",
    "training/graph.py": "torch and onnx write into the folder that an export makes aside",
    "training/quantise.py": "onnx writes steps on the way to a graph into a folder aside",
}
THE_PLACES = {"files.py", "tables.py", "video/writer.py"}


def called(function):
    return getattr(function, "attr", getattr(function, "id", ""))


def bound(tree):
    """Names that are a draft, or bytes in memory."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.withitem(context_expr=ast.Call(func=by), optional_vars=ast.Name(id=name)):
                found |= {name} if called(by) in DRAFTS else set()
            case ast.Assign(value=ast.Call(func=by), targets=[ast.Name(id=name)]):
                found |= {name} if called(by) in {"BytesIO", "StringIO"} else set()
    return found


def writes(source):
    """The lines of a module that write a file by themselves."""
    tree = ast.parse(source)
    safe = bound(tree)
    lines = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = called(node.func)
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        texts = [
            v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)
        ]
        is_method = isinstance(node.func, ast.Attribute)
        owner = ast.unparse(node.func.value) if is_method else ""
        if safe & {owner, *map(ast.unparse, values)}:
            continue
        opens = name in {"open", "memmap"} and any(
            set(text) <= set("rwaxbt+") and set(text) & set("wax+") for text in texts
        )
        saves = name == "save" and is_method and bool(node.args) and owner not in OURS
        ours = name in {"write_text", "write_bytes"} and not is_method
        if opens or (saves and owner != "self.run") or (name in WRITERS and not ours):
            lines.append(node.lineno)
    return lines


def test_a_file_is_written_in_one_place():
    package = ROOT / "facelens"
    found = {
        path.relative_to(package).as_posix(): lines
        for path in sorted(package.rglob("*.py"))
        if (lines := writes(path.read_text(encoding="utf-8")))
    }
    new = {name: lines for name, lines in found.items() if name not in THE_PLACES | set(ELSEWHERE)}
    assert not new, "go by facelens.files or facelens.tables"
    assert set(ELSEWHERE) <= set(found), "no longer needed in the list"


@pytest.mark.parametrize(
    "line",
    [
        "open(path, 'w')",
        "path.open('ab')",
        "path.open(mode='w', newline='')",
        "path.write_text('x')",
        "np.save(path, values)",
        "np.memmap(path, np.uint8, 'w+')",
        "torch.save(state, path)",
        "image.save(path)",
        "json.dump(values, file)",
        "pq.ParquetWriter(path, schema)",
        "save_file(tensors, path)",
        "tempfile.mkdtemp()",
    ],
)
def test_another_way_to_write_would_be_noticed(line):
    assert writes(line) == [1]


@pytest.mark.parametrize(
    "line",
    [
        "path.open()",
        "path.open('rb')",
        "with atomic_write(path) as draft: torch.save(state, draft)",
        "with atomic_write(path) as draft, draft.open('w') as file: file.write('x')",
        "stream = io.BytesIO(); image.save(stream, 'PNG')",
        "write_text(path, 'x')",
        "config.save(folder / 'config.json')",
    ],
)
def test_reading_and_drafts_are_left_alone(line):
    assert writes(line) == []


def test_a_regular_file_is_read_up_to_its_bound(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert files.read_file(path, 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        files.read_file(path, 4)
    with pytest.raises(OSError, match="No such file"):
        files.read_file(tmp_path / "none", 4)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a pipe")
def test_a_pipe_a_device_and_a_folder_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/null"), tmp_path):
        with pytest.raises(OSError, match=r"not a file|Is a directory"):
            files.read_file(path, 10)
