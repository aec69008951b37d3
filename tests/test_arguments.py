"""What an argument of the command line may be, and the progress that a terminal shows."""

import argparse
import io
import sys

import pytest

from facelens.arguments import count, count_from_0, fraction, port, progress, seed, size


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (count, "1", 1),
        (count_from_0, "0", 0),
        (seed, "4294967295", 2**32 - 1),
        (port, "65535", 65535),
        (size, "160x128", (160, 128)),
        (lambda text: fraction(text, "no share"), "1", 1.0),
    ],
)
def test_what_is_taken(kind, text, value):
    assert kind(text) == value


@pytest.mark.parametrize(
    ("kind", "texts", "words"),
    [
        (count, ["0", "-1", "two", "1.5", ""], "is not a whole number from 1 up"),
        (count_from_0, ["-1", ""], "is not a whole number from 0 up"),
        (seed, ["-1", "4294967296"], "is not a whole number from 0 up"),
        (port, ["0", "65536", "eighty"], "is not a port from 1 to 65535"),
        (size, ["160", "160x", "16x16", "160x128x3", "axb"], "give height x width"),
        (lambda text: fraction(text, "no share"), ["0", "1.1", "nan", "x"], "is no share"),
    ],
)
def test_what_is_refused(kind, texts, words):
    for text in texts:
        with pytest.raises(argparse.ArgumentTypeError, match=words):
            kind(text)


def test_progress_is_for_terminals(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert progress("photos") is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show = progress("photos")
    show(1200, 3000)
    show(7, 0)
    show(3000, 3000)
    lines = sys.stderr.getvalue().replace("\x1b[K", "").split("\r")[1:]
    assert lines == ["1,200 of 3,000 photos", "7 photos", "3,000 of 3,000 photos\n"]
