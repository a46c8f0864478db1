"""One function for each kind of row in a site's files; names from other files are checked against what is given."""

from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from config.site import (
    MEDIA,
    ROLES,
    STATIONS,
    STRATEGIES,
    AgentConfig,
    Channel,
    Entry,
    LookUpConfig,
    Named,
    QueueConfig,
    ServiceLevel,
    TeamConfig,
)
from ivr.reading import Table, suggest


@dataclass(frozen=True, slots=True)
class QueueNames:
    """What a queue may refer to."""

    skills: Collection[str]
    teams: Collection[str]
    dispositions: Collection[str]
    prompts: Collection[str]
    languages: Collection[str]


def read_named(name: str, table: Table) -> Named:
    """A code with a title."""
    named = Named(name, table.text("title"))
    table.finish()
    return named


def read_team(name: str, table: Table) -> TeamConfig:
    """A row of teams.toml."""
    team = TeamConfig(name, table.text("title"))
    table.finish()
    return team


def read_entry(user: str, table: Table, flows: Collection[str], channels: Collection[str]) -> Entry:
    """A row of `entries` in site.toml."""
    entry = Entry(
        user,
        flow=table.choice("flow", flows),
        channel=table.choice("channel", channels),
        web=table.flag("web", default=True),
    )
    table.finish()
    return entry


def read_lookup(name: str, table: Table) -> LookUpConfig:
    """A row of `lookups` in site.toml."""
    lookup = LookUpConfig(
        name=name,
        url=table.text("url"),
        max_bytes=table.integer("max_kb", 64, low=1, high=1024) * 1024,
        token_variable=table.text("token_variable", ""),
    )
    table.finish()
    if lookup.url and not _is_base_url(lookup.url):
        hint = "for example https://orders.example.com/api"
        table.problem("url", f'"{lookup.url}" is not the http or https URL of a service', hint)
    if lookup.token_variable.startswith("JACKFIELD_"):
        table.problem("token_variable", "begins with JACKFIELD_, which is for settings", "take another name")
    return lookup


def _is_base_url(url: str) -> bool:
    """Without user, query and fragment: the path of a look-up is put behind it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password) and port != 0
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain


def read_channel(name: str, table: Table, calendars: Collection[str], teams: Collection[str]) -> Channel:
    """A row of channels.toml."""
    channel = Channel(
        name=name,
        sequence=table.integer("sequence", low=1),
        title=table.text("title"),
        medium=table.choice("medium", MEDIA),
        access=table.text("access"),
        owner=table.choice("owner", teams),
        contact=table.text("contact", ""),
        hours=table.choice("hours", calendars),
        daily_volume=table.integer("daily_volume"),
        customer_group=table.text("customer_group"),
    )
    table.finish()
    return channel


def read_queue(name: str, table: Table, names: QueueNames) -> QueueConfig:
    """A row of queues.toml."""
    target = table.table("service_level")
    queue = QueueConfig(
        name=name,
        title=table.text("title"),
        medium=table.choice("medium", MEDIA),
        requirements=table.levels("requirements", names.skills),
        strategy=table.choice("strategy", STRATEGIES, "best_proficiency"),
        teams=table.names("teams", names.teams, ()),
        priority=table.integer("priority", 0, high=1000),
        offer_timeout_us=table.seconds("offer_timeout_s", 20, low=1, high=600),
        wrap_up_us=table.seconds("wrap_up_s", 30, high=3600),
        reject_rest_us=table.seconds("reject_rest_s", 30, high=3600),
        service_level=ServiceLevel(
            threshold_us=target.seconds("threshold_s", 10, low=1),
            fraction=target.number("fraction", 0.8, low=0.0, high=1.0),
        ),
        dispositions=table.names("dispositions", names.dispositions, ()),
        music=table.text("music", "music/hold"),
        welcome=table.texts("welcome", ()),
        announce_place_every_us=table.seconds("announce_place_every_s", 0, high=3600),
        short_abandon_us=table.seconds("short_abandon_s", 5, high=3600),
    )
    target.finish()
    table.finish()
    if queue.medium == "voice":
        _check_sounds(queue, table, names)
    return queue


def _check_sounds(queue: QueueConfig, table: Table, names: QueueNames) -> None:
    """Music and welcome must exist, a bare name in every language: any caller may end up in this queue."""
    asked = [("music", [queue.music])]
    for index, prompt in enumerate(queue.welcome):
        complete = [prompt] if "/" in prompt else [f"{language}/{prompt}" for language in names.languages]
        asked.append((f"welcome[{index}]", complete))
    for key, wanted in asked:
        for name in wanted:
            if name not in names.prompts:
                table.problem(key, f'there is no prompt "{name}"', suggest(name, names.prompts))


def read_agent(agent_id: str, table: Table, teams: Collection[str], skills: Collection[str]) -> AgentConfig:
    """A row of `agents` in agents.toml."""
    capacity = table.table("capacity")
    units = {medium: capacity.integer(medium, high=100) for medium in MEDIA if capacity.has(medium)}
    agent = AgentConfig(
        agent_id=agent_id,
        display_name=table.text("display_name"),
        team=table.choice("team", teams),
        role=table.choice("role", ROLES, "agent"),
        skills=MappingProxyType(dict(table.levels("skills", skills))),
        capacity=MappingProxyType(units or {"voice": 1}),
        total_units=capacity.integer("total", max(units.values(), default=1), low=1, high=100),
        station=table.choice("station", STATIONS, "webrtc"),
        sip_user=table.text("sip_user", ""),
        supervises=table.names("supervises", teams, ()),
    )
    capacity.finish()
    table.finish()
    if agent.station == "sip" and not agent.sip_user:
        table.problem("sip_user", "is missing: a SIP phone needs one", 'for example sip_user = "2001"')
    return agent
