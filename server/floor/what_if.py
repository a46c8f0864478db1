"""What a change would do: a copy of this moment goes to a process of its own, which plays it under both rules.

Read are the shard's rows as they are committed, the policy and the statistics; nothing is written, and the dispatcher
hears nothing of it. The process is of low priority, ends after half a minute, and sooner when nobody reads its lines.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog

from config.patches import RulesProblem, UnknownSubjectError
from config.policy import site_policy
from config.site import Site
from http_api.what_if_api import Change, Refused, Unfit, Unknown
from http_api.what_if_messages import Assumed, Compared, Failed, Line, QueueAssumption, TeamAssumption, Working
from records.roles import Action, Scope
from router.policy import Policy, QueuePolicy
from router.vocabulary import Medium
from server.core.recent_demands import RecentDemands
from server.floor.what_if_basis import HORIZON_US, Past, QueueFacts, queue_basis, team_basis
from server.floor.what_if_worker import Question, encode
from simulator.moment import QueueBasis, TeamBasis
from store.codec import encode_row
from store.lease import Lease
from store.segment import RawImage

log = structlog.get_logger(__name__)

_ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 30.0
# A process that is this late has lost its way.
LATE_S = 60.0
MAX_ASKING = 2
PROGRESS_S = 1.0
SEED = 1
# Rows can be long: thousands of queues on one line.
_LINE_LIMIT = 1 << 24


class Store(Protocol):
    """The shard's rows as they are stored."""

    async def raw_image(self, lease: Lease | None) -> RawImage: ...


class Rules(Protocol):
    """The site with edits that nobody has made (server.floor.overlay.Overlay)."""

    def tried(self, changes: Mapping[str, Mapping[str, object]]) -> Site: ...


class Measured(Protocol):
    """The statistics (server.persistence.statistics.StatisticsKeeper)."""

    async def past(self, horizon_us: int) -> Past: ...


class WhatIf:
    """`ask` starts one process for each question, two at a time. `now` gives the shard's time, `wall` the clock's."""

    def __init__(
        self,
        store: Store,
        lease: Lease | None,
        policy: Callable[[], Policy],
        rules: Rules,
        site: Callable[[], Site],
        measured: Measured,
        demands: RecentDemands,
        now: Callable[[], int],
        wall: Callable[[], int],
        limit_s: float = LIMIT_S,
    ) -> None:
        self._store = store
        self._lease = lease
        self._policy = policy
        self._rules = rules
        self._site = site
        self._measured = measured
        self._demands = demands
        self._now = now
        self._wall = wall
        self._limit_s = limit_s
        self.asking = 0

    async def ask(self, change: Change, scope: Scope) -> AsyncGenerator[Line]:
        """As http_api.what_if_api.WhatIf has it."""
        if self.asking >= MAX_ASKING:
            raise Refused
        self.asking += 1
        try:
            assumed, question = await self._question(change, scope)
        except BaseException:
            self.asking -= 1
            raise
        return _Lines(_lines(assumed, question), self._over)

    def _over(self) -> None:
        self.asking -= 1

    async def _question(self, change: Change, scope: Scope) -> tuple[Assumed, Question]:
        before = self._policy()
        try:
            changed = self._rules.tried(change.rules)
        except RulesProblem as wrong:
            raise Unfit(tuple(f"{each.path} {each.message}" for each in wrong.problems)) from wrong
        except UnknownSubjectError as unknown:
            raise Unknown from unknown
        if unknown_agents := set(change.presences) - set(before.agents):
            raise Unknown(", ".join(sorted(unknown_agents)))
        after = await asyncio.to_thread(site_policy, changed, self._wall())
        past = await self._measured.past(HORIZON_US)
        raw = await self._store.raw_image(self._lease)
        # Other shards are no part of what is played.
        rows = replace(raw, clock=max(raw.clock, self._now()), neighbours=())
        queues, teams = self._basis(before, past)
        shown = tuple(name for name in before.queues if scope.covers_queue(Action.TRY_CHANGES, name))
        members = dict.fromkeys(agent.team for agent in before.agents.values())
        shown_teams = tuple(team for team in members if scope.covers_team(Action.TRY_CHANGES, team))
        assumed = Assumed(
            at=self._wall(),
            horizon_us=HORIZON_US,
            open_work=len(raw.work),
            queues=tuple(told for _, told in queues if told.queue in shown),
            teams=tuple(told for _, told in teams if told.team in shown_teams),
        )
        stored = await asyncio.to_thread(lambda: (encode_row(before), encode_row(after)))
        return assumed, Question(
            rows,
            *stored,
            dict(change.presences),
            tuple(basis for basis, _ in queues),
            tuple(basis for basis, _ in teams),
            shown,
            shown_teams,
            HORIZON_US,
            self._limit_s,
            SEED,
        )

    def _basis(
        self, policy: Policy, past: Past
    ) -> tuple[Sequence[tuple[QueueBasis, QueueAssumption]], Sequence[tuple[TeamBasis, TeamAssumption]]]:
        site = self._site()
        of_medium: dict[Medium, list[str]] = {}
        for queue in policy.queues.values():
            of_medium.setdefault(queue.medium, []).append(queue.name)
        members: dict[str, list[str]] = {}
        for agent in policy.agents.values():
            members.setdefault(agent.team, []).append(agent.agent_id)
        queues = [
            queue_basis(_facts(site, queue), past, of_medium[queue.medium], self._demands.of(name))
            for name, queue in policy.queues.items()
        ]
        return queues, [team_basis(team, agents, past) for team, agents in members.items()]


