"""The command line: what it prints, how it ends, and one sentence for whatever is wrong."""

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facelens import __version__
from facelens.commands import main
from facelens.tasks.attributes.names import CELEBA, NAMES

COMMAND = [sys.executable, "-m", "facelens"]


def is_one_sentence(text):
    return text.startswith("facelens: ") and text.endswith(".\n") and text.count("\n") == 1


# predict


def test_predict_reads_well(run, astronaut):
    code, out, err = run("predict", astronaut, "--detector", "haar")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "512 x 512 pixels, 1 face found by haar, read by" in lines[0]
    assert lines[3].startswith(("Fairly sure: ", "Doubtful: "))
    for attribute in CELEBA:
        shown = any(line.strip().startswith(f"{attribute.label}  ") for line in lines)
        assert shown != attribute.is_judgement, attribute.name
    assert "--judgements shows them" in lines[-1]


def test_judgements_are_shown_when_asked_for(run, astronaut):
    code, out, _ = run("predict", astronaut, "--judgements", "--detector", "haar")
    assert code == 0
    assert all(attribute.label in out for attribute in CELEBA)
    assert "opinions that strangers clicked" in out


def test_predict_as_json(run, astronaut):
    code, out, err = run("predict", astronaut, "--json", "--detector", "haar")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert list(answer) == ["photo", "width", "height", "model", "detector", "faces"]
    assert (answer["photo"], answer["width"], answer["height"]) == (str(astronaut), 512, 512)
    assert answer["detector"] == "haar"
    (face,) = answer["faces"]
    assert list(face) == ["box", "points", "confidence", "hints", "attributes"]
    assert list(face["box"]) == ["x", "y", "w", "h"]
    assert np.shape(face["points"]) == (5, 2)
    assert [row["name"] for row in face["attributes"]] == list(NAMES)
    for row in face["attributes"]:
        assert list(row) == ["name", "probability", "threshold", "verdict"]
        assert 0 <= row["probability"] <= 1
        assert row["threshold"] == 0.5
        if row["verdict"] != "doubtful":
            assert (row["verdict"] == "yes") == (row["probability"] >= 0.5)


def test_the_largest_face_comes_first(run, astronaut, tmp_path):
    photo = Image.open(astronaut)
    page = Image.new("RGB", (1100, 520), "gray")
    page.paste(photo.resize((300, 300)), (0, 0))
    page.paste(photo, (400, 0))
    page.save(tmp_path / "two.png")
    _, out, _ = run("predict", tmp_path / "two.png", "--json", "--detector", "haar")
    widths = [face["box"]["w"] for face in json.loads(out)["faces"]]
    assert len(widths) == 2
    assert widths[0] > widths[1] * 1.3
    _, out, _ = run("predict", tmp_path / "two.png", "--detector", "haar")
    assert out.index("Face 1 of 2") < out.index("Face 2 of 2")


@pytest.mark.parametrize("threshold", ["half", "f1", "balanced", "precision90", "0.5", "0", "1"])
def test_thresholds(run, astronaut, threshold):
    code, out, _ = run("predict", astronaut, "--json", "--threshold", threshold)
    assert code == 0
    for row in json.loads(out)["faces"][0]["attributes"]:
        assert row["threshold"] is None or 0 <= row["threshold"] <= 1
        if threshold[0].isdigit():
            assert row["threshold"] == float(threshold)


def test_yunet_is_named_where_it_is_used(run, astronaut, yunet):
    code, out, _ = run("predict", astronaut, "--json", "--detector", f"yunet:{yunet}")
    assert code == 0
    assert json.loads(out)["detector"] == "yunet"


