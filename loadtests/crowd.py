"""Customers: callers on SIP and visitors on the chat's WebSocket, each at the time that the scenario gave them.

The crowd is open: who comes does not wait for who came before, and everything is measured from the time at which it
was meant to happen, so that a slow server cannot slow the load down and look better for it.
"""

import gc
import json
import secrets
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import gevent
import websocket
from gevent.pool import Group
from locust import User, constant, task

from loadtests.arrivals import drawn
from loadtests.sipp import SippLine
from loadtests.site import number_of
from loadtests.tally import Customer
from router.vocabulary import Medium

if TYPE_CHECKING:
    from loadtests.locustfile import Load

READY_LIMIT_S = 120.0
DRAIN_S = 60.0
LONG_S = 600.0
SAID = ("Good morning.", "It is about my order.", "Thank you.")
SAY_EVERY_S = 1.0
# As long as it may take until an end is an end.
END_S = 20.0


class Crowd(User):
    """All customers: one user of locust's, a greenlet for each customer but for those that SIPp plays."""

    wait_time = constant(1)
    fixed_count = 1
    load: "Load"

    @task
    def live(self) -> None:
        """The whole run, once."""
        load = self.load
        load.wait_for_crew(READY_LIMIT_S + len(load.group_of))
        everybody = drawn(load.plan)
        by_sipp = [customer for _, customer in everybody if load.plan.callers(customer.work) == "sipp"]
        line = SippLine(load, by_sipp) if by_sipp else None
        # What is here now stays: no collector looks through it again in the middle of the run.
        gc.collect()
        gc.freeze()
        load.begin(time.monotonic() if line is None else line.start())
        cuts = gevent.spawn(self._cut_all)
        there = Group()
        for at_s, customer in sorted(everybody, key=itemgetter(0)):
            if load.plan.callers(customer.work) != "sipp":
                # Each as they come: all of half an hour at once would be as many stacks and timers from the beginning.
                load.sleep_until(load.plan.scenario.start_us + round(at_s * 1e6))
                there.spawn(self._arrive, at_s, customer)
        load.sleep_until(load.plan.scenario.end_us)
        gevent.joinall([*there, *([] if line is None else [line.reader])], timeout=DRAIN_S)
        cuts.kill()
        if line is not None:
            line.end()
        if stuck := load.tally.stuck(END_S):
            load.tally.errors["a conversation that does not end"] += stuck
        load.finish()
        # In a greenlet of its own: to quit is to end this user too.
        gevent.spawn(self.environment.runner.quit)

    def _cut_all(self) -> None:
        for at_s in self.load.plan.reconnect_at_s:
            self.load.sleep_until(self.load.plan.scenario.start_us + round(at_s * 1e6))
            for agent in list(self.load.phones.values()):
                agent.link.cut()

    def _arrive(self, at_s: float, customer: Customer) -> None:
        load = self.load
        load.tally.sample("came late", (load.tally.now() - at_s) * 1000)
        load.tally.customers[customer.key] = customer
        work = load.work[customer.work]
        try:
            if work.medium is Medium.VOICE:
                self._call(customer, number_of(load.plan, work.queue))
            else:
                Visitor(load, customer, urlsplit(self.host or "").netloc).chat(work.queue)
        except (websocket.WebSocketException, OSError, KeyError) as error:
            customer.error = f"{type(error).__name__}: {error}"
        finally:
            load.calls.pop(customer.key, None)
            customer.over.set()
            if customer.error:
                load.tally.errors[customer.error] += 1

    def _call(self, customer: Customer, entry: str) -> None:
        """Dials, waits as long as the patience lasts, talks until the agent hangs up."""
        load = self.load
        load.calls[customer.key] = customer
        load.line.dial(customer.key, entry, customer.key)
        patience = LONG_S if customer.patience_s is None else customer.patience_s
        gevent.wait([customer.connected, customer.over], timeout=patience, count=1)
        if customer.connected.is_set():
            customer.over.wait(LONG_S)
        # Who hangs up is told nothing more: the answer to a CANCEL is no failure.
        load.calls.pop(customer.key, None)
        load.line.hang_up(customer.key)


class Visitor:
    """One chat, from the question to its end."""

    def __init__(self, load: "Load", customer: Customer, netloc: str) -> None:
        self._load = load
        self._customer = customer
        self._url = f"ws://{netloc}/chat/v1/ws"
        self._said: dict[str, float] = {}
        self._last = 0

    def chat(self, entry: str) -> None:
        """Opens, waits as long as the patience lasts, says a few things, and stays until the agent ends it."""
        began = self._load.tally.began + self._customer.arrived_s
        ws = websocket.create_connection(self._url, subprotocols=["jackfield.chat.v1"], timeout=LONG_S)
        try:
            name = self._customer.key
            self._send(ws, "open", entry=entry, key=secrets.token_urlsafe(24), question="Where is my order?", name=name)
            reader = gevent.spawn(self._read, ws, began)
            patience = LONG_S if self._customer.patience_s is None else self._customer.patience_s
            gevent.wait([self._customer.connected, reader], timeout=patience, count=1)
            if self._customer.connected.is_set():
                talker = gevent.spawn(self._talk, ws)
                reader.join(LONG_S)
                talker.kill()
            elif not reader.ready():
                self._send(ws, "end")
                reader.join(END_S)
                if not reader.ready():
                    self._customer.error = "chat: no answer to end"
        finally:
            ws.close()

    def _talk(self, ws: websocket.WebSocket) -> None:
        meant = time.monotonic()
        for number, text in enumerate(SAID):
            meant += SAY_EVERY_S
            gevent.sleep(max(0.0, meant - time.monotonic()))
            self._said[f"s{number}"] = meant
            self._send(ws, "message", client_id=f"s{number}", text=text)

    def _read(self, ws: websocket.WebSocket, began: float) -> None:
        """Until the chat has ended or the connection has."""
        while data := ws.recv():
            message = json.loads(data)
            match message["type"]:
                case "welcome":
                    self._load.fire("chat", "open", began)
                    if message["status"]["state"] == "ended":
                        return
                case "messages":
                    self._heard(message["messages"])
                case "status" if message["status"]["state"] == "ended":
                    return
                case "refused" | "bye":
                    self._customer.error = f"chat {message['type']}: {message.get('code')}"
                    return
                case _:
                    continue
        self._customer.error = "chat: the connection was closed"

    def _heard(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            began = self._said.pop(line.get("client_id") or "", None)
            if began is not None:
                self._load.fire("chat", "message", began)

    def _send(self, ws: websocket.WebSocket, kind: str, **fields: Any) -> None:
        ws.send(json.dumps({"type": kind, **fields}))
