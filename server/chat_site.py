"""The site's files as chats need them, and how the router has its chats after a restart."""

from collections.abc import Callable

from chat.limits import ChatLimits
from chat.machine import Patience
from chat.ports import Held, Terms
from chat.rules import Rule
from chat.site import ChatEntry, ChatSite
from config.chats import ChatEntryConfig, ChatsConfig
from router.dispatcher import Dispatcher
from router.rows import WorkRow
from router.vocabulary import Medium, OfferState, Requirement, WorkState
from server.current import CurrentSite

DEMO_PREFIX = "demo-"
_TAKEN = (OfferState.ACCEPTED, OfferState.CONNECTED)


def chat_site(
    current: CurrentSite, chats: ChatsConfig, node: str, new_id: Callable[[], str], *, serve_demo: bool
) -> ChatSite:
    """Entries, patience and limits. A demo's public secret proves nobody where others can reach the server."""
    calendars = _Calendars(current)
    return ChatSite(
        entries={name: _entry(entry, serve_demo=serve_demo) for name, entry in chats.entries.items()},
        agent_name=lambda agent_id: agent.display_name if (agent := current.agent(agent_id)) else "",
        new_id=new_id,
        node=node,
        patience=Patience(abandon=chats.abandon_after_us, agent=chats.agent_away_us),
        limits=ChatLimits(
            text_chars=chats.text_chars,
            messages_per_minute=chats.messages_per_minute,
            requests_per_minute=chats.requests_per_minute,
            request_burst=max(60, chats.requests_per_minute // 10),
            opens_per_minute=chats.opens_per_minute,
            open_burst=max(10, chats.opens_per_minute // 10),
            open_chats_per_address=chats.open_chats_per_address,
            file_types=chats.file_types,
            file_bytes=chats.file_bytes,
            files_per_chat=chats.files_per_chat,
        ),
        emergency=lambda queue, locale: emergency_text(current, queue, locale),
        is_open=calendars.is_open,
        holiday=calendars.holiday,
        opens_at=calendars.opens_at,
    )


def emergency_text(current: CurrentSite, queue: str, locale: str) -> str:
    """What visitors who wait in the queue are told now: in their language, or in the first that there is."""
    known = current.site.queues.get(queue)
    texts = known.emergency_texts if known is not None else {}
    same = (text for language, text in texts.items() if language.partition("-")[0] == locale.partition("-")[0])
    return texts.get(locale) or next(same, next(iter(texts.values()), ""))


class _Calendars:
    """Those of the site at the time of asking."""

    def __init__(self, current: CurrentSite) -> None:
        self._current = current

    def is_open(self, calendar: str, now_utc_us: int) -> bool:
        return self._current.site.is_open(calendar, now_utc_us)

    def holiday(self, calendar: str, now_utc_us: int) -> str:
        return self._current.site.holiday(calendar, now_utc_us)

    def opens_at(self, calendar: str, now_utc_us: int) -> int | None:
        return self._current.site.opens_at(calendar, now_utc_us)


def held_chats(dispatcher: Dispatcher) -> dict[str, Held]:
    """Chats that the router has open, by interaction; those in wrap-up are over for the customer."""
    found: dict[str, list[WorkRow]] = {}
    for row in dispatcher.works():
        if row.medium is Medium.CHAT and row.state is not WorkState.WRAP_UP:
            found.setdefault(row.interaction_id, []).append(row)
    return {interaction_id: _held(dispatcher, rows) for interaction_id, rows in found.items()}


def _held(dispatcher: Dispatcher, rows: list[WorkRow]) -> Held:
    """The newest item is the one by which the chat goes on: it was just being handed on when there are others."""
    *others, row = sorted(rows, key=lambda row: row.sequence)
    taken = next((one for one in dispatcher.holders(row.work_id) if one.state in _TAKEN), None)
    return Held(
        talking=taken is not None,
        parked=row.parked_by is not None and row.not_before is not None,
        reservation_id=taken.reservation_id if taken else "",
        agent_id=taken.agent_id if taken else "",
        work_id=row.work_id,
        queue=row.queue,
        directed=row.directed or "",
        terms=Terms(row.requirements, row.priority, row.attributes, row.node),
        left=tuple(one.reservation_id for other in others for one in dispatcher.holders(other.work_id)),
    )


def _entry(entry: ChatEntryConfig, *, serve_demo: bool) -> ChatEntry:
    public = entry.secret.startswith(DEMO_PREFIX)
    return ChatEntry(
        name=entry.name,
        channel=entry.channel,
        queue=entry.queue,
        secret="" if public and not serve_demo else entry.secret,
        origins=frozenset(entry.origins),
        languages={
            tag: tuple(Requirement(skill, minimum) for skill, minimum in demands)
            for tag, demands in entry.languages.items()
        },
        priority=entry.priority,
        rules=tuple(
            Rule(
                signed=rule.signed,
                data=rule.data,
                priority=rule.priority,
                requirements=tuple(Requirement(skill, minimum) for skill, minimum in rule.requirements),
            )
            for rule in entry.rules
        ),
        hours=entry.hours,
        take_messages=entry.closed == "message",
    )
