"""Sound between every kind of caller and every kind of agent, taken from what each of them recorded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from tests.audio import RATE_HZ, Sound, read_wav, silent_share, tone, write_wav
from tests.browser import needs_chromium
from tests.e2e.agents import PhoneAgent
from tests.e2e.baresip import Softphone, softphone
from tests.e2e.browsers import BrowserAgent, BrowserCaller, browser_agent, browser_caller
from tests.e2e.ears import HEARD, loudness
from tests.e2e.office import Office, kinds, step
from tests.e2e.server import Server
from tests.e2e.site import ORDERS
from tools.call.caller import LEG, Caller

pytestmark = [pytest.mark.browser, pytest.mark.baresip, needs_chromium]

CALLER_HZ = 620.0
AGENT_HZ = 1330.0
TALK_S = 4.0
# A browser's jitter buffer and the fade-in of its capture settle within a second.
SETTLE_S = 1.0
MOST_SILENT = 0.1
TRIES = 3
CODECS = {"opus": "audio/opus", "g711": "audio/PCMU"}

Heard = tuple[Sound, int]


class Side(Protocol):
    """One end of the conversation."""

    async def talk(self) -> None:
        """From the moment it is connected, for TALK_S."""

    async def torn(self) -> bool:
        """Whether that had holes, as far as one can say before the call is over."""

    async def heard(self) -> Heard:
        """What came in meanwhile, settled: samples and rate. The call may be over by then."""


class SipCaller:
    def __init__(self, caller: Caller, folder: Path) -> None:
        self._caller = caller
        self._wav = folder / "heard.wav"

    async def talk(self) -> None:
        await self._caller.record(self._wav)
        await self._caller.speak_on("caller.wav")
        await asyncio.sleep(TALK_S)
        await self._caller._media.stop_record(LEG)

    async def torn(self) -> bool:
        return has_holes(await self.heard())

    async def heard(self) -> Heard:
        both, rate = read_wav(self._wav)
        # The leg speaks for the server: what it "says" is what the caller hears.
        return np.ascontiguousarray(both[round(SETTLE_S * rate) :, 0]), rate


class BrowserSide:
    def __init__(self, browser: BrowserCaller | BrowserAgent) -> None:
        self._browser = browser
        self._heard: Heard | None = None

    async def talk(self) -> None:
        self._heard = await self._browser.hear(TALK_S)

    async def torn(self) -> bool:
        return has_holes(await self.heard())

    async def heard(self) -> Heard:
        assert self._heard is not None
        sound, rate = self._heard
        return sound[round(SETTLE_S * rate) :], rate


class PhoneSide:
    def __init__(self, phone: Softphone) -> None:
        self._phone = phone

    async def talk(self) -> None:
        await asyncio.sleep(TALK_S)

    async def torn(self) -> bool:
        return False

    async def heard(self) -> Heard:
        await self._phone.until("CALL_CLOSED")
        sound = self._phone.heard()
        end = sound.size - round(0.3 * RATE_HZ)
        return sound[end - round((TALK_S - SETTLE_S - 0.3) * RATE_HZ) : end], RATE_HZ


@asynccontextmanager
async def calling(kind: str, server: Server, folder: Path, name: str) -> AsyncIterator[Side]:
    """A caller of this kind, connected with an agent; hangs up at the end."""
    if kind == "sip":
        write_wav(folder / "caller.wav", tone(CALLER_HZ, seconds=20))
        async with Caller(name, folder) as caller:
            await caller.dial(f"sip:{ORDERS.number}@{server.sip}")
            try:
                yield SipCaller(caller, folder)
            finally:
                caller.hang_up()
        return
    async with browser_caller(server, folder, CALLER_HZ) as browser:
        await browser.dial(ORDERS.number, codec=kind, visitorId=name)
        try:
            yield BrowserSide(browser)
            assert await browser.sending() == CODECS[kind]
        finally:
            await browser.hang_up()


@asynccontextmanager
async def serving(kind: str, server: Server, folder: Path) -> AsyncIterator[tuple[Side, asyncio.Task[None]]]:
    """An agent of this kind who is ready, and a task that ends when they have taken a call."""
    if kind == "browser":
        async with browser_agent(server, folder, "agent1", AGENT_HZ) as browser:
            yield BrowserSide(browser), asyncio.create_task(browser.accept())
            await browser.sign_out()
        return
    voice = write_wav(folder / "agent.wav", tone(AGENT_HZ, seconds=60))
    async with (
        softphone(server, folder, "2001", voice, register=True) as phone,
        PhoneAgent(server, "agent5") as page,
    ):
        yield PhoneSide(phone), asyncio.create_task(_taken(phone))
        await page.sign_out()


async def _taken(phone: Softphone) -> None:
    await phone.until("CALL_ESTABLISHED", 30)


def has_holes(heard: Heard) -> bool:
    """A browser on a busy machine plays some 100 ms of nothing now and then, though every packet has come.

    Nothing at all is no hole: whoever hears nobody is not asked again.
    """
    return MOST_SILENT < silent_share(*heard) < 1


async def converse(*sides: Side) -> None:
    """All at the same time, and again while one of them hears holes."""
    for _ in range(TRIES):
        await asyncio.gather(*(side.talk() for side in sides))
        if not any([await side.torn() for side in sides]):
            return


def assert_only_heard(heard: Heard, wanted: float, own: float) -> None:
    """A tone, nearly without a gap, and nothing of the own voice. Slips between two packets do not count."""
    sound, rate = heard
    assert sound.size >= (TALK_S - SETTLE_S - 0.5) * rate, f"only {sound.size / rate:.2f} s"
    strength = loudness(sound, wanted, rate)
    assert strength > HEARD
    assert loudness(sound, own, rate) < strength / 30, "the own voice comes back"
    assert not has_holes(heard)


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 1}


@pytest.mark.parametrize("agent_kind", ["browser", "phone"])
@pytest.mark.parametrize("caller_kind", ["sip", "opus", "g711"])
async def test_both_hear_each_other(
    running_server: Server, office: Office, tmp_path: Path, caller_kind: str, agent_kind: str
) -> None:
    name = f"pair-{caller_kind}-{agent_kind}"
    async with serving(agent_kind, running_server, tmp_path) as (agent, taken):
        async with calling(caller_kind, running_server, tmp_path, name) as caller:
            await taken
            await office.story_has(name, "joined")
            await converse(caller, agent)
        assert_only_heard(await caller.heard(), AGENT_HZ, CALLER_HZ)
        assert_only_heard(await agent.heard(), CALLER_HZ, AGENT_HZ)
    view = await office.interaction(name)
    assert view["record"]["outcome"] == "handled"
    assert step(view, "ended")["by"] == "customer"
    assert kinds(view).count("joined") == 1
    await office.quiet()
