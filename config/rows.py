"""One function for each kind of row in a site's files; names from other files are checked against what is given."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from config.site import (
    MEDIA,
    PAGE_LANGUAGES,
    ROLES,
    STATIONS,
    AgentConfig,
    AlertConfig,
    Channel,
    Entry,
    LookUpConfig,
    Named,
    Reason,
    TeamConfig,
)
from ivr.reading import Table
from router.policy import AgentQueue
from router.vocabulary import Medium


def read_title(table: Table) -> tuple[str, Mapping[str, str]]:
    """`title`: a text, or a table with the text in each language of the pages; then the first one stands for all."""
    if not isinstance(table.values.get("title"), Mapping):
        return table.text("title"), {}
    by_language = table.table("title")
    titles = {language: by_language.text(language) for language in PAGE_LANGUAGES if by_language.has(language)}
    by_language.finish()
    if not by_language.values:
        table.problem("title", "is empty", 'for example { en = "Orders", zh-CN = "订单" }')
    return next(iter(titles.values()), ""), MappingProxyType(titles)


def read_named(name: str, table: Table) -> Named:
    """A code with a title."""
    named = Named(name, *read_title(table))
    table.finish()
    return named


def read_reason(name: str, table: Table) -> Reason:
    """A row of `not_ready` in reasons.toml."""
    reason = Reason(name, *read_title(table), limit_us=table.seconds("limit_s", 0))
    table.finish()
    return reason


def read_alerts(table: Table) -> AlertConfig:
    """`alerts` in site.toml."""
    plain = AlertConfig()
    alerts = AlertConfig(
        backlog=table.integer("backlog", plain.backlog, low=1, high=100_000),
        not_ready_us=table.seconds("not_ready_s", 0),
    )
    table.finish()
    return alerts


def read_team(name: str, table: Table) -> TeamConfig:
    """A row of teams.toml."""
    team = TeamConfig(name, *read_title(table))
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
    title, titles = read_title(table)
    channel = Channel(
        name=name,
        sequence=table.integer("sequence", low=1),
        title=title,
        titles=titles,
        medium=table.choice("medium", MEDIA),
        access=table.text("access"),
        owner=table.choice("owner", teams),
        contact=table.text("contact", ""),
        hours=table.choice("hours", calendars),
        daily_volume=table.integer("daily_volume"),
        customer_group=table.text("customer_group"),
        backlog=table.integer("backlog", 0, high=100_000),
    )
    table.finish()
    return channel


def read_agent(
    agent_id: str, table: Table, teams: Collection[str], skills: Collection[str], queues: Mapping[str, str]
) -> AgentConfig:
    """A row of `agents` in agents.toml. `queues` maps each queue to its medium."""
    capacity, fresh = table.table("capacity"), table.table("fresh")
    items = read_units(capacity, low=0)
    agent = AgentConfig(
        agent_id=agent_id,
        display_name=table.text("display_name"),
        team=table.choice("team", teams),
        role=table.choice("role", ROLES, "agent"),
        skills=MappingProxyType(dict(table.levels("skills", skills))),
        capacity=MappingProxyType(items or {Medium.VOICE: 1}),
        total_units=capacity.integer("total", max(items.values(), default=1), low=1, high=100),
        units=MappingProxyType(read_units(table.table("units"), low=1, finish=True)),
        queues=MappingProxyType(_agent_queues(table, queues)),
        fresh_limit=fresh.integer("limit", 0, high=1000),
        fresh_window_us=fresh.seconds("window_s", 60, low=1, high=3600),
        station=table.choice("station", STATIONS, "webrtc"),
        sip_user=table.text("sip_user", ""),
        supervises=table.names("supervises", teams, ()),
    )
    capacity.finish()
    fresh.finish()
    table.finish()
    _check_agent(agent, table, queues)
    if agent.station == "sip" and not agent.sip_user:
        table.problem("sip_user", "is missing: a SIP phone needs one", 'for example sip_user = "2001"')
    return agent


def read_units(table: Table, *, low: int, finish: bool = False) -> dict[Medium, int]:
    """A table of medium = number."""
    units = {Medium(medium): table.integer(medium, low=low, high=100) for medium in MEDIA if table.has(medium)}
    if finish:
        table.finish()
    return units


def _agent_queues(table: Table, queues: Mapping[str, str]) -> dict[str, AgentQueue]:
    """queue = priority, or { priority, delay_s }."""
    taken: dict[str, AgentQueue] = {}
    rows = table.table("queues")
    for name, value in rows.values.items():
        if not rows.known(name, name, queues):
            rows.has(name)
        elif isinstance(value, int):
            taken[name] = AgentQueue(rows.integer(name, low=1, high=99))
        else:
            row = rows.table(name)
            taken[name] = AgentQueue(row.integer("priority", 1, low=1, high=99), row.seconds("delay_s", 0, high=3600))
            row.finish()
    return taken


def _check_agent(agent: AgentConfig, table: Table, queues: Mapping[str, str]) -> None:
    for name in agent.queues:
        medium = queues[name]
        if medium in MEDIA and not agent.capacity.get(Medium(medium)):
            table.problem(f"queues.{name}", f"takes {medium}, for which the agent has no capacity", f"{medium} = 1")
    for medium, units in agent.units.items():
        if units > agent.total_units:
            table.problem(f"units.{medium}", f"is more than the {agent.total_units} that the agent has in total")
