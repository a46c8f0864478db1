"""What the owner of the shard does besides routing, from the start and after a takeover, on whole nodes."""

import asyncio
import os
import socket
from argparse import Namespace
from pathlib import Path

from config.settings import Settings, read_settings
from config.whole import load_whole
from records.database import sqlite_url
from records.webhooks import KINDS
from router import events as facts
from router.vocabulary import Medium
from server.duties import PROJECTION, ROTATION
from server.node import Node
from tests.databases import made
from tests.ports import free_port
from tests.waiting import until

DEMO = Path(__file__).parents[2] / "config" / "demo"


def settings(folder: Path, store_url: str, name: str) -> Settings:
    given = {
        "DATA_DIR": str(folder / name),
        "NODE": name,
        "REDIS_URL": store_url,
        "DATABASE_URL": sqlite_url(folder / "shared.db"),
        "HTTP_PORT": str(free_port()),
        "SIP_PORT": str(free_port(socket.SOCK_STREAM, socket.SOCK_DGRAM)),
        "SITE": str(DEMO),
    }
    return read_settings(Namespace(), {f"JACKFIELD_{key}": value for key, value in given.items()})


async def test_only_the_owner_has_them_and_they_go_with_the_shard(tmp_path: Path, store_url: str) -> None:
    made(tmp_path / "shared.db")
    one, two = (
        Node(settings(tmp_path, store_url, name), load_whole(DEMO, KINDS, os.environ)) for name in ("d-one", "d-two")
    )
    try:
        await one.start()
        await two.start()
        assert (one.core.pump.owning, two.core.pump.owning) == (True, False)
        assert {PROJECTION, ROTATION, "hours"} <= set(one.tasks.names)
        assert not {PROJECTION, ROTATION, "hours"} & set(two.tasks.names)
        await two.core.pump.post(facts.InteractionOpened("i1", "web", Medium.CHAT, "page", "d-two.1"), "test")
        await one.core.projection.drained()
        await one.stop()
        await until(lambda: two.core.pump.owning and {PROJECTION, ROTATION, "hours"} <= set(two.tasks.names))
        await two.core.pump.post(facts.InteractionClosed("i1", "handled"), "test")
        await two.core.projection.drained()
        view = await two.core.interactions.view("i1")
        assert view is not None
        assert view.record.outcome == "handled"
        heads = await two.storage.shard.store.heads()
        await asyncio.wait_for(two.core.duties._rotation.turn_over(), 30)
        assert list(await two.storage.shard.store.heads()) == list(heads), "the segment goes on"
    finally:
        await one.stop()
        await two.stop()
