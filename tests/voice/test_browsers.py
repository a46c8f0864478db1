"""Agents' browser legs: reloads, failures and races leave one leg an agent, or none."""

import asyncio

import pytest

from tests.voice.fakes import Media
from tests.waiting import until
from voice.browsers import BrowserLegs
from voice.ports import MediaUnavailableError


class Rig:
    def __init__(self) -> None:
        self.media = Media()
        self.lost: list[str] = []
        self.legs = BrowserLegs(self.media, self.lost.append)

    async def up(self, agent_id: str = "anna") -> str:
        """Open a leg and let its media path come up."""
        await self.legs.open(agent_id, "o")
        leg_id = f"browser:{agent_id}:{self.legs._opened}"
        assert self.legs.connected(leg_id) == agent_id
        return leg_id


async def test_a_leg_can_be_used_once_its_media_path_is_up() -> None:
    rig = Rig()
    assert await rig.legs.open("anna", "o") == "answer o"
    assert rig.legs.leg("anna") is None
    assert rig.legs.connected("browser:anna:1") == "anna"
    assert rig.legs.leg("anna") == "browser:anna:1"
    assert rig.legs.leg("ben") is None


async def test_a_reload_closes_the_old_leg_and_tells_that_it_is_lost() -> None:
    rig = Rig()
    old = await rig.up()
    await rig.legs.open("anna", "again")
    assert rig.lost == ["anna"]
    assert rig.media.open_legs == {"browser:anna:2"}
    assert rig.legs.connected(old) is None
    assert rig.legs.failed(old) is None, "an old leg's end is nobody's loss"
    assert rig.legs.connected("browser:anna:2") == "anna"
    assert rig.legs.count == 1


async def test_a_leg_that_was_never_up_is_replaced_without_a_word() -> None:
    rig = Rig()
    await rig.legs.open("anna", "o")
    await rig.legs.open("anna", "o")
    assert (rig.lost, rig.media.open_legs, rig.legs.count) == ([], {"browser:anna:2"}, 1)


async def test_a_failed_offer_leaves_the_old_leg_alone() -> None:
    rig = Rig()
    old = await rig.up()
    rig.media.fail = {"open_webrtc"}
    with pytest.raises(MediaUnavailableError):
        await rig.legs.open("anna", "bad")
    assert rig.legs.leg("anna") == old
    assert (rig.legs.count, rig.lost) == (1, [])


async def test_of_two_offers_in_flight_the_later_one_counts() -> None:
    rig = Rig()
    rig.media.hold["browser:anna:1"] = gate = asyncio.Event()
    first = asyncio.create_task(rig.legs.open("anna", "first"))
    await until(lambda: bool(rig.media.asked))
    assert await rig.legs.open("anna", "second") == "answer second"
    gate.set()
    with pytest.raises(MediaUnavailableError, match="replaced"):
        await first
    assert rig.media.open_legs == {"browser:anna:2"}
    assert rig.legs.connected("browser:anna:2") == "anna"
    assert rig.legs.count == 1


async def test_signing_out_while_an_offer_is_in_flight_leaves_no_leg() -> None:
    rig = Rig()
    rig.media.hold["browser:anna:1"] = gate = asyncio.Event()
    opening = asyncio.create_task(rig.legs.open("anna", "o"))
    await until(lambda: bool(rig.media.asked))
    await rig.legs.close("anna")
    gate.set()
    with pytest.raises(MediaUnavailableError, match="replaced"):
        await opening
    assert (rig.media.open_legs, rig.legs.count) == (set(), 0)


async def test_a_cancelled_offer_is_forgotten() -> None:
    rig = Rig()
    rig.media.hold["browser:anna:1"] = asyncio.Event()
    opening = asyncio.create_task(rig.legs.open("anna", "o"))
    await until(lambda: bool(rig.media.asked))
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert rig.legs.count == 0


async def test_a_leg_that_fails_is_its_agents_loss_once() -> None:
    rig = Rig()
    leg = await rig.up()
    assert rig.legs.failed(leg) == "anna"
    assert rig.legs.failed(leg) is None
    assert rig.legs.leg("anna") is None
    await rig.legs.drop(leg)
    assert (rig.media.open_legs, rig.legs.count) == (set(), 0)


async def test_signing_out_closes_the_leg_even_when_the_engine_is_gone() -> None:
    rig = Rig()
    await rig.up()
    rig.media.fail = {"close_leg"}
    await rig.legs.close("anna")
    await rig.legs.close("anna")
    assert (rig.legs.count, rig.lost) == (0, [])


async def test_agents_do_not_mix() -> None:
    rig = Rig()
    anna, ben = await rig.up("anna"), await rig.up("ben")
    await rig.legs.close("anna")
    assert rig.legs.leg("ben") == ben != anna
