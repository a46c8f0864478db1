"""Agents' side of chats: what they ask."""

from pathlib import Path

import pytest

from agents_ws import messages as m
from router.events import WorkQueued
from tests.server.chat_nodes import one_node
from tests.waiting import until


async def test_what_agents_ask(tmp_path: Path) -> None:
    async with one_node(tmp_path) as node, node.place.page() as page:
        place, desk = node.place, node.desk
        place.router.ready("ann")
        await page.open("<b>hello</b>", locale="zh-CN")
        reservation = place.router.accept()
        await page.state("talking")
        assert await desk.message("ann", reservation, "a1", "Yes?") is None
        refusal = await desk.message("bob", reservation, "a1", "Yes?")
        assert refusal is not None
        assert refusal.code == "not_connected"
        desk.typing("ann", reservation, on=True)
        desk.typing("bob", reservation, on=True)
        desk.read("bob", reservation, 1)
        desk.read("ann", reservation, 1)
        await until(lambda: (card := desk.card("chat1")) is not None and card.own_read == 2)
        card = desk.card("chat1")
        assert card is not None
        assert [(line.author, line.text) for line in card.lines] == [("customer", "<b>hello</b>"), ("agent", "Yes?")]
        assert (card.locale, card.delivered, card.read) == ("zh-CN", 1, 1)
        assert desk.card("other") is None


async def test_a_chat_is_handed_on_with_a_note(tmp_path: Path) -> None:
    async with one_node(tmp_path) as node, node.place.page() as page:
        place, desk = node.place, node.desk
        place.router.ready("ann", "bob")
        await page.open()
        reservation = place.router.accept()
        giver = place.router.offers[-1].agent_id
        taker = "bob" if giver == "ann" else "ann"
        await page.state("talking")
        assert (
            await desk.transfer(giver, m.Transfer(ref="t", reservation_id=reservation, agent=taker, note=" n")) is None
        )
        await page.state("waiting")
        card = desk.card("chat1")
        assert card is not None
        assert card.handed_on is not None
        assert (card.handed_on.agent, card.handed_on.name, card.handed_on.note) == (giver, giver.title(), "n")
        assert [work.directed for work in place.router.of(WorkQueued)] == [None, taker]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"agent": "ann"}, "unknown_agent"),
        ({"agent": "nobody"}, "unknown_agent"),
        ({"agent": "bob"}, "agent_unavailable"),
        ({"queue": "orders"}, "unknown_queue"),
        ({"queue": "nowhere"}, "unknown_queue"),
        ({"number": "123"}, "unclear_target"),
        ({"agent": "bob", "queue": "web_chat"}, "unclear_target"),
        ({}, "unclear_target"),
        ({"queue": "web_chat", "warm": True}, "not_voice"),
        ({"queue": "web_chat", "note": "x" * 2001}, "too_long"),
    ],
)
async def test_to_whom_a_chat_cannot_go(tmp_path: Path, asked: dict[str, object], code: str) -> None:
    async with one_node(tmp_path) as node:
        place, desk = node.place, node.desk
        place.router.ready("ann")
        refusal = await desk.transfer("ann", m.Transfer(ref="t", reservation_id="chat1.1", **asked))  # type: ignore[arg-type]
        assert refusal is not None
        assert refusal.code == code
