"""The account of committed turns: told to who only keeps it, a little later, for many turns together.

To wake up for it, with the processor's caches full of something else, costs more than the account does. Whoever drains
has all of it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from router.errors import RoutingEndedError
from router.rows import Turn

log = structlog.get_logger(__name__)

# Turns gather for so long, or until there are so many, before they are noted: some in each turn of the loop.
ACCOUNT_S = 0.1
ACCOUNT_TURNS = 64
NOTED_AT_ONCE = 2
# Of many more so large a part, so that they cannot grow.
NOTED_PART = 16
# While the store works on a turn somebody waits for its answer: the account comes after it, but for so many turns.
PUT_OFF_TURNS = 4 * ACCOUNT_TURNS
# One turn seldom comes alone: few that have gathered wait so much longer for a moment in which nothing is decided. To
# ask for it costs a wake-up of the process each time.
PATIENCE_S = 0.05
LULL_S = 0.005


def guarded(part: Callable[[Turn], None], turn: Turn) -> None:
    """One effect that fails must not stop everybody else's: it is logged."""
    try:
        part(turn)
    except Exception:  # the log tells; the next effect has its own right
        log.exception("speak_failed", sequence=turn.sequence, kind=type(turn.event).__name__)


class Account:
    """`begun` for each turn that is decided, `spoken` for those that were committed and spoken; `end` at the end.

    `noted` is the sequence of the last one that is noted. `decided` and `note` are told of each turn, in order;
    `under_way` says whether the store works on a turn, `lately` whether one has just been decided; `tidy` is called
    when all is noted.
    """

    def __init__(
        self,
        noted: int,
        decided: Callable[[Turn, int], None],
        note: Callable[[Turn], None],
        tidy: Callable[[], None],
        under_way: Callable[[], object],
        lately: Callable[[], bool] = lambda: False,
    ) -> None:
        self.noted = noted
        self._decided = decided
        self._note = note
        self._tidy = tidy
        self._under_way = under_way
        self._lately = lately
        # Whether it waits for what is under way.
        self._put_off = False
        self._fresh: deque[tuple[Turn, int]] = deque()
        self._spoken: deque[Turn] = deque()
        self._noting: asyncio.Handle | None = None
        self._gathering: asyncio.TimerHandle | None = None
        # Who waits until all turns up to a sequence are noted, in order of the sequences.
        self._awaiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def awaited(self) -> bool:
        """Whether anybody waits for it."""
        return bool(self._awaiting)

    def begun(self, turn: Turn, elapsed_us: int) -> None:
        """A turn was decided, which took so long."""
        self._fresh.append((turn, elapsed_us))

    def spoken(self, turns: Sequence[Turn]) -> None:
        """They were committed and spoken."""
        self._spoken += turns
        self._note_later()

    def tell_decided(self) -> None:
        """Whoever keeps account of decisions has all of them from here on."""
        self._tell_decided(len(self._fresh))

    async def upto(self, sequence: int) -> None:
        """Returns when all turns up to that one are noted. Raises RoutingEndedError when they never are."""
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaiting.append((sequence, reached))
        self._note_later()
        await reached

    def end(self) -> None:
        """What was spoken is noted; nothing comes after it."""
        self._note_spoken(len(self._spoken))
        for timer in (self._gathering, self._noting):
            if timer is not None:
                timer.cancel()
        for _, reached in self._awaiting:
            if not reached.done():
                reached.set_exception(RoutingEndedError())
        self._awaiting.clear()

    # --- inside -------------------------------------------------------------------------------------------------

    def _tell_decided(self, limit: int) -> None:
        for _ in range(min(limit, len(self._fresh))):
            turn, elapsed = self._fresh.popleft()
            try:
                self._decided(turn, elapsed)
            except Exception:  # it only keeps account
                log.exception("decided_failed", sequence=turn.sequence)

    def _note_later(self) -> None:
        if self._noting is not None or not self._spoken:
            return
        loop = asyncio.get_running_loop()
        if self._awaiting or self._put_off or len(self._spoken) >= ACCOUNT_TURNS:
            self._noting = loop.call_soon(self._note_some)
        elif self._gathering is None:
            self._gathering = loop.call_later(ACCOUNT_S, self._gathered)

    def _gathered(self, until_s: float | None = None) -> None:
        """They are noted in a moment in which nothing is decided, if one comes until then."""
        loop = asyncio.get_running_loop()
        self._gathering = None
        if until_s is None:
            until_s = loop.time() + PATIENCE_S
        if self._lately() and loop.time() < until_s:
            self._gathering = loop.call_later(LULL_S, self._gathered, until_s)
        elif self._noting is None:
            self._note_some()

    def _note_some(self) -> None:
        """Some turns in each turn of the loop: what is read meanwhile need not wait for the account of all others."""
        self._noting = None
        self._put_off = not self._awaiting and bool(self._under_way()) and len(self._spoken) < PUT_OFF_TURNS
        if self._put_off:
            return  # it goes on when that is spoken
        self._note_spoken(NOTED_AT_ONCE + len(self._spoken) // NOTED_PART)
        if self._spoken:
            self._noting = asyncio.get_running_loop().call_soon(self._note_some)

    def _note_spoken(self, limit: int) -> None:
        self._tell_decided(limit)
        for _ in range(min(limit, len(self._spoken))):
            turn = self._spoken.popleft()
            guarded(self._note, turn)
            self.noted = turn.sequence
        if not self._spoken:
            self._tidy()
        while self._awaiting and self._awaiting[0][0] <= self.noted:
            _, reached = self._awaiting.popleft()
            if not reached.done():
                reached.set_result(None)
