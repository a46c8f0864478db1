"""The WebRTC transport against a real Chromium that runs the agent page's own softphone module."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from playwright.async_api import Page

from media import codecs, rtp
from media.webrtc import TransportState, WebRtcTransport, open_webrtc_transport
from tests import audio
from tests.browser import FRONTEND, chromium_page, needs_chromium, record_stream, serve
from tests.waiting import until

pytestmark = [pytest.mark.browser, needs_chromium]

MICROPHONE_HZ = 620
PAGE = """<!doctype html><meta charset="utf-8"><title>softphone</title><script type="module">
import { Softphone } from "/lib/softphone.js";
window.states = [];
window.phone = new Softphone({
  onState: (state) => states.push(state),
  microphone: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
});
window.sendOffer = async (body) => (await fetch("/offer", { method: "POST", body })).text();
window.ready = true;
</script>"""


class Leg:
    """The server's side of one leg, as the media engine would hold it."""

    def __init__(self) -> None:
        self.transport: WebRtcTransport | None = None
        self.offer = self.answer = ""
        self.packets: list[rtp.RtpPacket] = []
        self.states: list[TransportState] = []

    async def open(self, offer: str) -> str:
        self.offer = offer
        self.transport, self.answer = await open_webrtc_transport(
            offer,
            hosts=["127.0.0.1"],
            advertise=None,
            port_range=None,
            on_packet=self._keep,
            on_state=self.states.append,
        )
        return self.answer

    def _keep(self, data: bytes) -> None:
        packet = rtp.parse(data)
        assert packet is not None
        self.packets.append(packet)

    def heard(self, since: int = 0) -> audio.Sound:
        assert self.transport is not None
        codec, payload_type, _ = self.transport.negotiated
        assert codec != "OPUS"
        return codecs.decode(codec, b"".join(p.payload for p in self.packets[since:] if p.payload_type == payload_type))


