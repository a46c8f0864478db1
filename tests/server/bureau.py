"""A whole node with two teams, each with a queue of its own, and somebody of every role; asked over HTTP."""

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from config.whole import load_whole
from records.accounts import Role
from records.api_keys import ApiKeys
from records.sessions import Caller
from records.webhooks import KINDS
from router.events import AgentConnected
from server.node import Node
from tests.databases import template
from tests.server.sites import DEMO
from tests.server.test_node import settings

PASSWORD = "demo-jackfield"
QUEUES = """
[first_chat]
title = "First line's chat"
medium = "chat"
teams = ["first_line"]
service_level = { threshold_s = 30, fraction = 0.8 }
dispositions = ["resolved"]

[expert_chat]
title = "Experts' chat"
medium = "chat"
teams = ["second_line"]
dispositions = ["resolved"]
"""
PEOPLE = """
[agents.expert9]
display_name = "An expert in the first line"
team = "first_line"
role = "expert"
[agents.super9]
display_name = "The first line's supervisor"
team = "first_line"
role = "supervisor"
[agents.ops9]
display_name = "Operations"
team = "second_line"
role = "operations"
"""


def site_folder(folder: Path, hooks: str = "") -> Path:
    """A copy of the demo with two more queues and three more people."""
    site = folder / "site"
    if not site.exists():
        shutil.copytree(DEMO, site, ignore=shutil.ignore_patterns("prompts"))
        (site / "prompts").symlink_to(DEMO / "prompts", target_is_directory=True)
        for name, more in (("queues.toml", QUEUES), ("agents.toml", PEOPLE)):
            with (site / name).open("a", encoding="utf-8") as file:
                file.write(more)
        if hooks:
            (site / "webhooks.toml").write_text(hooks, encoding="utf-8")
    return site


class Bureau:
    """The node, and a session for everybody who asks."""

    def __init__(self, node: Node, session: aiohttp.ClientSession) -> None:
        self.node = node
        self.session = session
        self.base = f"http://127.0.0.1:{node.settings.http_port}"
        self._tokens: dict[str, str] = {}

    async def token(self, account: str) -> str:
        """A session's token, a program's key for `key:NAME`, or that of a wallboard of a team for `wall:TEAM`."""
        if account not in self._tokens:
            if account.startswith("key:"):
                keys = ApiKeys(self.node.storage.database)
                self._tokens[account] = await keys.make(account.removeprefix("key:"), 1)
            elif account.startswith("wall:"):
                links, team = self.node.core.management.wallboards, account.removeprefix("wall:")
                maker = Caller("ops9", Role.ADMINISTRATOR, None, 1)
                self._tokens[account] = (await links.make(maker, team, [team], []))[1]
            else:
                credentials = {"account": account, "password": PASSWORD}
                async with self.session.post(f"{self.base}/api/v1/session", json=credentials) as answer:
                    self._tokens[account] = str((await answer.json())["token"])
        return self._tokens[account]

    async def ask(self, account: str, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON answer of /api/v1/`path`."""
        headers = {"Authorization": f"Bearer {await self.token(account)}", **headers}
        url = f"{self.base}/api/v1/{path}"
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def submit(self, queue: str = "first_chat", account: str = "key:crm", **more: Any) -> dict[str, str]:
        """Work from a program; its ids."""
        work = {"medium": "chat", "queue": queue, "channel": "shop", **more}
        status, answer = await self.ask(account, "POST", "work", work)
        assert status == 201, answer
        return dict(answer)

    async def connect(self, agent_id: str, generation: int = 2**60) -> None:
        """As if the agent's page and leg were up."""
        await self.node.core.pump.post(AgentConnected(agent_id, generation, self.node.storage.member.label), "test")


@asynccontextmanager
async def bureau(folder: Path, hooks: str = "") -> AsyncIterator[Bureau]:
    """A running node on the site in `folder`; the same folder again is a restart."""
    site, database = site_folder(folder, hooks), folder / "data" / "jackfield.db"
    if not database.exists():  # to make the tables takes each server most of a second
        database.parent.mkdir(mode=0o700)
        database.write_bytes(template())
    node = Node(settings(folder, SITE=str(site)), load_whole(site, KINDS, os.environ))
    await node.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Bureau(node, session)
    finally:
        await node.stop()
