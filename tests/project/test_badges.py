"""Badges and links: ours point where the project is published, and no one else's are touched."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LINK = re.compile(r"https://[^\s)\"'<>\]]+")
SLUG = re.compile(r"\bOWNER/")

README = """# Facelens

<!-- badges -->
<!-- /badges -->

From https://github.com/OWNER/facelens.
git@github.com:OWNER/facelens.git, git+https://github.com/OWNER/facelens@main,
https://raw.githubusercontent.com/OWNER/facelens/main/README.md and
https://github.com/OWNER/facelens/blob/main/docs/gpu.md, as a page
https://huggingface.co/spaces/OWNER/facelens.

https://github.com/OWNER/facelens-fork/blob/main/x https://github.com/other/facelens/blob/main/x
https://huggingface.co/spaces/OWNER/facelens2 https://github.com/kkaryl/AI6126
https://example.org/OWNER/facelens

<!-- lessons -->
| | lesson | what it shows |
|---|---|---|
| 1 | [Explore CelebA](notebooks/1_explore_celeba.ipynb) | getting the faces |
| 2 | [Crop and straighten](notebooks/2_crop_and_straighten.ipynb) | cascades |
<!-- /lessons -->
"""
NOT_OURS = ("facelens-fork", "other/facelens", "facelens2", "AI6126", "example.org")


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "binder" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


badges = load("badges")
release = load("release")
HERE = badges.place(ROOT)
THERE = badges.Place("some-one/look.ing", "v9.9.9", "somebody/faces")


@pytest.fixture
def copy(tmp_path):
    """A checkout in which all that the badges are about is committed, and figures are right."""
    for pattern in (*badges.FILES, "binder/badges.toml", "facelens/__init__.py"):
        for path in ROOT.glob(pattern):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    place = badges.Place(badges.PLACEHOLDER, "main", badges.PLACEHOLDER)
    badges.write(tmp_path, place)
    (tmp_path / "README.md").write_text(README)
    badges.write(tmp_path, place)
    (tmp_path / "weights").mkdir()
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "readme.py").write_text("raise SystemExit(0)\n")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder, *command):
    subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)


def commit(folder):
    git(folder, "add", "--all")
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    git(folder, *who, "commit", "--quiet", "--allow-empty", "--message=All")


def files(folder):
    """What is committed, or would be."""
    if not (folder / ".git").exists():
        pytest.skip("not a git checkout: clone the repository to run this")
    command = ["git", "-C", str(folder), "ls-files", "-z", "--cached", "--others"]
    listed = subprocess.run(
        [*command, "--exclude-standard"], capture_output=True, text=True, check=True
    ).stdout
    return [folder / name for name in listed.split("\0") if (folder / name).is_file()]


def texts(folder):
    paths = sorted({path for pattern in badges.FILES for path in folder.glob(pattern)})
    return {path.relative_to(folder): path.read_text(encoding="utf-8") for path in paths}


def ours(link, place):
    return any(each in link for each in (f"/{place.repo}", f"/spaces/{place.space}", place.site))


def test_what_is_committed_is_what_make_badges_writes():
    late = [str(path.relative_to(ROOT)) for path in badges.stale(ROOT)]
    assert not late, "run make badges"


def test_the_readme_has_a_place_for_its_badges_and_for_those_of_the_lessons():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert HERE.badges() in text
    for path in LESSONS:
        assert HERE.gpus(path.name) in text, f"{path.name} is missing from the table of lessons"


def test_the_links_to_binder_open_pages_that_are_there():
    links = [link for link in LINK.findall(HERE.badges()) if "mybinder.org/v2" in link]
    assert len(links) == 2
    for link in links:
        asked = urllib.parse.urlsplit(link)
        assert asked.path == f"/v2/gh/{HERE.repo}/{HERE.tag}"
        (page,) = urllib.parse.parse_qs(asked.query, strict_parsing=True)["urlpath"]
        assert page.startswith("voila/render/")
        assert (ROOT / page.removeprefix("voila/render/")).is_file()


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_can_be_opened_on_a_gpu_and_says_what_to_run_first(path):
    first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
    assert first.split("\n")[2] == HERE.gpus(path.name)
    assert f"{HERE.url}/blob/{HERE.tag}/docs/gpu.md#a-lesson-alone" in first
    assert "\n## A lesson alone\n" in (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")


def test_every_link_of_ours_is_an_address_of_a_file_that_is_there(copy):
    pages = ("issues", "releases", "security/advisories/new", "actions/workflows/ci.yml")
    seen = 0
    for name, text in texts(copy).items():
        for link in LINK.findall(text):
            asked = urllib.parse.urlsplit(link)
            assert re.fullmatch(r"[a-z0-9.-]+(:\d+)?", asked.netloc), f"{name}: {link}"
            file = re.search(r"/OWNER/facelens/(?:blob|tree)/main/([^#?]+)", link)
            if file:
                assert (ROOT / file[1].rstrip(".,")).exists(), f"{name}: {link}"
                seen += 1
            page = re.fullmatch(r"https://github\.com/OWNER/facelens/(.+)", link)
            if page and not file:
                assert page[1].removesuffix("/badge.svg") in pages, f"{name}: {link}"
    assert seen > 2 * len(LESSONS)


def test_a_link_of_ours_stands_only_where_make_badges_finds_it():
    known = {ROOT / "binder" / "badges.py", ROOT / "binder" / "badges.toml", Path(__file__)}
    known |= {path for pattern in badges.FILES for path in ROOT.glob(pattern)}
    for path in files(ROOT):
        found = path not in known and f"/{HERE.repo}".encode() in path.read_bytes()
        assert not found, f"{path.relative_to(ROOT)} is not among FILES of binder/badges.py"


def test_another_owner_gets_all_of_our_links_and_none_of_others(copy):
    before = texts(copy)
    badges.write(copy, THERE)
    after = texts(copy)
    for name, text in before.items():
        if name.name == "pyproject.toml":
            assert f'Repository = "{THERE.url}"\n' in after[name]
            continue
        for was, now in zip(LINK.findall(text), LINK.findall(after[name]), strict=True):
            known = "/OWNER/facelens" in was or "//owner.github.io/facelens/" in was
            mine = known and not any(other in was for other in NOT_OURS)
            assert mine == (was != now), f"{name}: {was}"
            assert not mine or (ours(now, THERE) and "/main" not in now), f"{name}: {now}"
    left = [line for text in after.values() for line in text.splitlines() if SLUG.search(line)]
    assert all(any(other in line for other in NOT_OURS) for line in left), left
    assert "git@github.com:some-one/look.ing.git" in after[Path("README.md")]
    assert "git+https://github.com/some-one/look.ing@v9.9.9," in after[Path("README.md")]


def test_going_back_gives_every_byte_back(copy):
    before, place = texts(copy), badges.place(copy)
    assert badges.write(copy, THERE)
    assert badges.write(copy, place)
    assert texts(copy) == before
    assert badges.place(copy) == place


def test_writing_twice_changes_nothing(copy):
    assert badges.write(copy, THERE)
    assert badges.stale(copy) == []
    assert badges.write(copy, THERE) == []


def test_a_text_that_somebody_changed_between_the_markers_is_noticed(copy):
    readme = copy / "README.md"
    readme.write_text(readme.read_text().replace("takes minutes", "takes no time"))
    assert badges.stale(copy) == [readme]


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/own-er/re.po_1",
        "https://github.com/own-er/re.po_1.git",
        "https://github.com/own-er/re.po_1/",
        "https://name:secret@github.com/own-er/re.po_1.git",
        "http://www.github.com/own-er/re.po_1",
        "git@github.com:own-er/re.po_1.git",
        "git@github.com:own-er/re.po_1",
        "github.com:own-er/re.po_1.git",
        "ssh://git@github.com/own-er/re.po_1.git",
        "ssh://git@ssh.github.com:443/own-er/re.po_1.git",
        "git://github.com/own-er/re.po_1.git",
    ],
)
def test_a_remote_on_github_names_the_repository(remote):
    assert badges.repository(remote) == "own-er/re.po_1"


@pytest.mark.parametrize(
    "remote",
    [
        "", "/srv/git/facelens.git", "../facelens", "file:///srv/facelens.git",
        "https://example.org/owner/repo.git", "git@example.org:owner/repo.git",
        "https://github.com.example.org/owner/repo", "https://notgithub.com/owner/repo",
        "https://github.com/owner", "https://github.com/owner/repo/tree/main",
        "https://example.org/github.com/owner/repo",
    ],
)  # fmt: skip
def test_another_remote_does_not(remote):
    assert badges.repository(remote) is None


def run(folder, *options):
    command = [sys.executable, str(ROOT / "binder" / "badges.py"), "--root", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_remote_says_where_unless_it_is_told(copy):
    git(copy, "remote", "add", "origin", "git@github.com:ann/faces.git")
    done = run(copy, "--tag", "v1.2.3")
    assert done.returncode == 0, done.stderr
    assert badges.place(copy) == badges.Place("ann/faces", "v1.2.3", "ann/faces")
    assert "README.md" in done.stdout
    run(copy, "--repo", "bob/faces", "--space", "bobs/page")
    assert badges.place(copy) == badges.Place("bob/faces", "v1.2.3", "bobs/page")
    run(copy)
    assert badges.place(copy) == badges.Place("ann/faces", "v1.2.3", "bobs/page")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "give REPO=owner/name"),
        (("--repo", "name"), "not of the form owner/name"),
        (("--repo", "a/b", "--space", "a/b/c"), "not of the form owner/name"),
        (("--repo", "a/b", "--tag", "feature/x"), "without a slash"),
    ],
)
def test_what_cannot_be_written_is_a_sentence_and_changes_nothing(copy, options, sentence):
    git(copy, "remote", "add", "origin", "https://secret@example.org/owner/repo.git")
    before = texts(copy)
    done = run(copy, *options)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
    assert texts(copy) == before


def prepared(folder):
    """Do what CONTRIBUTING.md says before a release."""
    changes = folder / "CHANGELOG.md"
    version, _ = badges.released(folder)
    changes.write_text(f"# Changelog\n\n## {version} - 2030-01-31\n\n- All.\n")
    badges.write(folder, badges.Place("ann/faces", f"v{version}", "ann/faces"))
    commit(folder)


def test_a_prepared_checkout_may_be_released(copy):
    prepared(copy)
    assert release.obstacles(copy) == []
    assert "\ndate-released: 2030-01-31\n" in (copy / "CITATION.cff").read_text()


def test_the_placeholder_may_not_be_released(copy):
    told = release.obstacles(copy)
    assert any("has no owner: make badges REPO=" in sentence for sentence in told)
    assert any("Badges open main" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("CHANGELOG.md", "# Changelog\n\n## Unreleased\n", "no section for"),
        ("facelens/__init__.py", '__version__ = "9.9.9"\n', "Badges open v"),
        ("binder/badges.toml", 'repo = "a/b"\ntag = "main"\nspace = "a/b"\n', "Badges open main"),
        ("README.md", README.replace("<!-- badges -->", "<!-- badges -->\nold"), "has other links"),
        ("benchmarks/readme.py", "raise SystemExit(1)\n", "Figures in README.md"),
    ],
)  # fmt: skip
def test_what_is_not_prepared_is_said(copy, name, text, sentence):
    prepared(copy)
    (copy / name).write_text(text)
    commit(copy)
    assert any(sentence in line for line in release.obstacles(copy))


def test_work_that_is_not_committed_is_said(copy):
    prepared(copy)
    (copy / "note.txt").touch()
    (sentence,) = release.obstacles(copy)
    assert "not committed" in sentence


def test_weights_that_are_too_large_are_said(copy, monkeypatch):
    prepared(copy)
    monkeypatch.setattr(release, "LARGEST", 5)
    (copy / "weights" / "model.onnx").write_bytes(b"123456")
    commit(copy)
    (sentence,) = release.obstacles(copy)
    assert "weights/ has" in sentence
