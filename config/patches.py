"""A live edit over a row of the site: it has the keys of the files and is read by the same functions."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from config.plans import KINDS, plan_row, read_plan
from config.queue_rows import QueueNames, circle, exits, read_queue
from config.row_text import agent_row, queue_row
from config.rows import read_agent
from config.site import AgentConfig, QueueConfig, Site
from ivr.reading import FlowProblem, Table, suggest

Patch = Mapping[str, Any]
# What a queue is, rather than how its work is given out, stays with the files.
_ONLY_IN_FILES = frozenset({"medium", "hours"})


class RulesProblem(Exception):  # noqa: N818 - it reports problems, one or many
    """The edit does not make a valid row; `problems` say where."""

    def __init__(self, problems: list[FlowProblem]) -> None:
        super().__init__("; ".join(f"{each.path} {each.message}" for each in problems))
        self.problems = problems


class UnknownSubjectError(Exception):
    """There is no such agent or queue in the files."""


def patched(site: Site, subject: str, patch: Patch) -> Site:
    """The site with one patch over it. Raises UnknownSubjectError and RulesProblem."""
    kind, _, name = subject.partition(":")
    if kind == "plan":
        return _planned(site, name, patch)
    editable = [key for key in _whole_row(site, subject) if key not in _ONLY_IN_FILES]
    problems = [
        FlowProblem(key, "cannot be set here", suggest(key, editable)) for key in sorted(set(patch) - set(editable))
    ]
    row = row_of(site, subject, {key: value for key, value in patch.items() if key in editable})
    table = Table(row, "", problems)
    if kind == "agent":
        made = replace(site, agents=MappingProxyType({**site.agents, name: _agent(site, name, table)}))
    else:
        made = replace(site, queues=MappingProxyType({**site.queues, name: _queue(site, name, table)}))
        if (led := circle(made.queues)) is not None and name in led[2]:
            key = next(key for key, other in exits(made.queues[name]) if other in led[2])
            problems.append(FlowProblem(key, f"leads in a circle: {' -> '.join(led[2])}"))
    wrong = [problem for problem in problems if problem.path.partition(".")[0].partition("[")[0] in patch]
    if wrong:
        raise RulesProblem(wrong)
    return made


def _planned(site: Site, name: str, patch: Patch) -> Site:
    """A plan that was saved goes over that of the files; an empty patch leaves what the files say."""
    if not patch:
        return site
    problems: list[FlowProblem] = []
    plan = read_plan(name, Table(dict(patch), "", problems))
    made = replace(site, plans=MappingProxyType({**site.plans, name: plan}))
    problems += plan_problems(made, name)
    if problems:
        raise RulesProblem(problems)
    return made


def plan_problems(site: Site, name: str) -> list[FlowProblem]:
    """What is wrong with a plan's rows on this site, each checked with those before it."""
    problems: list[FlowProblem] = []
    for subject, keys in site.plans[name].rows.items():
        kind, _, row = subject.partition(":")
        at = f"{KINDS[kind]}.{row}"
        try:
            site = patched(site, subject, keys)
        except UnknownSubjectError:
            known = site.agents if kind == "agent" else site.queues
            problems.append(FlowProblem(at, f'there is no {kind} "{row}"', suggest(row, known)))
        except RulesProblem as wrong:
            problems += [FlowProblem(f"{at}.{each.path}", each.message, each.suggestion) for each in wrong.problems]
        if not keys:
            problems.append(FlowProblem(at, "changes nothing", "take it out, or give it keys of its row"))
    return problems


def _agent(site: Site, name: str, table: Table) -> AgentConfig:
    before = site.agents[name]
    titled = replace(table, values={**table.values, "display_name": before.display_name})
    read = read_agent(name, titled, site.teams, site.skills, _media(site))
    return replace(
        read,
        display_name=before.display_name,
        role=before.role,
        station=before.station,
        sip_user=before.sip_user,
        supervises=before.supervises,
    )


def _queue(site: Site, name: str, table: Table) -> QueueConfig:
    before = site.queues[name]
    names = QueueNames(
        skills=site.skills,
        teams=site.teams,
        dispositions=site.dispositions,
        prompts=site.prompts,
        languages=site.languages,
        calendars=site.calendars,
        flows=site.flows,
        queues=_media(site),
        elsewhere={name: there.medium.value for name, there in site.routing.elsewhere.items()},
    )
    read = read_queue(name, replace(table, values={**table.values, "title": before.title}), names)
    return replace(
        read,
        title=before.title,
        titles=before.titles,
        dispositions=before.dispositions,
        music=before.music,
        welcome=before.welcome,
        callback_key=before.callback_key,
        when_node_lost=before.when_node_lost,
        announce_place_every_us=before.announce_place_every_us,
        short_abandon_us=before.short_abandon_us,
        recording=before.recording,
    )


def _media(site: Site) -> Mapping[str, str]:
    return {name: queue.medium.value for name, queue in site.queues.items()}


def row_of(site: Site, subject: str, patch: Patch) -> dict[str, Any]:
    """The subject's row as the files would have it, with the patch in it; keys without a value are left out.

    Raises UnknownSubjectError.
    """
    row = {**_whole_row(site, subject), **patch}
    return {key: value for key, value in row.items() if value not in (None, "", [], {})}


def _whole_row(site: Site, subject: str) -> dict[str, Any]:
    kind, _, name = subject.partition(":")
    if kind == "plan":
        return plan_row(site.plans[name]) if name in site.plans else {}
    if kind == "agent" and name in site.agents:
        return agent_row(site.agents[name])
    if kind == "queue" and name in site.queues:
        return queue_row(site.queues[name])
    raise UnknownSubjectError(subject)
