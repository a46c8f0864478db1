"""A crew's telephones: each is registered at the node where its agent's page is, and answers nearly every call."""

import asyncio
import random

from sip import events as sip
from tests.e2e.server import PASSWORD
from tests.failure.layout import Layout, phone_of
from tests.failure.line import Line

ANSWER_S = 0.05
IGNORES = 0.005


class Phones:
    """`async with Phones(...)`, then `at` whenever a page goes to another node."""

    def __init__(self, layout: Layout, crew: int, dice: random.Random) -> None:
        self._layout = layout
        self._dice = dice
        self._line = Line(layout.host, layout.phone_ports[crew], self._hear)
        self._agents = {phone_of(agent): agent for agent in layout.crews[crew]}
        self._at: dict[str, str] = {}

    async def __aenter__(self) -> "Phones":
        await self._line.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._line.__aexit__(*error)

    def at(self, agent: str, node: str) -> None:
        """This agent's telephone registers at this node."""
        self._at[phone_of(agent)] = node
        self._line.register(phone_of(agent), PASSWORD, self._layout.sips[node])

    def _hear(self, event: sip.SipEvent) -> None:
        match event:
            case sip.CallReceived(call=call, offer=bytes(offer)) if self._dice.random() > IGNORES:
                asyncio.get_running_loop().call_later(ANSWER_S, self._line.answer, call, offer)
            case sip.CallEnded(call=call):
                self._line.over(call)
            case sip.TrunkChanged(trunk=user, up=False):
                # Its node may be gone: any other does as well.
                asyncio.get_running_loop().call_later(ANSWER_S, self._elsewhere, user)
            case _:
                pass

    def _elsewhere(self, user: str) -> None:
        node = self._dice.choice([name for name in self._layout.sips if name != self._at.get(user)])
        self.at(self._agents[user], node)
