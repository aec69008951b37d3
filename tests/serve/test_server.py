"""The server around Voilà: its log, its limits, and its command."""

import logging
from functools import partial

import pytest
from nbclient.exceptions import CellExecutionError

from facelens.serve.server import _in_one_line


@pytest.fixture
def logged(monkeypatch):
    """Log something as the server does; what a handler would write."""
    make = partial(_in_one_line, logging.getLogRecordFactory())
    monkeypatch.setattr(logging, "_logRecordFactory", make)
    lines = []

    class Handler(logging.Handler):
        def emit(self, record):
            lines.append(self.format(record))

    def log(act, name="tornado.application"):
        logger = logging.getLogger(name)
        handler = Handler()
        before = logger.level, logger.disabled  # other tests' programs change them
        logger.setLevel(logging.DEBUG)
        logger.disabled = False
        logger.addHandler(handler)
        try:
            act(logger)
        finally:
            logger.removeHandler(handler)
            logger.level, logger.disabled = before
        return lines[-1]

    return log


def fail(error):
    def act(logger):
        try:
            raise error  # noqa: TRY301
        except Exception:
            logger.exception(
                "Uncaught exception GET / (127.0.0.1)\nHTTPServerRequest(%s)", "secret"
            )

    return act


def test_a_failure_is_one_line_that_says_where(logged):
    line = logged(fail(ValueError("anna-in-paris.jpg")))
    assert line.startswith("Uncaught exception GET / (127.0.0.1): ValueError at ")
    assert "test_server.py" in line
    assert "anna" not in line
    assert "secret" not in line
    assert "\n" not in line


def test_why_a_page_does_not_start_is_told_to_its_host(logged):
    why = CellExecutionError("Traceback\n  ...\nTaskError: there is no such task", "E", "e")
    assert logged(fail(why)).endswith("TaskError: there is no such task")


def test_a_path_writes_no_line_of_its_own(logged):
    line = logged(lambda log: log.warning("404 GET %s", "/x\n[I] all is well"), "tornado.general")
    assert line == "'404 GET /x\\n[I] all is well'"


def test_other_lines_stay_as_they_are(logged):
    assert logged(lambda log: log.warning("two\nlines"), "facelens.x") == "two\nlines"
