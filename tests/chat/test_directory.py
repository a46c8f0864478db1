"""What is at hand: a chat until it is over and nobody looks at it any more."""

from pathlib import Path

from chat import messages as c
from tests.chat.house import house
from tests.waiting import until


async def test_a_chat_is_found_until_it_is_over_and_nobody_looks(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        directory = place.conductor.directory
        async with place.page() as page:
            await page.open()
            (runner,) = directory.runners()
            assert directory.live["chat1"] is directory.by_token[runner.token_hash] is runner
            assert directory.counts == {"chats": 1, "chats_looked_at": 0}
            assert directory.watched == 1
            assert runner.address
            assert directory.addresses[runner.address] == 1
            await page.say(c.End())
            await page.state("ended")
            await until(lambda: directory.counts == {"chats": 0, "chats_looked_at": 1})
            assert not directory.addresses
        await until(lambda: not directory.live and not directory.by_token)


async def test_another_chat_of_the_same_token_is_not_forgotten_with_it(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await page.open()
        directory = place.conductor.directory
        (runner,) = directory.runners()
        chat = await place.store.find(runner.token_hash)
        assert chat is not None
        newer = directory.make(chat, directory.machine(chat, "chat1", "web_chat"), ())
        directory.forget(runner)
        assert directory.live["chat1"] is directory.by_token[runner.token_hash] is newer
        directory.live["chat1"] = directory.by_token[runner.token_hash] = runner


async def test_who_is_sent_away_takes_nothing_with_them_but_the_right_to_come_back(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        async with place.page() as page:
            welcome = await page.open()
            place.endpoint.send_away()
            assert (await page.until(c.Bye)).code == "shutdown"
        await until(lambda: place.conductor.directory.watched == 0)
        async with place.page() as page:
            await page.say(c.Resume(token=welcome.token or "", after=1))
            assert (await page.until(c.Welcome)).status.state == "waiting"
