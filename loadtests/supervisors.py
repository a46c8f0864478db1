"""A supervisor who changes rules while the load runs: a queue's priority and an agent's skills, up and down again."""

import itertools
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gevent
from locust import HttpUser, constant, task

from loadtests.site import PASSWORD, SUPERVISOR

if TYPE_CHECKING:
    from loadtests.locustfile import Load


class Supervisor(HttpUser):
    """One supervisor over HTTP."""

    wait_time = constant(0)
    fixed_count = 1
    load: "Load"

    def on_start(self) -> None:
        """Signs in."""
        body = {"account": SUPERVISOR, "password": PASSWORD}
        token = self.client.post("/api/v1/session", json=body).json()["token"]
        self.client.headers["Authorization"] = f"Bearer {token}"
        self._turns = self._changes()
        self._due = time.monotonic()

    @task
    def change(self) -> None:
        """One change, when it is due: measured from then, with the reading that comes before it on the page."""
        every_s = self.load.plan.supervisor_every_s
        if not every_s:
            gevent.sleep(3600)
            return
        self._due += every_s
        gevent.sleep(max(0.0, self._due - time.monotonic()))
        if next(self._turns):
            self.load.tally.changes += 1
        self.load.fire("supervisor", "a change of rules", self._due)

    def _changes(self) -> Iterator[bool]:
        """Queue by queue and agent by agent: each is changed and put back before it is the next one's turn."""
        policy = self.load.plan.scenario.policy
        for queue, agent in zip(
            itertools.cycle(sorted(policy.queues)), itertools.cycle(sorted(policy.agents)), strict=False
        ):
            for more in (1, 0):
                yield self._priority(queue, more)
                yield self._skills(agent, more)

    def _priority(self, queue: str, more: int) -> bool:
        """A point more, and back: too little to come before another queue of the scenarios."""
        rules = self._rules("queues", queue)
        body = {"priority": self.load.plan.scenario.policy.queues[queue].priority + more}
        return self._edit("PATCH", f"/api/v1/queues/{queue}/rules", "/api/v1/queues/[queue]/rules", rules, body)

    def _skills(self, agent: str, more: int) -> bool:
        """An agent is a little better at all that they can, and back."""
        rules = self._rules("agents", agent)
        known = self.load.plan.scenario.policy.agents[agent].skills
        skills = {name: min(10, grade + more) for name, grade in known.items()}
        return self._edit(
            "PUT", f"/api/v1/agents/{agent}/skills", "/api/v1/agents/[agent]/skills", rules, {"skills": skills}
        )

    def _rules(self, kind: str, row: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(
            f"/api/v1/{kind}/{row}/rules", name=f"/api/v1/{kind}/[row]/rules"
        ).json()
        return found

    def _edit(self, method: str, path: str, name: str, rules: dict[str, Any], body: dict[str, Any]) -> bool:
        body |= {"based_on": rules["version"], "comment": "load"}
        with self.client.request(method, path, json=body, name=name, catch_response=True) as answer:
            if answer.status_code not in (200, 204):
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")
                return False
        return True
