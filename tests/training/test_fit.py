"""The road from parquet to bundle, on a toy task that any network learns in seconds."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

import onnx
import pyarrow.parquet as pq
from helpers.toy import NAMES, RECIPE, SMALL, write_split
from PIL import Image
from safetensors.torch import load_file

from facelens import load_model
from facelens.commands.main import main, parser
from facelens.errors import DataError
from facelens.tasks.attributes.calibrate import doubt_band, fit_temperature
from facelens.tasks.attributes.training import distill
from facelens.tasks.attributes.training.command import recipe_of
from facelens.tasks.attributes.training.export import Shipped, export
from facelens.training import fit
from facelens.training.augment import Augmentation, augment, plain
from facelens.training.data import Batches, open_store
from facelens.training.network import build
from facelens.training.quantise import KEPT
from facelens.training.recipe import Recipe, Stage
from facelens.training.run import open_run

pytestmark = pytest.mark.train

# On a toy, threads that wait for each other cost more than they save.
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    for split, count, seed in (("train", 128, 0), ("valid", 48, 1), ("test", 32, 2)):
        write_split(folder, split, count, seed)
    return folder


@pytest.fixture(scope="module")
def stores(toy, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return tuple(open_store(toy, split, cache=cache) for split in ("train", "valid"))


@pytest.fixture(scope="module")
def trained(stores, tmp_path_factory):
    run = open_run(tmp_path_factory.mktemp("runs") / "toy", RECIPE, start="random")
    fit.train(run, *stores, from_scratch=True, device="cpu", progress=False)
    return run


@pytest.fixture(scope="module")
def bundle(trained, toy, stores, tmp_path_factory):
    return export(
        trained, tmp_path_factory.mktemp("bundles") / "toy",
        data=toy, valid_set=stores[1], name="toy", version="1", dataset="stripes",
        licence="none",
    )  # fmt: skip


def logits(model, crops):
    return np.stack([answer.logits for answer in model.predict(crops)])


def test_a_store_holds_the_pictures_as_they_were(toy, stores, tmp_path):
    train = stores[0]
    assert train.names == NAMES
    table = pq.read_table(toy / "train-00000-of-00001.parquet").to_pylist()
    with Image.open(io.BytesIO(table[5]["image"]["bytes"])) as image:
        np.testing.assert_array_equal(train.images[5], np.asarray(image))
    assert train.labels[5].tolist() == [table[5]["Bright"], table[5]["Striped"]]
    few = open_store(toy, "train", cache=tmp_path, limit=7)
    assert len(few) == 7
    np.testing.assert_array_equal(few.images, train.images[:7])


def test_some_questions_of_a_store(stores):
    only = stores[0].only(["Striped"])
    assert only.names == ("Striped",)
    np.testing.assert_array_equal(only.labels[:, 0], stores[0].labels[:, 1])
    with pytest.raises(DataError, match="no attribute 'Hat'"):
        stores[0].only(["Hat"])


def test_missing_data_is_a_sentence(tmp_path):
    with pytest.raises(DataError, match="facelens download celeba"):
        open_store(tmp_path, "train", cache=tmp_path)


def test_the_order_of_batches_depends_on_seed_and_epoch_alone(stores):
    def first(seed, epoch):
        batches = Batches(stores[0], 16, shuffle=True, seed=seed)
        batches.epoch = epoch
        return next(iter(batches))[0]

    assert torch.equal(first(1, 2), first(1, 2))
    assert not torch.equal(first(1, 2), first(1, 3))
    assert not torch.equal(first(1, 2), first(2, 2))


def test_every_picture_comes_once_an_epoch(stores):
    seen = torch.cat([labels for _, labels in Batches(stores[1], 16, shuffle=False)])
    np.testing.assert_array_equal(seen.numpy(), stores[1].labels)


def test_augmentation_turned_off_is_the_plain_picture(stores):
    crops = torch.from_numpy(stores[0].images[:4].copy())
    none = Augmentation(flip=0, rotation=0, scale=0, shift=0, light=0, colour=0)
    same = augment(crops, (64, 64), none, torch.Generator().manual_seed(0))
    torch.testing.assert_close(same, plain(crops, (64, 64)), atol=2e-2, rtol=0)
    mirrored = augment(crops, (64, 64), replace(none, flip=1.0), torch.Generator())
    torch.testing.assert_close(mirrored, plain(crops, (64, 64)).flip(3), atol=2e-2, rtol=0)


def test_a_turn_keeps_circles_round():
    """A crop is not square: a turn by half-widths would squeeze the face."""
    crop = np.zeros((218, 178, 3), np.uint8)
    y, x = np.mgrid[:218, :178]
    crop[np.hypot(y - 108.5, x - 88.5) < 60] = 255
    turn = Augmentation(flip=0, rotation=45, scale=0, shift=0, light=0, colour=0)
    pictures = augment(
        torch.from_numpy(crop[None].repeat(8, 0)), (218, 178), turn, torch.Generator()
    )
    disc = plain(torch.from_numpy(crop[None]), (218, 178))
    assert (pictures - disc).abs().mean() < 0.02


def test_the_network_learns_what_is_to_be_seen(trained):
    history = trained.history
    assert [row["stage"] for row in history] == ["0", *"11111111"]
    assert float(history[-1]["accuracy"]) > 0.95
    assert float(history[-1]["valid_loss"]) < float(history[0]["valid_loss"])


def test_frozen_means_that_the_body_does_not_move(stores, tmp_path):
    recipe = replace(RECIPE, stages=RECIPE.stages[:1])
    torch.manual_seed(recipe.seed)
    before = build(recipe.arch, 2, from_scratch=True).body.state_dict()
    run = open_run(tmp_path / "frozen", recipe)
    after = fit.train(
        run, *stores, from_scratch=True, device="cpu", progress=False
    ).body.state_dict()
    for name, value in before.items():
        if value.ndim == 4:
            torch.testing.assert_close(after[name], value)


def test_what_is_held_still_does_not_move_nor_does_its_batch_norm(stores, tmp_path):
    stage = Stage(1, frozen=False, rate=1e-2, sizes=SMALL, still=5)
    recipe = replace(RECIPE, stages=(stage,))
    torch.manual_seed(recipe.seed)
    before = build(recipe.arch, 2, from_scratch=True).body
    run = open_run(tmp_path / "still", recipe)
    after = fit.train(run, *stores, from_scratch=True, device="cpu", progress=False).body
    children = list(zip(before.children(), after.children(), strict=True))
    for old, new in children[:5]:
        for name, value in old.state_dict().items():
            torch.testing.assert_close(new.state_dict()[name], value)
    moved = (children[-1][0].state_dict(), children[-1][1].state_dict())
    assert any(not torch.equal(moved[0][name], moved[1][name]) for name in moved[0])


def test_training_goes_on_from_a_bundle_or_a_run(trained, bundle, stores, tmp_path):
    stage = Stage(1, frozen=False, rate=1e-6, sizes=SMALL)
    for folder in (bundle.bundle.folder, trained.folder):
        run = open_run(tmp_path / folder.parent.name, replace(RECIPE, stages=(stage,)))
        fit.train(run, *stores, start_from=folder, device="cpu", progress=False)
        assert float(run.history[0]["accuracy"]) > 0.9, "one epoch at this rate learns nothing"
    run = open_run(tmp_path / "nothing", RECIPE)
    with pytest.raises(DataError, match="holds no weights"):
        fit.train(run, *stores, start_from=tmp_path, device="cpu")
    run = open_run(tmp_path / "other", replace(RECIPE, arch="resnet34"))
    with pytest.raises(DataError, match="does not fit"):
        fit.train(run, *stores, start_from=trained.folder, device="cpu")


def test_a_coarse_run_is_gone_on_with_where_its_kernels_looked(toy, tmp_path):
    common = [
        "train", str(toy), "--arch", "resnet18", "--size", "64x64", "--epochs", "0", "1",
        "--batch-size", "16", "--device", "cpu", "--cache", str(tmp_path / "cache"),
    ]  # fmt: skip
    coarse, spread = tmp_path / "coarse", tmp_path / "spread"
    assert main([*common, "--out", str(coarse), "--from-scratch", "--maps", "coarse"]) == 0
    go_on = ["--out", str(spread), "--start-from", str(coarse), "--maps", "spread"]
    assert main([*common, *go_on]) == 0
    run = open_run(spread)
    assert run.about["start"] == (
        "a run of 1 epoch over 128 faces with pictures of 64x64, which began with random weights"
    )
    assert not open_run(coarse).recipe.fine_maps
    assert run.recipe.fine_maps
    body = build("resnet18", 2, from_scratch=True, spread_kernels=run.recipe.spread_kernels).body
    assert {m.dilation for m in body.modules() if isinstance(m, torch.nn.Conv2d)} == {
        (1, 1),
        (2, 2),
    }


def test_a_teacher_softens_the_labels_by_its_share(bundle, stores, tmp_path):
    kept = tmp_path / "teacher.npy"
    folder = str(bundle.bundle.folder)
    taught = distill.soften(stores[0], [folder, folder], 0.25, kept=kept)
    answers = np.stack([a.probabilities for a in bundle.predict(stores[0].images[:8])])
    wanted = 0.75 * stores[0].labels[:8] + 0.25 * answers
    np.testing.assert_allclose(taught.targets[:8], wanted, atol=1e-5)
    again = distill.soften(stores[0], ["never asked"], 0.25, kept=kept)
    np.testing.assert_array_equal(again.targets, taught.targets)
    batch = next(iter(Batches(taught, 8, shuffle=False)))[1]
    np.testing.assert_allclose(batch.numpy(), taught.targets[:8], atol=1e-6)
    with pytest.raises(DataError, match="other faces"):
        distill.soften(stores[1], [folder], 0.25, kept=kept)
    with pytest.raises(DataError, match="cannot teach 'Hat'"):
        distill.soften(
            replace(stores[1], names=("Bright", "Hat")), [folder], 0.5, kept=tmp_path / "x.npy"
        )


def test_a_killed_run_resumes_to_the_same_figures(stores, tmp_path):
    class Killed(Exception):  # noqa: N818
        pass

    def kill():
        if len(run.history) == 2:
            raise Killed("killed")

    frozen, unfrozen = RECIPE.stages
    recipe = replace(RECIPE, stages=(frozen, replace(unfrozen, epochs=2)))
    few = [store.take(slice(32)) for store in stores]
    how = {"from_scratch": True, "device": "cpu", "progress": False}
    whole = open_run(tmp_path / "whole", recipe)
    fit.train(whole, *few, **how)
    run = open_run(tmp_path / "killed", recipe)
    with pytest.raises(Killed):
        fit.train(run, *few, **how, after_epoch=kill)
    run = open_run(tmp_path / "killed", recipe)
    fit.train(run, *few, **how)
    assert len(run.history) == len(whole.history) == 3
    for figure in ("train_loss", "valid_loss", "accuracy", "macro_ap"):
        unbroken, resumed = whole.history[-1][figure], run.history[-1][figure]
        assert float(resumed) == pytest.approx(float(unbroken), abs=1e-4)


def test_a_folder_with_another_recipe_is_refused(trained):
    with pytest.raises(DataError, match="another recipe"):
        open_run(trained.folder, replace(RECIPE, seed=1))
    assert open_run(trained.folder).recipe == RECIPE


def test_other_data_or_too_little_is_refused(stores, toy, trained, tmp_path):
    with pytest.raises(DataError, match="other data"):
        open_run(trained.folder, RECIPE, start="ImageNet")
    run = open_run(tmp_path / "few", RECIPE)
    with pytest.raises(DataError, match="do not fill a batch"):
        fit.train(run, stores[0].take(slice(8)), stores[1], from_scratch=True)
    other = open_run(tmp_path / "other", RECIPE, data={"names": ["Striped", "Bright"]})
    with pytest.raises(DataError, match="other questions"):
        export(other, tmp_path / "b", data=toy, valid_set=stores[1], name="x", version="1")


def test_the_exported_size_is_that_of_the_last_epoch():
    growing = Stage(3, frozen=False, rate=1e-3, sizes=((0, 64, 64), (3, 128, 128)))
    assert replace(RECIPE, stages=(growing,)).size == (64, 64)
    assert Recipe().size == (160, 128)


@pytest.mark.parametrize("arch", ["vit_b_16", "alexnet", "no_such_network"])
def test_a_network_without_exact_maps_is_refused_with_a_sentence(arch):
    with pytest.raises(DataError):
        build(arch, 2, from_scratch=True)


def test_the_bundle_answers_as_the_network_does(bundle, trained, toy):
    assert bundle.names == NAMES
    assert bundle.config.metrics["graph_difference"] < 1e-3
    assert bundle.config.metrics["test"]["overall"]["accuracy"]["value"] > 0.9
    weights = load_file(bundle.bundle.folder / "model.safetensors")
    network = build(RECIPE.arch, 2, from_scratch=True)
    network.load_state_dict(weights)
    crops = np.ascontiguousarray(open_store(toy, "test", cache=trained.folder / "cache").images[:4])
    with torch.no_grad():
        pictures = plain(torch.from_numpy(crops), RECIPE.size)
        expected = (network.eval()(pictures) + network(pictures.flip(3))) / 2
    np.testing.assert_allclose(logits(bundle, crops), expected.numpy(), atol=0.05)


def test_the_bundles_maps_are_exact_against_torch(bundle, trained, stores):
    """The oldest definition (Zhou et al., 2016): the head's weights times the last maps."""
    network = trained.load_best(build(RECIPE.arch, 2, from_scratch=True)).eval()
    crop = np.array(stores[1].images[0])
    pictures = plain(torch.from_numpy(crop[None]), RECIPE.size)
    with torch.no_grad():
        both = [
            torch.einsum("ac,chw->ahw", network.head.weight, network.body(p)[0])
            for p in (pictures, pictures.flip(3))
        ]
    expected = (both[0] + both[1].flip(2)) / 2
    maps = bundle.predict([crop], maps=True)[0].maps
    assert maps.shape == (2, 4, 4)
    np.testing.assert_allclose(maps, expected.numpy(), atol=1e-2)


