"""A chat goes on after a restart: where it waited, with whom it was, or parked."""

from pathlib import Path

from chat import messages as c
from tests.chat.house import house


async def test_a_chat_goes_on_with_its_agent_and_its_text(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        place.router.ready("ann")
        async with place.page() as page:
            welcome = await page.open()
            reservation = place.router.accept()
            await page.state("talking")
            await place.conductor.agent_says("ann", reservation, "a1", "good day")
            await page.lines(2)
        await place.restart()
        taken = place.conductor.of_agent("ann", reservation)
        assert (taken.last, [one.text for one in taken.tail]) == (2, ["hello", "good day"])
        async with place.page() as page:
            await page.say(c.Resume(token=welcome.token or "", after=1))
            await page.until(c.Welcome)
            assert [line.text for line in await page.lines(1)] == ["good day"]
            assert page.status is not None
            assert page.status.agent == "Ann"
