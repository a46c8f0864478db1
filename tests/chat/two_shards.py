"""Two shards in one process, a router and a database each: chats of the north overflow into the south's queue.

What the routers say to each other is carried over by hand (`settle`), so that a test can look in between.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from chat.guests import Guests
from router import events as facts
from router.commands import AnswerHandoff, Command
from router.policy import Elsewhere, Exit, Policy
from router.vocabulary import Medium
from server.chats.chat_shards import ChatHost, ChatLodger
from server.chats.far_files import FarFiles
from server.desks.contexts import InteractionContext
from server.nodes.peer_link import Answer, PeerUnreachableError
from tests.chat.house import House, house
from tests.chat.neighbours import policy
from tests.server.chat_nodes import carried


class Way:
    """server.nodes.shard_links.ShardLinks and the link in one: what the north asks the south's nodes."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Answer]] = {}
        self.cut: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.gate: asyncio.Event | None = None

    def of(self, shard: str) -> "Way | None":
        return self if shard == "south" else None

    @property
    def reached(self) -> frozenset[str]:
        return frozenset(self.nodes) - self.cut

    async def ask(self, node: str, kind: str, body: Any, timeout_s: float | None = None) -> Any:
        self.asked.append((node, kind))
        if self.gate is not None:
            await self.gate.wait()
        if node not in self.reached:
            raise PeerUnreachableError(node)
        answer = carried(await self.nodes[node][kind]("north/n1.1", carried(body)))
        if node not in self.reached:
            raise PeerUnreachableError(node)
        return answer


class Door:
    """server.chats.chat_homes.Peers of a node that has no others beside it."""

    def __init__(self) -> None:
        self.answer: dict[str, Answer] = {}
        self.reached: frozenset[str] = frozenset()


class Contexts:
    async def get(self, interaction_id: str) -> InteractionContext:
        return InteractionContext(
            interaction_id, "web_chat", "v1", "Visitor", ("main",), {"order": "7"}, kind="visitor"
        )


class Shards:
    """`north` and its chats' host; `others` says whether the south's node has others that take its visitors."""

    def __init__(self, north: House, *south: House) -> None:
        self.north, self.south, self.hosts = north, south[0], south
        self.way = Way()
        self.others = False
        self.guests = [self._host(place) for place in south]
        contexts = cast("Any", Contexts())
        door = cast("Any", Door())
        self.files = FarFiles(north.vault, door, north.node, _nobody)
        north.shards = ChatLodger("north", cast("Any", self.way), contexts, north.vault, self.files.fetch)
        north.rebuild()

    def _host(self, place: House) -> Guests:
        guests = Guests(place.conductor, place.ports, place.files, place.vault, place.tasks, lambda: self.others)
        place.conductor.fetch = partial(self._fetch, place)
        door = cast("Any", Door())
        FarFiles(place.vault, door, place.node, _nobody)
        ChatHost(door, guests)
        self.way.nodes[place.node] = door.answer
        place.router.execute.append(guests.execute)
        if place is self.south:
            place.router.execute.append(self._answered)
        return guests

    @property
    def home(self) -> House:
        """The node of the south that has the chat."""
        return next(place for place in self.hosts if place.conductor.chat("chat1") is not None)

    async def _fetch(self, place: House, interaction_id: str) -> bool:
        held = place.index.held(interaction_id)
        for other in self.hosts:
            chat = other.conductor.chat(interaction_id)
            if held is not None and held.terms.node == other.node != place.node and chat is not None:
                await other.conductor.taking_up.let_go(chat, place.node)
        return held is not None

    def settle(self) -> None:
        """The south is asked for what leaves, and its answers are heard."""
        for shard, asked in self.north.router.dispatcher.handoffs("north"):
            assert shard == "south"
            self.south.router.tell(asked, "handoff")

    async def restart_north(self) -> None:
        """Its node ends in order and starts anew, on the same rows and the same database."""
        await self.north.restart()

    def filler(self) -> facts.WorkQueued:
        """Somebody who waits in the south."""
        return facts.WorkQueued("filler", "filler", Medium.CHAT, "far_chat")

    def _answered(self, command: Command) -> None:
        if isinstance(command, AnswerHandoff):
            heard = facts.HandoffAnswered("south", command.token, command.refused, command.ended)
            self.north.router.tell(heard, "handoff")

    @property
    def hosted(self) -> bool:
        """Somebody there has made room."""
        return bool(self.north.router.dispatcher.handoffs("north"))


async def _nobody() -> set[str]:
    return set()


def north_policy() -> Policy:
    """Closed: whoever comes goes to `far_chat` of the south, or waits. `open_chat` is open."""
    rules = policy()
    shut = replace(rules.queues["web_chat"], closed=True, when_closed=Exit(queue="far_chat"))
    queues = {"web_chat": shut, "open_chat": replace(shut, name="open_chat", closed=False)}
    return replace(rules, queues=queues, elsewhere={"far_chat": Elsewhere("south", Medium.CHAT)})


def south_policy(max_waiting: int = 0) -> Policy:
    rules = policy()
    far = replace(rules.queues["web_chat"], name="far_chat", max_waiting=max_waiting)
    return replace(rules, queues={**rules.queues, "far_chat": far})


@asynccontextmanager
async def two_shards(folder: Path, *, max_waiting: int = 0) -> AsyncIterator[Shards]:
    """Folders and databases of their own; the south has two nodes."""
    for name in ("north", "south"):
        (folder / name).mkdir()
    async with (
        house(folder / "south", rules=south_policy(max_waiting)) as south,
        house(folder / "south", beside=south) as other,
        house(folder / "north", rules=north_policy()) as north,
    ):
        shards = Shards(north, south, other)
        try:
            yield shards
        finally:
            for guests in shards.guests:
                guests.close()
