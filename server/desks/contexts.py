"""What is known of each live interaction: who calls, what the IVR collected, what happened before.

Personal data stays here and in SQL; the journal and Redis see identifiers only. After a restart a context is read back
from SQL when somebody asks for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from chat.ports import Identity as ChatIdentity
from records.customers import Customers
from records.interactions import Interactions
from records.meetings import Earlier, Meetings
from server.tasks import TaskOwner

HISTORY_LENGTH = 5
# Who talked with them before the one before last is no acquaintance any more.
MAX_ACQUAINTED = 2
# How long anybody waits for the caller's earlier interactions; they are there long before, unless SQL is slow.
READY_TIMEOUT_S = 0.25
# How long a caller who would be called back is not queued yet, because SQL does not have their number.
KEPT_TIMEOUT_S = 2.0
PATH_KEY = "ivr_path"


@dataclass(slots=True)
class InteractionContext:
    """One live interaction. `history` is newest first, without this one."""

    interaction_id: str
    channel: str
    caller: str
    caller_name: str
    path: tuple[str, ...] = ()
    data: dict[str, str] = field(default_factory=dict)
    language: str = ""
    history: tuple[Earlier, ...] = ()
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    # Until SQL has who it is; None where nothing is to be kept.
    kept: asyncio.Event | None = None
    works: int = 0
    kind: str = "phone"
    verified: bool = False

    @property
    def number(self) -> str:
        """What agents are shown as the caller's number; empty for one who has none (a visitor of the web site)."""
        return self.caller if self.kind == "phone" else ""


