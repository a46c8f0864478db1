"""Visitors, agents and the router together: a chat's whole course, identities, restarts, patience."""

from dataclasses import replace
from pathlib import Path

import pytest

from chat import messages as c
from chat.identity import proof_of
from chat.machine import Patience
from chat.ports import ChatRefusedError, Identity, StoreAwayError
from router.events import CustomerLeft, InteractionClosed, PolicyChanged, WorkCancelled, WorkQueued
from router.policy import Exit, Ring
from tests.chat.house import SECRET, house
from tests.waiting import until


async def test_what_the_page_knows_moves_the_chat_and_is_shown(tmp_path: Path) -> None:
    gold = c.User(id="u1", proof=proof_of(SECRET, "u1", {"tier": "gold"}), attributes={"tier": "gold"})
    async with house(tmp_path) as place, place.page() as page:
        await page.open(user=gold, data={"topic": "complaint", "order": "7"})
        (work,) = place.router.of(WorkQueued)
        assert (work.priority, [(need.skill, need.minimum) for need in work.requirements]) == (7, [("mandarin", 3)])
        assert place.known.told == {work.interaction_id: {"topic": "complaint", "order": "7"}}


async def test_who_goes_ahead_moves_the_others_back(tmp_path: Path) -> None:
    gold = c.User(id="u1", proof=proof_of(SECRET, "u1", {"tier": "gold"}), attributes={"tier": "gold"})
    async with house(tmp_path) as place, place.page() as page, place.page() as ahead:
        assert (await page.open()).status.place == 1
        assert (await ahead.open(key="g" * 22, user=gold)).status.place == 1
        await page.until(c.StatusShown, lambda shown: shown.status.place == 2)


