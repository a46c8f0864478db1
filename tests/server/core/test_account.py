"""The account of committed turns: in order, later, some at a time, and whole for who asks for it."""

import asyncio

import pytest

from router.errors import RoutingEndedError
from router.events import InteractionNoted
from router.rows import NOTHING, Turn
from server.core import account as module
from server.core.account import ACCOUNT_TURNS, Account
from tests.waiting import until


class Kept:
    """An account, and what it told."""

    def __init__(self) -> None:
        self.decided: list[int] = []
        self.noted: list[int] = []
        self.tidied = 0
        self.under_way = False
        self.lately = False
        self.asked = 0
        self.last = 0
        self.account = Account(
            0,
            lambda turn, _us: self.decided.append(turn.sequence),
            lambda turn: self.noted.append(turn.sequence),
            self._tidy,
            lambda: self.under_way,
            self._decided_lately,
        )

    def _decided_lately(self) -> bool:
        self.asked += 1
        return self.lately

    def _tidy(self) -> None:
        self.tidied += 1

    def turns(self, count: int) -> list[Turn]:
        """So many more are decided."""
        made = [Turn(self.last + n + 1, 0, "t", InteractionNoted("i", "digit"), (), NOTHING) for n in range(count)]
        self.last += count
        for turn in made:
            self.account.begun(turn, 1)
        return made


@pytest.fixture
def kept() -> Kept:
    return Kept()


async def test_some_are_noted_in_each_turn_of_the_loop_and_who_waits_goes_on_when_all_are(kept: Kept) -> None:
    kept.account.spoken(kept.turns(100))
    reached, most = asyncio.create_task(kept.account.upto(100)), 0
    while not reached.done():
        before = len(kept.noted)
        await asyncio.sleep(0)
        most = max(most, len(kept.noted) - before)
    assert kept.noted == kept.decided == list(range(1, 101))
    assert most < 50
    assert (kept.account.noted, kept.account.awaited, kept.tidied) == (100, False, 1)


async def test_few_wait_for_their_time_and_many_do_not(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACCOUNT_S", 3_600)
    kept.account.spoken(kept.turns(ACCOUNT_TURNS - 1))
    await asyncio.sleep(0)
    assert kept.noted == kept.decided == []
    kept.account.tell_decided()
    assert len(kept.decided) == ACCOUNT_TURNS - 1, "whoever asks has them at once"
    kept.account.spoken(kept.turns(1))
    await until(lambda: len(kept.noted) == ACCOUNT_TURNS)
    assert kept.decided == kept.noted


async def test_it_comes_after_the_stores_answer_but_for_who_waits(kept: Kept) -> None:
    kept.under_way = True
    kept.account.spoken(kept.turns(ACCOUNT_TURNS))
    for _ in range(10):
        await asyncio.sleep(0)
    assert kept.noted == []
    await asyncio.wait_for(kept.account.upto(ACCOUNT_TURNS), 30)
    assert len(kept.noted) == ACCOUNT_TURNS


async def test_what_was_put_off_comes_with_what_was_under_way(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACCOUNT_S", 0)
    kept.under_way = True
    kept.account.spoken(kept.turns(1))
    await until(lambda: kept.account._put_off)
    monkeypatch.setattr(module, "ACCOUNT_S", 3_600)
    kept.account.spoken(kept.turns(1))
    kept.under_way = False
    await until(lambda: kept.noted == [1, 2])


async def test_few_wait_a_little_longer_while_something_is_decided(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACCOUNT_S", 0)
    monkeypatch.setattr(module, "LULL_S", 0)
    monkeypatch.setattr(module, "PATIENCE_S", 3_600)
    kept.lately = True
    kept.account.spoken(kept.turns(3))
    await until(lambda: kept.asked > 1)
    assert kept.noted == []
    kept.lately = False
    await until(lambda: kept.noted == [1, 2, 3])


async def test_their_patience_ends(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACCOUNT_S", 0)
    kept.lately = True
    kept.account.spoken(kept.turns(3))
    await until(lambda: kept.noted == [1, 2, 3])


async def test_at_its_end_all_that_was_spoken_is_noted_and_nobody_waits_for_the_rest(kept: Kept) -> None:
    kept.account.spoken(kept.turns(3))
    kept.turns(1)
    waiting = asyncio.create_task(kept.account.upto(4))
    await until(lambda: kept.account.awaited)
    kept.account.end()
    with pytest.raises(RoutingEndedError):
        await waiting
    assert kept.noted == [1, 2, 3]
