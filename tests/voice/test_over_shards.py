"""Which of the router's commands concern calls between shards."""

from router.commands import AnswerHandoff, CloseWork, HandWork, RequeueWork
from router.events import HandoffHosted
from router.vocabulary import Outcome
from tests.voice.test_guests import CALL, NODE
from tests.voice.test_guests import Rig as GuestRig
from tests.voice.test_lodging import LEAVE, TAKEN
from tests.voice.test_lodging import Rig as LodgingRig
from tests.waiting import until
from voice.over_shards import OverShards


def over(rig: LodgingRig) -> OverShards:
    made = OverShards(rig.lodgings._ports, rig.tasks, lambda _caller, _call: None, rig.runners.get, lambda: False)
    made.lodgings = rig.lodgings
    return made


async def test_an_item_leaves_and_is_taken_or_comes_back() -> None:
    rig = LodgingRig()
    shards = over(rig)
    shards.execute(HandWork("w", "i", "south", "far", 7, "ended"))
    assert shards.counts == {"lodgings": 0, "guests": 0}
    shards.execute(LEAVE)
    await until(lambda: rig.router.told == [HandoffHosted("south", 7, "s.1")], "it has a host")
    assert shards.counts == {"lodgings": 1, "guests": 0}
    shards.execute(CloseWork("w", "i", Outcome.ABANDONED))
    assert rig.runner.told == []
    shards.execute(CloseWork("w", "i", Outcome.HANDED_OVER))
    assert rig.runner.told == [TAKEN]
    shards.execute(RequeueWork("w", "i", "orders"))  # said late
    rig.shards.over.set_result("shutting down")
    await rig.empty("taken back")
    rig = LodgingRig()
    await rig.hosted()
    over(rig).execute(RequeueWork("w", "i", "orders"))
    await rig.empty("refused")


async def test_an_item_comes_or_does_not() -> None:
    for refused in ("", "queue_full"):
        rig = GuestRig()
        shards = OverShards(rig.guests._ports, rig.tasks, lambda _caller, _call: None, rig.runners.get, lambda: False)
        shards.guests = rig.guests
        await rig.guests.take_in(NODE, CALL)
        shards.execute(AnswerHandoff("north", 7, "w", "i", refused, ended=False, first=False))
        assert len(rig.guests) == 1
        shards.execute(AnswerHandoff("north", 7, "w", "i", refused, ended=False, first=True))
        assert len(rig.begun) == (not refused)
