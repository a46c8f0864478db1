"""What new work is refused for; how it waits is in test_waiting.py."""

from msgspec.structs import replace

from router.events import WorkQueued
from router.vocabulary import Medium
from tests.router.world import World, codes


def test_what_is_refused_before_it_is_anybodys(world: World) -> None:
    good = WorkQueued("w", "i", Medium.VOICE, "sales")
    bad = (
        (replace(good, until=1), "too_late"),
        (replace(good, queue="gone"), "unknown_queue"),
        (replace(good, medium=Medium.CHAT), "wrong_medium"),
        (replace(good, directed="nobody"), "unknown_agent"),
    )
    for event, code in bad:
        assert codes(world.post(event)) == [code]
    assert codes(world.post(good)) == []
    assert codes(world.post(good)) == ["duplicate"]
    world.check()
