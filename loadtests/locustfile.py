"""locust: agents of the demo site at their WebSocket, against a running server on this machine.

    make load            # with `make run` in another terminal; 6 agents, 20 s

Each user signs in as one demo agent, says hello, and then measures round trips: a ping, and a change of presence that
is answered after its commit. Only loopback is ever loaded. Peak scenarios with callers are in soak/.
"""

import ipaddress
import itertools
import json
import time
from typing import Any
from urllib.parse import urlsplit

import websocket
from locust import HttpUser, between, events, task
from locust.exception import StopUser

ACCOUNTS = ("agent1", "agent2", "agent3", "agent4", "agent5", "agent6")
PASSWORD = "demo-jackfield"
_next_account = itertools.count()


def only_this_machine(environment: Any, **_: object) -> None:
    """Ends the run before it begins when the host is not on loopback."""
    host = urlsplit(environment.host or "").hostname or ""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise SystemExit(f"{host} is not this machine: load tests go to loopback only")


events.test_start.add_listener(only_this_machine)  # type: ignore[no-untyped-call] # locust has no types here


class Agent(HttpUser):
    """One agent's page, as far as the protocol goes."""

    wait_time = between(0.1, 0.3)

    def on_start(self) -> None:
        """Signs in and says hello."""
        number = next(_next_account)
        if number >= len(ACCOUNTS):
            raise StopUser  # A seventh user would take the page of the first: one connection an agent.
        body = {"account": ACCOUNTS[number], "password": PASSWORD}
        token = self.client.post("/api/v1/session", json=body).json()["token"]
        parts = urlsplit(self.host or "")
        url = f"ws://{parts.netloc}/api/v1/agents/ws"
        self._refs = itertools.count(1)
        self._socket = websocket.create_connection(url, subprotocols=["jackfield.v1.json"], timeout=10)
        self._send({"type": "hello", "token": token})
        self._until(lambda message: message["type"] == "snapshot")

    def on_stop(self) -> None:
        """Leaves for good."""
        if hasattr(self, "_socket"):
            self._ask("sign_out", {})
            self._socket.close()

    @task(3)
    def ping(self) -> None:
        """A heartbeat."""
        ref = str(next(self._refs))
        self._measured("ping", {"type": "ping", "ref": ref}, ref)

    @task(1)
    def presence(self) -> None:
        """Not ready: decided, committed, then answered; refused (and still a round trip) without a media leg."""
        self._ask("set_presence", {"presence": "not_ready"})

    def _ask(self, kind: str, fields: dict[str, str]) -> None:
        ref = str(next(self._refs))
        self._measured(kind, {"type": kind, "ref": ref, **fields}, ref)

    def _measured(self, name: str, message: dict[str, str], ref: str) -> None:
        began = time.perf_counter()
        error: Exception | None = None
        try:
            self._send(message)
            self._until(lambda answer: answer.get("ref") == ref)
        except (websocket.WebSocketException, OSError) as problem:
            error = problem
        elapsed_ms = (time.perf_counter() - began) * 1000
        self.environment.events.request.fire(
            request_type="WS", name=name, response_time=elapsed_ms, response_length=0, exception=error, context={}
        )

    def _send(self, message: dict[str, Any]) -> None:
        self._socket.send(json.dumps(message))

    def _until(self, wanted: Any) -> None:
        while True:
            message = json.loads(self._socket.recv())
            if "seq" in message:
                self._send({"type": "ack", "seq": message["seq"]})
            if wanted(message):
                return
