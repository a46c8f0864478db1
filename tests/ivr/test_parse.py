"""Every kind of mistake in a flow is found, at its path, with a suggestion."""

from collections.abc import Callable
from typing import Any

import pytest

from ivr.flow import (
    Callback,
    Collect,
    Condition,
    Goodbye,
    Hours,
    Lookup,
    Menu,
    Play,
    Queue,
    Set,
    Voicemail,
)
from ivr.parse import parse_flow
from tests.ivr.build import CONTEXT, parsed, raw

Change = Callable[[dict[str, Any]], object]


def test_a_right_flow_is_read_with_all_its_values() -> None:
    nodes = parsed(raw()).nodes
    menu, number, chinese = nodes["menu"], nodes["number"], nodes["chinese"]
    assert isinstance(nodes["greeting"], Play)
    assert nodes["greeting"].greeting
    assert isinstance(menu, Menu)
    assert menu.timeout_us == 5_000_000
    assert menu.no_input.attempts == 1
    assert menu.choices["8"].label == "中文"
    assert isinstance(number, Collect)
    assert (number.min_length, number.max_length, number.terminator) == (3, 5, "#")
    assert number.inter_digit_us == 2_000_000
    assert isinstance(chinese, Set)
    assert chinese.requirements == (("mandarin", 3),)
    assert chinese.priority == 7
    assert isinstance(nodes["operator"], Queue)
    assert nodes["operator"].operator
    assert isinstance(nodes["bye"], Goodbye)
    assert nodes["bye"].outcome == "self_service"


def _node(name: str, **changes: object) -> Change:
    return lambda flow: flow["nodes"][name].update(changes)


def _without(name: str, key: str) -> Change:
    return lambda flow: flow["nodes"][name].pop(key)


MISTAKES: dict[str, tuple[Change, str, str, str]] = {
    "unknown target": (_node("greeting", next="hour"), "nodes.greeting.next", "no node", 'did you mean "hours"?'),
    "unknown fallback": (_node("menu", fallback="operater"), "nodes.menu.fallback", "no node", '"operator"'),
    "unknown choice target": (
        lambda flow: flow["nodes"]["menu"]["choices"]["1"].update(next="numbr"),
        "nodes.menu.choices.1.next",
        "no node",
        '"number"',
    ),
    "unknown start": (lambda flow: flow.update(start="greating"), "start", "not known", '"greeting"'),
    "unknown language": (lambda flow: flow.update(language="fr"), "language", "not known", "en, zh"),
    "unknown kind": (_node("menu", kind="menue"), "nodes.menu.kind", "not known", '"menu"'),
    "unknown queue": (_node("queue", queue="order"), "nodes.queue.queue", "not known", '"orders"'),
    "unknown calendar": (_node("hours", calendar="offic"), "nodes.hours.calendar", "not known", '"office"'),
    "unknown skill": (
        _node("chinese", requirements={"mandarine": 1}),
        "nodes.chinese.requirements.mandarine",
        "not known",
        '"mandarin"',
    ),
    "skill out of range": (
        _node("chinese", requirements={"mandarin": 11}),
        "nodes.chinese.requirements.mandarin",
        "from 0 to 10",
        "",
    ),
    "typing mistake in a key": (_node("menu", timeout=3), "nodes.menu.timeout", "not a key", '"timeout_s"'),
    "typing mistake at the top": (lambda flow: flow.update(lang="en"), "lang", "not a key", '"language"'),
    "missing target": (_without("greeting", "next"), "nodes.greeting.next", "is missing", ""),
    "missing nodes": (lambda flow: flow.pop("nodes"), "nodes", "is missing", ""),
    "node is no table": (lambda flow: flow["nodes"].update(menu=3), "nodes.menu", "a table is expected", ""),
    "wrong type": (_node("menu", timeout_s="5"), "nodes.menu.timeout_s", "is a text", ""),
    "wrong type of a whole number": (_node("number", min_length=2.5), "nodes.number.min_length", "is a number", ""),
    "wrong type of a flag": (_node("menu", barge_in="no"), "nodes.menu.barge_in", "true or false", ""),
    "wrong type in a list": (_node("menu", prompts=["menu", 3]), "nodes.menu.prompts[1]", "a whole number", ""),
    "no list": (_node("menu", prompts="menu"), "nodes.menu.prompts", "a list of texts is expected", ""),
    "out of range": (_node("menu", timeout_s=1000), "nodes.menu.timeout_s", "from 0.5 to 60", ""),
    "empty text": (_node("number", key=""), "nodes.number.key", "not empty", ""),
    "menu without choices": (_node("menu", choices={}), "nodes.menu.choices", "at least one choice", "add"),
    "choice that is no key": (
        lambda flow: flow["nodes"]["menu"]["choices"].update({"12": {"label": "x", "next": "menu"}}),
        "nodes.menu.choices.12",
        "not a key of a telephone",
        "0-9, * or #",
    ),
    "lengths swapped": (_node("number", min_length=9), "nodes.number.max_length", "less than min_length", "swap"),
    "sets nothing": (
        lambda flow: flow["nodes"].update(chinese={"kind": "set", "next": "menu"}),
        "nodes.chinese",
        "sets nothing",
        "requirements",
    ),
    "attribute": (
        lambda flow: flow["nodes"].update(chinese={"kind": "set", "next": "menu", "attributes": {"a b": "x"}}),
        "nodes.chinese.attributes.a b",
        "no name of an attribute",
        "customer.tier",
    ),
    "says nothing": (_node("info", prompts=[]), "nodes.info.prompts", "says nothing", "at least one"),
    "unknown complete prompt": (
        _node("greeting", prompts=["en/helo"]),
        "nodes.greeting.prompts[0]",
        "no prompt",
        '"en/hello"',
    ),
    "unknown retry prompt": (
        lambda flow: flow["nodes"]["menu"]["no_input"].update(prompts=["agian"]),
        "nodes.menu.no_input.prompts[0]",
        'missing in the language "en"',
        '"again"',
    ),
    "unreachable": (
        lambda flow: flow["nodes"].update(lonely={"kind": "goodbye"}),
        "nodes.lonely",
        "no caller can get here",
        "remove it",
    ),
    "a circle without a key": (
        _node("menu-or-bye", fallback="info"),
        "nodes.info",
        "circle that needs no key",
        "queue or a goodbye",
    ),
}

