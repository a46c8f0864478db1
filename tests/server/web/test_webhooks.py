"""Deliveries: signed, tried again with growing pauses, given up after an hour."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import insert

from config.webhooks import Hook
from records.database import Database
from records.tables import webhook_deliveries
from records.webhooks import Deliveries, Delivery
from server.web.webhooks import AT_ONCE, GIVE_UP_US, WebhookSender, pause_us, signature
from tests.waiting import until

START = 1_700_000_000_000_000


class Receiver:
    """Answers what a test says, in turn; the last for good."""

    def __init__(self) -> None:
        self.answers = [200]
        self.hung = 0
        self.gate = asyncio.Event()
        self.heard: list[tuple[str, bytes, str, str]] = []

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        head = request.headers
        self.heard.append(
            (head["X-Jackfield-Delivery"], body, head["X-Jackfield-Timestamp"], head["X-Jackfield-Signature"])
        )
        return web.Response(status=self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    async def hang(self, _request: web.Request) -> web.Response:
        self.hung += 1
        await self.gate.wait()
        return web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    made, app = Receiver(), web.Application()
    app.router.add_post("/", made.handle)
    app.router.add_post("/slow", made.hang)
    async with TestServer(app) as server:
        yield made, str(server.make_url("/"))


class Sending:
    def __init__(self, database: Database, url: str) -> None:
        self.now = START
        self.database = database
        self.deliveries = Deliveries(database)
        hooks = {
            "crm": Hook("crm", url, frozenset(), "X"),
            "slow": Hook("slow", f"{url}slow", frozenset(), "X"),
            "dead": Hook("dead", "http://127.0.0.1:9/", frozenset(), "X"),
        }
        self.sender = WebhookSender(self.deliveries, hooks, dict.fromkeys(hooks, "secret"), lambda: self.now)

    async def keep(self, name: str, hook: str = "crm") -> None:
        row = {
            "id": name,
            "hook": hook,
            "kind": "work.queued",
            "body": '{"a":1}',
            "created_at": START,
            "due_at": START,
            "attempts": 0,
            "state": "waiting",
        }
        async with self.database.write() as connection:
            await connection.execute(insert(webhook_deliveries), row)

    async def log(self, name: str) -> Delivery:
        return next(each for each in await self.deliveries.page(99) if each.id == name)

    async def run_until_quiet(self) -> None:
        task = asyncio.create_task(self.sender.run())
        while await self.deliveries.due(self.now, 1):
            await asyncio.sleep(0.005)
        self.sender.close()
        await asyncio.wait_for(task, 30)
        self.sender._closed = False


def test_pauses_grow_to_ten_minutes() -> None:
    assert [pause_us(attempts) // 1_000_000 for attempts in (1, 2, 3, 10, 11, 60)] == [1, 2, 4, 512, 600, 600]


async def test_signed_and_logged(database: Database, receiver: tuple[Receiver, str]) -> None:
    told, url = receiver
    sending = Sending(database, url)
    await sending.keep("d1")
    await sending.run_until_quiet()
    ((name, body, stamp, signed),) = told.heard
    assert (name, body, stamp) == ("d1", b'{"a":1}', str(START // 1_000_000))
    assert signed == signature(b"secret", stamp, body) != signature(b"other", stamp, body)
    done = await sending.log("d1")
    assert (done.state, done.status, done.attempts, done.finished_at) == ("delivered", 200, 1, START)


async def test_tried_again_and_given_up(database: Database, receiver: tuple[Receiver, str]) -> None:
    told, url = receiver
    told.answers = [500]
    sending = Sending(database, url)
    await sending.keep("d1")
    for _ in range(60):
        await sending.run_until_quiet()
        found = await sending.log("d1")
        if found.state != "waiting":
            break
        sending.now = found.due_at
    assert (found.state, found.status, found.error) == ("failed", 500, "answered 500")
    assert START + GIVE_UP_US - 600_000_000 < sending.now <= START + GIVE_UP_US
    assert found.attempts == len(told.heard) > 10


async def test_one_that_is_away_does_not_hold_up_the_others(database: Database, receiver: tuple[Receiver, str]) -> None:
    told, url = receiver
    sending = Sending(database, url)
    for name, hook in (("d1", "dead"), ("d2", "crm"), ("d3", "gone")):
        await sending.keep(name, hook)
    await sending.run_until_quiet()
    assert [each[0] for each in told.heard] == ["d2"]
    away, gone = await sending.log("d1"), await sending.log("d3")
    assert (away.state, away.attempts, away.status) == ("waiting", 1, None)
    assert away.error is not None
    assert (gone.state, gone.error) == ("failed", "the hook is gone")


async def test_one_that_does_not_answer_does_not_hold_up_the_others(
    database: Database, receiver: tuple[Receiver, str]
) -> None:
    told, url = receiver
    sending = Sending(database, url)
    for number in range(AT_ONCE + 3):
        await sending.keep(f"a{number}", "slow")
    task = asyncio.create_task(sending.sender.run())
    try:
        await until(lambda: told.hung == 1, "the slow one is asked")
        for number in (1, 2):
            await sending.keep(f"d{number}")
            sending.sender.wake()
            await until(lambda: len(told.heard) == number, "the other one is told")  # noqa: B023
    finally:
        told.gate.set()
        sending.sender.close()
        await asyncio.wait_for(task, 30)
    assert told.hung == 1, "after its end nothing is begun"


async def test_it_wakes_for_what_is_new(database: Database, receiver: tuple[Receiver, str]) -> None:
    told, url = receiver
    sending = Sending(database, url)
    task = asyncio.create_task(sending.sender.run())
    await sending.keep("d1")
    sending.sender.wake()
    await until(lambda: len(told.heard) == 1, "told at once")
    sending.sender.close()
    await asyncio.wait_for(task, 30)
