"""A browser's connection: what is refused, what a visitor hears, and what may wait unread."""

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from jupyter_client.session import Session
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from tornado.iostream import StreamBufferFullError
from tornado.websocket import WebSocketClosedError
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from facelens.serve import connection
from facelens.serve.connection import PageConnection
from facelens.serve.frames import NEWER

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "dashboards/voila.json": "Voila",
    "dashboards/hosted/voila.json": "Voila",
    "dashboards/jupyter_server_config.json": "ServerApp",
}
TRACEBACK = """Traceback (most recent call last):
  File "/srv/secret/facelens/ui/_view.py", line 12, in receive
    raise
facelens.errors.PhotoError: anna-in-paris.jpg is no photo
"""


@pytest.fixture
def line(monkeypatch):
    """A connection of a visitor, what goes to its kernel, and what to its browser."""
    passed = []
    monkeypatch.setattr(
        ZMQChannelsWebsocketConnection,
        "handle_incoming_message",
        lambda _, said: passed.append(said),
    )
    monkeypatch.setattr(
        ZMQChannelsWebsocketConnection, "handle_outgoing_message",
        lambda _, stream, said: passed.append((stream, said)),
    )  # fmt: skip
    handler = Mock(spec=KernelWebsocketHandler, selected_subprotocol=NEWER)
    handler.ws_connection = Mock()
    made = PageConnection(websocket_handler=handler, config=Config(PageConnection={"quiet": True}))
    kernels = SimpleNamespace(allowed_message_types=["comm_msg", "shutdown_request"])
    monkeypatch.setattr(PageConnection, "multi_kernel_manager", kernels)
    monkeypatch.setattr(PageConnection, "kernel_id", "k")
    made.channels = {"shell": Mock(), "iopub": Mock()}
    return SimpleNamespace(made=made, handler=handler, passed=passed)


def said(kind="comm_msg", name="1", size=0):
    header = {"msg_id": name, "msg_type": kind, "session": "s"}
    parts = [json.dumps(each).encode() for each in (header, {}, {}, {"comm_id": "c"})]
    parts = [b"shell", *parts, bytes(size)]
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    numbers = [len(offsets), *offsets]
    return b"".join([*(n.to_bytes(8, "little") for n in numbers), *parts])


def heard(kind, content, parent="1"):
    session = Session(key=b"k")
    message = session.msg(kind, content, parent={"msg_id": parent, "session": "s"})
    message["parent_header"] = {"msg_id": parent}
    return session.serialize(message)


@pytest.mark.parametrize(("path", "app"), SETTINGS.items())
@pytest.mark.parametrize("kinds", [[], ["comm_msg"]])
def test_however_the_page_is_served_visitors_have_bounds_and_owners_none(
    path, app, kinds, monkeypatch
):
    named = json.loads((ROOT / path).read_text())[app]["kernel_websocket_connection_class"]
    made = import_item(named)
    assert made is PageConnection
    handler = Mock(spec=KernelWebsocketHandler, ws_connection=Mock())
    stream = handler.ws_connection.stream
    kernels = SimpleNamespace(
        allowed_message_types=kinds, kernel_model=lambda _: {"connections": 9}
    )
    monkeypatch.setattr(PageConnection, "multi_kernel_manager", kernels)
    monkeypatch.setattr(PageConnection, "kernel_id", "k")
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda _: "connected")
    opened = made(websocket_handler=handler)
    assert opened.connect() == "connected"
    handler.set_nodelay.assert_called_once_with(True)
    assert (stream.max_write_buffer_size == connection.MOST_UNSENT) is bool(kinds)
    assert (handler.on_message == opened._take) is bool(kinds)
    if kinds:
        handler.close.assert_called_once_with(1008, "too many connections to one kernel")
    else:
        handler.close.assert_not_called()


