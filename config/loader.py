"""Reads a site's folder as a whole and finds every mistake in it, across its files."""

import os
import wave
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from config import rows
from config.calendar import read_calendars, read_zone
from config.calls import FILE as CALLS_FILE
from config.calls import CallsConfig, read_calls
from config.files import check_names, in_file, read_file
from config.guidance import FILE as GUIDANCE
from config.guidance import read_guidance
from config.patches import plan_problems
from config.plans import FILE as PLANS_FILE
from config.plans import read_plan
from config.problems import ConfigProblem, ConfigProblems
from config.queue_rows import QueueNames, circle, read_queue
from config.routing import FILE as ROUTING
from config.routing import read_routing
from config.site import AgentConfig, Entry, QueueConfig, Site
from ivr.flow import Flow
from ivr.parse import FlowContext, parse_flow
from ivr.reading import FlowProblem, Table
from ivr.speech import speech_prompts

T = TypeVar("T")


def load(path: str | Path) -> Site:
    """Reads the site in the folder `path`. Raises ConfigProblems with every mistake found."""
    loader = _Loader(Path(path))
    site = loader.site()
    problems = loader.problems()
    if problems:
        raise ConfigProblems(str(path), problems)
    return site


class _Loader:
    """Reads file after file; the problems of each are kept with its name."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._found: list[tuple[str, list[FlowProblem]]] = []

    def problems(self) -> tuple[ConfigProblem, ...]:
        return tuple(problem for file, problems in self._found for problem in in_file(file, problems))

    def site(self) -> Site:
        main = self._file("site.toml")
        zone = read_zone(main)
        languages = main.texts("languages")
        if not languages:
            main.problem("languages", "names no language", 'for example languages = ["en", "zh"]')
        prompts = self._prompts()
        skills = self._rows("skills.toml", rows.read_named)
        codes = self._file("reasons.toml")
        reasons = _read(codes.table("not_ready", required=True), rows.read_reason)
        dispositions = _read(codes.table("dispositions", required=True), rows.read_named)
        codes.finish()
        teams = self._rows("teams.toml", rows.read_team)
        calendars = read_calendars(self._file("calendars.toml"), zone)
        lookups = _read(main.table("lookups"), rows.read_lookup)
        channels = self._rows("channels.toml", lambda name, table: rows.read_channel(name, table, calendars, teams))
        flow_names = [path.stem for path in self._flow_files()]
        routing_file = self._file(ROUTING, optional=True)
        routing = read_routing(routing_file)
        queues = self._queues(
            partial(QueueNames, skills, teams, dispositions, prompts, languages, calendars, flow_names),
            {name: there.medium.value for name, there in routing.elsewhere.items()},
        )
        for name in routing.elsewhere.keys() & queues.keys():
            routing_file.problem(f"elsewhere.{name}", "is a queue of this shard too", "give the other one another name")
        # Who dials in speaks: only voice channels and voice queues fit.
        voice_queues = [name for name, queue in queues.items() if queue.medium == "voice"]
        voice_channels = [name for name, channel in channels.items() if channel.medium == "voice"]
        flows = self._flows(FlowContext(languages, prompts, voice_queues, skills, calendars, lookups))
        entries = _read(main.table("entries", required=True), lambda n, t: rows.read_entry(n, t, flows, voice_channels))
        agents, demo_password = self._agents(teams, skills, entries, queues)
        guidance = read_guidance(self._file(GUIDANCE, optional=True), queues)
        site = Site(
            name=main.text("name"),
            time_zone=zone,
            languages=languages,
            root=self._root,
            entries=entries,
            skills=skills,
            queues=queues,
            teams=teams,
            agents=agents,
            not_ready_reasons=reasons,
            dispositions=dispositions,
            calendars=calendars,
            channels=channels,
            lookups=lookups,
            alerts=rows.read_alerts(main.table("alerts")),
            flows=MappingProxyType({name: flow for name, flow in flows.items() if flow is not None}),
            prompts=prompts,
            demo_password=demo_password,
            routing=routing,
            calls=self._calls(),
            replies=guidance.replies,
            scripts=guidance.scripts,
            words=guidance.words,
        )
        main.finish()
        self._check_call_backs(site)
        return self._with_plans(site)

    def _check_call_backs(self, site: Site) -> None:
        """Nobody is called back without a trunk that may."""
        if any(trunk.dial for trunk in site.calls.trunks.values()):
            return
        message, way = "needs a trunk that may call numbers", 'give one in calls.toml, with "dial"'
        rows = [name for name, queue in site.queues.items() if queue.when_node_lost == "call_back"]
        self._found.append(("queues.toml", [FlowProblem(f"{name}.when_node_lost", message, way) for name in rows]))

    def _with_plans(self, site: Site) -> Site:
        """The plans are checked against all the rest."""
        file = self._file(PLANS_FILE, optional=True)
        site = replace(site, plans=_read(file, read_plan))
        for name in site.plans:
            file.problems.extend(
                FlowProblem(f"{name}.{each.path}", each.message, each.suggestion) for each in plan_problems(site, name)
            )
        return site

    def _file(self, name: str, *, optional: bool = False) -> Table:
        """The file as a table; an empty one when it cannot be read, or need not be there."""
        problems: list[FlowProblem] = []
        self._found.append((name, problems))
        return read_file(self._root / name, problems, None if optional else f"create {self._root / name}")

    def _calls(self) -> CallsConfig:
        problems: list[FlowProblem] = []
        self._found.append((CALLS_FILE, problems))
        return read_calls(self._root, os.environ, problems)

    def _rows(self, name: str, read: Callable[[str, Table], T]) -> Mapping[str, T]:
        return _read(self._file(name), read)

    def _queues(
        self, named: Callable[[Mapping[str, str], Mapping[str, str]], QueueNames], elsewhere: Mapping[str, str]
    ) -> Mapping[str, QueueConfig]:
        file = self._file("queues.toml")
        names = named({name: str(row.values.get("medium", "")) for name, row in file.entries()}, elsewhere)
        queues = _read(file, lambda name, table: read_queue(name, table, names))
        if (led := circle(queues)) is not None:
            where, key, way = led
            file.problem(f"{where}.{key}", f"leads in a circle: {' -> '.join(way)}", "let one of them keep its work")
        needed = [prompt for language in names.languages for prompt in sorted(speech_prompts(language))]
        missing = [prompt for prompt in needed if prompt not in names.prompts]
        for queue in queues.values():
            if queue.announce_place_every_us and missing:
                message = f"needs prompts that are missing: {', '.join(missing[:5])} ({len(missing)} in all)"
                file.problem(f"{queue.name}.announce_place_every_s", message, "render them, or set it to 0")
        return queues

    def _flow_files(self) -> list[Path]:
        return sorted((self._root / "flows").glob("*.toml"))

    def _flows(self, context: FlowContext) -> Mapping[str, Flow | None]:
        flows: dict[str, Flow | None] = {}
        for path in self._flow_files():
            table = self._file(f"flows/{path.name}")
            if table.problems:
                flows[path.stem] = None
                continue
            flows[path.stem], problems = parse_flow(path.stem, table.values, context)
            table.problems.extend(problems)
        if not flows:
            problem = FlowProblem("", "there is no flow in this folder", "add flows/main.toml")
            self._found.append(("flows", [problem]))
        return flows

    def _agents(
        self,
        teams: Mapping[str, object],
        skills: Mapping[str, object],
        entries: Mapping[str, Entry],
        queues: Mapping[str, QueueConfig],
    ) -> tuple[Mapping[str, AgentConfig], str]:
        file = self._file("agents.toml")
        table = file.table("agents", required=True)
        media = {name: queue.medium.value for name, queue in queues.items()}
        agents = _read(table, lambda name, row: rows.read_agent(name, row, teams, skills, media))
        owners: dict[str, str] = {user: f"entries.{user} of site.toml" for user in entries}
        for agent in agents.values():
            if agent.sip_user in owners:
                message = f'"{agent.sip_user}" is taken by {owners[agent.sip_user]}'
                table.problem(f"{agent.agent_id}.sip_user", message, "give each phone its own number")
            elif agent.sip_user:
                owners[agent.sip_user] = f"agents.{agent.agent_id}"
        demo = file.table("demo")
        password = demo.text("password") if file.has("demo") else ""
        if password and not password.startswith("demo-"):
            demo.problem("password", 'does not begin with "demo-"', "real passwords never stand in a file")
        demo.finish()
        file.finish()
        return agents, password

    def _prompts(self) -> frozenset[str]:
        """The names of all prompts; each must be a WAV file that the media engine plays as it is."""
        folder = self._root / "prompts"
        names: set[str] = set()
        for path in sorted(folder.rglob("*.wav")):
            names.add(path.relative_to(folder).with_suffix("").as_posix())
            problem = _wav_problem(path)
            if problem:
                found = FlowProblem("", problem, "convert it to 8 kHz, mono, 16 bit PCM")
                self._found.append((path.relative_to(self._root).as_posix(), [found]))
        return frozenset(names)


def _read(table: Table, read: Callable[[str, Table], T]) -> Mapping[str, T]:
    check_names(table)
    return MappingProxyType({name: read(name, row) for name, row in table.entries()})


def _wav_problem(path: Path) -> str:
    try:
        with wave.open(str(path), "rb") as sound:
            shape = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth() * 8)
            empty = sound.getnframes() == 0
    except (wave.Error, EOFError, OSError) as error:
        return f"is not a WAV file: {error or 'it ends too early'}"
    if shape != (8000, 1, 16):
        return f"is {shape[0]} Hz with {shape[1]} channels and {shape[2]} bit"
    return "is empty" if empty else ""
