"""The agent groups of a scenario file: who they are and when they are there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from config.rows import read_agent
from config.site import AgentConfig
from ivr.reading import Table
from simulator.reading import read_clock, read_distribution
from simulator.scenario import NO_TIME, Group
from simulator.schedule import Break, Plan, Spell, plans_of_levels

# What a group has beside the keys of a row of agents.toml.
OWN_KEYS = ("count", "pick", "shifts", "staffing", "ring", "reject", "miss", "back_after_s")
# Who takes work unless a group names them: supervisors and administrators are there for other things.
WORKING_ROLES = ("agent", "expert")


@dataclass(frozen=True, slots=True)
class Names:
    """What a group may refer to. `agents` are the site's own; `queues` maps each queue to its medium."""

    skills: Collection[str]
    teams: Collection[str]
    agents: Mapping[str, AgentConfig]
    queues: Mapping[str, str]


def read_group(name: str, table: Table, names: Names, folder: Path) -> tuple[Group, dict[str, AgentConfig]]:
    """A group, and the agents of it whom the site does not have yet."""
    own = Table({key: table.values[key] for key in OWN_KEYS if key in table.values}, table.path, table.problems)
    row = {key: value for key, value in table.values.items() if key not in OWN_KEYS}
    hired: dict[str, AgentConfig] = {}
    if own.has("pick"):
        members = _picked(own.table("pick"), names)
        Table(row, table.path, table.problems).finish()
    else:
        defaults = {"display_name": name, "team": name if name in names.teams else ""}
        whole = Table({**defaults, **row}, table.path, table.problems)
        template = read_agent(name, whole, names.teams, names.skills, names.queues)
        members = tuple(f"{name}-{number:03}" for number in range(1, _size(own) + 1))
        hired = {agent_id: replace(template, agent_id=agent_id) for agent_id in members}
    plans = _plans(own, members)
    group = Group(
        name,
        dict(zip(members, plans, strict=True)),
        ring=read_distribution(own.table("ring"), folder) if own.has("ring") else NO_TIME,
        reject=own.number("reject", 0.0, high=1.0),
        miss=own.number("miss", 0.0, high=1.0),
        back_us=own.seconds("back_after_s", 60),
    )
    own.finish()
    return group, hired


def groups_of_site(agents: Mapping[str, AgentConfig]) -> tuple[Group, ...]:
    """Where the scenario names no groups: each team's agents and experts, always there."""
    teams: dict[str, list[str]] = {}
    for agent in agents.values():
        if agent.role in WORKING_ROLES:
            teams.setdefault(agent.team, []).append(agent.agent_id)
    always = Plan((Spell(0, None),))
    return tuple(Group(team, dict.fromkeys(members, always)) for team, members in teams.items())


def _picked(table: Table, names: Names) -> tuple[str, ...]:
    """Agents of the site, by name or by team."""
    named = table.names("agents", names.agents, ())
    team = table.choice("team", names.teams, "")
    table.finish()
    if bool(named) == bool(team):
        table.problem("", "picks nobody", "give either agents = [...] or team")
    if named or not team:
        return named
    return tuple(one.agent_id for one in names.agents.values() if one.team == team and one.role in WORKING_ROLES)


def _size(own: Table) -> int:
    """How many there are: `count`, or as many as the shifts or the staffing ask for."""
    if own.has("count"):
        return own.integer("count", high=100_000)
    silent = Table(own.values, own.path, [])
    shifts = [row.integer("agents", 0) for row in silent.rows("shifts")] if own.has("shifts") else []
    levels = [row.integer("agents", 0) for row in silent.rows("staffing")] if own.has("staffing") else []
    size = max(sum(shifts), max(levels, default=0))
    if not size:
        own.problem("count", "is missing: how many agents are there?", "give count, or agents in shifts or staffing")
    return size


def _plans(own: Table, members: tuple[str, ...]) -> list[Plan]:
    if own.has("shifts") and own.has("staffing"):
        own.problem("staffing", "stands beside shifts", "give one of both")
    if own.has("shifts"):
        return _shifts(own, len(members))
    if own.has("staffing"):
        levels = _levels(own)
        if any(agents > len(members) for _, agents in levels):
            own.problem("staffing", f"asks for more agents than the {len(members)} of the group")
        if any(later <= earlier for (earlier, _), (later, _) in pairwise(levels)):
            own.problem("staffing", "is not in order of time")
        return plans_of_levels(levels, None, len(members))
    return [Plan((Spell(0, None),)) for _ in members]


def _levels(own: Table) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for row in own.rows("staffing"):
        found.append((read_clock(row, "from"), row.integer("agents")))
        row.finish()
    return found


def _shifts(own: Table, count: int) -> list[Plan]:
    """Shifts that say how many take the next agents of the group in turn, the others take all."""
    spells: list[list[Spell]] = [[] for _ in range(count)]
    first = 0
    for row in own.rows("shifts"):
        asked = row.integer("agents", 0, low=0)
        chosen = range(first, first + asked) if asked else range(count)
        first += asked
        begin, end = read_clock(row, "from"), read_clock(row, "to")
        breaks = _breaks(row, begin, end)
        row.finish()
        if end <= begin:
            row.problem("to", "is not after from", "hours go on past 24:00")
            continue
        for number, member in enumerate(member for member in chosen if member < count):
            pauses = sorted((waves[number % len(waves)] for waves in breaks), key=lambda pause: pause.at_us)
            spells[member].append(Spell(begin, end, tuple(pauses)))
    if first > count:
        own.problem("shifts", f"ask for {first} agents, the group has {count}")
    for each in spells:
        each.sort(key=lambda spell: spell.from_us)
        if any(later.from_us < (earlier.to_us or 0) for earlier, later in pairwise(each)):
            own.problem("shifts", "overlap for the same agent", "say in each how many agents it is for")
            break
    return [Plan(tuple(each)) for each in spells]


def _breaks(row: Table, begin: int, end: int) -> list[list[Break]]:
    """For each break its waves: who is in the next wave goes when the one before comes back."""
    if not row.has("breaks"):
        return []
    found: list[list[Break]] = []
    for pause in row.rows("breaks"):
        at, length = read_clock(pause, "at"), pause.seconds("length_s")
        waves = pause.integer("waves", 1, low=1, high=100)
        pause.finish()
        if not begin <= at <= at + waves * length <= end:
            pause.problem("at", "is not within the shift, with all its waves")
        found.append([Break(at + wave * length, length) for wave in range(waves)])
    return found
