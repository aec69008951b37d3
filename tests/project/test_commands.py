"""Every command that a text names is run as it stands there, or is listed here with a reason."""

import contextlib
import importlib.util
import io
import os
import re
import shlex
import shutil
import tempfile
import tomllib
from pathlib import Path

import pytest
from helpers.commands import (
    ROOT,
    Command,
    Ended,
    World,
    answer,
    commands,
    commands_of,
    free_port,
    texts,
)
from helpers.terminal import command_parsers

from facelens.commands.options import Parser

COMMANDS = commands()
# What is run: nothing else may do anything to the machine.
RUN = (
    r"(FACELENS_\w+=\S+ )?(/opt/facelens/bin/)?facelens .*",
    r"python (benchmarks/\w+\.py|-m facelens[. ]|-c |-m venv \.venv-peers|-m ipykernel install).*",
    r"(accelerate launch|torchrun --nproc_per_node \d) -m facelens train .*",
    r"(export|env) [A-Z_]+=.*",
    r"make (dashboard|badges) ?.*",
    r"dask (scheduler|worker .*)",
    r"jupyter lab notebooks",
    r"source \.venv/bin/activate",
    r"python3 --version",
    r"tar czf .*",
)
TO_DO = (
    "If {} is new: add it to RUN, with what it speaks of in tests/helpers/commands.py and what "
    "makes it shorter in SHORTER, or to LISTED with the reason why it is not run."
)

