"""What can go wrong inside the router. Late or mistaken events are no errors: they are answered with `Refuse`."""


class RouterError(Exception):
    """Base of the router's own errors; each one is a fault of the program, never of a caller or an agent."""


class IllegalTransitionError(RouterError):
    """A state machine was told something that its table does not know in that state."""

    def __init__(self, machine: str, state: str, cause: str) -> None:
        super().__init__(f"{machine}: {cause} is not legal in state {state}")
        self.machine = machine
        self.state = state
        self.cause = cause


class ImageError(RouterError):
    """The rows that a shard is restored from contradict each other."""


class InvariantError(RouterError):
    """The dispatcher's state broke one of its own rules."""


class RoutingEndedError(Exception):
    """Nothing more is decided here: the node is ending, or another one owns the shard. No fault: ask another node."""
