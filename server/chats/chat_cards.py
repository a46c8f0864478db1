"""Chats on the pages of this node's agents that are at home elsewhere: as their homes show them.

A card is fetched before a page is drawn with it. What the home shows meanwhile comes by another way, and may come
before the card or after it: both are put together by the numbers of the messages. A page that was drawn without the
card is drawn again once there is one.
"""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from agents_ws import messages as m
from chat.ports import ChatRefusedError
from router.rows import WorkRow
from router.vocabulary import Medium
from server.chats.chat_acts import ForPage, Show, Shown
from server.chats.chat_homes import ChatHomes
from server.tasks import TaskOwner

MOST_LINES = 200
# A page is not kept waiting for a node that does not answer: it is asked again.
FETCH_S = 1.5
AGAIN_S = 0.5


class ChatCards:
    """`own` gives a chat of this node and `has` says whether it is at hand here, `send` is the hub's."""

    def __init__(
        self,
        homes: ChatHomes,
        has: Callable[[str], bool],
        own: Callable[[str], Shown | None],
        send: Callable[[str, m.NumberedMessage], object],
        tasks: TaskOwner,
    ) -> None:
        self._homes = homes
        self._has = has
        self._own = own
        self._send = send
        self._tasks = tasks
        self._kept: dict[str, Shown] = {}
        self._asking: set[str] = set()
        homes.page = self.show

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, interaction_id: str) -> Shown | None:
        """The chat as far as it is known here; None for an interaction that is none, or is long over."""
        return self._own(interaction_id) or self._kept.get(interaction_id)

    def missing(self, work: WorkRow) -> bool:
        """Whether the item is a chat that is to be fetched before it is shown: from its home, or from SQL to here."""
        if work.medium is not Medium.CHAT:
            return False
        if self._homes.elsewhere(work):
            return True
        return self._homes.homed(work.interaction_id) and not self._has(work.interaction_id)

    async def fetch(self, work: WorkRow) -> None:
        """As its home has it now. Where that is not reached, what is known here is shown, and the rest later on."""
        if (
            not self.missing(work)
            or await self._asked(work, work.node)
            or self._homes.index.held(work.interaction_id) is None
        ):
            return
        # No card at all would be work that is no chat.
        self._kept.setdefault(work.interaction_id, Shown(card=m.ChatCard(), name=""))
        if work.interaction_id not in self._asking:
            self._asking.add(work.interaction_id)
            self._tasks.spawn(self._ask_again(work), f"chat_card:{work.interaction_id}")

    async def _asked(self, work: WorkRow, home: str) -> bool:
        interaction_id = work.interaction_id
        try:
            shown = await self._homes.ask(home, Show(interaction_id=interaction_id), tuple[Shown, ...], FETCH_S)
        except ChatRefusedError:
            return False
        if shown and not self._has(interaction_id) and self._homes.index.knows(work.work_id):
            known = self._kept.get(interaction_id)
            self._kept[interaction_id] = shown[0] if known is None else _together(shown[0], known.card.lines)
        return bool(shown)

    async def _ask_again(self, work: WorkRow) -> None:
        """Whoever has the chat by then sees what was missing, wherever its home is by then."""
        while work.interaction_id in self._asking:
            await asyncio.sleep(AGAIN_S)
            held = self._homes.index.held(work.interaction_id)
            if held is None:
                self._asking.discard(work.interaction_id)
            elif await self._asked(work, held.terms.node):
                self._asking.discard(work.interaction_id)
                self._homes.redraw(held.work_id)

    def forget(self, interaction_id: str) -> None:
        """Nobody here has it any more."""
        self._kept.pop(interaction_id, None)
        self._asking.discard(interaction_id)

    def show(self, shown: ForPage) -> None:
        """From the chat's home, to a page of this node."""
        message = shown.message
        elsewhere = self._own(shown.interaction_id) is None and self._homes.index.held(shown.interaction_id) is not None
        if isinstance(message, m.ChatMessage) and elsewhere:
            known = self._kept.get(shown.interaction_id, Shown(card=m.ChatCard(), name=""))
            line = m.ChatLine(
                number=message.number,
                author=message.author,
                name=message.name,
                text=message.text,
                at_us=message.at_us,
                client_id=message.client_id,
                file=message.file,
            )
            self._kept[shown.interaction_id] = _together(known, (line,))
        self._send(shown.agent_id, message)


def _together(shown: Shown, lines: tuple[m.ChatLine, ...]) -> Shown:
    merged = {line.number: line for line in (*lines, *shown.card.lines)}
    newest = tuple(merged[number] for number in sorted(merged))[-MOST_LINES:]
    return Shown(card=replace(shown.card, lines=newest), name=shown.name)
