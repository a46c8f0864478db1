"""Today's figures on the board."""

from records.database import Database
from router.events import TimePassed
from server.floor.board import Board
from tests.server.floor_rig import open_floor


async def test_of_a_queue_and_its_agent(database: Database) -> None:
    floor = await open_floor(database)
    floor.ready("anna")
    work = floor.arrive()
    floor.answer(work, "anna", after=4)
    floor.leave(work, after=30)
    floor.now = floor.dispatcher.next_deadline() or 0
    floor.post(TimePassed())
    floor.leave(floor.arrive(), after=1)
    board = Board(floor.dispatcher, lambda: floor.now, lambda: floor.site, floor.figures)
    (queue,) = board.queues()
    assert (queue.today.arrived, queue.today.answered, queue.today.abandoned) == (2, 1, 1)
    assert (queue.today.short_abandoned, queue.today.mean_wait_us, queue.today.mean_handle_us) == (
        1,
        4_000_000,
        94_000_000,
    )
    assert queue.service_level is not None
    assert queue.service_level.level == 0.5
    anna, ben = board.agents()
    assert (anna.today.handled, anna.today.mean_handle_us, anna.today.occupancy) == (1, 94_000_000, 1.0)
    assert (ben.today.handled, ben.today.occupancy) == (0, None)
    assert board.alerts() == []
    assert board.alert(1) is None


async def test_alerts_and_predictions_are_on_the_board(database: Database) -> None:
    floor = await open_floor(database)
    board = Board(floor.dispatcher, lambda: floor.now, lambda: floor.site, floor.figures)
    row = floor.dispatcher.work(floor.arrive())
    assert row is not None
    await floor.look(11)
    (alert,) = board.alerts()
    assert board.alert(alert.id) == alert
    breach = board.breach(row)
    assert breach is not None
    assert breach.permille == 1000
    bare = Board(floor.dispatcher, lambda: floor.now)
    assert (bare.alerts(), bare.breach(row)) == ([], None)
