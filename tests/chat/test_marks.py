"""How far both sides are is written when it has changed."""

from typing import Any, cast

from chat.marks import KeptMarks
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
