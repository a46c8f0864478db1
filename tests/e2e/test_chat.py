"""Chats through the whole server: visitor, queue, agent, cut lines, a killed server, many at once."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from agents_ws import messages as m
from chat import messages as c
from tests.e2e.agents import Agent
from tests.e2e.office import Office, kinds, step
from tests.e2e.server import Server
from tests.e2e.site import make_site
from tests.e2e.visitors import Visitor
from tests.e2e.waiting import wait_until
from tools.call.agent import RefusedError

SAID = "<script>alert(1)</script> & 你好"


@pytest.fixture
async def agent(running_server: Server, tmp_path: Path) -> AsyncIterator[Agent]:
    async with Agent(running_server, "agent1", tmp_path) as agent:
        yield agent
        await agent.sign_out()


async def answer(agent: Agent, reservation_id: str, text: str, client_id: str) -> None:
    said = m.SayInChat(ref=agent.ref(), reservation_id=reservation_id, client_id=client_id, text=text)
    await agent.ask(said)


async def hang_up(agent: Agent, reservation_id: str) -> None:
    await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=reservation_id))
    await agent.finish(reservation_id)


def told(card: m.Offer | m.Assignment) -> list[str]:
    """What the card of a chat shows."""
    assert card.chat is not None
    return [line.text for line in card.chat.lines]


async def record(office: Office, chat_id: str, *, having: str = "closed") -> Any:
    """The chat's record once it is closed and its story has this step."""

    async def closed() -> Any:
        listed = (await office.get("interactions?limit=200"))["items"]  # the projection follows a moment later
        if chat_id not in [each["id"] for each in listed]:
            return None
        view = await office.get(f"interactions/{chat_id}")
        return view if view["record"]["state"] == "closed" and having in kinds(view) else None

    return await wait_until(closed, 30, "the record is closed")


async def test_a_chat_from_the_question_to_the_rating(running_server: Server, office: Office, agent: Agent) -> None:
    async with Visitor(running_server, "Visitor one") as visitor:
        await visitor.open(SAID)
        offer = await agent.take()
        assert (offer.medium, offer.queue, offer.caller.display) == ("chat", "web_chat", "Visitor one")
        assert told(offer) == [SAID], "hostile markup is plain text"
        card = await agent.joined()
        assert told(card) == [SAID]
        assert (await visitor.until_state("talking")).agent == "Demo agent 1"
        for command in (
            m.Hold(ref=agent.ref(), reservation_id=offer.reservation_id, on=True),
            m.SendDigit(ref=agent.ref(), reservation_id=offer.reservation_id, digit="5"),
        ):
            with pytest.raises(RefusedError, match="not_voice"):
                await agent.ask(command)

        await answer(agent, offer.reservation_id, "Hello", "a1")
        await answer(agent, offer.reservation_id, "Hello", "a1")
        await visitor.until_said("Hello")
        await visitor.send(c.Typing(on=True))
        assert (await agent.until(m.ChatTyping)).on
        await visitor.say("Thanks")
        while (await agent.until(m.ChatMessage)).text != "Thanks":
            pass
        await visitor.send(c.Receipt(delivered=3, read=2))
        while (receipt := await agent.until(m.ChatReceipt)).read < 3:
            assert receipt.delivered >= receipt.read
        await agent._send(m.ReadChat(reservation_id=offer.reservation_id, number=3))
        await visitor.until(lambda v: v.status.read == 3)
        await agent._send(m.TypeInChat(reservation_id=offer.reservation_id, on=True))
        await visitor.until(lambda v: v.status.typing)

        await hang_up(agent, offer.reservation_id)
        status = await visitor.until_state("ended")
        assert (status.ended_by, status.may_rate, visitor.texts) == ("agent", True, [SAID, "Hello", "Thanks"])
        await visitor.send(c.Rate(score=4))
        await visitor.until(lambda v: v.status.rating == 4)
        await visitor.say("too late")
        await visitor.until(lambda v: [refused.code for refused in v.refused] == ["chat_over"])
        await visitor.cut()
        await visitor.resume()
        assert visitor.status is not None
        assert (visitor.status.rating, visitor.status.may_rate) == (4, False)
    view = await record(office, visitor.chat_id, having="rated")
    assert (view["record"]["outcome"], view["record"]["medium"]) == ("handled", "chat")
    assert (view["record"]["disposition"], view["record"]["rating"]) == ("resolved", 4)
    assert step(view, "joined")["agent"] == "agent1"
    await office.quiet()
    log = running_server.log_path.read_text()
    assert "Thanks" not in log
    assert "alert(1)" not in log


