"""The real application on a loopback port, over a real SQLite file with two calls in it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from http_api.alerts_api import AlertOverview, covers
from http_api.app import HttpSettings, Ports, build
from http_api.edits import Conflict, Invalid
from http_api.explain_api import (
    AgentExplanation,
    Busy,
    HeldItems,
    OfferExplanation,
    QueueReason,
    WorkExplanation,
)
from http_api.ports import AgentOverview, HeldWork, QueueOverview, ServiceLevel
from http_api.routes import Route
from http_api.rules_api import AgentRules, QueueRules
from http_api.statistics_api import Period, Step, Tally, TooManyRowsError
from http_api.supervision_api import Candidate, Explanation, Refused, WaitingList
from http_api.work_api import NewWork, Submitted
from records.accounts import Account, Accounts, Role
from records.audit import Audit
from records.customers import Customers
from records.database import Database
from records.follow_ups import FollowUps
from records.interactions import Interactions
from records.notes import Notes
from records.projector import Projector
from records.roles import Action, Scope
from records.sessions import Caller, Sessions, SignIn
from records.webhooks import Deliveries
from router.alerts import Alert, AlertKind
from router.counters import Counters
from telemetry.metrics import Metrics
from tests.databases import migrated
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
        level = ServiceLevel(threshold_us=10, target=0.8, answered=4, within=2, level=0.5)
        orders = QueueOverview(
            queue="orders", medium="voice", waiting=2, oldest_queued_at=START, title="Orders", service_level=level
        )
        return [orders, QueueOverview(queue="experts", medium="chat", waiting=0, oldest_queued_at=None)]

    def agents(self) -> Sequence[AgentOverview]:
        held = HeldWork(
            interaction_id="i1", medium="voice", queue="orders", state="connected", since=START, work_id="w1"
        )
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


class Figures:
    """Two calls of each name that there may be."""

    asked: list[tuple[Any, ...]]

    def __init__(self) -> None:
        self.asked = []

    async def table(self, kind: str, period: Period, day: date | None, step: Step) -> Sequence[Tally]:
        self.asked.append((kind, period.value, day, step.value))
        if step is Step.SLOT:
            raise TooManyRowsError
        names = {"queue": ("experts", "orders"), "agent": ("anna", "dora")}.get(kind, (kind,))
        counters = Counters(
            arrived=3, answered=2, within=1, abandoned=1, wait_us=30, handled=2, talk_us=90, busy_us=3, idle_us=1
        )
        return [Tally(name, START, START + 1, counters) for name in names]


class Book:
    """Alerts about a queue, an agent and a channel of the first team, and about what is not theirs."""

    def __init__(self) -> None:
        about = (("queue", "orders"), ("queue", "experts"), ("agent", "anna"), ("agent", "dora"), ("channel", "line"))
        self.alerts = {
            number: Alert(number, AlertKind.BACKLOG, kind, name, START, {"waiting": 60})
            for number, (kind, name) in enumerate(about, 1)
        }
        self.asked: list[tuple[int, int | None, bool]] = []

    def open(self, alert_id: int) -> Alert | None:
        return self.alerts.get(alert_id)

    def covers(self, scope: Scope, action: Action, alert: Alert) -> bool:
        return covers(scope, action, self.overview(alert))

    def overview(self, alert: Alert) -> AlertOverview:
        return AlertOverview.of(alert, "first" if alert.subject_kind == "channel" else "")

    async def acknowledge(self, alert_id: int, by: str) -> Alert:
        if self.alerts[alert_id].acknowledged_by is not None:
            raise ValueError(alert_id)
        self.alerts[alert_id] = replace(self.alerts[alert_id], acknowledged_by=by, acknowledged_at=START + 1)
        return self.alerts[alert_id]

    async def page(self, scope: Scope, limit: int, before: int | None, *, open_only: bool) -> Sequence[AlertOverview]:
        self.asked.append((limit, before, open_only))
        seen = [each for each in self.alerts.values() if self.covers(scope, Action.SEE_ALERTS, each)]
        return [self.overview(each) for each in reversed(seen) if before is None or each.id < before][:limit]


class FirstTeam:
    """Everybody's team is `first`; anna and queue `orders` are of it, dora and `experts` are not."""

    def of(self, caller: Caller) -> Scope:
        teams, agents = frozenset({"first"}), frozenset({"anna", "trainee"})
        return Scope(caller.role, caller.agent_id, teams, agents, frozenset({"orders"}))


class Names:
    """Titles of the two queues; agents are called by their ids in capitals."""

    def queue(self, name: str) -> str:
        return {"orders": "Orders"}.get(name, name)

    def teams(self, queue: str) -> tuple[str, ...]:
        return {"orders": ("first",)}.get(queue, ())

    def agent(self, agent_id: str) -> str:
        return agent_id.upper()


