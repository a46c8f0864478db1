"""Capacity of an agent, and their row."""

import pytest

from router.agent import Agent
from router.offer import Reservation
from router.rows import AgentRow
from router.vocabulary import Medium, Presence
from router.work import Work
from tests.router.world import agent as rules


def reservation(holder: Agent, number: int, medium: Medium, units: int = 1) -> Reservation:
    work = Work(f"w{number}", "i", medium, "q", (), 0, 0, number, "n1")
    return Reservation(f"w{number}.1", work, holder, medium, units, number, number + 1, "v1")


def test_room_is_bounded_per_medium_and_in_total() -> None:
    holder = Agent("ann", rules("ann", voice=1, chat=3, total=3))
    assert holder.has_room(Medium.VOICE, 3)
    assert not holder.has_room(Medium.VOICE, 4)
    assert not holder.has_room(Medium.EMAIL, 1)
    voice = reservation(holder, 1, Medium.VOICE, units=2)
    holder.take(voice)
    assert holder.units == 2
    assert not holder.has_room(Medium.VOICE, 1)
    assert holder.has_room(Medium.CHAT, 1)
    assert not holder.has_room(Medium.CHAT, 2)
    holder.give_back(voice)
    assert holder.units == 0
    assert holder.has_room(Medium.VOICE, 3)


def test_open_reservations_come_oldest_first_whatever_the_order_of_claims() -> None:
    holder = Agent("ann", rules("ann", chat=3))
    for number in (3, 1, 2):
        holder.take(reservation(holder, number, Medium.CHAT))
    assert [one.reservation_id for one in holder.open()] == ["w1.1", "w2.1", "w3.1"]


def test_a_loaded_row_is_the_stored_one_but_not_connected() -> None:
    row = AgentRow("ann", Presence.READY, None, 5, 7, True, 6, 9, 3, (1, 4))
    holder = Agent("ann", rules("ann"))
    holder.load_row(row)
    assert holder.row() == AgentRow("ann", Presence.READY, None, 5, 7, False, 6, 9, 3, (1, 4), unconfirmed=True)


@pytest.mark.parametrize("unconfirmed", [False, True])
def test_a_live_row_is_the_stored_one_altogether(unconfirmed: bool) -> None:
    row = AgentRow("ann", Presence.READY, None, 5, 7, not unconfirmed, 6, 9, 3, (1, 4), unconfirmed)
    holder = Agent("ann", rules("ann"))
    holder.load_row(row, live=True)
    assert holder.row() == row
