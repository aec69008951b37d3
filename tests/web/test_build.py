"""`facelens site`: what lies in the folder, and what it refuses."""

import gzip
import hashlib
import io
import json
import os
import re
import struct
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import missing
from helpers.boxes import without_graph
from helpers.hub import through_the_client
from helpers.moods import moods_task
from helpers.terminal import is_one_sentence
from helpers.tiny import tiny_bundle

from facelens.errors import DownloadError, FacelensError
from facelens.tasks import TASKS, load_model
from facelens.tasks.expression import names
from facelens.tasks.mask.model import SMALL
from facelens.tasks.mask.names import COVERED
from facelens.web import build, classes, content, runtime
from facelens.web.boxes import of_boxes
from facelens.web.classes import of_classes
from facelens.web.icons import ICONS
from facelens.web.lighter import answered, lighter

ROOT = Path(__file__).parents[2]
NETWORK = "networks/mobilenet_v2"
FIRST_VISIT = 8_000_000  # bytes over the wire, from a host that compresses nothing
PAGES = {"index.html", "live.html", "sw.js", "site.json", "manifest.webmanifest", "README.md"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory, yunet) -> Path:
    """The page as a release has it: YuNet and the real runtime."""
    os.environ["FACELENS_DETECTOR"] = f"yunet:{yunet}"
    try:
        if runtime._read(runtime._node_modules()) is None:
            missing("ONNX Runtime for browsers is not here: `npm install`")
        folder = tmp_path_factory.mktemp("whole") / "site"
        build.build(folder)
    finally:
        del os.environ["FACELENS_DETECTOR"]
    return folder


@pytest.fixture
def quick(monkeypatch):
    """A runtime of no weight, and no minutes of resampling."""
    monkeypatch.setattr(runtime, "runtime", lambda: dict.fromkeys(runtime.FILES, b"runtime"))
    monkeypatch.setattr(content, "COSTS", (1,))


def site_of(folder: Path) -> dict:
    return json.loads((folder / "site.json").read_bytes())


def network_of(folder: Path, name: str = NETWORK) -> dict:
    return json.loads(gzip.decompress((folder / name / "network.json.gz").read_bytes()))


def kept_by(folder: Path) -> dict:
    """What the service worker is told."""
    line = (folder / "sw.js").read_text().partition("\n")[0]
    return json.loads(re.fullmatch(r"const SITE = (.*);", line)[1])


