"""Kernels that wait for visitors of a hosted page; tests/rehearsal visits such a page."""

import asyncio
import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest
import zmq.asyncio
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from tornado.web import HTTPError
from traitlets.utils.importstring import import_item

from facelens.serve import kernels


@pytest.fixture
def hosted(monkeypatch, tmp_path):
    """Run `act` on kernels of which one waits and two may be in use, and end them all."""
    monkeypatch.setenv("FACELENS_READY", "1")
    monkeypatch.setenv("FACELENS_VISITORS", "2")
    monkeypatch.setattr(kernels, "PAUSE", 0.1)
    monkeypatch.setattr(kernels, "PATIENCE", 0.5)

    async def run(act):
        # A context of its own would wait, at the manager's end, for sockets of a dead kernel.
        context = zmq.asyncio.Context.instance()
        manager = kernels.ReadyKernels(context=context, connection_dir=str(tmp_path))
        try:
            await manager.fill()
            await act(manager)
        finally:
            async with manager.starting:
                manager.ready = 0
            await manager.shutdown_all(now=True)

    # In a thread of its own: the browser of other tests keeps a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        yield lambda act: pool.submit(asyncio.run, asyncio.wait_for(run(act), 60)).result()


async def until(holds):
    for _ in range(200):
        if holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(holds)


def test_no_kernel_is_given_twice_and_another_takes_its_place(hosted):
    async def act(manager):
        (waiting,) = manager.waiting
        came = await asyncio.gather(*(manager.start_kernel() for _ in range(2)))
        assert len(set(came)) == 2
        assert came[0] == waiting
        await until(lambda: len(manager.waiting) == 1)
        assert not set(manager.waiting) & set(came)

    hosted(act)


def test_those_who_come_at_once_do_not_pass_the_limit(hosted):
    async def act(manager):
        came = await asyncio.gather(
            *(manager.start_kernel() for _ in range(4)), return_exceptions=True
        )
        refused = [each for each in came if isinstance(each, HTTPError)]
        assert [each.status_code for each in refused] == [503, 503]
        assert "try again" in refused[0].reason

    hosted(act)


def test_a_kernel_that_died_while_it_waited_is_given_to_nobody(hosted):
    async def act(manager):
        (dead,) = manager.waiting
        await manager.get_kernel(dead).provisioner.kill()
        await until(lambda: manager.get_kernel(dead).provisioner.process.poll() is not None)
        assert await manager.start_kernel() != dead

    hosted(act)


@pytest.mark.parametrize("visited", [True, False])
def test_a_page_that_no_browser_shows_loses_its_kernel(hosted, visited):
    async def act(manager):
        kernel = await manager.start_kernel()
        if visited:
            manager.notify_connect(kernel)
        if visited:
            await asyncio.sleep(2)
            assert kernel in manager
        await until(lambda: visited or kernel not in manager)

    hosted(act)


def test_a_page_that_was_left_gives_its_place_back_unless_it_returns(hosted, monkeypatch):
    monkeypatch.setattr(kernels, "AWAY", 1)

    async def act(manager):
        left, returned = [await manager.start_kernel() for _ in range(2)]
        for kernel in (left, returned):
            manager._kernel_connections[kernel] = 0
            manager.notify_connect(kernel)
            manager.notify_disconnect(kernel)
        manager.notify_connect(returned)
        await until(lambda: left not in manager)
        await asyncio.sleep(1)
        assert returned in manager
        assert await manager.start_kernel(), "there is a place again"

    hosted(act)


def test_idle_kernels_end_but_not_those_that_wait(hosted):
    async def act(manager):
        manager.cull_idle_timeout = 1
        given = await manager.start_kernel()
        await until(lambda: manager.waiting)
        long_ago = dt.datetime.now(tz=dt.UTC) - dt.timedelta(hours=1)
        for kernel in (given, *manager.waiting):
            manager.get_kernel(kernel).last_activity = long_ago
            manager.get_kernel(kernel).execution_state = "idle"
            await manager.cull_kernel_if_idle(kernel)
        assert given not in manager
        assert manager.waiting[0] in manager
        kept = manager.waiting[0]
        assert await manager.start_kernel() == kept
        await manager.cull_kernel_if_idle(kept)
        assert kept in manager, "its time begins when its visitor comes"

    hosted(act)


ROOT = Path(__file__).parents[2]
SETTINGS = {
    "dashboards/voila.json": "Voila",
    "dashboards/hosted/voila.json": "Voila",
    "dashboards/jupyter_server_config.json": "ServerApp",
}


@pytest.mark.parametrize(("path", "app"), SETTINGS.items())
def test_however_the_page_is_served_no_message_waits_for_another(path, app, monkeypatch):
    named = json.loads((ROOT / path).read_text())[app]["kernel_websocket_connection_class"]
    line = import_item(named)
    handler = Mock(spec=KernelWebsocketHandler)
    monkeypatch.setattr(line.__base__, "connect", lambda _: "connected")
    made = line(websocket_handler=handler)
    assert made.connect() == "connected"
    handler.set_nodelay.assert_called_once_with(True)
