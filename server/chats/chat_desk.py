"""Chats on the agents' side: what agents ask is carried out at the chat's home, wherever that is."""

from collections.abc import Callable

import structlog

from agents_ws import messages as m
from agents_ws.ports import Refusal
from chat.ports import ChatRefusedError
from http_api.targets_api import Availability
from records.handovers import MAX_NOTE
from records.messages import Message
from router.rows import WorkRow
from router.vocabulary import Medium
from server.chats import chat_acts as a
from server.chats.chat_cards import ChatCards
from server.chats.chat_homes import ChatHomes
from server.current import CurrentSite
from server.desks.park_desk import ParkDesk
from server.tasks import TaskOwner

log = structlog.get_logger(__name__)


class ChatDesk:
    """What agents ask of chats. `availability` says whether an agent could be offered a chat now."""

    def __init__(
        self,
        homes: ChatHomes,
        cards: ChatCards,
        current: CurrentSite,
        availability: Callable[[str, Medium], Availability],
        tasks: TaskOwner,
    ) -> None:
        self._homes = homes
        self._cards = cards
        self._current = current
        self._availability = availability
        self._tasks = tasks
        self.parked: ParkDesk | None = None

    async def message(self, agent_id: str, reservation_id: str, client_id: str, text: str) -> Refusal | None:
        """Say something."""
        said = a.Say(agent_id=agent_id, reservation_id=reservation_id, client_id=client_id, text=text)
        try:
            await self._homes.by_reservation(said, Message)
        except ChatRefusedError as error:
            return Refusal(error.code, str(error))
        return None

    async def transfer(self, agent_id: str, command: m.Transfer) -> Refusal | None:
        """Hand the chat on to a colleague or a queue; returns when it waits there."""
        note = (command.note or "").strip()
        if (refusal := self._unfit(agent_id, command)) is not None:
            return refusal
        if len(note) > MAX_NOTE:
            return Refusal("too_long", f"a note has at most {MAX_NOTE} characters")
        return await self._done(
            a.HandOver(
                agent_id=agent_id,
                reservation_id=command.reservation_id,
                to_agent=command.agent or "",
                to_queue=command.queue or "",
                note=note,
            )
        )

    async def park(self, agent_id: str, reservation_id: str, last: int, until_us: int | None) -> Refusal | None:
        """Park a chat of which the agent has seen everything up to `last`."""
        return await self._done(
            a.ParkIt(agent_id=agent_id, reservation_id=reservation_id, last=last, until_us=until_us)
        )

    def typing(self, agent_id: str, reservation_id: str, on: bool) -> None:
        """The agent types, or has stopped; without effect when the chat is over."""
        self._signal(a.Type(agent_id=agent_id, reservation_id=reservation_id, on=on))

    def read(self, agent_id: str, reservation_id: str, number: int) -> None:
        """The agent has read; without effect when the chat is over."""
        self._signal(a.Read(agent_id=agent_id, reservation_id=reservation_id, number=number))

    def elsewhere(self, work: WorkRow) -> bool:
        """Whether the item is a chat that has to be fetched before it is shown."""
        return self._cards.missing(work)

    async def fetch(self, work: WorkRow) -> None:
        """So that `card` has it."""
        await self._cards.fetch(work)

    def card(self, interaction_id: str) -> m.ChatCard | None:
        """The chat as a card shows it; None for an interaction that is none, or is long over."""
        shown = self._cards.of(interaction_id)
        return None if shown is None else shown.card

    def forget(self, interaction_id: str) -> None:
        """No work of it is open any more."""
        self._cards.forget(interaction_id)

    def _unfit(self, agent_id: str, command: m.Transfer) -> Refusal | None:
        if command.warm:
            return Refusal("not_voice", "a chat is handed on at once: write a note for the colleague")
        match command.agent, command.queue, command.number:
            case str(target), None, None:
                if target == agent_id or target not in self._current.site.agents:
                    return Refusal("unknown_agent", f"there is no agent {target} to transfer to")
                free = self._availability(target, Medium.CHAT) == "free"
                return None if free else Refusal("agent_unavailable", f"{target} is busy")
            case None, str(queue), None:
                known = self._current.site.queues.get(queue)
                if known is None or known.medium is not Medium.CHAT:
                    return Refusal("unknown_queue", f"no queue {queue} takes chats")
                return None
            case _:
                return Refusal("unclear_target", "name an agent or a queue")

    async def _done(self, act: a.HandOver | a.ParkIt) -> Refusal | None:
        try:
            await self._homes.by_reservation(act, type(None))
        except ChatRefusedError as error:
            return Refusal(error.code, str(error))
        return None

    def _signal(self, act: a.Type | a.Read) -> None:
        self._tasks.spawn(self._say(act), f"chat_signal:{act.reservation_id}")

    async def _say(self, act: a.Type | a.Read) -> None:
        try:
            await self._homes.by_reservation(act, type(None))
        except ChatRefusedError as error:
            log.debug("chat_signal_too_late", act=type(act).__name__, reason=error.code)