class Explained:
    """Stands for the explanations: w1 waits in orders, w2 in experts; w3 was forgotten meanwhile, w4 is too much."""

    async def queue_of(self, work_id: str) -> str | None:
        return {"w1": "orders", "w2": "experts", "w3": "orders", "w4": "orders"}.get(work_id)

    async def of_work(self, work_id: str, candidates: int) -> WorkExplanation | None:
        if work_id == "w4":
            raise Busy
        if work_id == "w3":
            return None
        now = Explanation("best_proficiency", "v1", {}, (Candidate("anna", None, "", {"load": candidates}),))
        offer = OfferExplanation(
            sequence=7,
            at=START,
            agent_id="anna",
            attempt=1,
            policy_version="v1",
            strategy="best_proficiency",
            terms={"load": 0},
            runner_up=None,
            runner_up_terms={},
        )
        found = WorkExplanation(
            work_id=work_id, interaction_id="i1", queue="orders", state="waiting", summary="It waits.", now=now
        )
        return msgspec.structs.replace(found, offers=(offer,))

    async def of_agent(self, agent_id: str, scope: Scope) -> AgentExplanation | None:
        if agent_id == "trainee":
            return None
        reason = QueueReason(queue="orders", medium="voice", waiting=2, looked_at=2, failed={"skill": 2})
        return AgentExplanation(
            agent_id=agent_id,
            reason="presence",
            summary="The agent is offline.",
            presence="offline",
            presence_reason=None,
            since=START,
            connected=False,
            load=0,
            capacity=1,
            held={"voice": HeldItems(0, 1)},
            queues=(reason,) if scope.covers_queue(Action.SEE_QUEUES, "orders") else (),
        )


@dataclass
class Asked:
    """Stands for supervision, rules and programs: keeps what was asked, answers what a test says."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    refusal: Refused | None = None
    conflict: Conflict | Invalid | None = None
    owner: str | None = None
    explained: list[bool] = field(default_factory=list)

    async def set_presence(self, caller: Caller, *what: object) -> Refused | int:
        self.calls.append(("presence", caller.account, *what))
        return self.refusal or len(self.calls)

    async def move(self, caller: Caller, *what: object) -> Refused | int:
        self.calls.append(("move", caller.account, *what))
        return self.refusal or len(self.calls)

    async def direct(self, caller: Caller, *what: object) -> Refused | int:
        self.calls.append(("direct", caller.account, *what))
        return self.refusal or len(self.calls)

    async def pull_back(self, caller: Caller, *what: object) -> Refused | int:
        self.calls.append(("pull_back", caller.account, *what))
        return self.refusal or len(self.calls)

    async def cancel(self, caller: Caller, *what: object) -> Refused | int:
        self.calls.append(("cancel", caller.account, *what))
        return self.refusal or len(self.calls)

    async def submitter(self, work_id: str) -> str | None:
        return self.owner

    def queue_of(self, work_id: str) -> str | None:
        return {"w1": "orders", "w2": "experts"}.get(work_id)

    async def waiting(self, scope: Scope, queue: str | None, limit: int, explain: bool) -> WaitingList:
        self.explained.append(explain)
        return WaitingList((), 0)

    async def agent(self, agent_id: str) -> AgentRules | None:
        if agent_id not in ("anna", "dora"):
            return None
        return AgentRules(
            agent_id=agent_id,
            version=4,
            team="first",
            skills={"english": 5},
            capacity={"voice": 1},
            total_units=1,
            edited=(),
            history=(),
        )

    async def queue(self, queue: str) -> QueueRules | None:
        if queue not in ("orders", "experts"):
            return None
        return QueueRules(
            queue=queue,
            version=4,
            priority=0,
            offer_timeout_us=1,
            wrap_up_us=1,
            threshold_us=1,
            target=0.8,
            teams=("first",),
            edited=(),
            history=(),
        )

    async def edit(self, caller: Caller, *what: object) -> Conflict | Invalid | int:
        self.calls.append(("edit", caller.account, *what))
        return self.conflict or len(self.calls)

    async def submit(self, caller: Caller, work: NewWork, key: str | None, body: bytes) -> Submitted | Refused:
        self.calls.append(("submit", caller.account, work, key))
        return self.refusal or Submitted("api-1", "i9")


class Doors(SignIn):
    """Sign-in that knows the key `jfk_crm`."""

    async def authenticate(self, token: str, now: int) -> Caller | None:
        if token == "jfk_crm":
            return Caller("key:crm", Role.API, None, now + 1)
        return await super().authenticate(token, now)


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
            clock, checks, metrics, shut_out, asked = Clock(), Checks(), Metrics(), set[str](), Asked()
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
                login_allowed=lambda account: account not in shut_out,
            )
            routes = extra_routes(ports) if callable(extra_routes) else extra_routes
            app = build(ports, HttpSettings(version="0.1", **settings), routes)
            client = await stack.enter_async_context(TestClient(TestServer(app)))
            return Site(client, clock, checks, metrics, shut_out, database, asked, figures, book)

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
