"""Rooms while legs come, move and go: who is wired to whom, and who is told."""

from media import mixer
from media.rooms import Rooms
from tests.media.test_routing import make


class Floor:
    """Four legs, their rooms, and whose data path was worked out again."""

    def __init__(self) -> None:
        self.legs = {name: make(name) for name in "abcd"}
        self.rewired: set[str] = set()
        self.rooms = Rooms(self.legs, lambda leg: self.rewired.add(leg.leg_id))

    def heard(self) -> dict[str, str]:
        """To whom each leg's packets go."""
        return {
            name: "".join(sorted(route.target.leg_id for route in leg.routes))
            for name, leg in self.legs.items()
            if leg.routes
        }

    def where(self) -> dict[str, str]:
        return {name: leg.room_id for name, leg in self.legs.items() if leg.room_id is not None}


def test_a_matrix_is_set_whole_and_empty_it_dissolves_the_room() -> None:
    floor = Floor()
    floor.rooms.arrange("r", mixer.conference("ab"))
    assert (floor.heard(), floor.where(), floor.rewired) == ({"a": "b", "b": "a"}, {"a": "r", "b": "r"}, {"a", "b"})
    floor.rooms.arrange("r", mixer.conference("bc"))
    assert (floor.heard(), floor.where()) == ({"b": "c", "c": "b"}, {"b": "r", "c": "r"})
    floor.rooms.arrange("r", {})
    assert (floor.heard(), floor.where(), floor.rooms.gains) == ({}, {}, {})


def test_a_leg_that_is_in_another_room_moves_and_leaves_nobody_in_an_empty_one() -> None:
    floor = Floor()
    floor.rooms.arrange("r", mixer.conference("ab"))
    floor.rooms.arrange("s", mixer.conference("bc"))
    assert floor.rooms.gains.keys() == {"s"}
    assert (floor.heard(), floor.where()) == ({"b": "c", "c": "b"}, {"b": "s", "c": "s"})
    assert "a" in floor.rewired


def test_the_others_go_on_when_one_leaves() -> None:
    floor = Floor()
    floor.rooms.arrange("r", mixer.conference("abc"))
    floor.rooms.leave(floor.legs["c"])
    assert (floor.heard(), floor.where()) == ({"a": "b", "b": "a"}, {"a": "r", "b": "r"})
    floor.rooms.leave(floor.legs["d"])
    assert floor.where() == {"a": "r", "b": "r"}


def test_a_change_of_one_leg_is_a_change_of_its_room() -> None:
    floor = Floor()
    floor.rooms.arrange("r", mixer.conference("ab"))
    floor.rewired.clear()
    floor.rooms.rewire(floor.legs["a"])
    floor.rooms.rewire(floor.legs["d"])
    assert floor.rewired == {"a", "b", "d"}
