"""Messages: numbered, kept once, and read on from wherever a page is."""

import asyncio
from pathlib import Path

import pytest

from chat import marks
from chat import messages as c
from chat.limits import ChatLimits
from chat.ports import ChatRefusedError
from records.messages import Marks
from tests.chat.house import house
from tests.waiting import until


async def test_a_page_that_comes_back_gets_what_it_missed_once(tmp_path: Path) -> None:
    limits = ChatLimits(tail=5, page=3, message_burst=100)
    async with house(tmp_path, limits=limits) as place:
        async with place.page() as page:
            welcome = await page.open()
            for number in range(10):
                await page.speak(f"m{number}", f"{number}")
            assert [line.text for line in await page.lines(11)] == ["hello", *map(str, range(10))]
        for after in (0, 4, 8, 11, 999):
            async with place.page() as again:
                await again.say(c.Resume(token=welcome.token or "", after=after))
                await again.until(c.Welcome)
                await again.say(c.Ping())
                numbers: list[int] = []
                while not isinstance(message := await again.hear(), c.Pong):
                    numbers += [line.number for line in message.messages] if isinstance(message, c.Messages) else []
                assert numbers == list(range(after + 1, 12))


async def test_a_repeated_send_is_one_message(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await page.open()
        for _ in range(3):
            await page.speak("same", "once")
        await page.speak("other", "twice")
        assert [(line.number, line.client_id) for line in await page.lines(3)] == [
            (1, "open"),
            (2, "same"),
            (3, "other"),
        ]


async def test_what_could_not_be_kept_is_refused_and_may_be_sent_again(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await page.open()
        place.store.fail_before = 1
        await page.speak("a", "lost")
        assert (await page.until(c.Refused)).client_id == "a"
        await page.speak("a", "lost")
        place.store.fail_after = 1
        await page.speak("b", "kept without a word")
        assert (await page.until(c.Refused)).code == "unavailable"
        await page.speak("c", "next")
        await page.speak("b", "kept without a word")
        place.store.fail_after = 1
        await page.speak("d", "kept, and said again at once")
        await page.speak("d", "kept, and said again at once")
        texts = [line.text for line in await place.conductor.directory.live["chat1"].after(0)]
        await until(lambda: place.conductor.directory.live["chat1"].last == 5)
        texts = [line.text for line in await place.conductor.directory.live["chat1"].after(0)]
        assert texts == ["hello", "lost", "kept without a word", "next", "kept, and said again at once"]
        assert [m.text for m in await place.store.after("chat1", 0, 100)] == texts


async def test_what_nobody_foresaw_is_told_and_the_chat_goes_on(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await page.open()
        place.store.broken = 1
        await page.speak("a", "into the fault")
        assert (await page.until(c.Refused)).code == "unavailable"
        await page.speak("a", "into the fault")
        assert (await page.lines(2))[-1].text == "into the fault"

        async def fault() -> None:
            raise LookupError("nobody foresaw this")

        chat = place.conductor.directory.live["chat1"]
        with pytest.raises(ChatRefusedError) as refused:
            await chat.in_turn(fault)
        assert refused.value.code == "unavailable"
        await page.speak("b", "still here")
        assert (await page.lines(3))[-1].text == "still here"


async def test_how_far_both_sides_are_is_kept_after_a_while_and_with_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "GATHER_US", 20_000)
    async with house(tmp_path) as place, place.page() as page:
        place.router.ready("ann")
        await page.open()
        place.router.accept()
        await page.state("talking")
        await page.speak("m1", "is it late?")
        await page.lines(2)
        async with asyncio.timeout(30):
            while (kept := await place.store.get("chat1")) is None or kept.marks.agent_delivered < 2:
                await asyncio.sleep(0.002)
        monkeypatch.setattr(marks, "GATHER_US", 3_600_000_000)
        await page.say(c.Receipt(delivered=2, read=2))
        await page.speak("m2", "I see")
        await page.lines(3)
        await page.say(c.End())
        await page.state("ended")
        await until(lambda: place.conductor.counts["chats"] == 0)
        kept = await place.store.get("chat1")
        assert kept is not None
        assert (kept.marks, kept.ended_by) == (Marks(3, 3, 3, 0), "customer")
