"""Training, export and evaluation of an embedding network, on a handful of tinted crops."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.terminal import is_one_sentence
from PIL import Image

pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

import torch

from facelens import load_model
from facelens.errors import DataError
from facelens.tasks.identity.training.export import Graph
from facelens.tasks.identity.training.faces import People, PeopleBatches, to_learn, to_measure
from facelens.tasks.identity.training.networks import CosFace, EmbeddingNetwork, kernels_of, make
from facelens.tasks.identity.training.plan import Plan, recipe
from facelens.tasks.identity.training.run import Ramp, open_run

pytestmark = pytest.mark.train
ARCH = "mobilenet_v3_small"
SMALL = ("--arch", ARCH, "--from-scratch", "--size", "64x56", "--batch-size", 8, "--device", "cpu")


def write_split(folder, split, people, photos, first):
    """Crops of stripes in a colour a person, `photos` of each, with labels of groups."""
    rng = np.random.default_rng(first)
    rows = []
    for person in range(people):
        colour = np.random.default_rng(first + person).integers(40, 216, 3)
        for photo in range(photos):
            pixels = np.clip(colour + rng.normal(0, 12, (218, 178, 3)), 0, 255).astype(np.uint8)
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, "PNG")
            rows.append(
                {
                    "image": {"bytes": stream.getvalue(), "path": f"{split}{person}-{photo}.png"},
                    "celeb_id": first + person,
                    "Male": bool(person % 2),
                    "Young": bool(person // 2 % 2),
                }
            )
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{split}-00000-of-00001.parquet")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    write_split(folder, "train", 8, 4, 0)
    write_split(folder, "valid", 6, 3, 100)
    write_split(folder, "test", 16, 4, 200)
    return folder


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A run of two epochs, trained by the command."""
    from facelens.commands import main

    folder = tmp_path_factory.mktemp("runs")
    words = ("train", data, "--task", "identity", "--out", folder / "run", "--epochs", 1, 1,
             "--cache", folder / "cache", *SMALL)  # fmt: skip
    assert main.main([str(word) for word in words]) == 0
    return folder / "run"


def test_people_with_few_photos_are_not_learnt_from(data, tmp_path):
    write_split(tmp_path, "train", 3, 2, 50)
    rows = pq.read_table(data / "train-00000-of-00001.parquet")
    few = pq.read_table(tmp_path / "train-00000-of-00001.parquet")
    unknown = few.slice(0, 3).set_column(1, "celeb_id", pa.array([-1, -1, -1]))
    pq.write_table(
        pa.concat_tables([rows, few, unknown]), tmp_path / "train-00000-of-00001.parquet"
    )
    found = to_learn([tmp_path], cache=tmp_path / "cache", fewest=3)
    assert (len(found), found.count) == (32, 8)
    assert sorted(np.bincount(found.owner)) == [4] * 8
    for name, owner in zip(found.store.paths, found.owner, strict=True):
        assert name.startswith(f"train{owner}-")
    with pytest.raises(DataError, match="0 people with 9 photos or more"):
        to_learn([tmp_path], cache=tmp_path / "cache", fewest=9)


def test_batches_say_who_it_is(data, tmp_path):
    people = to_learn([data], cache=tmp_path, fewest=3)
    crops, owner = next(iter(PeopleBatches(people, 8, shuffle=True)))
    assert owner.dtype == torch.int64
    for crop, who in zip(crops, owner.tolist(), strict=True):
        mine = people.store.images[int(np.flatnonzero(people.owner == who)[0])]
        assert np.abs(crop.float().mean((0, 1)).numpy() - mine.mean((0, 1))).max() < 3


def test_faces_of_nobody_twice_cannot_be_measured_on(data, tmp_path):
    write_split(tmp_path, "valid", 3, 1, 0)
    with pytest.raises(DataError, match="No two valid faces are of one person"):
        to_measure([tmp_path], "valid", cache=tmp_path / "cache")
    del data


def test_the_margin_is_taken_from_ones_own_person_alone():
    cosines, own = torch.tensor([[0.5, 0.1], [0.0, 0.8]]), torch.tensor([0, 1])
    loss = CosFace(10)
    plain = loss(cosines, own)
    loss.margin = 0.3
    moved = cosines - torch.tensor([[0.3, 0], [0, 0.3]])
    assert loss(cosines, own) == torch.nn.functional.cross_entropy(10 * moved, own)
    assert loss(cosines, own) > plain
    assert loss(torch.ones(2, 8), torch.tensor([-1, -1])) == 0


