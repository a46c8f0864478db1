"""The transaction layer: finds the machine for each message, feeds it, and keeps its timers (RFC 3261 s.17).

Pure: bytes leave through the injected `send`, time comes as an argument. A terminated machine is forgotten at once,
so memory is bounded by `limit` machines.
"""

from collections.abc import Callable

from msgspec import Struct

from sip.deadlines import Alarm, Deadlines, Ends
from sip.flow import Flow, fallback_flow, reply_flow
from sip.headers import MAGIC_COOKIE
from sip.message import Request, Response
from sip.transaction import Deliver, Failed, Output, Send, Transaction
from sip.transaction_tables import Kind, State

# Transactions that only absorb repetitions are forgotten so often, many at a time: nobody wakes up for each.
FORGET_US = 500_000

Key = tuple[str | int, ...]
OnResponse = Callable[[Response, int], None]
OnFailure = Callable[[int, int], None]
SendBytes = Callable[[Flow, bytes, Flow | None], None]


def server_key(request: Request) -> Key:
    """The key of RFC 3261 s.17.2.3; ACK and CANCEL find their INVITE under method INVITE. Includes RFC 2543 peers."""
    method = "INVITE" if request.method in ("ACK", "CANCEL") else request.method
    via = request.via
    branch = via.branch
    if branch.startswith(MAGIC_COOKIE):
        return ("s", branch, via.host, via.port or 5060, method)
    return ("s", request.call_id, request.from_.tag or "", request.cseq.number, via.host, via.port or 5060, method)


class _Entry(Struct):
    """`due`: the machine's timer that is waited for, `alone` or with those that end at the moment `ends`."""

    machine: Transaction
    flow: Flow
    fallback: Flow | None
    on_response: OnResponse | None = None
    on_failure: OnFailure | None = None
    owner: str = ""
    merge: Key | None = None
    due: int | None = None
    alone: bool = False
    ends: int | None = None