FORM = "is the form of a command, whose mentions with a name are run"
# Why a command is not run, and the patterns of those, each of which a text has.
LISTED = {
    "fetches from a package index": (
        r"(TMPDIR=\S+ |/opt/\S+/)?pip install.*",
        r"python benchmarks/clean\.py",
        r"python benchmarks/install\.py|facelens bench install",
        r"python benchmarks/newest\.py( --beyond)?",
    ),
    "needs the peers' environment, gigabytes from a package index": (
        r"\.venv-peers/bin/pip install .*",
        r"\$FACELENS_PEERS .*",
        r"FACELENS_PEERS=\S+ (python|facelens) .*",
        r"python benchmarks/(allmaps|answer|start)\.py",
    ),
    "serves two pages and looks at each for minutes": (r"python benchmarks/static\.py",),
    "fetches ImageNet's weights": (r"python benchmarks/imbalance\.py DATA",),
    "fetches Facelens itself": (r"git clone .*", r"git pull"),
    "needs an account on the Hugging Face Hub": (r"hf auth login", r"hf (repos|upload) .*"),
    "needs a container engine": (r"docker (build|run) .*", r"docker ps"),
    "runs at length: tests/attacks runs each in short": (r"python benchmarks/attacks \w+",),
    "needs atheris, which is of no extra": (r"python benchmarks/fuzz\.py",),
    "takes minutes however few faces it is given": (
        r"python benchmarks/faces\.py (covered|floor) DATA",
    ),
    "takes up what was built by tools from a package index": (
        r"tar xf dist/.*", r"cp docs/space\.md README\.md",
    ),
    "needs a GPU, or four": (r"nvidia-smi.*", r"torchrun --nproc_per_node 4 .*"),
    "asks about the GPUs of this machine": (r"accelerate config",),
    "needs Node, and fetches from its package index": (r"make (js|site)", r"npm install"),
    "serves until it is stopped, and is Python's own": (r"python -m http\.server -d page",),
    "needs conda": (r"conda env (create|update) .*", r"conda activate .*"),
    "needs valgrind, a package of the system": (
        r"python benchmarks/vnni\.py|facelens bench vnni",
    ),
    "changes the system": (r"apt-get install .*",),
    "sets up a shell or a machine": (
        r"cd .*", r"source ~/.*", r"tmux .*", r"ssh .*", r"python3 -m venv .*",
    ),
    "is typed on Windows": (r"py -m venv .*", r"\.venv\\Scripts\\.*"),
    "is this suite, or what CI runs before it": (r"make (lint|test|test-app)( PYTEST=.*)?",),
    "publishes a release": (
        r"git (commit|tag|push) .*", r"gh release .*", r"python -m (build|twine)\b.*",
        r"make release-check", r"rm -rf dist",
    ),
    "writes the embedded bundles": (
        r"python benchmarks/cards\.py DATA", r"python benchmarks/guarantee\.py VALID\.\.\. .*",
    ),
    "needs FER2013's faces": (r"python benchmarks/teach\.py DATA",),
    "asks git where the project was published": (r"make badges",),
    FORM: (
        r"facelens bench NAME", r"facelens experiment NAME",
        r"python benchmarks/maps\.py DATA --model BUNDLE",
        r"python benchmarks/map_variants\.py NAME=.*",
    ),
    "needs the network of expressions, which is not embedded yet": (
        ()
        if (ROOT / "weights" / "expression").is_dir()
        else (
            r"facelens (predict|label|video) .*--task expression.*",
            r"(?s).*task=\"expression\".*",
            r"python benchmarks/expressions\.py DATA --check",
        )
    ),
    "needs the network of masks, which is not embedded yet": (
        ()
        if (ROOT / "weights" / "mask").is_dir()
        else (
            r"facelens (predict|label|video) .*--task mask.*",
            r"(?s).*task=\"mask\".*",
            r"python benchmarks/masks\.py (alarms|speed) DATA",
        )
    ),
    "is the picture of a way": (
        r"photo bytes ─► .*", r"photo\.py .*", r"camera ─► .*", r"[▲└].*",
    ),
}  # fmt: skip
# What is added to a command that would take long, or look for what is not there.
SHORTER = {
    r"facelens train (?!.*(--(from-scratch|start-from|backbone-weights)|--task \w))\S": (
        "--from-scratch"
    ),
    r"facelens train \S.*--task (keypoints|expression)": "--epochs 0 1 --device cpu",
    r"facelens train \S.*--task identity": (
        "--epochs 0 1 --size 64x56 --batch-size 16 --fewest 1 --device cpu"
    ),
    r"facelens train \S.*--task mask": "--from-scratch --limit 16 --epochs 0 1 --device cpu",
    r"facelens train (?!.*--task)\S": (
        "--limit 32 --epochs 0 1 --size 64x56 --batch-size 16 --device cpu"
    ),
    r"facelens train .*--arch resnet50": "--arch resnet18",
    r"facelens experiment \S": (
        "--limit 32 --epochs 1 --seeds 1 --size 64x56 --batch-size 16 --arch resnet18 "
        "--weights random"
    ),
    r"facelens export (?!runs/(points|kaggle|expression|mask|identity))\S": "--limit 16",
    r"facelens export runs/(mask|identity)": "--precision float16",
    r"facelens evaluate (?!data/masks)\S": "--limit 64",
    r"facelens evaluate data/masks": "--limit 8",
    r"facelens\.training\.landmarks ": "--limit 64 --steps 2 --batch 8 --out points",
    r"facelens\.training\.finder ": (
        "--crops 8 --epochs 1 --steps 2 --batch 2 --side 64 --last-side 64 --examined 4"
    ),
    r"(accuracy|networks)\.py": "--limit 24",
    r"/maps\.py": "--faces 1",
    r"/keypoints\.py": "--limit 64 --epochs 1 --seeds 1 --rungs mean layer ours --runs points",
    r"/expressions\.py": "--limit 64 --epochs 1 --rungs commonest ours --runs expressions",
    r"/masks\.py": (
        "--limit 4 --epochs 1 --from-scratch --variants ours --folds 0 --runs masks --device cpu"
    ),
    r"/identity\.py (?!groups)": "--limit 24 --seeds 1 --from-scratch",
    # Of fewer test faces no two are of one person.
    r"/identity\.py groups": "--limit 128",
    r"/straighten\.py": "--limit 4",
    r"/marks\.py": "--limit 16",
    r"(bench |/)rounding": "--limit 24 --faces 1",
    r"(bench |/)bulk": "--limit 256",
    r"(bench |/)loader": "--limit 64 --trained 64 --repeats 1",
    r"(bench faces -- |/faces\.py )(?!portraits)": "--limit 4",
    r"(bench |/)haar": "--limit 4",
    r"/faces\.py portraits": "--detectors yunet",
    r"/figures\.py": "speed_answer --out .",
    r"(bench |/)screenshots": "--out .",
    r"dask worker": "--nworkers 1 --no-nanny",
}
# What goes on until Ctrl-C: what it is given besides, and what a page of it says.
SERVED = {
    r"facelens dashboard": ("--no-browser --port {port}", "", "<title>Facelens"),
    r"facelens live": ("--no-browser --port {port}", "", "<title>Facelens live"),
    r"make dashboard": ("PORT={port}", "", "<title>Facelens"),
    r"jupyter lab": (
        "--no-browser --allow-root --port {port} --IdentityProvider.token=", "lab", "JupyterLab",
    ),
}  # fmt: skip


