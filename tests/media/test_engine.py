"""What the in-process engine does beyond the contract suite: browsers' legs, RTCP, ports taken by others."""

import asyncio
import gc
import socket
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from media import codecs, engine, mixer, rtp
from media.dtmf import schedule
from media.engine import EngineSettings, InProcessEngine
from media.errors import MediaError
from tests.media.engines import write_wav
from tests.media.phones import Events, Phone, strength, tone
from tests.waiting import until
from tests.webrtc_peer import WebRtcPeer

LOW = 28_400


@pytest.fixture
async def started(tmp_path: Path) -> AsyncIterator[tuple[InProcessEngine, Events]]:
    events = Events()
    settings = EngineSettings(prompt_root=tmp_path, rtp_ports=(LOW, LOW + 9))
    running = InProcessEngine(settings, events.append)
    await running.start()
    yield running, events
    await running.aclose()
    await running.aclose()


async def sip_leg(running: InProcessEngine, leg_id: str, phone: Phone) -> None:
    phone.peer = await running.open_rtp(leg_id)
    await running.set_remote(
        leg_id,
        host="127.0.0.1",
        port=phone.port,
        codec="PCMU",
        payload_type=0,
        dtmf_payload_type=101,
        send=True,
        receive=True,
    )


def heard_by(peer: WebRtcPeer, payload_type: int) -> list[rtp.RtpPacket]:
    packets = [rtp.parse(data) for data in peer.packets]
    return [p for p in packets if p is not None and p.payload_type == payload_type]


def speak(peer: WebRtcPeer, n: int) -> None:
    sound = codecs.encode("PCMU", tone(1000, 160, n * 160))
    peer.send(rtp.build(0, n, n * 160, 55, sound))


async def test_a_closed_rtp_leg_is_freed_without_the_collector(
    started: tuple[InProcessEngine, Events], tmp_path: Path
) -> None:
    running, _ = started
    write_wav(tmp_path / "tone.wav", tone(600, 8000))
    phones = [await Phone().open() for _ in range(2)]
    gc.collect()
    gc.disable()
    try:
        for leg_id, phone in zip("ab", phones, strict=True):
            await sip_leg(running, leg_id, phone)
        await running.play("a", "p", ["tone.wav"])
        await running.set_room("r", mixer.conference("ab"))
        legs = [weakref.ref(leg) for leg in running._legs.values()]
        for leg_id in "ab":
            await running.close_leg(leg_id)
        assert [leg() for leg in legs] == [None, None]
    finally:
        gc.enable()
        for phone in phones:
            phone.close()


async def test_a_browser_and_a_sip_phone_hear_each_other(started: tuple[InProcessEngine, Events]) -> None:
    running, events = started
    peer, phone = WebRtcPeer(), await Phone().open()
    await peer.connect(await running.open_webrtc("agent", await peer.offer()))
    await until(lambda: bool(events.of("connected", "agent")), what="connected")
    await sip_leg(running, "caller", phone)
    await running.set_room("room", mixer.conference(("agent", "caller")))
    phone.talk()
    for n in range(20):
        speak(peer, n)
        await asyncio.sleep(0.01)
    await until(lambda: len(phone.heard) >= 20 and len(heard_by(peer, 0)) >= 20, what="sound both ways")
    assert strength(phone.audio(), 1000) > 5000
    assert strength(codecs.decode("PCMU", b"".join(p.payload for p in heard_by(peer, 0))), 440) > 5000
    # Digits cross with the payload type that each side negotiated.
    await phone.hush()
    await phone.press(schedule("4"))
    await until(lambda: events.digits("caller") == "4" and len(heard_by(peer, 126)) >= 7, what="a digit")
    for n, frame in enumerate(f for f in schedule("9") if f is not None):
        peer.send(rtp.build(126, 100 + n, 9000, 55, frame.payload))
    await until(lambda: events.digits("agent") == "9" and phone.digits_heard() == "9", what="a digit back")
    phone.close()
    await peer.close()
    await until(lambda: bool(events.of("leg_failed", "agent")), what="leg_failed")
    assert events.of("leg_failed")[0].reason == "peer_closed"


