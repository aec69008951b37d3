"""Bundles to and from the Hugging Face Hub: `facelens push`, `facelens pull`."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.bundles.bundle import (
    FILES,
    GARBLED,
    LARGEST_TEXT,
    MANIFEST,
    Bundle,
    check_place,
    task_of,
)
from facelens.bundles.find import embedded_folder
from facelens.bundles.hub import hub_errors
from facelens.errors import BundleError, DownloadError, OutputError
from facelens.files import atomic_folder, read_file, sha256, sha256_of, writing
from facelens.tasks import DEFAULT, TASKS, find_task
from facelens.tasks.example import deviation

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo

_EMPTY = {".gitattributes", "README.md", "LICENSE", "LICENSE.md"}  # files of an empty repository


@dataclass(frozen=True)
class Difference:
    """One validation figure, of the published bundle and of the local one."""

    title: str
    published: float
    here: float
    better: int  # 1 if more is better, -1 if less is

    @property
    def gain(self) -> float:
        """How much better the local bundle is, to four digits."""
        return round(self.better * (self.here - self.published), 4)

    def __str__(self) -> str:
        return f"{self.title} {self.published:.4f} there, {self.here:.4f} here"


@dataclass(frozen=True)
class Comparison:
    """A local bundle compared with the published one.

    `commit`: of the published bundle, None if there is none.
    `figures`: empty if they cannot be compared; `obstacle` then says why, and is empty otherwise.
    """

    repo: str
    commit: str | None
    private: bool
    identical: bool
    figures: tuple[Difference, ...] = ()
    obstacle: str = ""

    @property
    def worse(self) -> bool:
        """Whether the published bundle is better in most validation figures."""
        ahead = sum(figure.gain > 0 for figure in self.figures)
        return ahead < sum(figure.gain < 0 for figure in self.figures)

    def __str__(self) -> str:
        if self.commit is None:
            return f"Nothing is published as {self.repo} yet."
        if self.identical:
            return f"{self.repo} already has exactly these files."
        if self.obstacle:
            return f"{self.repo} cannot be compared with this bundle: {self.obstacle}."
        return f"On the same validation faces: {'; '.join(map(str, self.figures))}."


@dataclass(frozen=True)
class Published:
    """Where a bundle is on the Hub; `changed` is False if it was published already."""

    repo: str
    commit: str
    url: str
    private: bool
    changed: bool
    comparison: Comparison

    @property
    def model(self) -> str:
        """The name for `load_model`, pinned to this commit."""
        return f"{self.repo}@{self.commit}"

    @property
    def line(self) -> str:
        """The environment variable with which a dashboard uses it."""
        return f"FACELENS_MODEL={self.model}"

    def __str__(self) -> str:
        who = "only you and the people you give access" if self.private else "everyone"
        return f"{self.url} (visible to {who})\n{self.line}"


def newest(runs: Path) -> Path:
    """The latest bundle under `runs`; the embedded one if there is none.

    Only bundles for the default task count: a dashboard cannot open others.
    """
    configs = [path.with_name("config.json") for path in runs.rglob(MANIFEST)]
    most = LARGEST_TEXT["config.json"]
    found = [
        path
        for path in configs
        if path.is_file() and path.stat().st_size <= most and task_of(path.read_bytes()) == DEFAULT
    ]
    latest = max(found, key=lambda path: path.with_name(MANIFEST).stat().st_mtime, default=None)
    return latest.parent if latest else embedded_folder(TASKS[DEFAULT].default)


def compare(bundle: Path | str, repo: str, *, token: str | None = None) -> Comparison:
    """Compare a bundle with the one published as `repo`, by the figures that both state."""
    folder = _folder(bundle)
    return _compare(_whole(folder), folder, repo, _api(repo, token))[0]


def push(
    bundle: Path | str,
    repo: str,
    *,
    private: bool = False,
    force: bool = False,
    token: str | None = None,
) -> Published:
    """Publish a bundle on the Hub, all its files in one commit.

    Args:
        bundle: a bundle's folder, or an embedded one's name.
        repo: "owner/repo"; it is created if it does not exist.
        private: visible only to the owner and the people they give access; applies to a new
            repository only.
        force: replace the published bundle even if it is better, or cannot be compared.
        token: of an account that may write there; by default `HF_TOKEN`, then the login.

    Raises:
        BundleError: the bundle is incomplete, or `repo` is not a valid name.
        OutputError: there is no token, no right to write, or the published one is better.
        DownloadError: the Hub cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, get_token

    folder = _folder(bundle)
    files = _whole(folder)
    api = _api(repo, token or get_token())
    if not api.token:
        raise OutputError(
            "Publishing needs an account on the Hub: set HF_TOKEN to a token with the right to "
            "write, or log in once with `hf auth login`."
        )
    comparison, there = _compare(files, folder, repo, api)
    if comparison.commit and private and not comparison.private:
        raise OutputError(f"{repo} is public; make it private in its settings, or name another.")
    if comparison.identical and comparison.commit:
        return _published(comparison, api, comparison.commit, comparison.private)
    if not force and comparison.obstacle:
        raise OutputError(
            f"{repo} is not overwritten, since it cannot be compared: {comparison.obstacle}; "
            "name another repository, or force it (--force)."
        )
    if not force and comparison.worse:
        raise OutputError(
            f"{repo} is better on the validation faces ({'; '.join(map(str, comparison.figures))})"
            "; to replace it anyway, force it (--force)."
        )
    gone = [name for name in FILES if name in there and name not in files]
    with hub_errors(repo, "write to"):
        if comparison.commit is None:
            api.create_repo(repo, private=private, exist_ok=True)
        done = api.create_commit(
            repo,
            [CommitOperationAdd(name, data) for name, data in files.items()]
            + [CommitOperationDelete(name) for name in gone],
            commit_message=_message(files),
            parent_commit=comparison.commit,
        )
        info = api.model_info(repo, revision=done.oid, files_metadata=True)
    for name, size in _sizes(info).items():
        if name in files and size != len(files[name]):
            raise OutputError(f"{name} arrived cut short at {repo}; push again.")
    missing = set(files) - set(_sizes(info))
    if missing:
        raise OutputError(f"{repo} did not accept {min(missing)}; check its .gitignore.")
    return _published(comparison, api, done.oid, bool(info.private))


