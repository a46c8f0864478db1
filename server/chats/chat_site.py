"""The site's files as chats need them."""

from collections.abc import Callable

from chat.limits import ChatLimits
from chat.machine import Patience
from chat.rules import Rule
from chat.site import ChatEntry, ChatSite
from config.chats import ChatEntryConfig, ChatsConfig
from router.vocabulary import Requirement
from server.current import CurrentSite

DEMO_PREFIX = "demo-"


def chat_site(
    current: CurrentSite,
    chats: ChatsConfig,
    node: str,
    new_id: Callable[[], str],
    *,
    serve_demo: bool,
    peers: Callable[[], tuple[str, ...]] = tuple,
    own_origins: Callable[[], frozenset[str]] = frozenset,
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
        peers=peers,
        own_origins=own_origins,
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