def test_the_margin_grows_and_is_none_while_the_body_is_frozen():
    loss, plan = CosFace(10), Plan(margin=0.4, ramp=0.5)
    ramp = Ramp(loss, plan, frozen=False)
    for share, margin in ((0, 0), (0.25, 0.2), (0.5, 0.4), (1, 0.4)):
        ramp.pct_train = share
        ramp.before_batch()
        assert loss.margin == pytest.approx(margin)
    frozen = Ramp(loss, plan, frozen=True)
    frozen.pct_train = 1
    frozen.before_batch()
    assert loss.margin == 0


def network():
    torch.manual_seed(0)
    made = make(recipe(arch=ARCH), 16, 5, empty=True)
    made.train()
    with torch.no_grad():
        made(torch.randn(8, 3, 64, 64))  # statistics other than the first ones
    return made


def test_training_gives_cosines_and_asking_embeddings():
    made = network()
    pictures = torch.randn(4, 3, 64, 64)
    cosines = made.train()(pictures)
    assert cosines.shape == (4, 5)
    assert cosines.abs().max() <= 1.0001
    assert made.eval()(pictures).shape == (4, 16)


def test_the_graph_says_what_the_network_says_and_its_maps_are_exact():
    made = network().eval()
    graph = Graph(made, (64, 56), antialias=False).eval()
    crops = torch.randint(0, 256, (2, 218, 178, 3), dtype=torch.uint8)
    with torch.no_grad():
        found, maps = graph(crops)
        mirrored, _ = graph(crops.flip(2))
        from facelens.training.augment import plain

        pictures = plain(crops, (64, 56))
        both = (made(pictures) + made(pictures.flip(3))) / 2
    torch.testing.assert_close(found, both, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(maps.mean((2, 3)), found)
    torch.testing.assert_close(mirrored, found, atol=1e-4, rtol=1e-4)


def test_it_begins_with_a_face_networks_body_as_that_is(tmp_path):
    from safetensors.torch import save_file

    from facelens.training.network import build

    torch.manual_seed(1)
    narrow = build("mobilenet_v2", 3, from_scratch=True, narrow_kernels=True)
    save_file(narrow.state_dict(), tmp_path / "best.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"recipe": {"narrow_kernels": True}}))
    assert kernels_of(tmp_path) == {"narrow_kernels": True}
    made = make(recipe(**kernels_of(tmp_path)), 8, 4, start_from=tmp_path)
    assert isinstance(made, EmbeddingNetwork)
    for name, value in narrow.body.state_dict().items():
        assert torch.equal(value, made.body.state_dict()[name])
    fine = build("mobilenet_v2", 3, from_scratch=True)
    save_file(fine.state_dict(), tmp_path / "best.safetensors")
    # A run of wider kernels is narrowed where the network is.
    make(recipe(narrow_kernels=True), 8, 4, start_from=tmp_path)
    save_file({"body.x": torch.zeros(1)}, tmp_path / "best.safetensors")
    with pytest.raises(DataError, match="does not fit mobilenet_v2"):
        make(recipe(), 8, 4, start_from=tmp_path)
    assert kernels_of(tmp_path / "nowhere") == {}


def test_a_run_is_measured_and_finished(trained):
    run = open_run(trained)
    assert run.is_finished
    assert [(row["stage"], row["epoch"]) for row in run.history] == [("0", "0"), ("1", "0")]
    assert all(0 <= float(row["missed"]) <= 1 for row in run.history)
    assert run.about["data"] == {"train": 32, "people": 8, "valid": 18, "valid_people": 6}
    assert run.network().head.classes.shape == (8, 128)


def test_a_run_is_resumed_as_if_it_had_not_stopped(data, tmp_path):
    faces = (
        to_learn([data], cache=tmp_path / "cache", fewest=3),
        to_measure([data], "valid", cache=tmp_path / "cache"),
    )
    plan = Plan(recipe((1, 2), size=(64, 56), arch=ARCH, batch_size=8))
    about = {"data": {"people": faces[0].count}, "start": "random"}
    whole = open_run(tmp_path / "whole", plan, **about)
    whole.train(*faces, from_scratch=True, device="cpu")
    broken = open_run(tmp_path / "broken", plan, **about)

    class StopError(Exception):
        pass

    saved = type(broken).save_last

    def stop(self, state):
        saved(self, state)
        if (state["stage"], state["epoch"]) == (1, 0):
            raise StopError("stopped")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("facelens.tasks.identity.training.run.IdentityRun.save_last", stop)
        with pytest.raises(StopError):
            broken.train(*faces, from_scratch=True, device="cpu")
    assert not broken.is_finished
    broken.train(*faces, from_scratch=True, device="cpu")
    first, second = whole.network().state_dict(), broken.network().state_dict()
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, msg=name)
    with pytest.raises(DataError, match="another recipe"):
        open_run(tmp_path / "whole", Plan(recipe((1, 3), arch=ARCH)), **about)


@pytest.fixture(scope="module")
def exported(trained, data):
    from facelens.commands import main

    out = trained.parent / "bundle"
    words = ("export", trained, "--data", data, "--out", out, "--cache", trained.parent / "cache")
    assert main.main([str(word) for word in words]) == 0
    return out


def test_an_export_is_a_bundle_that_embeds(exported, trained):
    model = load_model(str(exported))
    assert model.title.startswith("identity ")
    model.check()
    assert model.deviation.is_fine
    assert "head.classes" not in (exported / "model.safetensors").read_bytes()[:9000].decode(
        errors="replace"
    )
    assert model.config.data["people"] == 8
    assert model.config.metrics["precision"] in ("int8", "float16")
    assert abs(model.config.metrics["true_accepts_lost"]) <= 1
    assert model.config.recipe["margin"] == open_run(trained).recipe.margin
    for split, faces in (("valid", 18), ("test", 64)):
        figures = model.config.metrics[split]
        assert figures["faces"] == faces
        assert 0 <= figures["true_accept_at_1_percent_false"] <= 1
    assert model.curves.photo.threshold(0.1) <= model.curves.photo.threshold(0.01)
    assert "18 faces of 6 validation people" in model.curves.measured_on
    groups = model.config.metrics["test"]["groups"]
    assert set(groups) == {
        "not Male, not Young",
        "Male, not Young",
        "not Male, Young",
        "Male, Young",
    }
    card = model.card
    assert "not for surveillance, access control or attendance" in card
    assert "CelebA" in card
    assert "| Male, Young | 16, 4 |" in card


def test_evaluate_prints_the_figures(exported, data, run):
    code, out, err = run(
        "evaluate", data / "test-00000-of-00001.parquet", "--task", "identity", "--model", exported,
        "--json",
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(out)
    assert (found["faces"], found["people"]) == (64, 16)
    known = load_model(str(exported)).config.metrics["test"]
    assert found["auc"] == pytest.approx(known["auc"], abs=1e-3)
    code, out, _ = run(
        "evaluate", data / "test-00000-of-00001.parquet", "--task", "identity", "--model", exported
    )
    assert "accepted at 1 % false accepts" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--epochs", 0, 0], "No epoch is no training"),
        (["--start-from", "mobilenet_v2"], "Give --start-from or --from-scratch"),
        (["--batch-size", 64], "32 faces do not fill a batch of 64"),
        (["--fewest", 9], "0 people with 9 photos or more"),
    ],
)
def test_what_cannot_be_trained_is_a_sentence(data, tmp_path, run, words, told):
    code, _, err = run(
        "train", data, "--task", "identity", "--out", tmp_path / "run", "--cache",
        tmp_path / "cache", *SMALL, *words,
    )  # fmt: skip
    assert code == 2
    assert is_one_sentence(err.splitlines(keepends=True)[-1]), err
    assert told in err


def test_a_bundle_is_not_exported_again(exported, data, run, tmp_path):
    code, _, err = run("export", exported, "--data", data, "--out", tmp_path / "again")
    assert code == 2
    assert "is a bundle; export the run that it was made of" in err


def test_measuring_faces_have_no_owner():
    people = People(None, np.full(3, -1))
    assert (people.owner < 0).all()
