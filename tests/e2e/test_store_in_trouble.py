"""The store full, read-only, slow: routing pauses and says so, requests are answered, and nothing is lost."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from agents_ws.endpoint import PATH
from agents_ws.messages import SUBPROTOCOL
from server.core.prompt import COMMIT_S
from server.persistence.embedded import running_url
from tests.e2e.agents import crew
from tests.e2e.callers import calling
from tests.e2e.ears import AgentEar, CallerEar, Hearing, come_to_hear, write_voices
from tests.e2e.office import Office
from tests.e2e.server import PASSWORD, Server
from tests.e2e.waiting import wait_until

Trouble = Callable[[Redis, bool], Awaitable[Any]]
AGENT, TALKER = "agent1", "agent4"
ALERT = 'jackfield_alerts_open{kind="store"}'


async def full(store: Redis, on: bool) -> None:
    await store.config_set("maxmemory", "1" if on else "0")


async def read_only(store: Redis, on: bool) -> None:
    await store.replicaof(*(("127.0.0.1", "1") if on else ("NO", "ONE")))


async def slow(store: Redis, on: bool) -> None:
    await (store.client_pause(20_000, all=False) if on else store.client_unpause())


async def without_replicas(store: Redis, on: bool) -> None:
    await store.config_set("min-replicas-to-write", "1" if on else "0")


TROUBLES = {"full": full, "read only": read_only, "slow": slow, "without its replicas": without_replicas}


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Redis]:
    url = running_url(server.data_dir)
    assert url is not None
    store = Redis.from_url(url)
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def signed_in(server: Server, office: Office) -> AsyncIterator[int]:
    """An agent's page that is open; gives since when the agent has the presence that it gets by that."""
    async with aiohttp.ClientSession() as http:
        body = {"account": AGENT, "password": PASSWORD}
        async with http.post(f"{server.base}/api/v1/session", json=body) as answer:
            token = (await answer.json())["token"]
        async with http.ws_connect(server.base + PATH, protocols=[SUBPROTOCOL], origin=server.base) as ws:
            await ws.send_json({"type": "hello", "token": token})

            async def there() -> bool:
                known = await office.agent(AGENT)
                return bool(known["connected"] and known["presence"] == "not_ready")

            await wait_until(there, 30, "the agent is there")
            yield (await office.agent(AGENT))["since"]


@pytest.mark.parametrize("name", TROUBLES)
async def test_what_is_decided_waits_and_holds_once_the_store_can_write(
    running_server: Server, office: Office, name: str
) -> None:
    """A supervisor sets a presence meanwhile: told that it waits, and done afterwards, once."""
    running_server.expected_errors |= {"store_away", "journal_not_rotated"}
    trouble = TROUBLES[name]
    async with signed_in(running_server, office) as before, connected(running_server) as store:
        await trouble(store, True)
        try:
            began = time.monotonic()
            asked = {"presence": "not_ready", "reason": "lunch", "comment": name}
            status, word = await office.send("POST", f"agents/{AGENT}/presence", asked)
            assert (status, word) == (503, "store-away")
            assert time.monotonic() - began < COMMIT_S + 30, "it hangs"
            status, word = await office.send("GET", "queues")
            assert status == 200
            assert "wait for the store" in await _readiness(office)
            assert (await office.metrics())[ALERT] == 1
        finally:
            await trouble(store, False)

        async def done() -> bool:
            known = await office.agent(AGENT)
            assert known["reason"] in (None, "signed_in", "lunch"), known
            return bool(known["since"] > before and (await office.metrics()).get(ALERT, 0) == 0)

        await wait_until(done, 30, "the presence is as it was asked for")
        assert await _readiness(office) == "200"
        status, word = await office.send("POST", f"agents/{AGENT}/presence", {"presence": "offline", "comment": "over"})
        assert (status, word) == (204, "")


async def test_who_talks_talks_on_meanwhile(running_server: Server, office: Office, tmp_path: Path) -> None:
    running_server.expected_errors |= {"store_away", "journal_not_rotated"}
    write_voices(tmp_path)
    async with crew(running_server, tmp_path, TALKER) as agents, connected(running_server) as store:
        agent = agents[TALKER]
        agent.speak()
        async with calling(running_server, tmp_path, "caller") as caller:
            await caller.speak_on("caller.wav")
            offer = await agent.take()
            await agent.joined()
            ears: dict[str, Hearing] = {TALKER: AgentEar(agent), "caller": CallerEar(caller, tmp_path)}
            wanted = {TALKER: {"caller"}, "caller": {TALKER}}
            assert await come_to_hear(ears, wanted) == wanted
            await read_only(store, True)
            try:

                async def paused() -> bool:
                    return "wait for the store" in await _readiness(office)

                await wait_until(paused, 30, "it is noticed")
                assert await come_to_hear(ears, wanted) == wanted
                assert not caller.ended.is_set()
                assert await paused()
            finally:
                await read_only(store, False)
        await agent.finish(offer.reservation_id)


async def test_a_store_that_was_emptied_is_put_back_while_everybody_goes_on(
    running_server: Server, office: Office
) -> None:
    """Rows, journal, lease, node register and functions: all are gone, and there again."""
    running_server.expected_errors |= {"store_went_back", "journal_not_rotated", "projection_failed", "store_away"}
    async with signed_in(running_server, office) as before, connected(running_server) as store:
        keys = await _keys(store)
        await store.flushall()
        await store.function_flush()
        asked = {"presence": "not_ready", "reason": "lunch", "comment": "emptied"}
        assert await office.send("POST", f"agents/{AGENT}/presence", asked) == (204, "")
        known = await office.agent(AGENT)
        assert (known["connected"], known["presence"], known["reason"]) == (True, "not_ready", "lunch")
        assert known["since"] > before

        async def back() -> bool:
            return keys <= await _keys(store)

        await wait_until(back, 30, "all keys are there again")
        assert await _readiness(office) == "200"
    assert [line for line in running_server.log() if line["event"] == "store_went_back"]


async def _keys(store: Redis) -> set[str]:
    """Those that are always there."""
    found = {key.decode() if isinstance(key, bytes) else key for key in await store.keys("jf:{*")}
    return {key for key in found if not key.endswith((":inbox", ":reservations"))}


async def _readiness(office: Office) -> str:
    async with office._http.get(f"{office.server.base}/readyz") as answer:
        return "200" if answer.status == 200 else await answer.text()