async def test_a_cut_line_loses_nothing_and_doubles_nothing(
    running_server: Server, office: Office, agent: Agent
) -> None:
    async with Visitor(running_server) as visitor:
        await visitor.open()
        first = visitor.chat_id
        await visitor.cut()
        await visitor.open()
        assert visitor.chat_id == first, "the same key is the same chat"
        offer = await agent.take()
        await visitor.until_state("talking")
        await visitor.cut()
        for number in range(5):
            await answer(agent, offer.reservation_id, f"while you were away {number}", f"a{number}")
        await visitor.resume()
        await visitor.until_said("while you were away 4")
        # Sent, and the line is cut before anything comes back: the page says it again.
        await visitor.say("sure?", "s-sure")
        await visitor.cut()
        await visitor.resume()
        await visitor.say("sure?", "s-sure")
        await visitor.say("last")
        await visitor.until_said("last")
        assert visitor.texts.count("sure?") == 1
        assert [line.client_id for line in visitor.lines if line.text == "sure?"] == ["s-sure"]
        assert len(visitor.lines) == 8
        await visitor.send(c.End())
        assert (await visitor.until_state("ended")).ended_by == "customer"
        await agent.finish(offer.reservation_id)
    await office.quiet()


async def test_the_same_over_plain_requests(running_server: Server, office: Office, agent: Agent) -> None:
    async with Visitor(running_server) as visitor:
        body = {"entry": "web", "key": visitor.key, "name": "Plain", "question": "By post", "locale": "en"}
        status, opened = await visitor.rest("POST", "", body)
        assert status == 201
        assert (await visitor.rest("POST", "", body))[1]["token"] == opened["token"]
        visitor.token, at = opened["token"], f"/{opened['status']['chat_id']}"
        offer = await agent.take()
        _, page = await visitor.rest("GET", f"{at}/messages", after=1, version=opened["status"]["version"], wait=5)
        await agent.joined()
        await answer(agent, offer.reservation_id, "Yes?", "a1")
        _, page = await visitor.rest("GET", f"{at}/messages", after=1, wait=5)
        assert [line["text"] for line in page["messages"]] == ["Yes?"]
        for _ in range(2):
            status, line = await visitor.rest("POST", f"{at}/messages", {"client_id": "p1", "text": "No."})
            assert (status, line["number"]) == (201, 3)
        assert (await visitor.rest("POST", f"{at}/typing", {"on": True}))[0] == 204
        assert (await visitor.rest("POST", f"{at}/receipt", {"delivered": 3, "read": 3}))[0] == 204
        assert (await visitor.rest("POST", f"{at}/rating", {"score": 5}))[0] == 409
        assert (await visitor.rest("POST", f"{at}/end"))[0] == 204
        await agent.finish(offer.reservation_id)
        assert (await visitor.rest("POST", f"{at}/rating", {"score": 5}))[0] == 204
        _, page = await visitor.rest("GET", f"{at}/messages", after=0)
        assert (page["status"]["state"], page["status"]["rating"]) == ("ended", 5)
        assert (await visitor.rest("GET", "/other/messages"))[0] == 404
        visitor.token = "wrong"
        assert (await visitor.rest("GET", f"{at}/messages"))[0] == 404
    await office.quiet()


async def test_a_waiting_visitor_sees_their_place_and_may_leave(running_server: Server, office: Office) -> None:
    async with Visitor(running_server) as first, Visitor(running_server) as second:
        await first.open()
        await second.open()
        await second.until(lambda v: v.status.place == 2)
        assert first.status is not None
        assert first.status.place == 1
        await first.send(c.End())
        assert (await first.until_state("ended")).may_rate is False
        await second.until(lambda v: v.status.place == 1)
        await second.send(c.End())
        await second.until_state("ended")
    assert (await record(office, first.chat_id))["record"]["outcome"] == "abandoned"
    await office.quiet()


async def test_many_chats_at_once_keep_their_order(running_server: Server, office: Office, tmp_path: Path) -> None:
    """30 visitors, 4 agents with room for 3 each, lines that are cut; every word arrives once and in order."""
    chance = random.Random(7)
    async with AsyncExitStack() as stack:
        agents = [await stack.enter_async_context(Agent(running_server, f"agent{n}", tmp_path)) for n in range(1, 5)]
        visitors = [await stack.enter_async_context(Visitor(running_server, f"Visitor {n}")) for n in range(30)]
        loads: Counter[str] = Counter()
        peaks: Counter[str] = Counter()

        async def serve(agent: Agent) -> None:
            while True:
                match await agent.inbox.get():
                    case m.Offer(reservation_id=reservation_id):
                        await agent.ask(m.Accept(ref=agent.ref(), reservation_id=reservation_id))
                        loads[agent.account] += 1
                        peaks[agent.account] = max(peaks[agent.account], loads[agent.account])
                    case m.ChatMessage(author="customer", reservation_id=reservation_id, text=text, number=number):
                        await answer(agent, reservation_id, f"re: {text}", f"re-{number}")
                    case m.WrapUp(reservation_id=reservation_id):
                        loads[agent.account] -= 1
                        done = m.FinishWrapUp(ref=agent.ref(), reservation_id=reservation_id, disposition="resolved")
                        await agent.ask(done)

        async def visit(visitor: Visitor) -> None:
            await visitor.open(f"question of {visitor.name}")
            await visitor.until_state("talking", 60)
            for number in range(5):
                await asyncio.sleep(chance.uniform(0.2, 0.6))  # people type; the agents' protocol has a rate limit
                await visitor.say(f"{number}")
                if chance.random() < 0.3:
                    await visitor.cut()
                    await visitor.resume()
                    await visitor.say(f"{number}", f"s{number + 1}")
                await visitor.until_said(f"re: {number}")
            await visitor.send(c.End())
            await visitor.until_state("ended")

        async with asyncio.TaskGroup() as group:
            serving = [group.create_task(serve(agent)) for agent in agents]
            await asyncio.gather(*(visit(visitor) for visitor in visitors))
            await wait_until(lambda: _nothing(loads), 30, "all wrapped up")
            for task in serving:
                task.cancel()
        assert max(peaks.values()) <= 3
        assert len({visitor.chat_id for visitor in visitors}) == 30
        for visitor in visitors:
            own = [line.text for line in visitor.lines if line.author == "customer"]
            assert own == [f"question of {visitor.name}", *map(str, range(5))]
            assert sorted(line.text for line in visitor.lines if line.author == "agent") == [
                f"re: {number}" for number in range(5)
            ]
        for agent in agents:
            await agent.sign_out()
    await office.quiet()


