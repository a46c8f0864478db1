"""Who gets which call, and when: real callers, real agents, the times of the site shortened."""

from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from agents_ws import messages as m
from router.vocabulary import Presence, WithdrawReason
from tests.e2e.agents import Agent, RawAgent, crew, sign_in
from tests.e2e.callers import calling
from tests.e2e.office import Office, kinds, step
from tests.e2e.server import Server
from tests.e2e.site import MANDARIN, ORDERS, URGENT
from tests.e2e.waiting import wait_until

OFFER_S = 3
WRAP_UP_S = 4


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"offer_timeout_s": OFFER_S, "wrap_up_s": WRAP_UP_S, "announce_place_every_s": 3}


async def test_the_best_gets_the_call_and_the_second_is_named(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with crew(running_server, tmp_path, "agent1", "agent3", "agent4") as agents:
        async with calling(running_server, tmp_path, "1001"):
            offer = await agents["agent4"].take()
            assert offer.why is not None
            assert offer.why.runner_up == "agent1"
            assert offer.caller.number == "1001"
            assert not offer.caller.verified
            await agents["agent4"].joined()
        await agents["agent4"].finish(offer.reservation_id)
        for other in ("agent1", "agent3"):
            assert agents[other].waiting(m.Offer) == []
    view = await office.interaction("1001")
    assert step(view, "offered")["runner_up"] == "agent1"
    await office.quiet()


async def test_who_lacks_the_skill_is_passed_over(running_server: Server, office: Office, tmp_path: Path) -> None:
    async with crew(running_server, tmp_path, "agent1", "agent3") as agents:
        async with calling(running_server, tmp_path, "1002", MANDARIN):
            offer = await agents["agent3"].take()
            await agents["agent3"].joined()
        await agents["agent3"].finish(offer.reservation_id)
        assert agents["agent1"].waiting(m.Offer) == []
    await office.quiet()


async def test_a_missed_offer_sets_not_ready_and_goes_to_the_next(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with crew(running_server, tmp_path, "agent1", "agent4") as agents:
        async with calling(running_server, tmp_path, "1003"):
            missed: m.Offer = await agents["agent4"].until(m.Offer)
            assert missed.timeout_ms == OFFER_S * 1000
            gone: m.OfferWithdrawn = await agents["agent4"].until(m.OfferWithdrawn)
            assert (gone.reservation_id, gone.reason) == (missed.reservation_id, WithdrawReason.EXPIRED)
            offer = await agents["agent1"].take()
            assert offer.attempt == 2
            await agents["agent1"].joined()
        await agents["agent1"].finish(offer.reservation_id)
        missing = await office.agent("agent4")
        assert (missing["presence"], missing["reason"]) == (Presence.NOT_READY, "missed_offer")
    view = await office.interaction("1003")
    told = [kind for kind in kinds(view) if kind in ("queued", "offered", "missed", "accepted", "joined")]
    assert told == ["queued", "offered", "missed", "offered", "accepted", "joined"]
    await office.quiet()


async def test_a_rejected_call_goes_on_at_once(running_server: Server, office: Office, tmp_path: Path) -> None:
    async with crew(running_server, tmp_path, "agent1", "agent4") as agents:
        async with calling(running_server, tmp_path, "1004"):
            refused: m.Offer = await agents["agent4"].until(m.Offer)
            reject = m.Reject(ref=agents["agent4"].ref(), reservation_id=refused.reservation_id)
            await agents["agent4"].ask(reject)
            offer = await agents["agent1"].take()
            await agents["agent1"].joined()
            rejecting = await office.agent("agent4")
            assert rejecting["presence"] == Presence.READY, "to reject one call is not to want none"
        await agents["agent1"].finish(offer.reservation_id)
    assert "rejected" in kinds(await office.interaction("1004"))
    await office.quiet()


async def test_the_next_caller_is_offered_as_soon_as_wrap_up_ends(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with crew(running_server, tmp_path, "agent1") as agents:
        agent = agents["agent1"]
        async with calling(running_server, tmp_path, "1005"):
            first = await agent.take()
            await agent.joined()
            async with calling(running_server, tmp_path, "1006"):
                await office.story_has("1006", "queued")
                await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=first.reservation_id))
                await agent.until(m.WrapUp)
                assert agent.waiting(m.Offer) == [], "an agent in wrap-up holds the capacity"
                done = m.FinishWrapUp(ref=agent.ref(), reservation_id=first.reservation_id, disposition="resolved")
                await agent.ask(done)
                second = await agent.take()
                assert second.caller.number == "1006"
                await agent.joined()
            # This time nobody finishes it: the deadline does.
            await agent.until(m.WrapUp)
            ended: m.WrapUpEnded = await agent.until(m.WrapUpEnded)
            assert ended.disposition is None
    assert step(await office.interaction("1005"), "ended")["by"] == "agent"
    await office.quiet()


async def test_priority_comes_first_then_who_waited_longest(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    served = []
    async with AsyncExitStack() as stack:
        for number, entry in (("1007", ORDERS), ("1008", ORDERS), ("1009", URGENT)):
            await stack.enter_async_context(calling(running_server, tmp_path, number, entry))
            await office.story_has(number, "queued")
        agents = await stack.enter_async_context(crew(running_server, tmp_path, "agent1"))
        agent = agents["agent1"]
        for _ in range(3):
            offer = await agent.take()
            served.append(offer.caller.number)
            await agent.joined()
            await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=offer.reservation_id))
            await agent.finish(offer.reservation_id)
    assert served == ["1009", "1007", "1008"]
    await office.quiet()