def pull(name: str, folder: Path | str, *, token: str | None = None) -> Bundle:
    """Download a whole bundle, training weights included, into `folder`.

    It is verified before it replaces an older bundle there; a folder that holds anything else is
    refused.

    Args:
        name: "owner/repo", or "owner/repo@revision" for an older version.
        folder: for the bundle's files.
        token: of an account that may read there; by default `HF_TOKEN`, then the login.

    Raises:
        BundleError: there is no such model or revision, or it is not a bundle.
        DownloadError: the Hub cannot be reached, or a file arrived damaged.
        OutputError: `folder` holds something else, or cannot be written.
    """
    repo, _, revision = name.partition("@")
    folder = Path(folder).resolve()
    api = _api(repo, token)
    with writing(folder):
        check_place(folder)
    with atomic_folder(folder) as draft:
        commit = _download(api, repo, revision, draft, draft.with_name("download"))
    return Bundle(folder, f"{repo}@{commit[:12]}")


# a local bundle


def _folder(bundle: Path | str) -> Path:
    for folder in (Path(bundle), embedded_folder(str(bundle))):
        if (folder / MANIFEST).is_file():
            return folder
    if (Path(bundle) / "history.csv").is_file() or (Path(bundle) / "best.safetensors").is_file():
        raise BundleError(
            f"{bundle} is a training run, not a bundle; export it first: facelens export {bundle} "
            "--data DATA --out BUNDLE, and push BUNDLE."
        )
    raise BundleError(f"{bundle} is not a bundle's folder: it has no {MANIFEST}.")


def _whole(folder: Path) -> dict[str, bytes]:
    """Read every file of a bundle and check it: it loads, it runs, and it has a model card."""
    bundle = Bundle(folder, str(folder))
    if "README.md" not in bundle.files:
        raise BundleError(f"{folder} has no README.md: a bundle is shared with its model card.")
    files = {name: bundle.read(name) for name in bundle.files}
    files[MANIFEST] = read_file(folder / MANIFEST, LARGEST_TEXT[MANIFEST])
    if not _is_safetensors(files.get("model.safetensors")):
        raise BundleError(f"{folder / 'model.safetensors'} is not a safetensors file.")
    model = find_task(bundle.task).model(bundle)
    model.check()
    found = deviation(model)
    if found and not found.is_fine:
        raise BundleError(
            f"{folder} answers its example.json otherwise, by {found.difference:.2g}: the file is "
            "of another graph; export the bundle again."
        )
    return files


def _is_safetensors(data: bytes | None) -> bool:
    from safetensors import SafetensorError, deserialize

    if data is None:
        return True
    try:
        deserialize(data)
    except SafetensorError:
        return False
    return True


def _message(files: dict[str, bytes]) -> str:
    config = json.loads(files["config.json"])
    return f"{config['name']} {config['version']}"


# what is published


def _api(repo: str, token: str | None) -> "HfApi":
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo)
    except HFValidationError:
        repo = ""
    if "/" not in repo:
        raise BundleError("A repository is named owner/repo, in letters, digits, - _ and dots.")
    return HfApi(token=token, library_name="facelens")


