"""The pure session: its table, its rules, and long random walks of loss and reconnects against a model client."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents_ws.messages import Done, Snapshot, decode_server
from agents_ws.outbox import OutboxLimits
from agents_ws.session import (
    REMEMBERED_REFS,
    TRANSITIONS,
    Attach,
    Phase,
    Session,
    SessionError,
    SessionLimits,
    Step,
)
from router.vocabulary import Presence

LIMITS = SessionLimits(outbox=OutboxLimits(messages=4, size=4096), silence_us=40, keep_us=100)
EMPTY = Snapshot(presence=Presence.READY, since_us=0, leg="none")


def live_session(limits: SessionLimits = LIMITS) -> Session:
    session = Session("s", "agent", limits)
    assert session.attach(1, None, 0) is Attach.RESYNC
    assert session.finish_snapshot(session.begin_snapshot(), EMPTY)
    return session


def drain(session: Session, generation: int = 1) -> list[int]:
    seqs = []
    while (payload := session.take(generation)) is not None:
        seqs.append(msgspec.json.decode(payload)["seq"])
    return seqs


def test_the_table_knows_every_phase_and_step() -> None:
    assert {phase for phase, _ in TRANSITIONS} == set(Phase)
    assert {step for _, step in TRANSITIONS} == set(Step)
    assert all((phase, Step.DETACHED) in TRANSITIONS for phase in Phase), "a connection can break at any time"


def test_the_first_thing_is_a_snapshot_and_what_came_since() -> None:
    session = Session("s", "agent", LIMITS)
    assert not session.push(Done(ref="lost: the snapshot will tell"))
    session.attach(1, None, 0)
    reserved = session.begin_snapshot()
    assert session.push(Done(ref="since"))
    assert session.take(1) is None, "nothing before the snapshot"
    assert session.finish_snapshot(reserved, EMPTY)
    kinds = [type(decode_server(session.take(1) or b"")) for _ in range(2)]
    assert kinds == [Snapshot, Done]
    assert session.take(1) is None


def test_resume_brings_exactly_what_was_missed() -> None:
    session = live_session()
    for ref in "abc":
        session.push(Done(ref=ref))
    assert drain(session) == [1, 2, 3, 4]
    session.acknowledge(1, 1)
    session.detach(1, 10)
    session.push(Done(ref="while away"))
    assert session.attach(2, 2, 20) is Attach.RESUMED
    assert drain(session, 2) == [3, 4, 5]


@pytest.mark.parametrize("last_seq", [None, 0, 5, 999])
def test_resume_with_a_gap_or_an_unwritten_number_is_a_resync(last_seq: int | None) -> None:
    session = live_session()
    session.push(Done(ref="a"))
    assert drain(session) == [1, 2]
    session.acknowledge(1, 1)
    session.detach(1, 0)
    assert session.attach(2, last_seq, 0) is Attach.RESYNC
    assert session.phase is Phase.STALE


def test_older_connections_have_no_effect() -> None:
    session = live_session()
    assert session.attach(3, None, 0) is Attach.RESYNC
    assert session.attach(2, None, 0) is Attach.OUTDATED
    assert not session.detach(1, 0)
    session.finish_snapshot(session.begin_snapshot(), EMPTY)
    assert session.take(1) is None
    session.acknowledge(1, 99)
    session.heard(1, 77)
    assert session.heard_at == 0
    assert session.generation == 3


def test_overflow_drops_all_and_asks_for_a_snapshot() -> None:
    session = live_session()
    drain(session)
    assert [session.push(Done(ref=str(n))) for n in range(5)] == [True, True, True, False, False]
    assert (session.phase, session.held, session.resyncs) == (Phase.STALE, (0, 0), 1)
    session.finish_snapshot(session.begin_snapshot(), EMPTY)
    assert drain(session) == [5]


def test_overflow_while_the_snapshot_is_taken_outdates_it() -> None:
    session = live_session()
    session.resync()
    first = session.begin_snapshot()
    for n in range(5):
        session.push(Done(ref=str(n)))
    assert not session.finish_snapshot(first, EMPTY)
    second = session.begin_snapshot()
    assert not session.finish_snapshot(first, EMPTY)
    assert session.finish_snapshot(second, EMPTY)


def test_a_snapshot_of_a_broken_connection_is_not_used() -> None:
    session = live_session()
    session.resync()
    reserved = session.begin_snapshot()
    session.detach(1, 0)
    assert not session.finish_snapshot(reserved, EMPTY)


def test_acknowledging_what_was_not_written_is_an_error() -> None:
    session = live_session()
    with pytest.raises(SessionError, match="only 0"):
        session.acknowledge(1, 1)


def test_silence_and_expiry() -> None:
    session = live_session()
    session.heard(1, 5)
    assert session.silence_deadline() == 45
    assert not session.expired(10**9), "attached sessions do not expire"
    session.detach(1, 50)
    assert not session.expired(149)
    assert session.expired(150)


def test_each_ref_once() -> None:
    session = live_session()
    assert session.first_time("a")
    assert not session.first_time("a")
    for n in range(REMEMBERED_REFS):
        assert session.first_time(str(n))
    assert session.first_time("a"), "the memory is bounded"


def test_a_ref_is_forgotten_when_the_client_has_its_answer() -> None:
    session = live_session()
    assert session.first_time("a")
    assert session.first_time("b")
    assert session.push(Done(ref="a"))
    assert drain(session) == [1, 2]
    assert not session.first_time("a"), "the client may not have it"
    session.acknowledge(1, 1)
    assert not session.first_time("a")
    session.acknowledge(1, 2)
    assert not session.first_time("b"), "it has no answer yet"
    assert session.first_time("a"), "nobody is unsure of it any more"


def test_a_resume_says_what_the_client_has_as_well() -> None:
    session = live_session()
    assert session.first_time("a")
    assert session.push(Done(ref="a"))
    assert drain(session) == [1, 2]
    session.detach(1, 0)
    assert session.attach(2, 1, 10) is Attach.RESUMED
    assert not session.first_time("a")
    assert drain(session, 2) == [2]
    session.detach(2, 20)
    assert session.attach(3, 2, 30) is Attach.RESUMED
    assert session.first_time("a")


def test_a_ref_whose_answer_was_dropped_is_forgotten_with_the_snapshot() -> None:
    session = live_session()
    assert session.first_time("a")
    session.resync()
    assert not session.push(Done(ref="a")), "the snapshot settles it"
    assert not session.first_time("a")
    assert session.finish_snapshot(session.begin_snapshot(), EMPTY)
    (number,) = drain(session)
    session.acknowledge(1, number)
    assert session.first_time("a")


class Walk:
    """A session, the truth (a counter that each message states) and a client over a lossy wire."""

    def __init__(self) -> None:
        self.session = Session("s", "agent", LIMITS)
        self.truth = 0
        self.generation = 0
        self.wire: list[bytes] = []
        self.snapshot_due: tuple[int, int] | None = None
        self.last_seq: int | None = None
        self.seen = 0
        self.state = 0

    def change(self) -> None:
        self.truth += 1
        self.session.push(Done(ref=str(self.truth)))

    def connect(self) -> None:
        self.generation += 1
        self.wire.clear()
        self.snapshot_due = None
        attach = self.session.attach(self.generation, self.last_seq, 0)
        assert attach is not Attach.OUTDATED
        if attach is Attach.RESYNC:
            assert self.session.phase is Phase.STALE

    def lose(self) -> None:
        self.wire.clear()
        self.snapshot_due = None
        self.session.detach(self.generation, 0)

    def write(self) -> None:
        """One step of the writer; the snapshot's content is read at once, but arrives at a later step."""
        if self.session.generation is None:
            return
        if self.session.phase is Phase.STALE:
            self.snapshot_due = (self.session.begin_snapshot(), self.truth)
        elif self.snapshot_due is not None:
            reserved, truth = self.snapshot_due
            self.snapshot_due = None
            self.session.finish_snapshot(reserved, msgspec.structs.replace(EMPTY, since_us=truth))
        elif (payload := self.session.take(self.generation)) is not None:
            self.wire.append(payload)

    def read(self) -> None:
        if not self.wire:
            return
        message = decode_server(self.wire.pop(0))
        if isinstance(message, Snapshot):
            self.state = message.since_us
        else:
            assert isinstance(message, Done)
            assert message.seq == self.seen + 1, "no gap and no double outside a snapshot"
            assert int(message.ref) <= self.truth
            self.state = int(message.ref)
        assert message.seq > self.seen
        self.seen = self.last_seq = message.seq

    def acknowledge(self) -> None:
        if self.session.generation is not None and self.last_seq is not None:
            self.session.acknowledge(self.generation, self.last_seq)

    def forget_state(self) -> None:
        """The page was reloaded within the same session: it knows nothing any more."""
        self.lose()
        self.last_seq = None

    def resync(self) -> None:
        self.session.resync()
        self.snapshot_due = None

    def finish(self) -> None:
        for _ in range(40):
            if self.session.generation is None:
                self.connect()
            self.write()
            self.read()
        assert self.state == self.truth
        assert self.session.phase is Phase.LIVE


STEPS = (
    "change",
    "change",
    "write",
    "write",
    "read",
    "read",
    "acknowledge",
    "lose",
    "connect",
    "forget_state",
    "resync",
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=120))
def test_random_loss_and_reconnects(steps: list[str]) -> None:
    walk = Walk()
    for step in steps:
        getattr(walk, step)()
        count, size = walk.session.held
        assert count <= 5
        assert size <= 4096 + 256
    walk.finish()


def test_a_token_is_known_until_it_is_to_be_looked_at_again_or_doubted() -> None:
    session = live_session()
    assert not session.knows("token", 0), "nobody has looked at it"
    session.vouch("token", check_at=150)
    assert session.knows("token", 149)
    assert not session.knows("another", 149)
    assert not session.knows("token", 150)
    session.doubt("another")
    assert session.knows("token", 149)
    session.detach(1, 20)
    assert session.knows("token", 119)
    assert not session.knows("token", 120), "it can not be resumed any more"
    session.doubt("token")
    assert not session.knows("token", 100)
    session.vouch("token", check_at=150)
    session.doubt()
    assert not session.knows("token", 100)
