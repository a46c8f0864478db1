"""A node is drained while callers are on the line: their phones are asked to call the other node, where they are in
front; who will not is called back.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from agents_ws import messages as m
from tests.browser import needs_chromium
from tests.e2e.agents import Agent
from tests.e2e.baresip import softphone
from tests.e2e.browsers import browser_caller
from tests.e2e.ears import TONES, AgentEar, who_hears, write_voices
from tests.e2e.office import Office
from tests.e2e.pair import Pair, calling_back, events, running_pair
from tests.e2e.sipp import run_sipp, sipp
from tests.e2e.test_trunks import NUMBER
from tests.e2e.waiting import wait_until
from tests.waiting import until

pytestmark = [pytest.mark.timeout(300), pytest.mark.baresip, pytest.mark.sipp, pytest.mark.browser, needs_chromium]

WAIT_S = 60.0
TAKES, DECLINES = "0755100100", NUMBER


@pytest.fixture
def pair(tmp_path: Path, trunk_port: int) -> Iterator[Pair]:
    with running_pair(tmp_path, edit=partial(calling_back, trunk_port), more=("--drain-s=1",)) as made:
        yield made


async def test_callers_of_a_drained_node_go_on_in_front_at_the_other_or_are_called_back(
    pair: Pair, tmp_path: Path
) -> None:
    """A browser goes by itself, baresip and one SIPp take the REFER, the other SIPp does not."""
    write_voices(tmp_path)
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(Office(pair.two))
        await until(lambda: len(events(pair.one, "peer_found")) == 1, "the nodes know each other")
        browser = await stack.enter_async_context(browser_caller(pair.one, tmp_path, TONES["caller"]))
        await browser.dial("4100", visitorId="visitor-moved", name="Vera")
        await browser.until("waiting")
        phone = await stack.enter_async_context(softphone(pair.one, tmp_path, "2999", tmp_path / "caller.wav"))
        await phone.command("dial", f"sip:4100@{pair.one.sip}")
        await phone.until("CALL_ESTABLISHED")

        async def wait(count: int) -> bool:
            return bool((await office.get("work?queue=orders"))["total"] == count)

        await wait_until(lambda: wait(2), WAIT_S, "two wait")
        taking = await stack.enter_async_context(
            sipp(
                pair.one,
                tmp_path,
                *("-key", "caller", TAKES, "-m", "1", "-trace_logs", "-log_file", str(tmp_path / "words")),
                scenario="refer_taken",
                entry="4100",
            )
        )
        await wait_until(lambda: wait(3), WAIT_S, "three wait")
        declining = await stack.enter_async_context(
            sipp(pair.one, tmp_path, "-key", "caller", DECLINES, "-m", "1", scenario="refer_declined", entry="4100")
        )

        await wait_until(lambda: wait(4), WAIT_S, "all wait")
        drained = asyncio.create_task(pair.drain(pair.one))
        word = await wait_until(lambda: said_in(tmp_path / "words"), WAIT_S, "it is asked")
        late = asyncio.create_task(
            run_sipp(pair.two, tmp_path, "-key", "caller", "0755900900", "-m", "1", scenario="until_bye", entry="4100")
        )
        coming = asyncio.create_task(
            run_sipp(pair.two, tmp_path, "-key", "caller", TAKES, "-m", "1", scenario="until_bye", entry=word)
        )
        said = (await asyncio.wait_for(drained, WAIT_S)).splitlines()
        assert said == [
            "drained; calls and chats that were still open: 4",
            "callers of these who are at another node now: 3",
            "callers of these who will be called back: 1",
        ], (events(pair.one, "caller_stayed"), coming.done() and coming.result())
        (await taking).ok()
        (await declining).ok()
        await wait_until(lambda: wait(5), WAIT_S, "three are there again, one will be called, one came late")
        async with Agent(pair.two, "agent1", tmp_path) as agent:
            agent.speak()
            web = await agent.take()
            assert web.caller.display == "Vera", "in front of whoever came later"
            await agent.joined()
            assert await who_hears({"agent1": AgentEar(agent)}) == {"agent1": {"caller"}}
            await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=web.reservation_id))
            assert (await browser.until("ended"))["reason"] == "agent"
            await agent.finish(web.reservation_id)
            first = await agent.take()
            assert first.caller.number == "2999"
            await agent.joined()
            assert await who_hears({"agent1": AgentEar(agent)}) == {"agent1": {"caller"}}
            await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=first.reservation_id))
            await agent.finish(first.reservation_id)
            second = await agent.take()
            assert second.caller.number == TAKES
            await agent.joined()
            await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=second.reservation_id))
            (await coming).ok()
            await agent.finish(second.reservation_id)
        late.cancel()
    assert pair.two.errors() == []


async def said_in(words: Path) -> str:
    """Whom SIPp was asked to call, once it was."""
    found = words.read_text().partition("word ")[2].split() if words.exists() else []
    return found[0] if found else ""