def _compare(
    files: dict[str, bytes], folder: Path, repo: str, api: "HfApi"
) -> tuple[Comparison, set[str]]:
    """Compare `files` with what is published, and name the published files."""
    from huggingface_hub.errors import RepositoryNotFoundError

    with hub_errors(repo, "read"):
        try:
            info = api.model_info(repo, files_metadata=True, timeout=30)
        except RepositoryNotFoundError:
            return Comparison(repo, None, private=False, identical=False), set()
    there = {sibling.rfilename: sibling for sibling in info.siblings or []}
    named = set(there) & {MANIFEST, *FILES}
    identical = named == set(files) and all(
        _is_same(there[name], data) for name, data in files.items()
    )
    figures: tuple[Difference, ...] = ()
    obstacle = ""
    if MANIFEST not in there or "config.json" not in there:
        foreign = sorted(set(there) - _EMPTY)
        obstacle = f"it holds something else ({foreign[0]})" if foreign else ""
    elif (there["config.json"].size or 0) > LARGEST_TEXT["config.json"]:
        obstacle = "its config.json is too large"
    elif not identical:
        with hub_errors(repo, "read"):
            published = Path(api.hf_hub_download(repo, "config.json", revision=info.sha))
            data = published.read_bytes()
        figures, obstacle = _figures(data, files["config.json"], repo, folder)
    comparison = Comparison(
        repo, info.sha, bool(info.private), identical, figures=figures, obstacle=obstacle
    )
    return comparison, set(there)


def _figures(
    published: bytes, local: bytes, repo: str, folder: Path
) -> tuple[tuple[Difference, ...], str]:
    """The figures that both config.json state for the same faces, or why there are none."""
    try:
        task = find_task(task_of(local))
        there = task.config(published, Path(repo) / "config.json")
        here = task.config(local, folder / "config.json")
    except BundleError as error:
        return (), str(error).rstrip(".")
    if set(there.names) != set(here.names):
        return (), "it answers other questions"
    found = [
        Difference(figure.title, one, other, figure.better)
        for figure in task.figures
        for one, other in [(figure.of(there), figure.of(here))]
        if one is not None and other is not None
    ]
    if not found:
        return (), "one of the two states no figures for validation faces"
    try:
        one, other = task.measured_on(there), task.measured_on(here)
    except GARBLED:
        return (), "one of the two does not say for which faces its figures are"
    if one != other:
        return (), f"its figures are for {one}, these for {other}"
    return tuple(found), ""


def _is_same(sibling: Any, data: bytes) -> bool:
    """Whether the Hub's file has these bytes, by its hash in git or in git's large-file storage."""
    if sibling.lfs:
        return bool(sibling.lfs["sha256"] == sha256_of(data))
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
    return bool(sibling.blob_id == blob.hexdigest())


def _published(comparison: Comparison, api: "HfApi", commit: str, private: bool) -> Published:
    return Published(
        repo=comparison.repo,
        commit=commit,
        url=f"{api.endpoint}/{comparison.repo}",
        private=private,
        changed=commit != comparison.commit,
        comparison=comparison,
    )


# a bundle from the Hub


def _download(api: "HfApi", repo: str, revision: str, draft: Path, folder: Path) -> str:
    """Download a bundle into the empty folder `draft` and verify it; return its commit."""
    with hub_errors(repo, "read", revision):
        # Asked first: without a network a download would retry for half a minute.
        info = api.model_info(repo, revision=revision or None, files_metadata=True, timeout=30)
    sizes = _sizes(info)

    def get(name: str) -> None:
        with hub_errors(repo, "read", revision):
            path = api.hf_hub_download(repo, name, revision=info.sha, local_dir=folder)
        Path(path).rename(draft / name)

    if sizes.get(MANIFEST, 0) > LARGEST_TEXT[MANIFEST] or not {MANIFEST, "config.json"} <= set(
        sizes
    ):
        raise BundleError(f"{repo} on the Hub is not a Facelens bundle.")
    get(MANIFEST)
    try:
        for name, entry in Bundle(draft, repo).files.items():
            if sizes.get(name) != entry["size"]:
                raise DownloadError(f"{name} of {repo} is damaged: it differs from {MANIFEST}.")
            get(name)
            if sha256(draft / name) != entry["sha256"]:
                raise DownloadError(f"{name} of {repo} arrived damaged; nothing was saved.")
        _whole(draft)
    except BundleError as error:
        raise BundleError(str(error).replace(str(draft), repo)) from error
    return str(info.sha)


def _sizes(info: "ModelInfo") -> dict[str, int]:
    return {sibling.rfilename: sibling.size or 0 for sibling in info.siblings or []}
