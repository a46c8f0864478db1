"""chats.toml: the published chat entries, how patient the site is, and what visitors may do. A site may have none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from config.files import in_file, read_file
from config.problems import ConfigProblems
from config.site import Site
from ivr.reading import FlowProblem, Table

FILE = "chats.toml"
MIN_SECRET = 16
CLOSED = ("notice", "message")
# What chats can carry at all; chat.sniff tells them apart by content.
FILE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain")
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class ChatEntryConfig:
    """A row of `entries`. `hours` names a calendar ("": always), `closed` what visitors find at other hours, of CLOSED.

    `languages`: first part of a locale -> (skill, minimum 1-10) demanded of the agent."""

    name: str
    channel: str
    queue: str
    priority: int
    origins: tuple[str, ...]
    secret: str = field(repr=False)
    languages: Mapping[str, tuple[tuple[str, int], ...]]
    rules: tuple["ChatRuleConfig", ...] = ()
    hours: str = ""
    closed: str = "notice"


@dataclass(frozen=True, slots=True)
class ChatRuleConfig:
    """A row of an entry's `rules`: what `signed` attributes and `data` must be, and what follows from it."""

    signed: Mapping[str, str]
    data: Mapping[str, str]
    priority: int
    requirements: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ChatsConfig:
    """The whole file. Durations in microseconds; limits are for one address, or one message.

    `file_types` none: no files are taken. `file_keep_us` counts from when a file was sent.
    """

    entries: Mapping[str, ChatEntryConfig]
    abandon_after_us: int
    agent_away_us: int
    text_chars: int
    messages_per_minute: int
    requests_per_minute: int
    opens_per_minute: int
    open_chats_per_address: int
    file_types: tuple[str, ...] = FILE_TYPES
    file_bytes: int = 10 * 1024 * 1024
    files_per_chat: int = 20
    file_keep_us: int = 90 * DAY_US


def load_chats(path: str | Path, site: Site) -> ChatsConfig:
    """Reads chats.toml in the folder `path`. Raises ConfigProblems with every mistake found."""
    problems: list[FlowProblem] = []
    file = read_file(Path(path) / FILE, problems)
    config = _read(file, site)
    file.finish()
    if problems:
        raise ConfigProblems(str(path), in_file(FILE, problems))
    return config


def _read(file: Table, site: Site) -> ChatsConfig:
    entries = {name: _entry(name, row, site) for name, row in file.tables("entries")}
    patience, limits, files = file.table("patience"), file.table("limits"), file.table("files")
    config = ChatsConfig(
        entries=MappingProxyType(entries),
        abandon_after_us=patience.seconds("abandon_after_s", 120, low=1),
        agent_away_us=patience.seconds("agent_away_s", 60, low=1),
        text_chars=limits.integer("text_chars", 4000, low=1, high=8000),
        messages_per_minute=limits.integer("messages_per_minute", 60, low=1),
        requests_per_minute=limits.integer("requests_per_minute", 600, low=1),
        opens_per_minute=limits.integer("opens_per_minute", 30, low=1),
        open_chats_per_address=limits.integer("open_chats_per_address", 20, low=1),
        file_types=files.names("types", FILE_TYPES, FILE_TYPES),
        file_bytes=files.integer("max_kb", 10_240, low=1, high=1_048_576) * 1024,
        files_per_chat=files.integer("per_chat", 20, low=1, high=1000),
        file_keep_us=files.integer("keep_days", 90, low=1, high=36_500) * DAY_US,
    )
    patience.finish()
    limits.finish()
    files.finish()
    return config


def _entry(name: str, row: Table, site: Site) -> ChatEntryConfig:
    languages = row.table("languages")
    demands = {tag: languages.levels(tag, site.skills) for tag in languages.values}
    languages.finish()
    entry = ChatEntryConfig(
        name=name,
        channel=row.choice("channel", [each.name for each in site.channels.values() if each.medium == "chat"]),
        queue=row.choice("queue", [each.name for each in site.queues.values() if each.medium == "chat"]),
        priority=row.integer("priority", 0, high=1000),
        origins=row.texts("origins", ()),
        secret=row.text("secret", ""),
        languages=MappingProxyType(demands),
        rules=tuple(_rule(rule, site) for rule in row.rows("rules")) if row.has("rules") else (),
        hours=row.choice("hours", site.calendars, ""),
        closed=row.choice("closed", CLOSED, "notice"),
    )
    row.finish()
    for index, origin in enumerate(entry.origins):
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}":
            row.problem(f"origins[{index}]", f'"{origin}" is no origin', 'for example "https://www.example.org"')
    if entry.secret and len(entry.secret) < MIN_SECRET:
        row.problem(
            "secret",
            f"has fewer than {MIN_SECRET} characters",
            "python -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return entry


def _rule(row: Table, site: Site) -> ChatRuleConfig:
    signed, data = row.table("signed"), row.table("data")
    rule = ChatRuleConfig(
        signed={key: signed.text(key) for key in signed.values},
        data={key: data.text(key) for key in data.values},
        priority=row.integer("priority", 0, high=1000),
        requirements=row.levels("requirements", site.skills),
    )
    if not rule.signed and not rule.data:
        row.problem("", "holds for everybody", 'give signed or data, for example signed = { tier = "gold" }')
    if not rule.priority and not rule.requirements:
        row.problem("", "changes nothing", "give priority or requirements")
    row.finish()
    return rule