class InteractionContexts:
    """The contexts of this node; implements what voice asks for."""

    def __init__(
        self,
        customers: Customers,
        interactions: Interactions,
        meetings: Meetings,
        tasks: TaskOwner,
        wall: Callable[[], int],
    ) -> None:
        self._customers = customers
        self._interactions = interactions
        self._meetings = meetings
        self._tasks = tasks
        self._wall = wall
        self._live: dict[str, InteractionContext] = {}
        # Whether a queue prefers whom the customer knows, by the rules that hold now.
        self.prefers: Callable[[str], bool] = lambda _queue: False
        # Whether a queue's callers are called back when their node is gone: another one must find their number then.
        self.calls_back: Callable[[str], bool] = lambda _queue: False
        # Asks the node of a work item (server.calls.far_contexts); None where that is this one, or it knows nothing.
        self.afar: Callable[[str, str], Awaitable[InteractionContext | None]] = _nowhere
        # Told when a customer begins an interaction while others of theirs are open (server.desks.customer_news).
        self.here_again: Callable[[str, Collection[str]], Awaitable[None]] | None = None

    def __len__(self) -> int:
        return len(self._live)

    # --- what voice tells ---------------------------------------------------------------------------------------

    def opened(self, interaction_id: str, channel: str, caller: str, caller_name: str, kind: str = "phone") -> None:
        """A customer's attempt begins; who they are (an identity of this kind) is looked up meanwhile."""
        context = InteractionContext(interaction_id, channel, caller, caller_name, kind=kind, kept=asyncio.Event())
        self._live[interaction_id] = context
        self._tasks.spawn(self._identify(context), f"identify:{interaction_id}")

    async def promised(self, context: InteractionContext) -> None:
        """A customer of another shard is to be called by this one: kept in SQL when this returns.

        Raises DatabaseError.
        """
        about = (context.interaction_id, context.kind, context.caller, context.verified, self._wall(), HISTORY_LENGTH)
        _, context.history = await self._meetings.meet(*about)
        if kept := _collected_in(context):
            await self._customers.collect(context.interaction_id, kept, self._wall())
        context.ready.set()
        self._live.setdefault(context.interaction_id, context)

    def chat_opened(
        self, interaction_id: str, channel: str, name: str, locale: str, identity: ChatIdentity | None
    ) -> None:
        """A visitor opened a chat; `identity` is what they are known by, if anything."""
        kind, value, verified = ("visitor", "", False)
        if identity is not None:
            kind, value, verified = identity.kind, identity.value, identity.verified
        context = InteractionContext(
            interaction_id,
            channel,
            value,
            name,
            language=locale,
            kind=kind,
            verified=verified,
            kept=asyncio.Event(),
        )
        self._live[interaction_id] = context
        self._tasks.spawn(self._identify(context), f"identify:{interaction_id}")

    def collected(self, interaction_id: str, data: Mapping[str, str], path: Sequence[str], language: str) -> None:
        """The IVR is done with the caller."""
        context = self._live.get(interaction_id)
        if context is None:
            return
        context.data, context.path, context.language = dict(data), tuple(path), language
        # A moment later, for many interactions in one transaction.
        if (kept := _collected_in(context)) and self._customers.collected.put(interaction_id, kept, self._wall()):
            self._tasks.spawn(self._customers.collected.write(), "collected")

    def closed(self, interaction_id: str) -> None:
        """The call is over; what the router has taken in is still needed, until it closes the work."""
        context = self._live.get(interaction_id)
        if context is not None and not context.works:
            self._live.pop(interaction_id, None)

    async def acquainted(self, interaction_id: str, queue: str) -> tuple[str, ...]:
        """The agents who talked with this customer last, where the queue prefers them; waits a moment for the past."""
        if self.calls_back(queue):
            await self._kept(interaction_id)
        if not self.prefers(queue):
            return ()
        history = (await self.get(interaction_id)).history
        met = dict.fromkeys(earlier.record.agent_id for earlier in history)
        return tuple(agent for agent in met if agent)[:MAX_ACQUAINTED]

    async def _kept(self, interaction_id: str) -> None:
        """Whoever is queued has their number in SQL, unless that is slow."""
        context = self._live.get(interaction_id)
        if context is None or context.kept is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(KEPT_TIMEOUT_S):
                await context.ready.wait()  # from here on it is among those whom a hurry concerns
                self._meetings.hurry()
                await context.kept.wait()

    def language(self, interaction_id: str) -> str:
        """In which the customer has been spoken to, "" when that is not known."""
        context = self._live.get(interaction_id)
        return context.language if context is not None else ""

    async def number(self, interaction_id: str) -> str:
        """The customer's telephone number, "" when none is known."""
        return (await self._peeked(interaction_id)).number

    async def who(self, interaction_id: str, work_id: str) -> tuple[str, str]:
        """Number and name of a customer whose call may be on another node."""
        context = await self._peeked(interaction_id, work_id)
        return context.number, context.caller_name

    # --- what the server asks -----------------------------------------------------------------------------------

    def queued(self, interaction_id: str) -> None:
        """The router has taken a work item: from now on it says when the context is done with."""
        if (context := self._live.get(interaction_id)) is not None:
            context.works += 1

    def drop(self, interaction_id: str) -> None:
        """The router has closed a work item; with the last one (a transfer makes another) the context goes."""
        if (context := self._live.get(interaction_id)) is not None:
            context.works -= 1
            if context.works <= 0:
                del self._live[interaction_id]

    def caller(self, interaction_id: str) -> tuple[str, str]:
        """Number and name as the call gave them, also before the past has been read; empty when it is not here."""
        context = self._live.get(interaction_id)
        return (context.number, context.caller_name) if context is not None else ("", "")

    def live(self, interaction_id: str) -> InteractionContext | None:
        """The context, if it is here, also before the past has been read."""
        return self._live.get(interaction_id)

    def cached(self, interaction_id: str) -> InteractionContext | None:
        """The context, if it is here and complete."""
        context = self._live.get(interaction_id)
        return context if context is not None and context.ready.is_set() else None

    async def get(
        self, interaction_id: str, work_id: str = "", within_s: float = READY_TIMEOUT_S
    ) -> InteractionContext:
        """The context, from the node of the work item or SQL when it is not here; an empty one when nothing is known.

        It waits `within_s` at most for what was before, which comes into the same context when it is read.

        What was read back stays here until `drop`: whoever asks makes sure that one comes.
        """
        context = self._live.get(interaction_id)
        if context is None:
            context = self._live[interaction_id] = await self._peeked(interaction_id, work_id)
            context.ready.set()
        if not context.ready.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await context.ready.wait()
        return context

    async def _peeked(self, interaction_id: str, work_id: str = "") -> InteractionContext:
        """As `get`, for whoever cannot make sure that a `drop` comes: it may be over meanwhile. Waits for no past."""
        live = self._live.get(interaction_id)
        return live or await self.afar(interaction_id, work_id) or await self._read_back(interaction_id)

    async def again(self, interaction_id: str) -> InteractionContext:
        """As `get`; what is here without a customer is read from SQL once more, as it may have been read too soon."""
        here = self._live.get(interaction_id)
        if here is not None and not here.caller:
            context = await self._read_back(interaction_id)
            context.works = here.works
            context.ready.set()
            self._live[interaction_id] = context
        return await self.get(interaction_id)

    async def _identify(self, context: InteractionContext) -> None:
        try:
            await self._look_up(context)
        finally:
            context.ready.set()
            if context.kept is not None:
                context.kept.set()
        others = [earlier.record.id for earlier in context.history if earlier.record.closed_at is None]
        if others and self.here_again is not None:
            await self.here_again(context.interaction_id, others)

    async def _look_up(self, context: InteractionContext) -> None:
        """First what was before, which an offer waits for; then who it is, which is written."""
        if not context.caller:
            return
        who = (context.interaction_id, context.kind, context.caller)
        context.history = await self._meetings.before(*who, HISTORY_LENGTH)
        context.ready.set()
        # Unverified: a number that came from no trunk, or a visitor's id, is only what the caller claims.
        await self._meetings.attach_soon(*who, context.verified, self._wall())

    async def _read_back(self, interaction_id: str) -> InteractionContext:
        view = await self._interactions.view(interaction_id)
        context = InteractionContext(interaction_id, view.record.channel if view else "", "", "", works=1)
        if view is not None:
            context.data = dict(view.data)
            path = context.data.pop(PATH_KEY, "")
            context.path = tuple(path.split(" > ")) if path else ()
            known = {identity.kind: identity for identity in reversed(view.identities)}
            context.kind = next((kind for kind in ("phone", "user") if kind in known), "visitor")
            if (identity := known.get(context.kind)) is not None:
                context.caller, context.verified = identity.value, not identity.unverified
            context.caller_name = next((each.name for each in view.messages if each.author == "customer"), "")
            if view.record.customer_id:
                customer_id = view.record.customer_id
                context.history = await self._meetings.earlier(customer_id, interaction_id, HISTORY_LENGTH)
        return context


def _collected_in(context: InteractionContext) -> dict[str, str]:
    """What the IVR collected, as SQL has it."""
    data = dict(context.data)
    if context.path:
        data[PATH_KEY] = " > ".join(context.path)
    return data


async def _nowhere(_interaction_id: str, _work_id: str) -> InteractionContext | None:
    return None
