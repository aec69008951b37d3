"""The Hugging Face Hub: bundles downloaded or cached, and a sentence for each failure.

Only the files of a bundle are downloaded from a repository, each after a check of its size.
"""

import errno
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from facelens.bundles.bundle import LARGEST_TEXT, MANIFEST, Bundle, read_manifest
from facelens.errors import BundleError, DownloadError, FacelensError, OutputError
from facelens.files import Progress, cache_folder, folder_aside, sha256, writing

PATIENCE = 5  # seconds; a visitor waits for the page while the Hub does not answer
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # the system reports these without a file name


def download_bundle(name: str, progress: Progress | None = None) -> Bundle:
    """Download the bundle's files of "owner/repo[@revision]", unless they are cached.

    Args:
        progress: called with the bytes downloaded and the total. Without it the client's own bars
            are shown in a terminal.

    Raises:
        BundleError: there is no such repository, or it holds no valid bundle.
        DownloadError: the Hub cannot be reached, or the download is interrupted.
    """
    repo, _, revision = name.partition("@")
    with hub_errors(repo, "load", revision):
        folder = _download(repo, revision or "main", progress)
    return Bundle(folder, f"{repo}@{folder.name[:12]}")


def download_known(repo: str, known: Mapping[str, tuple[int, str]], what: str) -> Path:
    """Download a file of `repo` into the cache and verify it; return its path.

    Args:
        known: size in bytes and sha256 of each file that will do, the best first: one that is
            cached is not asked for, else the best that the repository has is downloaded.
        what: what sentences call it.

    Raises:
        DownloadError: the Hub cannot be reached, or it gives another file.
    """
    from huggingface_hub import HfApi, hf_hub_download

    def is_known(path: Path) -> bool:
        return path.is_file() and (path.stat().st_size, sha256(path)) == known[path.name]

    folder = cache_folder()
    for name in known:
        if is_known(folder / name):
            return folder / name
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with folder_aside(folder) as aside:
            with hub_errors(what, "download"):
                # Asked first: without a network a download would retry for half a minute.
                about = HfApi().model_info(repo, timeout=30)
                there = {file.rfilename for file in about.siblings or ()}
                name = next((name for name in known if name in there), list(known)[-1])
                path = Path(hf_hub_download(repo, name, revision=about.sha, local_dir=aside))
            if not is_known(path):
                raise DownloadError(
                    f"{what} arrived damaged, or is another file; nothing was saved."
                )
            return path.replace(folder / name)


def _download(repo: str, revision: str, progress: Progress | None) -> Path:
    """Download a whole bundle into the cache; return its folder, whose name is the commit."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HTTPError

    before = _kept(repo, MANIFEST, revision)
    commit = _commit(repo, revision, before)
    try:
        folder = _files(repo, commit, progress)
    except (HfHubHTTPError, HTTPError, OSError):
        # If an update is interrupted, the version that was cached before it is still complete.
        if before is None or before.parent.name == commit:
            raise
        folder = _files(repo, before.parent.name, progress)
    if before is None or before.parent != folder:
        with suppress(HfHubHTTPError, HTTPError, OSError):
            # Without a network the cache resolves the revision's name to this commit only from now
            # on, when it is complete.
            hf_hub_download(repo, MANIFEST, revision=revision)
    return folder


def _commit(repo: str, revision: str, before: Path | None) -> str:
    """The commit that a revision names, or the cached one if the Hub cannot be reached."""
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

    if _COMMIT.fullmatch(revision):
        return revision
    try:
        return str(_asked(repo, MANIFEST, revision).commit_hash)
    except (HfHubHTTPError, HTTPError, OSError) as error:
        if before is not None:
            return before.parent.name
        if isinstance(error, HfHubHTTPError):  # the Hub was reached
            raise
        if isinstance(error, OfflineModeIsEnabled):
            raise DownloadError(
                f"{repo} is not in the cache, and HF_HUB_OFFLINE keeps this computer from the Hub."
            ) from error
        raise DownloadError(
            f"The Hub cannot be reached and {repo} is not in the cache; try again with a network."
        ) from error


# Not `snapshot_download`: it has no size limit, waits indefinitely for a Hub that accepts a request
# and does not answer, and its bars learn the total only during the download.
def _files(repo: str, commit: str, progress: Progress | None) -> Path:
    """Download each file of a commit into the cache; return their folder."""
    folder = _file(repo, MANIFEST, commit, LARGEST_TEXT[MANIFEST]).parent
    sizes = {
        file: int(entry["size"])
        for file, entry in read_manifest(folder).items()
        if file != "model.safetensors" and _kept(repo, file, commit) is None
    }
    counted = _counted(sum(sizes.values()), progress) if progress else None
    for file, size in sizes.items():
        _file(repo, file, commit, size, counted)
    return folder


def _kept(repo: str, file: str, revision: str) -> Path | None:
    """The path of a file in the cache, if it is there."""
    from huggingface_hub import try_to_load_from_cache

    kept = try_to_load_from_cache(repo, file, revision=revision)
    return Path(kept) if isinstance(kept, str) else None


def _asked(repo: str, file: str, revision: str) -> Any:
    """Metadata of a file on the Hub, without downloading it."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    return get_hf_file_metadata(hf_hub_url(repo, file, revision=revision), timeout=PATIENCE)