LOOKUP = {"kind": "lookup", "service": "shop", "result": {"state": "a.b"}, "next": "bye", "fallback": "bye"}
CASE = {"key": "caller", "equals": "x", "next": "bye"}
CALLBACK = {"kind": "callback", "queue": "help", "next": "bye", "fallback": "bye"}
VOICEMAIL = {**CALLBACK, "kind": "voicemail", "prompts": ["info"]}


def _added(node: dict[str, Any], **changes: object) -> Change:
    return lambda flow: flow["nodes"].update(added={**node, **changes})


def _case(**case: object) -> Change:
    return _added({"kind": "condition", "otherwise": "bye"}, cases=[case])


MISTAKES |= {
    "unknown service": (_added(LOOKUP, service="shopp"), "nodes.added.service", "not known", '"shop"'),
    "a result that is no path": (_added(LOOKUP, result={"a": "$.a"}), "nodes.added.result.a", "not a path", "order."),
    "a result that is no name": (
        _added(LOOKUP, result={"a b": "a"}),
        "nodes.added.result.a b",
        "not a name",
        "letters",
    ),
    "a look-up above its service": (
        _added(LOOKUP, path="a/../../b"),
        "nodes.added.path",
        "below the service",
        "orders/",
    ),
    "a look-up elsewhere": (_added(LOOKUP, path="//example.com"), "nodes.added.path", "below the service", "orders/"),
    "a look-up with a query of its own": (
        _added(LOOKUP, path="a?b"),
        "nodes.added.path",
        "below the service",
        "orders/",
    ),
    "a look-up without result": (_added(LOOKUP, result=None), "nodes.added.result", "is missing", ""),
    "a look-up that waits too long": (_added(LOOKUP, timeout_s=60), "nodes.added.timeout_s", "from 0.1 to 10", ""),
    "no case": (_added({"kind": "condition", "otherwise": "bye"}, cases=[]), "nodes.added.cases", "no case", "cases ="),
    "cases are no list": (
        _added({"kind": "condition", "otherwise": "bye"}, cases={"a": 1}),
        "nodes.added.cases",
        "a list of tables",
        "",
    ),
    "a case is no table": (
        _added({"kind": "condition", "otherwise": "bye"}, cases=[3]),
        "nodes.added.cases[0]",
        "a table is expected",
        "",
    ),
    "a case without test": (_case(key="caller", next="bye"), "nodes.added.cases[0]", "exactly one test", "equals, in"),
    "a case with two tests": (_case(**CASE, prefix="y"), "nodes.added.cases[0]", "several tests", "equals, in"),
    "a case with a bad key": (_case(**CASE, equal="y"), "nodes.added.cases[0].equal", "not a key", '"equals"'),
    "a case with a bad number": (
        _case(key="caller", greater="many", next="bye"),
        "nodes.added.cases[0].greater",
        "not a number",
        "",
    ),
    "a case with a bad target": (
        _case(key="caller", exists=True, next="by"),
        "nodes.added.cases[0].next",
        "no node",
        '"bye"',
    ),
    "unknown queue of a callback": (_added(CALLBACK, queue="helb"), "nodes.added.queue", "not known", '"help"'),
    "unknown queue of a message": (_added(VOICEMAIL, queue="helb"), "nodes.added.queue", "not known", '"help"'),
    "a message that is too long": (_added(VOICEMAIL, max_s=3600), "nodes.added.max_s", "from 5 to 600", ""),
    "only a value is said": (_added(VOICEMAIL, prompts=["{caller}"]), "nodes.added.prompts", "says nothing", "sound"),
}


