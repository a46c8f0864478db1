"""`python -m tools.call`: dials in, presses digits, speaks with an agent, and prints the interaction's story."""

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

import config
from agents_ws import messages as m
from config.settings import Settings, add_arguments, read_settings
from records.drafts import Step
from records.story import render
from tools.call.agent import RefusedError, ScriptedAgent, any_certificate
from tools.call.caller import Caller, CallFailedError

VOICES = Path(__file__).parent
DIGITS = "2"
MENU_DELAY_S = 2.0
HUMAN_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What this call does."""

    settings: Settings
    password: str
    supervisor: str
    agent: str
    digits: str

    @property
    def base(self) -> str:
        """The HTTP API's address."""
        return self.settings.base_url

    @property
    def target(self) -> str:
        """What is dialled."""
        return f"sip:4000@{self.settings.advertise}:{self.settings.sip_port}"


class Desk:
    """A supervisor's view over HTTP: who is signed in, and the story in the end."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._http = aiohttp.ClientSession(connector=any_certificate())

    async def __aenter__(self) -> "Desk":
        body = {"account": self._plan.supervisor, "password": self._plan.password}
        async with self._http.post(f"{self._plan.base}/api/v1/session", json=body) as answer:
            if answer.status >= 400:
                raise RefusedError(f"{self._plan.supervisor} cannot sign in: {await answer.text()}")
            self._token = (await answer.json())["token"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def get(self, path: str) -> Any:
        """One GET as JSON."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._http.get(f"{self._plan.base}/api/v1/{path}", headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def ready_agents(self) -> list[str]:
        """Agents who would be offered the call."""
        found = await self.get("agents")
        return [a["agent_id"] for a in found["agents"] if a["presence"] == "ready" and a["connected"]]

    async def interaction_of(self, number: str, until: str, timeout_s: float) -> dict[str, Any]:
        """This caller's interaction, once its state is `until`."""
        async with asyncio.timeout(timeout_s):
            while True:
                for each in (await self.get("interactions?limit=5"))["items"]:
                    view: dict[str, Any] = await self.get(f"interactions/{each['id']}")
                    known = [identity["value"] for identity in view["identities"]]
                    if number in known and view["record"]["state"] == until:
                        return view
                await asyncio.sleep(0.2)


async def call(plan: Plan) -> int:
    """The whole call."""
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(Desk(plan))
        ready = await desk.ready_agents()
        scripted = None
        if ready:
            print(f"agents who are ready: {', '.join(ready)}; the call is for them, please answer")
        else:
            print(f"nobody is signed in and ready: a scripted agent signs in as {plan.agent}")
            agent = ScriptedAgent(plan.base, plan.agent, plan.password, VOICES / "voices" / "agent.wav")
            scripted = await stack.enter_async_context(agent)
        number = f"demo-{secrets.token_hex(4)}"
        caller = await stack.enter_async_context(Caller(number, VOICES))
        print(f"dialling {plan.target} as {number}")
        await caller.dial(plan.target)
        await asyncio.sleep(MENU_DELAY_S)
        print(f"pressing {plan.digits}")
        await caller.press(plan.digits)
        if scripted is not None:
            await _talk(scripted, caller)
        else:
            await _talk_to_a_person(caller)
        view = await desk.interaction_of(number, "closed", HUMAN_LIMIT_S)
        _print_story(view)
        if scripted is not None:
            await scripted.sign_out()
    return 0


async def _talk(agent: ScriptedAgent, caller: Caller) -> None:
    offer: m.Offer = await agent.until(m.Offer)
    print(f"{agent.account} was offered the call and accepts")
    await agent.ask(m.Accept(ref=agent.ref(), reservation_id=offer.reservation_id))
    agent.speak()
    await caller.say("voices/caller.wav")
    print("the caller hangs up")
    caller.hang_up()
    await agent.until(m.WrapUp)
    done = m.FinishWrapUp(
        ref=agent.ref(), reservation_id=offer.reservation_id, disposition="resolved", note="Told when it arrives."
    )
    await agent.ask(done)


async def _talk_to_a_person(caller: Caller) -> None:
    await caller.say("voices/caller.wav")
    print(f"on the line until the agent hangs up, {HUMAN_LIMIT_S:.0f} s at most")
    try:
        async with asyncio.timeout(HUMAN_LIMIT_S):
            await caller.ended.wait()
    except TimeoutError:
        caller.hang_up()
    print("the story is complete when the agent finishes wrap-up")


def _print_story(view: Mapping[str, Any]) -> None:
    record = view["record"]
    steps = [
        Step(record["id"], number, 0, step["at"], step["kind"], step["detail"])
        for number, step in enumerate(view["story"])
    ]
    print(f"\ninteraction {record['id']} on {record['channel']}: {record['outcome']}")
    print("\n".join(render(steps)))
    for note in view["notes"]:
        print(f"note of {note['agent_id']}: {note['text']}")


def main() -> int:
    """Arguments as for the server: the same flags and variables find it."""
    parser = argparse.ArgumentParser(prog="python -m tools.call", description=__doc__)
    parser.add_argument("--digits", default=DIGITS, help=f"what the caller presses (default {DIGITS})")
    parser.add_argument("--agent", default="agent2", help="whom the scripted agent signs in as (default agent2)")
    parser.add_argument("--supervisor", default="supervisor1", help="the account that reads the story")
    add_arguments(parser)
    arguments = parser.parse_args()
    settings = read_settings(arguments, os.environ)
    password = config.load(settings.site).demo_password
    plan = Plan(settings, password, arguments.supervisor, arguments.agent, arguments.digits)
    try:
        return asyncio.run(call(plan))
    except (CallFailedError, RefusedError, aiohttp.ClientConnectionError) as error:
        print(f"the call came to nothing: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
