"""The real application on a loopback port, over a real SQLite file with two calls in it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from http_api.app import HttpSettings, Ports, build
from http_api.routes import Route
from records.accounts import Account, Accounts, Role
from records.audit import Audit
from records.customers import Customers
from records.database import Database
from records.follow_ups import FollowUps
from records.interactions import Interactions
from records.notes import Notes
from records.projector import Projector
from records.sessions import Sessions
from records.webhooks import Deliveries
from telemetry.metrics import Metrics
from tests.databases import migrated
from tests.http_api.neighbours import Asked, Board, Book, Checks, Clock, Doors, Explained, Figures, FirstTeam, Names
from tests.records.turns import START, handled_call, opened, turn

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
LIFETIME_US = 1000 * 1_000_000
PASSWORD = "correct horse"
ACCOUNTS = (
    Account("anna", Role.AGENT, "anna"),
    Account("dora", Role.AGENT, "dora"),
    Account("trainee", Role.AGENT, None),
    Account("sam", Role.SUPERVISOR, None),
    Account("ada", Role.ADMINISTRATOR, None),
)


@dataclass
class Site:
    """A running application and what a test turns on it."""

    client: "TestClient[Any, Any]"
    clock: Clock
    checks: Checks
    metrics: Metrics
    database: Database
    asked: Asked
    figures: Figures
    book: Book

    async def sign_in(self, account: str, password: str = PASSWORD) -> ClientResponse:
        return await self.client.post("/api/v1/session", json={"account": account, "password": password})

    async def token(self, account: str) -> str:
        return str((await (await self.sign_in(account)).json())["token"])

    async def send(self, account: str, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON answer (None without a body); the account `crm` is a program with a key."""
        token = "jfk_crm" if account == "crm" else await self.token(account)
        headers = {"Authorization": f"Bearer {token}", **headers}
        async with self.client.request(method, path, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def get(self, account: str, path: str) -> tuple[int, Any]:
        """Status and JSON body of a GET in that account's name."""
        headers = {"Authorization": f"Bearer {await self.token(account)}"}
        async with self.client.get(path, headers=headers) as answer:
            return answer.status, await answer.json()


MakeSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def make_site(tmp_path: Path) -> AsyncIterator[MakeSite]:
    async with AsyncExitStack() as stack:

        async def make(
            extra_routes: Sequence[Route] | Callable[[Ports], Sequence[Route]] = (), **settings: Any
        ) -> Site:
            database = await migrated(tmp_path / "records.sqlite")
            stack.push_async_callback(database.close)
            await _fill(database)
            clock, checks, metrics, asked = Clock(), Checks(), Metrics(), Asked()
            figures, book = Figures(), Book()
            ports = Ports(
                auth=Doors(Accounts(database, CHEAP), Sessions(database, LIFETIME_US)),
                interactions=Interactions(database),
                customers=Customers(database),
                board=Board(),
                scopes=FirstTeam(),
                supervision=asked,
                explanations=Explained(),
                rules=asked,
                programs=asked,
                follow_ups=FollowUps(database),
                messages=tmp_path / "messages",
                statistics=figures,
                titles=Names(),
                alerts=book,
                audit=Audit(database),
                deliveries=Deliveries(database),
                health=checks,
                metrics=metrics,
                now=clock,
            )
            routes = extra_routes(ports) if callable(extra_routes) else extra_routes
            app = build(ports, HttpSettings(version="0.1", **settings), routes)
            client = await stack.enter_async_context(TestClient(TestServer(app)))
            return Site(client, clock, checks, metrics, database, asked, figures, book)

        yield make


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await make_site()


async def _fill(database: Database) -> None:
    accounts = Accounts(database, CHEAP)
    for account in ACCOUNTS:
        await accounts.set_password(account, PASSWORD, START)
    await Projector(database).apply([*handled_call(), turn(15, 200, opened("i5"))])
    customers = Customers(database)
    customer = await customers.identify("phone", "+3225550100", verified=False, now=START)
    await customers.attach("i1", customer, {"order": "A-17"}, START)
    await Notes(database).add("i1", "cai", "wants it on Friday", START)
