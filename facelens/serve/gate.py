"""Who may ask the server for what: hosts, sites, sizes, and the headers of every answer."""

import ipaddress
import logging
import re
from dataclasses import dataclass
from http.client import responses
from typing import Any
from urllib.parse import urlsplit

from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    ResponseStartLine,
    split_host_and_port,
)
from tornado.routing import Router
from tornado.web import OutputTransform

log = logging.getLogger(__name__)

NOT_LOCAL = (
    "This page is for this machine only: open it as http://localhost. "
    "To serve others, start it with --host (docs/hosting.md)."
)
FOREIGN = "This request came from another site, which may not use this page."
ONLY_A_PAGE = "This page can be opened, but not be loaded into another one."
CLICK = """<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Facelens</title>
<body style="font: 1rem/1.5 system-ui, sans-serif; margin: 2rem">
<p>Another site has sent you here.</p><p><a href="">Open Facelens</a></p>
"""
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; font-src 'self' data:; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; manifest-src 'self'; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' blob:"
)
HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def is_local(host: str) -> bool:
    """Whether `host`, with or without a port, is localhost or a loopback address."""
    name = split_host_and_port(host)[0].strip("[]").lower()
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Gate(Router):
    """Turns requests away before any of Voilà's handlers sees them.

    `behind` handles the others. `base` is the path of the page. If the page is `local`, only names
    of this machine are accepted: any site can have a name that resolves to it (DNS rebinding).
    `framers` are the origins that may frame the page.
    """

    behind: Router
    base: str = "/"
    local: bool = False
    framers: tuple[str, ...] = ()

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate | None:
        """Serve a request or refuse it."""
        refused = self.refusal(request)
        if refused is None:
            return self.behind.find_handler(request, **kwargs)
        log.info("%d %s %r refused", refused[0], request.method, request.path)
        return _Refusal(request, *refused, self.framers)

    def refusal(self, request: HTTPServerRequest) -> tuple[int, str] | None:
        """The status and the text for a request that is not to be served."""
        ask = request.headers.get
        origin = ask("Origin")
        if self.local and not is_local(request.host or ""):
            return 421, NOT_LOCAL
        if self.local and origin not in {None, "null"} and not is_local(_host(origin)):
            return 403, FOREIGN
        if self._is_page(request.path) and request.method in {"GET", "HEAD"}:
            return self._page_refusal(request)
        if ask("Sec-Fetch-Site") == "cross-site" and request.method not in {"GET", "HEAD"}:
            return 403, FOREIGN
        return None

    def _is_page(self, path: str) -> bool:
        """Whether a request for `path` starts a kernel."""
        return path.strip("/") == self.base.strip("/") or "/voila/render/" in path

    def _page_refusal(self, request: HTTPServerRequest) -> tuple[int, str] | None:
        """A kernel starts for a person who opens the page; what another site loads is none.

        Browsers that do not tell where a request comes from are old, or no browsers: served.
        """
        ask = request.headers.get
        mode, kind = ask("Sec-Fetch-Mode", "navigate"), ask("Sec-Fetch-Dest", "document")
        framed = kind in {"frame", "iframe"}
        if mode != "navigate" or not (framed or kind == "document"):
            return 403, ONLY_A_PAGE
        if ask("Upgrade") or "prefetch" in ask("Sec-Purpose", ask("Purpose", "")):
            return 403, ONLY_A_PAGE
        if ask("Sec-Fetch-Site") != "cross-site":
            return None
        from_framer = framed and _origin(ask("Referer", "")) in self.framers
        may = from_framer or not (framed or self.local)
        return None if may else (200, CLICK)


def _host(url: str | None) -> str:
    return urlsplit(url or "").netloc


def _origin(url: str) -> str:
    scheme, host, *_ = urlsplit(url)
    return f"{scheme}://{host}"


class _Refusal(HTTPMessageDelegate):
    def __init__(
        self, request: HTTPServerRequest, status: int, text: str, framers: tuple[str, ...]
    ) -> None:
        self.request, self.status, self.text = request, status, text.encode()
        self.framers = framers

    def finish(self) -> None:
        kind = "text/html" if self.status == 200 else "text/plain"
        framers = " ".join(("'self'", *self.framers))
        fields = HTTPHeaders(HEADERS)
        fields["Content-Type"] = f"{kind}; charset=utf-8"
        fields["Content-Length"] = str(len(self.text))
        fields["Cache-Control"] = "no-store"
        fields["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors {framers}"
        )
        line = self.request.connection
        assert line is not None
        body = b"" if self.request.method == "HEAD" else self.text
        line.write_headers(
            ResponseStartLine("HTTP/1.1", self.status, responses[self.status]), fields, body
        )
        line.finish()


class Headers(OutputTransform):
    """Says in every answer what a browser may do with it."""

    def __init__(self, request: HTTPServerRequest) -> None:
        host = request.host if re.fullmatch(r"[\w.:\[\]-]+", request.host or "") else ""
        # Older browsers do not count websockets to 'self'.
        sockets = f" ws://{host} wss://{host}" if host else ""
        self.policy = f"{POLICY}; connect-src 'self'{sockets}"

    def transform_first_chunk(
        self,
        status_code: int,
        headers: HTTPHeaders,
        chunk: bytes,
        finishing: bool,  # noqa: ARG002
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Add headers; those that the settings state stay."""
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        stated = headers.get("Content-Security-Policy", "frame-ancestors 'self'")
        if "default-src" not in stated:
            headers["Content-Security-Policy"] = f"{self.policy}; {stated}"
        return status_code, headers, chunk
