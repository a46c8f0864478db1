"""An agent's page that is loaded anew in mid-call, or cut off for half a minute, loses nothing; the echo test."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from playwright.async_api import expect

from tests.browser import needs_chromium
from tests.e2e.browsers import browser_agent
from tests.e2e.callers import calling
from tests.e2e.ears import TONES, CallerEar, Hearing, come_to_hear, write_voices
from tests.e2e.office import Office
from tests.e2e.server import Server
from tests.e2e.site import ORDERS

# As long as the grace (config/README.md, reconnect_grace_s), of which the first ten seconds pass unnoticed.
OUTAGE_S = 30.0

# What the page sends, and its end as the browser tells it when a microphone is pulled out.
_SENT = "connections.at(-1).getSenders()[0].track"
_PULL_OUT = f"(() => {{ const was = {_SENT}; was.stop(); was.dispatchEvent(new Event('ended')); return was.id; }})()"

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 1}


async def test_a_reload_in_mid_call_and_a_microphone_that_is_pulled_out(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    write_voices(tmp_path)
    async with (
        browser_agent(running_server, tmp_path, "agent1", TONES["agent1"]) as one,
        calling(running_server, tmp_path, "reload-1", ORDERS) as caller,
    ):
        await caller.speak_on("caller.wav")
        await one.accept()
        ears: dict[str, Hearing] = {"caller": CallerEar(caller, tmp_path), "agent1": one}
        both = {"caller": {"agent1"}, "agent1": {"caller"}}
        assert await come_to_hear(ears, both) == both
        await one.page.reload()
        await expect(one.page.get_by_role("button", name="Hang up")).to_be_enabled(timeout=30_000)
        await one.page.wait_for_function("connections.at(-1)?.connectionState === 'connected'", timeout=30_000)
        assert await come_to_hear(ears, both) == both
        lost = await one.page.evaluate(_PULL_OUT)
        await one.page.wait_for_function(f"{_SENT}.id !== '{lost}'")
        assert await come_to_hear(ears, both) == both, "the microphone that is left was taken"
        await one.page.get_by_role("button", name="Hang up").click()
        async with asyncio.timeout(30):
            await caller.ended.wait()
        await one.sign_out()
    view = await office.interaction("reload-1")
    assert (view["record"]["outcome"], view["record"]["agent_id"]) == ("handled", "agent1")
    await office.quiet()


async def test_the_echo_test_measures_the_way_there_and_back(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    write_voices(tmp_path)
    async with browser_agent(running_server, tmp_path, "agent1", TONES["agent1"]) as one:
        await one.page.keyboard.press("Alt+d")
        await one.page.get_by_role("button", name="Echo test").click()
        delay = one.page.locator(".echo-delay")
        await expect(delay).to_contain_text("ms", timeout=30_000)
        wanted = {"agent1": {"agent1"}}
        assert await come_to_hear({"agent1": one}, wanted) == wanted
        async with calling(running_server, tmp_path, "echo-1", ORDERS) as caller:
            await caller.speak_on("caller.wav")
            await one.page.keyboard.press("Escape")
            await one.accept()
            ears: dict[str, Hearing] = {"caller": CallerEar(caller, tmp_path), "agent1": one}
            wanted = {"caller": {"agent1"}, "agent1": {"caller"}}
            assert await come_to_hear(ears, wanted) == wanted
            await one.page.get_by_role("button", name="Hang up").click()
            await one.sign_out()
    await office.quiet()


@contextmanager
def cut_off() -> Iterator[None]:
    """The browsers of this process have no network: of each the process that owns its sockets, UDP too, stands still.

    Unlike the offline mode of the developer tools, which leaves UDP and open WebSockets alone.
    """
    family = psutil.Process().children(recursive=True)
    owners = [one for one in family if "--utility-sub-type=network.mojom.NetworkService" in one.cmdline()]
    assert owners
    for one in owners:
        one.suspend()
    try:
        yield
    finally:
        for one in owners:
            one.resume()


async def test_half_a_minute_without_network(running_server: Server, office: Office, tmp_path: Path) -> None:
    write_voices(tmp_path)
    async with (
        browser_agent(running_server, tmp_path, "agent1", TONES["agent1"]) as one,
        calling(running_server, tmp_path, "cut-1", ORDERS) as caller,
    ):
        await caller.speak_on("caller.wav")
        await one.accept()
        ears: dict[str, Hearing] = {"caller": CallerEar(caller, tmp_path), "agent1": one}
        both = {"caller": {"agent1"}, "agent1": {"caller"}}
        assert await come_to_hear(ears, both) == both
        with cut_off():
            back_at = asyncio.get_running_loop().time() + OUTAGE_S
            await office.story_has("cut-1", "agent_leg_lost", deadline_s=OUTAGE_S)
            wanted = {"caller": {"music"}}
            assert await come_to_hear({"caller": ears["caller"]}, wanted) == wanted, "they are not left in silence"
            said = {"presence": "not_ready", "reason": "lunch"}
            assert await office.send("POST", "agents/agent1/presence", said) == (204, "")
            await asyncio.sleep(back_at - asyncio.get_running_loop().time())
        await office.story_has("cut-1", "agent_leg_back", deadline_s=30)
        assert await come_to_hear(ears, both) == both
        await expect(one.page.locator(".presence-away")).to_contain_text("Lunch")
        await one.page.get_by_role("button", name="Hang up").click(timeout=30_000)
        async with asyncio.timeout(30):
            await caller.ended.wait()
    view = await office.interaction("cut-1")
    assert (view["record"]["outcome"], view["record"]["agent_id"]) == ("handled", "agent1")