class Layer:
    """All running transactions. `limit` bounds their number; above it `full` is true and the user answers 503."""

    def __init__(self, send: SendBytes, limit: int, alarm: Alarm | None = None) -> None:
        self._send = send
        self._limit = limit
        self._entries: dict[Key, _Entry] = {}
        self._merged: dict[Key, Key] = {}
        self._deadlines: Deadlines[Key] = Deadlines(alarm)
        self._ends: Ends[Key] = Ends(FORGET_US, alarm)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def full(self) -> bool:
        """No room for requests that open something new."""
        return len(self._entries) >= self._limit

    @property
    def overfull(self) -> bool:
        """No room even for requests inside dialogs, which get twice the room so that calls can end."""
        return len(self._entries) >= 2 * self._limit

    def absorb(self, request: Request, now: int) -> bool:
        """Give a repeated request or a transaction's own ACK to its machine; False when there is none."""
        key = server_key(request)
        entry = self._entries.get(key)
        if entry is None:
            return False
        outputs = entry.machine.receive(request, now)
        if request.method == "ACK" and any(isinstance(output, Deliver) for output in outputs):
            return False
        self._run(key, entry, outputs, now)
        return True

    def owner(self, key: Key) -> str | None:
        """What `open_server` was told of the owner, or None when there is no such transaction."""
        entry = self._entries.get(key)
        return None if entry is None else entry.owner

    def merged(self, request: Request) -> bool:
        """Whether the same request is already here by another path (RFC 3261 s.8.2.2.2)."""
        return _merge_key(request) in self._merged

    def open_server(self, request: Request, source: Flow, owner: str = "") -> Key:
        """Start a server transaction for a request that `absorb` did not know."""
        key = server_key(request)
        kind = Kind.INVITE_SERVER if request.method == "INVITE" else Kind.SERVER
        reliable = source.reliable
        machine = Transaction(kind, request, reliable=reliable)
        fallback = fallback_flow(request.via, source) if reliable else None
        entry = _Entry(machine, reply_flow(request.via, source), fallback, owner=owner)
        self._entries[key] = entry
        if request.to.tag is None:
            entry.merge = _merge_key(request)
            self._merged.setdefault(entry.merge, key)
        return key

    def respond(self, key: Key, status: int, data: bytes, now: int) -> None:
        """Answer a server transaction; nothing happens when it is gone or has its final answer."""
        entry = self._entries.get(key)
        if entry is not None:
            self._run(key, entry, entry.machine.respond(status, data, now), now)

    def open_client(
        self,
        request: Request,
        flow: Flow,
        now: int,
        on_response: OnResponse,
        on_failure: OnFailure,
        *,
        fallback: Flow | None = None,
    ) -> Key:
        """Send a request; exactly one of a final answer and `on_failure(408 or 503, now)` follows."""
        key = ("c", request.via.branch, request.method)
        kind = Kind.INVITE_CLIENT if request.method == "INVITE" else Kind.CLIENT
        machine = Transaction(kind, request, reliable=flow.reliable)
        entry = _Entry(machine, flow, fallback, on_response, on_failure)
        self._entries[key] = entry
        self._run(key, entry, machine.start(now), now)
        return key

    def receive_response(self, response: Response, now: int) -> bool:
        """Give a response to its client transaction; False when there is none."""
        key = ("c", response.via.branch, response.cseq.method)
        entry = self._entries.get(key)
        if entry is None:
            return False
        self._run(key, entry, entry.machine.receive(response, now), now)
        return True

    def abandon(self, key: Key) -> None:
        """Forget a client transaction that will not be answered (RFC 3261 s.9.1, after a CANCEL)."""
        entry = self._entries.get(key)
        if entry is not None:
            self._forget(key, entry)

    def transport_failed(self, flow: Flow, now: int) -> None:
        """A connection could not be made: every transaction that waits on it learns so."""
        for key, entry in [(k, e) for k, e in self._entries.items() if e.flow == flow]:
            self._run(key, entry, entry.machine.transport_failed(now), now)

    def next_deadline(self) -> int | None:
        """The earliest timer of all machines."""
        due, end = self._deadlines.next(), self._ends.next()
        return due if end is None or (due is not None and due < end) else end

    def expire(self, now: int) -> None:
        """Fire what is due."""
        while (key := self._deadlines.pop_due(now)) is not None:
            entry = self._entries.get(key)
            if entry is not None:
                entry.due, entry.alone = None, False
                self._run(key, entry, entry.machine.expire(now), now)
        while (ended := self._ends.pop_due(now)) is not None:
            moment, keys = ended
            for key in keys:
                entry = self._entries.get(key)
                if entry is not None and entry.ends == moment:
                    self._forget(key, entry)

    def _run(self, key: Key, entry: _Entry, outputs: list[Output], now: int) -> None:
        # The books are put right first, because the callbacks may open or close other transactions.
        machine = entry.machine
        if machine.state is State.TERMINATED:
            self._forget(key, entry)
        elif machine.due != entry.due:
            self._time(key, entry)
        for output in outputs:
            match output:
                case Send(data):
                    self._send(entry.flow, data, entry.fallback)
                case Deliver(Response() as response) if entry.on_response is not None:
                    entry.on_response(response, now)
                case Failed(status) if entry.on_failure is not None:
                    entry.on_failure(status, now)
                case _:
                    pass

    def _time(self, key: Key, entry: _Entry) -> None:
        """Wait for the machine's next timer; one that can only end does so together with others."""
        when = entry.due = entry.machine.due
        together = when is not None and entry.machine.lingers
        if entry.alone or not together:
            self._deadlines.set(key, None if together else when)
        entry.alone = not together
        entry.ends = self._ends.add(key, when) if when is not None and together else None

    def _forget(self, key: Key, entry: _Entry) -> None:
        if entry.alone:
            self._deadlines.set(key, None)
        if self._entries.pop(key, None) is None or entry.merge is None:
            return
        if self._merged.get(entry.merge) == key:
            del self._merged[entry.merge]


def _merge_key(request: Request) -> Key:
    return (request.call_id, request.from_.tag or "", request.cseq.number, request.cseq.method)
