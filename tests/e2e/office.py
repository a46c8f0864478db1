"""What a supervisor and an engineer see over HTTP: stories, agents, metrics."""

from collections.abc import Mapping
from typing import Any, Self

import aiohttp

from tests.e2e.server import Server
from tests.e2e.waiting import wait_until

# Open after the last call has gone: what the node needs for itself and for agents who stay signed in, and SIP
# transactions, which RFC 3261 keeps for 32 s.
STANDING = ("tasks", "sockets", "browser_legs", "sip_transactions", "sip_connections")
LAG = "jackfield_journal_lag_entries"


class Office:
    """`async with Office(server)`."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(headers={"Authorization": f"Bearer {self.server.token()}"})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def get(self, path: str) -> Any:
        """One GET below /api/v1 as JSON."""
        async with self._http.get(f"{self.server.base}/api/v1/{path}") as answer:
            answer.raise_for_status()
            return await answer.json()

    async def send(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """One request below /api/v1: the status, and the last word of the problem's type ("" for none)."""
        async with self._http.request(method, f"{self.server.base}/api/v1/{path}", json=body) as answer:
            problem = await answer.json() if answer.status >= 400 else {}
            return answer.status, str(problem.get("type", "")).rpartition(":")[2]

    async def metrics(self) -> dict[str, float]:
        """Every sample by its full name, labels included."""
        async with self._http.get(f"{self.server.base}/metrics") as answer:
            text = await answer.text()
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    async def open_things(self) -> dict[str, int]:
        """jackfield_open by kind."""
        prefix = 'jackfield_open{kind="'
        found = await self.metrics()
        return {name[len(prefix) : -2]: int(n) for name, n in found.items() if name.startswith(prefix)}

    async def sip_event(self, event: str) -> int:
        """How often the SIP side counted this event."""
        return int((await self.metrics()).get(f'jackfield_sip_events_total{{event="{event}"}}', 0))

    async def quiet(self, deadline_s: float = 30) -> dict[str, int]:
        """Waits until only what stands by itself is open, each browser leg is one media leg, and all is recorded."""
        last: dict[str, int] = {}

        async def is_quiet() -> bool:
            last.update(await self.open_things())
            calls_gone = not any(n for kind, n in last.items() if kind not in (*STANDING, "media_legs", "media_ports"))
            legs_gone = last["media_legs"] == last["browser_legs"] and last["media_ports"] == 0
            return calls_gone and legs_gone and (await self.metrics()).get(LAG, 0) == 0

        try:
            await wait_until(is_quiet, deadline_s, "everything closed")
        except AssertionError:
            raise AssertionError(f"still open after {deadline_s} s: {last}") from None
        return last

    async def interactions(self, number: str) -> list[dict[str, Any]]:
        """All interactions of this caller's number, newest first."""
        listed = (await self.get("interactions?limit=100"))["items"]
        views = [await self.get(f"interactions/{each['id']}") for each in listed]
        return [view for view in views if number in [identity["value"] for identity in view["identities"]]]

    async def interaction(self, number: str, state: str | None = "closed", deadline_s: float = 30) -> dict[str, Any]:
        """This caller's newest interaction, once its state is `state` (None: any)."""

        async def find() -> dict[str, Any] | None:
            for view in await self.interactions(number):
                return view if state in (None, view["record"]["state"]) else None
            return None

        found = await wait_until(find, deadline_s, f"interaction of {number} is {state}", every_s=0.1)
        assert found is not None
        return found

    async def story_has(self, number: str, kind: str, deadline_s: float = 30) -> dict[str, Any]:
        """This caller's interaction, once its story has a step of this kind."""

        async def find() -> dict[str, Any] | None:
            for view in await self.interactions(number):
                return view if kind in kinds(view) else None
            return None

        found = await wait_until(find, deadline_s, f"the story of {number} has {kind}", every_s=0.1)
        assert found is not None
        return found

    async def agent(self, agent_id: str) -> dict[str, Any]:
        """One agent as the board shows them."""
        agents: list[dict[str, Any]] = (await self.get("agents"))["agents"]
        return next(each for each in agents if each["agent_id"] == agent_id)


def kinds(view: Mapping[str, Any]) -> list[str]:
    """The kinds of a story's steps, in order."""
    return [step["kind"] for step in view["story"]]


def step(view: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The detail of the story's first step of this kind."""
    found: dict[str, Any] = next(step["detail"] for step in view["story"] if step["kind"] == kind)
    return found