@pytest.fixture(scope="module")
def in_int8(trained, toy, stores, tmp_path_factory):
    return export(
        trained, tmp_path_factory.mktemp("bundles") / "int8", data=toy, valid_set=stores[1],
        train_set=stores[0], name="toy", version="1", dataset="stripes", precision="int8",
    )  # fmt: skip


def test_a_bundle_that_computes_in_int8_is_measured_as_it_is_shipped(in_int8, bundle, stores):
    measured = in_int8.config.metrics
    assert 0 < measured["rounding"] < 0.2
    assert measured["graph_difference"] < 1e-3
    assert measured["test"]["overall"]["accuracy"]["value"] > 0.9
    assert "compute in int8" in (in_int8.bundle.folder / "README.md").read_text()
    crops = np.array(stores[1].images[:8])
    rounded, exact = logits(in_int8, crops), logits(bundle, crops)
    assert 0 < np.abs(rounded - exact).max() < 0.1 * np.abs(exact).max()
    maps = in_int8.predict([crops[0]], maps=True)[0].maps
    np.testing.assert_allclose(maps.mean((1, 2)) + in_int8.config.bias, rounded[0], atol=1e-4)
    size = {name: entry["size"] for name, entry in in_int8.bundle.files.items()}
    assert size["model.onnx"] < 0.6 * size["model.safetensors"]  # int8 against float16