async def test_agent_and_visitor_talk(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        place.router.ready("ann")
        await page.open("<img src=x onerror=alert(1)>")
        reservation = place.router.accept()
        assert (await page.state("talking")).agent == "Ann"
        conductor = place.conductor
        for _ in range(2):
            message = await conductor.agent_says("ann", reservation, "a1", "Hello")
        assert (message.number, message.name) == (2, "Ann")
        lines = await page.lines(2)
        assert [(line.author, line.name, line.text) for line in lines] == [
            ("customer", "Visitor", "<img src=x onerror=alert(1)>"),
            ("agent", "Ann", "Hello"),
        ]
        await page.say(c.Receipt(delivered=2, read=1))
        await until(lambda: place.screens.receipts == [("ann", reservation, 2, 1)])
        await page.say(c.Typing(on=True))
        await until(lambda: place.screens.typed == [("ann", reservation, True)])
        conductor.agent_types("ann", reservation, on=True)
        await page.until(c.StatusShown, lambda shown: shown.status.typing)
        await page.speak("v1", "Thanks")
        await page.lines(3)
        conductor.agent_reads("ann", reservation, 3)
        await page.until(c.StatusShown, lambda shown: shown.status.read == 3)
        place.end_by_agent(reservation)
        assert (await page.state("ended")).may_rate
        await page.say(c.Rate(score=2))
        await page.until(c.StatusShown, lambda shown: shown.status.rating == 2)
        await page.say(c.Rate(score=5))
        await page.speak("late", "too late")
        assert (await page.until(c.Refused)).code == "chat_over"
        assert place.router.of(InteractionClosed) == [InteractionClosed("chat1", "handled")]
        async with place.page() as again:
            await again.say(c.Resume(token=page.token))
            status = (await again.until(c.Welcome)).status
            assert (status.state, status.rating, status.may_rate) == ("ended", 2, False)


async def test_place_wait_and_the_visitor_s_end(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as first, place.page() as second:
        assert (await first.open(key="a" * 22)).status.place == 1
        status = (await second.open(key="b" * 22)).status
        assert (status.place, status.expected_wait_s) == (2, 60)
        await first.say(c.End())
        ended = await first.state("ended")
        assert (ended.ended_by, ended.may_rate) == ("customer", False)
        await second.until(c.StatusShown, lambda shown: shown.status.place == 1)
        await first.say(c.Rate(score=1))
        assert (await first.until(c.Refused)).code == "not_to_rate"
        assert place.router.of(InteractionClosed) == [InteractionClosed("chat1", "abandoned")]


async def test_the_locale_demands_an_agent_who_speaks_it(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        place.router.ready("bob")
        await page.open(locale="zh-TW")
        assert place.router.offers == []
        place.router.ready("ann")
        assert [offer.agent_id for offer in place.router.offers] == ["ann"]


async def test_identities(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        good = c.User(id="u-1", proof=proof_of(SECRET, "u-1"))
        bad = c.User(id="u-2", proof=proof_of(SECRET, "u-1"))
        for key, more in (
            ("a" * 22, {"user": good, "visitor_id": "v" * 16}),
            ("b" * 22, {"visitor_id": "v" * 16}),
            ("d" * 22, {}),
        ):
            async with place.page() as page:
                await page.open(key=key, **more)
        assert list(place.known.opened.values()) == [
            Identity("user", "u-1", verified=True),
            Identity("visitor", "v" * 16, verified=False),
            None,
        ]
        async with place.page() as page:
            await page.say(c.Open(entry="web", key="c" * 22, question="hi", user=bad))
            assert (await page.until(c.Refused)).code == "bad_proof"
            assert (await page.until(c.Bye)).code is c.ByeCode.REFUSED
        assert len(place.router.of(WorkQueued)) == 3


async def test_a_restart_ends_no_chat(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        place.router.ready("ann")
        async with place.page() as first, place.page() as second, place.page() as third:
            await first.open(key="a" * 22)
            reservation = place.router.accept()
            await first.state("talking")
            place.router.ready("bob")
            await second.open(key="b" * 22)
            await third.open(key="c" * 22)
            await third.speak("m", "before")
            await third.lines(2)
            await place.stop()
            assert (await third.until(c.Bye)).code is c.ByeCode.SHUTDOWN
        await place.restart()
        states = []
        for page in (first, second, third):
            async with place.page() as again:
                await again.say(c.Resume(token=page.token, after=1))
                states.append((await again.until(c.Welcome)).status.state)
                await again.speak("m", "before")
                await again.speak("n", "after")
                texts = [line.text for line in await again.lines(2)]
                assert texts == ["before", "after"]
        assert states == ["talking", "waiting", "waiting"]
        message = await place.conductor.agent_says("ann", reservation, "a1", "Here I am")
        assert message.number == 4


async def test_a_chat_goes_on_where_its_visitor_comes(tmp_path: Path) -> None:
    async with house(tmp_path) as place, house(tmp_path, beside=place) as other:
        place.router.ready("ann")
        asked: list[str] = []

        async def away(_interaction_id: str) -> bool:
            raise ChatRefusedError("unavailable", "its node does not answer")

        async def fetch(interaction_id: str) -> bool:
            asked.append(interaction_id)
            runner = place.conductor.chat(interaction_id)
            assert runner is not None
            await place.conductor.taking_up.let_go(runner, other.node)
            return True

        async with place.page() as page:
            await page.open()
            reservation = place.router.accept()
            await page.state("talking")
            other.conductor.fetch = away
            async with other.page() as again:
                await again.say(c.Resume(token=page.token, after=0))
                assert (await again.until(c.Bye)).code == "moving"
            other.conductor.fetch = fetch
            for number in range(2):
                async with other.page() as again:
                    await again.say(c.Resume(token=page.token, after=0))
                    assert (await again.until(c.Welcome)).status.state == "talking"
                    await again.speak(f"m{number}", "are you there?")
                    await again.lines(2 + number)
            assert (await page.until(c.Bye)).code == "replaced"
        assert len(asked) == 1
        assert place.conductor.chat("chat1") is None
        assert place.router.dispatcher.work("chat1").node == other.node  # type: ignore[union-attr]
        assert (await other.conductor.agent_says("ann", reservation, "a1", "Here I am")).number == 4
        with pytest.raises(ChatRefusedError):
            await place.conductor.agent_says("ann", reservation, "a2", "Here I was")


async def test_the_end_that_was_not_kept_is_kept_at_the_next_start(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        async with place.page() as page:
            await page.open()
        await place.stop()
        place.router.tell(CustomerLeft("chat1"), "test")
        await place.restart()
        assert await place.store.not_ended() == ()
        assert place.router.of(InteractionClosed) == [InteractionClosed("chat1", "abandoned")]
        async with place.page() as page:
            await page.say(c.Resume(token=await place.token(), after=0))
            assert (await page.until(c.Welcome)).status.state == "ended"


async def test_patience(tmp_path: Path) -> None:
    patience = Patience(abandon=50_000, agent=50_000)
    async with house(tmp_path, patience) as place:
        async with place.page() as page:
            await page.open()
        await until(lambda: place.router.of(InteractionClosed) == [InteractionClosed("chat1", "abandoned")])
        place.router.ready("ann")
        async with place.page() as page:
            await page.open(key="b" * 22)
            place.router.accept()
            await page.state("talking")
            place.screens.pages.clear()
            place.conductor.agent_page("ann", up=False)
            await page.state("waiting")
            assert place.conductor.directory.by_reservation == {}


async def test_an_agent_speaks_only_in_chats_of_their_own(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        place.router.ready("ann")
        await page.open()
        reservation = place.router.accept()
        await page.state("talking")
        for agent, asked in (("bob", reservation), ("ann", "chat1.2"), ("ann", "other.1")):
            with pytest.raises(ChatRefusedError, match="not a chat of yours"):
                await place.conductor.agent_says(agent, asked, "m", "hello")
            with pytest.raises(ChatRefusedError):
                place.conductor.agent_types(agent, asked, on=True)
            with pytest.raises(ChatRefusedError):
                place.conductor.agent_reads(agent, asked, 1)
        with pytest.raises(ChatRefusedError, match="nothing in this message"):
            await place.conductor.agent_says("ann", reservation, "m", " ")
        place.end_by_agent(reservation)
        with pytest.raises(ChatRefusedError):
            await place.conductor.agent_says("ann", reservation, "m", "hello")


async def test_a_chat_that_somebody_cancels_is_over_for_the_visitor(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await page.open()
        place.router.tell(WorkCancelled("chat1", "sam"), "test")
        assert (await page.state("ended")).ended_by == "system"
        assert place.router.of(InteractionClosed) == [InteractionClosed("chat1", "cancelled")]


async def test_a_visitor_whom_a_rule_sends_away_is_told_so(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await page.open()
        before = place.router.dispatcher.policy
        rules = replace(before.queues["web_chat"], rings=(Ring(0, exit=Exit(divert="end")),))
        policy = replace(before, version="v2", queues={**before.queues, "web_chat": rules})
        place.router.tell(PolicyChanged(policy), "test")
        ended = await page.state("ended")
        assert (ended.ended_by, ended.diverted, ended.may_rate) == ("system", True, False)
        assert place.router.of(InteractionClosed) == [InteractionClosed("chat1", "diverted")]


async def test_a_new_key_is_kept_without_a_look_whether_it_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_token_hash: str) -> None:
        raise StoreAwayError("nobody reads here")

    async with house(tmp_path) as place, place.page() as page:
        monkeypatch.setattr(place.store, "find", away)
        assert (await page.open()).status.state == "waiting"


async def test_whom_nobody_lets_in_now_finds_their_chat_all_the_same(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        async with place.page() as page:
            opened = (await page.open()).status.chat_id
            await page.say(c.End())
            await page.state("ended")
        await until(lambda: place.conductor.chat(opened) is None)
        place.conductor.draining = True
        async with place.page() as page, place.page() as stranger:
            assert (await page.open()).status.chat_id == opened
            await stranger.say(c.Open(entry="web", key="s" * 22, question="hi"))
            assert (await stranger.until(c.Refused)).code == "unavailable"
