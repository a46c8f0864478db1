"""Where the server drops messages for agents: finds the agent's session, numbers the message, wakes the writer."""

from collections.abc import Callable
from dataclasses import dataclass

from agents_ws.codec import JSON, Codec
from agents_ws.messages import ByeCode, NumberedMessage
from agents_ws.session import Attach, Session, SessionLimits


@dataclass(frozen=True, slots=True)
class Link:
    """The connection that a session is attached to, as the hub sees it."""

    generation: int
    wake: Callable[[], None]
    close: Callable[[ByeCode], None]
    codec: Codec = JSON


@dataclass(frozen=True, slots=True)
class HubCounts:
    """For metrics. `sent`, `dropped` and `resyncs` only grow; the others are what is held now."""

    sessions: int
    connections: int
    sent: int
    dropped: int
    resyncs: int
    held_messages: int
    held_bytes: int


class Hub:
    """One session for each agent. All methods are for the event loop's thread and never block."""

    def __init__(
        self, *, now: Callable[[], int], new_session_id: Callable[[], str], limits: SessionLimits | None = None
    ) -> None:
        self._now = now
        self._new_session_id = new_session_id
        self._limits = limits or SessionLimits()
        self._sessions: dict[str, Session] = {}
        self._links: dict[str, Link] = {}
        self._named: dict[str, Session] = {}
        self._sent = 0
        self._dropped = 0
        self._past_resyncs = 0

    def send(self, agent_id: str, message: NumberedMessage) -> bool:
        """Deliver once and in order, now or after a reconnect; False when only a later snapshot will tell it."""
        session = self._sessions.get(agent_id)
        if session is not None and session.detached_at is not None and session.expired(self._now()):
            self.forget(agent_id)
            session = None
        return self.send_to(session, message) if session is not None else self._count(sent=False)

    def send_to(self, session: Session, message: NumberedMessage) -> bool:
        """As `send`, to that very session: a reply belongs to the client that asked."""
        taken = session.push(message)
        if self._sessions.get(session.agent_id) is session:
            self._wake(session.agent_id)
        return self._count(sent=taken)

    def resync(self, agent_id: str) -> None:
        """Have a fresh snapshot sent, in place of whatever still waits."""
        if session := self._sessions.get(agent_id):
            session.resync()
            self._wake(agent_id)

    def close(self, agent_id: str, code: ByeCode) -> None:
        """End the agent's connection, if there is one; after `signed_out` nothing is left to resume."""
        if link := self._links.get(agent_id):
            link.close(code)
        if code is ByeCode.SIGNED_OUT:
            self.forget(agent_id)

    def connected(self, agent_id: str) -> bool:
        """Whether a connection of the agent is attached now."""
        return agent_id in self._links

    def written(self, agent_id: str) -> bool:
        """Whether all that was sent to the agent is on their connection's wire."""
        session = self._sessions.get(agent_id)
        return session is not None and session.all_written

    def known(self, session_id: str | None, token: str) -> str | None:
        """Whose session it is, for somebody who comes back to it with the token that opened it; else None.

        They are taken for who stayed: the token is looked at when it would have been (`Session.check_at`).
        """
        session = self._named.get(session_id or "")
        return session.agent_id if session is not None and session.knows(token, self._now()) else None

    def signed_out(self, token: str) -> None:
        """Nobody resumes with this token any more without its being looked at."""
        for session in self._named.values():
            session.doubt(token)

    def open(self, agent_id: str, session_id: str | None, last_seq: int | None, link: Link) -> tuple[Session, Attach]:
        """Attach a new connection: to the session that it names if that still stands, else to a fresh one.

        A session holds messages in one form, so a connection that speaks another form begins a fresh one.
        The connection that was attached before is told `replaced`. OUTDATED: a newer connection is there already.
        """
        now = self._now()
        old = self._sessions.get(agent_id)
        if old is not None and link.generation <= old.newest_generation:
            return old, Attach.OUTDATED
        if previous := self._links.get(agent_id):
            previous.close(ByeCode.REPLACED)
        named = old is not None and old.session_id == session_id and old.codec is link.codec
        if old is not None and named and not old.expired(now):
            session = old
        else:
            self.forget(agent_id)
            session = self._sessions[agent_id] = Session(self._new_session_id(), agent_id, self._limits, link.codec)
            self._named[session.session_id] = session
            last_seq = None
        self._links[agent_id] = link
        return session, session.attach(link.generation, last_seq, now)

    def detach(self, session: Session, generation: int) -> None:
        """That connection is gone; the session stays for a while, to be resumed."""
        session.detach(generation, self._now())
        link = self._links.get(session.agent_id)
        if link is not None and link.generation == generation:
            del self._links[session.agent_id]

    def forget(self, agent_id: str) -> None:
        """Drop the agent's session: it can not be resumed any more."""
        if session := self._sessions.pop(agent_id, None):
            del self._named[session.session_id]
            self._past_resyncs += session.resyncs

    @property
    def counts(self) -> HubCounts:
        """What is held now and what happened so far."""
        held = [session.held for session in self._sessions.values()]
        return HubCounts(
            sessions=len(self._sessions),
            connections=len(self._links),
            sent=self._sent,
            dropped=self._dropped,
            resyncs=self._past_resyncs + sum(session.resyncs for session in self._sessions.values()),
            held_messages=sum(count for count, _ in held),
            held_bytes=sum(size for _, size in held),
        )

    def _wake(self, agent_id: str) -> None:
        if link := self._links.get(agent_id):
            link.wake()

    def _count(self, *, sent: bool) -> bool:
        if sent:
            self._sent += 1
        else:
            self._dropped += 1
        return sent
