"""The telephones that this node has called: agents' phones, numbers, customers who are called back."""

from collections.abc import Callable

from voice.phone import DialledLeg, PhoneEvent, PhoneLeft, PhoneMoved, PhoneReleased
from voice.ports import RemoteMedia, Tasks


class DialledLegs:
    """By the name of their media leg, which is that of their call as long as no other call takes its place."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self.all: dict[str, DialledLeg] = {}
        self._moved: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self.all)

    def run(self, leg: DialledLeg) -> None:
        """Dials it, and follows it to its end."""
        self.all[leg.leg_id] = leg
        # The task comes when whoever told us is done with all else: the INVITE need not wait so long.
        try:
            leg.begin()
        finally:
            self._tasks.spawn(self._run(leg), leg.leg_id)

    async def _run(self, leg: DialledLeg) -> None:
        try:
            await leg.run()
        finally:
            del self.all[leg.leg_id]
            self._moved = {call: name for call, name in self._moved.items() if name != leg.leg_id}

    def by_call(self, call: str) -> DialledLeg | None:
        """The leg that this call carries now."""
        leg = self.all.get(self._moved.get(call, call))
        return leg if leg is not None and leg.call == call else None

    def tell_call(self, call: str, event: PhoneEvent) -> None:
        """Something happened to the call of a leg."""
        if (leg := self.by_call(call)) is not None:
            leg.tell(event)

    def move(self, leg: DialledLeg, call: str, sdp: bytes, taken: Callable[[RemoteMedia], None]) -> None:
        """Another call of the same phone, with this offer, takes the place of the leg's own (RFC 3891)."""
        self._moved[call] = leg.leg_id
        leg.tell(PhoneMoved(call, sdp, lambda: call in self._moved, taken))

    def ended(self, call: str) -> None:
        """The call is over; one that had not taken the leg's place yet never does."""
        self.tell_call(call, PhoneLeft())
        self._moved.pop(call, None)

    def tell(self, leg_id: str, event: PhoneEvent) -> bool:
        """Something happened to that leg; False when there is none."""
        leg = self.all.get(leg_id)
        if leg is not None:
            leg.tell(event)
        return leg is not None

    def release_all(self) -> None:
        """The node closes."""
        for leg in list(self.all.values()):
            leg.tell(PhoneReleased())
