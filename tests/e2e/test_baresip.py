"""baresip on either end of the line; the sound is measured in both directions."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from agents_ws import messages as m
from router.vocabulary import Presence
from tests.audio import RATE_HZ, Sound, dominant_frequencies, goertzel, level, read_wav, silent_share, tone, write_wav
from tests.e2e.agents import AGENT_TONE_HZ, PhoneAgent, crew
from tests.e2e.baresip import softphone
from tests.e2e.callers import calling
from tests.e2e.office import Office, kinds, step
from tests.e2e.server import Server

pytestmark = pytest.mark.baresip

CALLER_TONE_HZ = 700.0
VOICE_S = 40.0
TALK_S = 3.0
MOST_SILENT = 0.1
WINDOW_S = 0.05
# The scripted agent's recording takes a moment to start, and the last packets are cut off by the end of the call.
LATE_S = 0.4
ORDER = "4711"


@pytest.fixture
def caller_voice(tmp_path: Path) -> Path:
    """What callers say: one tone."""
    return write_wav(tmp_path / "caller.wav", tone(CALLER_TONE_HZ, seconds=VOICE_S))


def assert_only_heard(sound: Sound, frequency: float, other: float) -> None:
    """A whole conversation's worth of this one tone, nearly without a gap, and nothing of the own voice."""
    assert sound.size >= (TALK_S - 1) * RATE_HZ, f"only {sound.size / RATE_HZ:.2f} s were heard"
    assert silent_share(sound) <= MOST_SILENT
    found = dominant_frequencies(sound)
    true = sum(abs(each - frequency) < 10 for each in found)
    assert true >= (1 - MOST_SILENT) * len(found), found
    assert goertzel(sound, other) < level(sound) / 30, "the own voice comes back"


def last(sound: Sound, seconds: float) -> Sound:
    """The end of a sound, without the last moments in which the call was being ended."""
    end = sound.size - round(0.3 * RATE_HZ)
    return sound[max(0, end - round(seconds * RATE_HZ)) : end]


async def test_a_softphone_calls_types_its_order_number_and_talks(
    running_server: Server, office: Office, tmp_path: Path, caller_voice: Path
) -> None:
    async with (
        crew(running_server, tmp_path, "agent1") as agents,
        softphone(running_server, tmp_path, "7001", caller_voice) as phone,
    ):
        agent = agents["agent1"]
        await phone.command("dial", f"sip:4000@{running_server.sip}")
        await phone.until("CALL_ESTABLISHED")
        await phone.command("sndcode", "1")
        await office.story_has("7001", "digit")
        for digit in f"{ORDER}#":
            await phone.command("sndcode", digit)
            # A finger's pace: baresip ends a digit only when the next command comes.
            await asyncio.sleep(0.25)
        offer = await agent.take(30)
        assert offer.data["order_number"] == ORDER, "every digit once and in order"
        await agent.joined()
        agent.speak()
        agent.ear.clear()
        await asyncio.sleep(TALK_S)
        agent_heard = agent.ear.sound
        await phone.command("hangup")
        await phone.until("CALL_CLOSED")
        await agent.finish(offer.reservation_id)
        assert_only_heard(agent_heard, CALLER_TONE_HZ, AGENT_TONE_HZ)
        assert_only_heard(last(phone.heard(), TALK_S - 0.7), AGENT_TONE_HZ, CALLER_TONE_HZ)
        # A lost packet leaves no gap in this recording, it makes it shorter.
        told_s = sum(abs(each - AGENT_TONE_HZ) < 10 for each in dominant_frequencies(phone.heard())) * WINDOW_S
        assert told_s > TALK_S - LATE_S, f"of {TALK_S} s of the agent's voice {told_s:.2f} s arrived"
    view = await office.interaction("7001")
    assert view["record"]["outcome"] == "handled"
    assert step(view, "ended")["by"] == "customer"
    await office.quiet()


async def test_a_softphone_is_an_agents_phone(
    running_server: Server, office: Office, tmp_path: Path, caller_voice: Path
) -> None:
    voice = write_wav(tmp_path / "agent5.wav", tone(AGENT_TONE_HZ, seconds=VOICE_S))
    async with softphone(running_server, tmp_path, "2001", voice, register=True) as phone:
        async with PhoneAgent(running_server, "agent5") as page:
            async with calling(running_server, tmp_path, "7002") as caller:
                await phone.until("CALL_ESTABLISHED")
                # No offer need come before: the phone answers quicker than the caller's earlier calls are looked up.
                while (assignment := await page.until(m.Assignment)).state != "connected":
                    pass
                await caller.record(tmp_path / "call.wav")
                saying = asyncio.create_task(caller.say(caller_voice.name))
                await asyncio.sleep(TALK_S)
                await phone.command("hangup")
                await phone.until("CALL_CLOSED")
                await asyncio.wait_for(caller.ended.wait(), 30)
                saying.cancel()
            await page.until(m.WrapUp)
            done = m.FinishWrapUp(ref=page.ref(), reservation_id=assignment.reservation_id, disposition="resolved")
            await page.ask(done)
            await page.sign_out()
        assert_only_heard(last(phone.heard(), TALK_S - 1), CALLER_TONE_HZ, AGENT_TONE_HZ)
        both, _ = read_wav(tmp_path / "call.wav")
        heard = min((both[:, 0], both[:, 1]), key=lambda channel: goertzel(channel, CALLER_TONE_HZ))
        assert_only_heard(last(np.ascontiguousarray(heard), TALK_S - 0.9), AGENT_TONE_HZ, CALLER_TONE_HZ)
    view = await office.interaction("7002")
    assert view["record"]["agent_id"] == "agent5"
    assert step(view, "ended")["by"] == "agent"
    assert "wrapped_up" in kinds(view)
    await office.quiet()


async def test_a_phone_stops_ringing_when_the_caller_gives_up(
    running_server: Server, office: Office, tmp_path: Path, caller_voice: Path
) -> None:
    async with (
        softphone(running_server, tmp_path, "2001", caller_voice, register=True, answermode="manual") as phone,
        PhoneAgent(running_server, "agent5") as page,
    ):
        async with calling(running_server, tmp_path, "7003"):
            ringing = await phone.until("CALL_INCOMING")
            assert "7003" in ringing["peeruri"], "the phone shows who calls"
        await phone.until("CALL_CLOSED", 3)
        await page.until(m.OfferWithdrawn)
        assert (await office.agent("agent5"))["presence"] == Presence.READY
        await page.sign_out()
    assert (await office.interaction("7003"))["record"]["outcome"] == "abandoned"
    await office.quiet()


async def test_a_call_declined_on_the_phone_goes_to_the_next_agent(
    running_server: Server, office: Office, tmp_path: Path, caller_voice: Path
) -> None:
    async with (
        softphone(running_server, tmp_path, "2001", caller_voice, register=True, answermode="manual") as phone,
        PhoneAgent(running_server, "agent5") as page,
        calling(running_server, tmp_path, "7004"),
    ):
        await phone.until("CALL_INCOMING")
        async with crew(running_server, tmp_path, "agent1") as agents:
            await phone.command("hangup")
            offer = await agents["agent1"].take()
            await page.until(m.OfferWithdrawn)
            await agents["agent1"].joined()
            await agents["agent1"].ask(m.HangUp(ref="over", reservation_id=offer.reservation_id))
            await agents["agent1"].finish(offer.reservation_id)
        await page.sign_out()
    view = await office.interaction("7004")
    assert [each["detail"]["agent"] for each in view["story"] if each["kind"] == "offered"] == ["agent5", "agent1"]
    await office.quiet()
