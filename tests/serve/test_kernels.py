"""Kernels that wait for visitors of a hosted page; tests/rehearsal visits such a page."""

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import zmq.asyncio
from tornado.web import HTTPError

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


def connected(manager, kernel):
    """Have a browser open a socket to a kernel."""
    manager._kernel_connections.setdefault(kernel, 0)
    manager.notify_connect(kernel)


def test_requests_without_a_browser_hold_no_places(hosted, monkeypatch):
    monkeypatch.setattr(kernels, "PATIENCE", 60)
    monkeypatch.setattr(kernels, "GRACE", 1)

    async def act(manager):
        robots = [await manager.start_kernel() for _ in range(2)]
        with pytest.raises(HTTPError):
            await manager.start_kernel()
        await asyncio.sleep(1.2)
        visitor = await manager.start_kernel()
        connected(manager, visitor)
        assert robots[0] not in manager, "the one that waited longest made room"
        assert robots[1] in manager, "and nobody else had to"
        await asyncio.sleep(1.2)
        second = await manager.start_kernel()
        connected(manager, second)
        await asyncio.sleep(1.2)
        with pytest.raises(HTTPError, match="503"):
            await manager.start_kernel()
        assert {visitor, second} <= set(manager.list_kernel_ids()), "visitors stay"

    hosted(act)


def test_those_who_wait_for_a_kernel_are_no_more_than_places(hosted):
    async def act(manager):
        manager.coming = manager.most
        with pytest.raises(HTTPError, match="503"):
            await manager.start_kernel()
        manager.coming = 0

    hosted(act)


def test_ones_own_machine_has_a_cap_too_and_no_kernel_waits(monkeypatch, tmp_path):
    monkeypatch.setenv("FACELENS_READY", "5")
    monkeypatch.setattr(kernels.PageKernels, "PLACES", 1)

    async def run():
        context = zmq.asyncio.Context.instance()
        manager = kernels.PageKernels(context=context, connection_dir=str(tmp_path))
        try:
            await manager.start_kernel()
            with pytest.raises(HTTPError, match="503"):
                await manager.start_kernel()
            await manager.fill()
            assert len(manager.list_kernel_ids()) == 1
        finally:
            await manager.shutdown_all(now=True)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, asyncio.wait_for(run(), 60)).result()


def test_what_is_kept_for_a_browser_that_is_away_is_bounded(monkeypatch):
    monkeypatch.setattr(kernels, "MOST_BUFFERED", 100)
    kept = kernels._Bounded()
    for number in range(50):
        kept.append(("iopub", [b"x" * 20, bytes([number])]))
    assert [parts[1][0] for _, parts in kept] == [46, 47, 48, 49]


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
