"""The door: whether chats are taken at this hour, and messages that visitors leave when they are not."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from chat.identity import clean, hash_of, token_for
from chat.limits import Buckets
from chat.messages import EntryState, LeaveMessage
from chat.opening import identity_of
from chat.ports import ChatPorts, ChatRefusedError, LeftMessage, StoreAwayError
from chat.site import ChatEntry, ChatSite
from router import events as facts
from router.vocabulary import Medium

# Keys of messages that were kept: a page whose answer was lost sends the same one again.
REMEMBERED = 10_000


class Reception:
    """`site` gives the chats' site as it is now; `opens` is how often an address may begin something."""

    def __init__(self, site: Callable[[], ChatSite], ports: ChatPorts, opens: Buckets) -> None:
        self._site = site
        self._ports = ports
        self._opens = opens
        self._kept: OrderedDict[str, None] = OrderedDict()
        self._under_way: dict[str, asyncio.Lock] = {}

    def state(self, name: str) -> EntryState:
        """What a page shows to whoever comes to this entry now. Raises ChatRefusedError for an unknown one."""
        entry = self._entry(name)
        if self._is_open(entry):
            return EntryState(open=True)
        site, now = self._site(), self._ports.router.now()
        return EntryState(
            open=False,
            leave_message=entry.take_messages,
            holiday=site.holiday(entry.hours, now) or None,
            opens_at_us=site.opens_at(entry.hours, now),
        )

    def check_open(self, entry: ChatEntry) -> None:
        """Raises ChatRefusedError outside of the entry's hours."""
        if not self._is_open(entry):
            raise ChatRefusedError("outside_hours", "chats are not taken at this hour")

    async def leave(self, left: LeaveMessage, address: str) -> None:
        """Keeps a message, once for each key. Raises ChatRefusedError."""
        entry, site, now = self._entry(left.entry), self._site(), self._ports.router.now()
        if not entry.take_messages or self._is_open(entry):
            raise ChatRefusedError("no_messages", "no messages are taken here now: open a chat")
        text = clean(left.text)
        if not text or len(text) > site.limits.text_chars:
            raise ChatRefusedError("too_long" if text else "empty", f"1 to {site.limits.text_chars} characters")
        identity = identity_of(left.user, left.visitor_id, entry)
        key = hash_of(token_for(entry.secret, left.key))
        if key in self._kept:
            return
        if not self._opens.take(address, now):
            raise ChatRefusedError("too_fast", "too many messages from this address")
        interaction_id = site.new_id()
        name = clean(left.name).replace("\n", " ")[: site.limits.name_chars]
        message = LeftMessage(interaction_id, entry.queue, name, clean(left.contact), left.locale, text)
        if await self._keep(key, message):
            self._tell(entry, interaction_id)
            self._ports.contexts.chat_opened(interaction_id, entry.channel, name, left.locale, identity)
            self._ports.contexts.closed(interaction_id)

    async def _keep(self, key: str, message: LeftMessage) -> bool:
        """Whether it is kept now and was not before. The same one may come again before the first is kept."""
        lock = self._under_way.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if key in self._kept:
                    return False
                await self._ports.mailbox.keep(message)
                self._kept[key] = None
        except StoreAwayError as error:
            raise ChatRefusedError("unavailable", "the message could not be kept, send it again") from error
        finally:
            self._under_way.pop(key, None)
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return True

    def _tell(self, entry: ChatEntry, interaction_id: str) -> None:
        cause, router = f"chat:{interaction_id}", self._ports.router
        node = self._site().node
        router.tell(facts.InteractionOpened(interaction_id, entry.channel, Medium.CHAT, entry.name, node), cause)
        router.tell(facts.InteractionNoted(interaction_id, "message_left", (("queue", entry.queue),)), cause)
        router.tell(facts.InteractionClosed(interaction_id, "message_left"), cause)

    def _entry(self, name: str) -> ChatEntry:
        entry = self._site().entries.get(name)
        if entry is None:
            raise ChatRefusedError("unknown_entry", f"there is no entry {name!r}")
        return entry

    def _is_open(self, entry: ChatEntry) -> bool:
        return not entry.hours or self._site().is_open(entry.hours, self._ports.router.now())
