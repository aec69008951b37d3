"""A page on a network from the Hub: progress, the cache, and what answers without a network."""

import hashlib
import json

import pytest
from helpers.hub import through_the_client

SCRIPT = """
import json, sys, time
from pathlib import Path
time.sleep = lambda _: None
from facelens.ui import Selfie
from facelens.ui._view import View
said = []
View.send = lambda view, content, buffers=(): said.append([type(view).__name__, content])
page = Selfie(detector="haar")
if len(sys.argv) > 2:
    page.intake._receive(None, {"kind": "example"}, [])
    page.network._receive(None, {"kind": "choose", "name": sys.argv[2]}, [])
else:
    page.intake._receive(None, {"kind": "ready"}, [])
    page.intake._receive(None, {"kind": "example"}, [])
print(json.dumps({
    "notices": [c["text"] for v, c in said if v == "Intake" and c["kind"] == "notice"],
    "progress": [c["text"] for v, c in said if v == "Network" and c["kind"] == "progress"],
    "errors": [c["text"] for v, c in said if c["kind"] == "error"],
    "state": [c["state"] for v, c in said if v == "Intake" and c["kind"] == "status"][-1],
    "facts": [c["lines"] for v, c in said if v == "Footer"][-1],
}))
"""


@pytest.fixture
def opened(published, tmp_path):
    def open_page(*choice, **environment):
        own = {"FACELENS_MODEL": "someone/faces"} | environment
        return json.loads(through_the_client(published, tmp_path, SCRIPT, "page", *choice, **own))

    return open_page


def test_the_first_visit_shows_progress_and_the_next_finds_it_in_the_cache(opened, published):
    first = opened()
    assert first["state"] == "done"
    assert f"someone/faces@{published.commit[:12]}" in first["facts"][0]
    *steps, last = first["notices"]
    assert last == "", "what was told of the download is taken away"
    assert steps[-1].startswith("Fetching someone/faces from the Hub: ")
    came, total = steps[-1].split(": ")[1].removesuffix(" MB").split(" of ")
    assert came == total
    published.asked.clear()
    again = opened()
    assert again["facts"][0] == first["facts"][0]
    assert again["notices"] == [""]
    assert [asked for asked in published.asked if "GET" in asked and "resolve" in asked] == []


def test_what_was_fetched_once_answers_without_a_network(opened, published):
    first = opened()
    published.url = "http://127.0.0.1:9"
    assert opened()["facts"][0] == first["facts"][0]
    assert opened(HF_HUB_OFFLINE="1")["facts"][0] == first["facts"][0]


def test_without_a_network_the_embedded_one_answers_and_the_page_says_so(opened, published):
    published.url = "http://127.0.0.1:9"
    said = opened()
    assert said["state"] == "done"
    assert said["facts"][0].startswith("mobilenet_v2")
    assert "embedded" in said["facts"][0]
    (notice,) = said["notices"]
    assert "The Hub cannot be reached and someone/faces is not in the cache" in notice
    assert "mobilenet_v2" in notice
    assert said["errors"] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("someone/nothing", "There is no public model someone/nothing on the Hub."),
        ("someone/letters", "someone/letters on the Hub is not a Facelens bundle."),
    ],
)
def test_a_wrong_name_does_not_take_the_page_away(opened, published, name, words):
    published.files["someone/letters/README.md"] = b"no bundle"
    said = opened(FACELENS_MODEL=name)
    assert said["state"] == "done"
    assert said["notices"][-1].startswith(words)


def test_a_download_that_breaks_off_leaves_the_page_on_the_embedded_one(opened, published):
    published.cut["model.onnx"] = 1000
    said = opened()
    assert said["state"] == "done"
    assert "could not be downloaded" in said["notices"][-1]


def test_an_update_that_breaks_off_leaves_the_network_that_was_there(opened, published):
    first = opened()
    card = b"# A better network"
    manifest = json.loads(published.files["someone/faces/manifest.json"])
    manifest["files"]["README.md"] = {"sha256": hashlib.sha256(card).hexdigest(), "size": len(card)}
    published.files["someone/faces/manifest.json"] = json.dumps(manifest).encode()
    published.files["someone/faces/README.md"] = card
    published.commit = 40 * "a"
    published.cut["README.md"] = 3
    assert opened()["facts"][0] == first["facts"][0]
    assert opened(HF_HUB_OFFLINE="1")["facts"][0] == first["facts"][0]
    published.cut.clear()
    assert f"someone/faces@{12 * 'a'}" in opened()["facts"][0]
    assert f"someone/faces@{12 * 'a'}" in opened(HF_HUB_OFFLINE="1")["facts"][0]


def test_a_network_that_cannot_answer_is_not_taken(opened, published):
    graph = bytearray(published.files["someone/faces/model.onnx"])
    graph[1000] ^= 1
    published.files["someone/faces/model.onnx"] = bytes(graph)
    said = opened()
    assert said["state"] == "done"
    assert "model.onnx is damaged" in said["notices"][-1]
    assert said["facts"][0].startswith("mobilenet_v2")
    assert "embedded" in said["facts"][0]


def test_a_network_that_is_chosen_shows_progress_and_takes_the_notice_away(opened, published):
    said = opened("someone/faces", FACELENS_MODEL="", FACELENS_MODELS="someone/faces")
    assert said["progress"]
    assert said["notices"][-1:] == [""]
    assert f"someone/faces@{published.commit[:12]}" in said["facts"][0]
