"""Callers of a node that ends: announced to the other node, asked to call it, and gone from here when they are there.

Both nodes have the same rows and the same calls here: what is said between them goes over a real connection.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from router import events as facts
from router.commands import CloseWork
from router.vocabulary import Outcome
from server.calls.lost_calls import voice_rows
from server.calls.moved_calls import MovedCalls
from server.nodes.peer_link import PeerLink
from sip import events as sip
from tests.server.house import House, built
from tests.server.nodes.test_peer_link import Site, together
from tests.waiting import until
from voice.caller_leg import Elsewhere


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with built(tmp_path) as made:
        yield made


@pytest.fixture
async def moving(house: House) -> AsyncIterator[MovedCalls]:
    """The calls of n1.1."""
    site = Site()

    def of(link: PeerLink) -> MovedCalls:
        return MovedCalls(link, house.pump, house.contexts, house.conductor, f"127.0.0.1:{house.ua.port}", "http://b")

    async with site.node("n1.1") as here, site.node("n2.1") as there:
        made, _ = of(here), of(there)
        await together(here, there)
        yield made
    await site.tasks.aclose(2)


async def asked(house: House, then: Callable[[sip.ReferReceived], None]) -> None:
    """What the caller's phone does when it is asked to call somebody else."""

    def script(event: sip.SipEvent) -> None:
        if isinstance(event, sip.ReferReceived):
            then(event)

    house.outside.script = script


async def test_a_caller_whose_phone_agrees_goes_on_at_their_place(house: House, moving: MovedCalls) -> None:
    call = await house.queued()
    await house.pump.drain()  # `told` is of what is committed
    (before,) = house.told(facts.WorkQueued)
    coming: list[asyncio.Task[str]] = []

    def come(event: sip.ReferReceived) -> None:
        house.outside.ua.accept_refer(event.call)
        coming.append(asyncio.create_task(house.dial(entry=event.to_user)))

    await asked(house, come)
    assert await moving.move_all() == {before.interaction_id}
    assert (await house.outside.wait(sip.CallEnded, call)).by == "remote"
    await until(lambda: len(house.told(facts.WorkQueued)) == 2, "queued again")
    again = house.told(facts.WorkQueued)[1]
    first = next(turn.now for turn in house.turns if turn.event == before)
    assert (again.queue, again.since) == ("orders", first)
    noted = [event.detail for event in house.told(facts.InteractionNoted) if event.kind == "moved_from"]
    assert noted == [(("of", before.interaction_id),)]
    closed = [one for turn in house.turns for one in turn.commands if isinstance(one, CloseWork)]
    assert [(one.work_id, one.outcome) for one in closed] == [(before.work_id, Outcome.CANCELLED)], "not abandoned"
    house.outside.ua.hangup(await coming[0])
    await house.empty()


async def test_a_mistake_that_nobody_foresaw_leaves_the_caller_on_the_line(
    house: House, moving: MovedCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await house.queued()

    async def mistaken(_row: object, _word: str) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(moving, "_known", mistaken)
    with capture_logs() as logs:
        assert await moving.move_all() == frozenset()
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["caller_not_moved"]
    assert house.outside.seen(sip.CallEnded) == []
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_caller_whose_phone_declines_stays_on_the_line(house: House, moving: MovedCalls) -> None:
    call = await house.queued()
    await asked(house, lambda event: house.outside.ua.finish_refer(event.call, 603))
    assert await moving.move_all() == frozenset()
    assert len(voice_rows(house.pump, "n1.1")) == 1
    assert house.outside.seen(sip.CallEnded) == []
    house.outside.ua.hangup(call)
    house.conductor.awaited.close()
    await house.empty()


async def test_who_talks_is_handled_and_comes_again(house: House, moving: MovedCalls) -> None:
    await house.talking()
    coming: list[asyncio.Task[str]] = []

    def come(event: sip.ReferReceived) -> None:
        house.outside.ua.accept_refer(event.call)
        coming.append(asyncio.create_task(house.dial(entry=event.to_user)))

    await asked(house, come)
    assert len(await moving.move_all()) == 1
    await until(lambda: house.outcomes == ["handled"], "the first part of it")
    await until(lambda: len(house.told(facts.WorkQueued)) == 2, "queued again")
    house.outside.ua.hangup(await coming[0])
    await house.empty()


async def test_a_node_that_is_drained_too_takes_nobody(house: House, moving: MovedCalls) -> None:
    call = await house.queued()
    house.conductor.draining = True
    assert await moving.move_all() == frozenset()
    house.outside.ua.hangup(call)
    await house.empty()


@pytest.mark.parametrize(("redirects", "code"), [(True, 302), (False, 503)])
async def test_who_comes_while_a_node_is_drained_is_told_of_another(house: House, redirects: bool, code: int) -> None:
    site = Site()
    async with site.node("n1.1") as here, site.node("n2.1") as there:
        MovedCalls(there, house.pump, house.contexts, house.conductor, "192.0.2.2:5060", "http://b")
        moved = MovedCalls(
            here, house.pump, house.contexts, house.conductor, "192.0.2.1:5060", "http://a", redirects=redirects
        )
        await together(here, there)
        await until(lambda: moved.elsewhere("400") is not None, "the nodes have said where they are")
        found = moved.elsewhere("400")
        assert found == Elsewhere("192.0.2.2:5060" if redirects else "", "http://b", "400")
        house.conductor.draining = True
        call = await house.dial()
        assert (await house.outside.wait(sip.CallFailed, call)).code == code
        there_leaves = MovedCalls(there, house.pump, house.contexts, house.conductor, "192.0.2.2:5060", "http://b")
        there_leaves.leave()
        await until(lambda: moved.elsewhere("400") is None, "it is drained, too")
    await site.tasks.aclose(2)


async def test_without_another_node_nobody_is_asked(house: House) -> None:
    site = Site()
    async with site.node("n1.1") as alone:
        moved = MovedCalls(alone, house.pump, house.contexts, house.conductor, "127.0.0.1:5060", "http://a")
        call = await house.queued()
        assert await moved.move_all() == frozenset()
        house.outside.ua.hangup(call)
        await house.empty()
    await site.tasks.aclose(2)