def _file(repo: str, file: str, commit: str, most: int, bar: type | None = None) -> Path:
    """Return one file from the cache, or download it unless it is larger than `most` bytes."""
    from huggingface_hub import hf_hub_download

    if kept := _kept(repo, file, commit):
        return kept  # the files of a commit never change
    # The manifest is only its author's claim: a file may be larger than it states.
    size = _asked(repo, file, commit).size
    if size is None or size > most:
        raise BundleError(
            f"{file} of {repo} on the Hub is larger than it should be; not downloaded."
        )
    return Path(hf_hub_download(repo, file, revision=commit, tqdm_class=bar))


def _counted(total: int, progress: Progress) -> type:
    """A progress bar class for the client that draws nothing and calls `progress` for all files."""
    from huggingface_hub.utils import tqdm

    came = 0

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})
            self.update(options.get("initial", 0))

        def update(self, count: float | None = 1) -> None:
            nonlocal came
            came = min(total, came + int(count or 0))
            progress(came, total)

    return Bar


# what can go wrong


@contextmanager
def hub_errors(
    what: str, doing: Literal["load", "download", "read", "write to"], revision: str = ""
) -> Iterator[None]:
    """Turn any failure of the Hub, or of the connection to it, into one sentence.

    Args:
        what: the repository, or what is downloaded from it.
        doing: "load" a public bundle, "download" data, or "read" and "write to" a repository with
            an account.
        revision: the requested one.
    """
    from huggingface_hub.errors import HTTPError

    try:
        with warnings.catch_warnings():
            # The client says so before it tries; the sentence says it once it has happened.
            warnings.filterwarnings("ignore", "Not enough free disk space")
            yield
    except (HTTPError, OSError, RuntimeError, ValueError) as error:
        # An upload wraps the error of one of its files.
        inner = error.__cause__ if isinstance(error, RuntimeError) else error
        if _is_of_this_machine(error) and doing != "load":
            raise
        raise _sentence(inner or error, what, doing, revision) from error


def _is_of_this_machine(error: BaseException) -> bool:
    return isinstance(error, OSError) and bool(
        error.errno and (error.filename or error.errno in _FULL)
    )


def _sentence(error: BaseException, what: str, doing: str, revision: str) -> FacelensError:
    from huggingface_hub import errors as hub

    if isinstance(error, hub.RevisionNotFoundError):
        return BundleError(f"{what} on the Hub has no revision {revision!r}.")
    if doing == "load":
        return _not_loaded(error, what)
    if isinstance(error, hub.RepositoryNotFoundError) and doing != "download":
        return BundleError(
            f"The Hub has no model {what}, or keeps it private: then set HF_TOKEN or log in with "
            "`hf auth login`."
        )
    if isinstance(error, hub.HfHubHTTPError | PermissionError):
        # The store of large files has its own error for missing rights.
        answer = getattr(error, "response", None)
        return _refused(what, doing, 403 if answer is None else answer.status_code)
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        why = " ".join(str(error).split()).rstrip(".")
        return OutputError(f"The Hub does not take {what}: {why}.")
    short = type(error) is OSError and doing != "write to"
    return DownloadError(
        f"A file of {what} arrived cut short; try again."
        if short
        else f"The Hub could not be reached for {what}; try again with a network."
    )


def _not_loaded(error: BaseException, repo: str) -> FacelensError:
    """The sentence for a visitor without an account: it does not mention tokens."""
    from huggingface_hub import errors as hub

    if isinstance(error, hub.RepositoryNotFoundError):
        return BundleError(f"There is no public model {repo} on the Hub.")
    if isinstance(error, hub.HFValidationError):
        return BundleError(f"{repo!r} is not the name of a repository.")
    # A file that is missing from the cache raises a subclass of the same error.
    if isinstance(error, hub.EntryNotFoundError) and not isinstance(
        error, hub.LocalEntryNotFoundError
    ):
        return BundleError(f"{repo} on the Hub is not a Facelens bundle.")
    if _is_of_this_machine(error) and isinstance(error, OSError):
        return DownloadError(f"{repo} could not be cached: {error.strerror}.")
    return DownloadError(f"{repo} could not be downloaded from the Hub; try again.")


def _refused(what: str, doing: str, status: int) -> FacelensError:
    if doing != "download" and status == 401:
        return OutputError(
            "The Hub does not know this token; make one at huggingface.co/settings/tokens and set "
            "HF_TOKEN, or log in with `hf auth login`."
        )
    if doing != "download" and status == 403:
        return OutputError(
            f"This token may not {doing} {what}; choose a repository of your own, or a token with "
            "that right."
        )
    if status in (409, 412):
        return OutputError(f"{what} has changed in the meantime; push again.")
    return DownloadError(
        f"The Hub refused {what} ({status}); check HF_ENDPOINT, or try again later."
    )
