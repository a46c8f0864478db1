"""A supervisor who changes rules while the load runs: a queue's priority, up and down again."""

import itertools
from typing import TYPE_CHECKING

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
        self._queues = itertools.cycle(sorted(self.load.plan.scenario.policy.queues))
        self._priorities = itertools.cycle((3, 0))

    @task
    def change(self) -> None:
        """Reads what holds and sets a priority, as the page does."""
        gevent.sleep(self.load.plan.supervisor_every_s or 3600)
        queue = next(self._queues)
        path, name = f"/api/v1/queues/{queue}/rules", "/api/v1/queues/[queue]/rules"
        rules = self.client.get(path, name=name).json()
        body = {"priority": next(self._priorities), "based_on": rules["version"], "comment": "load"}
        with self.client.patch(path, json=body, name=name, catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")
        self.load.tally.changes += 1
