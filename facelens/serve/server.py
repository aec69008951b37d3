"""Voilà, with what a server needs that strangers can reach: run as `python -m` by `launch`."""

import logging
import re
import sys
import threading
import webbrowser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat.sign import MemorySignatureStore
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from traitlets import Bool
from voila.app import Voila

from facelens.serve.gate import Gate, Headers

LONGEST_BODY = 64 << 10  # bytes; photos travel on the websocket
LONGEST_HEAD = 32 << 10
IDLE = 75  # seconds for which a connection may say nothing
MOST_CONNECTIONS = 500  # a browser opens up to six


class PageServer(Voila):
    """Voilà behind a gate, with bounds on what a connection may cost."""

    local = Bool(True, help="Whether the page is for this machine only.").tag(config=True)

    def init_handlers(self) -> list[Any]:
        """Serve the pages beside this one too if for this machine only: they link to each other."""
        handlers = super().init_handlers()
        if not (self.local and self.notebook_path):
            return handlers
        pattern, handler, options = handlers[-1]
        pages = sorted(Path(self.notebook_path).parent.glob("*.ipynb"))
        self._trust(pages)
        place = Path(options["notebook_path"]).parent
        others = [
            (
                pattern.replace("(.*)", re.escape(page.name)),
                handler,
                options | {"notebook_path": str(place / page.name)},
            )
            for page in pages
        ]
        return [*handlers[:-1], *others, handlers[-1]]

    def _trust(self, pages: list[Path]) -> None:
        """Sign our own pages, in memory: the user's list of trusted notebooks is not touched."""
        notary = self.contents_manager.notary
        notary.store = MemorySignatureStore()
        for page in pages:
            notary.sign(nbformat.read(page, as_version=4))

    def listen(self) -> None:
        """Listen behind the gate, until the server ends."""
        self.app.add_transform(Headers)
        self.app.settings.setdefault("xsrf_cookie_kwargs", {"samesite": "Lax"})
        policy = self.app.settings.get("headers", {}).get("Content-Security-Policy", "")
        framers = tuple(re.findall(r"https?://[^\s;]+", policy))
        gate = Gate(self.app, self.base_url, local=self.local, framers=framers)
        self.app.listen = partial(_listen, gate)
        if self.log_level > logging.DEBUG:
            logging.setLogRecordFactory(partial(_in_one_line, logging.getLogRecordFactory()))
        super().listen()

    def launch_browser(self) -> None:
        """Open the page by its address: a file that leads there would count as another site."""
        try:
            browser = webbrowser.get(self.browser or None)
        except webbrowser.Error as error:
            self.log.warning("No web browser found: %s.", error)
            return
        threading.Thread(target=browser.open, args=(self.connection_url,), daemon=True).start()


class _Server(HTTPServer):
    """An HTTP server that takes so many connections and no more."""

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            stream.close()
        else:
            super().handle_stream(stream, address)


def _listen(gate: Gate, port: int, address: str = "") -> HTTPServer:
    server = _Server(
        gate, max_body_size=LONGEST_BODY, max_header_size=LONGEST_HEAD, body_timeout=IDLE,
        idle_connection_timeout=IDLE,
    )  # fmt: skip
    server.listen(port, address)
    return server


def _in_one_line(
    make: Callable[..., logging.LogRecord], *args: Any, **kwargs: Any
) -> logging.LogRecord:
    """Log of an exception what it is and where, not what it was about: that may be a visitor's."""
    record = make(*args, **kwargs)
    if record.exc_info and record.exc_info[0]:
        kind, error, trace = record.exc_info
        while trace and trace.tb_next:
            trace = trace.tb_next
        at = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
        # Why a notebook does not start is its host's, for no visitor has said anything yet.
        why = f", {str(error).splitlines()[-1]}" if isinstance(error, CellExecutionError) else ""
        text = record.getMessage().partition("\n")[0]
        record.msg, record.args = f"{text}: {kind.__name__}{at}{why}", ()
        record.exc_info = record.exc_text = None
    if record.name.startswith("tornado") and not (text := record.getMessage()).isprintable():
        record.msg, record.args = ascii(text), ()  # a path may hold the end of a line
    return record


if __name__ == "__main__":
    sys.exit(PageServer.launch_instance())