@pytest.mark.parametrize(
    ("frame", "code"),
    [(b"\xff" * 8, 1002), (said("execute_request"), 1008), (said("shutdown_request"), 1008)],
)
def test_a_bad_frame_closes_its_socket_and_nothing_after_it_passes(line, caplog, frame, code):
    line.made.log = logging.getLogger("page")
    line.made.handle_incoming_message(frame)
    line.made.handle_incoming_message(said())
    assert line.passed == []
    assert line.handler.close.call_args.args[0] == code
    assert line.handler.close.call_count == 1
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is None


def test_what_jupyter_itself_cannot_read_closes_the_socket_too(line, monkeypatch):
    monkeypatch.setattr(
        ZMQChannelsWebsocketConnection, "handle_incoming_message", Mock(side_effect=KeyError)
    )
    line.made.handle_incoming_message(said())
    line.handler.close.assert_called_once_with(1008, "KeyError")


def test_a_browser_is_listened_to_only_as_fast_as_its_kernel_answers(line, monkeypatch):
    monkeypatch.setattr(connection, "MOST_WAITING", (2, 10_000))

    async def act():
        for name in "12":
            await asyncio.wait_for(line.made._take(said(name=name)), 1)
        third = asyncio.create_task(line.made._take(said(name="3")))
        await asyncio.sleep(0.1)
        assert not third.done(), "three wait"
        line.made.handle_outgoing_message(
            "iopub", heard("status", {"execution_state": "busy"}, "2")
        )
        await asyncio.sleep(0.1)
        assert not third.done()
        line.made.handle_outgoing_message(
            "iopub", heard("status", {"execution_state": "idle"}, "2")
        )
        await asyncio.wait_for(third, 1)
        assert [each.name for each in line.made._waiting] == ["3"], "2 is done, so 1 is too"
        large = asyncio.create_task(line.made._take(said(name="4", size=20_000)))
        await asyncio.sleep(0.1)
        assert not large.done()
        line.made._end(1008, "over")
        await asyncio.wait_for(large, 1)

    with ThreadPoolExecutor(1) as pool:  # a browser's driver may have a loop in this thread
        pool.submit(asyncio.run, act()).result()


def test_a_visitor_hears_nothing_that_a_kernel_prints(line, caplog):
    line.made.log = logging.getLogger("page")
    for kind, content in (
        ("stream", {"name": "stderr", "text": TRACEBACK}),
        ("error", {"ename": "E", "evalue": "/srv/secret", "traceback": [TRACEBACK]}),
        ("execute_reply", {"status": "error", "traceback": [TRACEBACK]}),
        ("display_data", {"data": {"text/plain": TRACEBACK}}),
    ):
        line.made.handle_outgoing_message("iopub", heard(kind, content))
    assert line.passed == []
    (told,) = caplog.messages
    assert told == "kernel k: PhotoError at facelens/ui/_view.py:12", "no name of a photo"
    for kind in ("comm_msg", "status", "kernel_info_reply", "shutdown_reply"):
        line.made.handle_outgoing_message("iopub", heard(kind, {}))
    assert len(line.passed) == 4


def test_a_page_that_cannot_be_read_is_passed_over(line):
    line.made.handle_outgoing_message("iopub", [b"<IDS|MSG>", b"", b"{", b"{}", b"{}", b"{}"])
    assert line.passed == []


def test_ones_own_kernel_may_print(line):
    line.made.quiet = False
    line.made.handle_outgoing_message("iopub", heard("stream", {"name": "stdout", "text": "x"}))
    assert len(line.passed) == 1


def test_a_browser_that_does_not_read_is_cut_off(line):
    line.handler.write_message.side_effect = StreamBufferFullError
    stream = line.handler.ws_connection.stream
    line.made.write_message(b"picture", binary=True)
    stream.close.assert_called_once_with()
    assert line.made._over


def test_a_browser_that_has_just_left_is_no_failure(line):
    line.handler.write_message.side_effect = WebSocketClosedError
    assert line.made.write_message(b"picture", binary=True) is None
    line.handler.close.assert_not_called()
