"""Run commands with their standard streams closed, full or unread: is there ever a traceback?

A shell closes streams before the command starts; a pipe has a reader that has ended at once.
"""

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import EXAMPLE
from PIL import Image

from attacks.outcome import Outcome

REDIRECTIONS = (
    ">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-", "| true", "2>&1 | true", ">/dev/full",
    "2>/dev/full", ">/dev/full 2>/dev/full",
)  # fmt: skip
FOLDER = "FOLDER"  # of a call, replaced
CALLS = (
    ("predict", str(EXAMPLE)), ("predict", str(EXAMPLE), "--json"),
    ("predict", "nowhere.jpg"),
    ("label", f"{FOLDER}/crops", "--aligned", "--force", "--out", f"{FOLDER}/faces.csv"),
    ("keypoints", f"{FOLDER}/crops", "--force", "--out", f"{FOLDER}/points.csv"),
    ("bench",), ("--help",), ("--version",), ("label", "--help"), ("nonsense",), (),
)  # fmt: skip
TRIES = len(REDIRECTIONS) * len(CALLS)
QUICK = 10


def attack(tries: int, seed: int) -> list[Outcome]:
    """Try `tries` of all calls with all redirections; lost: a traceback, or an odd exit code."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    pairs = [(call, how) for call in CALLS for how in REDIRECTIONS]
    chosen = rng.sample(pairs, min(tries, len(pairs)))
    lost: list[str] = []
    codes: dict[int, int] = {}
    with tempfile.TemporaryDirectory(prefix="streams-") as name:
        crops = Path(name) / "crops"
        crops.mkdir()
        Image.open(EXAMPLE).resize((178, 218)).save(crops / "a.png")
        for call, how in chosen:
            words = [word.replace(FOLDER, name) for word in call]
            code, said = run(words, how, name)
            codes[code] = codes.get(code, 0) + 1
            usual = {0, 1, 2} if "|" in how else {0, 2}  # 1: nobody reads the pipe
            if "Traceback" in said or "Exception ignored" in said or code not in usual:
                lost.append(f"{' '.join(words)} {how}: {code} {said.strip()[-300:]}")
    for line in lost:
        print(line, file=sys.stderr)
    counted = ", ".join(f"{number} times {code}" for code, number in sorted(codes.items()))
    return [
        Outcome(
            "commands whose standard streams are closed, full or unread",
            len(chosen),
            len(lost),
            f"{len(lost)} tracebacks or odd exit codes; exit codes: {counted}",
        )
    ]


def run(words: list[str], how: str, folder: str) -> tuple[int, str]:
    """The exit code of a command, and what it and Python wrote on stderr."""
    own, _, reader = how.partition("|")
    script = f'"$@" {own}; echo "$?" >&3'
    if reader:
        script = f"{{ {script}; }} | {reader}"
    read, write = os.pipe()
    command = ["bash", "-c", script, "sh", sys.executable, "-m", "facelens", *words]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        ["bash", "-c", f'exec 3>&{write}; exec "$@"', "sh", *command],  # noqa: S607
        pass_fds=[write], capture_output=True, text=True, check=False, timeout=120, cwd=folder,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as codes:
        code = int(codes.read().split()[-1])
    return code, done.stderr
