"""The shard's routing as every part of a node sees it, whichever node owns the shard."""

from typing import Protocol

from router.commands import Command
from router.dispatcher import Dispatcher
from router.events import Event
from voice.ports import Talk


class Routing(Protocol):
    """The owner's pump, or a member of the shard that forwards to the owner.

    `dispatcher` is for reading. On a node that does not own the shard it is a replica: it has what was committed, so
    that what is told there is seen in it a moment later only; what was awaited (`post`, `drain`) is in it.
    """

    @property
    def dispatcher(self) -> Dispatcher: ...

    @property
    def trouble(self) -> str:
        """Why nothing is committed now; "" when all is well."""
        ...

    def now(self) -> int:
        """Shard time in microseconds."""
        ...

    def place(self, work_id: str) -> int | None:
        """1-based place of a waiting item in its queue."""
        ...

    async def take_up(self, work_id: str, /) -> bool:
        """The item is this node's from now on; False where another was quicker. Raises RoutingEndedError."""
        ...

    def callback_queue(self, work_id: str) -> str | None:
        """The queue of an item whose customer is to be called once an agent has accepted; None for other work."""
        ...

    def directed(self, work_id: str) -> str | None:
        """The one agent for whom an open item is kept."""
        ...

    def here(self, work_id: str, /) -> bool:
        """Whether this node carries out what is decided of an item (calls its phones, tells its customer)."""
        ...

    def agent_here(self, agent_id: str, /) -> bool:
        """Whether this node holds the agent's connection."""
        ...

    def talks(self, agent_id: str, /) -> tuple[Talk, ...]:
        """The calls that the agent has now, of whichever node."""
        ...

    async def post(self, event: Event, cause: str) -> tuple[Command, ...]:
        """Returns the turn's commands once it is committed. Raises RoutingEndedError."""
        ...

    def tell(self, event: Event, cause: str) -> None:
        """As `post`, for who needs no answer."""
        ...

    async def drain(self) -> None:
        """Returns when all that was posted and told here is committed and spoken. Raises RoutingEndedError."""
        ...