def test_int8_rounds_neither_the_first_filters_nor_the_head(in_int8):
    graph = onnx.load(in_int8.bundle.folder / "model.onnx").graph
    made = {node.output[0]: node for node in graph.node}

    def is_rounded(node):
        return made[node.input[0]].op_type == "DequantizeLinear"

    convolutions = [n for n in graph.node if n.op_type == "Conv" and "seen" not in n.name]
    assert [is_rounded(n) for n in convolutions[:KEPT]] == [False] * KEPT
    assert all(is_rounded(n) for n in convolutions[KEPT:-1])  # the last one makes the maps
    (pooling,) = (n for n in graph.node if n.op_type == "ReduceMean")
    (head,) = (n for n in graph.node if n.op_type == "Gemm")
    assert head.input[0] == pooling.output[0] or made[head.input[0]].input[0] == pooling.output[0]


def test_layers_look_the_same_in_int8(in_int8, bundle, stores):
    crop = np.array(stores[1].images[0])
    for rounded, exact in zip(in_int8.layers(crop), bundle.layers(crop), strict=True):
        assert rounded.maps.shape == exact.maps.shape
        assert np.corrcoef(rounded.maps.ravel(), exact.maps.ravel())[0, 1] > 0.98, exact.name


def test_int8_without_training_faces_is_refused(trained, toy, stores, tmp_path):
    with pytest.raises(DataError, match="needs training faces"):
        export(trained, tmp_path / "b", data=toy, valid_set=stores[1], name="toy", version="1",
               precision="int8")  # fmt: skip
    with pytest.raises(DataError, match="no precision 'int4'"):
        export(trained, tmp_path / "b", data=toy, valid_set=stores[1], name="toy", version="1",
               precision="int4")  # fmt: skip
    assert not (tmp_path / "b").exists()


