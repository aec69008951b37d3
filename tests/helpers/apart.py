"""A helper process that decodes otherwise than it should."""

import subprocess
import sys


def instead(code):
    """Stand in for `subprocess.Popen`: the helper's `decode` is what `code` defines."""
    real = subprocess.Popen

    def start(command, **options):
        before = f"import sys; sys.path[:] = {sys.path!r}; {code}"
        placed = "import facelens.photo.decoding as decoding; decoding.decode = decode"
        return real([*command[:2], f"{before}; {placed}; {command[2]}"], **options)

    return start


SLOW = "import time; decode = lambda *_: time.sleep(60)"
CRASHING = "import os; decode = lambda *_: os.abort()"
