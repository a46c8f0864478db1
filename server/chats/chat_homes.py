"""Where chats are at home: each on the node of its work item, which numbers what is said and tells the visitor.

Agents, supervisors and visitors may be on any node. What agents and supervisors do is carried out at the chat's home
(server.chats.chat_acts), what the home shows them goes to the node of their page. A visitor brings the chat along to
the node that they come to, and the shard's owner takes up the chats of nodes that are gone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import msgspec
import structlog

from agents_ws import messages as m
from chat.conductor import ChatConductor
from chat.ports import ChatRefusedError, ChatStore, Held, StoreAwayError
from router.errors import RoutingEndedError
from router.events import AgentConnected, NodeLost, TimePassed
from router.rows import AgentRow, Turn, WorkRow
from router.vocabulary import Medium
from server.chats import chat_acts as a
from server.chats.chat_index import ChatIndex
from server.core.routing import Routing
from server.nodes.peer_link import Answer as PeerAnswer
from server.nodes.peer_link import Hear, PeerRefusedError, PeerUnreachableError
from store.errors import StoreError

log = structlog.get_logger(__name__)

T = TypeVar("T")

ACT, PAGE, AGAIN = "chat_act", "chat_page", "chat_again"
ANSWER_S = 5.0
LOOK_S = 1.0


class Peers(Protocol):
    """The other nodes (server.nodes.peer_link)."""

    answer: dict[str, PeerAnswer]
    hear: dict[str, Hear]
    found: list[Callable[[str], None]]
    lost: list[Callable[[str], None]]

    @property
    def reached(self) -> frozenset[str]: ...

    async def ask(self, node: str, kind: str, body: Any = None, timeout_s: float = ANSWER_S) -> Any: ...

    def tell(self, node: str, kind: str, body: Any = None) -> bool: ...


class ChatHomes:
    """`carry_out` does an act at this node; `page` gets what pages here are to show; `owning`, `nodes`: of the shard.

    `nodes` gives the labels that the shard knows; a node that it does not know says nothing any more.
    """

    def __init__(
        self,
        node: str,
        routing: Routing,
        peers: Peers,
        store: ChatStore,
        owning: Callable[[], bool],
        nodes: Callable[[], Awaitable[set[str]]],
    ) -> None:
        self._node = node
        self._routing = routing
        self.index = ChatIndex(routing.dispatcher)
        self._peers = peers
        self._store = store
        self._owning = owning
        self._nodes = nodes
        self.carry_out: Callable[[a.Act], Awaitable[Any]] = _nobody
        self.at_hand: Callable[[str], Awaitable[None]] = _at_once
        self.page: Callable[[a.ForPage], object] = lambda _shown: None
        # The page of whoever has the item is drawn anew.
        self.redraw: Callable[[str], object] = lambda _work_id: None
        # By agent the other node to which something was shown last.
        self._shown_at: dict[str, str] = {}
        # A node was lost since it was looked for chats that were ending there.
        self._left = False
        self._lost: set[str] = set()
        self._missing: set[str] = set()
        self._look = asyncio.Event()
        peers.answer[ACT] = self._answer
        peers.hear[AGAIN] = self._hear_again
        peers.found.append(self._found)
        peers.hear[PAGE] = self._hear_page

    # --- acts ----------------------------------------------------------------------------------------------------

    def elsewhere(self, row: WorkRow) -> bool:
        """Whether the item is a chat of another node."""
        return row.medium is Medium.CHAT and row.node not in ("", self._node)

    async def by_reservation(self, act: a.Say | a.HandOver | a.ParkIt | a.Type | a.Read, kind: type[T]) -> T:
        """What the agent does with the chat that they have. Raises ChatRefusedError."""
        row = self._routing.dispatcher.reservation(act.reservation_id)
        work = self._routing.dispatcher.work(row.work_id) if row is not None else None
        if row is None or work is None or row.agent_id != act.agent_id:
            raise ChatRefusedError("not_connected", f"reservation {act.reservation_id} is not a chat of yours")
        return await self.ask(work.node, act, kind)

    async def by_interaction(
        self,
        act: a.Show | a.Listen | a.StopListening | a.SayAsListener | a.ReadAlong | a.TakeOver,
        kind: type[T],
        timeout_s: float = ANSWER_S,
    ) -> T:
        """What is done with an open chat. Raises ChatRefusedError."""
        held = self.index.held(act.interaction_id)
        if held is None:
            raise ChatRefusedError("chat_over", "the chat is over")
        return await self.ask(held.terms.node, act, kind, timeout_s)

    async def ask(self, home: str, act: a.Act, kind: type[T], timeout_s: float = ANSWER_S) -> T:
        """Its answer, of that type. Raises ChatRefusedError, also where the home is not reached."""
        if home in ("", self._node):
            result: T = await _kept(self.carry_out(act))
            return result
        try:
            answer = msgspec.convert(await self._peers.ask(home, ACT, act, timeout_s), a.Answer)
        except (PeerUnreachableError, PeerRefusedError) as error:
            log.warning("chat_home_not_reached", home=home, act=type(act).__name__, error=str(error))
            raise ChatRefusedError("unavailable", "the chat is on a node that is not reached now") from error
        if answer.refused:
            raise ChatRefusedError(answer.refused, answer.message)
        return msgspec.convert(answer.result, kind)

    async def _answer(self, _node: str, body: Any) -> a.Answer:
        act = a.decode_act(body)
        try:
            if isinstance(act, a.Say | a.HandOver | a.ParkIt | a.Type | a.Read):
                await self._prepare(act.reservation_id)
            return a.Answer(result=await _kept(self.carry_out(act)))
        except ChatRefusedError as error:
            return a.Answer(refused=error.code, message=str(error))

    async def _prepare(self, reservation_id: str) -> None:
        """The agent's node may have heard of the accept before this one did, or the chat has just come here."""
        interaction_id = self.interaction_of(reservation_id)
        held = self.index.held(interaction_id)
        if held is None or held.reservation_id != reservation_id:
            await self._up_to_date()
        await self.at_hand(self.interaction_of(reservation_id))

    # --- pages ---------------------------------------------------------------------------------------------------

    def here(self, agent_id: str) -> bool:
        """Whether a page of the agent is connected, to any node."""
        row = self._routing.dispatcher.agent(agent_id)
        return row is not None and row.connected and Medium.CHAT in row.media

    def show(self, agent_id: str, interaction_id: str, message: m.NumberedMessage) -> None:
        """To the agent's page. What a node does not get its pages are shown when it is reached again."""
        shown = a.ForPage(agent_id=agent_id, interaction_id=interaction_id, message=message)
        row = self._routing.dispatcher.agent(agent_id)
        if row is None or row.node in ("", self._node):
            self.page(shown)
            return
        self._shown_at[agent_id] = row.node
        if not self._peers.tell(row.node, PAGE, shown):
            log.info("page_not_reached", agent_id=agent_id, node=row.node)

    def homed(self, interaction_id: str) -> bool:
        """Whether the chat is open and at home here, as far as the router goes."""
        held = self.index.held(interaction_id)
        return held is not None and held.terms.node == self._node

    def interaction_of(self, reservation_id: str) -> str:
        """Which interaction a reservation is about, "" when it is over."""
        row = self._routing.dispatcher.reservation(reservation_id)
        work = self._routing.dispatcher.work(row.work_id) if row is not None else None
        return "" if work is None else work.interaction_id

    def _hear_page(self, _node: str, body: Any) -> None:
        self.page(msgspec.convert(body, a.ForPage))

    def _hear_again(self, _node: str, body: Any) -> None:
        self.redraw(str(body))

    def _found(self, node: str) -> None:
        """While it was not reached its agents' pages may have missed something."""
        self._again(lambda agent: agent.node == node)

    def _came(self, agent_id: str) -> None:
        """A phone that registers at a node takes its agent there until their page says again where it is.

        What was shown there meanwhile nobody saw: the page where it is draws its chats again.
        """
        row = self._routing.dispatcher.agent(agent_id)
        if row is not None and self._shown_at.get(agent_id, row.node) != row.node:
            del self._shown_at[agent_id]
            self._again(lambda agent: agent.agent_id == agent_id)

    def _again(self, concerns: Callable[[AgentRow], bool]) -> None:
        board = self._routing.dispatcher
        for row in self.index.rows():
            if row.node != self._node:
                continue
            for one in board.holders(row.work_id):
                agent = board.agent(one.agent_id)
                if agent is None or not concerns(agent):
                    continue
                if agent.node == self._node:
                    self.redraw(row.work_id)
                else:
                    self._peers.tell(agent.node, AGAIN, row.work_id)

    # --- chats that change their node ----------------------------------------------------------------------------

    async def fetch(self, interaction_id: str) -> tuple[a.Listener, ...] | None:
        """Has the chat's home let it go to this node; who listened there. None when it is over.

        Raises ChatRefusedError while the home is not reached: it may come back, or the owner takes up what it had.
        """
        held = await self._known(interaction_id)
        if held is None or held.terms.node == self._node:
            return None if held is None else ()
        go = a.LetGo(interaction_id=interaction_id, node=self._node)
        listeners = await self.ask(held.terms.node, go, tuple[a.Listener, ...])
        await self._up_to_date()
        return listeners

    async def _known(self, interaction_id: str) -> Held | None:
        """A chat that was opened at another node a moment ago may not be known here yet."""
        held = self.index.held(interaction_id)
        if held is None:
            await self._up_to_date()
            held = self.index.held(interaction_id)
        return held

    async def _up_to_date(self) -> None:
        """What was committed before this call is known here afterwards."""
        await _kept(self._routing.post(TimePassed(), "chat:up_to_date"))

    def observe(self, turn: Turn) -> None:
        """Each committed turn: chats of a node that is lost are taken up at once."""
        self.index.observe(turn)
        if isinstance(turn.event, NodeLost):
            self._lost.add(turn.event.node)
            self._left = True
            self._look.set()
        elif isinstance(turn.event, AgentConnected):
            self._came(turn.event.agent_id)

    async def look_after(self, conductor: ChatConductor) -> None:
        """As the owner: takes up what is at home nowhere any more. Until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._look.wait()
            self._look.clear()
            if self._owning():
                try:
                    await self._take_up_homeless(conductor)
                    if self._left:
                        await conductor.taking_up.end_left()
                        self._left = False
                except (StoreError, StoreAwayError, RoutingEndedError) as error:
                    log.info("homeless_chats_not_looked_for", error=str(error))

    async def _take_up_homeless(self, conductor: ChatConductor) -> None:
        """A node that is missing for the second time has said all that it ever will: the owner has read its inbox."""
        away = [row for row in self.index.rows() if self.elsewhere(row)]
        if not away:
            self._missing, self._lost = set(), set()
            return
        missing = {row.node for row in away} - await self._nodes()
        homeless = missing & (self._missing | self._lost)
        self._missing, self._lost = missing, self._lost & missing
        for row in away:
            chat = await self._store.get(row.interaction_id) if row.node in homeless else None
            chat = chat and await conductor.taking_up.revived(chat)
            if chat is not None and chat.ended_by is None:
                await conductor.taking_up.take_up(chat)


async def _kept(done: Awaitable[Any]) -> Any:
    try:
        return await done
    except StoreAwayError as error:
        raise ChatRefusedError("unavailable", "the chat cannot be read now") from error
    except RoutingEndedError as error:
        raise ChatRefusedError("unavailable", "this node is ending") from error


async def _at_once(_interaction_id: str) -> None:
    return


async def _nobody(_act: a.Act) -> Any:
    raise ChatRefusedError("unavailable", "this node has no chats yet")
