"""`facelens train`, `export`, `evaluate`: the options of one task, and none of another."""

import json
import sys

import pytest
from helpers.terminal import is_one_sentence

from facelens.commands.options import Parser
from facelens.tasks import DEFAULT, TASKS, load_model
from facelens.tasks.attributes.training import command as attributes
from facelens.tasks.keypoints.training import command as keypoints

TRAIN = ["train", "DATA", "--out", "RUN"]
KEYPOINTS = [*TRAIN, "--task", "keypoints"]


@pytest.mark.parametrize("command", ["train", "export", "experiment"])
def test_training_without_torch_is_said(run, monkeypatch, command, tmp_path):
    for name in [name for name in sys.modules if ".training." in name or ".lessons." in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    more = {"train": ["DATA"], "export": [tmp_path, "--data", "DATA"], "experiment": []}
    code, _, err = run(command, *more[command], "--out", tmp_path / "out")
    assert code == 2
    assert is_one_sentence(err)
    assert err == f"facelens: facelens {command} needs torch: pip install 'facelens[train]'.\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ([*TRAIN, "--level", "ours"], "--level is an option of --task keypoints"),
        ([*TRAIN, "--rung=ours"], "--rung is an option of --task keypoints"),
        (["train", "--level", "ours", "DATA"], "--level is an option of --task keypoints"),
        ([*KEYPOINTS, "--size", "64x64"], "--size is an option of --task attributes"),
        (["train", "--task=keypoints", "--arch", "x"], "--arch is an option of --task attributes"),
        (["evaluate", "--task", "keypoints", "x", "--loose"], "--loose is an option of --task att"),
    ],
)
def test_an_option_of_another_task_is_a_sentence(run, line, sentence):
    code, out, err = run(*line)
    assert (code, out) == (2, "")
    assert is_one_sentence(err)
    assert sentence in err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ([*TRAIN, "--nonsense"], "unrecognized arguments: --nonsense"),
        ([*TRAIN, "--task", "nonsense"], "invalid choice: 'nonsense'"),
        ([*TRAIN, "--task"], "expected one argument"),
        ([*TRAIN, "--epoch", "1", "2"], "unrecognized arguments: --epoch"),
        (["train", "DATA"], "required: --out"),
        (["export", "--data", "DATA", "--out", "x"], "required: RUN"),
    ],
)
def test_what_no_task_knows_is_refused_by_the_parser(run, line, words):
    code, out, err = run(*line)
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.parametrize("verb", ["train", "evaluate"])
@pytest.mark.parametrize("task", TASKS)
def test_help_shows_the_options_of_one_task_and_names_the_others(run, task, verb):
    code, out, _ = run(verb, "--task", task, "--help")
    assert code == 0
    assert all(name in out for name in TASKS)
    assert ("--level" in out) == (task not in {"attributes", "identity"} and verb == "train")
    assert ("--threads" in out) == (task in {"expression", "mask", "identity"} and verb == "train")
    assert ("--arch" in out) == (task in {"attributes", "identity"} and verb == "train")
    assert ("--against" in out) == (task == "attributes" and verb == "evaluate")
    assert "--rung" not in out
    if task == DEFAULT:
        assert run(verb, "--help")[1] == out


def parsed(parser, *line):
    return vars(parser.parse_args([str(word) for word in line]))


def test_the_task_of_an_export_is_its_runs(tmp_path, run):
    from facelens.commands.main import parser

    def write(name, **about):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(about))
        return tmp_path / name

    points, old = write("points", task="keypoints", rung="ours"), write("old", recipe={})
    rest = ["--data", "DATA", "--out", "BUNDLE"]
    assert parsed(parser(), "export", points, *rest)["task"] == "keypoints"
    assert parsed(parser(), "export", "--out", old, "--data", old, points)["task"] == "keypoints"
    for line in ([old, *rest], ["--precision", "int8", old, *rest], ["nowhere", *rest]):
        args = parsed(parser(), "export", *line)
        assert args["task"] == DEFAULT
        assert args["precision"] == ("int8" if "int8" in line else "float32")
    code, _, err = run("export", points, *rest, "--precision", "int8")
    assert (code, is_one_sentence(err)) == (2, True)
    assert "--precision is an option of --task attributes, not of keypoints" in err
    code, _, err = run("export", write("new", task="mood"), *rest)
    assert (code, is_one_sentence(err)) == (2, True)
    assert "is for the task 'mood', which this Facelens does not have" in err


def test_a_task_that_cannot_be_trained_is_a_sentence(run, monkeypatch):
    from dataclasses import replace

    monkeypatch.setitem(TASKS, "toy", replace(TASKS[DEFAULT], name="toy", training=""))
    code, _, err = run(*TRAIN, "--task", "toy")
    assert (code, is_one_sentence(err)) == (2, True)
    assert "facelens train does not support the task toy" in err
    assert "is an option of" in run(*TRAIN, "--level", "ours")[2]


def test_a_task_brings_commands_of_its_own(run, monkeypatch, tmp_path):
    from dataclasses import replace

    (tmp_path / "toy_greet.py").write_text(
        "def add(commands):\n"
        "    parser = commands.add_parser('greet', help='say hello')\n"
        "    parser.add_argument('name')\n"
        "    parser.set_defaults(call=lambda args: print('Hello', args.name) or 0)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    toy = replace(TASKS[DEFAULT], name="toy", training="", commands=("toy_greet",))
    monkeypatch.setitem(TASKS, "toy", toy)
    assert run("greet", "you") == (0, "Hello you\n", "")
    assert "say hello" in run("--help")[1]


def train_args(*options):
    parser = Parser()
    attributes.train_options(parser)
    return parser.parse_args(list(options))


def test_sizes_may_grow_by_epoch():
    assert train_args("--size", "160x128").size == ((0, 160, 128),)
    assert train_args("--size", "0:96x80,4:160x128").size == ((0, 96, 80), (4, 160, 128))
    for wrong in ("1:96x80", "0:96x80,0:160x128", "0:96x80,160", "0:96x80,2:1x1", ""):
        with pytest.raises(SystemExit):
            train_args("--size", wrong)


@pytest.mark.train
def test_what_is_listed_for_help_is_what_there_is():
    pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")
    from facelens.tasks.attributes.training import export
    from facelens.tasks.keypoints.training import ladder

    assert export.PRECISIONS == attributes.PRECISIONS
    assert tuple(ladder.LADDER) == keypoints._LEVELS


@pytest.mark.data
def test_keypoints_are_measured_as_on_the_model_card(run, data_dir):
    file = min((data_dir / "keypoints").glob("test-*.parquet"))
    code, out, err = run("evaluate", file, "--task", "keypoints", "--json")
    assert (code, err) == (0, "")
    figures = json.loads(out)
    card = load_model(task="keypoints").config.metrics["test"]
    assert figures["faces"] == card["faces"]
    assert figures["rmse_px"] == pytest.approx(card["rmse_px"], abs=1e-3)
    code, out, _ = run("evaluate", file, "--task", "keypoints", "--limit", "64")
    assert code == 0
    assert "on 64 faces" in out
    assert "nose_tip" in out
