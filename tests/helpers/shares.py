"""Which tests one worker takes together, where several share the work.

Not by xdist's own marks for that: with pytest 9.2 its `--dist loadgroup` puts nothing together.
"""

import re

from xdist.scheduler import LoadScopeScheduling

# A test of these needs nothing of another's that is slow to make.
APART = ("project/test_notebooks", "browser/test_selfie")
TOGETHER = {f"rehearsal/test_{name}": "rehearsal" for name in ("binder", "container", "wheel")}


def share(nodeid: str) -> str:
    """What of the tests goes to one worker: a file, but for the longest; a text's commands."""
    file = re.search(r"(?:tests/)?([\w/]+)\.py", nodeid)[1]
    if text := re.search(r"::test_a_command_does_what_a_text_says\[(\S+): ", nodeid):
        return text[1]
    return nodeid if file in APART else TOGETHER.get(file, file)


class Shares(LoadScopeScheduling):
    """Give whoever has least left to do the next share, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid)
