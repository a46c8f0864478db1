"""Order and places of those who wait."""

from random import Random

import pytest

from router.queue import WaitingList, rank
from router.vocabulary import Medium
from router.work import Work


def item(sequence: int, priority: int = 0, queued_at: int = 0) -> Work:
    return Work(
        f"w{sequence}", "i", Medium.VOICE, "q", (), 0, queued_at, sequence, "", rank=rank(priority, queued_at, sequence)
    )


def test_priority_comes_before_waiting_time_and_that_before_sequence() -> None:
    waiting = WaitingList()
    for work in (item(3, 0, 10), item(2, 0, 10), item(4, 5, 30), item(1, 0, 5)):
        waiting.add(work)
    assert [work.work_id for work in waiting] == ["w4", "w1", "w2", "w3"]


def test_place_counts_from_one_and_an_item_put_back_has_its_old_place() -> None:
    waiting = WaitingList()
    items = [item(sequence, queued_at=sequence) for sequence in range(1, 6)]
    for work in items:
        waiting.add(work)
    waiting.remove(items[1])
    assert waiting.place(items[2]) == 2
    waiting.add(items[1])
    assert [waiting.place(work) for work in items] == [1, 2, 3, 4, 5]
    assert len(waiting) == 5


def test_an_item_that_is_not_there_has_no_place() -> None:
    waiting = WaitingList()
    waiting.add(item(1))
    with pytest.raises(KeyError):
        waiting.place(item(2))
    with pytest.raises(KeyError):
        waiting.remove(item(1))


def test_places_equal_a_sort_under_random_use() -> None:
    random, waiting = Random(1), WaitingList()
    inside: list[Work] = []
    for sequence in range(2000):
        if inside and random.random() < 0.45:
            gone = inside.pop(random.randrange(len(inside)))
            waiting.remove(gone)
        else:
            work = item(sequence, random.randrange(3), random.randrange(50))
            inside.append(work)
            waiting.add(work)
    inside.sort(key=lambda work: work.rank)
    assert list(waiting) == inside
    assert [waiting.place(work) for work in inside] == list(range(1, len(inside) + 1))
