"""The arguments of a commit."""

from router.rows import Changes, NeighbourRow
from router.vocabulary import WorkState
from store.codec import encode_entry, encode_row
from store.group import commit_values
from store.lease import InboxEntry
from tests.store.samples import T0, agent, reservation, turn, work


def test_the_values_of_a_commit() -> None:
    waiting, offered = work("w1"), work("w2", state=WorkState.OFFERED)
    turns = [
        turn(7, Changes(agents=(agent("a1"),), work=(waiting, work("w2")), reservations=(reservation("r1"),))),
        turn(8, Changes(work=(offered,), work_closed=("w3",), agents_removed=("a1",), reservations_closed=("r0",))),
        turn(9, Changes(neighbours=(south := NeighbourRow("south", 4),))),
    ]
    entries = [InboxEntry(f"{number}-0", turns[0].event, f"n2.1/{number}") for number in (8, 9)]
    assert commit_values(4, "n1.1", turns, entries) == [
        *(4, 7, T0 + 9, "", "n1.1"),
        *(3, *(encode_entry(one) for one in turns)),
        0,
        0,
        *(2, "r1", encode_row(reservation("r1"))),
        *(4, "w1", encode_row(waiting), "w2", encode_row(offered)),
        *(1, "a1"),
        *(1, "r0"),
        *(1, "w3"),
        *(2, "south", encode_row(south)),
        *(4, "8-0", "n2.1/8", "9-0", "n2.1/9"),
    ]
