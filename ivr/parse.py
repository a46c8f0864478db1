"""From a mapping that was read out of a TOML file to a `Flow`, or to the list of every mistake in it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from ivr.flow import DIGITS, Choice, Collect, Flow, Goodbye, Hours, Menu, Node, Play, Queue, Retry, Set, links, spoken
from ivr.reading import FlowProblem, Table, suggest
from ivr.speech import digits_prompts


@dataclass(frozen=True, slots=True)
class FlowContext:
    """The names that a flow may refer to. `prompts` are complete names (`en/welcome`)."""

    languages: Collection[str]
    prompts: Collection[str]
    queues: Collection[str]
    skills: Collection[str]
    calendars: Collection[str]


def parse_flow(
    name: str, raw: Mapping[str, object], context: FlowContext
) -> tuple[Flow | None, tuple[FlowProblem, ...]]:
    """Reads one flow. The flow is None exactly when there are problems."""
    problems: list[FlowProblem] = []
    table = Table(raw, "", problems)
    nodes: dict[str, Node] = {}
    for node_name, node_table in table.tables("nodes", required=True):
        node = _parse_node(node_name, node_table, context)
        if node is not None:
            nodes[node_name] = node
    known_nodes = [str(key) for key in table.table("nodes").values]
    flow = Flow(
        name=name,
        title=table.text("title", default=name),
        language=table.choice("language", context.languages),
        start=table.choice("start", known_nodes),
        nodes=nodes,
    )
    table.finish()
    _check_targets(flow, known_nodes, problems)
    _check_prompts(flow, context, problems)
    if not problems:
        # Only a graph without holes can be judged as a graph.
        _check_reachable(flow, problems)
        _check_silent_loops(flow, problems)
    return (None if problems else flow), tuple(problems)


def _parse_node(name: str, table: Table, context: FlowContext) -> Node | None:
    kind = table.choice("kind", _KINDS)
    if kind not in _KINDS:
        return None
    node = _KINDS[kind](name, table, context)
    table.finish()
    return node


def _play(name: str, table: Table, _: FlowContext) -> Node:
    return Play(
        name=name,
        prompts=_prompts(table),
        next=table.text("next"),
        barge_in=table.flag("barge_in", default=True),
        greeting=table.text("kind") == "greeting",
    )


def _menu(name: str, table: Table, _: FlowContext) -> Node:
    choices: dict[str, Choice] = {}
    for digit, choice in table.tables("choices"):
        if len(digit) != 1 or digit not in DIGITS:
            table.problem(f"choices.{digit}", f'"{digit}" is not a key of a telephone', "use one of 0-9, * or #")
        choices[digit] = Choice(label=choice.text("label"), next=choice.text("next"))
        choice.finish()
    if not choices:
        table.problem(
            "choices",
            "a menu needs at least one choice",
            'add [nodes.x.choices] with 1 = { label = "...", next = "..." }',
        )
    return Menu(
        name=name,
        prompts=_prompts(table),
        choices=choices,
        fallback=table.text("fallback"),
        barge_in=table.flag("barge_in", default=True),
        timeout_us=table.seconds("timeout_s", 5, low=0.5, high=60),
        no_input=_retry(table, "no_input"),
        no_match=_retry(table, "no_match"),
    )


def _collect(name: str, table: Table, _: FlowContext) -> Node:
    terminator = table.choice("terminator", ["#", "*", "none"], "#")
    node = Collect(
        name=name,
        prompts=_prompts(table),
        key=table.text("key"),
        next=table.text("next"),
        fallback=table.text("fallback"),
        min_length=table.integer("min_length", 1, low=1, high=32),
        max_length=table.integer("max_length", 20, low=1, high=32),
        terminator="" if terminator == "none" else terminator,
        barge_in=table.flag("barge_in", default=True),
        timeout_us=table.seconds("timeout_s", 6, low=0.5, high=60),
        inter_digit_us=table.seconds("inter_digit_s", 3, low=0.5, high=60),
        read_back=table.flag("read_back", default=False),
        no_input=_retry(table, "no_input"),
        no_match=_retry(table, "no_match"),
    )
    if node.max_length < node.min_length:
        table.problem("max_length", f"is {node.max_length}, less than min_length {node.min_length}", "swap the two")
    return node


def _set(name: str, table: Table, context: FlowContext) -> Node:
    changes = [key for key in ("requirements", "priority", "data", "language") if table.has(key)]
    if not changes:
        table.problem("", "sets nothing", "give requirements, priority, data or language")
    data = table.table("data")
    return Set(
        name=name,
        next=table.text("next"),
        requirements=table.levels("requirements", context.skills),
        priority=table.integer("priority", 0, low=0, high=1000) if table.has("priority") else None,
        data={key: data.text(key) for key in data.values},
        language=table.choice("language", context.languages, ""),
    )


def _hours(name: str, table: Table, context: FlowContext) -> Node:
    calendar = table.choice("calendar", context.calendars)
    return Hours(name=name, calendar=calendar, open=table.text("open"), closed=table.text("closed"))


def _queue(name: str, table: Table, context: FlowContext) -> Node:
    return Queue(name=name, queue=table.choice("queue", context.queues), operator=table.text("kind") == "operator")


def _goodbye(name: str, table: Table, _: FlowContext) -> Node:
    return Goodbye(name=name, prompts=table.texts("prompts", ()), outcome=table.text("outcome", "goodbye"))


_KINDS: Mapping[str, Callable[[str, Table, FlowContext], Node]] = {
    "greeting": _play,
    "play": _play,
    "menu": _menu,
    "collect": _collect,
    "set": _set,
    "hours": _hours,
    "queue": _queue,
    "operator": _queue,
    "goodbye": _goodbye,
}


def _prompts(table: Table) -> tuple[str, ...]:
    prompts = table.texts("prompts")
    if table.has("prompts") and not prompts:
        table.problem("prompts", "says nothing", "name at least one prompt")
    return prompts


def _retry(table: Table, key: str) -> Retry:
    retry = table.table(key)
    value = Retry(attempts=retry.integer("attempts", 2, low=0, high=10), prompts=retry.texts("prompts", ()))
    retry.finish()
    return value


def _check_targets(flow: Flow, known: Collection[str], problems: list[FlowProblem]) -> None:
    for node in flow.nodes.values():
        for key, target, _ in links(node):
            if target and target not in known:
                problems.append(
                    FlowProblem(f"nodes.{node.name}.{key}", f'there is no node "{target}"', suggest(target, known))
                )


def _languages(flow: Flow) -> list[str]:
    chosen = [node.language for node in flow.nodes.values() if isinstance(node, Set) and node.language]
    return sorted({flow.language, *chosen} - {""})


def _check_prompts(flow: Flow, context: FlowContext, problems: list[FlowProblem]) -> None:
    """A prompt without a language is needed in each language that the flow may speak."""
    for node in flow.nodes.values():
        asked = [(key, prompt) for key, prompt in spoken(node)]
        if isinstance(node, Collect) and node.read_back:
            asked += [("read_back", name.lstrip("/")) for name in digits_prompts("", DIGITS)]
        for key, prompt in asked:
            _check_prompt(f"nodes.{node.name}.{key}", prompt, flow, context, problems)


def _check_prompt(path: str, prompt: str, flow: Flow, context: FlowContext, problems: list[FlowProblem]) -> None:
    if "/" in prompt:
        if prompt not in context.prompts:
            problems.append(FlowProblem(path, f'there is no prompt "{prompt}"', suggest(prompt, context.prompts)))
        return
    for language in _languages(flow):
        if f"{language}/{prompt}" not in context.prompts:
            near = [name.partition("/")[2] for name in context.prompts if name.startswith(f"{language}/")]
            message = f'the prompt "{prompt}" is missing in the language "{language}"'
            problems.append(FlowProblem(path, message, suggest(prompt, near)))


def _check_reachable(flow: Flow, problems: list[FlowProblem]) -> None:
    seen, todo = {flow.start}, [flow.start]
    while todo:
        for _, target, _ in links(flow.nodes[todo.pop()]):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    for name in flow.nodes:
        if name not in seen:
            message = "no caller can get here from the start"
            problems.append(FlowProblem(f"nodes.{name}", message, "lead a choice to it or remove it"))


def _check_silent_loops(flow: Flow, problems: list[FlowProblem]) -> None:
    """A circle that needs no key keeps a silent caller, or one who put the phone down, on the line for ever."""
    silent = {node.name: [target for _, target, pressed in links(node) if not pressed] for node in flow.nodes.values()}
    try:
        TopologicalSorter(silent).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][::-1]
        message = f"goes in a circle that needs no key: {' -> '.join(circle)}"
        problems.append(FlowProblem(f"nodes.{circle[0]}", message, "end it in a queue or a goodbye"))