async def _nothing(loads: Counter[str]) -> bool:
    return not any(loads.values())


async def test_chats_live_through_a_killed_server(tmp_path: Path) -> None:
    server = Server(tmp_path, make_site(tmp_path))
    try:
        server.start()
        async with (
            Agent(server, "agent1", tmp_path) as agent,
            Visitor(server, "Talking") as talking,
            Visitor(server, "Waiting") as waiting,
            Visitor(server, "Offered") as offered,
        ):
            await talking.open("first")
            offer = await agent.take()
            await agent.joined()
            await answer(agent, offer.reservation_id, "before", "a1")
            await talking.until_said("before")
            await talking.say("heard")
            await talking.until_said("heard")
            await agent.ask(m.SetPresence(ref=agent.ref(), presence="not_ready", reason="lunch"))
            await waiting.open("second")
            await waiting.say("still here")
            await waiting.until_said("still here")
            await offered.open("third")
            server.kill()
            for visitor in (talking, waiting, offered):
                await visitor.cut()
            server.start()
            await asyncio.gather(*(visitor.resume() for visitor in (talking, waiting, offered)))
            assert [visitor.status and visitor.status.state for visitor in (talking, waiting, offered)] == [
                "talking",
                "waiting",
                "waiting",
            ]
            assert talking.status is not None
            assert talking.status.agent == "Demo agent 1"
            await talking.say("and now?")
            await talking.until_said("and now?")
            assert talking.texts == ["first", "before", "heard", "and now?"]
            await offered.until(lambda v: v.status.place == 2)

            async with Agent(server, "agent1", tmp_path) as again:
                card = next(each for each in again.snapshot.assignments)
                assert card.reservation_id == offer.reservation_id
                assert told(card) == ["first", "before", "heard", "and now?"]
                await answer(again, offer.reservation_id, "after", "a2")
                await talking.until_said("after")
                # Both at once: which card is drawn first depends on which context SQL gave first.
                cards = {told(card)[0]: card for card in [await again.take(), await again.take()]}
                second, third = cards["second"], cards["third"]
                assert told(second) == ["second", "still here"]
                for visitor in (waiting, offered):
                    await visitor.until_state("talking")
                    await visitor.send(c.End())
                    await visitor.until_state("ended")
                await again.finish(second.reservation_id)
                await again.finish(third.reservation_id)
                await hang_up(again, offer.reservation_id)
                await talking.until_state("ended")
                await again.sign_out()
        async with Office(server) as office:
            for visitor in (talking, waiting, offered):
                assert (await record(office, visitor.chat_id))["record"]["outcome"] == "handled"
            await office.quiet()
        assert server.interrupt() == 0
        assert server.errors() == []
    finally:
        server.close()


async def test_a_visitor_who_is_gone_too_long_while_waiting_has_left(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    chats = site / "chats.toml"
    chats.write_text(chats.read_text().replace("abandon_after_s = 120", "abandon_after_s = 1"))
    server = Server(tmp_path, site)
    try:
        server.start()
        async with Visitor(server) as visitor, Visitor(server) as patient, Office(server) as office:
            await visitor.open()
            await patient.open()
            await visitor.cut()
            view = await record(office, visitor.chat_id)
            assert view["record"]["outcome"] == "abandoned"
            await patient.until(lambda v: v.status.place == 1)
            await visitor.resume()
            assert visitor.status is not None
            assert (visitor.status.state, visitor.status.ended_by) == ("ended", "customer")
            # An orderly stop ends no chat either.
            assert server.interrupt() == 0
            await patient.until(lambda v: v.bye is not None and v.bye.code == "shutdown")
            await patient.cut()
            server.start()
            await patient.resume()
            await patient.say("still here")
            await patient.until_said("still here")
            await patient.send(c.End())
            await patient.until_state("ended")
        assert server.interrupt() == 0
        assert server.errors() == []
    finally:
        server.close()
