"""A board's feed that a test writes, and rows for it."""

import asyncio
from collections.abc import Mapping

from http_api.board_messages import BoardWork, Key, Thing
from http_api.ports import AgentOverview, QueueOverview
from records.accounts import Role
from records.roles import Scope

SAM = Scope(Role.SUPERVISOR, "sam", frozenset({"t"}), frozenset({"ann"}), frozenset({"sales", "care"}))


class Ledger:
    """A feed that a test writes."""

    def __init__(self) -> None:
        self.version = 0
        self.kept: dict[Key, tuple[int, Thing | None]] = {}
        self.floor = 0
        self.watchers = 0
        self.news = asyncio.Event()

    def subscribe(self) -> None:
        self.watchers += 1

    def unsubscribe(self) -> None:
        self.watchers -= 1

    def put(self, key: Key, thing: Thing | None) -> None:
        self.version += 1
        self.kept[key] = (self.version, thing)
        self.news.set()

    def since(self, version: int) -> Mapping[Key, Thing | None] | None:
        if version < self.floor:
            return None
        return {key: thing for key, (changed, thing) in self.kept.items() if changed > version}

    def everything(self) -> Mapping[Key, Thing]:
        return {key: thing for key, (_, thing) in self.kept.items() if thing is not None}

    async def wait(self, version: int) -> None:
        while self.version <= version:
            self.news.clear()
            await self.news.wait()


def person(agent_id: str, team: str, load: int = 0) -> AgentOverview:
    return AgentOverview(
        agent_id=agent_id, team=team, presence="ready", reason=None, since=0, connected=True, load=load, capacity=3
    )


def queue(name: str, waiting: int = 0) -> QueueOverview:
    return QueueOverview(queue=name, medium="voice", waiting=waiting, oldest_queued_at=None)


def item(work_id: str, name: str) -> BoardWork:
    return BoardWork(
        work_id=work_id,
        interaction_id=f"i-{work_id}",
        medium="voice",
        queue=name,
        state="waiting",
        queued_at=1,
        attempts=0,
        order=(0, 1, 1),
        requirements={},
    )
