"""Photo after photo, and the kernel holds no more than after the first ones."""

import subprocess
import sys
from pathlib import Path

import pytest

STATM = Path("/proc/self/statm")
MEGA = 1_000_000
# A process of its own: in one that has run other tests, their threads and caches move too.
PHOTOS = """
import os, sys
from pathlib import Path
from facelens.ui import Selfie
from facelens.ui._view import View

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

kept = []
View.send = lambda *_: None
page, data = Selfie(detector="haar"), Path(sys.argv[1]).read_bytes()
for turn in range(60):
    page.take(data, "photo.jpg")
    if sys.argv[2] == "leaks":
        kept.append(page._photo.pixels)
    if turn == 19:
        before = resident()
print(resident() - before)
"""


def grown(photo, how):
    done = subprocess.run(
        [sys.executable, "-c", PHOTOS, str(photo), how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not STATM.is_file(), reason="reads memory from Linux' /proc")
def test_memory_stays_flat_from_photo_to_photo(astronaut):
    # Forty photos kept by mistake would be 30 MB as pixels.
    assert grown(astronaut, "holds nothing") < 4 * MEGA
    assert grown(astronaut, "leaks") > 20 * MEGA


COVERED = """
import os, sys
from pathlib import Path
from facelens.explain.maps import Occlusion
from facelens.ui import Selfie
from facelens.ui._view import View

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

View.send = lambda *_: None
if len(sys.argv) > 2:
    Occlusion.step.__defaults__ = (int(sys.argv[2]),)
page, data = Selfie(detector="haar"), Path(sys.argv[1]).read_bytes()
for _ in range(3):
    page.take(data, "photo.jpg")
before = most = resident()
while "occlusion" not in page.heatmap._shown:
    page.look_again("occlusion")
    most = max(most, resident())
print(most - before)
"""


@pytest.mark.skipif(not STATM.is_file(), reason="reads memory from Linux' /proc")
def test_covering_takes_no_more_memory_than_the_answer(astronaut):
    def risen(*how):
        command = [sys.executable, "-c", COVERED, str(astronaut), *how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert risen() < 12 * MEGA
    assert risen("4") > 20 * MEGA, "in batches it would"


# Every task that has an embedded network, asked about a face and over the moving picture.
ALL = """
import io, os, sys
from pathlib import Path
import numpy as np
from PIL import Image
from facelens.serve.offered import page_tasks
from facelens.ui import Live
from facelens.ui._view import View

View.send = lambda *_: None
os.environ["FACELENS_OWN_MACHINE"] = "1"
page, data = Live(detector="haar"), Path(sys.argv[1]).read_bytes()
held = np.ones(int(sys.argv[2]), np.uint8)
names = [task.name for task in page_tasks()]
assert {"attributes", "keypoints"} <= set(names)
frame = io.BytesIO()
Image.open(sys.argv[1]).convert("RGB").resize((640, 640)).save(frame, "JPEG")
for seconds in range(8):
    page.see(frame.getvalue(), seconds / 10, anew=False, maps=False, tasks=list(page.beside.tasks))
page.take(data, "photo.jpg")
for panel in page.panels.views:
    page.panels.ask(panel, page._key(0))
page.locate()
page.look_again("occlusion")
page._all_layers()
assert set(page.panels._models) == set(names) - {"attributes"}
status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)
"""


@pytest.mark.skipif(not STATM.is_file(), reason="reads memory from Linux' /proc")
def test_a_page_with_all_tasks_on_stays_within_its_memory(astronaut):
    def most(ballast):
        command = [sys.executable, "-c", ALL, str(astronaut), str(ballast)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert most(0) < 450 * MEGA
    assert most(300 * MEGA) > 450 * MEGA, "it would be noticed"
