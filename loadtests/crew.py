"""Agents: a page on a WebSocket and a SIP phone each, who work as the scenario's groups do."""

import random
import time
from typing import TYPE_CHECKING, Any

import gevent
import numpy as np
from gevent.lock import Semaphore
from locust import HttpUser, constant, task

from loadtests.link import Link
from loadtests.site import PASSWORD, phone_of
from loadtests.tally import Customer
from simulator.schedule import Plan as Shifts
from sip import events as sip

if TYPE_CHECKING:
    from loadtests.locustfile import Load

# Password hashes are dear by design: nobody is helped by thirty of them at once.
SIGN_IN_TOGETHER = Semaphore(4)
HEARTBEAT_S = 5.0
# A registration lasts ten minutes (bench.phones); a phone renews it in good time.
REGISTER_S = 300.0
MISSED = "missed_offer"


class Agent(HttpUser):
    """One agent, from sign-in to the end of the run."""

    wait_time = constant(0)
    load: "Load"

    def on_start(self) -> None:
        """Signs in, registers the phone, and follows the agent's shifts."""
        self.agent_id = next(self.load.free_agents)
        self.crew = self.load.group_of[self.agent_id]
        self._dice = random.Random(self.agent_id)
        self._seen: set[str] = set()
        self._mine: dict[str, Customer] = {}
        self._wrapping: set[str] = set()
        self._away = False
        with SIGN_IN_TOGETHER:
            body = {"account": self.agent_id, "password": PASSWORD}
            token = self.client.post("/api/v1/session", json=body).json()["token"]
            self._register()
        self.load.phones[phone_of(self.load.plan, self.agent_id)] = self
        self.link = Link(self.load, token, self._dice, self._take)
        self.link.open()
        self._shifts = gevent.spawn(self._follow, self.crew.plans[self.agent_id])
        # Not all of them in the same moment.
        self._beat = time.monotonic() + self._dice.uniform(0, HEARTBEAT_S)

    def on_stop(self) -> None:
        """Leaves for good."""
        if hasattr(self, "_shifts"):
            self._shifts.kill()
            self.link.close()

    @task
    def heartbeat(self) -> None:
        """A ping, whose round trip is measured and whose answer tells the server's clock.

        One is due every five seconds, however long the one before took: it is measured from then.
        """
        self._beat += HEARTBEAT_S
        gevent.sleep(max(0.0, self._beat - time.monotonic()))
        if time.monotonic() > self._registered_at + REGISTER_S:
            self._register()
        began_us = time.time_ns() // 1000
        answer = self.link.ask("ping", {}, self._beat)
        if answer is not None and "server_time_us" in answer:
            self.link.clock.told(began_us, answer["server_time_us"], time.time_ns() // 1000)

    def _register(self) -> None:
        self._registered_at = time.monotonic()
        try:
            self.load.line.register(phone_of(self.load.plan, self.agent_id), PASSWORD)
        except RuntimeError as error:
            self.load.tally.errors[str(error)] += 1

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
        self._away = presence != "ready"
        for _ in range(20):
            answer = self.link.insist("set_presence", {"presence": presence})
            if answer is not None and answer["type"] == "done":
                return True
            gevent.sleep(0.5)
        self.load.tally.errors[f"presence {presence} refused"] += 1
        return False

    def _come_back(self) -> None:
        """Who missed an offer was set not-ready, and is ready again after a while, as in the simulator."""
        if not self._away:
            self._presence("ready")

    # -- the phone

    def rung(self, event: sip.CallReceived) -> None:
        """An INVITE: the offer of a call."""
        if event.offer is not None:
            gevent.spawn_later(self._ring_s(), self.load.line.answer, event.call, event.offer)

    def _ring_s(self) -> float:
        return float(self.crew.ring.quantiles(np.array([self._dice.random()]))[0]) / 1e6

    # -- the page

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "snapshot":
                for kind in ("offers", "assignments", "wrap_ups"):
                    for one in message.get(kind, ()):
                        self._take(one)
            case "offer":
                self._offer(message)
            case "assignment" if message["state"] == "connected":
                self._talk(message)
            case "wrap_up" if message["reservation_id"] not in self._wrapping:
                self._wrapping.add(message["reservation_id"])
                gevent.spawn(self._finish, message["reservation_id"], time.monotonic())
            case "presence" if message.get("reason") == MISSED:
                self.load.tally.missed += 1
                gevent.spawn_later(self.crew.back_us / 1e6, self._come_back)
            case _:
                return

    def _offer(self, offer: dict[str, Any]) -> None:
        """How long the offer took to come: by its own time stamps, against the server's clock."""
        reservation_id = offer["reservation_id"]
        if reservation_id in self._seen:
            return
        self._seen.add(reservation_id)
        offered_us = offer["deadline_us"] - 1000 * offer["timeout_ms"]
        late_ms = (self.link.clock.at(time.time_ns() // 1000) - offered_us) / 1000
        self.load.tally.sample("offer", late_ms)
        self.load.fire_ms("WS", "offer", max(0.0, late_ms))
        if offer["medium"] != "voice":
            ring_s = self._ring_s()
            gevent.spawn_later(ring_s, self._accept, reservation_id, time.monotonic() + ring_s)

    def _accept(self, reservation_id: str, meant: float) -> None:
        self.link.insist("accept", {"reservation_id": reservation_id}, meant)

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
        gevent.spawn(self._converse, reservation_id, customer, time.monotonic())

    def _converse(self, reservation_id: str, customer: Customer, began: float) -> None:
        if not customer.over.wait(customer.talk_s):
            self.link.insist("hang_up", {"reservation_id": reservation_id}, began + customer.talk_s)

    def _finish(self, reservation_id: str, began: float) -> None:
        customer = self._mine.pop(reservation_id, None)
        wrap_up_s = customer.wrap_up_s if customer is not None else 0.0
        gevent.sleep(max(0.0, began + wrap_up_s - time.monotonic()))
        fields = {"reservation_id": reservation_id, "disposition": "resolved"}
        self.link.insist("finish_wrap_up", fields, began + wrap_up_s)
        self._wrapping.discard(reservation_id)
