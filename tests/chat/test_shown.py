"""What the visitor's page shows in each state of the chat."""

from pathlib import Path

from chat.shown import status_of
from tests.chat.house import house


async def test_a_waiting_chat_shows_its_place_and_an_emergency_and_a_taken_one_its_agent(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await page.open()
        (runner,) = place.conductor.directory.runners()
        runner.emergency = lambda _queue, _locale: "all lines are down"
        shown = status_of(runner)
        assert (shown.state, shown.place, shown.agent, shown.emergency) == ("waiting", 1, None, "all lines are down")
        place.router.ready("ann")
        place.router.accept()
        await page.state("talking")
        shown = status_of(runner)
        assert (shown.state, shown.place, shown.agent, shown.emergency) == ("talking", None, "Ann", None)
