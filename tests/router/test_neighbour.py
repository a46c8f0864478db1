"""Numbers and verdicts between two shards."""

from router.neighbour import Neighbour


def test_numbers_rise_with_the_clock_and_beyond_it() -> None:
    south = Neighbour("south")
    assert [south.next_token(now) for now in (10, 10, 11, 40)] == [10, 11, 12, 40]
    # A store that lost the last ones: the clock went on, so that no token is given twice.
    assert Neighbour.from_row(Neighbour("south", sent=10).row()).next_token(41) == 41


def test_a_verdict_is_kept_until_it_was_heard() -> None:
    north = Neighbour("north", verdicts={5: "", 7: "queue_full", 9: ""})
    north.heard(7)
    north.heard(5)
    assert (north.settled, north.verdicts) == (7, {9: ""})


def test_a_row_has_all_of_it() -> None:
    north = Neighbour("north", 3, 4, {9: "", 7: "queue_full"})
    assert Neighbour.from_row(north.row()) == north
