"""Expressions in the files: taken as they are, mistakes with their column."""

import pytest

from config.demands import Known, read_case, read_demand
from ivr.reading import Table

KNOWN = Known(skills=("orders", "english", "mandarin", "trainee"), teams=("experts",))


def read(text: object, case: bool = False) -> tuple[str, list[tuple[str, str, str]]]:
    table = Table({"want": text}, "orders", [])
    found = read_case(table, "want") if case else read_demand(table, "want", KNOWN)
    return found, [(each.path, each.message, each.suggestion) for each in table.problems]


@pytest.mark.parametrize(
    "text",
    [
        "orders >= 3 and (english >= 5 or mandarin >= 5) and not trainee",
        'team == "experts" or at_least(2, orders, english >= 4, mandarin)',
        'skill(work.language) >= 4 and work.channel == "phone_line"',
    ],
)
def test_what_is_right_is_kept_as_it_was_written(text: str) -> None:
    assert read(text) == (text, [])


@pytest.mark.parametrize(
    ("text", "message", "suggestion"),
    [
        ("orders >= 3 and englihs", 'column 17: there is no skill "englihs"', 'did you mean "english"?'),
        ('team == "expert"', 'column 10: there is no team "expert"', 'did you mean "experts"?'),
        ("orders > = 3", "column 10: ", "for example "),
        ("orders >= 11", "column 1: grades go from 1 to 10", "for example "),
        ("orders + 3", "column 1: ", "for example "),
        ("__import__('os')", "column 1: ", "for example "),
        ("orders >= 5 and not orders >= 3", "", ""),
        ("orders >= 5 and 1 <= orders <= 3", "is met by nobody", "a grade cannot"),
    ],
)
def test_mistakes_have_their_column_and_a_suggestion(text: str, message: str, suggestion: str) -> None:
    _, problems = read(text)
    if not message:
        assert problems == [], "a contradiction of a not is not looked for"
        return
    ((path, said, hint),) = problems
    assert path == "orders.want"
    assert said.startswith(message), said
    assert hint.startswith(suggestion), hint


def test_a_case_speaks_of_work_only() -> None:
    assert read('customer.tier in ("gold", "vip")', case=True) == ('customer.tier in ("gold", "vip")', [])
    _, problems = read('customer.tier == "gold" and english >= 3', case=True)
    message = 'column 29: "english" is asked of agents; this rule knows the work only'
    assert problems == [("orders.want", message, "write work.name or customer.name")]


def test_a_text_is_expected() -> None:
    assert read(3)[1][0][1] == "is a whole number: a text that is not empty is expected"
