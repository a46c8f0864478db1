"""Mistakes that only the whole flow shows; the others are in test_parse.py."""

from typing import Any

from ivr.check import check_flow
from ivr.flow import Flow, Goodbye, Lookup
from ivr.parse import parse_flow
from ivr.reading import FlowProblem
from tests.ivr.build import CONTEXT, raw


def problems_of(**nodes: dict[str, Any]) -> list[tuple[str, str, str]]:
    mapping = raw()
    mapping["nodes"]["menu"]["choices"]["5"] = {"label": "more", "next": "first"}
    mapping["nodes"].update({name.replace("_", "-"): node for name, node in nodes.items()})
    _, problems = parse_flow("test", mapping, CONTEXT)
    return [(problem.path, problem.message, problem.suggestion) for problem in problems]


LOOKUP = {"kind": "lookup", "service": "shop", "result": {"state": "state"}, "next": "bye", "fallback": "bye"}


def test_a_key_that_nothing_sets_is_a_mistake_wherever_it_is_used() -> None:
    case = {"key": "stat", "equals": "sent", "next": "bye"}
    found = problems_of(
        first={**LOOKUP, "query": {"order": "{order_numer}"}, "next": "second"},
        second={"kind": "condition", "cases": [case], "otherwise": "third"},
        third={"kind": "set", "data": {"copy": "{calller}"}, "next": "fourth"},
        fourth={"kind": "callback", "queue": "help", "number": "{copi}", "next": "fifth", "fallback": "fifth"},
        fifth={"kind": "goodbye", "prompts": ["bye", "{tpoic}"]},
    )
    assert found == [
        ("nodes.first.query.order", 'nothing in this flow sets "order_numer"', 'did you mean "order_number"?'),
        ("nodes.second.cases[0].key", 'nothing in this flow sets "stat"', 'did you mean "state"?'),
        ("nodes.third.data.copy", 'nothing in this flow sets "calller"', 'did you mean "caller"?'),
        ("nodes.fourth.number", 'nothing in this flow sets "copi"', 'did you mean "copy"?'),
        ("nodes.fifth.prompts[1]", 'nothing in this flow sets "tpoic"', 'did you mean "topic"?'),
    ]


def test_a_value_that_is_spoken_needs_the_digits() -> None:
    nodes = {"bye": Goodbye("bye", ("en/bye", "{caller}"))}
    found: list[FlowProblem] = []
    check_flow(Flow("test", "Test", "en", "bye", nodes), nodes, {"en/bye"}, found)
    assert len(found) == 12
    assert 'the prompt "digit-0" is missing in the language "en"' in found[0].message


def test_a_hole_that_is_not_closed_is_not_a_value() -> None:
    found = problems_of(first={"kind": "play", "prompts": ["info", "{caller"], "next": "bye"})
    assert ("nodes.first.prompts[1]", '"{caller" is not a value', 'write one key in braces: "{caller}"') in found


def test_requests_do_not_break_a_silent_circle() -> None:
    found = problems_of(first={**LOOKUP, "next": "second"}, second={**LOOKUP, "next": "first"})
    assert "goes in a circle that needs no key" in found[0][1]


def test_every_way_out_of_a_request_needs_a_target() -> None:
    nodes = {"ask": Lookup("ask", "shop", "", {}, {}, "gone", "lost")}
    found: list[FlowProblem] = []
    check_flow(Flow("test", "Test", "en", "ask", nodes), nodes, (), found)
    assert [problem.path for problem in found] == ["nodes.ask.next", "nodes.ask.fallback"]
