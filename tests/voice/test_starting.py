"""How calls begin. By an entry and by calling back: tests/voice/test_conductor.py, test_called_back.py; here those who
come from another node.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from router import events as facts
from sip import events as sip
from tests.server.house import House, built
from tests.voice.test_moved import MOVED
from tests.waiting import until
from voice.moved import MovedCall


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with built(tmp_path) as made:
        yield made


async def test_who_comes_from_another_node_is_at_their_old_place(house: House) -> None:
    waiting = await house.queued()
    await house.pump.drain()  # `told` is of what is committed
    (before,) = house.told(facts.WorkQueued)
    came: list[str] = []
    since = house.pump.now() - 60_000_000
    moved = msgspec.structs.replace(MOVED, since=since, priority=before.priority, requirements=(), language="")
    house.conductor.awaited.expect(moved, lambda: came.append("yes"))
    call = await house.dial(entry=MOVED.word, user="0755100")
    await house.outside.wait(sip.CallAnswered, call)
    await until(lambda: len(house.told(facts.WorkQueued)) == 2, "queued")
    queued = house.told(facts.WorkQueued)[1]
    assert (came, queued.queue, queued.since) == (["yes"], "orders", since)
    assert dict(queued.attributes) == {"vip": "yes", "channel": "line", "entry": "400", "language": "en"}
    assert house.pump.place(queued.work_id) == 1
    assert house.pump.place(before.work_id) == 2
    noted = [event for event in house.told(facts.InteractionNoted) if event.kind == "moved_from"]
    assert [(event.interaction_id, event.detail) for event in noted] == [(queued.interaction_id, (("of", "old"),))]
    context = await house.contexts.get(queued.interaction_id)
    assert (context.number, context.data, context.path) == ("0755100", {"order": "A-7"}, ("orders", "late"))
    for one in (waiting, call):
        house.outside.ua.hangup(one)
    await house.empty()


async def test_nobody_gets_in_by_a_word_while_this_node_is_drained(house: House) -> None:
    house.conductor.awaited.expect(replace_word("other"), lambda: None)
    house.conductor.draining = True
    call = await house.dial(entry="other")
    assert (await house.outside.wait(sip.CallFailed, call)).code == 404
    house.conductor.awaited.close()
    await house.empty()


def replace_word(word: str) -> MovedCall:
    return msgspec.structs.replace(MOVED, word=word)