def reason(command: Command) -> str | None:
    """Why a command is not run, if it is listed."""
    for why, patterns in LISTED.items():
        if any(re.fullmatch(what, command.text) for what in patterns):
            return why
    return None


def script(text: str) -> str:
    """What the benchmark says that a command runs, if it runs one, and those that it imports."""
    named = re.search(r"facelens bench (\w+)|benchmarks/(\w+)\.py|benchmarks/attacks (\w+)", text)
    name = named and (named[1] or named[2] or f"attacks/{named[3]}")
    wanted, found = [name] if name else [], {}
    while wanted:
        path = ROOT / "benchmarks" / f"{(name := wanted.pop())}.py"
        if name not in found and path.is_file():
            found[name] = path.read_text(encoding="utf-8")
            wanted += re.findall(r"(?m)^(?:from|import) (\w+)", found[name])
    return "\n".join(found.values())


# What a benchmark imports that is in the extra `train` alone.
TRAINING = r"torch|fastai|onnx|matplotlib|facelens\.(tasks\.\w+\.)?(training|lessons)"


def marks(command: Command) -> list[pytest.MarkDecorator]:
    """What a command needs."""
    text, found = command.text, []
    training = r"facelens (train|export|experiment)\b|facelens\.training|^(accelerate|jupyter|torc)"
    if re.search(rf"{training}|import torch\b", text) or re.search(
        rf"^ *(from|import) ({TRAINING})\b", script(text), re.MULTILINE
    ):
        found.append(pytest.mark.train)
    if re.search(r"\bDATA\b|celeba|\.parquet|runs/|kaggle|data/masks", text):
        found.append(pytest.mark.data)
    if "playwright" in script(text):
        found.append(pytest.mark.browser)
    return found


def cases(*, listed: bool) -> list:
    chosen = [c for c in COMMANDS if (reason(c) is not None) == listed]
    return [
        pytest.param(
            c, id=f"{c.file}: {c.text.splitlines()[0][:100]}", marks=[] if listed else marks(c)
        )
        for c in chosen
    ]


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    if not shutil.which("bash"):
        pytest.skip("the texts' commands are for bash: install it")
    folder = tmp_path_factory.mktemp("world")
    with contextlib.ExitStack() as stack:
        yield World(folder, stack)
    shutil.rmtree(folder)


@pytest.fixture
def equipped(world, request):
    """The world, with what this command needs."""
    text = request.node.callspec.params["command"].text
    named = [mark.name for mark in request.node.iter_markers()]
    if "train" in named:
        pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")
    if "data" in named or os.environ.get("FACELENS_DATA"):
        world.give_data(request.getfixturevalue("data_dir"))
    if "browser" in named:
        request.getfixturevalue("browser")
    if re.search(r"(?i)yunet|\bdetector|(bench |/)(faces|marks)", text):
        world.give_yunet(request.getfixturevalue("yunet"))
    if re.search(r"sface|recogniser|gallery\.npz|/identity\.py", text):
        world.give_sface(request.getfixturevalue("recogniser"))
    return world


@pytest.mark.parametrize("command", cases(listed=False))
def test_a_command_does_what_a_text_says(command, equipped):
    known = command.python or any(re.fullmatch(what, command.text) for what in RUN)
    assert known, TO_DO.format(command)
    if is_only_named(command):
        return
    served = next((how for what, how in SERVED.items() if re.search(what, command.text)), None)
    if served:
        more, page, words = served
        port = free_port()
        place = prepared(command, equipped)
        line = f"{adapted(command, equipped)} {more.format(port=port)}"
        with equipped.serving(line, place, rf"http://[\w.]+:{port}"):
            assert words in answer(f"http://127.0.0.1:{port}/{page}")
    elif tool(command) == "dask":
        place = prepared(command, equipped)
        with equipped.serving(adapted(command, equipped), place, "Scheduler at|Registered to"):
            pass
    else:
        done = outcome(command, equipped)[0]
        assert done.code == 0, (
            f"{command}: {done.code}\n{done.said[-4000:]}\n{TO_DO.format(command)}"
        )


