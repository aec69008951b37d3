"""The command line: what it prints, how it ends, and one sentence for whatever is wrong."""

import os
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers.terminal import command_parsers, is_one_sentence
from PIL import Image

from facelens import __version__
from facelens.commands import main

COMMAND = [sys.executable, "-m", "facelens"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["predict"],
        ["predict", "--wrong", "a.jpg"],
        ["predict", "--thresh", "half", "a.jpg"],
        ["label", "x"],
        ["label", "x", "--out", "y.csv", "--workers", "0"],
        ["label", "x", "--out", "y.csv", "--workers", "two"],
        ["label", "x", "--out", "y.csv", "--workers", "2", "--scheduler", "tcp://x"],
        ["evaluate"],
        ["evaluate", "x", "--seed", "-1"],
        ["evaluate", "x", "--limit", "0"],
        ["download"],
        ["download", "internet"],
        ["download", "celeba"],
        ["dashboard", "--port", "99999"],
        ["dashboard", "--port", "eighty"],
    ],
)
def test_nonsense_is_refused(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage: facelens")
    assert "error: " in err.splitlines()[-1]


def test_version(run):
    assert run("--version") == (0, f"facelens {__version__}\n", "")


# as a process


def bomb():
    """A PNG of 30,000 x 30,000 pixels in under a megabyte: three gigabytes when decoded."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    row = b"\0" + bytes(30_000 * 3)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(1_000)) + packer.flush()
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="session")
def hostile(tmp_path_factory, astronaut):
    """Files by name, and the exit codes that `facelens predict` may give for them."""
    folder = tmp_path_factory.mktemp("hostile")
    photo = Image.open(astronaut)
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("not a photo")
    data = astronaut.read_bytes()
    (folder / "truncated.jpg").write_bytes(data[: len(data) // 2])
    (folder / "bomb.png").write_bytes(bomb())
    photo.save(folder / "moving.gif", save_all=True, append_images=[photo.rotate(90)])
    photo.convert("CMYK").save(folder / "cmyk.jpg")
    grey = np.asarray(photo.convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(folder / "deep.png")
    Image.new("RGB", (640, 480), "white").save(folder / "blank.png")
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux counts it")
@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("empty.jpg", {2}),
        ("text.jpg", {2}),
        ("truncated.jpg", {2}),
        ("bomb.png", {2}),
        ("nowhere.jpg", {2}),
        ("moving.gif", {0, 3}),
        ("cmyk.jpg", {0, 3}),
        ("deep.png", {0, 3}),
        ("blank.png", {3}),
    ],
)
def test_hostile_photos_end_well_in_little_memory(hostile, name, codes):
    script = (
        "import sys\n"
        "from facelens.commands.main import main\n"
        "code = main(['predict', sys.argv[1]])\n"
        "peak = open('/proc/self/status').read().split('VmHWM:')[1].split()[0]\n"
        "print(int(peak) // 1024)\n"
        "sys.exit(code)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, str(hostile / name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode in codes, said.stderr
    assert int(said.stdout.splitlines()[-1]) < 1000
    if said.returncode:
        assert is_one_sentence(said.stderr)
        assert name in said.stderr
    else:
        assert said.stderr == ""


def test_a_reader_that_goes_away_is_no_failure_to_talk_about(astronaut):
    run = subprocess.Popen(
        [*COMMAND, "predict", str(astronaut), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    run.stdout.close()
    assert run.stderr.read() == b""
    assert run.wait() == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")
def test_a_full_disk_is_said(astronaut):
    with Path("/dev/full").open("w") as full:
        said = subprocess.run(
            [*COMMAND, "predict", str(astronaut)], stdout=full, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    assert said.returncode == 2
    assert is_one_sentence(said.stderr)
    assert "No space left" in said.stderr


def shell(redirection, *arguments, **more):
    """Run a command with `redirection` as a shell does it."""
    line = ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, **more)


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_an_answer_that_nobody_can_read_is_said(astronaut):
    done = shell(">&-", "predict", astronaut, "--detector", "haar")
    assert done.returncode == 2
    assert is_one_sentence(done.stderr)
    assert "standard output is closed" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_sentence_that_nobody_can_read_is_not_taken_for_the_answer(tmp_path):
    done = shell("2>&-", "predict", tmp_path / "nowhere.jpg")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_closed_stream_does_not_end_up_in_a_file(tmp_path):
    """Else the next file that is opened gets its number, and all that is printed."""
    script = (
        "import os, sys\n"
        "from facelens.commands import main\n"
        "main.open_streams()\n"
        "with open(sys.argv[1], 'w') as file:\n"
        "    assert file.fileno() > 2\n"
        "    os.write(1, b'lost')\n"
        "    os.system('echo lost')\n"
    )
    line = [sys.executable, "-c", script, str(tmp_path / "file")]
    subprocess.run(["sh", "-c", 'exec "$@" >&- 2>&- <&-', "sh", *line], check=True)
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.skipif(os.name != "posix", reason="has other signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_a_command_that_cleans_up(tmp_path, number):
    script = (
        "import signal, sys, time\n"
        "from pathlib import Path\n"
        "from facelens.commands import main\n"
        "from facelens.files import atomic_folder, atomic_write\n"
        "def work(_):\n"
        "    folder = Path(sys.argv[1])\n"
        "    with atomic_write(folder / 'x.csv'), atomic_folder(folder / 'bundle'):\n"
        "        print('works', flush=True)\n"
        "        time.sleep(60)\n"
        "main._run = work\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # nohup, around the tests, ignores it
        "sys.exit(main.main([]))\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert run.stdout.readline() == b"works\n"
    assert len(list(tmp_path.iterdir())) == 2
    run.send_signal(number)
    assert run.communicate(timeout=60) == (b"", b"")
    assert run.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="has no forks")
def test_a_forked_child_that_is_ended_cleans_up_nothing(tmp_path):
    script = (
        "import os, signal, sys, time\n"
        "from pathlib import Path\n"
        "from facelens.commands import main\n"
        "from facelens.files import atomic_write\n"
        "def work(_):\n"
        "    with atomic_write(Path(sys.argv[1]) / 'x.csv') as draft:\n"
        "        for _ in range(50):\n"
        "            child = os.fork()\n"
        "            if not child:\n"
        "                time.sleep(60)\n"
        "                os._exit(0)\n"
        "            os.kill(child, signal.SIGTERM)\n"
        "            assert os.waitpid(child, 0)[1] == signal.SIGTERM\n"
        "        draft.write_text('whole')\n"
        "    return 0\n"
        "main._run = work\n"
        "sys.exit(main.main([]))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=60)
    assert (tmp_path / "x.csv").read_text() == "whole"


def test_what_is_ignored_stays_ignored():
    """As nohup does it."""
    if not hasattr(signal, "SIGHUP"):
        pytest.skip("has no SIGHUP")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with main.ending_in_order():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")
def test_ctrl_c_is_quiet(tmp_path):
    photo = tmp_path / "endless.jpg"
    os.mkfifo(photo)
    run = subprocess.Popen([*COMMAND, "predict", str(photo)], stderr=subprocess.PIPE)
    with photo.open("wb"):  # opens when the command has begun to read, which never ends
        run.send_signal(signal.SIGINT)
        assert run.communicate(timeout=60) == (None, b"")
    assert run.returncode == 130


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_a_file_name_that_is_no_text(tmp_path, astronaut):
    name = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(name)).write_bytes(astronaut.read_bytes())
    said = subprocess.run([*COMMAND, "predict", name], capture_output=True, check=False)
    assert said.returncode == 0, said.stderr
    assert b"caf" in said.stdout
    said = subprocess.run([*COMMAND, "predict", name + b"\n"], capture_output=True, check=False)
    assert said.returncode == 2
    assert said.stderr.count(b"\n") == 1


def test_every_command_has_help_and_is_spoken_of(run):
    root = Path(__file__).parents[2]
    pages = [root / "README.md", *(root / "docs").glob("*.md")]
    guide = " ".join(page.read_text(encoding="utf-8") for page in pages)
    listed = run("--help")[1]
    for name in command_parsers():
        code, out, _ = run(name, "--help")
        assert code == 0
        assert out.startswith(f"usage: facelens {name} ")
        assert f"\n    {name}" in listed
        assert f"facelens {name}" in guide, f"no page speaks of facelens {name}"
