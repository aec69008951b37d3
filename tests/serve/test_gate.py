"""Who may ask for the page: names of this machine, sites, robots, and what every answer says."""

import json
from unittest.mock import Mock

import pytest
from tornado.httputil import HTTPHeaders, HTTPInputError, HTTPServerRequest
from tornado.web import Application

from facelens.serve.gate import CLICK, Gate, Headers, is_local

HERE = "localhost:8866"
CROSS = {"Sec-Fetch-Site": "cross-site"}
CLICKED = CROSS | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FRAMED = CROSS | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}


def asked(path="/", method="GET", host=HERE, **headers):
    fields = HTTPHeaders({"Host": host, **{k.replace("_", "-"): v for k, v in headers.items()}})
    return HTTPServerRequest(method, path, headers=fields, host=host, connection=Mock())


def refused(request, *, local=True, base="/", framers=("https://huggingface.co",)):
    told = Gate(Application(), base, local=local, framers=framers).refusal(request)
    return told and told[0]


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1:8866", "127.8.9.1", "[::1]:8866", "[::1]"],
)
def test_names_of_this_machine_are_accepted(host):
    assert is_local(host)
    assert refused(asked(host=host, Origin=f"http://{host}")) is None


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0", "10.0.0.1",
     "[::]", "", "127.1", "2130706433", "[::1", "::ffff:1.2.3.4"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/voila/static/voila.js", "/api/kernels/1/channels"])
def test_other_names_of_this_machine_are_not(host, path):
    assert refused(asked(path, host=host)) == 421
    assert refused(asked(path, host=host), local=False) is None, "a hosted page has any name"


@pytest.mark.parametrize("host", ["localhost@evil.example", "x; script-src *"])
def test_what_is_no_host_is_refused(host):
    assert not is_local(host)
    with pytest.raises(HTTPInputError):  # tornado answers 400
        asked(host=host)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "x"])
def test_no_other_origin_speaks_with_a_kernel(origin):
    for path in ("/", "/api/kernels/1/channels"):
        assert refused(asked(path, Upgrade="websocket", Origin=origin)) == 403


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize(
    ("mode", "kind"),
    [("no-cors", "image"), ("no-cors", "script"), ("cors", "empty"), ("navigate", "object"),
     ("navigate", "embed")],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/faces/", "/faces", "/faces/voila/render/selfie.ipynb"])
def test_what_loads_the_page_into_another_starts_no_kernel(local, mode, kind, path):
    headers = CROSS | {"Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": kind}
    assert refused(asked(path, **headers), local=local, base="/faces/") == 403


def test_a_link_opens_a_hosted_page_and_asks_for_a_click_before_a_local_one():
    assert refused(asked(host="faces.example", **CLICKED), local=False) is None
    assert refused(asked(**CLICKED)) == 200
    assert '<a href="">' in CLICK
    assert refused(asked(**CLICKED | {"Sec-Fetch-Site": "same-origin"})) is None, (
        "that is the click"
    )
    assert refused(asked(**CLICKED | {"Sec-Fetch-Site": "none"})) is None, "it was typed"


def test_only_sites_that_may_frame_the_page_start_it_in_a_frame():
    assert refused(asked(**FRAMED, Referer="https://huggingface.co/"), local=False) is None
    for referer in ("https://evil.example/", "", "https://huggingface.co.evil.example/"):
        assert refused(asked(**FRAMED, Referer=referer), local=False) == 200


@pytest.mark.parametrize("local", [True, False])
def test_pages_fetched_in_advance_and_sockets_start_no_kernel(local):
    prefetched = asked(Sec_Purpose="prefetch;prerender", Sec_Fetch_Mode="navigate")
    assert refused(prefetched, local=local) == 403
    assert refused(asked(Upgrade="websocket"), local=local) == 403


@pytest.mark.parametrize("local", [True, False])
def test_the_page_itself_and_clients_that_say_nothing_are_served(local):
    for request in (
        asked(),
        asked(Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="no-cors", path="/voila/static/x.js"),
        asked("/api/kernels/1/channels", Upgrade="websocket", Origin=f"http://{HERE}"),
        asked("/voila/api/shutdown/1", "POST", Sec_Fetch_Site="same-origin"),
    ):
        assert refused(request, local=local) is None
    foreign = asked("/voila/api/shutdown/1", "POST", **CROSS)
    assert refused(foreign, local=local) == 403


def test_a_refusal_is_a_sentence_with_its_status():
    request = asked(host="evil.example")
    Gate(Application(), local=True).find_handler(request).finish()
    (line, headers, body), _ = request.connection.write_headers.call_args
    assert (line.code, line.reason) == (421, "Misdirected Request")
    assert b"http://localhost" in body
    assert headers["Content-Length"] == str(len(body))
    request.connection.finish.assert_called_once()


def answered(headers, host=HERE):
    fields, request = HTTPHeaders(headers), asked()
    request.host = host  # tornado refuses what is none
    _, fields, _ = Headers(request).transform_first_chunk(200, fields, b"", True)
    return fields


def test_every_answer_says_what_a_browser_may_do_with_it():
    fields = answered({"Content-Security-Policy": "frame-ancestors 'self' https://a.example"})
    policy = dict(
        each.strip().split(" ", 1) for each in fields["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self' https://a.example"
    assert policy["connect-src"] == f"'self' ws://{HERE} wss://{HERE}"
    assert "unsafe-eval" not in fields["Content-Security-Policy"]
    assert fields["Referrer-Policy"] == "same-origin"
    assert fields["X-Content-Type-Options"] == "nosniff"
    assert "camera=(self)" in fields["Permissions-Policy"]


def test_a_host_writes_nothing_into_a_policy():
    fields = answered({}, host="x; script-src *")
    assert fields["Content-Security-Policy"].count("script-src") == 1
    assert "*" not in fields["Content-Security-Policy"]
    strict = "default-src 'none'; frame-ancestors 'self'"
    assert answered({"Content-Security-Policy": strict})["Content-Security-Policy"] == strict


@pytest.mark.parametrize("folder", ["dashboards", "dashboards/hosted"])
def test_cookies_are_for_this_site_and_this_session(folder, request):
    settings = json.loads((request.config.rootpath / folder / "voila.json").read_text())
    options = settings["IdentityProvider"]["cookie_options"]
    assert options == {"samesite": "Lax", "expires_days": None}
