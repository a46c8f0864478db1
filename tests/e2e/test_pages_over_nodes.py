"""Real pages of a node that is killed: each goes to another by itself, with everything that it showed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser import needs_chromium
from tests.e2e.pair import Pair, running_pair
from tests.e2e.server import PASSWORD
from tests.frontend.real import accept, answer, ask, be, chromium, end, finish, person, said, sign_in, write

pytestmark = [needs_chromium, pytest.mark.browser]

PATIENCE_MS = 30_000


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with running_pair(tmp_path) as made:
        yield made


async def test_pages_of_a_dead_node_go_on_at_another(pair: Pair) -> None:
    base = pair.two.base
    async with (
        chromium() as browser,
        person(browser, base) as agent,
        person(browser, base) as visitor,
        person(browser, base) as supervisor,
    ):
        await sign_in(supervisor, "supervisor", "supervisor1", PASSWORD)
        await sign_in(agent, "agent", "agent1", PASSWORD)
        await be(agent, "ready")
        await ask(visitor, "Where is my parcel?", "Acme Bicycles")
        await accept(agent)
        await write(agent, "I look it up")
        texts = ["Where is my parcel?", "I look it up"]
        await said(visitor.page, texts, ".log")

        one = f"{pair.one.base.replace('http', 'ws')}/"
        async with (
            agent.page.expect_websocket(lambda socket: socket.url.startswith(one), timeout=PATIENCE_MS),
            supervisor.page.expect_websocket(lambda socket: socket.url.startswith(one), timeout=PATIENCE_MS),
        ):
            pair.two.kill()
        await expect(visitor.page.locator(".where")).to_contain_text("You are talking", timeout=PATIENCE_MS)
        await said(agent.page, texts, ".transcript")
        await answer(visitor, "Thank you")
        texts.append("Thank you")
        await expect(agent.page.locator(".transcript")).to_contain_text("Thank you", timeout=PATIENCE_MS)
        await write(agent, "It comes tomorrow")
        texts.append("It comes tomorrow")
        await said(visitor.page, texts, ".log")
        await said(agent.page, texts, ".transcript")
        await end(agent)
        await finish(agent)
    assert pair.one.interrupt() == 0
    assert pair.one.errors() == []
