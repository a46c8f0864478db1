"""The same events at the same times give the same commands and rows in another dispatcher."""

import pytest

from tests.properties.walk import Walk
from tests.router.world import World


@pytest.mark.parametrize(("seed", "rules"), [(11, False), (12, False), (13, True), (14, True)])
def test_replay_gives_identical_commands_and_rows(seed: int, rules: bool) -> None:
    walk = Walk(seed, agents=8, queues=5, skills=5, rules=rules)
    for _ in range(1500):
        walk.step()
    replayed = World(walk.first)
    dispatcher = replayed.dispatcher
    for event, now, commands in walk.trace:
        again = dispatcher.expire(now) if event is None else dispatcher.handle(event, now)
        assert again == commands
        replayed.store.apply(dispatcher.drain_changes())
    assert replayed.store == walk.world.store
    assert dispatcher.next_deadline() == walk.world.dispatcher.next_deadline()