TEXT = """
Type `facelens predict PHOTO [--json]` or `FACELENS_MODEL=m make dashboard`, not `--json` alone.

## `facelens train needs torch`

1. First

       git clone URL && cd facelens

Then

    make test        all of it
    facelens train data \\
        --out runs     # some

```console
$ make dashboard
Installing
```

```yaml
make: no command
```

    from facelens import label
"""


def test_commands_are_told_from_what_is_around_them():
    found = [(command.text, command.line) for command in commands_of(TEXT, "page.md")]
    assert found == [
        ("git clone URL", 8),
        ("cd facelens", 8),
        ("make test", 12),
        ("facelens train data --out runs", 14),
        ("make dashboard", 17),
        ("from facelens import label", 25),
        ("facelens predict PHOTO", 2),
        ("FACELENS_MODEL=m make dashboard", 2),
    ]


def test_a_command_that_nobody_knows_is_not_run():
    command = Command("rm --recursive everything", "page.md", 1)
    with pytest.raises(AssertionError, match="add it to RUN"):
        test_a_command_does_what_a_text_says(command, None)


def tool(command: Command) -> str:
    return next(word for word in command.text.split() if not re.match(r"[A-Z_]+=", word))


def outcome(command: Command, world: World) -> tuple[Ended, Path]:
    """How a command ended, and where; it is run but once."""
    if command.text not in world.done:
        place = prepared(command, world)
        line = adapted(command, world)
        if command.python:
            (place / "snippet.py").write_text(command.text)
            line = "python snippet.py"
        # What is in the cache is not fetched.
        fresh = {"FACELENS_CACHE": str(place / "cache")} if " download " in line else {}
        world.done[command.text] = world.run(line, place, **fresh), place
    return world.done[command.text]


def prepared(command: Command, world: World) -> Path:
    """A place for a command, with what those before it in its text have written."""
    place = world.place(command)
    read = re.findall(r"(?:export|push|--model|--start-from) (\w[\w./-]*)", command.here)
    for other in COMMANDS:
        made = set(other.outputs) & set(read)
        if made and other.file == command.file and other != command and is_possible(other, world):
            done, there = outcome(other, world)
            assert done.code == 0, f"{command} needs {other}, which failed."
            read = [name for name in read if name not in made]
            for name in made:
                if not (there / name).exists():  # it went to the Hub
                    continue
                top = place / Path(name).parts[0]
                if top.is_symlink():  # what is given where no text makes it
                    top.unlink()
                (place / name).parent.mkdir(exist_ok=True)
                (place / name).symlink_to(there / name)
    return place


def is_possible(command: Command, world: World) -> bool:
    """Whether a command is run, with what is there."""
    needed = {mark.name for mark in marks(command)}
    there = {"data": (world.given / "DATA").exists(), "train": importlib.util.find_spec("fastai")}
    return reason(command) is None and all(there.get(name, True) for name in needed)


def adapted(command: Command, world: World) -> str:
    """The command line with places that are there, and made shorter."""
    line = command.here.replace("/shared/", f"{world.given}/shared/")
    if "tcp://SCHEDULER:8786" in line:
        line = line.replace("tcp://SCHEDULER:8786", world.cluster)
    return " ".join([line, *(more for what, more in SHORTER.items() if re.search(what, line))])


# what is named without its arguments, or listed


def parser(command: str) -> Parser:
    """The parser of one command of `facelens`."""
    commands = command_parsers()
    assert command in commands, f"there is no facelens {command}"
    return commands[command]


def against(command: Command) -> str:
    """What its parser has against a command of `facelens`, or nothing."""
    words = shlex.split(re.search(r"(?:^| |bin/)facelens (\w.*)", command.text)[1])
    mine = words[1 : words.index("--")] if "--" in words else words[1:]
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parser(words[0]).parse_args(mine)
    except SystemExit as error:
        if error.code:
            return said.getvalue().strip().splitlines()[-1]
    return ""


