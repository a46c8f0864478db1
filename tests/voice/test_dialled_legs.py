"""The directory of dialled legs: who is in it, and that it forgets those that are over."""

import asyncio
from typing import Any

from tests.waiting import until
from voice.dialled_legs import DialledLegs
from voice.phone import PhoneEvent, PhoneRang, PhoneReleased


class Leg:
    call = leg_id = "phone:1"

    def __init__(self) -> None:
        self.told: list[PhoneEvent] = []
        self.over = asyncio.Event()
        self.begun = False

    def begin(self) -> None:
        self.begun = True

    def tell(self, event: PhoneEvent) -> None:
        self.told.append(event)

    async def run(self) -> None:
        await self.over.wait()


class Tasks:
    def __init__(self) -> None:
        self.running: list[asyncio.Task[None]] = []

    def spawn(self, work: Any, name: str) -> object:
        self.running.append(asyncio.create_task(work, name=name))
        return None


async def test_a_leg_is_told_what_happens_to_it_until_it_is_over() -> None:
    leg: Any = Leg()
    legs = DialledLegs(Tasks())
    legs.run(leg)
    assert leg.begun  # before its task
    assert legs.tell("phone:1", PhoneRang())
    assert not legs.tell("phone:2", PhoneRang())
    legs.release_all()
    assert (leg.told, len(legs)) == ([PhoneRang(), PhoneReleased()], 1)
    leg.over.set()
    await until(lambda: len(legs) == 0)
    assert not legs.tell("phone:1", PhoneRang())
