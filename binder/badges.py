"""Write every badge and link to this project anew; --check: only say if they agree.

python binder/badges.py [--repo owner/name] [--tag v0.2.0] [--space owner/name] [--check]

Without --repo the remote origin says where the project lies; tag and Space stay as they are. What
was written last stands in badges.toml, so that ours are told from other people's links.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACEHOLDER = "OWNER/facelens"
FILES = (
    "*.md", "*.cff", "pyproject.toml", "docs/*.md", "notebooks/*.ipynb", ".github/**/*.yml",
    ".github/**/*.md",
)  # fmt: skip

_NAME = r"[\w.-]+"
_REMOTE = re.compile(
    rf"(?:(?:https?|ssh|git)://(?:[^@/]+@)?(?:www\.|ssh\.)?github\.com(?::\d+)?/|"
    rf"(?:[^@/]+@)?github\.com:/?)({_NAME}/{_NAME}?)(?:\.git)?/?"
)
# Addresses of ours: in some the tag follows the repository at once, in others after a word.
_DIRECT = r"mybinder\.org/v2/gh|raw\.githubusercontent\.com"
_HOSTS = r"github\.com|(?:console\.paperspace\.com|colab\.research\.google\.com)/github"
_END = r"(?![\w-]|\.(?!git\b)\w)"


@dataclass(frozen=True)
class Place:
    """Where the project is published: `owner/name` on GitHub, a tag there, a Space."""

    repo: str
    tag: str
    space: str

    @property
    def url(self) -> str:
        return f"https://github.com/{self.repo}"

    @property
    def site(self) -> str:
        """Where the workflow `site.yml` publishes the page without a server."""
        owner, name = self.repo.split("/")
        return f"https://{owner.lower()}.github.io/{name}/"

    def badges(self) -> str:
        """What stands at the head of the README."""
        page = "urlpath=voila%2Frender%2Fdashboards%2F"
        binder = f"https://mybinder.org/v2/gh/{self.repo}/{self.tag}?{page}"
        checks = f"{self.url}/actions/workflows/ci.yml"
        licence = "https://img.shields.io/badge/code-Apache--2.0-blue"
        now = "https://img.shields.io/badge/open_it_now-in_your_browser-0b7373"
        return "\n".join(
            [
                f"[![Open it now]({now})]({self.site})",
                f"[![Open the page on Binder](https://mybinder.org/badge_logo.svg)]({binder}selfie.ipynb)",
                "",
                "*Open it now* needs no server: the network runs in your browser, and a photo "
                "stays on your device ([how](docs/site.md); [live, with your "
                f"camera]({self.site}live.html)). Binder has the same with a Python kernel behind "
                "it: change the code. Its first start takes minutes "
                f"([live]({binder}live.ipynb)). The page without a server is also a "
                f"[Hugging Face Space](https://huggingface.co/spaces/{self.space}): static ones "
                "are free there, while Docker and Gradio Spaces need a paid account since 2026.",
                "",
                f"[![Checks]({checks}/badge.svg)]({checks})",
                f"[![Code: Apache-2.0]({licence})](LICENSE)",
            ]
        )

    def gpus(self, notebook: str) -> str:
        """The badges that open a lesson on a machine with a GPU."""
        where = f"github/{self.repo}/blob/{self.tag}/notebooks/{notebook}"
        gradient = "https://assets.paperspace.io/img/gradient-badge.svg"
        colab = "https://colab.research.google.com/assets/colab-badge.svg"
        return (
            f"[![Run on Gradient]({gradient})](https://console.paperspace.com/{where}) "
            f"[![Open in Colab]({colab})](https://colab.research.google.com/{where})"
        )

    def urls(self) -> str:
        """The table of pyproject.toml; without an owner the page would show a dead link."""
        if self.repo == PLACEHOLDER:
            return "# `make badges` fills this once the repository has an owner.\n"
        return (
            f'Repository = "{self.url}"\n'
            f'Documentation = "{self.url}/tree/{self.tag}/docs"\n'
            f'Issues = "{self.url}/issues"\n'
            f'Changelog = "{self.url}/blob/{self.tag}/CHANGELOG.md"\n'
        )


def place(root: Path) -> Place:
    """Where the project was published when its badges were last written."""
    return Place(**tomllib.loads((root / "binder" / "badges.toml").read_text(encoding="utf-8")))


def repository(remote: str) -> str | None:
    """The `owner/name` of a remote on GitHub."""
    found = _REMOTE.fullmatch(remote)
    return found[1].removesuffix(".git") if found else None


def origin(root: Path) -> str:
    """The repository that the remote origin names."""
    command = ["git", "-C", str(root), "remote", "get-url", "origin"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    repo = repository(said.stdout.strip())
    if not repo:
        sys.exit("The remote origin is no repository on GitHub; give REPO=owner/name.")
    return repo


def released(root: Path) -> tuple[str, str | None]:
    """The package's version, and the day that the changelog gives it, if any."""
    package = (root / "facelens" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"$', package, re.MULTILINE)[1]
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    day = re.search(rf"^## {re.escape(version)}\b.*?(\d{{4}}-\d\d-\d\d)", changes, re.MULTILINE)
    return version, day and day[1]


def moved(text: str, old: Place, new: Place) -> str:
    """Point our links, and no others, at the new place."""
    repo, tag, space = map(re.escape, (old.repo, old.tag, old.space))
    before_tag = rf"/(?:{_DIRECT})/{repo}/|/(?:{_HOSTS})/{repo}(?:/(?:blob|tree|raw)/|(?:\.git)?@)"
    text = re.sub(rf"(/(?:{before_tag})){tag}{_END}", rf"\g<1>{new.tag}", text)
    before_repo = rf"//(?:{_DIRECT}|{_HOSTS})/|git@github\.com:"
    text = re.sub(rf"({before_repo}){repo}{_END}", rf"\g<1>{new.repo}", text)
    return re.sub(rf"(//huggingface\.co/spaces/){space}{_END}", rf"\g<1>{new.space}", text)


def table(text: str, new: Place) -> str:
    """The lessons, three columns and the badges of each."""
    lines = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")][:3]
        lesson = re.search(r"\(notebooks/([\w.]+)\)", line)
        if not line.startswith("|"):
            lines.append(line)
        elif set(line) <= set("|- "):
            lines.append("|---|---|---|---|")
        else:
            last = new.gpus(lesson[1]) if lesson else "run on a GPU"
            lines.append(f"| {' | '.join([*cells, last])} |".replace("|  |", "| |"))
    return "\n".join(lines)


def filled(text: str, name: str, new: Place) -> str:
    """Fill the text between the markers `<!-- name -->` and `<!-- /name -->`, where there are."""

    def fill(found: re.Match) -> str:
        body = new.badges() if name == "badges" else table(found[2].rstrip("\n"), new)
        return f"{found[1]}{body}\n{found[3]}"

    return re.sub(rf"(?s)(<!-- {name}\b[^>]*-->\n)(.*?)(<!-- /{name} -->)", fill, text)


def cited(text: str, version: str, day: str | None) -> str:
    """State the release in CITATION.cff."""
    text = re.sub(r"(?m)^date-released: .*\n", "", text)
    stated = f"version: {version}\n" + (f"date-released: {day}\n" if day else "")
    return re.sub(r"(?m)^version: .*\n", stated, text)


def rewritten(root: Path, old: Place, new: Place) -> Iterator[tuple[Path, str]]:
    """Each file with a link of ours, and what it should hold."""
    for path in sorted({path for pattern in FILES for path in root.glob(pattern)}):
        text = moved(path.read_bytes().decode(), old, new)
        if path.name == "README.md":
            text = filled(filled(text, "badges", new), "lessons", new)
        elif path.name == "pyproject.toml":
            text = re.sub(
                r"(?s)(\n\[project\.urls\]\n).*?(?=\n\[)",
                lambda found: found[1] + new.urls(),
                text,
            )
        elif path.name == "CITATION.cff":
            text = cited(text, *released(root))
        yield path, text


def write(root: Path, new: Place) -> list[Path]:
    """Write what differs; badges.toml last, so that a run that was broken off can be repeated."""
    changed = []
    for path, text in list(rewritten(root, place(root), new)):
        if text.encode() != path.read_bytes():
            path.write_bytes(text.encode())
            changed.append(path)
    state = root / "binder" / "badges.toml"
    comment = state.read_text(encoding="utf-8").partition("\n")[0]
    lines = [f'{key} = "{value}"' for key, value in asdict(new).items()]
    state.write_text("\n".join([comment, *lines, ""]), encoding="utf-8")
    return changed


def stale(root: Path) -> list[Path]:
    """The files that `make badges` would write otherwise."""
    here = place(root)
    return [
        path for path, text in rewritten(root, here, here) if text.encode() != path.read_bytes()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repo", metavar="owner/name")
    parser.add_argument("--tag")
    parser.add_argument("--space", metavar="owner/name")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.check:
        late = stale(args.root)
        sys.stdout.writelines(f"{path.relative_to(args.root)}: run make badges.\n" for path in late)
        return bool(late)
    for what, given in (("REPO", args.repo), ("SPACE", args.space)):
        if given is not None and not re.fullmatch(rf"{_NAME}/{_NAME}", given):
            sys.exit(f"{what}={given} is not of the form owner/name.")
    if args.tag is not None and not re.fullmatch(_NAME, args.tag):
        sys.exit(f"TAG={args.tag} is no tag that Binder can open; take one without a slash.")
    old = place(args.root)
    repo = args.repo or origin(args.root)
    # A Space that was never named on its own follows the repository.
    space = args.space or (repo if old.space == old.repo else old.space)
    new = Place(repo, args.tag or old.tag, space)
    for path in write(args.root, new):
        sys.stdout.write(f"{path.relative_to(args.root)}\n")
    sys.stdout.write(f"Badges and links are those of {new.repo} at {new.tag}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