def _facts(site: Site, queue: QueuePolicy) -> QueueFacts:
    rules = site.queues.get(queue.name)
    return QueueFacts(
        queue=queue.name,
        medium=queue.medium,
        threshold_us=rules.service_level.threshold_us if rules else 0,
        short_us=rules.short_abandon_us if rules else 0,
        wrap_up_us=queue.wrap_up_us,
    )


class _Lines(AsyncGenerator[Line, None]):
    """The lines; `over` is called once, when they are closed or at their end.

    A generator that nobody began to read does nothing when it is closed: not what stands in its `finally` either.
    """

    def __init__(self, lines: AsyncGenerator[Line, None], over: Callable[[], None]) -> None:
        self._lines = lines
        self._over: Callable[[], None] | None = over

    async def asend(self, value: None) -> Line:
        try:
            return await self._lines.asend(value)
        except BaseException:
            self._end()
            raise

    async def athrow(self, *error: Any) -> Line:
        try:
            return await self._lines.athrow(*error)
        finally:
            self._end()

    async def aclose(self) -> None:
        try:
            await self._lines.aclose()
        finally:
            self._end()

    def _end(self) -> None:
        over, self._over = self._over, None
        if over is not None:
            over()


async def _lines(assumed: Assumed, question: Question) -> AsyncGenerator[Line, None]:
    yield assumed
    async with aclosing(answers(await asyncio.to_thread(encode, question))) as lines:
        async for line in lines:
            yield line


async def answers(question: bytes) -> AsyncGenerator[Line]:
    """The process's lines, and a sign of life each second without one. Ends the process, whatever happens."""
    clock = asyncio.get_running_loop().time
    began = clock()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.floor.what_if_worker"),
        cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LINE_LIMIT,
    )
    assert process.stdin is not None  # noqa: S101 - it was asked for
    assert process.stdout is not None  # noqa: S101
    reading: asyncio.Task[bytes] | None = None
    try:
        process.stdin.write(question)
        reading = asyncio.create_task(process.stdout.readline(), name="what_if:line")
        while clock() - began < LATE_S:
            await asyncio.wait((reading,), timeout=PROGRESS_S)
            if not reading.done():
                yield Working(round((clock() - began) * 1e6))
                continue
            if not (data := reading.result()):
                break
            line = msgspec.json.decode(data, type=Compared)
            yield line
            if line.done:
                return
            reading = asyncio.create_task(process.stdout.readline(), name="what_if:line")
        yield await _failed(process)
    finally:
        if reading is not None:
            reading.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _failed(process: asyncio.subprocess.Process) -> Failed:
    if process.returncode is None:
        process.kill()
    assert process.stderr is not None  # noqa: S101 - it was asked for
    error = await process.stderr.read()
    log.error("what_if_failed", status=await process.wait(), error=error.decode(errors="replace")[-2000:])
    return Failed("failed")
