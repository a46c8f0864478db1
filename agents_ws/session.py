"""An agent's session: numbers messages, takes acknowledgements, resumes after a broken connection. Pure.

A session outlives its connections. It is *attached* to at most one, named by its generation; calls with an older
generation are without effect. What the client knows is one of three phases:

- LIVE: the client's state and the outbox together are the truth.
- STALE: the client missed something that is no longer held; messages are dropped, because a snapshot will cover them.
- SNAPPING: the snapshot is being taken; messages since then are held behind it. One that the snapshot already covers
  is applied again by the client, which is harmless: messages state what holds, and the last one wins.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
from hmac import compare_digest
from typing import Final

import msgspec

from agents_ws.codec import JSON, Codec
from agents_ws.messages import Done, LegAnswer, NumberedMessage, Refused, Snapshot
from agents_ws.outbox import Outbox, OutboxLimits

# Of a client that never says what it has taken in.
REMEMBERED_REFS: Final = 256
_UNANSWERED: Final = 0


class Phase(StrEnum):
    """What the client knows; see the module's docstring."""

    LIVE = "live"
    STALE = "stale"
    SNAPPING = "snapping"


class Step(StrEnum):
    """What happens to a session."""

    SNAPSHOT_BEGUN = "snapshot_begun"
    SNAPSHOT_TAKEN = "snapshot_taken"
    OVERFLOWED = "overflowed"
    RESYNC_ASKED = "resync_asked"
    DETACHED = "detached"
    RESUMED = "resumed"
    GAP_FOUND = "gap_found"


TRANSITIONS: Final[dict[tuple[Phase, Step], Phase]] = {
    (Phase.STALE, Step.SNAPSHOT_BEGUN): Phase.SNAPPING,
    (Phase.SNAPPING, Step.SNAPSHOT_TAKEN): Phase.LIVE,
    (Phase.LIVE, Step.OVERFLOWED): Phase.STALE,
    (Phase.SNAPPING, Step.OVERFLOWED): Phase.STALE,
    (Phase.LIVE, Step.RESYNC_ASKED): Phase.STALE,
    (Phase.SNAPPING, Step.RESYNC_ASKED): Phase.STALE,
    (Phase.STALE, Step.RESYNC_ASKED): Phase.STALE,
    (Phase.LIVE, Step.DETACHED): Phase.LIVE,
    (Phase.STALE, Step.DETACHED): Phase.STALE,
    (Phase.SNAPPING, Step.DETACHED): Phase.STALE,
    (Phase.LIVE, Step.RESUMED): Phase.LIVE,
    (Phase.LIVE, Step.GAP_FOUND): Phase.STALE,
    (Phase.STALE, Step.GAP_FOUND): Phase.STALE,
}


class SessionError(Exception):
    """The client broke the protocol; the text says how."""


class Attach(StrEnum):
    """What came of a new connection."""

    RESUMED = "resumed"
    RESYNC = "resync"
    OUTDATED = "outdated"


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """`silence_us`: a client that is not heard for so long is gone. `keep_us`: how long a broken session can resume."""

    outbox: OutboxLimits = field(default_factory=OutboxLimits)
    silence_us: int = 40_000_000
    keep_us: int = 120_000_000


