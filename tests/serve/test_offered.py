"""Which networks a visitor may choose, and what is refused before it is downloaded or run."""

import json
from dataclasses import replace

import pytest
from helpers.hub import through_the_client
from helpers.tiny import tiny_bundle

from facelens import load_model
from facelens.bundles.bundle import LARGEST, write_manifest
from facelens.errors import BundleError, DownloadError
from facelens.serve.offered import choose, may_choose_freely, offer_of, offered, page_tasks
from facelens.tasks import TASKS

SCRIPT = """
import sys, time, facelens
from facelens.serve.offered import choose
time.sleep = lambda _: None  # the client waits between its tries
try:
    model = choose(sys.argv[1])
    print(model.bundle.source, len(model.card))
except facelens.FacelensError as error:
    print(error)
"""


@pytest.fixture(autouse=True)
def _nobody_has_listed_anything(monkeypatch):
    for name in ("FACELENS_MODELS", "FACELENS_OWN_MACHINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def chosen(hub, tmp_path):
    def choose_there(name, **environment):
        return through_the_client(hub, tmp_path, SCRIPT, name, **environment)

    return choose_there


def downloaded(hub, name):
    return [asked for asked in hub.asked if asked.startswith("GET") and asked.endswith(name)]


def test_what_comes_with_facelens_is_offered_the_default_first():
    names = offered()
    assert names[0] == "mobilenet_v2"
    assert "resnet50" in names
    assert not {"points", "keypoints"} & set(names), "they know no attributes"


def test_the_environment_adds_to_the_list(monkeypatch):
    before = offered()
    monkeypatch.setenv("FACELENS_MODELS", " a/b@v1,resnet50 \n c/d, ")
    assert offered() == (*before, "a/b@v1", "c/d")
    monkeypatch.setenv("FACELENS_MODEL", "resnet50")
    assert offered()[0] == "resnet50"
    assert len(set(offered())) == len(offered())


def test_a_hosted_page_offers_attributes_and_keypoints_unless_others_are_listed(monkeypatch):
    monkeypatch.delenv("FACELENS_TASKS", raising=False)
    extra = replace(TASKS["keypoints"], name="extra")
    monkeypatch.setitem(TASKS, "extra", extra)
    names = lambda: [task.name for task in page_tasks()]  # noqa: E731
    assert names() == ["attributes", "keypoints"]
    monkeypatch.setenv("FACELENS_TASKS", " attributes, extra,,extra")
    assert names() == ["attributes", "extra"]
    monkeypatch.delenv("FACELENS_TASKS")
    monkeypatch.setenv("FACELENS_OWN_MACHINE", "1")
    assert {"attributes", "keypoints", "extra"} <= set(names()), "all whose network is there"
    monkeypatch.setitem(TASKS, "extra", replace(extra, default="no-such-network"))
    assert "extra" not in names()


def test_titles_need_no_network(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert offer_of("resnet50").title == load_model("resnet50").title
    assert offer_of(str(tiny_bundle(tmp_path))).title == load_model().title
    assert offer_of("owner/repo@v1").title == "owner/repo@v1"
    assert offer_of("/no/such/folder").title == "folder"


def test_a_listed_folder_can_be_chosen_and_another_not(monkeypatch, tmp_path):
    bundle = str(tiny_bundle(tmp_path))
    with pytest.raises(BundleError, match="not offered"):
        choose(bundle)
    monkeypatch.setenv("FACELENS_MODELS", bundle)
    assert choose(bundle).bundle.source == bundle


def test_on_a_shared_server_nothing_is_downloaded_for_a_visitor(published, chosen):
    assert "not offered" in chosen("someone/faces")
    assert published.asked == []
    assert chosen("someone/faces", FACELENS_MODELS="someone/faces").startswith("someone/faces@")


@pytest.mark.usefixtures("published")
def test_on_ones_own_machine_the_hub_is_open(chosen):
    assert chosen("someone/faces", FACELENS_OWN_MACHINE="1").startswith("someone/faces@")


@pytest.mark.parametrize("said", ["", "0", "yes"])
def test_only_a_clear_word_opens_it(monkeypatch, said):
    monkeypatch.setenv("FACELENS_OWN_MACHINE", said)
    assert not may_choose_freely()


@pytest.mark.parametrize(
    "name",
    ["../bundle", "./bundle", "/etc/passwd", "bundle", "~/x", "a/b/c", "a/..", "a/b@..", "a/b@x/y",
     "a b/c", "a/b\n", "", "@", "a/b@", "ä/b", "a" * 400 + "/b"],
)  # fmt: skip
def test_a_visitor_names_no_path(monkeypatch, tmp_path, name):
    tiny_bundle(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACELENS_OWN_MACHINE", "1")
    with pytest.raises(BundleError, match="is not a network on the Hugging Face Hub"):
        choose(name)


def test_a_folder_called_like_a_repository_is_not_opened(monkeypatch, tmp_path):
    (tmp_path / "owner").mkdir()
    tiny_bundle(tmp_path / "owner")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACELENS_OWN_MACHINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert load_model("owner/bundle"), "the owner of the machine may"
    with pytest.raises(DownloadError, match="not in the cache"):
        choose("owner/bundle")


def test_what_cannot_answer_is_refused_at_once(monkeypatch, tmp_path):
    bundle = tiny_bundle(tmp_path)
    monkeypatch.setenv("FACELENS_MODELS", str(bundle))
    for graph, sentence in [(b"no graph", "cannot be run"), (b"\x0a\x08location", "other files")]:
        (bundle / "model.onnx").write_bytes(graph)
        write_manifest(bundle)
        with pytest.raises(BundleError, match=sentence):
            choose(str(bundle))


def lie(hub, **sizes):
    """State other sizes in the published manifest than the files have."""
    manifest = json.loads(hub.files["someone/faces/manifest.json"])
    for name, size in sizes.items():
        manifest["files"][name.replace("_", ".")]["size"] = size
    hub.files["someone/faces/manifest.json"] = json.dumps(manifest).encode()


def test_a_bundle_that_says_it_is_too_large_is_not_downloaded(published, chosen):
    lie(published, model_onnx=LARGEST)
    assert "larger than 400 MB" in chosen("someone/faces", FACELENS_OWN_MACHINE="1")
    assert downloaded(published, "onnx") == []


def test_a_file_that_is_larger_than_the_manifest_says_is_not_downloaded(published, chosen):
    lie(published, model_onnx=1000)
    said = chosen("someone/faces", FACELENS_OWN_MACHINE="1")
    assert (
        said
        == "model.onnx of someone/faces on the Hub is larger than it should be; not downloaded."
    )
    assert downloaded(published, "onnx") == []


def test_a_size_below_nothing_makes_no_room_for_another(published, chosen):
    lie(published, model_onnx=LARGEST + 1, model_safetensors=-LARGEST)
    assert "cannot be read as a manifest" in chosen("someone/faces", FACELENS_OWN_MACHINE="1")
    assert downloaded(published, "onnx") == []


def test_a_manifest_without_end_is_not_downloaded(published, chosen):
    published.files["someone/faces/manifest.json"] += b" " * 200_000
    assert "manifest.json" in chosen("someone/faces", FACELENS_OWN_MACHINE="1")
    assert downloaded(published, "manifest.json") == []


def test_the_card_is_the_bundles_readme(tmp_path):
    bundle = tiny_bundle(tmp_path)
    assert "Error by group" in load_model(str(bundle)).card
    (bundle / "README.md").write_bytes(b"caf\xe9")
    write_manifest(bundle)
    assert load_model(str(bundle)).card.startswith("caf")
    (bundle / "README.md").unlink()
    write_manifest(bundle)
    assert load_model(str(bundle)).card.endswith("has no model card.")