def lying(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_file_is_listed_with_its_checksum(whole):
    listed = site_of(whole)["files"]
    assert set(listed) == lying(whole) - PAGES
    for path, stated in listed.items():
        data = (whole / path).read_bytes()
        assert len(data) == stated["bytes"], path
        assert hashlib.sha256(data).hexdigest() == stated["sha256"], path
        assert path.endswith(".gz") == ("unpacked" in stated)
        if path.endswith(".gz"):
            plain = gzip.decompress(data)
            assert hashlib.sha256(plain).hexdigest() == stated["unpacked"]["sha256"], path
            assert len(plain) == stated["unpacked"]["bytes"]


def test_a_first_visit_takes_eight_megabytes_at_most(whole):
    """All of it, so that the page works offline from then on; first what the first answer needs."""
    known = kept_by(whole)
    first = ["index.html" if path == "./" else path for path in known["first"]]
    kept = {*first, *known["later"]}
    assert sum((whole / path).stat().st_size for path in kept) <= FIRST_VISIT
    for path in (
        "app.js", "worker.js", "ort/ort-wasm-simd-threaded.wasm.gz", "faces/yunet.onnx.gz",
        "faces/points.onnx.gz", "graphs/faces.onnx", f"{NETWORK}/model.onnx.gz",
        f"{NETWORK}/network.json.gz", f"{NETWORK}/example.json", "examples/astronaut.jpg",
    ):  # fmt: skip
        assert path in first
    apart = {"sw.js", "manifest.webmanifest", "README.md"}
    assert {*first, *known["later"], *apart} == lying(whole)
    assert not set(first) & set(known["later"])


@pytest.mark.usefixtures("quick")
def test_the_service_worker_changes_with_any_file(tmp_path, monkeypatch):
    """A browser looks for a new worker only: its version has to follow from all the rest."""
    versions = []
    for sentence in ("one", "one", "another"):
        monkeypatch.setattr(content, "PRIVACY", sentence)
        build.build(tmp_path / "site", force=True)
        site = site_of(tmp_path / "site")
        assert site["version"] == kept_by(tmp_path / "site")["version"]
        assert site["version"] in (tmp_path / "site" / "index.html").read_text()
        versions.append(site["version"])
    assert versions[0] == versions[1]
    assert versions[1] != versions[2]


def test_bundles_lie_there_with_their_weights_and_float_activations(whole):
    """The example has the answers of that very graph, so a device can check itself exactly."""
    graph = gzip.decompress((whole / NETWORK / "model.onnx.gz").read_bytes())
    bundle = load_model().bundle
    assert graph == lighter(bundle.read("model.onnx"))
    example = json.loads((whole / NETWORK / "example.json").read_bytes())
    assert example == json.loads(answered(bundle.read("example.json"), graph))
    assert {"tasks/keypoints/model.onnx.gz", "tasks/keypoints/network.json.gz"} <= lying(whole)
    assert site_of(whole)["tasks"] == {"keypoints": {"folder": "tasks/keypoints", "panel": None}}


@pytest.mark.parametrize("page", ["index.html", "live.html"])
def test_a_page_allows_nothing_but_its_own_host(whole, page):
    text = (whole / page).read_text()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)[1]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["connect-src"] == "'self'"
    assert directives["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert "unsafe-eval'" not in policy.replace("'wasm-unsafe-eval'", "")
    assert not re.findall(r"\{(csp|title|version|lang)\}", text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert address.startswith(("./", "data:", "#")), "it is served under any path"
    assert "LICENSES.txt" in text


def test_terms_of_every_part_are_there(whole):
    text = (whole / "LICENSES.txt").read_text()
    for words in (
        "non-commercial research", "CelebA", "YouTube Faces", "YuNet", "Shiqi Yu",
        f"ONNX Runtime {runtime.VERSION}", "Microsoft Corporation", "Apache License",
        "TERMS AND CONDITIONS FOR USE", "public domain",
    ):  # fmt: skip
        assert words in text, words
    assert site_of(whole)["footer"]["terms"] == "LICENSES.txt"


def test_the_folder_is_a_static_space(whole):
    settings = yaml.safe_load((whole / "README.md").read_text().split("---")[1])
    assert settings["sdk"] == "static"
    assert (whole / settings["app_file"]).is_file()
    assert (whole / settings["license_link"]).is_file()
    assert len(settings["short_description"]) <= 60, "the Hub takes no more"


def test_a_phone_can_install_it(whole):
    manifest = json.loads((whole / "manifest.webmanifest").read_bytes())
    assert (manifest["start_url"], manifest["scope"]) == ("./", "./")
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        data = (whole / icon["src"]).read_bytes()
        width, height = struct.unpack(">II", data[16:24])
        assert icon["sizes"] == f"{width}x{height}"
    assert {f"icons/{name}.png" for name in ICONS} <= lying(whole)


def test_the_page_is_told_what_the_dashboard_is_told(whole, sent):
    from facelens.ui.board import Board
    from facelens.ui.camera import offer

    model = load_model("mobilenet_v2")
    board = Board(print, print, print)
    board.introduce(model)
    told, (curves,) = next((c, b) for _, c, b in sent if c["kind"] == "network")
    network = network_of(whole)
    told = json.loads(json.dumps(told | {"launch": None}))
    assert told == {"kind": "network"} | network["board"]
    packed = gzip.decompress((whole / NETWORK / "curves.bin.gz").read_bytes())
    assert packed == curves
    assert network["camera"] == json.loads(json.dumps(offer(model)))
    assert network["temperature"] == pytest.approx(model.config.temperature.tolist())
    assert [layer["output"] for layer in network["layers"]] == [
        view.output for view in model.config.layers
    ]
    stem = network["steps"]["stem"]
    filters = np.frombuffer(gzip.decompress((whole / NETWORK / "stem.bin.gz").read_bytes()), "<f4")
    assert filters.size == stem["channels"] * stem["side"] ** 2 * 3
    masks = gzip.decompress((whole / site_of(whole)["exchange"]["masks"]).read_bytes())
    assert len(masks) == 4 * 3 * 218 * 178


def test_thresholds_of_least_cost_are_there_for_each_cost_that_is_offered(whole):
    script = (ROOT / "facelens" / "ui" / "whatif.js").read_text()
    offered = re.search(r"const COSTS = \[(.*?)\];", script, re.DOTALL)[1]
    ratios = [float(value) for value in re.findall(r"\[([\d.]+), ", offered)]
    assert ratios == list(content.COSTS)
    costs = network_of(whole)["costs"]
    assert sorted(map(float, costs)) == ratios
    from facelens.tasks.attributes.prior import cheapest

    best = cheapest(load_model("mobilenet_v2").curves, 5).thresholds
    assert costs["5"]["thresholds"] == pytest.approx(best.tolist())


def test_the_words_say_where_the_photo_stays(whole):
    messages = site_of(whole)["messages"]
    assert "stays on this device" in messages["intake"]["text"]["privacy"]
    assert "stay on this device" in messages["camera"]["text"]["privacy"]
    told = " ".join(messages["about"]["text"]["parts"])
    assert "stays on this device" in told
    assert "server that runs this page" not in told
    assert "{" not in told


@pytest.mark.usefixtures("quick")
def test_several_networks(tmp_path):
    own = tiny_bundle(tmp_path)
    build.build(tmp_path / "site", models=["mobilenet_v2", str(own)], tasks=["attributes"])
    site = site_of(tmp_path / "site")
    assert site["networks"] == ["mobilenet_v2", "bundle"]
    assert site["default"] == "mobilenet_v2"
    assert site["tasks"] == {}
    assert network_of(tmp_path / "site", "networks/bundle")["steps"]["stem"] is None
    assert network_of(tmp_path / "site", "networks/bundle")["board"]["address"] == "bundle"
    assert network_of(tmp_path / "site")["board"]["address"] is None
    later = kept_by(tmp_path / "site")["later"]
    assert "networks/bundle/model.onnx.gz" in later
    assert str(tmp_path) not in (tmp_path / "site" / "site.json").read_text()


@pytest.mark.usefixtures("quick")
def test_without_a_detector_it_says_so(tmp_path, run):
    code, out, _ = run("site", "--out", tmp_path / "site")
    assert code == 0
    assert "facelens download detector" in out
    assert site_of(tmp_path / "site")["footer"]["facts"] == ["faces drawn by hand"]
    assert "faces/yunet.onnx.gz" not in lying(tmp_path / "site")
    assert "YuNet, the face detector" not in (tmp_path / "site" / "LICENSES.txt").read_text()


ALLOWING = """
import sys
from pathlib import Path
from facelens.web import build, classes, content, runtime
from facelens.web.classes import of_classes
runtime.runtime = lambda: dict.fromkeys(runtime.FILES, b"runtime")
content.COSTS = (1,)
build.build(Path(sys.argv[1]), allowed=["someone/faces"])
"""


def test_an_allowed_network_stays_on_the_hub(published, tmp_path):
    through_the_client(published, tmp_path, ALLOWING, str(tmp_path / "site"))
    site = site_of(tmp_path / "site")
    assert site["networks"] == ["mobilenet_v2", "faces"]
    assert site["allow"] == ["someone/faces"]
    entry = site["files"]["networks/faces/model.onnx"]
    assert re.fullmatch(
        r"https://huggingface\.co/someone/faces/resolve/[0-9a-f]{40}/model\.onnx", entry["url"]
    )
    graph = (tmp_path / "bundle" / "model.onnx").read_bytes()
    assert entry["sha256"] == hashlib.sha256(graph).hexdigest()
    assert "networks/faces/network.json.gz" in site["files"]
    assert not {
        path for path in lying(tmp_path / "site") if path.startswith("networks/faces/model")
    }
    assert not [path for path in kept_by(tmp_path / "site")["later"] if "faces/model" in path]
    text = (tmp_path / "site" / "index.html").read_text()
    assert "connect-src 'self' https://huggingface.co https://*.hf.co;" in text


# what is refused


@pytest.mark.usefixtures("quick")
def test_another_page_is_overwritten_only_by_force(tmp_path, run):
    folder = tmp_path / "site"
    folder.mkdir()  # an empty one may be filled
    assert run("site", "--out", folder, "--task", "attributes")[0] == 0
    (folder / "old.txt").write_text("of the page before")
    code, _, err = run("site", "--out", folder)
    assert code == 2
    assert is_one_sentence(err)
    assert "--force" in err
    assert (folder / "old.txt").exists()
    assert run("site", "--out", folder, "--task", "attributes", "--force")[0] == 0
    assert not (folder / "old.txt").exists()


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_folder_of_something_else_is_never_overwritten(tmp_path, run, monkeypatch, force):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    for out in (mine, tmp_path / "file", Path(), tmp_path):
        code, _, err = run("site", "--out", out, *force)
        assert code == 2
        assert is_one_sentence(err)
    assert (mine / "thesis.txt").read_text() == "years of work"


@pytest.mark.usefixtures("quick")
def test_nothing_half_written_stays(tmp_path, run, monkeypatch):
    folder = tmp_path / "site"
    assert run("site", "--out", folder, "--task", "attributes")[0] == 0
    before = lying(folder)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    code, _, err = run("site", "--out", folder, "--task", "attributes", "--force")
    assert code == 2
    assert is_one_sentence(err)
    assert lying(folder) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--model", "nonsense"], "There is no model"),
        (["--model", "keypoints"], "--model takes attributes"),
        (["--task", "nonsense"], "nonsense"),
        (["--allow", "nonsense"], "owner/name"),
        (["--allow", "../../etc"], "owner/name"),
        (["--allow", "https://example.org/a/b"], "owner/name"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_nonsense_is_a_sentence(tmp_path, run, given, words):
    code, _, err = run("site", "--out", tmp_path / "site", *given)
    assert code == 2
    assert is_one_sentence(err)
    assert words in err
    assert not (tmp_path / "site").exists()


def test_it_needs_a_folder(run):
    code, _, err = run("site")
    assert code == 2
    assert "--out" in err


@pytest.mark.usefixtures("quick")
def test_a_task_without_a_part_in_the_browser_is_a_sentence(tmp_path, run, monkeypatch):
    monkeypatch.setattr(build, "VIEWS", build.VIEWS - {"points"})
    monkeypatch.setitem(TASKS, "mask", replace(TASKS["mask"], views=()))
    code, _, err = run("site", "--out", tmp_path / "site", "--task", "keypoints")
    assert code == 2
    assert is_one_sentence(err)
    assert "no part in the browser yet; it is on the page" in err
    code, _, err = run("site", "--out", tmp_path / "site", "--task", "mask")
    assert code == 2
    assert is_one_sentence(err)
    assert "dashboard" not in err  # it has no panel there either
    build.build(tmp_path / "site")  # by default it is left out
    assert site_of(tmp_path / "site")["tasks"] == {}


@pytest.mark.usefixtures("quick")
def test_scripts_that_are_not_joined_are_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "BUILT", tmp_path)
    with pytest.raises(FacelensError, match="make js"):
        build.build(tmp_path / "site")


# the runtime


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """A stand-in for npm that packs what it is given."""
    files = {}
    monkeypatch.setattr(runtime, "_node_modules", lambda: tmp_path / "none")
    monkeypatch.setenv("FACELENS_CACHE", str(tmp_path / "cache"))

    def pack():
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        with tarfile.open(folder / "packed.tgz", "w:gz") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(f"package/dist/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        script = folder / "npm"
        script.write_text(
            f"#!{sys.executable}\nimport shutil, sys\n"
            f"assert sys.argv[1:] == ['pack', '--silent', '{runtime.PACKAGE}@{runtime.VERSION}']\n"
            f"shutil.copy({str(folder / 'packed.tgz')!r}, 'onnxruntime.tgz')\n"
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return files, pack


def test_the_runtime_is_fetched_once(npm, monkeypatch):
    files, pack = npm
    files |= {name: name.encode() for name in runtime.FILES}
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    monkeypatch.setattr(runtime, "FILES", sums)
    pack()
    assert runtime.runtime() == files
    monkeypatch.setenv("PATH", "")
    assert runtime.runtime() == files, "from then on no npm is needed"


def test_another_runtime_than_that_of_the_checksums_is_not_used(npm):
    files, pack = npm
    files |= dict.fromkeys(runtime.FILES, b"another")
    pack()
    with pytest.raises(DownloadError, match="not used"):
        runtime.runtime()


@pytest.mark.usefixtures("npm")
def test_without_npm_a_sentence_says_what_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DownloadError, match="install Node"):
        runtime.runtime()


def test_a_package_that_lacks_a_file_is_a_sentence(npm):
    _, pack = npm
    pack()
    with pytest.raises(DownloadError, match="could not fetch"):
        runtime.runtime()


def test_package_json_names_the_same_version():
    assert json.loads((ROOT / "package.json").read_bytes())["dependencies"] == {
        runtime.PACKAGE: runtime.VERSION
    }


def test_a_classifier_of_another_task_brings_every_sentence(tmp_path, monkeypatch):
    """What JavaScript looks up is what the task says of such an answer."""
    pytest.importorskip("onnx", reason="onnx is not installed: `make test` installs it")
    moods_task(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(TASKS, "moods", "moods_task")
    task = TASKS["moods"]
    said = json.loads(of_classes(task, load_model(task="moods"))["network.json"])["said"]
    assert said["sentences"]["yes"][3][0] == "This face looks happy."
    assert list(said["sentences"]) == ["yes"]
    assert not said["hints"]
    sys.modules.pop("moods_task", None)

    class Expressions:
        names = names.NAMES

        def label(self, name):
            return name

    said = classes._said(TASKS["expression"], Expressions())
    assert (said["sure"], said["hints"]) == (0.5, True)
    assert said["sentences"]["yes"][3][4] == "This face looks happy."
    assert said["sentences"]["doubtful"][3][4] == "This face perhaps looks happy, or sad."
    assert said["texts"] == {"yes": "yes", "doubtful": "doubtful"}


def test_a_task_that_sees_photos_brings_every_sentence_of_its_boxes(tmp_path, monkeypatch):
    model = load_model(str(without_graph(tmp_path, monkeypatch)))
    about = json.loads(of_boxes(TASKS["mask"], model)["network.json"])
    said = about["said"]
    assert (said["sure"], said["small"]) == (0.5, SMALL)
    assert said["hint"].replace("{side}", "9") == (
        "This face has only 9 pixels a side; the answer is a guess."
    )
    assert said["sentences"]["yes"][1][0] == "This face wears no mask."
    assert said["sentences"]["doubtful"][0][2] == (
        "This face perhaps wears a mask, or it wears a mask wrongly."
    )
    assert said["covers"] == [COVERED, "", ""]
    assert about["threshold"] == model.config.min_score
    assert about["curves"] == json.loads(json.dumps(model.curves.for_page()))
