"""What can go wrong: one class for each kind of failure, one sentence for a person.

The message of every error says what happened and what to do; the page and the command line show
only that sentence. `exit_code` is what the command line returns.
"""


class FacelensError(Exception):
    """Any failure that Facelens foresees."""

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows instead of a traceback: the sentence."""
        return [f"{type(self).__name__}: {self}"]


class PhotoError(FacelensError):
    """A file that cannot be read as a photo or film."""


class NoFaceError(FacelensError):
    """A photo in which no face was found."""

    exit_code = 3


class DetectorError(FacelensError):
    """A face detector that is unknown, missing or damaged."""


class BundleError(FacelensError):
    """A model bundle that is missing, damaged, foreign or too new."""


class ThresholdError(FacelensError):
    """An operating point or threshold that does not exist."""


class DataError(FacelensError):
    """A data set that is missing or not of the expected form."""


class OutputError(FacelensError):
    """An output that cannot be written."""


class DownloadError(FacelensError):
    """A file that could not be downloaded, or arrived damaged."""


class StoppedError(FacelensError):
    """A person stopped the command; the sentence says how to resume."""

    exit_code = 130


class MissingExtraError(FacelensError):
    """A command that needs packages that are not installed."""


def printable(name: str) -> str:
    """A file name that is safe to print: control characters and stray bytes are escaped."""
    return name if name.isprintable() else ascii(name)[1:-1]


def many(count: int, one: str, several: str = "") -> str:
    """A number and what is counted, such as "1 photo" and "1,200 photos"."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"
