"""The whole node in this process, with its media worker and embedded store: it starts, serves, leaves nothing."""

import asyncio
import os
import socket
from argparse import Namespace
from functools import partial
from pathlib import Path

import aiohttp
import psutil  # type: ignore[import-untyped]
import pytest
from structlog.testing import capture_logs

from config.policy import site_policy
from config.settings import Settings, read_settings
from config.whole import load_whole
from records.webhooks import KINDS
from server.node import Node
from tests.ports import free_port
from tests.server.sites import DEMO
from tests.waiting import until


def settings(folder: Path, **changes: str) -> Settings:
    http, sip = free_port(), free_port(socket.SOCK_STREAM, socket.SOCK_DGRAM)
    given = {
        "DATA_DIR": str(folder / "data"),
        "HTTP_PORT": str(http),
        "SIP_PORT": str(sip),
        "RTP_PORTS": "27300-27699",
        "SITE": str(DEMO),
        **changes,
    }
    return read_settings(Namespace(), {f"JACKFIELD_{name}": value for name, value in given.items()})


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def our_tasks() -> list[str]:
    return sorted(
        task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task() and not task.done()
    )


async def status(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status


async def test_it_starts_serves_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = children(), our_tasks()
    made = settings(tmp_path)
    node = Node(made, load_whole(DEMO, KINDS, os.environ))
    await node.start()
    try:
        base = f"http://127.0.0.1:{made.http_port}"
        assert await status(f"{base}/healthz") == 200
        assert await status(f"{base}/readyz") == 200
        assert node.core.pump.dispatcher.policy == site_policy(node.site)
        await until(lambda: node.core.pump.backlog == 0)
        opened = node.web.open_things()
        assert {name for name, count in opened.items() if count} == {"tasks"}, opened
        assert opened["tasks"] == len(node.tasks) + len(node.calls)
        assert node.calls.names == ["chat_homes"]
        node.request_stop()
        await asyncio.wait_for(node.wait(), 30)
    finally:
        # On a busy machine what ends by itself may need longer than a site would wait for it.
        monkeypatch.setattr(node.tasks, "aclose", partial(node.tasks.aclose, 60))
        with capture_logs() as logs:
            await asyncio.wait_for(node.stop(), 120)
    assert node.failed is None
    assert "tasks_cut_off" not in {line["event"] for line in logs}, "something held up the stop"
    await until(lambda: (children(), our_tasks()) == before, f"{our_tasks()} as before", 10)


async def test_a_taken_port_stops_the_start_and_everything_else(tmp_path: Path) -> None:
    """The HTTP port is the last to be opened; tests/e2e/test_two_copies.py has that of SIP."""
    before = children(), our_tasks()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        node = Node(settings(tmp_path, HTTP_PORT=taken), load_whole(DEMO, KINDS, os.environ))
        with pytest.raises(OSError, match="in use"):
            await asyncio.wait_for(node.start(), 60)
    await until(lambda: (children(), our_tasks()) == before, f"{our_tasks()} as before", 10)


async def test_a_vital_task_that_fails_stops_the_node(tmp_path: Path) -> None:
    node = Node(settings(tmp_path), load_whole(DEMO, KINDS, os.environ))
    await node.start()
    try:
        store, lease = node.storage.shard.store, node.storage.shard.owner.lease
        await store.break_lease(lease.epoch)
        await asyncio.wait_for(node.wait(), 30)
        assert node.failed in ("lease", "pump")
    finally:
        await asyncio.wait_for(node.stop(), 30)
