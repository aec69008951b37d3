"""The Hugging Face Hub: a bundle fetched or found in the cache, and a sentence for each failure.

Of a repository only the files of a bundle are fetched, each asked for its size first.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from facelens.bundles.bundle import MANIFEST, Bundle, read_manifest
from facelens.errors import BundleError, DownloadError, FacelensError, OutputError
from facelens.files import Progress

LARGEST_MANIFEST = 100_000  # bytes
PATIENCE = 5  # seconds: who waits for a page does not wait longer for a Hub that is not there
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # which the system says without a file's name


def fetch_bundle(name: str, progress: Progress | None = None) -> Bundle:
    """Fetch the files of "owner/repo[@revision]", and no other, from the Hub or its cache.

    Args:
        progress: gets the bytes that have come and all that will. Without it the client's own
            bars are shown in a terminal.

    Raises:
        BundleError: There is no such repository, or it holds no sound bundle.
        DownloadError: The Hub cannot be reached, or what it sends breaks off.
    """
    repo, _, revision = name.partition("@")
    with hub_errors(repo, "fetch", revision):
        folder = _fetch(repo, revision or "main", progress)
    return Bundle(folder, f"{repo}@{folder.name[:12]}")


def _fetch(repo: str, revision: str, progress: Progress | None) -> Path:
    """Bring all of a bundle into the cache, into a folder that is named after its commit."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HTTPError

    before = _kept(repo, MANIFEST, revision)
    commit = _commit(repo, revision, before)
    try:
        folder = _files(repo, commit, progress)
    except (HfHubHTTPError, HTTPError, OSError):
        # What was there before an update that broke off is still whole.
        if before is None or before.parent.name == commit:
            raise
        folder = _files(repo, before.parent.name, progress)
    if before is None or before.parent != folder:
        with suppress(HfHubHTTPError, HTTPError, OSError):
            # By its name it is found without a network only once it is whole.
            hf_hub_download(repo, MANIFEST, revision=revision)
    return folder


def _commit(repo: str, revision: str, before: Path | None) -> str:
    """The commit that a revision names by now, or named when the Hub could last be reached."""
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

    if _COMMIT.fullmatch(revision):
        return revision
    try:
        return str(_asked(repo, MANIFEST, revision).commit_hash)
    except (HfHubHTTPError, HTTPError, OSError) as error:
        if before is not None:
            return before.parent.name
        if isinstance(error, HfHubHTTPError):  # it answers
            raise
        if isinstance(error, OfflineModeIsEnabled):
            raise DownloadError(
                f"{repo} is not in the cache, and HF_HUB_OFFLINE keeps this computer from the Hub."
            ) from error
        raise DownloadError(
            f"The Hub cannot be reached and {repo} is not in the cache; try again with a network."
        ) from error


# Not `snapshot_download`: it bounds no file's size, waits without end for a Hub that takes a call
# and does not answer, and its bars learn how many bytes there are only on the way.
def _files(repo: str, commit: str, progress: Progress | None) -> Path:
    """Bring each file of a commit into the cache, and give the folder."""
    folder = _file(repo, MANIFEST, commit, LARGEST_MANIFEST).parent
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
    """A file in the cache."""
    from huggingface_hub import try_to_load_from_cache

    kept = try_to_load_from_cache(repo, file, revision=revision)
    return Path(kept) if isinstance(kept, str) else None


def _asked(repo: str, file: str, revision: str) -> Any:
    """What the Hub says of a file before anything flows."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    return get_hf_file_metadata(hf_hub_url(repo, file, revision=revision), timeout=PATIENCE)


def _file(repo: str, file: str, commit: str, most: int, bar: type | None = None) -> Path:
    """Find one file in the cache or fetch it, unless the Hub says that it is over `most` bytes."""
    from huggingface_hub import hf_hub_download

    if kept := _kept(repo, file, commit):
        return kept  # what a commit holds does not change
    # A manifest is its author's word: a file may be larger than it says.
    size = _asked(repo, file, commit).size
    if size is None or size > most:
        raise BundleError(f"{file} of {repo} on the Hub is larger than it should be; not fetched.")
    return Path(hf_hub_download(repo, file, revision=commit, tqdm_class=bar))


def _counted(total: int, progress: Progress) -> type:
    """A bar for the client that draws nothing and tells `progress` how far all files are."""
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
    what: str, doing: Literal["fetch", "download", "read", "write to"], revision: str = ""
) -> Iterator[None]:
    """Make one sentence of whatever the Hub, or the way to it, fails with.

    Args:
        what: the repository, or what is fetched from it.
        doing: "fetch" a public bundle, "download" data, or "read" and "write to" a repository as
            who has an account.
        revision: the one that was asked for.
    """
    from huggingface_hub.errors import HTTPError

    try:
        yield
    except (HTTPError, OSError, RuntimeError, ValueError) as error:
        # An upload wraps what went wrong with one of its files.
        inner = error.__cause__ if isinstance(error, RuntimeError) else error
        if _is_of_this_machine(error) and doing != "fetch":
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
    if doing == "fetch":
        return _not_fetched(error, what)
    if isinstance(error, hub.RepositoryNotFoundError) and doing != "download":
        return BundleError(
            f"The Hub has no model {what}, or keeps it private: then set HF_TOKEN or log in with "
            "`hf auth login`."
        )
    if isinstance(error, hub.HfHubHTTPError | PermissionError):
        # The store of large files has an error of its own for who has no right.
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


def _not_fetched(error: BaseException, repo: str) -> FacelensError:
    """What a visitor is told, who has no account: without a word of tokens."""
    from huggingface_hub import errors as hub

    if isinstance(error, hub.RepositoryNotFoundError):
        return BundleError(f"There is no public model {repo} on the Hub.")
    if isinstance(error, hub.HFValidationError):
        return BundleError(f"{repo!r} is not a repository's name.")
    # A file that is not in the cache is no entry either.
    if isinstance(error, hub.EntryNotFoundError) and not isinstance(
        error, hub.LocalEntryNotFoundError
    ):
        return BundleError(f"{repo} on the Hub is not a Facelens bundle.")
    if _is_of_this_machine(error) and isinstance(error, OSError):
        return DownloadError(f"{repo} could not be kept in the cache: {error.strerror}.")
    return DownloadError(f"{repo} could not be fetched from the Hub; try again.")


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
        return OutputError(f"{what} has been changed meanwhile; push again.")
    return DownloadError(
        f"The Hub refused {what} ({status}); check HF_ENDPOINT, or try again later."
    )
