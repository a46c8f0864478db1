"""What stands behind the API: a board of two queues, figures, alerts, explanations, and acts that are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import msgspec

from http_api.alerts_api import AlertOverview, covers
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
from http_api.rules_api import AgentRules, QueueRules
from http_api.statistics_api import Period, Step, Tally, TooManyRowsError
from http_api.supervision_api import Candidate, Explanation, Refused, WaitingList
from http_api.work_api import NewWork, Submitted
from records.accounts import Role
from records.roles import Action, Scope
from records.sessions import Caller, SignIn
from router.alerts import Alert, AlertKind
from router.counters import Counters
from tests.records.turns import START


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
