"""What a flow does with customer data: fills it into texts, tests it, and takes it out of a JSON answer.

A key names customer data (collected, set or looked up) or one of `VARIABLES`; data wins where both have the name.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import assert_never

from ivr.flow import Case, Condition

VARIABLES = ("caller", "channel", "entry", "language")
MAX_VALUE = 200

KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_HOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")
_STEP = re.compile(r"(?:^|\.)([A-Za-z0-9_-]+)|\[(\d{1,6})\]")
_PHONE = re.compile(r"\+?\d{3,15}")


def names_in(text: str) -> list[str]:
    """The keys that `text` has in braces."""
    return _HOLE.findall(text)


def fill(text: str, value: Callable[[str], str | None]) -> str:
    """`text` with each `{key}` replaced by its value, "" when there is none."""
    return _HOLE.sub(lambda hole: value(hole[1]) or "", text)


def holds(case: Case, value: str | None) -> bool:
    """Whether `value` passes the case's test; only `exists = false` holds for one that is missing or empty."""
    if case.test == "exists":
        return bool(value) is (case.values[0] == "true")
    if not value:
        return False
    match case.test:
        case "equals" | "in":
            return value in case.values
        case "prefix":
            return value.startswith(case.values)
        case "phone":
            return (_PHONE.fullmatch(value) is not None) is (case.values[0] == "true")
        case "greater" | "less":
            number, limit = decimal(value), decimal(case.values[0])
            if number is None or limit is None:
                return False
            return number > limit if case.test == "greater" else number < limit
        case _:
            assert_never(case.test)


def branch(node: Condition, value: Callable[[str], str | None]) -> tuple[str, str]:
    """The node of the first case that holds, or of `otherwise`, and which it was, without the value."""
    for number, case in enumerate(node.cases, start=1):
        if holds(case, value(case.key)):
            return case.next, f"case {number}: {case.key}"
    return node.otherwise, "otherwise"


def decimal(text: str) -> Decimal | None:
    """The finite number that `text` writes, if it does."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def is_path(path: str) -> bool:
    """Whether `path` can be followed: names joined by dots and indexes in brackets, `orders[0].state`."""
    return bool(path) and _STEP.sub("", path) == "" and not path.startswith(".")


def take(answer: object, result: Mapping[str, str]) -> dict[str, str]:
    """What `result` (key to path) finds in a JSON value; keys whose path leads nowhere are left out."""
    found = {key: at_path(answer, path) for key, path in result.items()}
    return {key: value for key, value in found.items() if value is not None}


def at_path(answer: object, path: str) -> str | None:
    """The text, number or truth value at `path` in a JSON value, as text of at most 200 characters; else None."""
    for name, index in _STEP.findall(path):
        if index:
            if not isinstance(answer, list) or int(index) >= len(answer):
                return None
            answer = answer[int(index)]
        elif isinstance(answer, dict) and name in answer:
            answer = answer[name]
        else:
            return None
    if isinstance(answer, bool):
        return "true" if answer else "false"
    return str(answer)[:MAX_VALUE] if isinstance(answer, str | int | float) else None
