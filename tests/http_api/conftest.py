"""The real application on a loopback port, over a real SQLite file with two calls in it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from http_api.app import HttpSettings, Ports, build
from http_api.ports import AgentOverview, HeldWork, QueueOverview
from http_api.routes import Route
from records.accounts import Account, Accounts, Role
from records.customers import Customers
from records.database import Database, sqlite_url
from records.interactions import Interactions
from records.notes import Notes
from records.projector import Projector
from records.sessions import Sessions, SignIn
from telemetry.metrics import Metrics
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
class Clock:
    """Time that a test moves."""

    now: int = START

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000)


class Board:
    def queues(self) -> Sequence[QueueOverview]:
        return [QueueOverview(queue="orders", medium="voice", waiting=2, oldest_queued_at=START)]

    def agents(self) -> Sequence[AgentOverview]:
        held = HeldWork(interaction_id="i1", medium="voice", queue="orders", state="connected", since=START)
        return [_overview("anna", (held,)), _overview("dora", ())]


def _overview(agent: str, held: tuple[HeldWork, ...]) -> AgentOverview:
    return AgentOverview(
        agent_id=agent,
        team="first",
        presence="ready",
        reason=None,
        since=START,
        connected=True,
        load=len(held),
        capacity=1,
        held=held,
    )


@dataclass
class Checks:
    found: dict[str, str | None] = field(default_factory=lambda: {"redis": None, "media": None})

    async def checks(self) -> Mapping[str, str | None]:
        return self.found


@dataclass
class Site:
    """A running application and what a test turns on it."""

    client: "TestClient[Any, Any]"
    clock: Clock
    checks: Checks
    metrics: Metrics
    shut_out: set[str]
    database: Database

    async def sign_in(self, account: str, password: str = PASSWORD) -> ClientResponse:
        return await self.client.post("/api/v1/session", json={"account": account, "password": password})

    async def token(self, account: str) -> str:
        return str((await (await self.sign_in(account)).json())["token"])

    async def get(self, account: str, path: str) -> tuple[int, Any]:
        """Status and JSON body of a GET in that account's name."""
        headers = {"Authorization": f"Bearer {await self.token(account)}"}
        async with self.client.get(path, headers=headers) as answer:
            return answer.status, await answer.json()


MakeSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def make_site(tmp_path: Path) -> AsyncIterator[MakeSite]:
    async with AsyncExitStack() as stack:

        async def make(extra_routes: Sequence[Route] = (), **settings: Any) -> Site:
            database = await Database.open(sqlite_url(tmp_path / "records.sqlite"))
            stack.push_async_callback(database.close)
            await _fill(database)
            clock, checks, metrics, shut_out = Clock(), Checks(), Metrics(), set[str]()
            ports = Ports(
                auth=SignIn(Accounts(database, CHEAP), Sessions(database, LIFETIME_US)),
                interactions=Interactions(database),
                board=Board(),
                health=checks,
                metrics=metrics,
                now=clock,
                login_allowed=lambda account: account not in shut_out,
            )
            app = build(ports, HttpSettings(version="0.1", **settings), extra_routes)
            client = await stack.enter_async_context(TestClient(TestServer(app)))
            return Site(client, clock, checks, metrics, shut_out, database)

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
