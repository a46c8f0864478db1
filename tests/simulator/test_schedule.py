"""Numbers of agents over the day become each agent's own spells."""

from simulator.schedule import Plan, Spell, plans_of_levels


def test_levels_are_met_at_every_time() -> None:
    levels = [(0, 2), (10, 4), (20, 1), (30, 3)]
    plans = plans_of_levels(levels, 40, 4)
    for at, expected in ((5, 2), (15, 4), (25, 1), (35, 3)):
        there = [any(spell.from_us <= at < (spell.to_us or 99) for spell in plan.spells) for plan in plans]
        assert sum(there) == expected, at
    assert plans[0] == Plan((Spell(0, 40),)), "the first stays all the time"
    assert plans[3] == Plan((Spell(10, 20),))


def test_the_last_level_may_hold_for_ever_or_be_nobody() -> None:
    assert plans_of_levels([(0, 1)], None, 2) == [Plan((Spell(0, None),)), Plan()]
    assert plans_of_levels([(0, 1), (10, 0)], None, 1) == [Plan((Spell(0, 10),))]
