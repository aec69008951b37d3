"""Commands that run out of room: each ends in a sentence, and what was there before is whole.

Each runs on a small disk of its own, a tmpfs with between nothing and enough of room; where the
system allows no such mount, no file may grow beyond a size instead. With room, the same command
then ends with the files of an undisturbed run.
"""

import ctypes
import os
import pickle
import random
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from attacks._child import cap_files
from attacks._works import Made, Work, works
from attacks.outcome import Outcome

# Of each command, at as many fill levels.
TRIES, QUICK = 8, 1

_NEWNS, _NEWUSER = 0x20000, 0x10000000  # of unshare(2)
_PRIVATE, _REMOUNT = 1 << 18 | 1 << 14, 32  # of mount(2)
_PAGE = 4096

# The most room, as a share of what is left in the end: drafts lie beside what they replace.
_MOST = 2.2
_AMPLE = 2_000_000_000


def attack(tries: int, seed: int) -> list[Outcome]:
    """Let every command run out of room `tries` times."""
    # Mounts are of a process of its own, and go with it.
    here, there = os.pipe()
    sys.stdout.flush()
    if not os.fork():
        os.close(here)
        try:
            outcomes = _attack(tries, random.Random(seed))  # noqa: S311
            with os.fdopen(there, "wb") as pipe:
                pickle.dump(outcomes, pipe)
            sys.stdout.flush()
        except BaseException:  # noqa: BLE001 - said here, since nobody else will
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(there)
    with os.fdopen(here, "rb") as pipe:
        said = pipe.read()
    os.wait()
    if not said:
        raise SystemExit("The attack broke off.")
    return pickle.loads(said)  # noqa: S301 - from this process's own child


def _attack(tries: int, rng: random.Random) -> list[Outcome]:
    mounts = _may_mount()
    with tempfile.TemporaryDirectory(prefix="facelens-attack-") as name:
        folder = Path(name).resolve()
        with works(folder, brief=tries <= QUICK) as everything:
            return [_fill(work, folder, tries, rng, mounts=mounts) for work in everything]


def _fill(work: Work, folder: Path, tries: int, rng: random.Random, *, mounts: bool) -> Outcome:
    place, said = folder / "place", folder / "said"
    place.mkdir()
    whole, needed, largest = _undisturbed(work, place, said)
    counts = {"fitted": 0, "said so": 0, "lost": 0}
    for number in range(tries):
        level = (number + rng.random()) / tries
        if mounts:
            _mount(place, _AMPLE)
        work.begin(place)
        work.age(place)
        first: Callable[[], None] | None = None
        if mounts:
            disk = os.statvfs(place)
            used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
            room = _PAGE * round(_MOST * level * needed / _PAGE)
            _mount(place, max(_PAGE, used + room), again=True)  # 0 is no limit
        else:
            room = max(_PAGE, round(_MOST * level * largest))
            first = lambda room=room: cap_files(room)  # noqa: E731
        ended = work.run(place, said, over=True, first=first)
        fitted = ended.code == 0
        kept = fitted or (ended.code == 2 and ended.is_honest and work.is_old(place))
        if mounts:
            _mount(place, _AMPLE, again=True)
        again = ended if fitted else work.run(place, said, over=True)
        made = work.made(place)
        right = kept and again.code == 0 and made == whole
        counts["fitted" if fitted else "said so"] += 1
        if not right:
            counts["lost"] += 1
            print(f"{work.name}, {room:,} bytes: {ended.code}, old {work.is_old(place)},",
                  f"{ended.err[-1500:]} then {again.code} {again.err[-1500:]}",
                  sorted(set(made.items()) ^ set(whole.items())))  # fmt: skip
        _clear(place, mounts=mounts)
    place.rmdir()
    how = "a tmpfs" if mounts else "a limit of each file's size"
    words = (
        f"on {how}: {counts['said so']} ended in a sentence, {counts['fitted']} had room enough, "
        f"{counts['lost']} with another outcome"
    )
    return Outcome(f"{work.name}, on a full disk", tries, counts["lost"], words)


def _undisturbed(work: Work, place: Path, said: Path) -> tuple[Made, int, int]:
    """What the command makes with room, how many bytes that is, and the largest file."""
    work.begin(place)
    ended = work.run(place, said)
    if ended.code != 0:
        raise SystemExit(f"{work.name} does not work undisturbed: {ended.code} {ended.err}")
    made = work.made(place)
    sizes = [
        path.stat().st_size for path in place.rglob("*")
        if path.is_file() and path.resolve().is_relative_to(place)
    ]  # fmt: skip
    _clear(place, mounts=False)
    return made, sum(sizes), max(sizes, default=0)


def _clear(place: Path, *, mounts: bool) -> None:
    if mounts:
        _libc(ctypes.CDLL(None, use_errno=True).umount2, os.fsencode(place), 2)
        return
    for path in place.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _may_mount() -> bool:
    """Give this process mounts of its own, if the system lets it."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        user, group = os.geteuid(), os.getegid()
        _libc(libc.unshare, _NEWNS | (_NEWUSER if user else 0))
        if user:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        _libc(libc.mount, None, b"/", None, _PRIVATE, None)
        with tempfile.TemporaryDirectory() as name:
            _mount(Path(name), _AMPLE)
            _clear(Path(name), mounts=True)
    except (OSError, AttributeError):
        return False
    return True


def _mount(place: Path, size: int, *, again: bool = False) -> None:
    """Mount a tmpfs of `size` bytes, or give the one that is there another size."""
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={size}".encode()
    _libc(libc.mount, b"tmpfs", os.fsencode(place), b"tmpfs", _REMOUNT if again else 0, options)


def _libc(call: Callable[..., int], *arguments: object) -> None:
    if call(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
