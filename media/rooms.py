"""Rooms: which legs hear which, one gain matrix each, kept whole while legs come and go."""

from __future__ import annotations

from collections.abc import Callable

from media import routing
from media.leg import Leg
from media.mixer import Gains


class Rooms:
    """`gains` holds each room's matrix. `legs` are all open ones, in a room or not.

    `rewired` is told of each leg whose data path was worked out again.
    """

    def __init__(self, legs: dict[str, Leg], rewired: Callable[[Leg], None]) -> None:
        self._legs = legs
        self._rewired = rewired
        self.gains: dict[str, dict[tuple[str, str], float]] = {}

    def arrange(self, room_id: str, gains: Gains) -> None:
        """The whole matrix, of legs that are open; {} dissolves the room. A leg in another room moves."""
        members = {leg_id for pair in gains for leg_id in pair}
        leaving = self._members(room_id) - members
        self.gains[room_id] = {}
        for leg_id in leaving:
            leg = self._legs[leg_id]
            leg.room_id = None
            self.rewire(leg)
        for leg_id in members:
            leg = self._legs[leg_id]
            if leg.room_id != room_id:
                self.leave(leg)
                leg.room_id = room_id
        if gains:
            self.gains[room_id] = dict(gains)
            self._rewire_room(room_id)
        else:
            del self.gains[room_id]

    def leave(self, leg: Leg) -> None:
        """Take a leg out of its room's matrix; a room without pairs is gone."""
        room_id, leg.room_id = leg.room_id, None
        room = self.gains.get(room_id) if room_id is not None else None
        if room is None or room_id is None:
            return
        others = self._members(room_id) - {leg.leg_id}
        self.gains[room_id] = {pair: gain for pair, gain in room.items() if leg.leg_id not in pair}
        self.rewire(leg)
        for other in others - self._members(room_id):
            self._legs[other].room_id = None
            self.rewire(self._legs[other])
        self._rewire_room(room_id)
        if not self.gains[room_id]:
            del self.gains[room_id]

    def rewire(self, leg: Leg) -> None:
        """Work out the data paths again after a change of this leg."""
        if leg.room_id is not None:
            self._rewire_room(leg.room_id)
        else:
            routing.wire_alone(leg)
            self._rewired(leg)

    def _members(self, room_id: str) -> set[str]:
        return {leg_id for pair in self.gains.get(room_id, {}) for leg_id in pair}

    def _rewire_room(self, room_id: str) -> None:
        members = self._members(room_id)
        routing.wire(self._legs, members, self.gains[room_id])
        for leg_id in members:
            self._rewired(self._legs[leg_id])
