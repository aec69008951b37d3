"""A bundle from the Hub, through the real client, from a small server on this machine."""

import errno

import pytest
from helpers.hub import through_the_client

from facelens.bundles.hub import hub_errors
from facelens.errors import DownloadError, OutputError

SCRIPT = """
import sys, time, numpy as np, facelens
time.sleep = lambda _: None  # the client waits between its tries
try:
    model = facelens.load_model(sys.argv[1])
    answer = model.predict([np.zeros((218, 178, 3), np.uint8)])[0]
    print(model.title, model.bundle.source, len(answer.names))
except facelens.FacelensError as error:
    print(error)
"""


def load(name, hub, tmp_path):
    return through_the_client(hub, tmp_path, SCRIPT, name)


def test_a_bundle_on_the_hub_answers_and_is_kept(published, tmp_path):
    said = load("someone/faces", published, tmp_path)
    assert said.endswith(f"someone/faces@{published.commit[:12]} 40")
    assert not any("safetensors" in asked for asked in published.asked)
    before = [asked for asked in published.asked if asked.startswith("GET") and "onnx" in asked]
    assert load(f"someone/faces@{published.commit}", published, tmp_path) == said
    after = [asked for asked in published.asked if asked.startswith("GET") and "onnx" in asked]
    assert before == after


def test_a_pickle_beside_the_bundle_is_not_fetched(published, tmp_path):
    published.files["someone/faces/model.pkl"] = b"cos"
    load("someone/faces", published, tmp_path)
    assert not any("pkl" in asked for asked in published.asked)


def test_a_damaged_graph_is_noticed(published, tmp_path):
    graph = bytearray(published.files["someone/faces/model.onnx"])
    graph[1000] ^= 1
    published.files["someone/faces/model.onnx"] = bytes(graph)
    assert "is damaged" in load("someone/faces", published, tmp_path)


def test_a_download_that_breaks_off_is_a_sentence(published, tmp_path):
    published.cut["model.onnx"] = 1000
    said = load("someone/faces", published, tmp_path)
    assert said == "someone/faces could not be fetched from the Hub; try again."
    published.cut.clear()
    assert load("someone/faces", published, tmp_path).endswith(" 40")


@pytest.mark.parametrize("name", ["someone/nothing", "someone/else@1234567"])
def test_what_is_not_there_is_a_sentence(name, published, tmp_path):
    published.files["someone/else/README.md"] = b"no bundle"
    said = load(name, published, tmp_path)
    assert said.startswith(("There is no public model", "someone/else on the Hub"))
    assert "\n" not in said


def test_a_hub_that_does_not_answer_is_a_sentence(published, tmp_path):
    published.url = "http://127.0.0.1:9"
    assert "cannot be reached" in load("someone/faces", published, tmp_path)


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("doing", "error", "kind", "words"),
    [
        ("fetch", FULL, DownloadError, r"^a/b could not be kept in the cache: No space left"),
        ("fetch", OSError("cut"), DownloadError, r"^a/b could not be fetched from the Hub"),
        ("download", FULL, OSError, "No space left on device"),
        ("read", FULL, OSError, "No space left on device"),
        ("read", OSError("cut"), DownloadError, r"^A file of a/b arrived cut short"),
        ("download", OSError("cut"), DownloadError, r"^A file of a/b arrived cut short"),
        ("write to", OSError("cut"), DownloadError, r"^The Hub could not be reached for a/b"),
        ("download", ConnectionError(), DownloadError, r"^The Hub could not be reached for a/b"),
        (
            "read",
            ValueError("no: \n card"),
            OutputError,
            r"^The Hub does not take a/b: no: card\.$",
        ),
        ("read", RuntimeError(), DownloadError, r"^The Hub could not be reached for a/b"),
    ],
)
def test_whatever_fails_is_one_sentence(doing, error, kind, words):
    with pytest.raises(kind, match=words), hub_errors("a/b", doing):
        raise error


def test_a_mistake_of_ours_is_not_the_hubs():
    with pytest.raises(KeyError), hub_errors("a/b", "read"):
        raise KeyError
