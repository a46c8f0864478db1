"""An agent's WebSocket as a page holds it: JSON or msgpack, acknowledged, and back by itself where it was."""

import itertools
import json
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import gevent
import msgpack
import websocket

from loadtests.server_clock import ServerClock

if TYPE_CHECKING:
    from gevent.event import AsyncResult

    from loadtests.locustfile import Load

SUBPROTOCOLS = {False: "jackfield.v1.json", True: "jackfield.v1.msgpack"}
ACK_EVERY = 10
ANSWER_S = 20.0
CONNECT_S = 60.0
COME_BACK_S = 1.0
BROKEN = (websocket.WebSocketException, OSError)
# What a request that a snapshot has settled is told: whether it had an effect is in the snapshot (docs/agents-ws.md).
SETTLED = {"type": "settled"}


class Link:
    """One agent's connection. `take` is told every message that is not the link's own, in order."""

    def __init__(self, load: "Load", token: str, dice: random.Random, take: Callable[[dict[str, Any]], None]) -> None:
        self._load = load
        self._token = token
        self._dice = dice
        self._take = take
        self.binary = dice.random() < load.plan.msgpack_share
        self._refs = itertools.count(1)
        # Where the server's nodes are, this agent's first; welcome and pongs tell the others.
        self._nodes = [load.host]
        self._session: str | None = None
        self._seq = self._acked = 0
        self._open: dict[str, tuple[dict[str, Any], AsyncResult[dict[str, Any]]]] = {}
        self._reader: gevent.Greenlet | None = None
        self._socket: websocket.WebSocket | None = None
        self.clock = ServerClock()
        self._hello_us = 0

    def open(self) -> None:
        """Connects for the first time. Raises WebSocketException or OSError."""
        self._connect()
        self._reader = gevent.spawn(self._read)

    def close(self) -> None:
        """For good."""
        if self._reader is not None:
            self._reader.kill()
        if self._socket is not None:
            self._socket.close()

    def cut(self) -> None:
        """The network is gone: no goodbye."""
        if self._socket is not None and self._socket.sock is not None:
            self._socket.sock.close()

    def ask(self, kind: str, fields: dict[str, Any], meant: float | None = None) -> dict[str, Any] | None:
        """A request and its answer; None when none came, which is an error of the run.

        Measured from `meant` (monotonic seconds), the moment at which somebody would have pressed the key, not from
        when this program came to it. A request that a broken connection left open is said again on the next one.
        """
        ref = str(next(self._refs))
        message = {"type": kind, "ref": ref, **fields}
        answer: AsyncResult[dict[str, Any]] = gevent.event.AsyncResult()
        self._open[ref] = (message, answer)
        began = time.monotonic() if meant is None else meant
        error: Exception | None = None
        try:
            self._say(message)
            told: dict[str, Any] = answer.get(timeout=ANSWER_S)
            return told
        except gevent.Timeout:
            error = TimeoutError(f"no answer to {kind}")
            self._load.tally.errors[str(error)] += 1
            return None
        finally:
            del self._open[ref]
            self._load.fire("WS", kind, began, error)

    def insist(self, kind: str, fields: dict[str, Any], meant: float | None = None) -> dict[str, Any] | None:
        """The same, said anew when a snapshot settled it."""
        while (answer := self.ask(kind, fields, meant)) is SETTLED:
            continue
        return answer

    # -- connection

    def _connect(self) -> None:
        url = f"ws://{urlsplit(self._nodes[0]).netloc}/api/v1/agents/ws"
        protocol = SUBPROTOCOLS[self.binary]
        self._socket = websocket.create_connection(url, subprotocols=[protocol], timeout=CONNECT_S)
        hello: dict[str, Any] = {"type": "hello", "token": self._token}
        if self._session is not None:
            hello |= {"session": self._session, "last_seq": self._seq}
        self._hello_us = time.time_ns() // 1000
        self._send(hello)

    def _read(self) -> None:
        while True:
            try:
                self._receive()
            except BROKEN:
                gevent.sleep(self._dice.uniform(0, COME_BACK_S))
                self._come_back()

    def _come_back(self) -> None:
        began = time.monotonic()
        try:
            self._connect()
            self._receive()
        except BROKEN:
            self._load.tally.errors["reconnect failed"] += 1
            self._nodes.append(self._nodes.pop(0))  # the next one, if there is another
            return
        self._load.fire("WS", "reconnect", began)

    def _receive(self) -> None:
        assert self._socket is not None
        data = self._socket.recv()
        if not data:
            raise websocket.WebSocketConnectionClosedException("closed by the server")
        packed = isinstance(data, bytes) and self.binary
        self._sort(msgpack.unpackb(data) if packed else json.loads(data))

    def _sort(self, message: dict[str, Any]) -> None:
        if "seq" in message:
            self._seq = message["seq"]
            if self._seq - self._acked >= ACK_EVERY:
                self._acked = self._seq
                self._say({"type": "ack", "seq": self._seq})
        if (asked := self._open.get(message.get("ref", ""))) is not None:
            asked[1].set(message)
        if "peers" in message:
            self._nodes = [self._nodes[0], *(peer for peer in message["peers"] if peer != self._nodes[0])]
        match message["type"]:
            case "welcome":
                self._welcome(message)
            case "bye":
                self._load.tally.errors[f"bye: {message.get('code')}"] += 1
            case "snapshot":
                for _, answer in list(self._open.values()):
                    answer.set(SETTLED)
                self._take(message)
            case _:
                self._take(message)

    def _welcome(self, message: dict[str, Any]) -> None:
        self._session = message["session"]
        self.clock.told(self._hello_us, message["server_time_us"], time.time_ns() // 1000)
        if not message["resumed"]:
            self._seq = self._acked = 0
            return
        for request, _ in list(self._open.values()):
            self._load.tally.repeated += 1
            self._say(request)

    def _say(self, message: dict[str, Any]) -> None:
        """What cannot be said now is said again by whoever has it open; the reader notices the break as well."""
        try:
            self._send(message)
        except BROKEN as problem:
            self._load.tally.unsaid[type(problem).__name__] += 1

    def _send(self, message: dict[str, Any]) -> None:
        assert self._socket is not None
        if self.binary:
            self._socket.send_binary(msgpack.packb(message))
        else:
            self._socket.send(json.dumps(message))
