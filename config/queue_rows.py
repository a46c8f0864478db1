"""A row of queues.toml: the queue itself, and every rule by which its work is given out."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from config.demands import Known, read_case, read_demand
from config.recordings import read_recording
from config.rows import read_title
from config.site import (
    MEDIA,
    OPENINGS,
    ORDERS,
    PAGE_LANGUAGES,
    STRATEGIES,
    WHEN_NODE_LOST,
    QueueConfig,
    ServiceLevel,
)
from ivr.reading import Table, suggest
from router.policy import Exit, Order, Preference, PriorityRule, Reserve, Ring, Strategy, Weights
from router.vocabulary import Medium, Requirement

# What an item that leaves the router may become, where that is not a flow.
CHAT_DIVERTS = ("message", "end")
DIVERTS: Mapping[str, tuple[str, ...]] = {"chat": CHAT_DIVERTS, "email": ("end",)}
KEYS = (*"0123456789", "*", "#")
DAY_S = 86_400
MAX_EMERGENCY = 500


@dataclass(frozen=True, slots=True)
class QueueNames:
    """What a queue may refer to. `queues` maps each queue to its medium, `elsewhere` those of other shards."""

    skills: Collection[str]
    teams: Collection[str]
    dispositions: Collection[str]
    prompts: Collection[str]
    languages: Collection[str]
    calendars: Collection[str] = ()
    flows: Collection[str] = ()
    queues: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)


def read_queue(name: str, table: Table, names: QueueNames) -> QueueConfig:
    """A row of queues.toml."""
    known = Known(names.skills, names.teams)
    title, titles = read_title(table)
    medium = table.choice("medium", MEDIA)
    leave = _Exits(name, medium, names)
    requirements, condition = _requirements(table, known)
    emergency_prompt, emergency_texts = _emergency(table, medium)
    strategy = Strategy(_one_of(table, "strategy", STRATEGIES, "best_proficiency"))
    target = table.table("service_level")
    threshold_us = target.seconds("threshold_s", 10, low=1)
    order = Order(_one_of(table, "order", ORDERS, "first_come"))
    hard = table.names("hard", names.skills, ())
    queue = QueueConfig(
        name=name,
        title=title,
        titles=titles,
        medium=Medium(medium) if medium in MEDIA else Medium.VOICE,
        requirements=requirements,
        condition=condition,
        hard=hard,
        rings=_rings(table, known, hard, leave),
        strategy=strategy,
        weights=_weights(table, strategy),
        preferences=_preferences(table, known),
        preferred_patience_us=table.seconds("preferred_patience_s", 0, high=3600),
        teams=table.names("teams", names.teams, ()),
        priority=table.integer("priority", 0, high=1000),
        priority_rules=_priority_rules(table),
        order=order,
        target_us=threshold_us if order is Order.TARGET else 0,
        ratio=table.integer("ratio", 0, high=1000),
        reserve=_reserve(table),
        max_waiting=table.integer("max_waiting", 0, high=1_000_000),
        when_full=leave.of(table, "when_full"),
        hours=table.choice("hours", names.calendars, ""),
        opening=_one_of(table, "opening", OPENINGS, "hours"),
        when_closed=leave.of(table, "when_closed"),
        empty_when_closed=table.flag("empty_when_closed", default=False),
        units=table.integer("units", low=1, high=100) if table.has("units") else None,
        offer_to=table.integer("offer_to", 1, low=1, high=20),
        auto_accept=table.flag("auto_accept", default=False),
        offer_timeout_us=table.seconds("offer_timeout_s", 20, low=1, high=600),
        missed_not_ready=table.flag("missed_not_ready", default=True),
        reject_rest_us=_reject_rest(table),
        wrap_up_us=table.seconds("wrap_up_s", 30, high=3600),
        wrap_up_extend_us=table.seconds("wrap_up_extend_s", 0, high=3600),
        callback_attempts=table.integer("callback_attempts", 3, low=1, high=20),
        when_node_lost=_one_of(table, "when_node_lost", WHEN_NODE_LOST, "end"),
        callback_retry_us=table.seconds("callback_retry_s", 600, low=10),
        park_limit=table.integer("park_limit", 10, high=100),
        park_max_us=table.seconds("park_max_s", DAY_S, low=60, high=30 * DAY_S),
        park_patience_us=table.seconds("park_patience_s", 120, high=3600),
        disposition_required=table.flag("disposition_required", default=False),
        service_level=ServiceLevel(threshold_us, target.number("fraction", 0.8, low=0.0, high=1.0)),
        dispositions=table.names("dispositions", names.dispositions, ()),
        music=table.text("music", "music/hold"),
        welcome=table.texts("welcome", ()),
        callback_key=_one_of(table, "callback_key", ("", *KEYS), ""),
        announce_place_every_us=table.seconds("announce_place_every_s", 0, high=3600),
        short_abandon_us=table.seconds("short_abandon_s", 5, high=3600),
        emergency_prompt=emergency_prompt,
        emergency_texts=emergency_texts,
        backlog=table.integer("backlog", 0, high=100_000),
        recording=read_recording(table, medium, names.prompts, names.languages),
    )
    if queue.disposition_required and not queue.dispositions:
        table.problem("disposition_required", "is set, and there is no disposition to choose", "give dispositions")
    target.finish()
    table.finish()
    _check_together(queue, table)
    if medium == "voice":
        _check_sounds(queue, table, names)
    return queue


def _requirements(table: Table, known: Known) -> tuple[tuple[Requirement, ...], str]:
    """A table of skill = grade, or an expression as text."""
    if isinstance(table.values.get("requirements"), str):
        return (), read_demand(table, "requirements", known)
    return tuple(Requirement(skill, low) for skill, low in table.levels("requirements", known.skills)), ""


def _one_of(table: Table, key: str, allowed: Iterable[str], default: str) -> str:
    value, words = table.choice(key, allowed, default), list(allowed)
    return value if value in words else default


def _reject_rest(table: Table) -> int | None:
    if table.values.get("reject_rest_s") == "for_good":
        table.has("reject_rest_s")
        return None
    return table.seconds("reject_rest_s", 30, high=3600)


def _emergency(table: Table, medium: str) -> tuple[str, Mapping[str, str]]:
    """What all who wait and come are told: a prompt for callers, a text for visitors, plain or in several languages."""
    if not table.has("emergency"):
        return "", {}
    row = table.table("emergency")
    prompt, texts = row.text("prompt", ""), dict[str, str]()
    if isinstance(row.values.get("text"), Mapping):
        by_language = row.table("text")
        texts = {language: by_language.text(language) for language in PAGE_LANGUAGES if by_language.has(language)}
        by_language.finish()
    elif text := row.text("text", ""):
        texts = {PAGE_LANGUAGES[0]: text}
    row.finish()
    if medium == "voice" and not prompt:
        row.problem("prompt", "is missing: nothing would be said", "name a prompt of the site")
    if medium != "voice" and not texts:
        row.problem("text", "is missing: nothing would be shown", 'for example { en = "We are closed: a storm." }')
    if any(len(text) > MAX_EMERGENCY for text in texts.values()):
        row.problem("text", f"is longer than {MAX_EMERGENCY} characters", "say it in fewer words")
    return prompt, texts


def _rows(table: Table, key: str) -> list[Table]:
    return list(table.rows(key)) if table.has(key) else []


# -- rings


def _rings(table: Table, known: Known, hard: Collection[str], leave: "_Exits") -> tuple[Ring, ...]:
    rows = _rows(table, "rings")
    rings = [_ring(row, known, leave) for row in rows]
    for index, (row, ring) in enumerate(zip(rows, rings, strict=True)):
        if index and ring.after_us <= rings[index - 1].after_us:
            row.problem("after_s", "is not later than the ring before", "rings stand in the order of their times")
        if index and rings[index - 1].exit is not None:
            row.problem("", "is never reached: the ring before it sends the work away", "take it out, or put it before")
        for kind, skills in (("lower", [skill for skill, _ in ring.lower]), ("drop", list(ring.drop))):
            for skill in skills:
                if skill in hard:
                    row.problem(f"{kind}.{skill}" if kind == "lower" else kind, f'"{skill}" is hard for this queue')
        if index == 0 and ring.after_us == 0 and ring.exit is not None:
            row.problem("after_s", "is 0: nobody would ever wait in this queue", "give the agents some seconds")
    return tuple(rings)


def _ring(row: Table, known: Known, leave: "_Exits") -> Ring:
    exit_ = leave.read(row)
    ring = Ring(
        after_us=row.seconds("after_s"),
        lower=row.levels("lower", known.skills),
        drop=row.names("drop", known.skills, ()),
        requirements=read_demand(row, "requirements", known) if row.has("requirements") else None,
        teams=row.names("teams", known.teams, ()) if row.has("teams") else None,
        priority=row.integer("priority", 0, high=1000),
        exit=exit_,
        skip_empty=row.flag("skip_empty", default=True),
    )
    row.finish()
    changes = ring.lower or ring.drop or ring.priority or ring.requirements is not None or ring.teams is not None
    if exit_ is not None and changes:
        row.problem("", "sends the work away: its other keys have no effect", "put them into a ring before it")
    elif exit_ is None and not changes:
        row.problem("", "changes nothing", "give it lower, drop, requirements, teams, priority, queue or divert")
    return ring


@dataclass(frozen=True, slots=True)
class _Exits:
    """Where this queue's work may go."""

    queue: str
    medium: str
    names: QueueNames

    def of(self, table: Table, key: str) -> Exit | None:
        """The table under `key`: { queue = ... } or { divert = ... }."""
        if not table.has(key):
            return None
        row = table.table(key)
        found = self.read(row)
        row.finish()
        if found is None:
            row.problem("", "says not where to", "give it queue or divert")
        return found

    def read(self, row: Table) -> Exit | None:
        """From the keys `queue` and `divert` of a table."""
        queue, divert = row.text("queue", ""), row.text("divert", "")
        if queue and divert:
            row.problem("divert", "stands beside queue", "one of them is enough")
        queues = {**self.names.elsewhere, **self.names.queues}
        if queue and row.known("queue", queue, queues):
            self._check_queue(row, queue, queues[queue])
        if divert:
            allowed = DIVERTS.get(self.medium, tuple(self.names.flows))
            if divert not in allowed:
                what = "flow" if self.medium == "voice" else f"way for {self.medium} work"
                row.problem("divert", f'there is no {what} "{divert}"', suggest(divert, allowed))
        return Exit(queue=queue, divert="" if queue else divert) if queue or divert else None

    def _check_queue(self, row: Table, queue: str, medium: str) -> None:
        if queue == self.queue:
            row.problem("queue", "is this queue itself", "name another one")
        elif medium != self.medium:
            row.problem("queue", f'"{queue}" takes {medium}, not {self.medium}', "name a queue of the same medium")


