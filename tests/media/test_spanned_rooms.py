"""Rooms of one worker, where nothing is waited for, and of two, against links that write down what they are told."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from media import mixer
from media.errors import MediaError
from media.link import WorkerLink
from media.spanned_rooms import SpannedRooms


class Link:
    alive = True

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def request(self, method: str, **args: Any) -> Any:
        self.told.append((method, args.get("room_id") or args["leg_id"]))
        return ["127.0.0.1", 4000]

    def order(self, method: str, args: Mapping[str, Any], *, patiently: bool = False) -> None:
        self.told.append((f"order {method}", args["room_id"]))


class Rig:
    def __init__(self, **place: int) -> None:
        self.links = [Link(), Link()]
        self.place = place
        self.rooms = SpannedRooms(cast("list[WorkerLink]", self.links), place, "127.0.0.1")

    @property
    def told(self) -> list[list[tuple[str, str]]]:
        told = [link.told[:] for link in self.links]
        for link in self.links:
            link.told.clear()
        return told


async def test_a_room_of_one_worker_is_one_request_and_ends_with_an_order() -> None:
    rig = Rig(a=0, b=0, c=1)
    await rig.rooms.arrange("r", mixer.conference("ab"))
    assert rig.told == [[("set_room", "r")], []]
    assert rig.rooms.leave_at_once("b")
    assert rig.told == [[], []]
    await rig.rooms.arrange("other", mixer.conference("ab"))  # the worker takes a out of r by itself
    assert rig.told == [[("set_room", "other")], []]
    assert rig.rooms.arrange_at_once("other", {})
    assert rig.told == [[("order set_room", "other")], []]
    assert rig.rooms.arrange_at_once("other", {})
    assert rig.rooms.leave_at_once("a")
    assert rig.told == [[], []]


async def test_a_room_of_one_worker_can_be_an_order_too_and_takes_its_legs_out_of_others() -> None:
    rig = Rig(a=0, b=0, c=0)
    assert rig.rooms.arrange_at_once("r", mixer.conference("abc"))
    assert rig.rooms.arrange_at_once("other", mixer.conference("ab"))
    assert rig.told == [[("order set_room", "r"), ("order set_room", "other")], []]
    assert rig.rooms.arrange_at_once("r", {})  # nobody is left in it
    assert rig.rooms.arrange_at_once("other", {})
    assert rig.told == [[("order set_room", "other")], []]


async def test_a_room_of_two_workers_has_trunks_and_cannot_be_left_at_once() -> None:
    rig = Rig(a=0, b=1)
    await rig.rooms.arrange("r", mixer.conference("ab"))
    first, second = rig.told
    assert [method for method, _ in first].count("open_trunk") == 2
    assert ("set_room", "r") in first
    assert ("set_room", "r") in second
    assert not rig.rooms.arrange_at_once("r", {})
    assert not rig.rooms.arrange_at_once("r", mixer.conference("ab"))
    assert not rig.rooms.leave_at_once("a")
    del rig.place["a"]
    await rig.rooms.leave("a")
    assert [method for method, _ in rig.told[1]].count("close_leg") == 2
    assert rig.rooms.leave_at_once("b")


async def test_a_leg_that_is_not_there_is_in_no_room() -> None:
    rig = Rig(a=0)
    with pytest.raises(MediaError, match="unknown_leg"):
        await rig.rooms.arrange("r", mixer.conference("ab"))
    with pytest.raises(MediaError, match="unknown_leg"):
        rig.rooms.arrange_at_once("r", mixer.conference("ab"))
    assert rig.told == [[], []]
    assert rig.rooms.leave_at_once("a")
