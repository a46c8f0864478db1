"""Callers from a web page: menu, digits, queue, agent, hang-up and lost networks, in a real browser."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from agents_ws import messages as m
from tests.browser import needs_chromium
from tests.e2e.agents import Agent, crew
from tests.e2e.browsers import BrowserCaller, browser_caller
from tests.e2e.office import Office, kinds, step
from tests.e2e.server import Server
from tests.e2e.waiting import wait_until
from voice.web_messages import Refused, Start, decode_server, encode

pytestmark = [pytest.mark.browser, needs_chromium]

VOICE_HZ = 620.0
ORDER = "2468013579"


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 1, "announce_place_every_s": 10}


async def talking(caller: BrowserCaller, agent: Agent, **options: str) -> m.Offer:
    """A call straight into the queue that the agent has taken."""
    await caller.dial("4100", **options)
    offer = await agent.take()
    await agent.joined()
    await caller.until("connected")
    return offer


@pytest.mark.parametrize("codec", ["opus", "g711"])
async def test_every_digit_reaches_the_menu_and_the_agent_sees_who_calls(
    running_server: Server, office: Office, tmp_path: Path, codec: str
) -> None:
    visitor = f"visitor-digits-{codec}"
    async with (
        crew(running_server, tmp_path, "agent1") as agents,
        browser_caller(running_server, tmp_path, VOICE_HZ) as caller,
    ):
        agent = agents["agent1"]
        await caller.dial("4000", codec=codec, visitorId=visitor, name="Vera")
        await caller.until("in_ivr")
        await caller.press("1")
        await office.story_has(visitor, "digit")
        await caller.press(f"{ORDER}#")
        offer = await agent.take(30)
        assert offer.data["order_number"] == ORDER, "every digit once and in order"
        assert (offer.caller.display, offer.caller.number) == ("Vera", "")
        await agent.joined()
        assert (await caller.until("connected"))["agent"] == "Demo agent 1"
        assert await caller.sending() == {"opus": "audio/opus", "g711": "audio/PCMU"}[codec]
        await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=offer.reservation_id))
        ended = await caller.until("ended")
        assert ended["reason"] == "agent"
        told = [one["state"] for one in await caller.states()]
        assert list(dict.fromkeys(told)) == ["microphone", "connecting", "in_ivr", "waiting", "connected", "ended"]
    view = await office.interaction(visitor)
    assert ("visitor", visitor) in [(one["kind"], one["value"]) for one in view["identities"]]
    assert view["record"]["outcome"] == "handled"
    await office.quiet()


async def test_the_menu_begins_in_the_language_of_the_page(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    visitor = "visitor-chinese"
    async with (
        crew(running_server, tmp_path, "agent3") as agents,
        browser_caller(running_server, tmp_path, VOICE_HZ) as caller,
    ):
        await caller.dial("4000", visitorId=visitor, locale="zh-CN")
        await caller.until("in_ivr")
        await caller.press("2")
        offer = await agents["agent3"].take(30)
        assert (offer.queue, offer.ivr_path) == ("after_sales", ("after-sales",))
        assert ("mandarin", 1) in [(need.skill, need.minimum) for need in offer.requirements]
        await agents["agent3"].joined()
        await caller.hang_up()
    view = await office.interaction(visitor)
    assert [each["detail"]["language"] for each in view["story"] if each["kind"] == "language"] == ["zh"]
    await office.quiet()


async def test_a_waiting_caller_sees_the_place_and_hanging_up_leaves_nothing(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with browser_caller(running_server, tmp_path, VOICE_HZ) as caller:
        await caller.dial("4100", visitorId="visitor-waiting")
        assert (await caller.until("waiting"))["place"] == 1
        await caller.hang_up()
        assert (await caller.until("ended"))["reason"] == "caller"
        view = await office.interaction("visitor-waiting")
        assert view["record"]["outcome"] == "abandoned"
        assert "joined" not in kinds(view)
    await office.quiet()


async def test_a_short_loss_of_the_socket_keeps_the_conversation(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with (
        crew(running_server, tmp_path, "agent1") as agents,
        browser_caller(running_server, tmp_path, VOICE_HZ) as caller,
    ):
        offer = await talking(caller, agents["agent1"], visitorId="visitor-loss")
        before = len(await caller.states())
        await caller.page.evaluate("call._socket.close()")
        await caller.page.wait_for_function(f"states.slice({before}).some(({{ state }}) => state === 'reconnecting')")
        await caller.until("connected")
        await caller.page.evaluate("call._renew()")  # the path as well, as when the network changes
        await caller.page.wait_for_function("connections.length === 2 && call._pc?.connectionState === 'connected'")
        await caller.until("connected")
        agents["agent1"].ear.clear()
        await wait_until(lambda: _heard(agents["agent1"]), 30, "the agent hears the caller on the new path")
        await caller.hang_up()
        await agents["agent1"].finish(offer.reservation_id)
    view = await office.interaction("visitor-loss")
    assert kinds(view).count("joined") == 1
    assert step(view, "ended")["by"] == "customer"
    await office.quiet()


async def _heard(agent: Agent) -> bool:
    sound = agent.ear.sound[-8000:]
    return bool(sound.size >= 4000 and abs(sound).max() > 3000)


async def test_a_browser_that_is_gone_is_a_caller_who_left(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with crew(running_server, tmp_path, "agent1") as agents:
        async with browser_caller(running_server, tmp_path, VOICE_HZ) as caller:
            offer = await talking(caller, agents["agent1"], visitorId="visitor-gone")
            await caller.page.close()
        await agents["agent1"].finish(offer.reservation_id)
    view = await office.interaction("visitor-gone")
    assert step(view, "ended")["by"] == "customer"
    await office.quiet()


async def test_strangers_are_refused(running_server: Server, office: Office) -> None:
    url = f"{running_server.base}/call/v1/ws"
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(url, headers={"Origin": "https://elsewhere.example"})
        assert refused.value.status == 403
        for start, code in ((Start(entry="9999", sdp="v=0"), "no_such_entry"), (Start(entry="4000", sdp="v=0"), None)):
            async with http.ws_connect(url) as ws, asyncio.timeout(30):
                await ws.send_str(encode(start))
                answer = decode_server(await ws.receive_str())
                assert isinstance(answer, Refused)
                assert code in (None, answer.code)
    await office.quiet()
