"""The benchmarks' phones, against our own user agent and registrar."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench.phones import HOST, Phones
from sip import events as sip
from sip.clock import monotonic_us, random_ids
from sip.digest import ha1
from sip.sdp import Origin, build_offer, negotiate
from sip.settings import Settings
from sip.ua import Ua

REALM = "jackfield"


class Known:
    def ha1(self, user: str, realm: str, algorithm: str) -> str | None:
        return ha1(user, realm, "right", algorithm) if user == "3000" else None


@asynccontextmanager
async def far_side() -> AsyncIterator[tuple[Ua, asyncio.Queue[sip.SipEvent]]]:
    events: asyncio.Queue[sip.SipEvent] = asyncio.Queue()
    settings = Settings(now=monotonic_us, ids=random_ids(), host=HOST, port=0, realm=REALM)
    ua = Ua(settings, events.put_nowait, credentials=Known())
    await ua.start()
    try:
        yield ua, events
    finally:
        await ua.aclose()


async def following(events: asyncio.Queue[sip.SipEvent], kind: type[sip.SipEvent]) -> sip.SipEvent:
    async with asyncio.timeout(30):
        while True:
            event = await events.get()
            if isinstance(event, kind):
                return event


async def test_a_registered_phone_rings_answers_echoes_and_hangs_up() -> None:
    async with far_side() as (ua, events), Phones() as phones:
        await phones.register("3000", "right", ua.port)
        assert ua.registered("3000")
        loop = asyncio.get_running_loop()
        echoed: asyncio.Queue[bytes] = asyncio.Queue()

        class Ear(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                echoed.put_nowait(data)

        ear, _ = await loop.create_datagram_endpoint(Ear, local_addr=(HOST, 0))
        port = ear.get_extra_info("sockname")[1]
        offer = build_offer(host=HOST, port=port, origin=Origin(1, 1, HOST))
        before = monotonic_us()
        ua.dial("c1", "3000", offer, from_user="100", from_display="")
        answered = await following(events, sip.CallAnswered)
        assert isinstance(answered, sip.CallAnswered)
        chosen = negotiate(answered.sdp)
        ear.sendto(b"sound", (chosen.remote_host, chosen.remote_port))
        async with asyncio.timeout(30):
            assert await echoed.get() == b"sound"
        ring = phones.rings.get_nowait()
        assert ring.user == "3000"
        assert before <= ring.at_ns // 1000 <= monotonic_us()
        ua.hangup("c1")
        await following(events, sip.CallEnded)
        ear.close()


@pytest.mark.parametrize(("user", "password"), [("3000", "wrong"), ("nobody", "right")])
async def test_a_refused_registration_is_an_error(user: str, password: str) -> None:
    async with far_side() as (ua, _), Phones() as phones:
        with pytest.raises(RuntimeError, match=f"{user} cannot register: 401"):
            await phones.register(user, password, ua.port)
