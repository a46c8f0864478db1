"""The freed agent serves the queue that is most above its share."""

from router.line import Line
from router.policy import QueuePolicy
from router.queue import rank
from router.ratio import Ratios
from router.vocabulary import Medium
from router.work import Work


def line(name: str, ratio: int, *priorities: int) -> Line:
    made = Line(QueuePolicy(name, Medium.VOICE, ratio=ratio))
    for number, priority in enumerate(priorities):
        work = Work(f"{name}{number}", "i", Medium.VOICE, name, (), 0, 0, 0, "")
        work.rank = rank(priority, ord(name[0]), number)
        made.waiting.add(work)
    return made


def chosen(*lines: Line, ageing: bool = False) -> str:
    heads = [next(iter(one.waiting)) for one in lines]
    first = min(heads, key=lambda work: work.rank)
    found = Ratios({one.rules.name: one for one in lines}).choose(first, heads, ageing=ageing)
    return found.queue


def test_the_queue_most_above_its_share_is_served() -> None:
    assert chosen(line("a", 3, 0, 0, 0), line("b", 1, 0)) == "a"  # both at their share: what stands first
    assert chosen(line("a", 3, 0, 0, 0), line("b", 1, 0, 0)) == "b"
    assert chosen(line("a", 3, 0, 0, 0, 0, 0, 0, 0), line("b", 1, 0, 0)) == "a"


def test_a_ratio_decides_among_equals_in_priority_only() -> None:
    assert chosen(line("a", 3, 5), line("b", 1, 0, 0, 0)) == "a"
    assert chosen(line("a", 3, 5), line("b", 1, 0, 0, 0), ageing=True) == "b"


def test_queues_without_a_ratio_keep_their_turn() -> None:
    assert chosen(line("a", 0, 0), line("b", 1, 0, 0), line("c", 1, 0)) == "a"
    assert chosen(line("z", 0, 0), line("c", 1, 0), line("b", 1, 0, 0)) == "b"


def test_work_that_is_kept_for_one_keeps_its_turn() -> None:
    first, second = line("a", 1, 0), line("b", 1, 0, 0)
    next(iter(first.waiting)).directed = "ann"
    assert chosen(first, second) == "a"
