"""A site without holidays need not say so."""

from ivr.context import IvrContext


def test_no_day_is_a_holiday_unless_the_site_says_so() -> None:
    assert IvrContext(lambda _calendar, _now: True).holiday("office", 0) == ""