# -- choice and order


def _weights(table: Table, strategy: Strategy) -> Weights:
    if not table.has("weights"):
        return Weights()
    row = table.table("weights")
    weights = Weights(
        **{key: row.integer(key, 0, high=1_000_000) for key in ("load", "proficiency", "idle", "handled")}
    )
    row.finish()
    if strategy is not Strategy.WEIGHTED:
        table.problem("weights", "have no effect with this strategy", 'strategy = "weighted"')
    elif weights == Weights(0, 0, 0, 0):
        table.problem("weights", "are all 0", "then every agent is as good as any other")
    return weights


def _preferences(table: Table, known: Known) -> tuple[Preference, ...]:
    found = []
    for row in _rows(table, "preferences"):
        found.append(
            Preference(
                want=read_demand(row, "want", known),
                score=row.integer("score", 1, low=1, high=1000),
                when=read_case(row, "when", ""),
            )
        )
        row.finish()
    return tuple(found)


def _priority_rules(table: Table) -> tuple[PriorityRule, ...]:
    found = []
    for row in _rows(table, "priority_rules"):
        found.append(PriorityRule(when=read_case(row, "when"), priority=row.integer("priority", low=-1000, high=1000)))
        row.finish()
    return tuple(found)


def _reserve(table: Table) -> Reserve | None:
    if not table.has("reserve"):
        return None
    row = table.table("reserve")
    reserve = Reserve(free=row.integer("free", low=1, high=1000), below=row.integer("below", low=-1000, high=3000))
    row.finish()
    return reserve