def test_requests_and_conditions_are_read_with_all_their_values() -> None:
    mapping = raw()
    nodes = mapping["nodes"]
    nodes["hours"]["holiday"] = "ask"
    nodes["ask"] = LOOKUP | {
        "query": {"n": "{caller}"},
        "path": "x/y",
        "timeout_s": 1.5,
        "next": "if",
        "fallback": "back",
    }
    tests: list[dict[str, object]] = [
        {"in": ["a", "b"]},
        {"prefix": "+86"},
        {"greater": 10},
        {"less": "1.5"},
        {"exists": False},
        {"phone": True},
    ]
    cases = [{"key": "state", "next": "bye", **test} for test in tests]
    nodes["if"] = {"kind": "condition", "cases": cases, "otherwise": "mail"}
    nodes["back"] = CALLBACK
    nodes["mail"] = VOICEMAIL | {"max_s": 60, "silence_s": 0}
    read = parsed(mapping).nodes
    assert read["ask"] == Lookup("ask", "shop", "x/y", {"n": "{caller}"}, {"state": "a.b"}, "if", "back", 1_500_000)
    found = read["if"]
    assert isinstance(found, Condition)
    assert [(case.test, case.values) for case in found.cases] == [
        ("in", ("a", "b")),
        ("prefix", ("+86",)),
        ("greater", ("10",)),
        ("less", ("1.5",)),
        ("exists", ("false",)),
        ("phone", ("true",)),
    ]
    assert read["back"] == Callback("back", "help", "{caller}", "bye", "bye")
    assert read["mail"] == Voicemail("mail", ("info",), "help", "bye", "bye", 60_000_000, 0)
    assert isinstance(read["hours"], Hours)
    assert read["hours"].holiday == "ask"


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_at_its_path(name: str) -> None:
    change, path, message, suggestion = MISTAKES[name]
    mapping = raw()
    change(mapping)
    flow, problems = parse_flow("test", mapping, CONTEXT)
    assert flow is None
    found = [problem for problem in problems if problem.path == path and message in problem.message]
    assert found, problems
    assert suggestion in found[0].suggestion


def test_all_mistakes_are_found_at_once() -> None:
    mapping = raw()
    for change, *_ in (MISTAKES["unknown target"], MISTAKES["unknown queue"], MISTAKES["wrong type"]):
        change(mapping)
    _, problems = parse_flow("test", mapping, CONTEXT)
    assert {problem.path for problem in problems} >= {
        "nodes.greeting.next",
        "nodes.queue.queue",
        "nodes.menu.timeout_s",
    }


def test_a_bare_prompt_is_needed_only_in_languages_that_the_flow_speaks() -> None:
    mapping = raw()
    mapping["nodes"]["info"]["prompts"] = ["english-only"]
    context = type(CONTEXT)(
        CONTEXT.languages, {*CONTEXT.prompts, "en/english-only"}, CONTEXT.queues, CONTEXT.skills, CONTEXT.calendars
    )
    _, problems = parse_flow("test", mapping, context)
    assert [problem.message for problem in problems] == ['the prompt "english-only" is missing in the language "zh"']
    del mapping["nodes"]["chinese"]["language"]
    assert parse_flow("test", mapping, context)[1] == ()


def test_read_back_needs_the_digits() -> None:
    mapping = raw()
    mapping["nodes"]["number"]["read_back"] = True
    assert parse_flow("test", mapping, CONTEXT)[1] == ()
    context = type(CONTEXT)(
        CONTEXT.languages,
        set(CONTEXT.prompts) - {"zh/digit-7"},
        CONTEXT.queues,
        CONTEXT.skills,
        CONTEXT.calendars,
    )
    _, problems = parse_flow("test", mapping, context)
    assert [(problem.path, "digit-7" in problem.message) for problem in problems] == [("nodes.number.read_back", True)]
