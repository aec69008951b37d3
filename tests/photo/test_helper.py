"""The helper process: the same pixels, ended when a photo takes too long, and gone afterwards."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.apart import CRASHING, SLOW, instead
from PIL import Image

from facelens.errors import PhotoError
from facelens.photo import decoding, helper, read_photo


def encoded(kind, side=64, **options):
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture(autouse=True)
def alone():
    """No helper before and after."""
    helper.end()
    yield
    helper.end()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF", "BMP"])
def test_it_gives_the_pixels_that_decoding_here_gives(kind):
    data = encoded(kind)
    here, apart = decoding.decode(data), helper.decode_apart(data, 30)
    assert np.array_equal(here[0], apart[0])
    assert here[1] == apart[1] is False
    assert apart[0].flags["WRITEABLE"]


def test_an_ordinary_photo_starts_no_process(astronaut):
    read_photo(astronaut, seconds=5)
    read_photo(encoded("PNG"), seconds=5)
    assert helper._helper is None
    read_photo(encoded("TIFF"), seconds=5)
    assert helper._helper is not None


def test_a_large_photo_is_decoded_apart_where_time_counts(monkeypatch):
    data = encoded("PNG")
    monkeypatch.setattr(decoding, "QUICK", 1000)
    read_photo(data)
    assert helper._helper is None
    assert read_photo(data, seconds=30).pixels.shape == (64, 64, 3)
    assert helper._helper is not None


def test_a_photo_that_takes_too_long_is_a_sentence_and_the_next_is_read(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", instead(SLOW))
        start = time.perf_counter()
        with pytest.raises(PhotoError, match=r"slow\.tif takes longer than 1\.5 seconds"):
            read_photo(encoded("TIFF"), name="slow.tif", seconds=1.5)
        assert time.perf_counter() - start < 20
    assert helper._helper is None
    assert read_photo(encoded("TIFF")).pixels.shape == (64, 64, 3)


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
def test_a_decoder_that_crashes_takes_only_the_helper_with_it(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", instead(CRASHING))
        with pytest.raises(PhotoError, match="too much memory or time"):
            read_photo(encoded("TIFF"))
    assert read_photo(encoded("TIFF")).pixels.shape == (64, 64, 3)


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
def test_a_helper_that_ended_meanwhile_is_started_again():
    read_photo(encoded("TIFF"))
    first = helper._helper.pid
    os.kill(first, signal.SIGKILL)
    assert read_photo(encoded("AVIF")).pixels.shape == (64, 64, 3)
    assert helper._helper.pid != first


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="Linux keeps the bound")
def test_memory_beyond_the_bound_is_a_sentence():
    code = (
        "import facelens.photo.helper as h, numpy as np; h._bound_memory()\n"
        "try: np.ones(600_000_000, np.uint8)\n"
        "except MemoryError: print('bounded')"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "bounded\n"


def test_it_ends_when_idle_and_leaves_nothing():
    if os.name == "nt":
        pytest.skip("waits for a pipe")
    read_photo(encoded("TIFF"))
    assert helper._helper.wait(helper.IDLE + 30) == 0


def test_threads_may_read_at_once():
    data = {kind: encoded(kind) for kind in ("TIFF", "AVIF")}
    right = {kind: decoding.decode(each)[0] for kind, each in data.items()}
    wrong = []

    def read(kind):
        seen = [read_photo(data[kind]).pixels for _ in range(5)]
        wrong.extend(kind for pixels in seen if not np.array_equal(pixels, right[kind]))

    threads = [threading.Thread(target=read, args=(kind,)) for kind in 2 * list(data)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_a_helper_of_its_own():
    data = encoded("TIFF")
    right = read_photo(data).pixels
    child = os.fork()
    if child == 0:
        os._exit(int(not np.array_equal(read_photo(data).pixels, right)))
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(read_photo(data).pixels, right)