def test_a_bundle_can_be_written_anew(bundle, toy, stores, tmp_path):
    again = export(
        Shipped(bundle.bundle), tmp_path / "again", data=toy, valid_set=stores[1], name="toy",
        version="2", dataset="stripes", licence="none",
    )  # fmt: skip
    assert (again.config.recipe, again.config.data) == (bundle.config.recipe, bundle.config.data)
    crops = np.array(stores[1].images[:8])
    # Its kernels were kept in 16 bits.
    np.testing.assert_allclose(logits(again, crops), logits(bundle, crops), rtol=0, atol=0.02)


def test_the_card_states_terms_figures_and_limits(bundle):
    card = (bundle.bundle.folder / "README.md").read_text()
    for text in ("license: other", "stripes", "Limits", "mean accuracy", "sampling floor"):
        assert text in card


def test_no_pickle_is_in_the_bundle(bundle):
    assert {path.suffix for path in bundle.bundle.folder.iterdir()} == {
        ".json", ".onnx", ".safetensors", ".md",
    }  # fmt: skip


def test_a_temperature_makes_overconfidence_honest():
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, (4000, 1))
    labels = rng.random((4000, 1)) < 1 / (1 + np.exp(-honest))
    assert fit_temperature(honest * 3, labels)[0] == pytest.approx(3, rel=0.1)


