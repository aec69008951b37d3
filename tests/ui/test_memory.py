"""Photo after photo, and the kernel holds no more than after the first ones."""

import os
from pathlib import Path

import pytest

from facelens.ui import Selfie
from facelens.ui._view import View

STATM = Path("/proc/self/statm")
MEGA = 1_000_000


def resident():
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not STATM.is_file(), reason="reads memory from Linux' /proc")
def test_memory_stays_flat_from_photo_to_photo(monkeypatch, astronaut):
    monkeypatch.setattr(View, "send", lambda *_: None)
    page = Selfie(detector="haar")
    data = astronaut.read_bytes()
    for _ in range(20):
        page.take(data, "photo.jpg")
    before = resident()
    for _ in range(40):
        page.take(data, "photo.jpg")
    # Forty photos kept by mistake would be 30 MB as pixels, 3 MB as the files that came.
    assert resident() - before < 2 * MEGA
