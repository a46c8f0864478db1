"""Whom the page offers for a transfer, over the real parts: it agrees with what a transfer is refused for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents_ws import messages as m
from router.vocabulary import Medium
from server.desks.targets import TransferTargets
from server.floor.board import Board
from tests.server.house import House, built
from tests.server.sites import agent


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """anna, cai and tess in browsers (tess takes no calls), ben at a phone."""
    async with built(tmp_path, more_agents=[agent("cai"), agent("tess", capacity={})]) as house:
        yield house


def targets(house: House) -> TransferTargets:
    board = Board(house.pump.dispatcher, house.pump.now, lambda: house.current.site)
    return TransferTargets(house.current, board, house.desk.calls.availability)


def availability(house: House) -> dict[str, str]:
    return {one.agent_id: one.availability for one in targets(house).of("anna", Medium.VOICE).agents}


async def test_availability_is_what_a_transfer_goes_by(house: House) -> None:
    call, first = await house.talking()
    assert availability(house)["cai"] == "offline"
    assert "tess" not in availability(house), "who takes no calls is no target"
    assert "anna" not in availability(house), "nobody transfers to themselves"
    await house.ready("cai")
    assert availability(house)["cai"] == "free"
    assert {one.agent_id: one.availability for one in targets(house).of("cai", Medium.VOICE).agents}["anna"] == "busy"
    await house.desk.set_presence("cai", "not_ready", None)
    assert availability(house)["cai"] == "not_ready"
    refusal = await house.desk.call("anna", m.Transfer(ref="t", reservation_id=first, agent="cai"))
    assert refusal is not None
    assert refusal.code == "agent_unavailable"
    house.outside.ua.hangup(call)
    await house.empty()


async def test_queues_of_calls_with_who_waits(house: House) -> None:
    queues = {one.queue: one.waiting for one in targets(house).of(None, Medium.VOICE).queues}
    assert queues["orders"] == 0
    assert {house.current.site.queues[queue].medium for queue in queues} == {Medium.VOICE}