class Session:
    """One agent's numbered stream, held in the form that its client speaks. Times are microseconds, as arguments."""

    __slots__ = (
        "_limits",
        "_next",
        "_outbox",
        "_refs",
        "_sent",
        "_snapshot_seq",
        "_token",
        "agent_id",
        "check_at",
        "codec",
        "detached_at",
        "generation",
        "heard_at",
        "newest_generation",
        "phase",
        "resyncs",
        "session_id",
    )

    def __init__(self, session_id: str, agent_id: str, limits: SessionLimits, codec: Codec = JSON) -> None:
        self.session_id = session_id
        self.agent_id = agent_id
        self.codec = codec
        self.phase = Phase.STALE
        self.generation: int | None = None
        self.newest_generation = -1
        self.heard_at = 0
        self.detached_at: int | None = None
        self.resyncs = 0
        # When the token is to be looked at again, however often its connections break until then.
        self.check_at = 0
        self._token = b""
        self._limits = limits
        self._outbox = Outbox(limits.outbox)
        # The number of the message that answers a request, or of the snapshot that settles it.
        self._refs: OrderedDict[str, int] = OrderedDict()
        self._next = 1
        self._sent = 0
        self._snapshot_seq = 0

    # -- connections ---------------------------------------------------------------------------------------------

    def attach(self, generation: int, last_seq: int | None, now: int) -> Attach:
        """A connection asks for this session; `last_seq` is what its client took in last, None when it kept nothing."""
        if generation <= self.newest_generation:
            return Attach.OUTDATED
        if self.generation is not None:
            self._step(Step.DETACHED)
        self.generation = self.newest_generation = generation
        self.heard_at = now
        self.detached_at = None
        if last_seq is not None and self.phase is Phase.LIVE and self._outbox.first - 1 <= last_seq <= self._sent:
            self._step(Step.RESUMED)
            self._taken_in(last_seq)
            self._sent = last_seq
            return Attach.RESUMED
        self._step(Step.GAP_FOUND)
        return Attach.RESYNC

    def detach(self, generation: int, now: int) -> bool:
        """That connection is gone; False when it was not the current one."""
        if generation != self.generation:
            return False
        self.generation = None
        self.detached_at = now
        self._step(Step.DETACHED)
        return True

    def vouch(self, token: str, check_at: int) -> None:
        """The token was looked at: its owner is the session's agent, and it need not be looked at before `check_at`."""
        self._token, self.check_at = _digest(token), check_at

    def doubt(self, token: str | None = None) -> None:
        """That token (None: whichever it is) is to be looked at before anybody resumes with it."""
        if token is None or compare_digest(self._token, _digest(token)):
            self._token = b""

    def knows(self, token: str, now: int) -> bool:
        """Whether who has this token may resume without its being looked at."""
        return now < self.check_at and not self.expired(now) and compare_digest(self._token, _digest(token))

    def heard(self, generation: int, now: int) -> None:
        """Something arrived from the client."""
        if generation == self.generation:
            self.heard_at = now

    def silence_deadline(self) -> int:
        """When the connection counts as dead unless something is heard before."""
        return self.heard_at + self._limits.silence_us

    def expired(self, now: int) -> bool:
        """Nobody came back for it in time."""
        return self.detached_at is not None and now >= self.detached_at + self._limits.keep_us

    # -- to the client -------------------------------------------------------------------------------------------

    def push(self, message: NumberedMessage) -> bool:
        """Number and hold a message; False when it was dropped, because a snapshot will cover it."""
        if isinstance(message, Done | Refused | LegAnswer) and message.ref in self._refs:
            self._refs[message.ref] = self._next
        if self.phase is Phase.STALE:
            return False
        if not self._outbox.append(self.codec.encode(msgspec.structs.replace(message, seq=self._next))):
            self._step(Step.OVERFLOWED)
            return False
        self._next += 1
        return True

    def take(self, generation: int) -> bytes | None:
        """The next payload to write on that connection, or None when there is none for it; it counts as written."""
        payload = self.next(generation)
        if payload is not None:
            self._sent += 1
        return payload

    def next(self, generation: int) -> bytes | None:
        """As `take`, and it does not count as written yet."""
        if generation != self.generation or self.phase is not Phase.LIVE:
            return None
        return self._outbox.get(self._sent + 1)

    def written(self, generation: int) -> bytes | None:
        """What `next` gave counts as written; returns what follows it."""
        self._sent += 1
        return self.next(generation)

    @property
    def all_written(self) -> bool:
        """Whether nothing is held that the connection has not been given."""
        return self.generation is not None and self.phase is Phase.LIVE and self._outbox.get(self._sent + 1) is None

    def resync(self) -> None:
        """Drop what is held and have a snapshot taken."""
        self._step(Step.RESYNC_ASKED)

    def begin_snapshot(self) -> int:
        """A snapshot is being taken from now on; returns the number reserved for it."""
        self._step(Step.SNAPSHOT_BEGUN)
        self._snapshot_seq = self._next
        self._next += 1
        self._outbox.restart(self._next)
        return self._snapshot_seq

    def finish_snapshot(self, seq: int, snapshot: Snapshot) -> bool:
        """Put the snapshot before all that came since; False when it is outdated already and another one is needed."""
        if self.phase is not Phase.SNAPPING or seq != self._snapshot_seq:
            return False
        self._step(Step.SNAPSHOT_TAKEN)
        self._outbox.prepend(self.codec.encode(msgspec.structs.replace(snapshot, seq=seq)))
        self._sent = seq - 1
        return True

    # -- from the client -----------------------------------------------------------------------------------------

    def acknowledge(self, generation: int, seq: int) -> None:
        """The client took in everything up to `seq`. Raises SessionError for a number that was never written to it."""
        if generation != self.generation:
            return
        if seq > self._sent:
            raise SessionError(f"acknowledged {seq}, but only {self._sent} was sent")
        self._taken_in(seq)

    def first_time(self, ref: str) -> bool:
        """False when a request with that ref was seen before: a client repeats what it is unsure of after a resume.

        Remembered until the client has its answer and says so, for then it is not unsure any more.
        """
        if ref in self._refs:
            return False
        self._refs[ref] = _UNANSWERED
        if len(self._refs) > REMEMBERED_REFS:
            self._refs.popitem(last=False)
        return True

    def _taken_in(self, seq: int) -> None:
        self._outbox.acknowledge(seq)
        while self._refs and _UNANSWERED < next(iter(self._refs.values())) <= seq:
            self._refs.popitem(last=False)

    # -- measures ------------------------------------------------------------------------------------------------

    @property
    def held(self) -> tuple[int, int]:
        """Messages and bytes in the outbox."""
        return len(self._outbox), self._outbox.size

    def _step(self, step: Step) -> None:
        old, self.phase = self.phase, TRANSITIONS[self.phase, step]
        if self.phase is Phase.STALE:
            self._outbox.restart(self._next)
            if old is not Phase.STALE and step is not Step.DETACHED:
                self.resyncs += 1


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
