"""Where the time goes between an event and its offer: the moments of one run, put on the node from outside.

`Stages` wraps methods of a running node. Each wrapped method costs a microsecond more, and the offer's way is otherwise
the same. Each moment is kept by the clock and by the thread's own CPU time, so that what other processes on the
machine take can be told from what the server does. The garbage collector's pauses are counted beside them.
"""

import gc
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from agents_ws import messages as m
from config.setting_readers import MAIN_SHARD
from router import events as facts
from router.rows import Turn
from server.node import Node
from store.keys import shard_keys
from store.lease import InboxEntry
from store.link import Command

# In this order; each is counted from the one before it: the first from the moment at which the event was told of, and
# after the last the agent's process reads (`read`).
MOMENTS = ("told", "decided", "commit", "encoded", "sent", "answered", "spoken", "written")


class Stages:
    """Nanoseconds of each moment by interaction, as far as each came: the clock's, and the thread's CPU time."""

    def __init__(self, node: Node) -> None:
        self.found: dict[str, dict[str, tuple[int, int]]] = {}
        self.pauses: list[int] = []
        self._batch: list[str] = []
        self._deciding = ""
        self._began = 0
        pump = node.core.pump.pump
        self._wrap_commit(node)
        self._wrap(pump, "tell", self._told, lambda *_: None)
        self._wrap(pump.dispatcher, "drain_changes", lambda: None, self._decided)
        self._wrap(node.voice.hub, "send", self._spoken, self._written)
        gc.callbacks.append(self._collected)

    def close(self) -> None:
        """Counts no more pauses."""
        gc.callbacks.remove(self._collected)

    def steps(self, due: dict[str, int], read: dict[str, int]) -> Iterator[tuple[str, list[float]]]:
        """Each stage's name (`decided`: from told to decided) with its microseconds; `.cpu`: the thread's own."""
        found = {name: each for name, each in self.found.items() if name in due}
        for before, after in itertools.pairwise(MOMENTS):
            pairs = [(each[before], each[after]) for each in found.values() if before in each and after in each]
            if pairs:
                yield after, [(end[0] - begin[0]) / 1000 for begin, end in pairs]
                yield f"{after}.cpu", [(end[1] - begin[1]) / 1000 for begin, end in pairs]
        first, last = MOMENTS[0], MOMENTS[-1]
        yield first, [(each[first][0] - due[name]) / 1000 for name, each in found.items()]
        ends = [(each[last][0], read[name]) for name, each in found.items() if last in each and name in read]
        yield "read", [(end - begin) / 1000 for begin, end in ends]

    # --- inside -------------------------------------------------------------------------------------------------

    def _stamp(self, interaction: str, moment: str) -> None:
        self.found.setdefault(interaction, {}).setdefault(moment, (time.monotonic_ns(), time.thread_time_ns()))

    def _wrap(self, thing: Any, name: str, before: Callable[..., None], after: Callable[..., None]) -> None:
        inner = getattr(thing, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            before(*args)
            found = inner(*args, **kwargs)
            after(*args)
            return found

        setattr(thing, name, wrapped)

    def _told(self, event: facts.Event, _cause: str) -> None:
        self._deciding = event.interaction_id if isinstance(event, facts.WorkQueued) else ""
        if self._deciding:
            self._stamp(self._deciding, "told")

    def _decided(self) -> None:
        if self._deciding:
            self._stamp(self._deciding, "decided")

    def _spoken(self, _agent_id: str, message: m.NumberedMessage) -> None:
        if isinstance(message, m.Offer):
            self._stamp(message.interaction_id, "spoken")

    def _written(self, _agent_id: str, message: m.NumberedMessage) -> None:
        if isinstance(message, m.Offer):
            self._stamp(message.interaction_id, "written")

    def _wrap_commit(self, node: Node) -> None:
        owner, link = node.core.pump.owner, node.storage.connection.link(shard_keys(MAIN_SHARD).head)
        begin, tell = owner.begin, link.tell

        def begun(turns: Sequence[Turn], inbox: Sequence[InboxEntry], answered: Callable[[bool], None]) -> bool:
            events = [turn.event for turn in turns]
            self._batch = [event.interaction_id for event in events if isinstance(event, facts.WorkQueued)]
            self._all("commit")
            return begin(turns, inbox, answered)

        def told(command: Command, answered: Callable[[Any], None]) -> bool:
            names = self._batch

            def heard(reply: Any) -> None:
                self._all("answered", names)
                answered(reply)

            self._all("encoded", names)
            sent = tell(command, heard)
            self._all("sent", names)
            return sent

        owner.begin = begun  # type: ignore[method-assign]
        link.tell = told  # type: ignore[method-assign]

    def _all(self, moment: str, names: Sequence[str] | None = None) -> None:
        for name in self._batch if names is None else names:
            self._stamp(name, moment)

    def _collected(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.monotonic_ns()
        else:
            self.pauses.append(time.monotonic_ns() - self._began)
