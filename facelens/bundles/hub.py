"""Fetch a bundle from the Hugging Face Hub, or take what is kept of it where there is no network.

Of a repository only the files of a bundle are fetched, each asked for its size first.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facelens.bundles.bundle import Bundle, read_manifest
from facelens.errors import BundleError, DownloadError, OutputError

Progress = Callable[[int, int], None]

LARGEST_MANIFEST = 100_000
PATIENCE = 5  # seconds: who waits for a page does not wait longer for a Hub that is not there
_COMMIT = re.compile(r"[0-9a-f]{40}")


def fetch_bundle(name: str, progress: Progress | None = None) -> Bundle:
    """Fetch the files of "owner/repo[@revision]", and no other, from the Hub or its cache.

    Args:
        progress: gets the bytes that have come and all that will. Without it the client's own
            bars are shown in a terminal.

    Raises:
        BundleError: There is no such repository, or it holds no sound bundle.
        DownloadError: The Hub cannot be reached, or what it sends breaks off.
    """
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    repo, _, revision = name.partition("@")
    try:
        folder = _fetch(repo, revision or "main", progress)
    except RevisionNotFoundError as error:
        raise BundleError(f"{repo} on the Hub has no revision {revision!r}.") from error
    except RepositoryNotFoundError as error:
        raise BundleError(f"There is no public model {repo} on the Hub.") from error
    except LocalEntryNotFoundError as error:  # an EntryNotFoundError too
        raise DownloadError(f"{name} could not be fetched from the Hub; try again.") from error
    except EntryNotFoundError as error:
        raise BundleError(f"{repo} on the Hub is not a Facelens bundle.") from error
    except HFValidationError as error:
        raise BundleError(f"{name!r} is not a repository's name.") from error
    except (HfHubHTTPError, HTTPError, OSError) as error:
        raise DownloadError(f"{name} could not be fetched from the Hub; try again.") from error
    return Bundle(folder, f"{repo}@{folder.name[:12]}")


def _fetch(repo: str, revision: str, progress: Progress | None) -> Path:
    """Bring all of a bundle into the cache, into a folder that is named after its commit."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HTTPError

    before = _kept(repo, "manifest.json", revision)
    commit = _commit(repo, revision, before)
    try:
        folder = _files(repo, commit, progress)
    except (HfHubHTTPError, HTTPError, OSError):
        # What was there before an update that broke off is still whole.
        if before is None or before.parent.name == commit:
            raise
        folder = _files(repo, before.parent.name, progress)
    if before is None or before.parent != folder:
        with contextlib.suppress(HfHubHTTPError, HTTPError, OSError):
            # By its name it is found without a network only once it is whole.
            hf_hub_download(repo, "manifest.json", revision=revision)
    return folder


def _commit(repo: str, revision: str, before: Path | None) -> str:
    """The commit that a revision names by now, or named when the Hub could last be reached."""
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

    if _COMMIT.fullmatch(revision):
        return revision
    try:
        return str(_asked(repo, "manifest.json", revision).commit_hash)
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


def _files(repo: str, commit: str, progress: Progress | None) -> Path:
    """Bring each file of a commit into the cache, and give the folder."""
    folder = _file(repo, "manifest.json", commit, LARGEST_MANIFEST).parent
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


@contextmanager
def fetching(what: str) -> Iterator[None]:
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    unreachable = f"The Hub could not be reached for {what}; try again with a network."
    try:
        yield
    except (LocalEntryNotFoundError, ConnectionError) as error:
        raise DownloadError(unreachable) from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "no answer"
        raise DownloadError(
            f"The Hub refused {what} ({status}); check HF_ENDPOINT, or try again later."
        ) from error
    except OSError:
        raise
    except Exception as error:  # the client's versions bring different HTTP libraries
        raise DownloadError(unreachable) from error


@contextmanager
def asking(repo: str, what: str, revision: str = "") -> Iterator[None]:
    """Make one sentence of whatever the Hub, or the way to it, fails with."""
    from huggingface_hub.errors import HTTPError

    try:
        yield
    except (HTTPError, OSError, RuntimeError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None and error.filename:
            raise  # this machine's doing
        # An upload wraps what went wrong with one of its files.
        inner = error.__cause__ if isinstance(error, RuntimeError) else error
        raise _sentence(inner or error, repo, what, revision) from error


def _sentence(
    error: BaseException, repo: str, what: str, revision: str
) -> BundleError | DownloadError | OutputError:
    from huggingface_hub import errors as hub

    if isinstance(error, hub.RevisionNotFoundError):
        return BundleError(f"{repo} on the Hub has no revision {revision!r}.")
    if isinstance(error, hub.RepositoryNotFoundError):
        return BundleError(
            f"The Hub has no model {repo}, or keeps it private: then set HF_TOKEN or log in with "
            "`hf auth login`."
        )
    if isinstance(error, hub.HfHubHTTPError | PermissionError):
        # The store of large files has an error of its own for who has no right.
        answer = getattr(error, "response", None)
        return _refused(repo, what, 403 if answer is None else answer.status_code)
    if isinstance(error, ValueError):
        why = " ".join(str(error).split()).rstrip(".")
        return OutputError(f"The Hub does not take {repo}: {why}.")
    if type(error) is OSError and what == "read":
        return DownloadError(f"A file of {repo} arrived cut short; try again.")
    return DownloadError(f"The Hub could not be reached for {repo}; try again with a network.")


def _refused(repo: str, what: str, status: int) -> OutputError:
    if status == 401:
        return OutputError(
            "The Hub does not know this token; make one at huggingface.co/settings/tokens and set "
            "HF_TOKEN, or log in with `hf auth login`."
        )
    if status == 403:
        return OutputError(
            f"This token may not {what} {repo}; choose a repository of your own, or a token with "
            "that right."
        )
    if status in (409, 412):
        return OutputError(f"{repo} has been changed meanwhile; push again.")
    return OutputError(f"The Hub refused {repo} ({status}); try again later.")
