"""A parsed flow for tests, written as the mapping that its TOML file would give."""

from copy import deepcopy
from typing import Any

from ivr.flow import DIGITS, Flow
from ivr.parse import FlowContext, parse_flow
from ivr.speech import digits_prompts

NAMES = ("hello", "menu", "number", "again", "wrong", "info", "bye")
CONTEXT = FlowContext(
    languages=("en", "zh"),
    prompts={
        f"{language}/{name}"
        for language in ("en", "zh")
        for name in (*NAMES, *(name.lstrip("/") for name in digits_prompts("", DIGITS)))
    },
    queues=("orders", "help"),
    skills=("mandarin", "orders"),
    calendars=("office",),
    lookups=("shop",),
)

_RAW: dict[str, Any] = {
    "title": "Test",
    "language": "en",
    "start": "greeting",
    "nodes": {
        "greeting": {"kind": "greeting", "prompts": ["en/hello", "zh/hello"], "next": "hours"},
        "hours": {"kind": "hours", "calendar": "office", "open": "menu", "closed": "closed"},
        "menu": {
            "kind": "menu",
            "prompts": ["menu"],
            "timeout_s": 5,
            "no_input": {"attempts": 1, "prompts": ["again"]},
            "no_match": {"attempts": 1, "prompts": ["wrong"]},
            "fallback": "operator",
            "choices": {
                "1": {"label": "orders", "next": "number"},
                "3": {"label": "info", "next": "info"},
                "8": {"label": "中文", "next": "chinese"},
                "0": {"label": "operator", "next": "operator"},
                "*": {"label": "repeat", "next": "menu"},
            },
        },
        "number": {
            "kind": "collect",
            "prompts": ["number"],
            "key": "order_number",
            "min_length": 3,
            "max_length": 5,
            "timeout_s": 6,
            "inter_digit_s": 2,
            "no_input": {"attempts": 0},
            "no_match": {"attempts": 1, "prompts": ["wrong"]},
            "next": "queue",
            "fallback": "operator",
        },
        "chinese": {
            "kind": "set",
            "language": "zh",
            "requirements": {"mandarin": 3},
            "priority": 7,
            "data": {"topic": "chinese"},
            "next": "menu",
        },
        "info": {"kind": "play", "prompts": ["info"], "barge_in": False, "next": "menu-or-bye"},
        "menu-or-bye": {
            "kind": "menu",
            "prompts": ["menu"],
            "fallback": "bye",
            "no_input": {"attempts": 0},
            "no_match": {"attempts": 0},
            "choices": {"1": {"label": "more", "next": "menu"}},
        },
        "queue": {"kind": "queue", "queue": "orders"},
        "operator": {"kind": "operator", "queue": "help"},
        "closed": {"kind": "goodbye", "prompts": ["bye"], "outcome": "closed"},
        "bye": {"kind": "goodbye", "outcome": "self_service"},
    },
}


def raw() -> dict[str, Any]:
    """A fresh copy of the mapping, to be changed at will."""
    return deepcopy(_RAW)


def parsed(mapping: dict[str, Any]) -> Flow:
    """The flow of a mapping without mistakes."""
    flow, problems = parse_flow("test", mapping, CONTEXT)
    assert flow is not None, problems
    return flow
