"""From a mapping that was read out of a TOML file to a `Flow`, or to the list of every mistake in it."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import get_args

from ivr import flow as f
from ivr.check import check_flow
from ivr.flow import DIGITS, Choice, Collect, Flow, Goodbye, Hours, Menu, Node, Play, Queue, Retry, Set
from ivr.reading import FlowProblem, Table
from ivr.values import KEY, decimal, is_path


@dataclass(frozen=True, slots=True)
class FlowContext:
    """The names that a flow may refer to. `prompts` are complete names (`en/welcome`), `lookups` look-up services."""

    languages: Collection[str]
    prompts: Collection[str]
    queues: Collection[str]
    skills: Collection[str]
    calendars: Collection[str]
    lookups: Collection[str] = ()


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
    check_flow(flow, known_nodes, context.prompts, problems)
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
    changes = [key for key in ("requirements", "priority", "data", "language", "attributes") if table.has(key)]
    if not changes:
        table.problem("", "sets nothing", "give requirements, priority, data, language or attributes")
    data, attributes = table.table("data"), table.table("attributes")
    for key in attributes.values:
        if not ATTRIBUTE.fullmatch(key):
            attributes.problem(key, "is no name of an attribute", 'for example "customer.tier" or topic')
    return Set(
        name=name,
        next=table.text("next"),
        requirements=table.levels("requirements", context.skills, low=0),
        priority=table.integer("priority", 0, low=0, high=1000) if table.has("priority") else None,
        data={key: data.text(key) for key in data.values},
        language=table.choice("language", context.languages, ""),
        attributes={key: attributes.text(key) for key in attributes.values},
    )


def _hours(name: str, table: Table, context: FlowContext) -> Node:
    calendar = table.choice("calendar", context.calendars)
    return Hours(
        name=name,
        calendar=calendar,
        open=table.text("open"),
        closed=table.text("closed"),
        holiday=table.text("holiday", ""),
    )


def _lookup(name: str, table: Table, context: FlowContext) -> Node:
    query, result = table.table("query"), table.table("result", required=True)
    found = {key: result.text(key) for key in result.values}
    for key, path in found.items():
        if not KEY.fullmatch(key):
            result.problem(key, f'"{key}" is not a name', "use letters, digits, - and _")
        if path and not is_path(path):
            result.problem(key, f'"{path}" is not a path in JSON', 'write it as "order.items[0].state"')
    path = table.text("path", "")
    if path.startswith("/") or not _BELOW.fullmatch(path) or ".." in path.split("/"):
        # What follows the service's URL must stay below it.
        table.problem("path", f'"{path}" is not a path below the service', 'write it as "orders/state"')
    return f.Lookup(
        name=name,
        service=table.choice("service", context.lookups),
        path=path,
        query={key: query.text(key) for key in query.values},
        result=found,
        next=table.text("next"),
        fallback=table.text("fallback"),
        timeout_us=table.seconds("timeout_s", 3, low=0.1, high=10),
    )


def _condition(name: str, table: Table, _: FlowContext) -> Node:
    cases = tuple(_case(row) for row in table.rows("cases"))
    if table.has("cases") and not cases:
        table.problem("cases", "has no case", 'for example cases = [{ key = "tier", equals = "gold", next = "..." }]')
    return f.Condition(name=name, cases=cases, otherwise=table.text("otherwise"))


def _case(table: Table) -> f.Case:
    tests = [test for test in _TESTS if table.has(test)]
    if len(tests) != 1:
        table.problem("", "needs exactly one test" if not tests else "has several tests", f"one of {', '.join(_TESTS)}")
    test = tests[0] if tests else "exists"
    match test:
        case "in":
            values = table.texts("in")
        case "exists" | "phone":
            values = ("true" if table.flag(test, default=True) else "false",)
        case "greater" | "less":
            values = (
                table.text(test) if isinstance(table.values[test], str) else f"{table.number(test, low=-1e12):.12g}",
            )
            if decimal(values[0]) is None:
                table.problem(test, f'"{values[0]}" is not a number')
        case _:
            values = (table.text(test),)
    case = f.Case(key=table.text("key"), test=test, values=values, next=table.text("next"))
    table.finish()
    return case


def _callback(name: str, table: Table, context: FlowContext) -> Node:
    return f.Callback(
        name=name,
        queue=table.choice("queue", context.queues),
        number=table.text("number", "{caller}"),
        next=table.text("next"),
        fallback=table.text("fallback"),
    )


def _voicemail(name: str, table: Table, context: FlowContext) -> Node:
    return f.Voicemail(
        name=name,
        prompts=_prompts(table),
        queue=table.choice("queue", context.queues),
        next=table.text("next"),
        fallback=table.text("fallback"),
        max_us=table.seconds("max_s", 120, low=5, high=600),
        silence_us=table.seconds("silence_s", 5, low=0, high=60),
    )


def _queue(name: str, table: Table, context: FlowContext) -> Node:
    return Queue(name=name, queue=table.choice("queue", context.queues), operator=table.text("kind") == "operator")


def _goodbye(name: str, table: Table, _: FlowContext) -> Node:
    return Goodbye(name=name, prompts=table.texts("prompts", ()), outcome=table.text("outcome", "goodbye"))


ATTRIBUTE = re.compile(r"(customer\.)?[A-Za-z_][A-Za-z0-9_]*")
_BELOW = re.compile(r"[A-Za-z0-9._~/-]*")
_TESTS: tuple[f.Test, ...] = get_args(f.Test)
_KINDS: Mapping[str, Callable[[str, Table, FlowContext], Node]] = {
    "greeting": _play,
    "play": _play,
    "menu": _menu,
    "collect": _collect,
    "set": _set,
    "hours": _hours,
    "lookup": _lookup,
    "condition": _condition,
    "callback": _callback,
    "voicemail": _voicemail,
    "queue": _queue,
    "operator": _queue,
    "goodbye": _goodbye,
}


def _prompts(table: Table) -> tuple[str, ...]:
    prompts = table.texts("prompts")
    if table.has("prompts") and not any(not prompt.startswith("{") for prompt in prompts):
        # A value alone may be empty, and a number without a word tells a caller little.
        table.problem("prompts", "says nothing", "name at least one prompt that is a sound")
    return prompts


def _retry(table: Table, key: str) -> Retry:
    retry = table.table(key)
    value = Retry(attempts=retry.integer("attempts", 2, low=0, high=10), prompts=retry.texts("prompts", ()))
    retry.finish()
    return value
