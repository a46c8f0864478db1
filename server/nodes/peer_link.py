"""How nodes speak with each other: requests, answers and news over TCP, to the peer door of each.

What is decided goes by the shard's inbox and journal and never by here; this is for what two nodes have to do with one
another at once, such as a call whose caller is on one and whose agent on the other. Nothing is sent again: who asks is
told that the other is not reached.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

import structlog

from server.nodes.peer_wire import (
    CHALLENGE_BYTES,
    HEADER,
    MAX_FRAME,
    Answered,
    Asked,
    Frame,
    Greeting,
    PeerProtocolError,
    Proof,
    Told,
    decode,
    encode,
    proof,
    proven,
)
from store.errors import StoreError

log = structlog.get_logger(__name__)

LOOK_S = 0.5
CONNECT_TIMEOUT_S = 1.0
ANSWER_TIMEOUT_S = 5.0
MAX_UNSENT = 8 * 1024 * 1024

Answer = Callable[[str, Any], Awaitable[Any]]
Hear = Callable[[str, Any], None]
_Broken = (OSError, asyncio.IncompleteReadError, PeerProtocolError)


class PeerUnreachableError(Exception):
    """There is no connection to that node, or it did not answer in time."""


class PeerRefusedError(Exception):
    """The other node answered, and will not."""


class Tasks(Protocol):
    """Who owns background tasks."""

    def spawn(self, work: Coroutine[object, object, None], name: str) -> object: ...


class _Peer:
    """This node's own connection to another one."""

    def __init__(self, label: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.label = label
        self.reader = reader
        self.writer = writer
        self.waiting: dict[int, asyncio.Future[Any]] = {}

    def send(self, frame: Frame) -> None:
        transport = self.writer.transport
        if transport.get_write_buffer_size() > MAX_UNSENT:
            transport.abort()  # it does not read: as good as gone
        # One that broke a moment ago is found out by whoever reads from it; uvloop raises RuntimeError here.
        if not transport.is_closing():
            self.writer.write(encode(frame))


class PeerLink:
    """`run` as a task, `serve` for each connection at the door. `answer` and `hear` say who sees to what.

    `found` and `lost` are told of nodes that are reached, and are not any more (also by `forget`, for a node that was
    declared lost), `left` of those that spoke to this one and are gone. `secret` and `addresses` are the register's;
    with `drops_struck` a node without an address there is gone, too.
    """

    def __init__(
        self,
        label: str,
        secret: Callable[[], Awaitable[bytes]],
        addresses: Callable[[], Awaitable[dict[str, str]]],
        tasks: Tasks,
        *,
        drops_struck: bool = False,
    ) -> None:
        self.label = label
        self.answer: dict[str, Answer] = {}
        self.hear: dict[str, Hear] = {}
        self.found: list[Callable[[str], None]] = []
        self.lost: list[Callable[[str], None]] = []
        self.left: list[Callable[[str], None]] = []
        self._drops_struck = drops_struck
        self._secret = secret
        self._addresses = addresses
        self._tasks = tasks
        self._peers: dict[str, _Peer] = {}
        self._callers: dict[str, asyncio.StreamWriter] = {}
        self._next = 0
        self._known = b""

    @property
    def reached(self) -> frozenset[str]:
        """The nodes that can be spoken to now."""
        return frozenset(self._peers)

    async def ask(self, node: str, kind: str, body: Any = None, timeout_s: float | None = ANSWER_TIMEOUT_S) -> Any:
        """Its answer, however late it comes where `timeout_s` is None.

        Raises PeerUnreachableError, and PeerRefusedError with the other side's reason.
        """
        peer = self._peers.get(node)
        if peer is None:
            raise PeerUnreachableError(node)
        self._next += 1
        number, done = self._next, asyncio.get_running_loop().create_future()
        peer.waiting[number] = done
        try:
            peer.send(Asked(number, kind, body))
            async with asyncio.timeout(timeout_s):
                return await done
        except TimeoutError:
            raise PeerUnreachableError(f"{node}: no answer to {kind}") from None
        finally:
            peer.waiting.pop(number, None)

    def tell(self, node: str, kind: str, body: Any = None) -> bool:
        """News, in order; False when the node is not reached."""
        peer = self._peers.get(node)
        if peer is not None:
            peer.send(Told(kind, body))
        return peer is not None

    def tell_all(self, kind: str, body: Any = None) -> None:
        """News for every node that is reached."""
        for node in list(self._peers):
            self.tell(node, kind, body)

    async def run(self) -> None:
        """Keeps a connection to each node that has a door, until cancelled."""
        try:
            while True:
                with suppress(StoreError):
                    addresses = await self._addresses()
                    for label in [label for label in self._peers if self._drops_struck and label not in addresses]:
                        self.forget(label)
                    for label, address in addresses.items():
                        if label != self.label and label not in self._peers:
                            await self._connect(label, address)
                await asyncio.sleep(LOOK_S)
        finally:
            self.close()

    def close(self) -> None:
        """No node is reached any more."""
        for label in list(self._peers):
            self.forget(label)
        for writer in self._callers.values():
            writer.close()

    def forget(self, label: str) -> None:
        """This node is gone, or its connection is: whoever waits for it is told."""
        peer = self._peers.pop(label, None)
        if (caller := self._callers.pop(label, None)) is not None:
            caller.close()
        if peer is None:
            return
        peer.writer.close()
        for done in peer.waiting.values():
            if not done.done():
                done.set_exception(PeerUnreachableError(label))
        log.info("peer_lost", label=label)
        _tell_all(self.lost, label)

    # --- calling -------------------------------------------------------------------------------------------------

    async def _connect(self, label: str, address: str) -> None:
        host, _, port = address.rpartition(":")
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(host, int(port))
                await self._introduce(label, reader, writer)
        except (*_Broken, TimeoutError) as error:
            # Whoever died is struck off by the owner; until then this is tried again and again.
            log.debug("peer_not_reached", label=label, address=address, error=str(error))
            if writer is not None:
                writer.close()
            return
        except asyncio.CancelledError:
            if writer is not None:
                writer.close()
            raise
        peer = self._peers[label] = _Peer(label, reader, writer)
        log.info("peer_found", label=label, address=address)
        self._tasks.spawn(self._listen(peer), f"peer:{label}")
        _tell_all(self.found, label)

    async def _introduce(self, label: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secret, greeting = await self._site_secret(), await _read(reader)
        if not isinstance(greeting, Greeting) or greeting.label != label:
            raise PeerProtocolError("another node answers at this address")
        own = secrets.token_bytes(CHALLENGE_BYTES)
        shown = proof(secret, "caller", greeting.challenge, self.label, label)
        writer.write(encode(Proof(self.label, own, shown)))
        back = await _read(reader)
        if not isinstance(back, Proof) or not proven(back.proof, secret, "called", own, label, self.label):
            self._known = b""
            raise PeerProtocolError("it does not know the secret of this site")

    async def _listen(self, peer: _Peer) -> None:
        try:
            while True:
                frame = await _read(peer.reader)
                if not isinstance(frame, Answered):
                    raise PeerProtocolError(f"{type(frame).__name__} where only answers come")
                done = peer.waiting.pop(frame.number, None)
                if done is None or done.done():
                    continue
                if frame.error:
                    done.set_exception(PeerRefusedError(frame.error))
                else:
                    done.set_result(frame.body)
        except _Broken as error:
            log.debug("peer_connection_broke", label=peer.label, error=str(error))
        finally:
            if self._peers.get(peer.label) is peer:
                self.forget(peer.label)
            peer.writer.close()

    # --- being called --------------------------------------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection at the door, until it ends; who only watches never says anything, and may."""
        label = ""
        try:
            challenge = secrets.token_bytes(CHALLENGE_BYTES)
            writer.write(encode(Greeting(self.label, challenge)))
            label = await self._admit(challenge, reader, writer)
            self._callers[label] = writer
            while True:
                self._take(label, await _read(reader), writer)
        except _Broken as error:
            log.debug("peer_connection_broke", label=label, error=str(error))
        finally:
            if label and self._callers.get(label) is writer:
                del self._callers[label]
                self.forget(label)  # the two ways live and die together, so that both sides know
                _tell_all(self.left, label)

    async def _admit(self, challenge: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        said, secret = await _read(reader), await self._site_secret()
        if not isinstance(said, Proof) or not proven(said.proof, secret, "caller", challenge, said.label, self.label):
            log.warning("peer_refused", address=str(writer.get_extra_info("peername")))
            self._known = b""
            raise PeerProtocolError("a stranger")
        writer.write(encode(Proof(self.label, b"", proof(secret, "called", said.challenge, self.label, said.label))))
        return said.label

    def _take(self, label: str, frame: Frame, writer: asyncio.StreamWriter) -> None:
        match frame:
            case Told(kind, body):
                self._hear(label, kind, body)
            case Asked():
                self._tasks.spawn(self._answer(label, frame, writer), f"peer_asked:{frame.kind}")
            case _:
                raise PeerProtocolError(f"{type(frame).__name__} where requests come")

    def _hear(self, label: str, kind: str, body: Any) -> None:
        hear = self.hear.get(kind)
        try:
            if hear is not None:
                hear(label, body)
        except Exception:  # a mistake about one thing must not cut the two nodes off from each other
            log.exception("peer_news_failed", kind=kind, label=label)

    async def _answer(self, label: str, asked: Asked, writer: asyncio.StreamWriter) -> None:
        answer = self.answer.get(asked.kind)
        try:
            if answer is None:
                raise PeerRefusedError(f"nobody here answers {asked.kind}")
            answered = encode(Answered(asked.number, await answer(label, asked.body)))
        except PeerRefusedError as error:
            answered = encode(Answered(asked.number, error=str(error)))
        except Exception as error:  # the other node must not wait for a mistake of this one
            log.exception("peer_request_failed", kind=asked.kind, label=label)
            answered = encode(Answered(asked.number, error=repr(error)))
        if not writer.is_closing():  # whoever asked may be gone by now
            writer.write(answered)

    async def _site_secret(self) -> bytes:
        """Read again after a mismatch: a store that has lost it has another one since."""
        if not self._known:
            try:
                self._known = await self._secret()
            except StoreError as error:
                raise PeerProtocolError(f"the secret is not known: {error}") from error
        return self._known


def _tell_all(who: list[Callable[[str], None]], label: str) -> None:
    for told in who:
        try:
            told(label)
        except Exception:  # the others have a right to know, and the connections are to be looked after
            log.exception("peer_change_not_seen_to", label=label)


async def _read(reader: asyncio.StreamReader) -> Frame:
    (length,) = HEADER.unpack(await reader.readexactly(HEADER.size))
    if length > MAX_FRAME:
        raise PeerProtocolError(f"a frame of {length} bytes")
    return decode(await reader.readexactly(length))
