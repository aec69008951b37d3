"""Which epochs are validated and mixed, what the command's options make of a recipe, a teacher."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from helpers.toy import RECIPE, SMALL, write_split

import facelens
from facelens import load_model
from facelens.commands.main import main, parser
from facelens.lessons import evaluation
from facelens.tasks.attributes.training.command import recipe_of
from facelens.tasks.attributes.training.distill import AskTeachers, Teacher, ask
from facelens.training import fit
from facelens.training.augment import plain
from facelens.training.callbacks import Preprocess
from facelens.training.data import open_store
from facelens.training.recipe import Recipe, Stage
from facelens.training.report import Clock, duration, line
from facelens.training.run import open_run
from facelens.training.start import begin, names_of

pytestmark = pytest.mark.train

torch.set_num_threads(1)
FOUR = replace(RECIPE, stages=(Stage(1, frozen=True, rate=1e-3, sizes=SMALL),
                               Stage(3, frozen=False, rate=1e-3, sizes=SMALL)))  # fmt: skip


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    for split, count, seed in (("train", 32, 0), ("valid", 16, 1)):
        write_split(folder, split, count, seed)
    return [open_store(folder, split, cache=folder / "cache") for split in ("train", "valid")]


def test_only_some_epochs_are_validated_and_the_best_is_one_of_them(stores, tmp_path, caplog):
    run = open_run(tmp_path / "run", replace(FOUR, validate_every=2))
    with caplog.at_level(logging.INFO, "facelens"):
        fit.train(run, *stores, from_scratch=True, device="cpu")
    assert [row["valid_loss"] != "" for row in run.history] == [True, False, True, True]
    assert [row["accuracy"] != "" for row in run.history] == [True, False, True, True]
    assert (run.folder / "best.safetensors").is_file()
    lines = [record.message for record in caplog.records if record.message.startswith("Epoch ")]
    assert [text.partition(":")[0] for text in lines] == [f"Epoch {n} of 4" for n in (1, 2, 3, 4)]
    assert "valid loss" not in lines[1]
    assert "left" in lines[2]
    assert "the last epoch" in lines[3]
    figure = evaluation.history([run])
    assert [len(each.get_xdata()) for each in figure.axes[0].lines[:2]] == [3, 4]


def test_the_last_epochs_are_not_mixed(stores, tmp_path, monkeypatch):
    mixed = []
    monkeypatch.setattr(
        Preprocess, "_mix", lambda self, x: mixed.append((self.stage, self.epoch)) or x
    )
    run = open_run(tmp_path / "run", replace(FOUR, mixup=0.2, unmixed=2))
    fit.train(run, *stores, from_scratch=True, device="cpu", progress=False)
    assert sorted(set(mixed)) == [(0, 0), (1, 0)]
    assert not replace(FOUR, mixup=0.0).mixes(0, 0)


def test_the_options_are_in_the_recipe():
    options = [
        "--mixup", "0", "--ema", "0.9", "--weight-decay", "0.05", "--spread", "2",
        "--unmixed", "1", "--validate-every", "3", "--local", "1.5", "--local-cut", "both",
        "--local-margin", "0", "--teacher", "resnet50", "--teacher-view",
    ]  # fmt: skip
    recipe = recipe_of(parser().parse_args(["train", "DATA", "--out", "RUN", *options]))
    assert (recipe.mixup, recipe.ema, recipe.weight_decay) == (0, 0.9, 0.05)
    assert (recipe.stages[1].spread, recipe.unmixed, recipe.validate_every) == (2, 1, 3)
    assert (recipe.local, recipe.local_cut, recipe.local_margin) == (1.5, "both", 0)
    assert (recipe.teacher_view, recipe.teacher_share) == (True, 0.5)
    assert Recipe.fromdict(recipe.asdict()) == recipe
    old = {k: v for k, v in Recipe().asdict().items() if k not in {"local", "unmixed"}}
    assert Recipe.fromdict(old) == Recipe(), "what an earlier Facelens wrote"


@pytest.mark.parametrize(
    "options", [["--mixup", "-1"], ["--ema", "1"], ["--local", "0"], ["--spread", "nan"]]
)
def test_numbers_out_of_range_are_refused(options, capsys):
    with pytest.raises(SystemExit):
        main(["train", "DATA", "--out", "RUN", *options])
    assert options[1] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--teacher-view"], "name one by --teacher"),
        (["--local-cut", "window"], "are of --local"),
        (["--local", "1", "--compile"], "give one of them"),
    ],
)
def test_options_that_want_another_say_so(tmp_path, capsys, options, sentence):
    assert main(["train", "celeba", "--out", str(tmp_path / "run"), *options]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_teacher_answers_the_pictures_as_they_are_seen():
    model = load_model("mobilenet_v2")
    names = ("Smiling", "Eyeglasses")
    example = Path(facelens.__file__).parent / "ui" / "astronaut.jpg"
    face = facelens.find_faces(facelens.read_photo(example), detector="haar")[0].crop
    crops = np.stack([face, face[:, ::-1]])
    teacher = Teacher(model, names).eval()
    seen = plain(torch.from_numpy(crops), model.config.input_size)
    both = (teacher.network(seen) + teacher.network(seen.flip(3))) / 2
    columns = [model.names.index(name) for name in names]
    exact = np.stack([answer.logits[columns] for answer in model.predict(crops)])
    atol = 3 * model.config.metrics["rounding"]  # int8's root mean square; float16 moves less
    np.testing.assert_allclose(both[:, columns].detach().numpy(), exact, atol=atol)
    small = plain(torch.from_numpy(crops), (96, 80))
    answers = teacher(small)
    assert answers.shape == (2, 2)
    assert not answers.requires_grad
    asked = AskTeachers([teacher, teacher], 0.25)
    asked.learn = type("Learn", (), {"x": small, "y": torch.ones(2, 2)})()
    asked.before_batch()
    torch.testing.assert_close(asked.learn.yb[0], 0.75 + 0.25 * answers)
    assert isinstance(ask(["mobilenet_v2"], names, 0.5), AskTeachers)


def test_the_body_goes_to_other_attributes_and_the_head_by_name(stores):
    model = load_model("mobilenet_v2")
    folder = model.bundle.folder
    store = replace(stores[0], names=("Striped", "Smiling"))
    torch.manual_seed(0)
    network = begin(Recipe(), store, start_from=folder)
    whole = begin(
        Recipe(),
        replace(store, names=model.names, labels=np.zeros((4, len(model.names)), bool)),
        start_from=folder,
    )
    for (name, mine), its in zip(
        network.body.state_dict().items(), whole.body.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, its), name
    smiling = model.names.index("Smiling")
    assert torch.equal(network.head.weight[1], whole.head.weight[smiling])
    assert torch.equal(network.head.bias[1], whole.head.bias[smiling])
    rate = store.labels[:, 0].mean()
    assert network.head.bias[0].item() == pytest.approx(np.log(rate / (1 - rate)), abs=1e-5)
    assert names_of(folder) == model.names
    assert names_of(folder / "none") == ()


def test_the_time_left_counts_what_epochs_cost():
    clock = Clock([1, 1, 4, 4])
    assert clock.after(0, 10.0) == pytest.approx(90)
    assert clock.after(1, 10.0) == pytest.approx(80)
    assert clock.after(2, 60.0) == pytest.approx(80 / 6 * 4)
    row = {"stage": 1, "epoch": 0, "size": "64x64", "valid_loss": "", "seconds": 65.0}
    assert line(row, 1, 4, 3600.0) == "Epoch 2 of 4: size 64x64; 65 s, about 60 min left."
    assert duration(7265) == "2 h 01 min"
