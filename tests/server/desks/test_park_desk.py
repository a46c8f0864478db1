"""The list of parked chats on an agent's page: it follows what the router does, and is there again after a restart."""

from pathlib import Path

from agents_ws import messages as m
from router.events import WorkParked, WorkRecalled
from router.rows import Turn
from router.vocabulary import Medium
from server.desks.park_desk import ParkDesk
from tests.chat.house import House
from tests.server.chat_nodes import one_node


def follow(place: House, desk: ParkDesk, event: WorkParked | WorkRecalled) -> None:
    dispatcher = place.router.dispatcher
    commands = dispatcher.handle(event, place.router.now())
    desk.show(Turn(1, place.router.now(), "test", event, tuple(commands), dispatcher.drain_changes()))


async def test_the_list_follows_the_router(tmp_path: Path) -> None:
    async with one_node(tmp_path) as node, node.place.page() as page:
        place = node.place
        sent: list[tuple[str, m.NumberedMessage]] = []
        recalled: list[str] = []
        board = place.router.dispatcher
        desk = ParkDesk(board, node.cards, lambda *one: sent.append(one), recalled.append)
        place.router.ready("ann")
        await page.open("Where is my parcel?")
        reservation = place.router.accept()
        await page.state("talking")
        follow(place, desk, WorkParked(reservation, "ann"))
        taken, listed = sent
        assert taken == ("ann", m.ChatParked(reservation_id=reservation, interaction_id="chat1"))
        assert isinstance(listed[1], m.Parked)
        (shown,) = listed[1].chats
        assert (shown.name, shown.last, shown.queue) == ("Visitor", "Where is my parcel?", "web_chat")
        assert desk.of("ann") == (shown,)
        refusal = desk.take_back("bob", "chat1")
        assert refusal is not None
        assert refusal.code == "not_parked"
        assert desk.take_back("ann", "chat1") is None
        assert recalled == ["chat1"]
        again = ParkDesk(board, node.cards, lambda *one: sent.append(one), recalled.append)
        again.restore(board.works())
        sent.clear()
        follow(place, again, WorkRecalled("chat1"))
        assert sent == [("ann", m.Parked())]
        assert len(again) == 0
        row = board.work("chat1")
        assert row is not None
        assert row.medium is Medium.CHAT
