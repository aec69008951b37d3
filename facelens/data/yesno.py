"""Yes and no as data sets write them: words, 1 and 0, 1 and -1, 1.0, booleans, blanks."""

import math
from collections.abc import Iterable, Sequence

from facelens.errors import DataError

YES = frozenset({"1", "yes", "y", "true", "t"})
NO = frozenset({"0", "no", "n", "false", "f"})
# The last: pandas' missing values of its newer types.
BLANK = frozenset({"", "nan", "na", "n/a", "#n/a", "null", "none", "?", "-", "<na>"})


def code(value: object) -> int | None:
    """1 for yes, 0 or -1 for no, None for blank.

    Raises:
        ValueError: `value` is none of these.
    """
    if isinstance(value, str):
        word = value.strip().lower()
        if word in BLANK:
            return None
        if word in YES:
            return 1
        if word in NO:
            return 0
        value = float(word.replace(",", "."))
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bytes | bytearray | list | dict) or value not in (1, 0, -1):
        raise ValueError(value)
    return int(value)  # type: ignore[call-overload]


class Codes(dict[str, int | None]):
    """The `code` of each text, found once."""

    def __missing__(self, text: str) -> int | None:
        self[text] = code(text)
        return self[text]


def check_no(where: str, names: Sequence[str], rows: Iterable[Sequence[int | None]]) -> None:
    """Refuse a column that holds 0 and -1: one of them would not be a no.

    Args:
        where: the table, for the message.
        names: of the columns.
        rows: `code`s of each column.
    """
    for name, column in zip(names, zip(*rows, strict=True), strict=False):
        if {0, -1} <= set(column):
            raise DataError(
                f"{where}: {name} holds 0 and -1, which may both be a no; write what cannot be "
                "said as a blank, and every no in one way."
            )
