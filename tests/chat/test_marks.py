"""How far both sides are is written when it has changed."""

from typing import Any, cast

from chat.marks import GATHER_US, KeptMarks
from chat.ports import StoreAwayError
from records.messages import Marks

BEFORE, AFTER = Marks(1, 1, 0, 0), Marks(2, 1, 0, 0)


class Shelf:
    """What was written, or would have been."""

    def __init__(self) -> None:
        self.written: list[Marks] = []
        self.away = False

    async def mark(self, _chat_id: str, marks: Marks) -> None:
        self.written.append(marks)
        if self.away:
            raise StoreAwayError


def kept() -> tuple[KeptMarks, Shelf]:
    shelf = Shelf()
    return KeptMarks("chat1", BEFORE, cast("Any", shelf)), shelf


async def test_only_what_has_changed_is_written() -> None:
    marks, shelf = kept()
    for each in (BEFORE, AFTER, AFTER):
        await marks.keep(each)
    assert shelf.written == [AFTER]


async def test_a_store_that_is_away_is_not_asked_again_for_the_same() -> None:
    marks, shelf = kept()
    shelf.away = True
    await marks.keep(AFTER)
    await marks.keep(AFTER)
    assert shelf.written == [AFTER]


async def test_they_are_due_a_while_after_the_first_change_and_not_once_they_are_kept() -> None:
    marks, shelf = kept()
    assert marks.due(BEFORE, 1) is None
    assert marks.due(AFTER, 5) == 5 + GATHER_US
    assert marks.due(Marks(2, 2, 0, 0), 9) == 5 + GATHER_US, "what changes again does not put it off"
    await marks.keep(AFTER)
    assert marks.due(AFTER, 11) is None
    marks.are(BEFORE)
    assert marks.due(BEFORE, 12) is None
    assert marks.due(AFTER, 13) == 13 + GATHER_US
    assert shelf.written == [AFTER]