def test_doubt_shrinks_with_more_faces():
    def width(n):
        rng = np.random.default_rng(0)
        p = rng.random(n)
        low, high = doubt_band(p, rng.random(n) < p)
        return high[50] - low[50]

    assert 0 < width(6400) < 0.6 * width(400)


def test_from_random_weights_all_layers_learn_as_fast():
    def spread(*start):
        args = parser().parse_args(["train", "DATA", "--out", "RUN", *start])
        return recipe_of(args).stages[1].spread

    assert spread("--from-scratch") == 1
    assert spread() > 1


def test_the_commands_say_what_is_wrong_in_a_sentence(tmp_path, capsys):
    for argv in (
        ["train", str(tmp_path), "--out", str(tmp_path / "run")],
        ["export", str(tmp_path), "--data", str(tmp_path), "--out", str(tmp_path / "b")],
    ):
        assert main(argv) == 2
        error = capsys.readouterr().err
        assert error.startswith("facelens: ")
        assert error.count("\n") == 1


@pytest.mark.data
def test_one_epoch_on_real_faces_through_the_command(data_dir, tmp_path, monkeypatch):
    """The commands of the README on a slice: real faces in, a bundle out."""
    celeba = str(data_dir / "celeba")
    monkeypatch.chdir(tmp_path)
    slice_ = ["--limit", "128", "--cache", str(tmp_path / "cache")]
    train = ["train", celeba, "--out", "run", "--arch", "resnet18", "--from-scratch",
             "--epochs", "1", "1", "--size", "64x56"]  # fmt: skip
    assert main([*train, *slice_]) == 0
    assert main(["export", "run", "--data", celeba, "--out", "bundle", *slice_]) == 0
    model = load_model(str(tmp_path / "bundle"))
    assert len(model.names) == 40
    recipe = json.loads((tmp_path / "run" / "config.json").read_text())["recipe"]
    assert recipe["arch"] == "resnet18"