def is_only_named(command: Command) -> bool:
    """Whether it speaks of a command of `facelens` without its arguments: options have to exist."""
    if not re.search(r"(^| |bin/)facelens \w", command.text) or command.python:
        return False
    said = against(command)
    if not re.search("are required|expected one argument", said):
        assert not said, f"{command}: {said}"
        return False
    name = re.search(r"facelens (\w+)", command.text)[1]
    known = parser(name)
    with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
        known.parse_args(shlex.split(command.text)[2:])  # which adds the options of its task
    assert all(map(known.knows, re.findall(r"(?<= )--[\w-]+", command.text))), command
    return True


@pytest.mark.parametrize("command", cases(listed=True))
def test_what_is_not_run_could_be(command):
    text = command.text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    if re.search(r"(^| |bin/)facelens \w", text) and tool(command) != "pip":
        said = against(command)
        assert not said, f"{command}: {said}"
    if "facelens bench " in text or ("benchmarks/" in text and tool(command) == "python"):
        assert script(text) or reason(command) == FORM, f"{command}: there is no such benchmark"
    for target in re.findall(r"^make ([\w-]+)", text):
        makefile = (ROOT / "Makefile").read_text()
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), command
    for extra in re.findall(r"(?:facelens|\.)\[(.+)\]", text):
        assert set(extra.split(",")) <= set(project["optional-dependencies"]), command
    for file in re.findall(r"(?:-r|-f|cp) (\S+)", text):
        assert (ROOT / file).is_file(), command
    assert "docker build" not in text or (ROOT / "Dockerfile").is_file()


def test_the_list_of_what_is_not_run_is_not_longer_than_need_be():
    for what in (what for patterns in LISTED.values() for what in patterns):
        met = any(re.fullmatch(what, command.text) for command in COMMANDS)
        assert met, f"no text names {what} any more: take it from LISTED"
    for what in (*SHORTER, *SERVED):
        met = any(re.search(what, command.text) for command in COMMANDS)
        assert met, f"no text names {what} any more: take it from SHORTER or SERVED"


@pytest.mark.train
@pytest.mark.parametrize(
    "name",
    [p.stem for p in (ROOT / "benchmarks").glob("*.py") if "FACELENS_PEERS" in p.read_text()],
)
def test_a_benchmark_without_its_peers_says_so(name, world):
    pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")
    place = Path(tempfile.mkdtemp(dir=world.folder))
    photos = world.given / "FOLDER" if name == "memory" else ""
    path = world.checkout / "benchmarks" / f"{name}.py"
    done = world.run(f"env -u FACELENS_PEERS python {path} {photos}", place)
    assert done.code == 2
    assert "FACELENS_PEERS" in done.said
    assert "Traceback" not in done.said


# what else a text says that can be wrong


def slugs(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: dict[str, int] = {}
    for title in re.findall(r"^#+ (.+)", text, re.MULTILINE):
        shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
    return {f"{slug}-{i}" if i else slug for slug, n in found.items() for i in range(n + 1)}


PAGES = {file: text for file, text in texts().items() if file.endswith(".md")}


@pytest.mark.parametrize("file", PAGES)
def test_every_link_leads_somewhere(file):
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|href|srcset)=\"([^\"]+)\"", PAGES[file])
    for link in filter(None, (link for pair in links for link in pair)):
        if re.match(r"https?:|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        there = (ROOT / file).parent / path if path else ROOT / file
        assert there.exists(), f"{file} leads to {link}"
        if anchor and there.suffix == ".md":
            assert anchor in slugs(there.read_text(encoding="utf-8")), f"{file} leads to {link}"


def test_settings_are_read_and_spoken_of():
    """Every FACELENS_… of the environment that code reads stands in a text, and the reverse."""
    code = [*(ROOT / "facelens").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    code += [*(ROOT / "tests").rglob("*.py"), *(ROOT / "dashboards").rglob("*.ipynb")]
    code += [path for path in (*(ROOT / "binder").glob("*"), ROOT / "Makefile") if path.is_file()]
    reads = r"(?:environ|getenv|env)\b[\w.]*[\[(]\s*[\"'](FACELENS_\w+)|\$\{?(FACELENS_\w+)"
    read = {name for path in code for pair in re.findall(reads, path.read_text()) for name in pair}
    lessons = [path.read_text(encoding="utf-8") for path in (ROOT / "notebooks").glob("*.ipynb")]
    told = set(re.findall(r"FACELENS_\w+", " ".join([*PAGES.values(), *lessons])))
    assert read - {""} <= told, "no text speaks of these"
    assert told <= read, "nothing reads these"