async def test_a_new_offer_takes_the_place_of_the_old_connection(
    started: tuple[InProcessEngine, Events],
) -> None:
    running, events = started
    first, second = WebRtcPeer(), WebRtcPeer()
    phone = await Phone().open()
    await sip_leg(running, "caller", phone)
    await first.connect(await running.open_webrtc("agent", await first.offer()))
    await running.set_room("room", mixer.conference(("agent", "caller")))
    await second.connect(await running.open_webrtc("agent", await second.offer()))
    await until(lambda: len(events.of("connected", "agent")) == 2, what="connected again")
    phone.talk()
    await until(lambda: len(heard_by(second, 0)) >= 5, what="sound on the new connection")
    assert not events.of("leg_failed")
    await first.ended.wait()
    phone.close()
    await asyncio.gather(first.close(), second.close())


async def test_a_bad_offer_leaves_no_leg(started: tuple[InProcessEngine, Events]) -> None:
    running, _ = started
    with pytest.raises(MediaError):
        await running.open_webrtc("agent", "v=0\r\n")
    assert running.leg_count == 0
    await running.open_rtp("agent")
    with pytest.raises(MediaError, match="leg_exists"):
        await running.open_webrtc("agent", "v=0\r\n")


async def test_a_leg_closed_while_its_connection_is_made_is_gone(
    started: tuple[InProcessEngine, Events],
) -> None:
    running, _ = started
    peer = WebRtcPeer()
    opening = asyncio.create_task(running.open_webrtc("agent", await peer.offer()))
    # One turn of the loop at a time: making the connection takes only a few.
    while not running.leg_count:
        await asyncio.sleep(0)
    await running.close_leg("agent")
    with pytest.raises(MediaError, match="unknown_leg"):
        await opening
    assert running.leg_count == 0
    await peer.close()


async def test_sender_reports_go_to_the_rtcp_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_WATCH_S", 0.02)
    events = Events()
    running = InProcessEngine(EngineSettings(prompt_root=tmp_path, rtp_ports=(LOW, LOW + 9)), events.append)
    await running.start()
    a, b = await Phone().open(), await Phone().open()
    await sip_leg(running, "a", a)
    await sip_leg(running, "b", b)
    await running.set_room("room", mixer.conference("ab"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        control.bind(("127.0.0.1", b.port + 1))
        control.setblocking(False)
        a.talk()
        report = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(control, 100), 30)
    assert report[:2] == bytes((0x80, 200))
    assert int.from_bytes(report[4:8], "big") == b.heard[0].packet.ssrc
    assert int.from_bytes(report[20:24], "big") >= 1
    a.close()
    b.close()
    await running.aclose()


async def test_a_port_used_by_another_process_is_passed_over(started: tuple[InProcessEngine, Events]) -> None:
    running, _ = started
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", LOW))
        assert await running.open_rtp("a") == ("127.0.0.1", LOW + 2)
        assert running.ports_in_use == 1


async def test_an_idle_engine_does_not_tick(started: tuple[InProcessEngine, Events]) -> None:
    running, _ = started
    a, b = await Phone().open(), await Phone().open()
    await sip_leg(running, "a", a)
    await sip_leg(running, "b", b)
    await running.set_room("room", mixer.conference("ab"))
    a.talk()
    await until(lambda: len(b.heard) >= 10, what="sound")
    assert running.ticker.ticks == 0
    await running.send_digits("b", "1")
    await until(lambda: b.digits_heard() == "1", what="a digit")
    before = len(b.heard)
    await until(lambda: len(b.heard) >= before + 15, what="sound again")
    assert 8 <= running.ticker.ticks <= 12
    a.close()
    b.close()


async def test_no_call_survives_the_end(tmp_path: Path) -> None:
    events: Any = Events()
    running = InProcessEngine(EngineSettings(prompt_root=tmp_path, rtp_ports=(LOW, LOW + 9)), events.append)
    await running.open_rtp("a")
    await running.record("a", str(tmp_path / "a.wav"))
    await running.aclose()
    assert (running.leg_count, running.ports_in_use) == (0, 0)
    assert (tmp_path / "a.wav").stat().st_size >= 44