# -- what must fit together


def _check_together(queue: QueueConfig, table: Table) -> None:
    if queue.hard and not queue.rings:
        table.problem("hard", "has no effect: without rings nothing is lowered or dropped", "take it out")
    if queue.when_full is not None and not queue.max_waiting:
        table.problem("when_full", "never happens", "give max_waiting, the number of those who may wait")
    if queue.empty_when_closed and queue.when_closed is None:
        table.problem("empty_when_closed", "has nowhere to send who waits", "give when_closed")
    if queue.when_node_lost == "call_back" and queue.medium is not Medium.VOICE:
        table.problem("when_node_lost", "is for calls: a chat goes on at another node", "take it out")
    if queue.auto_accept and queue.offer_to > 1:
        table.problem("offer_to", "is more than 1, but an offer counts as accepted", "take out auto_accept")


def callback_prompts(language: str, key: str) -> tuple[str, ...]:
    """What a caller hears of being called back: the key, the promise, or that their number cannot be called."""
    named = {"*": "star", "#": "hash"}.get(key, key)
    told = ("callback-hint", f"digit-{named}", "callback-promised", "no-match")
    return tuple(f"{language}/{name}" for name in told)


def _check_sounds(queue: QueueConfig, table: Table, names: QueueNames) -> None:
    """Music and welcome must exist, a bare name in every language: any caller may end up in this queue."""
    asked = [("music", [queue.music])]
    for index, prompt in enumerate(queue.welcome):
        complete = [prompt] if "/" in prompt else [f"{language}/{prompt}" for language in names.languages]
        asked.append((f"welcome[{index}]", complete))
    if queue.callback_key:
        key = queue.callback_key
        said = [name for language in names.languages for name in callback_prompts(language, key)]
        asked.append(("callback_key", said))
    if queue.emergency_prompt:
        prompt = queue.emergency_prompt
        complete = [prompt] if "/" in prompt else [f"{language}/{prompt}" for language in names.languages]
        asked.append(("emergency.prompt", complete))
    for key, wanted in asked:
        for name in wanted:
            if name not in names.prompts:
                table.problem(key, f'there is no prompt "{name}"', suggest(name, names.prompts))


# -- across queues


def exits(queue: QueueConfig) -> list[tuple[str, str]]:
    """(key in its row, other queue) for every way by which its work may go to another queue."""
    found = [("when_full", queue.when_full), ("when_closed", queue.when_closed)]
    found += [(f"rings[{index}].queue", ring.exit) for index, ring in enumerate(queue.rings)]
    return [(key, leaving.queue) for key, leaving in found if leaving is not None and leaving.queue]


def circle(queues: Mapping[str, QueueConfig]) -> tuple[str, str, tuple[str, ...]] | None:
    """A row of overflows that leads back to where it began: (queue, key in its row, the queues on the way)."""
    done: set[str] = set()
    for start in queues:
        path: list[str] = []
        if (found := _walk(start, queues, path, done)) is not None:
            return found
    return None


def _walk(
    name: str, queues: Mapping[str, QueueConfig], path: list[str], done: set[str]
) -> tuple[str, str, tuple[str, ...]] | None:
    if name in done or name not in queues:
        return None
    path.append(name)
    for key, other in exits(queues[name]):
        if other in path:
            return name, key, (*path[path.index(other) :], other)
        if (found := _walk(other, queues, path, done)) is not None:
            return found
    path.pop()
    done.add(name)
    return None
