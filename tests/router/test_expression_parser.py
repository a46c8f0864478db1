"""The text form of expressions, and its mistakes with their columns."""

import pytest

from router.expression import (
    ALWAYS,
    NEVER,
    AllOf,
    AtLeast,
    Attribute,
    Expression,
    Not,
    SkillOf,
    Team,
    render,
    resolve,
)
from router.expression_parser import ExpressionError, parse
from router.vocabulary import Requirement


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("", ALWAYS),
        ("orders", Requirement("orders")),
        ("orders >= 3", Requirement("orders", 3)),
        ("orders > 3", Requirement("orders", 4)),
        ("orders == 3", Requirement("orders", 3, 3)),
        ("3 <= orders <= 7", Requirement("orders", 3, 7)),
        ("orders < 3", Not(Requirement("orders", 3))),
        ("orders <= 3", Not(Requirement("orders", 4))),
        ("orders <= 10", ALWAYS),
        ("orders != 3", Not(Requirement("orders", 3, 3))),
        ('skill("call-back") >= 2', Requirement("call-back", 2)),
        ("skill(work.language) >= 4", SkillOf("language", 4)),
        ('team == "experts"', Team(("experts",))),
        ('team not in ("a", "b")', Not(Team(("a", "b")))),
        ('work.channel != "phone_line"', Not(Attribute("channel", ("phone_line",)))),
        ('customer.tier in ["gold", "vip"]', Attribute("customer.tier", ("gold", "vip"))),
        ("at_least(2, a, b >= 3, c)", AtLeast(2, (Requirement("a"), Requirement("b", 3), Requirement("c")))),
        (
            "a and (b or not c)",
            AllOf((Requirement("a"), AtLeast(1, (Requirement("b"), Not(Requirement("c")))))),
        ),
        ("订单 >= 3", Requirement("订单", 3)),
        ("True", ALWAYS),
        ("False", NEVER),
    ],
)
def test_text(text: str, expression: Expression) -> None:
    assert parse(text) == expression
    assert resolve(parse(render(expression)), {"language": "b"}) == resolve(expression, {"language": "b"})


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("orders >=", "is no expression", None),
        ("orders >= 11", "grades go from 1 to 10", 0),
        ("a and orders >= 0", "grades go from 1 to 10", 6),
        ("7 <= orders <= 3", "grades go from 1 to 10", 0),
        ("a and 5", '"5" is neither a skill nor a condition', 6),
        ("a + b", "is neither a skill", 0),
        ("at_least(4, a, b)", "has 2 parts", 0),
        ("at_least(0, a)", "has 1 parts", 0),
        ("a in (1, 2)", "is no comparison", 0),
        ('"vip" == work.tier', "is no comparison", 0),
        ("work.tier > 3", "compare by ==", 0),
        ("work.tier in (1,)", "only texts", 14),
        ("agent.tier == 'x'", "attributes are written", 0),
        ("skill(agent.x)", "attributes are written", 6),
        ("__import__('os')", "is neither a skill", 0),
        ("a; b", "is no expression", 1),
        ("(" * 300 + "a" + ")" * 300, "is no expression", None),
        ("not " * 20000 + "a", "", 0),
        ("a\0", "is no expression", None),
    ],
)
def test_mistakes_have_a_column(text: str, message: str, column: int | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert message in str(caught.value)
    # Where Python itself refuses the text, the column differs with its version.
    assert column is None or caught.value.column == column
