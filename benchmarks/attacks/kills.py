"""Commands that are killed, and then given again: the result is as if nothing had happened.

Each is killed at random moments of its work, and before random ones of all its changes of the disk.
Then the same command is to end with the same files, to the last byte but for times of day and
speeds, and with no file more. One thread computes, so that sums have one order.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from attacks._works import Made, Work, works
from attacks.outcome import Outcome

# Of each command at random moments, and half as many at changes of the disk.
TRIES, QUICK = 20, 1

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.symlink"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def attack(tries: int, seed: int) -> list[Outcome]:
    """Kill every command `tries` times at random moments, and half as often at changes."""
    rng = random.Random(seed)  # noqa: S311
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="facelens-attack-") as name:
        folder = Path(name).resolve()
        with works(folder, brief=tries <= QUICK) as everything:
            for work in everything:
                outcomes += _kill(work, folder, tries, rng)
    return outcomes


def _kill(work: Work, folder: Path, tries: int, rng: random.Random) -> list[Outcome]:
    place, said, steps = folder / "place", folder / "said", folder / "steps"
    start = time.monotonic()
    whole = _made(work, place, said)
    lasts = time.monotonic() - start
    steps.write_bytes(b"")
    _made(work, place, said, first=lambda: _count(steps, None))
    changes = steps.stat().st_size
    found = []
    for about, chosen in (
        ("a random moment", [rng.uniform(0, lasts) for _ in range(tries)]),
        ("a change of the disk", rng.sample(range(changes), min((tries + 1) // 2, changes))),
    ):
        counts = {"killed": 0, "differ": 0}
        for moment in chosen:
            work.begin(place)
            if isinstance(moment, int):
                at = moment
                steps.write_bytes(b"")
                ended = work.run(place, said, first=lambda at=at: _count(steps, at))
            else:
                ended = work.run(place, said, kill_after=moment)
            counts["killed"] += ended.code == -signal.SIGKILL
            again = work.run(place, said)
            made = work.made(place)
            if made != whole or not again.is_honest:
                counts["differ"] += 1
                print(f"{work.name}, {about} {moment}:", _apart(whole, made), again.err[-500:])
            shutil.rmtree(place)
        if not chosen:
            continue
        of = "" if isinstance(chosen[0], float) else f", at {len(chosen)} of {changes} changes"
        words = (
            f"{counts['killed']} killed while at work{of}, {counts['differ']} with another result "
            "or with files left over"
        )
        name = f"{work.name}, killed at {about}"
        found.append(Outcome(name, len(chosen), counts["differ"], words))
    return found


def _made(work: Work, place: Path, said: Path, **options: object) -> Made:
    """What the command makes undisturbed."""
    work.begin(place)
    ended = work.run(place, said, **options)
    if ended.code != 0:
        raise SystemExit(f"{work.name} does not work undisturbed: {ended.code} {ended.err}")
    made = work.made(place)
    shutil.rmtree(place)
    return made


def _apart(whole: Made, made: Made) -> list[str]:
    """What lacks, is there besides, or differs."""
    return [
        f"{'lacks' if name not in made else 'also has' if name not in whole else 'other'} {name}"
        for name in sorted({*whole, *made})
        if whole.get(name) != made.get(name)
    ]


def _count(steps: Path, last: int | None) -> None:
    """Count the changes of the disk, a byte of `steps` each; be killed before number `last`."""
    file = os.open(steps, os.O_WRONLY | os.O_APPEND)
    here = Path.cwd()
    count = 0

    def see(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event == "open":
            path, _, flags = arguments
            if not isinstance(flags, int) or not flags & _WRITING:
                return
        elif event in _CHANGES:
            path = arguments[0]
        else:
            return
        if not isinstance(path, str | bytes | os.PathLike):
            return
        if not (here / os.fsdecode(path)).is_relative_to(here):
            return
        if count == last:
            os.killpg(0, signal.SIGKILL)
        count += 1
        os.write(file, b".")

    sys.addaudithook(see)
