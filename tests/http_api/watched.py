"""Supervisors in calls or chats, as the APIs of both see them: what is asked is noted, or refused."""

from typing import Any

from http_api.supervision_api import Refused
from records.roles import Action, Scope
from records.sessions import Caller

AGENT_OF = {"c1": "anna", "c2": "dora"}


class Watched:
    """Live work `c1` is anna's, `c2` is dora's."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.refusal: Refused | None = None

    def covers(self, scope: Scope, interaction_id: str) -> bool:
        return scope.covers_agent(Action.LISTEN, AGENT_OF.get(interaction_id, ""))

    async def listen(self, caller: Caller, *what: object) -> Refused | None:
        self.asked.append(("listen", caller.account, *what))
        return self.refusal

    async def stop(self, caller: Caller, *what: object) -> Refused | None:
        self.asked.append(("stop", caller.account, *what))
        return self.refusal

    async def take_over(self, caller: Caller, *what: object) -> Refused | None:
        self.asked.append(("take_over", caller.account, *what))
        return self.refusal
