"""The customer's end of trunk legs: one leg a reservation, whoever comes, breaks and comes again."""

import asyncio

import pytest

from server.tasks import TaskOwner
from tests.voice.fakes import Media
from tests.waiting import until
from voice import trunk_legs
from voice.ports import MediaUnavailableError
from voice.trunk_legs import TrunkLegs

AT = ("192.0.2.1", 4000)
AGAIN = ("192.0.2.1", 4002)


class Rig:
    def __init__(self) -> None:
        self.media = Media()
        self.told: list[str] = []
        self.legs = TrunkLegs(
            self.media,
            TaskOwner(),
            lambda reservation, leg: self.told.append(f"+{reservation} {leg}"),
            lambda reservation: self.told.append(f"-{reservation}"),
        )

    async def empty(self) -> None:
        await until(lambda: not self.media.open_legs, "no leg is open")
        assert len(self.legs) == 0


async def test_another_nodes_agent_has_a_leg_until_the_router_is_done() -> None:
    rig = Rig()
    assert await rig.legs.attach("b.1", "w.1", AT) == ("127.0.0.1", 5000)
    assert rig.legs.leg("w.1") == "trunk:w.1:1"
    assert rig.told == ["+w.1 trunk:w.1:1"]
    rig.legs.release("w.1")
    rig.legs.release("w.1")
    assert rig.legs.leg("w.1") is None
    assert rig.told == ["+w.1 trunk:w.1:1"], "who released it knows"
    await rig.empty()


async def test_who_comes_again_takes_the_place_of_the_leg_before() -> None:
    rig = Rig()
    await rig.legs.attach("b.1", "w.1", AT)
    await rig.legs.attach("b.1", "w.1", AGAIN)
    await until(lambda: rig.media.open_legs == {"trunk:w.1:2"}, "the first is closed")
    rig.legs.detached("b.1", "w.1", AT)  # late: it has another end by now
    rig.legs.detached("c.1", "w.1", AGAIN)
    rig.legs.node_lost("c.1")
    assert not rig.legs.failed("trunk:w.1:1")
    assert rig.legs.leg("w.1") == "trunk:w.1:2"
    rig.legs.detached("b.1", "w.1", AGAIN)
    assert rig.told[-1] == "-w.1"
    await rig.empty()


@pytest.mark.parametrize("end", ["node", "media"])
async def test_a_leg_that_breaks_is_told(end: str) -> None:
    rig = Rig()
    await rig.legs.attach("b.1", "w.1", AT)
    if end == "node":
        rig.legs.node_lost("b.1")
    else:
        assert rig.legs.failed("trunk:w.1:1")
    assert rig.told[1:] == ["-w.1"]
    await rig.empty()


async def test_a_leg_that_cannot_be_opened_is_nobodys() -> None:
    rig = Rig()
    rig.media.fail.add("set_remote")
    with pytest.raises(MediaUnavailableError):
        await rig.legs.attach("b.1", "w.1", AT)
    assert rig.told == []
    await rig.empty()


async def test_who_does_not_come_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trunk_legs, "EXPECTED_S", 0.01)
    rig, late = Rig(), asyncio.Event()
    rig.legs.expect("w.1", late.set)
    assert len(rig.legs) == 1
    await asyncio.wait_for(late.wait(), 30)
    for over in (rig.legs.release, lambda name: rig.legs.attach("b.1", name, AT)):
        again: list[str] = []
        rig.legs.expect("w.2", lambda again=again: again.append("late"))  # type: ignore[misc]
        waiting = over("w.2")
        if waiting is not None:
            await waiting
        await asyncio.sleep(0.03)  # longer than they were waited for
        assert again == []
    rig.legs.release("w.2")
    await rig.empty()
