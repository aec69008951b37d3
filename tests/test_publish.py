"""Publishing and fetching bundles through the real client, on a Hub of this machine."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.hub import READER, WRITER, Repository, card_errors
from helpers.tiny import tiny_bundle
from huggingface_hub import ModelCard

from facelens import publish
from facelens.bundles.bundle import write_manifest
from facelens.bundles.find import embedded_folder
from facelens.errors import FacelensError
from facelens.tasks import load_model
from facelens.tasks.attributes.evaluate import Answers, summarise

# A client that waits between its tries would only make the tests slow.
SCRIPT = "import sys, time; time.sleep = lambda _: None; from facelens.commands.main import main; "


@pytest.fixture
def facelens(hub, tmp_path):
    """Run the command in a process of its own: the client reads HF_ENDPOINT when it is imported."""

    def run(*arguments, token=WRITER, url=hub.url, code=0):
        command = SCRIPT + "sys.exit(main(sys.argv[1:]))"
        env = {key: value for key, value in os.environ.items() if key != "HF_TOKEN"} | {
            "HF_ENDPOINT": url,
            "HF_HOME": str(tmp_path / "hub"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
        said = subprocess.run(
            [sys.executable, "-c", command, *map(str, arguments)],
            capture_output=True, text=True, check=False,
            env=env | ({"HF_TOKEN": token} if token else {}),
        )  # fmt: skip
        assert said.returncode == code, said.stderr
        if code:
            sentence = said.stderr.strip().splitlines()[-1]
            assert sentence.startswith("facelens: "), said.stderr
            assert sentence.endswith(".")
            assert "Traceback" not in said.stderr
            return sentence
        return said.stdout

    return run


@pytest.fixture
def bundle(tmp_path):
    """The embedded bundle with few bytes of training weights."""
    folder = tiny_bundle(tmp_path)
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    write_manifest(folder)
    return folder


def restate(folder, **figures):
    """Let a bundle state other figures of the validation faces."""
    path = folder / "config.json"
    values = json.loads(path.read_text())
    for name, value in figures.items():
        values["metrics"]["valid"]["overall"][name]["value"] = value
    path.write_text(json.dumps(values))
    write_manifest(folder)


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def stated(files):
    """The mean accuracy on validation faces that a bundle of these files states."""
    metrics = json.loads(files["config.json"])["metrics"]
    return f"{metrics['valid']['overall']['accuracy']['value']:.4f}"


def test_a_bundle_is_published_and_downloaded_by_the_commit_that_push_names(
    facelens, hub, bundle, tmp_path
):
    (bundle / "model.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    said = facelens("push", bundle, "someone/faces", "--private")
    (bundle / "model.pkl").unlink()
    first = contents(bundle)
    pushed = hub.repos["someone/faces"]
    assert pushed.private
    assert len(pushed.commits) == 2, "the Hub's own, and one for the whole bundle"
    commit, files = pushed.commits[-1]
    assert {name: files[name] for name in first} == first
    assert set(files) - set(first) == {".gitattributes"}
    assert hub.cards == [first["README.md"].decode()]
    assert said.splitlines()[-1] == f"FACELENS_MODEL=someone/faces@{commit}"

    restate(bundle, accuracy=0.93)
    said = facelens("push", bundle, "someone/faces")
    assert f"mean accuracy {stated(first)} there, 0.9300 here" in said
    assert len(pushed.commits) == 3

    facelens("pull", f"someone/faces@{commit}", tmp_path / "old" / "faces")
    assert contents(tmp_path / "old" / "faces") == first
    facelens("pull", "someone/faces", tmp_path / "old" / "faces")
    assert contents(tmp_path / "old" / "faces") == contents(bundle)
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["faces"]
    assert load_model(str(tmp_path / "old" / "faces")).config.metrics

    sentence = facelens("pull", "someone/faces", tmp_path / "x", token=None, code=2)
    assert "keeps it private" in sentence


def test_what_is_there_already_is_not_sent_again(facelens, hub, bundle):
    first = facelens("push", bundle, "someone/faces")
    again = facelens("push", bundle, "someone/faces")
    assert "already has exactly these files" in again
    assert again.splitlines()[-1] == first.splitlines()[-1]
    assert len(hub.repos["someone/faces"].commits) == 2


def test_training_weights_that_a_new_version_lacks_do_not_linger(facelens, hub, bundle):
    facelens("push", bundle, "someone/faces")
    (bundle / "model.safetensors").unlink()
    restate(bundle, accuracy=0.93)
    facelens("push", bundle, "someone/faces")
    assert "model.safetensors" not in hub.repos["someone/faces"].commits[-1][1]


def test_a_keypoint_network_is_published_downloaded_and_compared_too(facelens, bundle, tmp_path):
    mine = tmp_path / "points"
    shutil.copytree(embedded_folder("keypoints"), mine)
    facelens("push", mine, "someone/points")
    facelens("pull", "someone/points", tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(mine)
    config = json.loads((mine / "config.json").read_text())
    config["metrics"]["valid"]["rmse_px"] *= 1.5
    (mine / "config.json").write_text(json.dumps(config))
    write_manifest(mine)
    assert "is better on the validation faces (error in pixels" in facelens(
        "push", mine, "someone/points", code=2
    )
    facelens("push", mine, "someone/points", "--force")
    # A network for attributes does not take its place by chance, nor does it one's.
    assert "is a bundle for 'keypoints', not for attributes" in facelens(
        "push", bundle, "someone/points", code=2
    )


def test_a_better_one_is_not_replaced_unless_forced(facelens, hub, bundle):
    facelens("push", bundle, "someone/faces")
    first = contents(bundle)
    restate(bundle, accuracy=0.9, average_precision=0.7)
    sentence = facelens("push", bundle, "someone/faces", code=2)
    assert f"mean accuracy {stated(first)} there, 0.9000 here" in sentence
    assert len(hub.repos["someone/faces"].commits) == 2
    facelens("push", bundle, "someone/faces", "--force")
    assert len(hub.repos["someone/faces"].commits) == 3


def test_a_repository_of_something_else_is_left_alone(facelens, hub, bundle):
    hub.repos["someone/thesis"] = Repository(private=False)
    hub.repos["someone/thesis"].commit({"thesis.pdf": b"%PDF", "README.md": b"# Mine"})
    sentence = facelens("push", bundle, "someone/thesis", code=2)
    assert "thesis.pdf" in sentence
    assert hub.repos["someone/thesis"].commits[-1][1]["README.md"] == b"# Mine"


def test_what_is_meant_to_be_private_does_not_go_where_everyone_reads(facelens, hub, bundle):
    facelens("push", bundle, "someone/faces")
    restate(bundle, accuracy=0.93)
    sentence = facelens("push", bundle, "someone/faces", "--private", code=2)
    assert "someone/faces is public" in sentence
    assert len(hub.repos["someone/faces"].commits) == 2


@pytest.mark.parametrize(
    ("token", "words"),
    [(None, "set HF_TOKEN"), ("hf_unknown", "does not know this token"), (READER, "may not write")],
)
def test_who_may_not_write_is_told_what_is_missing(token, words, facelens, hub, bundle):
    sentence = facelens("push", bundle, "someone/faces", token=token, code=2)
    assert words in sentence
    assert not hub.repos


def test_a_network_that_is_none_is_a_sentence(facelens, bundle, tmp_path):
    for command in (("push", bundle, "someone/faces"), ("pull", "someone/faces", tmp_path / "x")):
        sentence = facelens(*command, url="http://127.0.0.1:9", code=2)
        assert "could not be reached" in sentence


def test_names_that_are_none_are_refused(bundle, tmp_path):
    for repo in ("faces", "a/b/c", "some one/faces", "someone/", "someone/faces@main"):
        with pytest.raises(FacelensError, match="named owner/repo"):
            publish.push(bundle, repo, token=WRITER)
    with pytest.raises(FacelensError, match="is not a bundle's folder"):
        publish.push(tmp_path, "someone/faces", token=WRITER)
    with pytest.raises(FacelensError, match="named owner/repo"):
        publish.pull("faces@main", tmp_path / "x")


def test_a_bundle_that_is_not_whole_is_not_published(hub, bundle):
    """Before anything is asked of the Hub."""
    (bundle / "model.safetensors").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(FacelensError, match="is damaged"):
        publish.push(bundle, "someone/faces", token=WRITER)
    write_manifest(bundle)
    with pytest.raises(FacelensError, match="is not a safetensors file"):
        publish.push(bundle, "someone/faces", token=WRITER)
    (bundle / "model.safetensors").unlink()
    (bundle / "README.md").unlink()
    write_manifest(bundle)
    with pytest.raises(FacelensError, match=r"has no README\.md"):
        publish.push(bundle, "someone/faces", token=WRITER)
    assert not hub.asked


def test_a_card_that_the_hub_refuses_is_said(facelens, bundle):
    card = (bundle / "README.md").read_text().replace("license_name", "licence_name")
    (bundle / "README.md").write_text(card)
    write_manifest(bundle)
    assert '"license_name" is required' in facelens("push", bundle, "someone/faces", code=2)


def test_a_file_that_the_repository_ignores_is_missed(facelens, hub, bundle):
    hub.repos["someone/faces"] = Repository(private=False)
    hub.repos["someone/faces"].commit({".gitignore": b"model.onnx\n", ".gitattributes": b""})
    sentence = facelens("push", bundle, "someone/faces", "--force", code=2)
    assert "did not accept model.onnx" in sentence


def test_a_download_that_is_interrupted_resumes_and_one_that_cannot_is_said(
    facelens, hub, bundle, tmp_path
):
    for name, data in contents(bundle).items():
        hub.files[f"someone/faces/{name}"] = data
    hub.cut["model.onnx"] = len(hub.files["someone/faces/model.onnx"]) // 2
    sentence = facelens("pull", "someone/faces", tmp_path / "new" / "faces", code=2)
    assert "could not be reached for someone/faces" in sentence
    assert not list((tmp_path / "new").iterdir())
    assert sum("GET" in asked and "model.onnx" in asked for asked in hub.asked) > 2

    hub.cut.clear()
    sizes = {"model.onnx": 100}
    honest = hub.answer

    def short(self, body, kind, status=200, **options):
        """The size is that of the file, its bytes are fewer."""
        if self.command == "GET" and options.get("name") in sizes:
            body = body[: sizes[options["name"]]]
        honest(self, body, kind, status, **options)

    hub.answer = short
    sentence = facelens("pull", "someone/faces", tmp_path / "new" / "faces", code=2)
    assert "arrived cut short" in sentence
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.parametrize("name", ["model.onnx", "model.safetensors", "README.md"])
def test_bytes_that_are_others_than_the_manifest_says_are_not_kept(
    name, facelens, hub, bundle, tmp_path
):
    for path, data in contents(bundle).items():
        hub.files[f"someone/faces/{path}"] = data
    data = bytearray(hub.files[f"someone/faces/{name}"])
    data[-1] ^= 1
    hub.files[f"someone/faces/{name}"] = bytes(data)
    sentence = facelens("pull", "someone/faces", tmp_path / "new" / "faces", code=2)
    assert f"{name} of someone/faces arrived damaged" in sentence
    assert not list((tmp_path / "new").iterdir())


def test_what_is_not_there_is_a_sentence(facelens, hub, bundle, tmp_path):
    facelens("push", bundle, "someone/faces")
    hub.files["someone/else/README.md"] = b"no bundle"
    for name, words in (
        ("someone/faces@" + 40 * "0", "has no revision '0000"),
        ("someone/nothing", "has no model someone/nothing"),
        ("someone/else", "is not a Facelens bundle"),
    ):
        assert words in facelens("pull", name, tmp_path / "x", code=2)
    assert not (tmp_path / "x").exists()


def test_a_folder_that_is_no_bundle_is_not_overwritten(bundle, tmp_path, monkeypatch):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "mine.jpg").write_bytes(b"mine")
    with pytest.raises(FacelensError, match="is not a bundle to overwrite"):
        publish.pull("someone/faces", photos)
    (bundle / "notes.txt").write_text("mine")
    with pytest.raises(FacelensError, match=r"more than a bundle \(notes\.txt\)"):
        publish.pull("someone/faces", bundle)
    with pytest.raises(FacelensError, match="is a file"):
        publish.pull("someone/faces", photos / "mine.jpg")
    monkeypatch.chdir(photos)
    with pytest.raises(FacelensError, match="is the current directory"):
        publish.pull("someone/faces", tmp_path)
    assert (photos / "mine.jpg").read_bytes() == b"mine"
    assert (bundle / "notes.txt").read_text() == "mine"


def config(bundle, **changes):
    restate(bundle, **changes)
    return (bundle / "config.json").read_bytes()


def beside(one, other, bundle):
    return publish._figures(one, other, "someone/faces", bundle)


@pytest.mark.parametrize(
    ("change", "worse"),
    [
        ({"accuracy": 0.92, "average_precision": 0.80, "ece": 0.02}, False),
        ({"accuracy": 0.92, "average_precision": 0.70, "ece": 0.02}, True),
        ({"accuracy": 0.90}, True),
        ({"ece": 0.01}, False),
        ({"ece": 0.03}, True),
        ({}, False),
        ({"accuracy": 0.91514}, False),  # the same in the four digits that are shown
    ],
)
def test_worse_is_what_most_figures_say(change, worse, bundle):
    base = {"accuracy": 0.9151, "average_precision": 0.7873, "ece": 0.0188}
    figures, obstacle = beside(config(bundle, **base), config(bundle, **change), bundle)
    compared = publish.Comparison("a/b", "0", private=False, identical=False, figures=figures)
    assert not obstacle
    assert compared.worse is worse


def test_figures_of_other_faces_or_questions_are_not_compared(bundle):
    one = config(bundle)
    other = json.loads(one)
    other["metrics"]["valid"]["faces"] = 256
    _, said = beside(one, json.dumps(other).encode(), bundle)
    faces = json.loads(one)["metrics"]["valid"]["faces"]
    assert said == f"its figures are for {faces} faces of CelebA, these for 256 faces of CelebA"
    del other["metrics"]["valid"]
    _, said = beside(one, json.dumps(other).encode(), bundle)
    assert "states no figures" in said
    for table in ("names", "temperature", "bias"):
        other[table] = other[table][:39]
    other["operating_points"] = {}
    _, said = beside(one, json.dumps(other).encode(), bundle)
    assert said == "it answers other questions"


def test_the_bundle_written_last_is_the_one_to_publish(tmp_path):
    assert publish.newest(tmp_path / "runs").name == "mobilenet_v2"
    for number, name in enumerate(("b", "a")):
        folder = tmp_path / "runs" / name / "bundle"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text('{"task": "attributes"}')
        (folder / "manifest.json").write_text("{}")
        os.utime(folder / "manifest.json", (number, number))
    assert publish.newest(tmp_path / "runs") == tmp_path / "runs" / "a" / "bundle"


# the card


def measured(names, faces, seed):
    """Figures of invented answers, of the form that this version measures."""
    rng = np.random.default_rng(seed)
    labels = rng.random((faces, len(names))) < 0.4
    logits = rng.normal(size=labels.shape) + 2 * labels - 1
    answers = Answers(names, 1 / (1 + np.exp(-logits)), labels, np.arange(faces) // 2, logits)
    return summarise(answers, "invented", split_by=("Male", "Young"))


@pytest.fixture
def card(bundle):
    """Write the card of a bundle whose config says otherwise in `changes`."""

    def write(splits=("valid", "test"), **changes):
        from facelens.tasks.attributes.training.card import write_card

        config = load_model(str(bundle)).config
        results = {split: measured(config.names, 60 + i, i) for i, split in enumerate(splits)}
        figures = {split: result.asdict() for split, result in results.items()}
        kept = slice(len(changes.get("names", config.names)))
        points = {name: cuts[kept] for name, cuts in config.operating_points.items()}
        changed = replace(
            config, metrics=config.metrics | figures, operating_points=points, **changes
        )
        write_card(bundle / "README.md", changed, results)
        write_manifest(bundle)
        return changed, ModelCard.load(bundle / "README.md")

    return write


@pytest.mark.parametrize("splits", [("valid", "test"), ("valid",)])
def test_the_cards_head_states_the_figures_of_the_config(splits, card):
    config, read = card(splits)
    stated = config.metrics[splits[-1]]
    assert {result.metric_type: result.metric_value for result in read.data.eval_results} == {
        "accuracy": stated["overall"]["accuracy"]["value"],
        "average_precision": stated["overall"]["average_precision"]["value"],
        "expected_calibration_error": stated["overall"]["ece"]["value"],
    }
    for result in read.data.eval_results:
        assert result.dataset_split == splits[-1]
        assert result.dataset_args == {"faces": stated["faces"], "people": stated["people"]}
        assert result.dataset_type == "flwrlabs/celeba"
    assert read.data.model_name == f"{config.name} {config.version}"
    assert read.data.datasets == ["flwrlabs/celeba"]
    assert read.data.license_name == "non-commercial-research"
    assert "## Limits" in read.text


def test_a_card_of_other_data_claims_nothing_of_celeba(card):
    _, read = card(data={"name": "my friends"}, licence="Only for us.", names=("Attractive",))
    assert "celeba" not in str(read).lower().replace("celeba's template", "")
    assert "opinions of those who labelled the pictures" in read.text
    assert "Only for us." in read.text


def test_the_hub_accepts_the_card(card, facelens, hub, bundle):
    card()
    facelens("push", bundle, "someone/faces")
    assert "model-index" in hub.cards[0]
    assert card_errors(hub.cards[0]) == []
    broken = hub.cards[0].replace("license_name", "licence_name").replace("type: accuracy", "a: b")
    assert len(card_errors(broken)) == 2, "the check can fail"
