"""The telephones that this node has called: agents' phones, numbers, customers who are called back."""

from voice.phone import DialledLeg, PhoneEvent, PhoneReleased
from voice.ports import Tasks


class DialledLegs:
    """By the name of their call, while they run."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self.all: dict[str, DialledLeg] = {}

    def __len__(self) -> int:
        return len(self.all)

    def run(self, leg: DialledLeg) -> None:
        """Dials it, and follows it to its end."""
        self.all[leg.call] = leg
        self._tasks.spawn(self._run(leg), leg.call)

    async def _run(self, leg: DialledLeg) -> None:
        try:
            await leg.run()
        finally:
            self.all.pop(leg.call, None)

    def tell(self, call: str, event: PhoneEvent) -> bool:
        """Something happened to that leg; False when there is none."""
        leg = self.all.get(call)
        if leg is not None:
            leg.tell(event)
        return leg is not None

    def release_all(self) -> None:
        """The node closes."""
        for leg in list(self.all.values()):
            leg.tell(PhoneReleased())
