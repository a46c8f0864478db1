"""When a callback or a message comes, is taken, put back or done: agents are told on their page, the board shows it.

The list itself is asked for (GET /api/v1/follow-ups); this tells what has changed in it since, on whichever node.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

import msgspec

from agents_ws import messages as m
from config.site import AgentConfig
from http_api.follow_ups_api import ShownFollowUp, shown
from records.accounts import Role
from records.follow_ups import FollowUp
from records.roles import Action, Extent, extent
from server.chats.chat_homes import Peers
from server.core.patience import patiently
from server.current import CurrentSite
from server.desks.titles import Titles
from server.floor.scopes import teams_of

KIND = "follow_up"
KEPT = 1000
AGAIN_S = 1.0


class Book(Protocol):
    """records.follow_ups.FollowUps."""

    async def get(self, follow_up_id: int) -> FollowUp | None: ...


class FollowUpNews:
    """`note` with each that came or changed; `run` is a task. `pages` gives the agents whose page is here.

    The board has the last thousand that changed, by id (server.floor.live.Part); `changed` is told of each.
    """

    def __init__(
        self,
        book: Book,
        current: CurrentSite,
        pages: Callable[[], Iterable[str]],
        send: Callable[[str, m.NumberedMessage], object],
        peers: Peers,
    ) -> None:
        self._book = book
        self._current = current
        self._titles = Titles(lambda: current.site)
        self._pages = pages
        self._send = send
        self._peers = peers
        self._waiting: asyncio.Queue[int] = asyncio.Queue()
        self._known: OrderedDict[int, FollowUp] = OrderedDict()
        self.changed: Callable[[str], None] = lambda _follow_up: None
        peers.hear[KIND] = self._hear

    def note(self, follow_up_id: int) -> None:
        """This node has written it."""
        self._waiting.put_nowait(follow_up_id)
        for node in self._peers.reached:
            self._peers.tell(node, KIND, follow_up_id)

    def things(self) -> tuple[tuple[str, ShownFollowUp], ...]:
        """Those that changed lately, for the board."""
        return tuple((str(number), shown(one, self._titles)) for number, one in self._known.items())

    def thing(self, name: str) -> ShownFollowUp | None:
        """One of them."""
        one = self._known.get(int(name))
        return None if one is None else shown(one, self._titles)

    async def run(self) -> None:
        """Until it is cancelled: one after the other, so that what is told last is what holds."""
        while True:
            number = await self._waiting.get()
            found = await patiently(partial(self._book.get, number), "follow_ups", AGAIN_S)
            if found is not None:
                self._tell(found)

    def _tell(self, one: FollowUp) -> None:
        self._known[one.id] = one
        self._known.move_to_end(one.id)
        if len(self._known) > KEPT:
            old, _ = self._known.popitem(last=False)
            self.changed(str(old))
        self.changed(str(one.id))
        teams = set(self._titles.teams(one.queue))
        message = m.FollowUpChanged(
            follow_up=msgspec.convert(msgspec.to_builtins(shown(one, self._titles)), m.FollowUp)
        )
        for agent_id in self._pages():
            agent = self._current.site.agents.get(agent_id)
            if agent is not None and _reaches(agent, teams):
                self._send(agent_id, message)

    def _hear(self, _node: str, body: Any) -> None:
        self._waiting.put_nowait(int(body))


def _reaches(agent: AgentConfig, teams: set[str]) -> bool:
    """As server.floor.scopes has it, for an agent and the teams of a queue."""
    role = Role(agent.role)
    match extent(role, Action.SEE_FOLLOW_UPS):
        case Extent.ALL:
            return True
        case Extent.TEAMS:
            return not teams.isdisjoint(teams_of(agent, role))
        case Extent.OWN | Extent.NONE:
            return False
