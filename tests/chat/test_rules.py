"""Who goes ahead."""

import pytest

from chat.rules import Rule, strictest, terms
from router.vocabulary import Requirement

GOLD = Rule(signed={"tier": "gold"}, priority=10)
COMPLAINT = Rule(data={"topic": "complaint"}, priority=2, requirements=(Requirement("care", 5),))
BOTH = Rule(signed={"tier": "gold"}, data={"topic": "complaint"}, requirements=(Requirement("care", 8),))
RULES = (GOLD, COMPLAINT, BOTH)


@pytest.mark.parametrize(
    ("signed", "data", "priority", "care"),
    [
        ({}, {}, 0, None),
        ({"tier": "gold", "since": "2019"}, {}, 10, None),
        ({"tier": "silver"}, {"topic": "complaint"}, 2, 5),
        ({"tier": "gold"}, {"topic": "complaint"}, 10, 8),
        ({}, {"tier": "gold"}, 0, None),
    ],
)
def test_what_holds_counts(signed: dict[str, str], data: dict[str, str], priority: int, care: int | None) -> None:
    wanted = () if care is None else (Requirement("care", care),)
    assert terms(RULES, signed, data) == (priority, wanted)


def test_the_strictest_demand_for_each_skill() -> None:
    needs = (Requirement("care", 5), Requirement("mandarin", 1), Requirement("care", 3))
    assert strictest(needs) == (Requirement("care", 5), Requirement("mandarin", 1))