@asynccontextmanager
async def browser_leg(wav: Path) -> AsyncIterator[tuple[Page, Leg]]:
    leg = Leg()

    async def offer(request: web.Request) -> web.Response:
        return web.Response(text=await leg.open(await request.text()))

    async def page_handler(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_post("/offer", offer)
    app.router.add_get("/", page_handler)
    app.router.add_static("/lib", FRONTEND / "lib")
    async with serve(app) as url, chromium_page(wav=wav) as page:
        await page.goto(url)
        await page.wait_for_function("window.ready")
        await page.evaluate("phone.connect(sendOffer)")
        await page.wait_for_function("phone.state === 'connected'")
        await until(lambda: leg.states == ["connected"])
        try:
            yield page, leg
        finally:
            if leg.transport is not None:
                await leg.transport.close()


async def send_sound(transport: WebRtcTransport, sound: audio.Sound) -> None:
    """Send `sound` again and again at the pace of 20 ms, until cancelled."""
    codec, payload_type, _ = transport.negotiated
    assert codec != "OPUS"
    coded = codecs.encode(codec, sound)
    frames = [coded[i : i + 160] for i in range(0, len(coded) - 159, 160)]
    start = time.monotonic()
    for n, frame in enumerate(itertools.cycle(frames)):
        transport.send(rtp.build(payload_type, n & 0xFFFF, n * 160 & 0xFFFFFFFF, 1, frame, marker=n == 0))
        await asyncio.sleep(max(0.0, start + (n + 1) * 0.02 - time.monotonic()))


@pytest.fixture
def microphone(tmp_path: Path) -> Path:
    return audio.write_wav(tmp_path / "mic.wav", audio.tone(MICROPHONE_HZ, seconds=5, rate=48000), 48000)


async def test_browser_speaks_falls_silent_and_speaks_again(microphone: Path) -> None:
    async with browser_leg(microphone) as (page, leg):
        assert leg.transport is not None
        assert leg.transport.negotiated[:2] == ("PCMU", 0)

        assert not leg.packets, "an idle leg sends nothing"
        await page.evaluate("phone.goLive()")
        await until(lambda: len(leg.packets) >= 75)
        heard = leg.heard()[4000:]  # after the fade-in of the capture
        assert audio.goertzel(heard, MICROPHONE_HZ) > 0.1
        assert audio.goertzel(heard, MICROPHONE_HZ + 200) < 0.01
        assert audio.silent_share(heard) <= 0.1

        await page.evaluate("phone.mute(true)")
        muted_from = len(leg.packets) + 10
        await until(lambda: len(leg.packets) >= muted_from + 20)
        assert audio.level(leg.heard(muted_from)) < 0.005
        await page.evaluate("phone.goIdle()")
        assert not await page.evaluate("phone.live || phone.muted")
        await silence(leg)

        resumed_from = len(leg.packets)
        await page.evaluate("phone.goLive()")
        await until(lambda: len(leg.packets) >= resumed_from + 50)
        assert audio.goertzel(leg.heard(resumed_from)[4000:], MICROPHONE_HZ) > 0.1
        assert leg.transport.dropped == 0


async def silence(leg: Leg) -> None:
    """Wait until no packet has come for 300 ms (15 packet times)."""
    seen, since = len(leg.packets), time.monotonic()

    def quiet() -> bool:
        nonlocal seen, since
        if len(leg.packets) != seen:
            seen, since = len(leg.packets), time.monotonic()
        return time.monotonic() - since > 0.3

    await until(quiet)


async def test_browser_hears_the_tone_that_is_sent(microphone: Path) -> None:
    async with browser_leg(microphone) as (page, leg):
        assert leg.transport is not None
        sender = asyncio.create_task(send_sound(leg.transport, audio.tone(1000, seconds=1)))
        await page.wait_for_function("phone.remoteStream !== null")
        heard, rate = await record_stream(page, "phone.remoteStream", 2.5)
        sender.cancel()
        steady = heard[rate:]  # the jitter buffer has settled after a second
        assert audio.goertzel(steady, 1000, rate) > 0.1
        assert audio.goertzel(steady, 1300, rate) < 0.01
        assert audio.silent_share(steady, rate) <= 0.1
        assert np.median(audio.dominant_frequencies(steady, rate)) == pytest.approx(1000, abs=5)


async def test_browser_sends_every_digit_as_telephone_events(microphone: Path) -> None:
    async with browser_leg(microphone) as (page, leg):
        assert leg.transport is not None
        dtmf_payload_type = leg.transport.negotiated[2]
        assert dtmf_payload_type is not None
        await page.evaluate("phone.goLive()")
        await page.wait_for_function("phone.canSendDigits")
        await page.evaluate("for (const d of '159*0#') phone.sendDigit(d)")

        def ended() -> dict[int, int]:
            events = [p for p in leg.packets if p.payload_type == dtmf_payload_type]
            return {p.timestamp: p.payload[0] for p in events if p.payload[1] & 0x80}

        await until(lambda: len(ended()) == 6)
        assert list(ended().values()) == [1, 5, 9, 10, 0, 11]

        overtaken = "(() => { const live = phone.goLive(); phone.goIdle(); return live; })()"
        await page.evaluate(overtaken)
        assert not await page.evaluate("phone.live"), "an overtaken goLive gives the microphone back"


async def test_hanging_up_in_the_browser_closes_the_transport(microphone: Path) -> None:
    before = set(asyncio.all_tasks())
    async with browser_leg(microphone) as (page, leg):
        await page.evaluate("phone.goLive()")
        await until(lambda: len(leg.packets) > 5)
        await page.evaluate("phone.close()")
        await until(lambda: leg.states == ["connected", "closed"])
        assert await page.evaluate("states") == ["connecting", "connected", "closed"]
        webrtc_tasks = [t for t in asyncio.all_tasks() - before if t.get_name().startswith("webrtc")]
        await until(lambda: all(t.done() for t in webrtc_tasks))


async def test_closing_the_transport_tells_the_browser(microphone: Path) -> None:
    async with browser_leg(microphone) as (page, leg):
        assert leg.transport is not None
        await leg.transport.close()
        await page.wait_for_function("phone.state === 'closed'", timeout=2000)
        assert leg.states == ["connected"]


async def test_reloaded_page_gets_a_new_transport(microphone: Path) -> None:
    async with browser_leg(microphone) as (page, leg):
        first = leg.transport
        assert first is not None
        await page.reload()
        await page.wait_for_function("window.ready")
        await page.evaluate("phone.connect(sendOffer)")
        await page.wait_for_function("phone.state === 'connected'")
        assert leg.transport is not first
        await page.evaluate("phone.goLive()")
        await until(lambda: len(leg.packets) > 20)
        await first.close()