async def test_those_who_wait_are_told_their_place(running_server: Server, office: Office, tmp_path: Path) -> None:
    async with calling(running_server, tmp_path, "1011"):
        async with calling(running_server, tmp_path, "1010"):
            await office.story_has("1010", "queued")
            async with calling(running_server, tmp_path, "1012") as last:
                second = await office.story_has("1012", "place_told")
                assert step(second, "place_told")["place"] == "3"
                assert not last.ended.is_set()
        first = await office.story_has("1011", "place_told")
        assert step(first, "place_told")["place"] == "1"
    await office.quiet()


async def test_a_caller_who_leaves_takes_the_offer_along(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with crew(running_server, tmp_path, "agent1") as agents:
        async with calling(running_server, tmp_path, "1013"):
            offer: m.Offer = await agents["agent1"].until(m.Offer)
        gone: m.OfferWithdrawn = await agents["agent1"].until(m.OfferWithdrawn)
        assert (gone.reservation_id, gone.reason) == (offer.reservation_id, WithdrawReason.ABANDONED)
        free = await office.agent("agent1")
        assert free["presence"] == Presence.READY
    assert (await office.interaction("1013"))["record"]["outcome"] == "abandoned"
    await office.quiet()


async def test_a_cut_connection_is_resumed_without_a_lost_or_doubled_message(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with aiohttp.ClientSession() as http, Agent(running_server, "agent1", tmp_path) as agent:
        # The page moves to a connection of which every byte is seen here; the browser leg stays.
        token = await sign_in(running_server, http, "agent1")
        raw = RawAgent(running_server, http)
        await raw.connect(token)
        welcome: m.Welcome = await raw.until(m.Welcome)
        snapshot: m.Snapshot = await raw.until(m.Snapshot)
        assert not welcome.resumed
        await raw.send(m.Ack(seq=snapshot.seq))
        connection = raw.ws
        assert connection._response.connection is not None
        transport = connection._response.connection.transport
        assert transport is not None
        transport.abort()

        async def page_is_gone() -> bool:
            return (await office.open_things())["sockets"] == 0

        await wait_until(page_is_gone, 30, "the server noticed the cut")
        async with calling(running_server, tmp_path, "1014"):
            await office.story_has("1014", "queued")
            await raw.connect(token, session=welcome.session, last_seq=snapshot.seq)
            again: m.Welcome = await raw.until(m.Welcome)
            assert again.resumed
            assert again.session == welcome.session
            offer: m.Offer = await raw.until(m.Offer)
            await raw.send(m.Accept(ref="resumed", reservation_id=offer.reservation_id))
            await raw.until(m.Done)
        await raw.until(m.WrapUp)
        await raw.send(m.FinishWrapUp(ref="over", reservation_id=offer.reservation_id, disposition="resolved"))
        await raw.until(m.WrapUpEnded)
        numbers = [message.seq for message in raw.got if isinstance(message, m.NumberedMessage)]
        assert numbers == list(range(snapshot.seq, snapshot.seq + len(numbers))), "lost, doubled or out of order"
        assert [type(message) for message in raw.got].count(m.Snapshot) == 1, "a resumed page needs no second snapshot"
        await raw.send(m.SignOut(ref="bye"))
        await raw.until(m.Done)
        await raw.ws.close()
        assert agent.token
    assert (await office.interaction("1014"))["record"]["outcome"] == "handled"
    await office.quiet()
