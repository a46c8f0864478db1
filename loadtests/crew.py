"""Agents: a page on a WebSocket (JSON or msgpack) and a SIP phone each, who work as the scenario's groups do."""

import itertools
import json
import random
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import gevent
import msgpack
import numpy as np
import websocket
from gevent.lock import Semaphore
from locust import HttpUser, constant, task

from loadtests.site import PASSWORD, phone_of
from loadtests.tally import Customer
from simulator.schedule import Plan as Shifts
from sip import events as sip

if TYPE_CHECKING:
    from loadtests.locustfile import Load

SUBPROTOCOLS = {False: "jackfield.v1.json", True: "jackfield.v1.msgpack"}
ACK_EVERY = 10
# Password hashes are dear by design: nobody is helped by thirty of them at once.
SIGN_IN_TOGETHER = Semaphore(4)
ANSWER_S = 20.0
COME_BACK_S = 1.0
HEARTBEAT_S = 5.0
# A registration lasts ten minutes (bench.phones); a phone renews it in good time.
REGISTER_S = 300.0


class Agent(HttpUser):
    """One agent, from sign-in to the end of the run."""

    wait_time = constant(1)
    load: "Load"

    def on_start(self) -> None:
        """Signs in, registers the phone, and follows the agent's shifts."""
        self.agent_id = next(self.load.free_agents)
        self.crew = self.load.group_of[self.agent_id]
        self._dice = random.Random(self.agent_id)
        self._binary = self._dice.random() < self.load.plan.msgpack_share
        self._refs = itertools.count(1)
        # Where the server's nodes are, this agent's first; welcome and pongs tell the others.
        self._nodes = [self.host or ""]
        self._session: str | None = None
        self._seq = 0
        self._acked = 0
        self._offset_us = 0
        self._offered: dict[str, float] = {}
        self._mine: dict[str, Customer] = {}
        self._waiting: dict[str, gevent.event.AsyncResult[dict[str, Any]]] = {}
        with SIGN_IN_TOGETHER:
            body = {"account": self.agent_id, "password": PASSWORD}
            self._token = self.client.post("/api/v1/session", json=body).json()["token"]
            self._register()
        self.load.phones[phone_of(self.load.plan, self.agent_id)] = self
        self._connect()
        self._helpers = [gevent.spawn(self._read), gevent.spawn(self._follow, self.crew.plans[self.agent_id])]

    def on_stop(self) -> None:
        """Leaves for good."""
        if not hasattr(self, "_helpers"):
            return
        gevent.killall(self._helpers)
        self._socket.close()

    @task
    def heartbeat(self) -> None:
        """A ping, whose round trip is measured and whose answer tells the server's clock."""
        gevent.sleep(HEARTBEAT_S)
        if time.monotonic() > self._registered_at + REGISTER_S:
            self._register()
        began_us = time.time_ns() // 1000
        answer = self._ask("ping", {})
        if answer is not None:
            now_us = time.time_ns() // 1000
            self._offset_us = answer["server_time_us"] - (began_us + now_us) // 2

    def _register(self) -> None:
        self._registered_at = time.monotonic()
        try:
            self.load.line.register(phone_of(self.load.plan, self.agent_id), PASSWORD)
        except RuntimeError as error:
            self.load.tally.errors[str(error)] += 1

    def cut(self) -> None:
        """The network is gone: no goodbye."""
        if self._socket.sock is not None:
            self._socket.sock.close()

    # -- shifts

    def _follow(self, shifts: Shifts) -> None:
        """Ready and not ready as the shifts say; `ready` counts who is there for second 0."""
        for spell in shifts.spells:
            self.load.sleep_until(spell.from_us)
            if not self._presence("ready"):
                return
            self.load.tally.ready[self.agent_id] += 1
            for pause in spell.breaks:
                self.load.sleep_until(pause.at_us)
                self._presence("not_ready")
                self.load.sleep_until(pause.at_us + pause.length_us)
                self._presence("ready")
            if spell.to_us is not None:
                self.load.sleep_until(spell.to_us)
                self._presence("not_ready")

    def _presence(self, presence: str) -> bool:
        """Tries for a while: a phone that has just registered is known a moment later."""
        for _ in range(20):
            answer = self._ask("set_presence", {"presence": presence})
            if answer is not None and answer["type"] == "done":
                return True
            gevent.sleep(0.5)
        self.load.tally.errors[f"presence {presence} refused"] += 1
        return False

    # -- the phone

    def rung(self, event: sip.CallReceived) -> None:
        """An INVITE: the offer of a call."""
        if event.offer is not None:
            gevent.spawn_later(self._ring_s(), self.load.line.answer, event.call, event.offer)

    def _ring_s(self) -> float:
        return float(self.crew.ring.quantiles(np.array([self._dice.random()]))[0]) / 1e6

    # -- the page

    def _connect(self) -> None:
        url = f"ws://{urlsplit(self._nodes[0]).netloc}/api/v1/agents/ws"
        self._socket = websocket.create_connection(url, subprotocols=[SUBPROTOCOLS[self._binary]], timeout=60)
        hello: dict[str, Any] = {"type": "hello", "token": self._token}
        if self._session is not None:
            hello |= {"session": self._session, "last_seq": self._seq}
        self._send(hello)

    def _read(self) -> None:
        while True:
            try:
                self._take(self._decoded(self._socket.recv()))
            except (websocket.WebSocketException, OSError):
                gevent.sleep(self._dice.uniform(0, COME_BACK_S))
                self._come_back()

    def _come_back(self) -> None:
        began = time.perf_counter()
        try:
            self._connect()
            self._take(self._decoded(self._socket.recv()))
        except (websocket.WebSocketException, OSError):
            self.load.tally.errors["reconnect failed"] += 1
            self._nodes.append(self._nodes.pop(0))  # the next one, if there is another
            return
        self.load.fire("WS", "reconnect", began)

    def _decoded(self, data: str | bytes) -> dict[str, Any]:
        packed = isinstance(data, bytes) and self._binary
        message: dict[str, Any] = msgpack.unpackb(data) if packed else json.loads(data)
        return message

    def _send(self, message: dict[str, Any]) -> None:
        if self._binary:
            self._socket.send_binary(msgpack.packb(message))
        else:
            self._socket.send(json.dumps(message))

    def _ask(self, kind: str, fields: dict[str, Any]) -> dict[str, Any] | None:
        """A request and its answer, measured; None when the connection broke or nothing came."""
        ref = str(next(self._refs))
        answer: gevent.event.AsyncResult[dict[str, Any]] = gevent.event.AsyncResult()
        self._waiting[ref] = answer
        began = time.perf_counter()
        error: Exception | None = None
        try:
            self._send({"type": kind, "ref": ref, **fields})
            told: dict[str, Any] = answer.get(timeout=ANSWER_S)
            return told
        except (websocket.WebSocketException, OSError, gevent.Timeout) as problem:
            error = problem if isinstance(problem, Exception) else TimeoutError(f"no answer to {kind}")
            return None
        finally:
            self._waiting.pop(ref, None)
            self.load.fire("WS", kind, began, error)

    def _take(self, message: dict[str, Any]) -> None:
        if "seq" in message:
            self._seq = message["seq"]
            if self._seq - self._acked >= ACK_EVERY:
                self._acked = self._seq
                self._send({"type": "ack", "seq": self._seq})
        if (answer := self._waiting.get(message.get("ref", ""))) is not None:
            answer.set(message)
        if "peers" in message:
            self._nodes = [self._nodes[0], *(peer for peer in message["peers"] if peer != self._nodes[0])]
        match message["type"]:
            case "welcome":
                self._session = message["session"]
                if not message["resumed"]:
                    self._seq = self._acked = 0
                self._offset_us = message["server_time_us"] - time.time_ns() // 1000
            case "offer":
                self._offer(message)
            case "assignment" if message["state"] == "connected":
                self._talk(message)
            case "wrap_up":
                gevent.spawn(self._finish, message["reservation_id"])
            case "bye":
                self.load.tally.errors[f"bye: {message.get('code')}"] += 1
            case _:
                return

    def _offer(self, offer: dict[str, Any]) -> None:
        """How long the offer took to come: by its own time stamps, against the server's clock."""
        offered_us = offer["deadline_us"] - 1000 * offer["timeout_ms"]
        late_ms = (time.time_ns() // 1000 + self._offset_us - offered_us) / 1000
        self.load.tally.sample("offer", late_ms)
        self.load.fire_ms("WS", "offer", max(0.0, late_ms))
        if offer["medium"] != "voice":
            gevent.spawn_later(self._ring_s(), self._ask, "accept", {"reservation_id": offer["reservation_id"]})

    def _talk(self, assignment: dict[str, Any]) -> None:
        reservation_id = assignment["reservation_id"]
        if reservation_id in self._mine:
            return
        waited_s = (assignment["connected_at_us"] - assignment["queued_at_us"]) / 1e6
        customer = self.load.tally.joined(assignment["caller"]["display"], waited_s)
        if customer is None:
            self.load.tally.errors["a stranger"] += 1
            return
        self._mine[reservation_id] = customer
        gevent.spawn(self._converse, reservation_id, customer)

    def _converse(self, reservation_id: str, customer: Customer) -> None:
        if not customer.over.wait(customer.talk_s):
            self._ask("hang_up", {"reservation_id": reservation_id})

    def _finish(self, reservation_id: str) -> None:
        customer = self._mine.pop(reservation_id, None)
        gevent.sleep(customer.wrap_up_s if customer is not None else 0)
        self._ask("finish_wrap_up", {"reservation_id": reservation_id, "disposition": "resolved"})