def test_a_photo_without_a_face(run, tmp_path):
    Image.new("RGB", (300, 300), "white").save(tmp_path / "blank.png")
    code, out, err = run("predict", tmp_path / "blank.png")
    assert (code, out) == (3, "")
    assert is_one_sentence(err)
    assert "No face was found in" in err
    code, out, err = run("predict", tmp_path / "blank.png", "--json")
    assert code == 3
    assert json.loads(out)["faces"] == []
    assert is_one_sentence(err)


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (1, 4000), (4000, 1), (20, 20)])
def test_photos_too_small_for_any_face(run, tmp_path, size):
    Image.new("RGB", size, "white").save(tmp_path / "small.png")
    code, _, err = run("predict", tmp_path / "small.png")
    assert code == 3
    assert is_one_sentence(err)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--threshold", "maybe"], "There is no threshold"),
        (["--threshold", "1.5"], "There is no threshold"),
        (["--threshold", "nan"], "There is no threshold"),
        (["--model", "nowhere"], "There is no model"),
        (["--detector", "eyes"], "no face detector called"),
        (["--detector", "yunet:/nowhere.onnx"], "no YuNet file"),
    ],
)
def test_unknown_values_are_said(run, astronaut, option, words):
    code, out, err = run("predict", astronaut, *option)
    assert (code, out) == (2, "")
    assert is_one_sentence(err)
    assert words in err


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


def test_training_without_torch_is_said(run, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("facelens.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    code, _, err = run("train", "--anything", "goes")
    assert code == 2
    assert is_one_sentence(err)
    assert "pip install 'facelens[train]'" in err


def test_version(run):
    assert run("--version") == (0, f"facelens {__version__}\n", "")


@pytest.mark.parametrize("command", [[], ["predict"], ["label"], ["evaluate"], ["dashboard"]])
def test_help(run, command):
    code, out, _ = run(*command, "--help")
    assert code == 0
    assert out.startswith("usage: facelens")


def test_a_port_that_is_taken_is_said(run):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, _, err = run("dashboard", "--no-browser", "--port", port)
    assert code == 2
    assert is_one_sentence(err)
    assert f"Port {port} is taken" in err


def test_a_page_for_others_says_what_is_wrong_with_its_address(run):
    for host in ("nonsense.invalid", "192.0.2.1"):
        code, _, err = run("dashboard", "--host", host)
        assert code == 2
        assert is_one_sentence(err)
        assert "is no address of this machine" in err
    assert run("dashboard", "--host", "")[0] == 2, "an empty variable does not open it to this one"


# as a process


def test_the_dashboard_is_served_until_ctrl_c():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    run = subprocess.Popen(
        [*COMMAND, "dashboard", "--no-browser", "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert f"http://localhost:{port}/" in run.stdout.readline()
        page = None
        until = time.monotonic() + 180
        while page is None:
            assert run.poll() is None, run.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.2)
            with contextlib.suppress(OSError):
                page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=180)
        assert page.status == 200
        assert b"Facelens" in page.read()
    finally:
        run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Traceback" not in err


def test_the_dashboard_opens_without_the_hub(tmp_path):
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    env = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    run = subprocess.Popen(
        [*COMMAND, "dashboard", "--no-browser", "--port", str(port), "--model", "someone/faces"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
    )  # fmt: skip
    try:
        assert run.stdout.readline().startswith("mobilenet_v2 ")
    finally:
        run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert "The Hub cannot be reached and someone/faces is not in the cache" in err
    assert "Meanwhile mobilenet_v2" in err


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


def test_bench_lists_what_can_be_measured(capsys):
    assert main.main(["bench"]) == 0
    listed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert "every stage of the road" in listed["road"]
    assert {"measure", "readme"}.isdisjoint(listed)  # which measure nothing


def test_bench_runs_what_it_is_told_and_hands_on_the_rest(monkeypatch, tmp_path, capfd):
    script = tmp_path / "echo.py"
    script.write_text("import sys; print(sys.argv[1:]); sys.exit(len(sys.argv) - 1)")
    monkeypatch.setattr(main, "_benchmarks", lambda: {"echo": (script, "says what it hears")})
    assert main.main(["bench", "echo", "echo"]) == 0
    assert main.main(["bench", "echo", "--", "loose", "--limit"]) == 2
    assert capfd.readouterr().out.splitlines() == ["[]", "[]", "['loose', '--limit']"]
    assert main.main(["bench", "nonsense"]) == 2
    assert "no benchmark 'nonsense'" in capfd.readouterr().err


def test_bench_without_a_checkout_is_a_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(main, "__file__", str(tmp_path / "site-packages" / "facelens" / "cli.py"))
    assert main.main(["bench"]) == 2
    assert "come with a checkout" in capsys.readouterr().err
