"""What every engine promises of legs: whom they hear, digits, holds, rooms, ports, figures and errors."""

from __future__ import annotations

import asyncio

import pytest

from media import mixer
from media.dtmf import schedule
from media.engine import EngineSettings
from media.errors import MediaError
from tests.media.engines import LOUD, QUIET, Site, hear, hear_both, played, running, settings, site
from tests.media.phones import EVENT_TYPE, Phone, strength
from tests.waiting import until

__all__ = ["running", "settings", "site"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_digits_arrive_once_each_despite_loss_and_reach_the_far_leg(site: Site) -> None:
    a, b = await site.pair()
    await hear(b, 5)
    a.lose = lambda n: n % 3 == 0
    await a.hush()
    await a.press(schedule("1159*#0"))
    a.lose = lambda n: False
    await until(lambda: len(site.events.digits("a")) >= 7, what="digits")
    a.talk()
    await hear(b, 20)
    assert site.events.digits("a") == "1159*#0"
    assert b.digits_heard() == "1159*#0"
    assert not site.events.digits("b")


async def test_digits_are_dropped_when_the_far_side_negotiated_none(site: Site) -> None:
    a = await site.phone("a")
    b = await site.phone("b", events=False)
    await site.engine.set_room("room", mixer.conference(("a", "b")))
    a.talk()
    await hear(b, 5)
    await a.press(schedule("7"))
    await until(lambda: site.events.digits("a") == "7", what="digit")
    await hear(b, 10)
    assert {h.packet.payload_type for h in b.heard} == {0}


async def test_digits_are_sent(site: Site) -> None:
    _, b = await site.pair()
    await hear(b, 10)
    await site.engine.send_digits("b", "12#")
    await until(lambda: len(b.digits_heard()) == 3, what="digits")
    await hear(b, 30)
    assert b.digits_heard() == "12#"
    ends = [p for p in b.events() if p.payload[1] & 0x80]
    assert len(ends) == 9
    assert {int.from_bytes(p.payload[2:4], "big") for p in ends} == {800}
    assert b.is_continuous()
    assert strength(b.audio(last=15), 440) > LOUD
    with pytest.raises(MediaError, match="bad_digits"):
        await site.engine.send_digits("a", "1x")


async def test_only_the_negotiated_peer_is_heard(site: Site) -> None:
    a = await site.phone("a")
    b = await site.phone("b")
    await site.engine.set_room("room", mixer.conference(("a", "b")))
    stranger = await Phone(frequency=2000).open("127.0.0.2")
    site.phones.append(stranger)
    stranger.peer = a.peer
    for _ in range(5):
        stranger.send_frame()
    await until_strangers(site, "a", 5)
    assert not site.events.of("connected")
    a.talk()
    await hear(b, 10)
    stranger.talk()
    await hear(b, 20)
    assert strength(b.audio(), 2000) < QUIET
    assert not stranger.heard
    assert (await site.engine.stats("a"))["packets_in"] < 60


async def until_strangers(site: Site, leg_id: str, least: int) -> None:
    async with asyncio.timeout(30):
        while (await site.engine.stats(leg_id))["foreign"] < least:
            await asyncio.sleep(0.01)


async def test_the_peer_may_send_from_another_port_once(site: Site) -> None:
    a = await site.phone("a")
    await site.remote("a", a, port=9)
    await site.engine.play("a", "music", ["long.wav"])
    a.talk()
    await hear(a, 10)
    # A re-INVITE to another address moves it at once. The phone has left the old one: both are on one host here, and
    # what still came from there could be taken for a port that changed.
    await a.hush()
    moved = await Phone(frequency=440).open()
    site.phones.append(moved)
    moved.peer = a.peer
    await site.remote("a", moved)
    moved.talk()
    await hear(moved, 10)
    before = len(a.heard)
    await hear(moved, 10)
    assert len(a.heard) == before


async def test_hold_by_direction_flags(site: Site) -> None:
    a, b = await site.pair()
    await hear_both(a, b, 10)
    await site.remote("a", a, host="0.0.0.0", receive=False)
    await site.engine.stats("a")
    before_a, before_b = len(a.heard), len(b.heard)
    sent = a.sent
    await until(lambda: a.sent >= sent + 15, what="frames sent on hold")
    assert len(a.heard) <= before_a + 1
    assert len(b.heard) <= before_b + 1
    await site.remote("a", a)
    await hear_both(a, b, 10)
    assert not site.events.of("leg_failed")


async def test_silent_peer_is_reported_once_but_not_on_hold(site: Site) -> None:
    a = await site.phone("a")
    b = await site.phone("b")
    await site.remote("b", b, receive=False)
    a.talk()
    await until(lambda: bool(site.events.of("connected", "a")), what="connected")
    await a.hush()
    await until(lambda: bool(site.events.of("leg_failed", "a")), what="no_media")
    assert [e.reason for e in site.events.of("leg_failed")] == ["no_media"]


async def test_closed_legs_free_their_ports_and_leave_their_room(site: Site, settings: EngineSettings) -> None:
    low, high = settings.rtp_ports
    for leg in range((high - low + 1) // 2):
        await site.engine.open_rtp(f"leg{leg}")
    with pytest.raises(MediaError, match="ports_exhausted"):
        await site.engine.open_rtp("one too many")
    for leg in range((high - low + 1) // 2):
        await site.engine.close_leg(f"leg{leg}")
        await site.engine.close_leg(f"leg{leg}")
    a, _ = await site.pair()
    await hear(a, 5)
    await site.engine.close_leg("b")
    with pytest.raises(MediaError, match="unknown_leg"):
        await site.engine.stats("b")
    with pytest.raises(MediaError, match="unknown_leg"):
        await site.engine.set_room("room", {("a", "b"): 1.0})
    await site.engine.play("a", "still here", ["short.wav"])
    await played(site, 1)


async def test_a_leg_moves_between_rooms(site: Site) -> None:
    a, b = await site.pair()
    c = await site.phone("c", 1700)
    c.talk()
    await hear(a, 10)
    await site.engine.set_room("transfer", mixer.conference(("a", "c")))
    await hear(a, 20)
    assert strength(a.audio(last=15), 1700) > LOUD
    assert strength(a.audio(last=20), 1000) < QUIET
    await hear(c, 10)
    heard = len(b.heard)
    await hear(c, 10)
    assert len(b.heard) <= heard + 1
    assert a.is_continuous()


async def test_trunk_legs_carry_audio_and_digits_without_reporting_them(site: Site) -> None:
    near = await site.phone("near", 440)
    far = await site.phone("far", 1000)
    first = await site.engine.open_trunk("t1")
    second = await site.engine.open_trunk("t2")
    for leg_id, (host, port) in (("t1", second), ("t2", first)):
        await site.engine.set_remote(
            leg_id, host=host, port=port, codec="PCMU", payload_type=0, dtmf_payload_type=EVENT_TYPE,
            send=True, receive=True,
        )  # fmt: skip
    await site.engine.set_room("here", mixer.conference(("near", "t1")))
    await site.engine.set_room("there", mixer.conference(("far", "t2")))
    near.talk()
    far.talk()
    await hear_both(near, far, 25)
    assert strength(near.audio(), 1000) > LOUD
    assert strength(far.audio(), 440) > LOUD
    await near.press(schedule("5"))
    await until(lambda: far.digits_heard() == "5", what="digit at the far end")
    assert [(e.leg_id, e.digit) for e in site.events.of("digit")] == [("near", "5")]


async def test_stats_show_loss_and_delay(site: Site) -> None:
    a, b = await site.pair()
    a.lose = lambda n: n % 10 == 0
    await hear(b, 30)
    stats = await site.engine.stats("a")
    assert stats["lost"] >= 2
    assert stats["jitter_ms"] is not None
    assert stats["last_in_age_ms"] is not None
    assert (await site.engine.stats("b"))["delay_us_p99"] is not None
    # The far end sees the loss too: its numbers have the same holes.
    numbers = [h.packet.sequence for h in b.heard]
    assert (numbers[-1] - numbers[0]) % 65536 + 1 > len(numbers)


async def test_errors_have_stable_reasons(site: Site) -> None:
    await site.phone("a")
    for call, reason in (
        (lambda: site.engine.open_rtp("a"), "leg_exists"),
        (lambda: site.engine.stop_play("x"), "unknown_leg"),
        (lambda: site.remote("a", site.phones[0], host="phone.example"), "bad_address"),
    ):
        with pytest.raises(MediaError) as caught:
            await call()
        assert caught.value.reason == reason
