"""Nothing of a photo is in the memory of the page's process after Clear."""

from pathlib import Path

import pytest


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="reads memory from Linux' /proc")
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_after_clear_nothing_of_the_photo_is_left(form):
    from attacks.memory_scan import QUICK, scanned

    before, *after = scanned(form, QUICK, 0)
    # The search can find: pixels and crop are there as long as the photo is on the page.
    assert int(before.outcome.split()[0]) >= 2 * QUICK, before.outcome
    # A piece may last at the edge of freed memory, where a page of it is still in use.
    assert {each.attack: each.outcome for each in after if each.lost > 1} == {}
