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

COMMAND = [sys.executable, "-m", "facelens"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["predict"],
        ["predict", "a.jpg", "b.jpg"],
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
