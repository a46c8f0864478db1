"""Reads a scenario file as a whole and finds every mistake in it."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import config
from config.calendar import read_calendars
from config.files import in_file, read_file
from config.policy import PolicyMaker
from config.problems import ConfigProblems
from config.queue_rows import QueueNames, circle, read_queue
from config.routing import closed_queues, read_routing
from config.site import Named, QueueConfig, Site, TeamConfig
from ivr.reading import FlowProblem, Table
from router.policy import Policy
from router.vocabulary import Medium, Requirement
from simulator.distributions import Distribution
from simulator.read_groups import Names, groups_of_site, read_group
from simulator.reading import read_arrivals, read_clock, read_distribution
from simulator.scenario import NO_TIME, Group, Retry, Scenario, WorkType

# What a queue of a scenario may leave out: nobody hears it.
_MUSIC = "music/hold"
_MINUTE_US = 60_000_000


def load_scenario(path: str | Path) -> Scenario:
    """The scenario of a TOML file. Raises ConfigProblems with every mistake, those of its site included."""
    path = Path(path)
    problems: list[FlowProblem] = []
    file = read_file(path, problems, "give the path of a scenario")
    scenario = None if problems else _Loader(path, file).scenario()
    if scenario is None or problems:
        raise ConfigProblems(str(path), in_file(path.name, problems))
    return scenario


class _Loader:
    """Reads table after table."""

    def __init__(self, path: Path, file: Table) -> None:
        self._file = file
        self._folder = path.parent
        self._name = path.stem

    def scenario(self) -> Scenario:
        file = self._file
        title = file.text("title", self._name)
        run = file.table("run")
        start, end = read_clock(run, "from", "00:00"), read_clock(run, "to", "24:00")
        warm_up, cool_down = run.seconds("warm_up_s", 0, high=1e7), run.seconds("cool_down_s", 0, high=1e7)
        if start + warm_up >= end - cool_down:
            run.problem("to", "leaves no time to be measured", "it comes after from, warm_up_s and cool_down_s")
        site, groups = self._site()
        work = tuple(self._work(name, table, site, groups, start, end) for name, table in file.tables("work", True))
        epoch = self._epoch(run, site)
        policies = self._policies(site, epoch, start, end)
        scenario = Scenario(
            name=title,
            policy=policies[0][1],
            changes=policies[1:],
            work=work,
            groups=groups,
            start_us=start,
            end_us=end,
            measure_from_us=start + warm_up,
            measure_to_us=end - cool_down,
            daily_cv=run.number("daily_cv", 0.0, high=10.0),
            replications=run.integer("replications", 10, low=1, high=100_000),
            slot_us=run.seconds("slot_s", 900, low=1),
            epoch_us=epoch or 0,
        )
        run.finish()
        file.finish()
        return scenario

    def _epoch(self, run: Table, site: Site) -> int | None:
        """Midnight of `date` where the site is (microseconds since 1970); None without a date."""
        day = run.values.get("date") if run.has("date") else None
        if day is None:
            return None
        if not isinstance(day, date) or isinstance(day, datetime):
            run.problem("date", "is not a date", "write it without quotes: date = 2026-03-02")
            return None
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(site.time_zone))
        return round(midnight.timestamp()) * 1_000_000

    def _policies(self, site: Site, epoch: int | None, start: int, end: int) -> tuple[tuple[int, Policy], ...]:
        """The policy at the start, and each that the hours of queues make current; without a date they are open."""
        if self._file.problems:
            # A file with mistakes is refused, and its rows may fit nothing.
            return ((start, Policy("", {}, {})),)
        maker = PolicyMaker()
        if epoch is None:
            return ((start, maker.make(site, None)),)
        found: list[tuple[int, Policy]] = []
        before: frozenset[str] | None = None
        for at in range(start, end, _MINUTE_US):
            closed = closed_queues(site, epoch + at)
            if closed != before:
                found.append((at, maker.make(site, epoch + at)))
                before = closed
        return tuple(found)

    # -- the rules: the site's own, with queues and agents of the file beside them

    def _site(self) -> tuple[Site, tuple[Group, ...]]:
        file = self._file
        base = self._base()
        skills = {**base.skills, **{name: Named(name, name) for name in file.texts("skills", ())}}
        teams = {**base.teams, **{name: TeamConfig(name, name) for name in self._new_teams()}}
        calendars = {**base.calendars, **read_calendars(file.table("calendars"), base.time_zone)}
        site = replace(base, skills=skills, teams=teams, calendars=calendars)
        if file.has("routing"):
            site = replace(site, routing=read_routing(file.table("routing")))
        site = replace(site, queues=self._queues(site))
        media = {name: queue.medium.value for name, queue in site.queues.items()}
        agents = dict(base.agents)
        groups: list[Group] = []
        for name, table in file.tables("groups"):
            group, hired = read_group(name, table, Names(skills, teams, base.agents, media), self._folder)
            groups.append(group)
            agents.update(hired)
        self._once(groups)
        return replace(site, agents=agents), tuple(groups) or groups_of_site(base.agents)

    def _queues(self, site: Site) -> dict[str, QueueConfig]:
        """The site's queues, with those of the file beside them or in their place."""
        file = self._file
        media = {name: queue.medium.value for name, queue in site.queues.items()}
        media.update((name, str(table.values.get("medium", ""))) for name, table in file.tables("queues"))
        names = QueueNames(
            skills=site.skills,
            teams=site.teams,
            dispositions=site.dispositions,
            prompts=site.prompts | {_MUSIC},
            languages=site.languages,
            calendars=site.calendars,
            flows=(*site.flows, *file.texts("flows", ())),
            queues=media,
        )
        queues = dict(site.queues)
        for name, table in file.tables("queues"):
            queues[name] = read_queue(name, Table({"title": name, **table.values}, table.path, table.problems), names)
        if (led := circle(queues)) is not None:
            where, key, way = led
            file.problem(f"queues.{where}.{key}", f"leads in a circle: {' -> '.join(way)}")
        return queues

    def _base(self) -> Site:
        """The site that the scenario builds on, or one in which nothing is yet."""
        if self._file.has("site"):
            return config.load(self._folder / self._file.text("site"))
        return _empty(self._name, self._folder)

    def _new_teams(self) -> list[str]:
        """A group's own team, where it names none of the site's; the group's name unless it says."""
        found: list[str] = []
        for name, table in Table(self._file.values, "", []).tables("groups"):
            team = table.values.get("team", name)
            found += [team] if isinstance(team, str) and "pick" not in table.values else []
        return found

    def _once(self, groups: list[Group]) -> None:
        owner: dict[str, str] = {}
        for group in groups:
            for agent_id in group.plans:
                if agent_id in owner:
                    message = f"has {agent_id}, who is in {owner[agent_id]} too"
                    self._file.problem(f"groups.{group.name}", message, "each agent is in one group")
                owner[agent_id] = group.name

    # -- customers

    def _work(self, name: str, table: Table, site: Site, groups: tuple[Group, ...], start: int, end: int) -> WorkType:
        folder, known = self._folder, [group.name for group in groups]
        queue = site.queues.get(table.choice("queue", site.queues, name))
        if queue is None and not table.has("queue"):
            table.problem("queue", f'is missing: there is no queue "{name}"')

        def by_group(key: str) -> dict[str, Distribution]:
            return {
                group: read_distribution(row, folder)
                for group, row in table.tables(key)
                if table.known(f"{key}.{group}", group, known)
            }

        work = WorkType(
            name=name,
            queue=queue.name if queue else name,
            medium=queue.medium if queue else Medium.VOICE,
            arrivals=read_arrivals(table.table("arrivals", required=True), folder, start, end),
            talk=read_distribution(table.table("talk", required=True), folder),
            wrap_up=read_distribution(table.table("wrap_up"), folder) if table.has("wrap_up") else NO_TIME,
            patience=read_distribution(table.table("patience"), folder) if table.has("patience") else None,
            requirements=tuple(Requirement(*level) for level in table.levels("requirements", site.skills)),
            condition=table.text("condition", ""),
            attributes=_attributes(table.table("attributes")),
            priority=table.integer("priority", 0, high=1000),
            retry=self._retry(table),
            daily_cv=table.number("daily_cv", 0.0, high=10.0),
            threshold_us=queue.service_level.threshold_us if queue else 0,
            short_us=queue.short_abandon_us if queue else 0,
            talk_by=by_group("talk_by"),
            wrap_up_by=by_group("wrap_up_by"),
        )
        table.finish()
        return work

    def _retry(self, table: Table) -> Retry | None:
        if not table.has("retry"):
            return None
        row = table.table("retry")
        retry = Retry(
            probability=row.number("probability", high=1.0),
            delay=read_distribution(row.table("delay", required=True), self._folder),
            limit=row.integer("limit", 5, low=1, high=100),
        )
        row.finish()
        return retry


def _attributes(table: Table) -> tuple[tuple[str, str], ...]:
    found = tuple(sorted((name, table.text(name)) for name in table.values))
    table.finish()
    return found


def _empty(name: str, folder: Path) -> Site:
    """A site in which nothing is yet."""
    return Site(
        name=name,
        time_zone="UTC",
        languages=(),
        root=folder,
        entries={},
        skills={},
        queues={},
        teams={},
        agents={},
        not_ready_reasons={},
        dispositions={},
        calendars={},
        channels={},
        flows={},
        prompts=frozenset(),
        demo_password="",
    )
